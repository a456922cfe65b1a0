"""Corpora by name: what there is, and how one is opened."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from babelreel.corpora import (
    activitynet,
    audioset,
    charades,
    coco,
    crosslingual,
    didemo,
    flickr8k,
    flickr30k,
    howto100m,
    lsmdc,
    msrvtt,
    msvd,
    multi30k,
    vatex,
)
from babelreel.corpora.annotations import Annotations
from babelreel.corpora.entry import Entry
from babelreel.corpora.manifest import read_manifest
from babelreel.corpora.pairs import is_pairs, read_pairs
from babelreel.errors import CorpusError
from babelreel.types import Corpus

log = logging.getLogger(__name__)

CORPORA: dict[str, Entry] = {
    **msrvtt.CORPORA,
    **msvd.CORPORA,
    **didemo.CORPORA,
    **charades.CORPORA,
    **vatex.CORPORA,
    **lsmdc.CORPORA,
    **activitynet.CORPORA,
    **howto100m.CORPORA,
    **audioset.CORPORA,
    **flickr8k.CORPORA,
    **flickr30k.CORPORA,
    **multi30k.CORPORA,
    **coco.CORPORA,
    **crosslingual.CORPORA,
}


def read_named(folder: Annotations) -> Corpus:
    """Read the corpus that the folder is of, as far as its annotation files are there; `folder.notes` then tells more.

    Raises:
        CorpusError: when none of its files is there, one of them is wrong, or nothing is to be read from them.
    """
    entry = CORPORA[folder.name]
    if not any(folder.has(file) for file in entry.files):
        raise CorpusError(
            f"{folder.name} needs {entry.listed} below {folder.root}, and it is not there. Source: {entry.source}."
        )
    try:
        with _collector_paused():
            corpus = entry.read(folder)
    except (
        TypeError,
        AttributeError,
        KeyError,
        ValueError,
        OverflowError,
    ) as error:  # such as a number where a list should be
        found = f"holds an entry of another form than documented ({type(error).__name__}: {error})"
        raise folder.wrong(folder.reading, None, found, f"Give the official file, from {entry.source}.") from error
    if not corpus.items:
        missing = [file for file in entry.files if not folder.has(file)]
        raise CorpusError(
            f"{folder.name} has no items below {folder.root} without {', '.join(missing) or 'more files'}."
        )
    return corpus


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A million captions make no cycles, but the collector looks at all of them again and again: half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def open_corpus(name: str, root: str | Path | None = None) -> Corpus:
    """Open a corpus by its name, or by the path of a manifest (`*.jsonl`) or of parallel text (`corpora.pairs`).

    `root` is the media root of a manifest (default: its folder), or the folder that a named corpus needs.

    Raises:
        CorpusError: when the name is unknown, or a named corpus comes without its root.
    """
    if name in CORPORA:
        if root is None:
            entry = CORPORA[name]
            raise CorpusError(f"The corpus {name!r} needs its folder (--media-root), which holds {entry.needs}.")
        folder = Annotations(root, name)
        corpus = read_named(folder)
        missing = [file for file in CORPORA[name].files if not folder.has(file)]
        if missing:
            log.warning("%s is read without %s: `babelreel data check %s` tells more.", name, ", ".join(missing), name)
        if folder.notes:
            log.warning("%s: %s, and %d more such notes.", name, folder.notes[0], len(folder.notes) - 1)
        return corpus
    path = Path(name)
    if path.is_dir() and (path / "manifest.jsonl").is_file():
        path = path / "manifest.jsonl"
    if path.is_file():
        return read_pairs(path) if is_pairs(path) else read_manifest(path, root)
    raise CorpusError(
        f"There is no corpus {name!r}: not a manifest file, nor one of the names {', '.join(CORPORA)}. "
        "`babelreel data list` tells more."
    )
