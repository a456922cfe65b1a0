"""ranking.py: ties count against us, blocks and order change nothing, nothing that is not a number gets a rank."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from babelreel import ranking, scoring
from babelreel.errors import ScoreError
from babelreel.ranking import rank, rank_matrix
from babelreel.types import Representation


def plain(scores: list[list[float]], relevant: list[list[int]]) -> list[int]:
    """The definition, word for word."""
    out = []
    for row, own in zip(scores, relevant, strict=True):
        if not own:
            out.append(len(row) + 1)
            continue
        best = max(row[c] for c in own)
        out.append(1 + sum(s >= best for c, s in enumerate(row) if c not in own))
    return out


def test_a_matrix_by_hand() -> None:
    scores = torch.tensor([[0.9, 0.1, 0.5], [0.3, 0.3, 0.3], [0.2, 0.8, 0.7], [0.1, 0.2, 0.3]])
    ranks = rank_matrix(scores, [[0], [1], [0, 2], []])
    assert ranks.tolist() == [1, 3, 2, 4]
    assert scores[0, 0] == pytest.approx(0.9)  # the caller's matrix is left as it was


matrices = st.integers(1, 6).flatmap(
    lambda c: st.lists(
        st.tuples(st.lists(st.integers(-3, 3), min_size=c, max_size=c), st.sets(st.integers(0, c - 1))),
        min_size=1,
        max_size=5,
    )
)


@given(matrices)
@settings(max_examples=300, deadline=None)
def test_equals_the_definition(rows: list[tuple[list[int], set[int]]]) -> None:
    scores = [[float(s) for s in row] for row, _ in rows]
    relevant = [sorted(own) for _, own in rows]
    assert rank_matrix(torch.tensor(scores), relevant).tolist() == plain(scores, relevant)


@pytest.mark.parametrize("size", [1, 2, 7, 33, 257, 1000])
@pytest.mark.parametrize("width", [3, 61, 512])
def test_a_collapsed_model_has_no_first_rank(size: int, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(size + width)
    vector = torch.nn.functional.normalize(torch.randn(1, width), dim=-1)
    rows = Representation(vector.expand(size, width).contiguous())
    relevant = [[n] for n in range(size)]
    for block in (1, 13, 8192):
        monkeypatch.setattr(ranking, "CANDIDATE_BLOCK", block)
        ranks = rank(scoring.dot, rows, rows, relevant, block_bytes=4 * size * 3)
        assert (ranks == size).all()


def test_near_ties_are_ties_and_more_is_not() -> None:
    one = 1.0
    ulp = 2.0**-23
    assert rank_matrix(torch.tensor([[one, one - 2 * ulp]]), [[0]]).tolist() == [2]
    assert rank_matrix(torch.tensor([[one, one - 40 * ulp]]), [[0]]).tolist() == [1]


def random_case(
    seed: int, queries: int = 23, candidates: int = 41
) -> tuple[Representation, Representation, list[list[int]]]:
    generator = torch.Generator().manual_seed(seed)
    q = Representation(torch.randn(queries, 16, generator=generator))
    c = Representation(torch.randn(candidates, 16, generator=generator))
    rng = np.random.default_rng(seed)
    return q, c, [rng.choice(candidates, rng.integers(0, 4), replace=False).tolist() for _ in range(queries)]


@pytest.mark.parametrize("block", [1, 5, 41])
def test_blocks_change_nothing(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    queries, candidates, relevant = random_case(0)
    expected = plain(scoring.dot(queries, candidates).tolist(), relevant)
    monkeypatch.setattr(ranking, "CANDIDATE_BLOCK", block)
    assert rank(scoring.dot, queries, candidates, relevant, block_bytes=block * 4).tolist() == expected


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_candidates_changes_nothing(seed: int) -> None:
    queries, candidates, relevant = random_case(seed)
    order = np.random.default_rng(seed).permutation(len(candidates))
    place = np.argsort(order)
    moved = [[int(place[c]) for c in own] for own in relevant]
    ranks = rank(scoring.dot, queries, candidates, relevant)
    assert rank(scoring.dot, queries, candidates[torch.from_numpy(order)], moved).tolist() == ranks.tolist()


def test_at_most_a_block_of_scores_is_asked_for() -> None:
    queries, candidates, relevant = random_case(1)
    asked = []

    def score(q: Representation, c: Representation) -> torch.Tensor:
        asked.append(len(q) * len(c))
        return scoring.dot(q, c)

    rank(score, queries, candidates, relevant, block_bytes=4 * 41 * 2)
    assert max(asked) <= 82
    assert sum(asked) == 23 * 41


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")])
def test_scores_that_are_no_numbers(odd: float) -> None:
    queries, candidates, relevant = random_case(2)

    def score(q: Representation, c: Representation) -> torch.Tensor:
        scores = scoring.dot(q, c)
        if len(q) == 1 and torch.equal(q.pooled[0], queries.pooled[7]):  # type: ignore[index]
            scores[0, 9] = odd
        return scores

    with pytest.raises(ScoreError, match="query 7 and candidate 9"):
        rank(score, queries, candidates, relevant, block_bytes=1)
    with pytest.raises(ScoreError, match="1 scores are not finite"):
        rank_matrix(torch.tensor([[odd, 1.0]]), [[0]])


def test_wrong_shapes() -> None:
    queries, candidates, relevant = random_case(3)
    with pytest.raises(ScoreError, match="must give"):
        rank(lambda q, c: scoring.dot(q, c).T, queries, candidates, relevant)
    with pytest.raises(ScoreError, match="23 queries"):
        rank(scoring.dot, queries, candidates, relevant[:-1])
