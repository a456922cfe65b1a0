"""Ranks to numbers: the field's measures, with bootstrap intervals. Recalls are in percent.

Captions of one item are not independent, so draws resample items (the `groups` of `Ranks`), with all their queries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    return paired_mean([(one, two)], name, seed, draws)


def paired_mean(
    pairs: Sequence[tuple[Ranks, Ranks]], name: str = "R@1", seed: int = 0, draws: int = DRAWS
) -> Difference:
    """Paired bootstrap of the mean, over `pairs` such as languages, of the first minus the second in one measure.

    Groups mean the same in all pairs: a draw of an item draws its queries in every language. A language of which a draw
    holds nothing is left out of that draw's mean.

    Raises:
        ScoreError: when the measure is unknown, or a pair does not answer the same queries in the same order.
    """
    if name not in MEASURES:
        raise ScoreError(f"There is no measure {name!r}. There is: {', '.join(MEASURES)}.")
    if any(a.query_ids != b.query_ids or not np.array_equal(a.groups, b.groups) for a, b in pairs):
        raise ScoreError("A paired test needs both models' ranks of the same queries in the same order.")
    groups = np.unique(np.concatenate([a.groups for a, _ in pairs]))
    tables = [(np.searchsorted(groups, np.unique(a.groups)), _Table(a), _Table(b)) for a, b in pairs]
    drawn = np.empty(draws)
    for n, weights in enumerate(_draws(len(groups), seed, draws)):
        parts = ((weights[own].astype(float), first, second) for own, first, second in tables)
        drawn[n] = np.mean([one.single(w, name) - two.single(w, name) for w, one, two in parts if w.any()])
    value = float(np.mean([measure(a)[name] - measure(b)[name] for a, b in pairs]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    rarer = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return Difference(value, float(low), float(high), min(1.0, 2 * (rarer + 1) / (draws + 1)))


def holm(values: Mapping[str, float]) -> dict[str, float]:
    """p values corrected for being several (Holm 1979): the smallest times their number, the next times one less, ...

    Of those that are at most 0.05 afterwards, one or more are wrong in at most 5 % of cases, however they depend.
    """
    out: dict[str, float] = {}
    worst = 0.0
    for n, name in enumerate(sorted(values, key=values.__getitem__)):
        worst = max(worst, min(1.0, (len(values) - n) * values[name]))
        out[name] = worst
    return {name: out[name] for name in values}


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


_SUMS = {"R@1": 0, "R@5": 1, "R@10": 2, "MnR": 3, "MRR": 4}  # the columns of `_Table.sums`; the last counts queries


class _Table:
    """Ranks prepared for weighting: sums by group for the means, ranks in order for the median."""

    def __init__(self, ranks: Ranks) -> None:
        measure(ranks)  # refuses what is empty
        _, group = np.unique(ranks.groups, return_inverse=True)
        self.groups = int(group.max()) + 1
        values = ranks.ranks
        columns = [*((values <= k) * 100.0 for k in CUTOFFS), values.astype(float), 1 / values, np.ones(len(values))]
        self.sums = np.stack([np.bincount(group, c, self.groups) for c in columns]).T  # (G, 6), columns contiguous
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

    def single(self, weights: np.ndarray, name: str) -> float:
        """One of these measures; far cheaper than all where it is no median."""
        column = _SUMS.get(name)
        if column is None:
            return self.measures(weights)[MEASURES.index(name)]
        return float(weights @ self.sums[:, column] / (weights @ self.sums[:, 5]))
