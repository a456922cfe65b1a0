"""Stub until the stores are merged."""

from babelreel.index.store import IndexInfo, VectorIndex


def open_index(url: str) -> VectorIndex:
    raise NotImplementedError


def create_index(url: str, info: IndexInfo) -> VectorIndex:
    raise NotImplementedError
