"""Small official files for the tests of readers: put them below a root, read them as `open_corpus` would."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.check import statistics
from babelreel.corpora.registry import CORPORA, read_named
from babelreel.types import Corpus, MediaItem


def put(root: Path, files: dict[str, Any]) -> Path:
    """Write {name: content}: text and bytes as they are, a list of lines, everything else as JSON; `.gz` is packed."""
    for name, content in files.items():
        if isinstance(content, tuple):
            content = "".join(f"{line}\n" for line in content)
        if not isinstance(content, str | bytes):
            content = json.dumps(content, ensure_ascii=False)
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return root


def read(name: str, root: Path) -> tuple[Corpus, list[str]]:
    """The corpus, and what its reader noted."""
    folder = Annotations(root, name)
    return read_named(folder), folder.notes


def item(corpus: Corpus, id: str) -> MediaItem:
    """The item of that id."""
    return next(i for i in corpus.items if i.id == id)


def texts(corpus: Corpus, id: str, lang: str = "en") -> list[str]:
    """An item's captions in a language."""
    return [c.text for c in item(corpus, id).captions if c.lang == lang]


def counted(corpus: Corpus) -> dict[tuple[str, str], tuple[int, int]]:
    """Items and captions by split and language, as the registry publishes them."""
    return {(row.split, row.lang): (row.items, row.captions) for row in statistics(corpus)}


def as_published(name: str, corpus: Corpus, splits: Iterable[str]) -> None:
    """Fail unless these splits have the published number of items and captions in every published language."""
    here = counted(corpus)
    published = {key: n for key, n in CORPORA[name].published.items() if key[0] in set(splits)}
    assert published
    for key, numbers in published.items():
        for wanted, found in zip(numbers, here.get(key, (0, 0)), strict=True):
            assert wanted is None or wanted == found, f"{name} {key}: {here.get(key)}, published {numbers}"
