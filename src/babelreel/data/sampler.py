"""Which items and captions stand in which batch: every item once an epoch, never twice in a batch.

Everything is drawn from (seed, epoch), so a resumed run sees the batches that the uninterrupted one would have seen,
and every process knows the joint batch and takes its own part of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from babelreel.errors import CorpusError
from babelreel.types import Caption, Corpus, MediaItem


@dataclass(frozen=True, slots=True)
class Draw:
    """One process's part of a batch: items, their captions by role, and for each caption the row of its item."""

    items: tuple[MediaItem, ...]
    captions: dict[str, tuple[Caption, ...]]
    owners: tuple[int, ...]


class CaptionSampler:
    """Draws batches of `batch_size` items with `captions` captions each.

    `langs` are the languages of the role "query" (empty: all). With a `pivot` language every query comes with a caption
    in it: its translation where there is one (the same `group`), else another of the item's.

    Raises:
        CorpusError: when no item has the captions that are needed, or fewer have than stand in a batch.
    """

    def __init__(
        self,
        corpus: Corpus,
        batch_size: int,
        *,
        langs: Sequence[str] = (),
        pivot: str | None = None,
        mixing: Literal["even", "proportional"] = "even",
        captions: int = 1,
        seed: int = 0,
    ) -> None:
        corpus.select(langs=langs or None)  # names the languages that are missing
        self.langs, self.pivot, self.mixing = set(langs), pivot, mixing
        self.batch_size, self.captions, self.seed = batch_size, captions, seed
        self.items = [item for item in corpus.items if self._queries(item) and self._has_pivot(item)]
        if len(self.items) < batch_size:
            wanted = f"a caption in {', '.join(langs) or 'any language'}" + (f" and one in {pivot}" if pivot else "")
            raise CorpusError(
                f"A batch needs {batch_size} items, but only {len(self.items)} of the {len(corpus)} have {wanted}. "
                "Take a smaller batch_size, or other languages."
            )

    @property
    def spoken(self) -> list[str]:
        """The languages that training reads, pivots included, sorted."""
        queries = {caption.lang for item in self.items for caption in self._queries(item)}
        return sorted(queries | ({self.pivot} if self.pivot is not None else set()))

    @property
    def steps(self) -> int:
        """Batches an epoch; what does not fill a batch waits for the next epoch's order."""
        return len(self.items) // self.batch_size

    def epoch(self, number: int, process: int = 0, processes: int = 1) -> Iterator[Draw]:
        """The batches of an epoch, or one process's part of them; `batch_size` must divide among the processes."""
        rng = np.random.default_rng([self.seed, number])
        order = rng.permutation(len(self.items))
        share = self.batch_size // processes
        for step in range(self.steps):
            rows = order[step * self.batch_size : (step + 1) * self.batch_size]
            drawn = [(self.items[row], self._draw(self.items[row], rng)) for row in rows]  # the same in every process
            yield self._join(drawn[process * share : (process + 1) * share])

    def _join(self, drawn: list[tuple[MediaItem, list[tuple[Caption, Caption | None]]]]) -> Draw:
        queries = tuple(query for _, pairs in drawn for query, _ in pairs)
        captions = {"query": queries}
        if self.pivot is not None:
            captions["pivot"] = tuple(pivot for _, pairs in drawn for _, pivot in pairs if pivot is not None)
        owners = tuple(row for row, (_, pairs) in enumerate(drawn) for _ in pairs)
        return Draw(tuple(item for item, _ in drawn), captions, owners)

    def _draw(self, item: MediaItem, rng: np.random.Generator) -> list[tuple[Caption, Caption | None]]:
        """`captions` different captions of the item, or as many as it has, each with its pivot."""
        found = self._queries(item)
        weights = np.ones(len(found))
        if self.mixing == "even":
            counts = {lang: sum(c.lang == lang for c in found) for lang in {c.lang for c in found}}
            weights = np.array([1 / counts[c.lang] for c in found])
        count = min(self.captions, len(found))
        chosen = rng.choice(len(found), count, replace=False, p=weights / weights.sum())
        return [(found[n], self._pivot_of(item, found[n], rng)) for n in chosen]

    def _queries(self, item: MediaItem) -> list[Caption]:
        """The captions that may stand as queries: in the languages asked for, else in any but the pivot's."""
        return [c for c in item.captions if (c.lang in self.langs if self.langs else c.lang != self.pivot)]

    def _has_pivot(self, item: MediaItem) -> bool:
        return self.pivot is None or any(c.lang == self.pivot for c in item.captions)

    def _pivot_of(self, item: MediaItem, query: Caption, rng: np.random.Generator) -> Caption | None:
        if self.pivot is None:
            return None
        found = [c for c in item.captions if c.lang == self.pivot]
        parallel = [c for c in found if query.group and c.group == query.group]
        choices = parallel or found
        return choices[int(rng.integers(len(choices)))]
