"""metrics.py: the measures are those of ir-measures, and the intervals cover what they say."""

from __future__ import annotations

import numpy as np
import pytest

from babelreel.errors import ScoreError
from babelreel.metrics import (
    MEASURES,
    _draws,
    _Table,
    chance,
    holm,
    intervals,
    joined,
    mean_recall,
    measure,
    paired,
    paired_mean,
    sum_of_recalls,
)  # fmt: skip
from babelreel.types import Ranks


def ranks(values: list[int] | np.ndarray, groups: list[int] | np.ndarray | None = None, candidates: int = 100) -> Ranks:
    values = np.asarray(values)
    groups = np.arange(len(values)) if groups is None else np.asarray(groups)
    return Ranks("en", "t2v", tuple(map(str, range(len(values)))), values, groups, candidates)


def test_by_hand() -> None:
    got = measure(ranks([1, 2, 5, 6, 11, 1]))
    assert got["R@1"] == pytest.approx(100 * 2 / 6)
    assert got["R@5"] == pytest.approx(100 * 4 / 6)
    assert got["R@10"] == pytest.approx(100 * 5 / 6)
    assert got["MdR"] == 3.5
    assert got["MnR"] == pytest.approx(26 / 6)
    assert got["MRR"] == pytest.approx((1 + 1 / 2 + 1 / 5 + 1 / 6 + 1 / 11 + 1) / 6)
    assert list(got) == list(MEASURES)
    assert sum_of_recalls((got, got)) == pytest.approx(2 * 100 * 11 / 6)
    assert mean_recall((got, got)) == pytest.approx(100 * 11 / 18)


def test_the_oracle_agrees() -> None:
    import ir_measures
    from ir_measures import RR, Qrel, ScoredDoc, Success

    rng = np.random.default_rng(0)
    scores = rng.permutation(40 * 60).reshape(40, 60).astype(float)  # no ties: the oracle breaks them its own way
    relevant = [rng.choice(60, rng.integers(1, 4), replace=False).tolist() for _ in range(40)]
    from torch import from_numpy

    from babelreel.ranking import rank_matrix

    got = measure(ranks(rank_matrix(from_numpy(scores), relevant)))
    qrels = [Qrel(f"q{q}", f"d{c}", 1) for q, own in enumerate(relevant) for c in own]
    run = [ScoredDoc(f"q{q}", f"d{c}", scores[q, c]) for q in range(40) for c in range(60)]
    oracle = ir_measures.calc_aggregate([Success @ 1, Success @ 5, Success @ 10, RR], qrels, run)
    for k in (1, 5, 10):
        assert got[f"R@{k}"] == pytest.approx(100 * oracle[Success @ k])
    # Our rank passes over other relevant candidates, and none of them stands before the best: RR is the same.
    assert got["MRR"] == pytest.approx(oracle[RR])


@pytest.mark.parametrize("seed", range(4))
def test_weighted_measures_equal_measuring_the_repeated_queries(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, groups = rng.integers(1, 30, 50), rng.integers(0, 12, 50)
    table = _Table(ranks(values, groups))
    for weights in _draws(table.groups, seed, 5):
        _, dense = np.unique(groups, return_inverse=True)
        repeated = np.repeat(values, weights[dense])
        assert table.measures(weights) == pytest.approx(tuple(measure(ranks(repeated)).values()))


def test_groups_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    by_item = rng.integers(0, 2, 100) * 5 + 1  # every caption of an item has the same rank
    values, groups = np.repeat(by_item, 5), np.repeat(np.arange(100), 5)
    low, high = intervals(ranks(values, groups))["R@1"]
    alone_low, alone_high = intervals(ranks(values))["R@1"]
    assert (high - low) > 1.8 * (alone_high - alone_low)  # the square root of 5 is 2.2
    plain_low, plain_high = intervals(ranks(by_item))["R@1"]
    assert (low, high) == pytest.approx((plain_low, plain_high))


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    inside = 0
    for n in range(200):
        values = np.where(rng.random(150) < 0.3, 1, 7)
        low, high = intervals(ranks(values), seed=n, draws=200)["R@1"]
        inside += low <= 30 <= high
    assert 175 <= inside <= 200


def test_intervals_are_reproducible_and_hold_the_measure() -> None:
    found = ranks(np.random.default_rng(2).integers(1, 50, 80))
    assert intervals(found, 3) == intervals(found, 3)
    assert intervals(found, 3) != intervals(found, 4)
    for name, (low, high) in intervals(found).items():
        assert low <= measure(found)[name] <= high


def test_a_paired_test_sees_what_two_intervals_cannot() -> None:
    rng = np.random.default_rng(0)
    one = np.where(rng.random(400) < 0.5, 1, 9)
    two = one.copy()
    two[np.flatnonzero(one == 1)[:12]] = 9  # better on 12 queries, worse on none
    better = paired(ranks(one), ranks(two))
    assert better.value == pytest.approx(3.0)
    assert better.low > 0
    assert better.p < 0.01
    same = paired(ranks(one), ranks(one))
    assert (same.value, same.p) == (0, 1)
    assert paired(ranks(two), ranks(one)).value == pytest.approx(-3.0)
    with pytest.raises(ScoreError, match="same queries"):
        paired(ranks(one), ranks(two[:-1]))
    with pytest.raises(ScoreError, match="no measure 'R@3'"):
        paired(ranks(one), ranks(two), "R@3")


def test_a_paired_test_of_equal_models_seldom_says_different() -> None:
    rng = np.random.default_rng(4)
    said = 0
    for n in range(200):
        one, two = (ranks(np.where(rng.random(120) < 0.4, 1, 7)) for _ in range(2))
        found = paired(one, two, seed=n, draws=200)
        said += found.p < 0.05
        assert (found.low > 0 or found.high < 0) <= (found.p < 0.1)
    assert said <= 20  # 10 are expected


def test_chance_is_what_random_orders_give() -> None:
    rng = np.random.default_rng(0)
    relevant = np.array([1, 1, 3, 0])
    expected = chance(12, relevant)
    hits = {k: 0.0 for k in (1, 5, 10)}
    for _ in range(4000):
        for m in relevant:
            best = rng.permutation(12)[:m].min() + 1 if m else 99
            for k in hits:
                hits[k] += best <= k
    for k, count in hits.items():
        assert expected[f"R@{k}"] == pytest.approx(100 * count / 16000, abs=1.5)
    assert chance(1000, np.ones(5, int))["R@1"] == pytest.approx(0.1)
    assert chance(3, np.ones(5, int))["R@10"] == 100


def test_no_query_is_an_error() -> None:
    with pytest.raises(ScoreError, match="no query"):
        measure(ranks([]))


def test_joined_languages_are_drawn_together() -> None:
    """Two languages of which one answers right just where the other does not: together, every draw gives one half."""
    hit = np.array([1, 2] * 10)
    groups = np.arange(20)
    ids = tuple(map(str, groups))
    one, two = (Ranks(lang, "t2v", ids, values, groups, 20) for lang, values in (("en", hit), ("de", 3 - hit)))
    both = joined([one, two])
    assert both.lang == "en+de"
    assert len(set(both.query_ids)) == 40
    assert measure(both)["R@1"] == 50
    assert intervals(both)["R@1"] == (50, 50)
    assert intervals(one)["R@1"][0] < 40


def pair(lang: str, groups: list[int], seed: int) -> tuple[Ranks, Ranks]:
    """Two models' ranks of the same queries, the first a little better."""
    rng = np.random.default_rng(seed)
    ids = tuple(f"{lang}{n}" for n in range(len(groups)))
    values = (rng.integers(1, 13, len(groups)), rng.integers(1, 16, len(groups)))
    one, two = (Ranks(lang, "t2v", ids, v, np.array(groups), 20) for v in values)
    return one, two


@pytest.mark.parametrize("name", MEASURES)
def test_a_paired_mean_is_what_a_plain_bootstrap_finds(name: str) -> None:
    """Lists of drawn queries, measured anew; of five items two have German queries, so some draws have none of them."""
    pairs = [pair("de", [2, 2, 9, 9, 9], 0), pair("en", [2, 3, 3, 5, 7], 1)]
    items, draws, rng = [2, 3, 5, 7, 9], 300, np.random.default_rng(6)
    drawn = []
    for _ in range(draws):
        chosen = [items[n] for n in rng.integers(0, len(items), len(items))]
        differences = []
        for one, two in pairs:
            rows = [row for item in chosen for row in range(len(one)) if one.groups[row] == item]
            if rows:
                first, second = (measure(ranks([int(r.ranks[row]) for row in rows]))[name] for r in (one, two))
                differences.append(first - second)
        drawn.append(np.mean(differences))
    found = paired_mean(pairs, name, seed=6, draws=draws)
    assert found.value == pytest.approx(np.mean([measure(a)[name] - measure(b)[name] for a, b in pairs]))
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(drawn, [2.5, 97.5])))
    assert found.p == min(1, 2 * (min(np.sum(np.array(drawn) <= 1e-9), np.sum(np.array(drawn) >= -1e-9)) + 1) / 301)


def test_a_mean_of_one_is_a_paired_test() -> None:
    one, two = pair("de", [4, 4, 8, 8, 9], 2)
    assert paired_mean([(one, two)], "MRR", 3, 200) == paired(one, two, "MRR", 3, 200)


def test_holm() -> None:
    assert holm({"de": 0.01, "fr": 0.04, "cs": 0.03}) == pytest.approx({"de": 0.03, "fr": 0.06, "cs": 0.06})
    assert holm({"a": 0.6, "b": 0.5}) == {"a": 1.0, "b": 1.0}
    assert list(holm({"z": 0.2, "a": 0.1})) == ["z", "a"]
    assert holm({"en": 0.2}) == {"en": 0.2}
