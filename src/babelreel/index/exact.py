"""The index in memory: dictionaries and one matrix. It persists nothing; the other stores are compared with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from babelreel.data.rows import stack
from babelreel.errors import IndexStoreError, MissingEntryError
from babelreel.index.store import Entry, Filter, IndexInfo, Stats
from babelreel.types import Representation

PAGE = 1024


class ExactIndex:
    """A `VectorIndex` in this process's memory, searched exhaustively. Threads may read while one writes."""

    def __init__(self, info: IndexInfo) -> None:
        self.info = info
        self._held: dict[str, tuple[Entry, dict[str, Tensor]]] = {}
        self._notes: dict[str, Any] = {}
        self._matrix: tuple[list[Entry], Tensor] | None = None  # sorted by id, (N, D) float32; None after a change
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._held)

    def add(self, entries: Sequence[Entry], rows: Sequence[Mapping[str, Tensor]]) -> None:
        """Write N entries with their rows; those whose id is there are replaced."""
        new = {
            entry.id: (entry, {name: _kept(name, value) for name, value in row.items()})
            for entry, row in zip(entries, rows, strict=True)
        }
        with self._lock:
            self._held |= new
            self._matrix = None

    def remove(self, ids: Sequence[str]) -> None:
        """Delete entries; unknown ids are passed over."""
        with self._lock:
            for name in ids:
                self._held.pop(name, None)
            self._matrix = None

    def entries(self, where: Filter | None = None, thumbnails: bool = False) -> Iterator[list[Entry]]:
        """All entries that pass, by id, some at a time."""
        ordered = [e if thumbnails else replace(e, thumbnail=b"") for e in self._sorted()[0] if passes(e, where)]
        for start in range(0, len(ordered), PAGE):
            yield ordered[start : start + PAGE]

    def get(self, ids: Sequence[str], thumbnails: bool = False) -> list[Entry]:
        """Entries by id, in that order.

        Raises:
            MissingEntryError: when one is not there.
        """
        return [e if thumbnails else replace(e, thumbnail=b"") for e, _ in self._find(ids)]

    def nearest(self, queries: Tensor, k: int, where: Filter | None = None) -> list[tuple[list[str], list[float]]]:
        """For each of Q vectors (Q, D) the ids and dot products of the `k` largest pooled ones; ties by id.

        Raises:
            IndexStoreError: when the vectors are of another width.
        """
        entries, matrix = self._sorted()
        if entries and queries.shape[1] != matrix.shape[1]:
            raise IndexStoreError(
                f"The query has {queries.shape[1]} numbers, the index's vectors have {matrix.shape[1]}. "
                "Search with the model that wrote the index."
            )
        places = np.array([n for n, entry in enumerate(entries) if passes(entry, where)], np.int64)
        if not len(places):
            return [([], [])] * len(queries)
        scores = (queries.float().cpu() @ matrix[torch.from_numpy(places)].T).numpy()  # (Q, N)
        found = []
        for row in scores:
            best = np.argsort(-row, kind="stable")[:k]  # the entries are sorted by id, so ties are too
            found.append(([entries[places[n]].id for n in best], row[best].tolist()))
        return found

    def rows(self, ids: Sequence[str], fields: Sequence[str] | None = None) -> Representation:
        """The representations of N entries, at least one, in that order, padded to the longest.

        Raises:
            MissingEntryError: when one is not there.
        """
        return self._stack([row for _, row in self._find(ids)], fields)

    def blocks(
        self, size: int, fields: Sequence[str] | None = None, where: Filter | None = None
    ) -> Iterator[tuple[list[str], Representation]]:
        """Every entry's id and representation, by id, at most `size` at a time."""
        with self._lock:
            held = dict(self._held)  # what is removed on the way is still given
        ids = sorted(name for name, (entry, _) in held.items() if passes(entry, where))
        for start in range(0, len(ids), size):
            some = ids[start : start + size]
            yield some, self._stack([held[name][1] for name in some], fields)

    def note(self, name: str, value: Any) -> None:
        """Keep a plain value with the index."""
        self._notes[name] = value

    def notes(self) -> dict[str, Any]:
        """What was noted, by name."""
        return dict(self._notes)

    def optimize(self, force: bool = False) -> bool:
        """There is nothing to compact, and no approximate index."""
        return False

    def stats(self) -> Stats:
        """How much there is; the bytes of the tensors."""
        with self._lock:
            held = sum(value.nbytes for _, row in self._held.values() for value in row.values())
        return Stats(len(self), held, "")

    def close(self) -> None:
        """There is nothing to let go of."""

    def _sorted(self) -> tuple[list[Entry], Tensor]:
        with self._lock:
            if self._matrix is None:
                held = [self._held[name] for name in sorted(self._held)]
                vectors = [row["pooled"] for _, row in held]
                self._matrix = [entry for entry, _ in held], torch.stack(vectors) if vectors else torch.zeros(0, 0)
            return self._matrix

    def _stack(self, rows: Sequence[Mapping[str, Tensor]], fields: Sequence[str] | None) -> Representation:
        some = [{name: value for name, value in row.items() if fields is None or name in fields} for row in rows]
        return stack(some, self.info.fingerprint)

    def _find(self, ids: Sequence[str]) -> list[tuple[Entry, dict[str, Tensor]]]:
        with self._lock:
            missing = [name for name in ids if name not in self._held]
            if missing:
                raise MissingEntryError(
                    f"{len(missing)} of {len(ids)} entries are not in the index: {missing[0]!r}, ..."
                )
            return [self._held[name] for name in ids]


def passes(entry: Entry, where: Filter | None) -> bool:
    """Whether a filter lets an entry through."""
    if where is None:
        return True
    return (
        (where.kind is None or entry.kind == where.kind)
        and (where.folder is None or entry.path.startswith(where.folder.rstrip("/") + "/"))
        and (where.shortest is None or entry.duration >= where.shortest)
        and (where.longest is None or entry.duration <= where.longest)
        and (where.after is None or entry.modified >= where.after)
        and (where.before is None or entry.modified <= where.before)
    )


def _kept(name: str, value: Tensor) -> Tensor:
    """A copy on the CPU, so that a row does not hold on to its whole batch."""
    return value.detach().to("cpu", torch.float32 if name == "pooled" else value.dtype, copy=True)
