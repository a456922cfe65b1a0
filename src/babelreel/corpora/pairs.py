"""Parallel text as a corpus: a line is an item without media, its columns are captions that translate each other.

    en<TAB>cs
    A dog jumps into the water.<TAB>Pes skáče do vody.

TSV, CSV with quotes, or JSON lines ({"en": ..., "cs": ...}); plain or gzipped. The first line names the languages, or
the caller does. An empty field is a translation that is missing. An item's id is its line.

Splits are drawn from what the first column says, so that the same sentence never stands in two of them: "val" chooses
checkpoints, "test" measures, each a twentieth of the sentences and at most `HELD_OUT`; the rest is "train".
"""

from __future__ import annotations

import csv
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from babelreel.corpora.annotations import Annotations
from babelreel.errors import CorpusError
from babelreel.language import is_code
from babelreel.types import Caption, Corpus, MediaItem

TABLES = (".tsv", ".csv")
GROUP = "pair"
HELD_OUT = 500
SHARE = 20
MOST_ERRORS = 20

Row = tuple[int, dict[str, str]]  # the line's number, and its texts by language


def is_pairs(path: Path) -> bool:
    """Whether a file is parallel text: by its name, or JSON lines whose first has languages for keys."""
    name = path.name.removesuffix(".gz")
    if name.endswith(TABLES):
        return True
    if not name.endswith(".jsonl") or not path.is_file():
        return False
    first = next(_json_lines(Annotations(path.parent, path.name)), None)
    return first is not None and isinstance(first[1], dict) and all(map(is_code, first[1])) and len(first[1]) > 1


def read_pairs(path: str | Path, langs: Sequence[str] = ()) -> Corpus:
    """Read parallel text into a corpus named after the file; `langs` are the columns where the file does not say.

    Raises:
        CorpusError: when the file is missing, damaged, no UTF-8, does not name its languages, or has wrong lines; up to
            20 are listed.
    """
    path = Path(path)
    if not path.is_file():
        raise CorpusError(f"There is no file {path}. Give parallel text as TSV, CSV or JSON lines.")
    file = Annotations(path.parent, path.name)
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    rows = _objects(file) if kind == "jsonl" else _table(file, kind == "csv", tuple(langs))
    if not rows:
        raise CorpusError(f"{path} holds no lines of text. Write a header such as en<TAB>cs, and a pair a line.")
    items = tuple(MediaItem(str(line), "", "text", captions=_captions(texts)) for line, texts in rows)
    return with_splits(Corpus(path.name.removesuffix(".gz").rpartition(".")[0], path.parent, items))


def as_text(corpus: Corpus) -> Corpus:
    """A corpus's captions without its media, splits as they are."""
    items = tuple(MediaItem(i.id, "", "text", split=i.split, captions=i.captions, tags=i.tags) for i in corpus.items)
    return Corpus(corpus.name, corpus.media_root, items)


def with_splits(corpus: Corpus) -> Corpus:
    """The corpus in the parts train, val and test, by a hash of each item's first caption: no other item has a say in
    it but by how many there are."""
    firsts = [item.captions[0].text if item.captions else "" for item in corpus.items]
    marks = {text: zlib.crc32(text.encode()) for text in firsts}
    order = sorted(marks, key=lambda text: (marks[text], text))
    held = min(HELD_OUT, max(2, len(order) // SHARE))
    named = dict.fromkeys(order[:held], "val") | dict.fromkeys(order[held : 2 * held], "test")
    items = tuple(replace(i, split=named.get(text, "train")) for i, text in zip(corpus.items, firsts, strict=True))
    return replace(corpus, items=items)


def _captions(texts: dict[str, str]) -> tuple[Caption, ...]:
    return tuple(Caption(text.strip(), lang, group=GROUP) for lang, text in texts.items() if text.strip())


def _table(file: Annotations, quoted: bool, langs: tuple[str, ...]) -> list[Row]:
    text = file.text(file.name)
    lines = _quoted(text) if quoted else _tabbed(text)
    first = next(lines, None)
    if first is None:
        return []
    header = tuple(cell.strip() for cell in first[1])
    if all(map(is_code, header)) and len(set(header)) == len(header) > 1 and (not langs or set(langs) & set(header)):
        langs, rows = header, lines
    elif langs and len(langs) > 1:
        rows = (row for part in ([first], lines) for row in part)
    else:
        raise CorpusError(
            f"{file.root / file.name} does not say which language stands in which column: its first line is "
            f"{' | '.join(header)[:100]!r}. Write the languages' codes into the first line, such as en<TAB>cs."
        )
    return _fitting(file, langs, list(rows))


def _fitting(file: Annotations, langs: tuple[str, ...], rows: list[tuple[int, list[str]]]) -> list[Row]:
    wrong = [f"line {line}: {len(cells)} fields, not {len(langs)}" for line, cells in rows if len(cells) != len(langs)]
    _refuse(file, wrong, f"A line has the columns {', '.join(langs)}, with a tab, or in CSV a comma, between them.")
    return [(line, dict(zip(langs, cells, strict=True))) for line, cells in rows]


def _tabbed(text: str) -> Iterator[tuple[int, list[str]]]:
    """Only a newline ends a line: sentences may hold U+2028."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip(" \r"):
            yield number, line.rstrip("\r").split("\t")


def _quoted(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    for row in reader:
        if row:
            yield reader.line_num, row


def _objects(file: Annotations) -> list[Row]:
    rows: list[Row] = []
    wrong: list[str] = []
    for line, value in _json_lines(file):
        if not isinstance(value, dict) or not value or not all(map(is_code, value)):
            wrong.append(f"line {line}: not an object of texts by language")
        elif not all(isinstance(text, str) for text in value.values()):
            wrong.append(f"line {line}: a text is no string")
        else:
            rows.append((line, value))
    _refuse(file, wrong, 'Write one object a line, such as {"en": "a dog", "cs": "pes"}.')
    return rows


def _json_lines(file: Annotations) -> Iterator[tuple[int, object]]:
    """Each line's value; None, which is no object, where it is not JSON."""
    for number, line in file.lines(file.name):
        try:
            yield number, json.loads(line)
        except json.JSONDecodeError:
            yield number, None


def _refuse(file: Annotations, wrong: list[str], advice: str) -> None:
    if wrong:
        shown = "\n  ".join(wrong[:MOST_ERRORS])
        more = f"\n  and {len(wrong) - MOST_ERRORS} more" if len(wrong) > MOST_ERRORS else ""
        raise CorpusError(f"{file.root / file.name} has {len(wrong)} wrong line(s):\n  {shown}{more}\n{advice}")
