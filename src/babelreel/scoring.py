"""Representations to scores: pure functions on tensors. Higher is better, everywhere."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from babelreel.types import Representation

PAIR_BLOCK = 1 << 24  # floats that text-conditioned scoring holds at a time


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


class Pooling(NamedTuple):
    """Text-conditioned pooling at inference, folded: MuMUR's eq. 1-5 between two inner products.

    With one head, and W_q, b_q ... of the attention, W, b of the FC layer, gamma, beta, eps of the layer norm, for a
    text t and the tokens f_l of an item:

        logits   a_l = softmax_l(f_l . q'),  q' = W_k^T (W_q t + b_q) / sqrt(D)         b_k shifts all logits alike
        pooled   x = sum_l a_l u_l,  u_l = A f_l + c,  A = (I + W) W_o W_v,  c = (I + W)(W_o b_v + b_o) + b
        normed   y = gamma (x - mean x) / sqrt(|x - mean x|^2 / D + eps) + beta

    Attention weights sum to 1, so u may be centred before pooling; with v_l = u_l - mean(u_l) the numbers that a pair
    needs are linear and quadratic in a: t.y from f_l . A^T (gamma t), the norms from Gram matrices of v and gamma v.
    With H heads, head h has its own q'_h and A_h, c is shared out among them, and a runs over all H L of them.
    """

    query: Tensor  # (H, D, D): q'_h = query[h] @ t + query_bias[h]
    query_bias: Tensor  # (H, D)
    value: Tensor  # (H, D, D): v_hl = value[h] @ f_l + value_bias, centred
    value_bias: Tensor  # (D,)
    gamma: Tensor  # (D,)
    beta: Tensor  # (D,)
    eps: float


def text_conditioned(texts: Tensor, tokens: Tensor, mask: Tensor, pooling: Pooling, cosine: bool) -> Tensor:
    """Scores (Q, N) of texts (Q, D) with items pooled by each of them: tokens (N, L, D), mask (N, L), float32.

    The dot product t.y, or with `cosine` t.y / |y|. A pair costs 2 H L D + 2 (H L)^2 multiply-adds and no vector of its
    own; pooling it as written costs 2 H L D + 2 D^2. Items are taken in blocks of bounded memory.
    """
    heads, width = len(pooling.query), tokens.shape[-1]
    asked = torch.einsum("hde,qe->qhd", pooling.query, texts) + pooling.query_bias  # (Q, H, D)
    scaled = pooling.gamma * texts  # (Q, D)
    told = torch.einsum("hde,qd->qhe", pooling.value, scaled)  # (Q, H, D)
    shift = (scaled @ pooling.value_bias)[:, None] * heads  # (Q, 1)
    side = torch.cat([asked, told], dim=1).flatten(0, 1)  # (Q * 2H, D)
    plain = texts @ pooling.beta  # (Q,)
    each = len(texts) * 4 * heads * tokens.shape[1] + heads * tokens.shape[1] * (width + 2 * heads * tokens.shape[1])
    step = max(1, PAIR_BLOCK // each)
    out = texts.new_empty(len(texts), len(tokens))
    for start in range(0, len(tokens), step):
        items, real = tokens[start : start + step], mask[start : start + step]
        products = side @ items.flatten(0, 1).T  # (Q * 2H, N' * L)
        products = products.view(len(texts), 2, heads, len(items), -1).permute(1, 3, 0, 2, 4)  # (2, N', Q, H, L)
        attention = products[0].masked_fill(~real[:, None, None, :], float("-inf")).softmax(-1)  # (N', Q, H, L)
        linear = (attention * products[1]).sum((-2, -1)).T + shift  # (Q, N'), gamma t . (x - mean x)
        weights = attention.flatten(-2)  # (N', Q, H * L)
        centred = torch.einsum("hde,nle->nhld", pooling.value, items) + pooling.value_bias  # (N', H, L, D)
        centred = centred.flatten(1, 2)  # (N', H * L, D)
        spread = (_quadratic(weights, centred) / width + pooling.eps).rsqrt()  # (Q, N'), 1 / sigma
        score = linear * spread + plain[:, None]
        if cosine:
            across = (weights @ (centred @ (pooling.gamma * pooling.beta))[..., None])[..., 0].T  # (Q, N')
            square = _quadratic(weights, centred * pooling.gamma) * spread**2 + 2 * across * spread
            score = score / (square + pooling.beta.square().sum()).clamp(min=1e-24).sqrt()
        out[:, start : start + step] = score
    return out


def _quadratic(weights: Tensor, vectors: Tensor) -> Tensor:
    """Squared norms (Q, N) of sums weighted by (N, Q, K) of vectors (N, K, D), by way of their Gram matrices."""
    gram = vectors @ vectors.transpose(1, 2)  # (N, K, K)
    return ((weights @ gram) * weights).sum(-1).T.clamp(min=0)
