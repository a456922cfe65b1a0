"""The store protocol: what an index keeps of each window of a video and each image, and how it is asked.

One protocol, one module a store: `exact` in memory, `lance` in a folder, `milvus` behind a URL. A store knows vectors
and entries; which files there are, how they are cut and encoded, and what a query means, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor

from babelreel.types import Kind, Representation

FORMAT = 1  # of what the stores write; a newer one is refused


@dataclass(frozen=True, slots=True)
class Entry:
    """One window of a video, or one image: everything that an index keeps of it but its vectors.

    `id` is unique, made of letters, digits and "-", and sorts by file, then by time. `file` is the content hash of the
    whole file, `path` where it lies, absolute. `start` and `end` are the window in seconds, None for an image;
    `duration` is the whole video's length in seconds, 0 for an image. `modified` is POSIX time, `size` bytes.
    `thumbnail` is a small JPEG, or empty.
    """

    id: str
    file: str
    path: str
    kind: Kind
    start: float | None
    end: float | None
    duration: float
    modified: float
    size: int
    thumbnail: bytes = b""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries a search may find; what is None does not restrict.

    `folder` is absolute; everything below it counts. `shortest` and `longest` bound the `duration` in seconds, `after`
    and `before` the time of modification (POSIX), all inclusive.
    """

    kind: Kind | None = None
    folder: str | None = None
    shortest: float | None = None
    longest: float | None = None
    after: float | None = None
    before: float | None = None


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """What an index says of itself: format, the arguments of `babelreel.load` that open its model again, that model's
    media fingerprint, and `settings`, plain values of whoever builds it (window lengths, precision of the tokens)."""

    format: int
    model: Mapping[str, Any]
    fingerprint: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stats:
    """How much there is: entries, bytes (0 where nobody knows), and the kind of approximate index, "" for none."""

    entries: int
    bytes: int
    approximate: str


class VectorIndex(Protocol):
    """A store of entries with their representations.

    One process writes, any number read at the same time and see what was written without opening the store again. A
    write that returned survives the death of the process; one that did not has left nothing half done: an entry is
    there with all its vectors, or it is not. Rows are `data.rows.split` rows: pooled (D,) and whatever else the model's
    representation has; `pooled` is kept in float32, the other fields in the dtype they come in.
    """

    info: IndexInfo

    def __len__(self) -> int:
        """How many entries there are."""

    def add(self, entries: Sequence[Entry], rows: Sequence[Mapping[str, Tensor]]) -> None:
        """Write N entries with their rows; those whose id is there are replaced."""

    def remove(self, ids: Sequence[str]) -> None:
        """Delete entries; unknown ids are passed over."""

    def entries(self, where: Filter | None = None, thumbnails: bool = False) -> Iterator[list[Entry]]:
        """All entries, some at a time, in any order; without `thumbnails` those are empty."""

    def get(self, ids: Sequence[str], thumbnails: bool = False) -> list[Entry]:
        """Entries by id, in that order.

        Raises:
            MissingEntryError: when one is not there.
        """

    def nearest(self, queries: Tensor, k: int, where: Filter | None = None) -> list[tuple[list[str], list[float]]]:
        """For each of Q vectors (Q, D) the ids and dot products of about the `k` largest pooled ones, best first.

        Exact without an approximate index; fewer than `k` where there are no more.
        """

    def rows(self, ids: Sequence[str], fields: Sequence[str] | None = None) -> Representation:
        """The representations of N entries, at least one, in that order, padded to the longest, with the index's
        fingerprint.

        Raises:
            MissingEntryError: when one is not there.
        """

    def blocks(
        self, size: int, fields: Sequence[str] | None = None, where: Filter | None = None
    ) -> Iterator[tuple[list[str], Representation]]:
        """Every entry's id and representation, at most `size` at a time: what exhaustive scoring reads."""

    def note(self, name: str, value: Any) -> None:
        """Keep a plain value with the index, such as a measured recall."""

    def notes(self) -> dict[str, Any]:
        """What was noted, by name."""

    def optimize(self, force: bool = False) -> bool:
        """Compact what was written, and build or refresh the approximate index where it pays, or by `force`.

        Says whether there is an approximate index now.
        """

    def stats(self) -> Stats:
        """How much there is."""

    def close(self) -> None:
        """Let go of files and connections."""
