"""Stub until the stores are merged."""

from babelreel.index.exact import ExactIndex
from babelreel.index.lance import LanceIndex
from babelreel.index.store import IndexInfo, VectorIndex


def open_index(url: str) -> VectorIndex:
    """Stub."""
    return LanceIndex(url)


def create_index(url: str, info: IndexInfo) -> VectorIndex:
    """Stub."""
    return LanceIndex.create(url, info) if url != "memory:" else ExactIndex(info)
