"""Corpus to manifest and back without loss: JSON lines, one item a line, easy to write by hand.

    {"id": "a1", "path": "clips/a.mp4", "kind": "video", "start": 2.0, "end": 7.5, "split": "test",
     "captions": [{"text": "Ein Hund springt ins Wasser.", "lang": "de", "origin": "human"}]}

Only `path` must be there: `id` defaults to the path, `kind` to what the file's extension says. Paths are relative to
the media root, which defaults to the manifest's folder. Parallel text has the kind "text", an `id`, and no path. Every
mistake of a file is reported at once, by line.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babelreel.atomic import atomic_path
from babelreel.errors import CorpusError
from babelreel.media.files import IMAGE_EXTENSIONS
from babelreel.types import Caption, Corpus, MediaItem

ITEM_FIELDS = ("id", "path", "kind", "start", "end", "split", "captions", "tags")
CAPTION_FIELDS = ("text", "lang", "origin", "group", "made")
MOST_ERRORS = 20


def read_manifest(path: str | Path, media_root: str | Path | None = None) -> Corpus:
    """Read a manifest into a corpus named after the file.

    Raises:
        CorpusError: when the file is missing, empty, or has mistakes; up to 20 are listed with their lines.
    """
    path = Path(path)
    items: list[MediaItem] = []
    errors: list[str] = []
    first_line: dict[str, int] = {}
    for number, line in _lines(path):
        try:
            item = _item(json.loads(line))
        except json.JSONDecodeError as error:
            errors.append(f"line {number}: not valid JSON ({error.msg} at column {error.colno})")
            continue
        except CorpusError as error:
            errors.append(f"line {number}: {error}")
            continue
        if item.id in first_line:
            errors.append(f"line {number}: the id {item.id!r} was already used in line {first_line[item.id]}")
            continue
        first_line[item.id] = number
        items.append(item)
    if errors:
        shown = "\n  ".join(errors[:MOST_ERRORS])
        more = f"\n  and {len(errors) - MOST_ERRORS} more" if len(errors) > MOST_ERRORS else ""
        raise CorpusError(f"The manifest {path} has {len(errors)} mistake(s):\n  {shown}{more}")
    if not items:
        raise CorpusError(f"The manifest {path} holds no items. Write one JSON object a line, see `babelreel data`.")
    return Corpus(path.stem, Path(media_root) if media_root is not None else path.parent, tuple(items))


def write_manifest(corpus: Corpus, path: str | Path) -> None:
    """Write the corpus as a manifest, whole or not at all; defaults are left out so that lines stay short."""
    with atomic_path(Path(path)) as temporary, temporary.open("w", encoding="utf-8") as file:
        for item in corpus.items:
            file.write(json.dumps(_record(item), ensure_ascii=False) + "\n")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise CorpusError(f"Cannot read the manifest {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise CorpusError(f"The manifest {path} is not UTF-8 text ({error.reason}). Save it as UTF-8.") from error


def _item(record: Any) -> MediaItem:
    if not isinstance(record, dict):
        raise CorpusError(f'expected an object such as {{"path": ...}}, found {type(record).__name__}')
    _refuse_unknown(record, ITEM_FIELDS, "an item")
    if "path" not in record and record.get("kind") != "text":
        raise CorpusError("the field 'path' is missing")
    path = record.get("path", "")
    suffix = Path(path).suffix.lower() if isinstance(path, str) else ""
    captions = record.get("captions", [])
    tags = record.get("tags", {})
    if not isinstance(captions, list):
        raise CorpusError(f"'captions' must be a list, found {type(captions).__name__}")
    if not isinstance(tags, dict) or not all(isinstance(v, str) for v in tags.values()):
        raise CorpusError(f"'tags' must be an object of strings, found {tags!r}")
    if not isinstance(record.get("split", ""), str):
        raise CorpusError(f"'split' must be a string, found {record['split']!r}")
    return MediaItem(
        id=record.get("id", path),  # type: ignore[arg-type]
        path=path,
        kind=record.get("kind", "image" if suffix in IMAGE_EXTENSIONS else "video"),
        start=record.get("start"),
        end=record.get("end"),
        split=record.get("split", ""),
        captions=tuple(_caption(c) for c in captions),
        tags=tags,
    )


def _caption(record: Any) -> Caption:
    if not isinstance(record, dict):
        raise CorpusError(f"a caption must be an object with 'text' and 'lang', found {record!r}")
    _refuse_unknown(record, CAPTION_FIELDS, "a caption")
    missing = [name for name in ("text", "lang") if name not in record]
    if missing:
        raise CorpusError(f"a caption lacks {' and '.join(map(repr, missing))}: {record!r}")
    return Caption(**record)


def _refuse_unknown(record: dict[str, Any], known: tuple[str, ...], what: str) -> None:
    for name in record:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
            raise CorpusError(f"{what} has no field {name!r}{hint}")


def _record(item: MediaItem) -> dict[str, Any]:
    record: dict[str, Any] = {"id": item.id} | ({"path": item.path} if item.path else {}) | {"kind": item.kind}
    for name in ("start", "end"):
        if getattr(item, name) is not None:
            record[name] = getattr(item, name)
    if item.split:
        record["split"] = item.split
    record["captions"] = [
        {"text": c.text, "lang": c.lang, "origin": c.origin}
        | ({"group": c.group} if c.group else {})
        | ({"made": dict(c.made)} if c.made else {})
        for c in item.captions
    ]
    if item.tags:
        record["tags"] = dict(item.tags)
    return record
