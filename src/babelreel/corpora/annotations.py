"""The folder of a standard corpus: its official annotation files, plain or gzipped, and its media files by their names.

A reader declares items, adds captions to them, and asks for the corpus. What is odd in a file but harmless (an empty
caption, a caption of an item that no split lists, an item in two splits) is noted in `notes`, never dropped in
silence; what cannot be understood raises a CorpusError with file and line.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import pickle
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babelreel.corpora.parsing import PlainUnpickler, json_entries, media_below
from babelreel.errors import CorpusError
from babelreel.types import Caption, Corpus, Kind, MediaItem


@dataclass(slots=True)
class _Draft:
    path: str
    kind: Kind
    split: str
    start: float | None
    end: float | None
    tags: dict[str, str]
    captions: list[Caption] = field(default_factory=list)


class Annotations:
    """The annotation and media files below `root`, and the items that a reader has made of them so far."""

    def __init__(self, root: str | Path, name: str) -> None:
        self.root, self.name = Path(root), name
        self.notes: list[str] = []
        self.kinds: dict[str, list[str]] = {}  # of the notes, those that say of what kind they are
        self.reading = ""  # the annotation file that was opened last
        self._drafts: dict[str, _Draft] = {}
        self._media: dict[str, list[str]] | None = None
        self._named_twice: set[str] = set()

    # --- files

    def find(self, file: str) -> Path | None:
        """Where an annotation file lies, as it is or gzipped; of "a or b" the first that is there."""
        for one in file.split(" or "):
            for path in (self.root / one, self.root / f"{one}.gz"):
                if path.is_file():
                    return path
        return None

    def has(self, file: str) -> bool:
        """Whether the annotation file is there."""
        return self.find(file) is not None

    def data(self, file: str) -> bytes:
        """A file's bytes, unpacked.

        Raises:
            CorpusError: when it is missing, or cannot be read.
        """
        path = self._open(file)
        try:
            raw = path.read_bytes()
            return gzip.decompress(raw) if path.suffix == ".gz" else raw
        except (OSError, EOFError, zlib.error) as error:
            raise CorpusError(f"{path} is damaged ({error}). Fetch it again.") from error

    def _open(self, file: str) -> Path:
        path = self.find(file)
        if path is None:
            raise CorpusError(f"{self.name} needs {file} below {self.root}, and it is not there. Put it there.")
        self.reading = file
        return path

    def text(self, file: str) -> str:
        """A file's text, which must be UTF-8.

        Raises:
            CorpusError: when it is missing, damaged, or in another encoding; the first wrong line is named.
        """
        raw = self.data(file)
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            found = f"is not UTF-8 text (the byte 0x{raw[error.start]:02x})"
            raise self.wrong(file, line, found, "Save it as UTF-8, or fetch it again.") from error

    def lines(self, file: str) -> Iterator[tuple[int, str]]:
        """The lines with something on them, with their numbers. Only a newline ends a line: captions hold U+2028."""
        for number, line in enumerate(self.text(file).split("\n"), start=1):
            line = line.strip(" \t\r")
            if line:
                yield number, line

    def rows(self, file: str) -> list[str]:
        """All lines, empty ones too, so that line i of one file belongs to line i of another."""
        lines = self.text(file).split("\n")
        if not lines[-1].strip():
            lines.pop()
        return [line.strip() for line in lines]

    def json(self, file: str, kind: type = list) -> Any:
        """A JSON file, whose outermost value must be a list or an object.

        Raises:
            CorpusError: when it is missing, not JSON, or something else.
        """
        try:
            value = json.loads(self.text(file))
        except json.JSONDecodeError as error:
            raise self.wrong(file, error.lineno, f"is not JSON ({error.msg})", "Fetch it again.") from error
        if not isinstance(value, kind):
            found = f"holds a {type(value).__name__}, not a {kind.__name__}"
            raise self.wrong(file, 1, found, f"Give the official file of {self.name}.")
        return value

    def json_items(self, file: str) -> Iterator[tuple[str, Any]]:
        """The entries of a JSON object one after the other, for files that are larger than memory.

        Raises:
            CorpusError: when it is missing, or not a JSON object.
        """
        path = self._open(file)
        try:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
                yield from json_entries(io.TextIOWrapper(stream, encoding="utf-8-sig"))
        except (ValueError, OSError, EOFError, zlib.error) as error:
            raise CorpusError(f"{path} is not a JSON object, or is damaged ({error}). Fetch it again.") from error

    def jsonl(self, file: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """The objects of a JSON-lines file with their line numbers.

        Raises:
            CorpusError: when the file is missing, or a line is not a JSON object.
        """
        for number, line in self.lines(file):
            try:
                value = json.loads(line)
            except json.JSONDecodeError as error:
                raise self.wrong(file, number, f"is not JSON ({error.msg})", "Fetch it again.") from error
            if not isinstance(value, dict):
                raise self.wrong(file, number, f"holds a {type(value).__name__}, not an object", "Fetch it again.")
            yield number, value

    def table(self, file: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
        """The rows of a CSV file with a header, as {column: value}, with their line numbers.

        Raises:
            CorpusError: when the file is missing, lacks one of `columns`, or a row is short.
        """
        reader = csv.reader(io.StringIO(self.text(file), newline=""))
        header = next(reader, [])
        lacking = [column for column in columns if column not in header]
        if lacking:
            found = f"has the columns {', '.join(header) or '(none)'} and lacks {', '.join(lacking)}"
            raise self.wrong(file, 1, found, f"Give the official file of {self.name}.")
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                found = f"has {len(row)} fields where the header has {len(header)}"
                raise self.wrong(file, reader.line_num, found, "Mend the line, or fetch the file again.")
            yield reader.line_num, dict(zip(header, row, strict=True))

    def pickle(self, file: str) -> Any:
        """A pickle of plain lists, dicts and strings; anything that could run code is refused.

        Raises:
            CorpusError: when the file is missing, no pickle, or names a class or function.
        """
        try:
            return PlainUnpickler(io.BytesIO(self.data(file)), encoding="utf-8").load()
        except (pickle.UnpicklingError, EOFError, ValueError, IndexError, KeyError) as error:
            raise CorpusError(
                f"{self.root / file} is not a pickle of plain captions ({error}). Fetch it again."
            ) from error

    def wrong(self, file: str, line: int | None, found: str, do: str) -> CorpusError:
        """The error about a file: where, what was found, what to do."""
        at = "" if line is None else f", line {line},"
        return CorpusError(f"{self.find(file) or self.root / file}{at} {found}. {do}")

    def values(self, record: Any, keys: Sequence[str], file: str, number: int) -> list[Any]:
        """The values of an entry's keys; `number` is the entry's place, from 1.

        Raises:
            CorpusError: when the entry is not an object or lacks a key.
        """
        try:
            return [record[key] for key in keys]
        except (KeyError, TypeError) as error:
            found = ", ".join(record) if isinstance(record, dict) else repr(record)[:60]
            raise CorpusError(
                f"{self.find(file)}, entry {number}, must have {', '.join(keys)}; found {found}. "
                f"Give the official file of {self.name}."
            ) from error

    # --- media

    def media(self, *stems: str, default: str) -> str:
        """The media file of a name without its extension, relative to the root; `default`, if there is none.

        Several names are tried in their order. Only files with a media extension count, wherever they lie below the
        root; where two share the name, the first in order of path is taken, and noted.
        """
        if self._media is None:
            self._media = media_below(self.root)
        for stem in stems:
            paths = self._media.get(stem)
            if paths:
                if len(paths) > 1 and stem not in self._named_twice:
                    self._named_twice.add(stem)
                    self.notes.append(f"{len(paths)} files are named {stem}: {', '.join(paths[:3])}; the first is read")
                return paths[0]
        return default

    # --- items and captions

    def item(
        self, id: str, split: str, path: str, kind: Kind = "video", span: tuple[float, float] | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Declare an item. One that is there already stays as it is; another split is noted.

        Declare the test part first: an item that is in two parts then counts as test, and no training sees it.
        """
        known = self._drafts.get(id)
        if known is None:
            start, end = span if span is not None else (None, None)
            self._drafts[id] = _Draft(path, kind, split, start, end, tags or {})
        elif known.split != split:
            self._note("overlapping splits", f"{id} is in {known.split} and in {split}; it is left in {known.split}")

    def count(self, id: str) -> int:
        """How many captions the item has in the language of its first one."""
        captions = self._drafts[id].captions
        return sum(caption.lang == captions[0].lang for caption in captions)

    def caption(
        self, id: str, text: Any, lang: str, file: str, line: int, origin: str = "human", group: str = ""
    ) -> None:  # fmt: skip
        """Add a caption to an item; an empty one, and one of an item that no split lists, are noted and left out."""
        draft = self._drafts.get(id)
        if draft is None:
            self._note("unlisted item", f"{file}, {line}: the caption of {id}, which no split lists, is left out")
        elif not isinstance(text, str) or not (text := text.strip()):
            self._note("empty caption", f"{file}, {line}: the caption of {id} in {lang} is empty and left out")
        else:
            draft.captions.append(Caption(text, lang, origin, group))

    def _note(self, kind: str, text: str) -> None:
        self.notes.append(text)
        self.kinds.setdefault(kind, []).append(text)

    def corpus(self) -> Corpus:
        """All items in the order in which they were declared.

        Raises:
            CorpusError: when one of them cannot be, such as one whose id is a number.
        """
        try:
            items = tuple(
                MediaItem(id, d.path, d.kind, d.start, d.end, d.split, tuple(d.captions), d.tags)
                for id, d in self._drafts.items()
            )
        except CorpusError as error:
            raise CorpusError(f"{self.name}, read below {self.root}, has a wrong item. {error}") from error
        return Corpus(self.name, self.root, items)
