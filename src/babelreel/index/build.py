"""Files to an index: a folder that holds the items, their representations, and the model's fingerprint.

    index.json      the model, its fingerprint, the media root
    items.jsonl     the items, as a manifest
    keys.json       item id -> row of the representation store
    vectors/        the representation store

Running it again encodes only what is new; interrupted, it goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from babelreel.atomic import atomic_path
from babelreel.corpora.manifest import read_manifest, write_manifest
from babelreel.encoders.features import RepresentationStore
from babelreel.errors import IndexStoreError
from babelreel.model import Model
from babelreel.progress import Report
from babelreel.types import Corpus

FORMAT = 1


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """What `index.json` says; `model` are the arguments of `babelreel.load` that open the model again."""

    format: int
    model: dict[str, Any]
    fingerprint: str
    media_root: str


def build_index(corpus: Corpus, model: Model, folder: str | Path, progress: Report | None = None) -> dict[str, str]:
    """Index the corpus into `folder`; gives what could not be read: {item id: why}. The index holds the rest.

    Raises:
        IndexStoreError: when the folder holds another model's index, or no file could be read at all.
    """
    folder = Path(folder)
    info = IndexInfo(FORMAT, model.opened_with, model.fingerprint, str(corpus.media_root.resolve()))
    if (folder / "index.json").exists():
        refuse_other_model(read_info(folder), model, folder)
    store = RepresentationStore(folder / "vectors", model.fingerprint)
    keys, failures = model.encode_into(store, corpus, progress)
    if not keys:
        listed = "".join(f"\n  {path}: {why}" for path, why in list(failures.items())[:5])
        raise IndexStoreError(f"None of the {len(corpus)} files could be read, so there is nothing to index.{listed}")
    indexed = replace(corpus, items=tuple(item for item in corpus.items if item.id in keys))
    write_manifest(indexed, folder / "items.jsonl")
    _write_json(folder / "keys.json", keys)
    _write_json(folder / "index.json", asdict(info))  # last: its presence says that the rest is whole
    return failures


def read_info(folder: Path) -> IndexInfo:
    """Read `index.json`.

    Raises:
        IndexStoreError: when there is none, it is damaged, or a newer version wrote it.
    """
    try:
        info = IndexInfo(**json.loads((folder / "index.json").read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise IndexStoreError(
            f"There is no index in {folder}. Make one with `babelreel index PATHS -o DIR`."
        ) from error
    except (OSError, TypeError, ValueError) as error:
        raise IndexStoreError(f"The index in {folder} is damaged: index.json: {error}. Build it again.") from error
    if info.format != FORMAT:
        raise IndexStoreError(f"The index in {folder} has format {info.format}; this version reads {FORMAT}.")
    return info


def read_items(folder: Path, info: IndexInfo) -> tuple[Corpus, list[str]]:
    """The indexed items, and the store's key of each.

    Raises:
        IndexStoreError: when the index is damaged.
    """
    try:
        corpus = read_manifest(folder / "items.jsonl", info.media_root)
        keys = json.loads((folder / "keys.json").read_text(encoding="utf-8"))
        return corpus, [keys[item.id] for item in corpus.items]
    except (OSError, KeyError, ValueError) as error:
        raise IndexStoreError(f"The index in {folder} is damaged: {error!r}. Build it again.") from error


def refuse_other_model(info: IndexInfo, model: Model, folder: Path) -> None:
    """Raise IndexStoreError unless the index was written by this model's media side."""
    if info.fingerprint != model.fingerprint:
        raise IndexStoreError(
            f"The index in {folder} was written by {info.model['source']!r} (fingerprint {info.fingerprint}), not by "
            f"{model.source!r} ({model.fingerprint}). Search it with its own model, or index into another folder."
        )


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")
