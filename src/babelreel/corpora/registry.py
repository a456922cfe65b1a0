"""Corpora by name: what there is, where it comes from, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from babelreel.corpora.flickr8k import read_flickr8k
from babelreel.corpora.manifest import read_manifest
from babelreel.errors import CorpusError
from babelreel.types import Corpus


@dataclass(frozen=True, slots=True)
class Entry:
    """A corpus that has a name: its reader takes the root folder, `needs` says what must lie below it."""

    read: Callable[[Path], Corpus]
    about: str
    needs: str
    licence: str


CORPORA: dict[str, Entry] = {
    "flickr8k": Entry(
        lambda root: read_flickr8k(root, "flickr8k"),
        "7,091 photographs, captions in en zh ar pt de fr cs",
        "captions/flickr8k_multilingual.jsonl.gz, images/flickr8k/",
        "research and education only",
    ),
    "flickr8k-all": Entry(
        lambda root: read_flickr8k(root, "flickr8k-all"),
        "the same in the same languages, with Multi30k's German and Portuguese captions too, to train on",
        "captions/flickr8k_multilingual.jsonl.gz, images/flickr8k/",
        "research and education only",
    ),
    "flickr8k-m30k": Entry(
        lambda root: read_flickr8k(root, "flickr8k-m30k"),
        "the same photographs, Multi30k's parallel captions in en de fr cs pt",
        "captions/flickr8k_multilingual.jsonl.gz, images/flickr8k/",
        "research and education only",
    ),
    "flickr8k-xfc": Entry(
        lambda root: read_flickr8k(root, "flickr8k-xfc"),
        "xFlickrCO's captions in de en es id ja ru tr zh, for zero-shot languages",
        "captions/flickr8k_multilingual.jsonl.gz, images/flickr8k/",
        "research and education only",
    ),
}


def open_corpus(name: str, root: str | Path | None = None) -> Corpus:
    """Open a corpus by its name, or by the path of a manifest (`*.jsonl`).

    `root` is the media root of a manifest (default: its folder), or the folder that a named corpus needs.

    Raises:
        CorpusError: when the name is unknown, or a named corpus comes without its root.
    """
    if name in CORPORA:
        if root is None:
            entry = CORPORA[name]
            raise CorpusError(f"The corpus {name!r} needs its folder (--media-root), which holds {entry.needs}.")
        return CORPORA[name].read(Path(root))
    path = Path(name)
    if path.is_dir() and (path / "manifest.jsonl").is_file():
        path = path / "manifest.jsonl"
    if path.is_file():
        return read_manifest(path, root)
    raise CorpusError(
        f"There is no corpus {name!r}: not a manifest file, nor one of the names {', '.join(CORPORA)}. "
        "`babelreel data list` tells more."
    )
