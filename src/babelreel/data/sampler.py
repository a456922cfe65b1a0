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


Mixing = Literal["even", "proportional", "random", "turns"]


class CaptionSampler:
    """Draws batches of `batch_size` items with `captions` captions each.

    `mixing` draws each caption's language "even"ly, or in proportion to an item's captions ("proportional"); or a batch
    has one language, drawn at "random" or in "turns", and an epoch may meet an item in several of them.
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
        mixing: Mixing = "even",
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

        self.one_language = mixing in ("random", "turns")
        for lang in self._spoken_queries() if self.one_language else ():
            if (count := len(self._speaking(lang))) < batch_size:
                raise CorpusError(
                    f"A batch needs {batch_size} items in one language (mixing = {mixing!r}), but only {count} have "
                    f"captions in {lang}. Take a smaller batch_size, mixing = 'even', or other languages."
                )

    @property
    def spoken(self) -> list[str]:
        """The languages that training reads, pivots included, sorted."""
        return sorted({*self._spoken_queries(), *([] if self.pivot is None else [self.pivot])})

    def _spoken_queries(self) -> list[str]:
        return sorted({caption.lang for item in self.items for caption in self._queries(item)})

    def _speaking(self, lang: str) -> list[MediaItem]:
        return [item for item in self.items if any(c.lang == lang for c in self._queries(item))]

    @property
    def steps(self) -> int:
        """Batches an epoch; what does not fill a batch waits for the next epoch's order."""
        return len(self.items) // self.batch_size

    def epoch(self, number: int, process: int = 0, processes: int = 1) -> Iterator[Draw]:
        """The batches of an epoch, or one process's part of them; `batch_size` must divide among the processes."""
        rng = np.random.default_rng([self.seed, number])
        share = self.batch_size // processes
        for items, lang in self._by_language(number, rng) if self.one_language else self._once_each(rng):
            drawn = [(item, self._draw(item, rng, lang)) for item in items]  # the same in every process
            yield self._join(drawn[process * share : (process + 1) * share])

    def _once_each(self, rng: np.random.Generator) -> Iterator[tuple[list[MediaItem], str | None]]:
        order = rng.permutation(len(self.items))
        for step in range(self.steps):
            yield [self.items[row] for row in order[step * self.batch_size : (step + 1) * self.batch_size]], None

    def _by_language(self, number: int, rng: np.random.Generator) -> Iterator[tuple[list[MediaItem], str | None]]:
        """Each language goes through its items in an order of its own, and again when it is through."""
        langs = self._spoken_queries()
        items = {lang: self._speaking(lang) for lang in langs}
        left: dict[str, list[int]] = {lang: [] for lang in langs}
        for step in range(self.steps):
            turn = number * self.steps + step if self.mixing == "turns" else int(rng.integers(len(langs)))
            lang = langs[turn % len(langs)]
            if len(left[lang]) < self.batch_size:
                left[lang] = rng.permutation(len(items[lang])).tolist()
            rows, left[lang] = left[lang][: self.batch_size], left[lang][self.batch_size :]
            yield [items[lang][row] for row in rows], lang

    def _join(self, drawn: list[tuple[MediaItem, list[tuple[Caption, Caption | None]]]]) -> Draw:
        queries = tuple(query for _, pairs in drawn for query, _ in pairs)
        captions = {"query": queries}
        if self.pivot is not None:
            captions["pivot"] = tuple(pivot for _, pairs in drawn for _, pivot in pairs if pivot is not None)
        owners = tuple(row for row, (_, pairs) in enumerate(drawn) for _ in pairs)
        return Draw(tuple(item for item, _ in drawn), captions, owners)

    def _draw(
        self, item: MediaItem, rng: np.random.Generator, lang: str | None
    ) -> list[tuple[Caption, Caption | None]]:
        """`captions` different captions of the item, in `lang` or any language, or as many as it has, with pivots."""
        found = [c for c in self._queries(item) if lang is None or c.lang == lang]
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
