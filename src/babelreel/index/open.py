"""Which store a URL means: `memory:`, `http(s)://` or `*.db` for Milvus, and any other path for a folder of LanceDB."""

from __future__ import annotations

from pathlib import Path

from babelreel.errors import IndexStoreError, MissingIndexError
from babelreel.index.exact import ExactIndex
from babelreel.index.lance import LanceIndex
from babelreel.index.milvus import MilvusIndex
from babelreel.index.store import IndexInfo, VectorIndex


def open_index(url: str | Path) -> VectorIndex:
    """Open an index that is there.

    Raises:
        MissingIndexError: when there is none.
        IndexStoreError: when it is damaged, or a newer version wrote it.
        MissingExtraError: when what the store needs is not installed.
    """
    store = _store(str(url))
    if store is ExactIndex:
        raise MissingIndexError(
            "memory: keeps nothing, so there is no index in it to open. Make one in the same process."
        )
    return MilvusIndex(str(url)) if store is MilvusIndex else LanceIndex(url)


def create_index(url: str | Path, info: IndexInfo) -> VectorIndex:
    """Make an empty index.

    Raises:
        IndexStoreError: when there is something there already, or it cannot be made.
        MissingExtraError: when what the store needs is not installed.
    """
    store = _store(str(url))
    if store is ExactIndex:
        return ExactIndex(info)
    return MilvusIndex.create(str(url), info) if store is MilvusIndex else LanceIndex.create(url, info)


def _store(url: str) -> type[ExactIndex | LanceIndex | MilvusIndex]:
    if url == "memory:":
        return ExactIndex
    if url.startswith(("http://", "https://")) or url.endswith(".db"):
        return MilvusIndex
    if "://" in url:
        raise IndexStoreError(
            "An index is a folder, a *.db file of Milvus Lite, http(s)://HOST:PORT/NAME of Milvus, or memory:; "
            f"found {url!r}."
        )
    return LanceIndex
