"""Scores to ranks: tie-safe, in blocks, and the same whatever the block size or the order of the candidates.

A query's rank is 1 + the number of irrelevant candidates that score higher than, or equal to, its best relevant one.
Other relevant candidates do not count against it. A model that gives everything the same score gets the last rank, so
its R@1 is 0.

Two things keep rounding from parting what is equal. Candidates with the same representation get one score, so a tower
that maps every video to one vector ties exactly, for any score function. And scores within `TIE` of each other tie.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from babelreel.errors import ScoreError
from babelreel.types import Representation

Score = Callable[[Representation, Representation], Tensor]
# Scores (Q', C) of some queries with all candidates, and the magnitude (Q',) that rounding is relative to, to the same.
Adjust = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
Relevant = Sequence[Sequence[int] | np.ndarray]

# Scores this close, relative to the largest of their row, are equal: a matrix product gives equal pairs results that
# differ by a few units in the last place of float32, depending on where in the matrix they stand.
TIE = 4 * 2.0**-23
BLOCK_BYTES = 64 << 20
BLOCK_ROWS = 64  # queries at a time at the least: the candidates are read once a block
CANDIDATE_BLOCK = 8192


def rank(
    score: Score,
    queries: Representation,
    candidates: Representation,
    relevant: Relevant,
    *,
    adjust: Adjust | None = None,
    query_ids: Sequence[str] | None = None,
    candidate_ids: Sequence[str] | None = None,
    block_bytes: int | None = None,
) -> np.ndarray:
    """The rank of each query's best relevant candidate: (Q,) int64, 1 is best.

    `score(q, c)` gives (Q', C') scores of some queries and candidates, any float type, any device; higher is better.
    `relevant[q]` are positions of candidates; a query without any gets the rank C + 1. `adjust` changes scores before
    they are ranked, see `corrections`. The ids name what an error is about. The whole matrix never exists: at most
    `block_bytes` of scores are held at a time, by default 64 MiB, or 64 queries where C is beyond 260 thousand.

    Raises:
        ScoreError: when a score is NaN or infinite, `score` gives another shape, or `relevant` does not fit.
    """
    total, size = len(queries), len(candidates)
    pair_rows, pair_columns = _pairs(relevant, total, size)
    ranks = np.full(total, size + 1, np.int64)
    for start, scores, scale in score_blocks(score, queries, candidates, query_ids, candidate_ids, block_bytes):
        if adjust is not None:
            scores, scale = adjust(scores, scale)
        first, last = np.searchsorted(pair_rows, [start, start + len(scores)])
        found = _rank_rows(scores, scale, pair_rows[first:last] - start, pair_columns[first:last])
        block = slice(start, start + len(scores))
        ranks[block] = np.where(found > 0, found, ranks[block])
    return ranks


def score_blocks(
    score: Score,
    queries: Representation,
    candidates: Representation,
    query_ids: Sequence[str] | None = None,
    candidate_ids: Sequence[str] | None = None,
    block_bytes: int | None = None,
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Some queries at a time: the first one's place, scores (Q', C) with all candidates, the largest of each row (Q',).

    Copies of a candidate have its score to the last digit. Arguments and memory are those of `rank`.

    Raises:
        ScoreError: when a score is NaN or infinite, or `score` gives another shape.
    """
    if not len(candidates):
        return
    rows, columns = _block_shape(queries, candidates, block_bytes)
    copies, originals = _copies(candidates)
    for start in range(0, len(queries), rows):
        scores = _score_rows(score, queries[start : start + rows], candidates, columns)
        scores[:, copies] = scores[:, originals]
        yield start, scores, _scale(scores, start, query_ids, candidate_ids)


def rank_matrix(scores: Tensor, relevant: Relevant) -> np.ndarray:
    """The same for a matrix of scores (Q, C) that exists already; a query without relevant candidates gets C + 1.

    Raises:
        ScoreError: when a score is NaN or infinite, or `relevant` does not fit.
    """
    total, size = scores.shape
    pairs = _pairs(relevant, total, size)
    if not size or not total:
        return np.full(total, size + 1, np.int64)
    scores = scores.detach().to("cpu", torch.float32)
    found = _rank_rows(scores, _scale(scores, 0, None, None), *pairs)
    return np.where(found > 0, found, size + 1)


def _pairs(relevant: Relevant, total: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Relevant pairs as rows (P,) and columns (P,) int64, sorted by row, each pair once."""
    if len(relevant) != total:
        raise ScoreError(f"{total} queries came with relevant candidates for {len(relevant)}. Give a list a query.")
    counts = np.fromiter((len(r) for r in relevant), np.int64, total)
    flat = [np.asarray(r, np.int64) for r in relevant if len(r)]
    columns = np.concatenate(flat) if flat else np.zeros(0, np.int64)
    rows = np.repeat(np.arange(total), counts)
    outside = np.flatnonzero((columns < 0) | (columns >= size))
    if len(outside):
        raise ScoreError(
            f"Query {rows[outside[0]]} names the relevant candidate {columns[outside[0]]}, but there are {size}, "
            "counted from 0. Leave out a candidate that is missing; its query then fails."
        )
    pairs = np.unique(rows * max(size, 1) + columns)  # a pair named twice would count twice
    return pairs // max(size, 1), pairs % max(size, 1)


def _block_shape(queries: Representation, candidates: Representation, block_bytes: int | None) -> tuple[int, int]:
    """How many queries and candidates are scored at once; a score over tokens holds a number for each pair of them."""
    lengths = [r.tokens.shape[1] for r in (queries, candidates) if r.tokens is not None]
    each = 4 * int(np.prod(lengths, dtype=np.int64).clip(1))
    size, least = len(candidates), 1
    if block_bytes is None:
        block_bytes, least = max(BLOCK_BYTES, 4 * BLOCK_ROWS * size), BLOCK_ROWS
    rows = max(least, block_bytes // (each * size))
    rows = min(rows, max(1, len(queries)))
    return rows, min(max(1, block_bytes // (each * rows)), CANDIDATE_BLOCK)


def _copies(candidates: Representation) -> tuple[Tensor, Tensor]:
    """Positions (K,) of candidates whose representation stood before, and (K,) where it stood first."""
    digests = bytearray()
    for start in range(0, len(candidates), CANDIDATE_BLOCK):
        fields = candidates[start : start + CANDIDATE_BLOCK].fields().values()
        raw = [f.detach().cpu().contiguous().view(torch.uint8).flatten(1).numpy() for f in fields]  # (C', bytes)
        for row in np.concatenate(raw, axis=1):
            digests += hashlib.blake2b(row, digest_size=8).digest()
    _, first, back = np.unique(np.frombuffer(digests, np.uint64), return_index=True, return_inverse=True)
    original = first[back]
    copies = np.flatnonzero(original != np.arange(len(original)))
    return torch.from_numpy(copies), torch.from_numpy(original[copies])


def _score_rows(score: Score, queries: Representation, candidates: Representation, columns: int) -> Tensor:
    """(Q', C) float32 scores of a block of queries with all candidates, `columns` of them at a time."""
    out = torch.empty(len(queries), len(candidates))
    for start in range(0, len(candidates), columns):
        stop = min(start + columns, len(candidates))
        with torch.no_grad():
            part = score(queries, candidates[start:stop])
        if part.shape != (len(queries), stop - start):
            wanted = (len(queries), stop - start)
            raise ScoreError(f"A score function must give (queries, candidates) = {wanted}, found {tuple(part.shape)}.")
        out[:, start:stop] = part
    return out


def _scale(scores: Tensor, start: int, query_ids: Sequence[str] | None, candidate_ids: Sequence[str] | None) -> Tensor:
    """The largest absolute score of each row, (Q',); refuses what is no number. Row 0 is the query `start`."""
    low, high = torch.aminmax(scores, dim=1)
    if not (torch.isfinite(low) & torch.isfinite(high)).all():
        odd = ~torch.isfinite(scores)
        row, column = odd.nonzero()[0].tolist()
        query = repr(query_ids[start + row]) if query_ids is not None else f"{start + row} (counted from 0)"
        candidate = repr(candidate_ids[column]) if candidate_ids is not None else f"{column} (counted from 0)"
        raise ScoreError(
            f"{int(odd.sum())} of {scores.numel()} scores are not finite numbers, the first for query {query} and "
            f"candidate {candidate}: {scores[row, column].item()}. The model's weights or its input are damaged; "
            "nothing can be ranked."
        )
    return torch.maximum(-low, high)


def _rank_rows(scores: Tensor, scale: Tensor, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(Q',) ranks by scores (Q', C), 0 where a query has none of the relevant pairs `rows`, `columns` (P,)."""
    row, column = torch.from_numpy(rows), torch.from_numpy(columns)
    own = scores[row, column]
    best = torch.full((len(scores),), float("-inf")).scatter_reduce(0, row, own, "amax")
    bar = best - TIE * scale
    ahead = (scores >= bar.unsqueeze(1)).sum(dim=1)
    ahead -= torch.bincount(row, own >= bar[row], minlength=len(scores)).long()  # relevant ones do not count
    return np.where(np.bincount(rows, minlength=len(scores)) > 0, 1 + ahead.numpy(), 0)


def top_k(
    score: Score,
    queries: Representation,
    blocks: Iterable[tuple[Sequence[str], Representation]],
    k: int,
    *,
    block_bytes: int = BLOCK_BYTES,
    query_ids: Sequence[str] | None = None,
) -> list[tuple[list[str], np.ndarray]]:
    """The `k` best candidates of each of Q queries, best first: ids and float32 scores; fewer where there are no more.

    `blocks` gives candidates some at a time, N' ids with N' rows; `in_blocks` cuts rows that lie in memory. Scores
    within `TIE` of each other tie, and ties are ordered by id, so the answer depends neither on the order of the
    candidates nor on how they are cut. Held are at most `block_bytes` of scores, one block, and Q k answers.

    Raises:
        ScoreError: when a score is NaN or infinite, or `score` gives another shape.
    """
    if k < 1:
        raise ScoreError(f"At least one candidate must be asked for, found k = {k}.")
    best = [_Best.empty() for _ in range(len(queries))]
    for ids, rows in blocks:
        step = max(1, block_bytes // (4 * max(1, len(ids))))
        for start in range(0, len(queries) if len(ids) else 0, step):
            scores = _score_rows(score, queries[start : start + step], rows, len(ids))
            scale = _scale(scores, start, query_ids, ids)
            for row, (positions, values) in enumerate(_contenders(scores, scale, k)):
                found = _Best([ids[p] for p in positions], values, float(scale[row]))
                best[start + row] = best[start + row].merged(found, k)
    return [(each.ids, each.scores) for each in best]


def in_blocks(
    ids: Sequence[str], rows: Representation, size: int = CANDIDATE_BLOCK
) -> Iterator[tuple[Sequence[str], Representation]]:
    """Rows that lie in memory, at most `size` at a time, with their ids."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size], rows[start : start + size]


def _contenders(scores: Tensor, scale: Tensor, k: int) -> Iterator[tuple[list[int], np.ndarray]]:
    """For each row of (Q', C) scores the positions and scores of its `k` best, and of what ties with the last."""
    values, positions = scores.topk(min(k, scores.shape[1]), dim=1)
    bar = values[:, -1] - TIE * scale
    more = int((scores >= bar.unsqueeze(1)).sum(1).max())
    if more > values.shape[1]:
        values, positions = scores.topk(more, dim=1)
    counts = (values >= bar.unsqueeze(1)).sum(1).tolist()
    for row, count in enumerate(counts):
        yield positions[row, :count].tolist(), values[row, :count].numpy()


class _Best(NamedTuple):
    """A query's best so far. Scores fall, but for ties, which are ordered by id; `scale` is the largest seen."""

    ids: list[str]
    scores: np.ndarray
    scale: float

    @classmethod
    def empty(cls) -> _Best:
        return cls([], np.zeros(0, np.float32), 0.0)

    def merged(self, other: _Best, k: int) -> _Best:
        """The `k` best of both."""
        scores, scale = np.concatenate([self.scores, other.scores]), max(self.scale, other.scale)
        ids = [*self.ids, *other.ids]
        order = np.argsort(-scores, kind="stable")
        apart = -np.diff(scores[order]) > TIE * scale
        if not apart[:k].all():
            group = np.concatenate([[0], np.cumsum(apart)])
            ranked = sorted((level, ids[position], position) for level, position in zip(group, order, strict=True))
            order = np.array([position for _, _, position in ranked])
        return _Best([ids[p] for p in order[:k]], scores[order[:k]], scale)
