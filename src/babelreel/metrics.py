"""Ranks to numbers: the field's measures, with bootstrap intervals. Recalls are in percent.

Captions of one item are not independent, so draws resample items (the `groups` of `Ranks`), with all their queries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from babelreel.errors import ScoreError
from babelreel.types import Ranks

CUTOFFS = (1, 5, 10)
MEASURES = ("R@1", "R@5", "R@10", "MdR", "MnR", "MRR")
DRAWS = 1000


def measure(ranks: Ranks) -> dict[str, float]:
    """R@1, R@5, R@10 (percent), MdR, MnR (ranks), MRR (0 to 1).

    Raises:
        ScoreError: when there is no query.
    """
    if not len(ranks):
        raise ScoreError(f"There is no query in {ranks.lang!r} ({ranks.direction}), so nothing can be measured.")
    values = ranks.ranks
    recalls = {f"R@{k}": 100 * float((values <= k).mean()) for k in CUTOFFS}
    rest = {"MdR": float(np.median(values)), "MnR": float(values.mean()), "MRR": float((1 / values).mean())}
    return recalls | rest


def sum_of_recalls(both: tuple[dict[str, float], dict[str, float]]) -> float:
    """SumR: R@1 + R@5 + R@10 of both directions, at most 600."""
    return sum(row[f"R@{k}"] for row in both for k in CUTOFFS)


def mean_recall(both: tuple[dict[str, float], dict[str, float]]) -> float:
    """mAR: the mean of the six recalls of `sum_of_recalls`, in percent."""
    return sum_of_recalls(both) / (2 * len(CUTOFFS))


def chance(candidates: int, relevant: np.ndarray) -> dict[str, float]:
    """Expected R@1, R@5, R@10 (percent) of a random order, for queries with `relevant` (Q,) relevant candidates."""
    kinds, counts = np.unique(relevant, return_counts=True)
    out = {}
    for k in CUTOFFS:
        missed = [comb(candidates - int(m), k) / comb(candidates, k) if candidates >= k else 0.0 for m in kinds]
        missed = [1.0 if m == 0 else share for m, share in zip(kinds, missed, strict=True)]
        out[f"R@{k}"] = 100 * (1 - float(np.average(missed, weights=counts)))
    return out


def intervals(ranks: Ranks, seed: int = 0, draws: int = DRAWS) -> dict[str, tuple[float, float]]:
    """95 % percentile bootstrap intervals of every measure, resampling groups."""
    table, half = _Table(ranks), 2.5
    drawn = np.array([table.measures(weights) for weights in _draws(table.groups, seed, draws)])  # (draws, 6)
    low, high = np.percentile(drawn, [half, 100 - half], axis=0)
    return {name: (float(a), float(b)) for name, a, b in zip(MEASURES, low, high, strict=True)}


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much a measure of one model exceeds that of another on the same queries, and how sure that is.

    `p` is twice the share of draws in which the difference has the other sign or none, never below 2/(draws + 1).
    """

    value: float
    low: float
    high: float
    p: float


def paired(one: Ranks, two: Ranks, name: str = "R@1", seed: int = 0, draws: int = DRAWS) -> Difference:
    """Paired bootstrap of `one` minus `two` in one measure.

    Raises:
        ScoreError: when the measure is unknown, or the two do not answer the same queries in the same order.
    """
    if name not in MEASURES:
        raise ScoreError(f"There is no measure {name!r}. There is: {', '.join(MEASURES)}.")
    if one.query_ids != two.query_ids or not np.array_equal(one.groups, two.groups):
        raise ScoreError("A paired test needs both models' ranks of the same queries in the same order.")
    first, second, column = _Table(one), _Table(two), MEASURES.index(name)
    drawn = np.array([
        first.measures(weights)[column] - second.measures(weights)[column]
        for weights in _draws(first.groups, seed, draws)
    ])  # fmt: skip
    value = measure(one)[name] - measure(two)[name]
    low, high = np.percentile(drawn, [2.5, 97.5])
    rarer = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return Difference(value, float(low), float(high), min(1.0, 2 * (rarer + 1) / (draws + 1)))


def joined(parts: Sequence[Ranks]) -> Ranks:
    """Ranks over the same items, of several languages or seeds, as one: a draw of an item draws all of its queries.

    `lang` is that of all where they agree, else their names with "+" between.
    """
    langs = "+".join(dict.fromkeys(ranks.lang for ranks in parts))
    ids = tuple(f"{number}:{query}" for number, ranks in enumerate(parts) for query in ranks.query_ids)
    values, groups = (np.concatenate([getattr(ranks, name) for ranks in parts]) for name in ("ranks", "groups"))
    return Ranks(langs, parts[0].direction, ids, values, groups, max(ranks.candidates for ranks in parts))


def _draws(groups: int, seed: int, draws: int) -> Iterator[np.ndarray]:
    """How often each group is drawn, (G,) int64, one array a draw; memory is one draw's."""
    generator = np.random.default_rng(seed)
    for _ in range(draws):
        yield np.bincount(generator.integers(0, groups, groups), minlength=groups)


class _Table:
    """Ranks prepared for weighting: sums by group for the means, ranks in order for the median."""

    def __init__(self, ranks: Ranks) -> None:
        measure(ranks)  # refuses what is empty
        _, group = np.unique(ranks.groups, return_inverse=True)
        self.groups = int(group.max()) + 1
        values = ranks.ranks
        columns = [*((values <= k) * 100.0 for k in CUTOFFS), values.astype(float), 1 / values, np.ones(len(values))]
        self.sums = np.stack([np.bincount(group, c, self.groups) for c in columns], axis=1)  # (G, 6)
        order = np.argsort(values, kind="stable")
        self.sorted_ranks, self.sorted_groups = values[order], group[order]

    def measures(self, weights: np.ndarray) -> tuple[float, ...]:
        """The measures, in the order of `MEASURES`, where group g counts `weights[g]` times."""
        sums = weights @ self.sums
        recalls, mean, reciprocal = sums[:3] / sums[5], sums[3] / sums[5], sums[4] / sums[5]
        cumulative = np.cumsum(weights[self.sorted_groups])
        count = int(cumulative[-1])
        middle = np.searchsorted(cumulative, [(count - 1) // 2, count // 2], side="right")
        median = float(self.sorted_ranks[middle].mean())
        return (*recalls, median, mean, reciprocal)
