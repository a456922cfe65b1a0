"""ranking.py: ties count against us, blocks and order change nothing, nothing that is not a number gets a rank."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from babelreel import ranking, scoring
from babelreel.errors import ScoreError
from babelreel.methods.crossmodal import CrossModal
from babelreel.ranking import Score, rank, rank_matrix
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


def unit(rows: int, width: int, seed: int = 0) -> torch.Tensor:
    vectors = torch.randn(rows, width, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(vectors, dim=-1)


def transposed(media: Representation, texts: Representation) -> torch.Tensor:
    return scoring.dot(texts, media).T


@pytest.mark.parametrize("size", [1, 2, 7, 33, 257])
@pytest.mark.parametrize("width", [3, 61, 512])
def test_a_collapsed_model_has_the_last_rank(size: int, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Representation(unit(1, width, size).expand(size, width).contiguous())
    relevant = [[n] for n in range(size)]
    for block in (1, 13, 8192):
        monkeypatch.setattr(ranking, "CANDIDATE_BLOCK", block)
        assert (rank(scoring.dot, rows, rows, relevant, block_bytes=4 * size * 3) == size).all()


@pytest.mark.parametrize("score", [scoring.dot, transposed])
@pytest.mark.parametrize("width", [17, 512, 1000])
def test_one_vector_for_every_candidate_has_the_last_rank(score: Score, width: int) -> None:
    """The queries differ, so scores lie near 0, where rounding is large beside them: closeness alone finds no tie."""
    queries = Representation(unit(200, width))
    for size in (2, 3, 5, 7, 13, 19, 33, 65):
        candidates = Representation(unit(1, width, size).expand(size, width).contiguous())
        assert (rank(score, queries, candidates, [[n % size] for n in range(200)]) == size).all()


def test_some_equal_candidates_tie_exactly() -> None:
    queries, vectors = unit(50, 512), unit(6, 512, 1)
    drawn = np.random.default_rng(0).integers(0, 6, 37)
    relevant = [np.random.default_rng(q).choice(37, 2, replace=False).tolist() for q in range(50)]
    exact = (queries.double() @ vectors.double().T)[:, drawn]
    ranks = rank(scoring.dot, Representation(queries), Representation(vectors[drawn]), relevant)
    assert ranks.tolist() == plain(exact.tolist(), relevant)


def test_candidates_with_other_tokens_are_not_the_same() -> None:
    pooled = torch.ones(2, 3)
    tokens = torch.tensor([[[1.0, 0, 0]], [[2.0, 0, 0]]])
    candidates = Representation(pooled, tokens, torch.ones(2, 1, dtype=torch.bool))
    ranks = rank(lambda q, c: scoring.frame_scores(q, c).amax(-1), Representation(torch.ones(1, 3)), candidates, [[1]])
    assert ranks.tolist() == [1]


def test_a_model_collapsed_but_for_rounding_has_no_first_rank() -> None:
    generator = torch.Generator().manual_seed(0)
    noise = 1 + 2.0**-23 * torch.randint(-1, 2, (101, 512), generator=generator)
    rows = Representation(unit(1, 512) * noise)
    assert (rank(scoring.dot, rows, rows, [[n] for n in range(101)]) == 101).all()


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


@given(
    seed=st.integers(0, 2**16), block=st.integers(1, 4000), queries=st.integers(1, 12), candidates=st.integers(0, 30)
)
@settings(max_examples=100, deadline=None)
def test_equals_the_definition_whatever_the_block(seed: int, block: int, queries: int, candidates: int) -> None:
    rng = np.random.default_rng(seed)
    q, c = (Representation(torch.from_numpy(rng.integers(-2, 3, (n, 3))).float()) for n in (queries, candidates))
    relevant = [rng.choice(candidates, min(candidates, rng.integers(0, 4)), replace=False) for _ in range(queries)]
    expected = plain(scoring.dot(q, c).tolist(), [own.tolist() for own in relevant])
    assert rank(scoring.dot, q, c, relevant, block_bytes=block).tolist() == expected
    assert rank(scoring.dot, q, c, relevant).tolist() == expected


def test_a_query_without_relevant_candidates_fails_and_stays() -> None:
    queries, candidates = Representation(torch.eye(3)), Representation(torch.eye(3))
    assert rank(scoring.dot, queries, candidates, [[0], [], [2]]).tolist() == [1, 4, 1]
    assert rank(scoring.dot, queries, candidates[:0], [[], [], []]).tolist() == [1, 1, 1]
    assert rank(scoring.dot, queries[:0], candidates, []).tolist() == []
    assert rank_matrix(torch.zeros(2, 0), [[], []]).tolist() == [1, 1]


def test_a_candidate_named_twice_counts_once() -> None:
    assert rank_matrix(torch.tensor([[1.0, 1.0, 2.0]]), [[0, 0, 0]]).tolist() == [3]


def asked_sizes(queries: Representation, candidates: Representation, block_bytes: int | None) -> list[int]:
    asked = []

    def score(q: Representation, c: Representation) -> torch.Tensor:
        asked.append(len(q) * len(c))
        return torch.rand(len(q), len(c))

    rank(score, queries, candidates, [[0]] * len(queries), block_bytes=block_bytes)
    return asked


def test_at_most_a_block_of_scores_is_asked_for() -> None:
    queries, candidates, _ = random_case(1)
    asked = asked_sizes(queries, candidates, 4 * 41 * 2)
    assert max(asked) == 82
    assert sum(asked) == 23 * 41


def test_a_score_over_tokens_is_asked_for_less_at_a_time() -> None:
    queries = Representation(torch.randn(23, 16))
    tokens = Representation(torch.randn(41, 16), torch.randn(41, 10, 16), torch.ones(41, 10, dtype=torch.bool))
    asked = asked_sizes(queries, tokens, 4 * 41 * 2)
    assert max(asked) == 8  # 82 numbers, 10 a pair
    assert sum(asked) == 23 * 41


def test_many_candidates_are_read_once_for_many_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "BLOCK_BYTES", 40)
    assert len(asked_sizes(Representation(torch.randn(128, 2)), Representation(torch.randn(500, 2)), None)) == 2


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("block_bytes", [1, None])
def test_scores_that_are_no_numbers(odd: float, block_bytes: int | None) -> None:
    queries, candidates, relevant = random_case(2)
    candidates.pooled[9, 3] = odd  # type: ignore[index]
    queries.pooled[:, 3] = (torch.arange(23) >= 7).float()  # type: ignore[index]

    def score(q: Representation, c: Representation) -> torch.Tensor:
        return (
            (q.pooled[:, None] * c.pooled.nan_to_num(0, 0, 0)).sum(-1)
            + torch.where(  # type: ignore[index,union-attr]
                (q.pooled[:, 3:4] > 0) & ~c.pooled[:, 3].isfinite(),
                odd,
                0.0,  # type: ignore[index]
            )
        )

    with pytest.raises(ScoreError, match=r"query 7 \(counted from 0\) and candidate 9 \(counted from 0\)"):
        rank(score, queries, candidates, relevant, block_bytes=block_bytes)
    ids = [f"q{n}" for n in range(23)], [f"c{n}" for n in range(41)]
    with pytest.raises(ScoreError, match="query 'q7' and candidate 'c9'"):
        rank(score, queries, candidates, relevant, block_bytes=block_bytes, query_ids=ids[0], candidate_ids=ids[1])
    with pytest.raises(ScoreError, match="1 of 2 scores are not finite"):
        rank_matrix(torch.tensor([[odd, 1.0]]), [[0]])


def test_what_does_not_fit() -> None:
    queries, candidates, relevant = random_case(3)
    with pytest.raises(ScoreError, match="must give"):
        rank(lambda q, c: scoring.dot(q, c).T, queries, candidates, relevant)
    with pytest.raises(ScoreError, match="23 queries"):
        rank(scoring.dot, queries, candidates, relevant[:-1])
    for outside in (-1, 41):
        with pytest.raises(ScoreError, match=f"names the relevant candidate {outside}, but there are 41"):
            rank(scoring.dot, queries, candidates, [[outside], *relevant[1:]])
    with pytest.raises(ScoreError, match="1 queries"):
        rank_matrix(torch.zeros(1, 2), [[0], [1]])


def test_scores_of_other_types_and_with_gradients() -> None:
    queries, candidates, relevant = random_case(4)
    expected = rank(scoring.dot, queries, candidates, relevant)
    scale = torch.nn.Parameter(torch.tensor(2.0))
    for kind in (torch.float64, torch.float32):
        ranks = rank(lambda q, c, kind=kind: (scale * scoring.dot(q, c)).to(kind), queries, candidates, relevant)
        assert ranks.tolist() == expected.tolist()
    assert rank_matrix(scale * scoring.dot(queries, candidates), relevant).tolist() == expected.tolist()


def best_by_definition(scores: torch.Tensor, ids: list[str], k: int) -> list[list[str]]:
    """Sorted by score, then by id; for scores that are equal or far apart."""
    return [
        [ids[c] for c in sorted(range(len(ids)), key=lambda c: (-row[c], ids[c]))[:k]]
        for row in scores.double().tolist()
    ]


def with_twins(seed: int, candidates: int) -> tuple[Representation, Representation, list[str]]:
    """Queries, and candidates of which some are copies of others, with ids in no order."""
    generator = torch.Generator().manual_seed(seed)
    queries = Representation(torch.randn(4, 16, generator=generator))
    different = torch.randn(max(1, candidates // 2), 16, generator=generator)
    pooled = different[torch.randint(0, len(different), (candidates,), generator=generator)]
    ids = [f"id{n:03d}" for n in torch.randperm(candidates, generator=generator).tolist()]
    return queries, Representation(pooled), ids


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 99), candidates=st.integers(1, 40), k=st.integers(1, 50), size=st.integers(1, 50),
    block_bytes=st.sampled_from([4, 64, 1 << 20]),
)  # fmt: skip
def test_the_k_best_whatever_the_block_and_the_order(
    seed: int, candidates: int, k: int, size: int, block_bytes: int
) -> None:
    queries, items, ids = with_twins(seed, candidates)
    scores = scoring.dot(queries, items)
    first = {}  # copies score the same to the last digit
    for n, row in enumerate(items.pooled.tolist()):  # type: ignore[union-attr]
        first.setdefault(tuple(row), n)
    same = torch.stack([scores[:, first[tuple(row)]] for row in items.pooled.tolist()], 1)  # type: ignore[union-attr]
    expected = best_by_definition(same, ids, k)
    found = ranking.top_k(scoring.dot, queries, ranking.in_blocks(ids, items, size), k, block_bytes=block_bytes)
    assert [got for got, _ in found] == expected
    for q, (got, values) in enumerate(found):
        torch.testing.assert_close(torch.from_numpy(values), scores[q, [ids.index(i) for i in got]])
    order = np.random.default_rng(seed).permutation(candidates)
    mixed = ranking.in_blocks([ids[n] for n in order], items[order], size)
    assert [got for got, _ in ranking.top_k(scoring.dot, queries, mixed, k)] == expected


def test_when_all_tie_the_first_ids_are_the_best() -> None:
    ids = [f"{n:02d}" for n in range(50)][::-1]
    rounding = 1 + torch.rand(50, generator=torch.Generator().manual_seed(0)) * 2.0**-23
    queries, items = Representation(torch.ones(1, 1)), Representation(rounding[:, None])
    for size in (1, 7, 50):
        ((found, _),) = ranking.top_k(scoring.dot, queries, ranking.in_blocks(ids, items, size), 5)
        assert found == ["00", "01", "02", "03", "04"]


def test_at_most_a_block_of_the_scores_is_held() -> None:
    queries, items, ids = with_twins(0, 40)
    asked: list[int] = []

    def score(q: Representation, c: Representation) -> torch.Tensor:
        asked.append(len(q) * len(c))
        return scoring.dot(q, c)

    ranking.top_k(score, queries, ranking.in_blocks(ids, items, 10), 3, block_bytes=80)
    assert max(asked) == 20
    assert sum(asked) == 160


def test_top_k_of_nothing_and_of_what_is_no_number() -> None:
    queries = Representation(torch.ones(2, 1))
    assert [ids for ids, _ in ranking.top_k(scoring.dot, queries, [], 3)] == [[], []]
    with pytest.raises(ScoreError, match="k = 0"):
        ranking.top_k(scoring.dot, queries, [], 0)
    items = Representation(torch.tensor([[1.0], [float("nan")]]))
    with pytest.raises(ScoreError, match=r"candidate 'b': nan"):
        ranking.top_k(scoring.dot, queries, [(["a", "b"], items)], 1)


def test_slots_and_text_conditioned_items_are_ranked_by_the_same_top_k() -> None:
    """Whatever `score` reads of the rows: the answer is that of the whole matrix."""
    generator = torch.Generator().manual_seed(0)
    tokens, mask = torch.randn(30, 4, 16, generator=generator), torch.rand(30, 4, generator=generator) > 0.3
    mask[:, 0] = True
    module = CrossModal(16, 2, 0.0).eval()
    with torch.no_grad():
        constants = module.constants(tokens, mask, True)
    items = Representation(torch.randn(30, 16, generator=generator), tokens, mask, None, constants)
    queries = Representation(torch.randn(5, 16, generator=generator))
    ids = [f"{n:02d}" for n in range(30)]

    def conditioned(q: Representation, i: Representation) -> torch.Tensor:
        assert q.pooled is not None
        return scoring.text_conditioned(module.ask(q.pooled, True), i)

    for score in (partial(scoring.global_and_local, weight=0.8), conditioned):
        with torch.no_grad():
            expected = best_by_definition(score(queries, items), ids, 7)
            found = ranking.top_k(score, queries, ranking.in_blocks(ids, items, 8), 7)
        assert [got for got, _ in found] == expected
