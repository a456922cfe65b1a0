"""Scores to ranks: tie-safe, in blocks, and the same whatever the block size or the order of the candidates.

A query's rank is 1 + the number of irrelevant candidates that score higher than, or equal to, its best relevant one.
Other relevant candidates do not count against it. A model that gives everything the same score gets the last rank, so
its R@1 is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from babelreel.errors import ScoreError
from babelreel.types import Representation

Score = Callable[[Representation, Representation], Tensor]

# Scores this close, relative to the largest of their row, are equal: a matrix product gives equal pairs results that
# differ by a few units in the last place of float32, depending on where in the matrix they stand.
TIE = 4 * 2.0**-23
BLOCK_BYTES = 64 << 20
CANDIDATE_BLOCK = 8192


def rank(
    score: Score,
    queries: Representation,
    candidates: Representation,
    relevant: Sequence[Sequence[int] | np.ndarray],
    *,
    block_bytes: int = BLOCK_BYTES,
    missing: int | None = None,
) -> np.ndarray:
    """The rank of each query's best relevant candidate: (Q,) int64, 1 is best.

    `score(q, c)` gives (Q', C') scores of some queries and candidates; it is called on blocks, and at most `block_bytes`
    of scores are held at a time. `relevant[q]` are positions of candidates; a query without any gets the rank `missing`
    (default: C + 1).

    Raises:
        ScoreError: when a score is NaN or infinite, or `score` gives another shape.
    """
    total, size = len(queries), len(candidates)
    if len(relevant) != total:
        raise ScoreError(f"{total} queries came with relevant candidates for {len(relevant)}.")
    ranks = np.empty(total, np.int64)
    rows = max(1, block_bytes // (4 * max(size, 1)))
    for start in range(0, total, rows):
        stop = min(start + rows, total)
        scores = _score_rows(score, queries[start:stop], candidates, start)
        found = _rank_rows(scores, relevant[start:stop])
        ranks[start:stop] = np.where(found > 0, found, size + 1 if missing is None else missing)
    return ranks


def rank_matrix(scores: Tensor, relevant: Sequence[Sequence[int] | np.ndarray]) -> np.ndarray:
    """The same for a matrix of scores (Q, C) that exists already; a query without relevant candidates gets C + 1."""
    _refuse_odd(scores, 0, 0)
    found = _rank_rows(scores.float().clone(), relevant)
    return np.where(found > 0, found, scores.shape[1] + 1)


def _score_rows(score: Score, queries: Representation, candidates: Representation, first: int) -> Tensor:
    """(Q', C) float32 scores of a block of queries with all candidates."""
    out = torch.empty(len(queries), len(candidates))
    for start in range(0, len(candidates), CANDIDATE_BLOCK):
        stop = min(start + CANDIDATE_BLOCK, len(candidates))
        part = score(queries, candidates[start:stop])
        if part.shape != (len(queries), stop - start):
            wanted = (len(queries), stop - start)
            raise ScoreError(f"A score function must give (queries, candidates) = {wanted}, found {tuple(part.shape)}.")
        _refuse_odd(part, first, start)
        out[:, start:stop] = part
    return out


def _refuse_odd(scores: Tensor, first_query: int, first_candidate: int) -> None:
    finite = torch.isfinite(scores)
    if not finite.all():
        row, column = (~finite).nonzero()[0].tolist()
        raise ScoreError(
            f"{int((~finite).sum())} scores are not finite numbers, the first for query {first_query + row} and candidate "
            f"{first_candidate + column} (counted from 0): {scores[row, column].item()}. The model's weights or its "
            "input are damaged; nothing can be ranked."
        )


def _rank_rows(scores: Tensor, relevant: Sequence[Sequence[int] | np.ndarray]) -> np.ndarray:
    """(Q',) ranks, 0 where a query has no relevant candidate. `scores` (Q', C) is overwritten."""
    counts = np.fromiter((len(r) for r in relevant), np.int64, len(relevant))
    row = torch.from_numpy(np.repeat(np.arange(len(relevant)), counts))
    flat = [np.asarray(r, np.int64) for r in relevant if len(r)]
    column = torch.from_numpy(np.concatenate(flat)) if flat else torch.zeros(0, dtype=torch.long)
    best = torch.full((len(relevant),), float("-inf"))
    best.scatter_reduce_(0, row, scores[row, column], "amax")
    largest = scores.abs().amax(dim=1) if scores.shape[1] else torch.zeros(len(relevant))
    scores[row, column] = float("-inf")  # other relevant candidates do not count
    ahead = (scores >= (best - TIE * largest).unsqueeze(1)).sum(dim=1)
    return np.where(counts > 0, 1 + ahead.numpy(), 0)
