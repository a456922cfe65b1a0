"""Representations to scores: pure functions on tensors. Higher is better, everywhere."""

from __future__ import annotations

import torch
from torch import Tensor

from babelreel.types import Representation


def dot(queries: Representation, items: Representation) -> Tensor:
    """Dot products of pooled vectors: (Q, D) and (N, D) give (Q, N); the cosine where both are normalised."""
    assert queries.pooled is not None
    assert items.pooled is not None
    return queries.pooled.float() @ items.pooled.float().T


def masked_mean(tokens: Tensor, mask: Tensor) -> Tensor:
    """The mean over real tokens: (N, L, D) and (N, L) give (N, D); an all-masked row gives zeros."""
    weights = mask.unsqueeze(-1).to(tokens.dtype)
    return (tokens * weights).sum(1) / weights.sum(1).clamp(min=1)


def frame_scores(queries: Representation, items: Representation) -> Tensor:
    """How well each frame matches: dot products (Q, N, L) of pooled queries with tokens, -inf on padding."""
    assert queries.pooled is not None
    assert items.tokens is not None
    assert items.mask is not None
    scores = torch.einsum("qd,nld->qnl", queries.pooled.float(), items.tokens.float())
    return scores.masked_fill(~items.mask, float("-inf"))
