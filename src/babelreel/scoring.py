"""Representations to scores: pure functions on tensors. Higher is better, everywhere."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from babelreel.device import multiplies_bfloat16
from babelreel.errors import ScoreError
from babelreel.types import Representation

# Floats of text-conditioned scoring that are alive at a time: products of texts with tokens, and tokens brought to
# float32. On a processor the products of a tile stay in its cache between the passes over them; an accelerator wants
# work enough for all of it.
TILE = {"cpu": 1 << 19}
TILE_ELSEWHERE = 1 << 26
TOKENS_A_PRODUCT = 8
QUERIES = 512
FEW = 8


def dot(queries: Representation, items: Representation) -> Tensor:
    """Dot products of pooled vectors: (Q, D) and (N, D) give (Q, N); the cosine where both are normalised.

    Raises:
        ScoreError: when the widths differ.
    """
    assert queries.pooled is not None
    assert items.pooled is not None
    refuse_other_width(queries.pooled, items.pooled)
    return _products(queries.pooled.float(), items.pooled.float())


def masked_mean(tokens: Tensor, mask: Tensor) -> Tensor:
    """The mean over real tokens: (N, L, D) and (N, L) give (N, D); an all-masked row gives zeros."""
    weights = mask.unsqueeze(-1).to(tokens.dtype)
    return (tokens * weights).sum(1) / weights.sum(1).clamp(min=1)


def frame_scores(queries: Representation, items: Representation) -> Tensor:
    """How well each frame matches: dot products (Q, N, L) of pooled queries with tokens, -inf on padding."""
    assert queries.pooled is not None
    assert items.tokens is not None
    assert items.mask is not None
    refuse_other_width(queries.pooled, items.tokens)
    scores = _products(queries.pooled.float(), items.tokens.float().flatten(0, 1)).view(-1, *items.mask.shape)
    return scores.masked_fill_(~items.mask, float("-inf"))


def global_and_local(queries: Representation, items: Representation, weight: float) -> Tensor:
    """(Q, N): `weight` times the dot product of pooled vectors, and the rest times the best of an item's tokens.

    The score of slots, one global and several local vectors (LECCR, inference); with `weight` 0 it is MaxSim for a
    query of one vector (ColBERT).
    """
    best = frame_scores(queries, items).amax(-1)
    return best if weight == 0 else weight * dot(queries, items) + (1 - weight) * best


class Asked(NamedTuple):
    """What text-conditioned pooling asks of every item, for Q texts and H heads: see `text_conditioned`."""

    weigh: Tensor  # (Q, H, D): q'_h
    value: Tensor  # (Q, H, D): A_h^T (gamma t)
    shift: Tensor  # (Q,): c . (gamma t)
    plain: Tensor  # (Q,): beta . t
    norm: Norm

    def some(self, rows: slice) -> Asked:
        """Some of the texts."""
        return Asked(self.weigh[rows], self.value[rows], self.shift[rows], self.plain[rows], self.norm)


class Norm(NamedTuple):
    """What no text changes: the layer norm's eps, and for the cosine what |y| takes beside the Gram matrices."""

    eps: float
    across: Tensor | None = None  # (H, D): A_h^T (gamma beta)
    across_shift: Tensor | float = 0.0  # c . (gamma beta)
    beta_square: Tensor | float = 0.0  # |beta|^2


def text_conditioned(asked: Asked, items: Representation) -> Tensor:
    """Scores (Q, N) of texts with items pooled by each of them: MuMUR's eq. 1-5 between two inner products, exactly.

    With W_q, b_q ... of the attention, W, b of the FC layer, gamma, beta, eps of the layer norm, for a text t and the
    tokens f_l of an item, at inference and with one head:

        weights  a_l = softmax_l(f_l . q'),  q' = W_k^T (W_q t + b_q) / sqrt(D)         b_k shifts all logits alike
        pooled   x = sum_l a_l u_l,  u_l = A f_l + c,  A = (I + W) W_o W_v,  c = (I + W)(W_o b_v + b_o) + b
        normed   y = gamma (x - mean x) / sqrt(|x - mean x|^2 / D + eps) + beta

    Weights sum to 1, so u may be centred before it is pooled: below, A and c give centred vectors. What a pair needs is
    linear or quadratic in a. t.y takes sum_l a_l (f_l . A^T (gamma t)); the lengths take the Gram matrices of u and of
    gamma u, in which no text appears: `pair_constants`. With H heads, head h has its own q'_h and A_h, and a runs over
    all H L of them.

    A pair costs 2 H L D + 2 (H L)^2 multiply-adds and no vector of its own; as written it costs 2 H L D + 2 D^2. With
    `across` the score is the cosine's t.y / |y|, else t.y. `items` have tokens (N, L, D) in float32, bfloat16 or
    float16, their mask and constants. bfloat16 is multiplied as such where the processor can, all else in float32.
    Memory beside the result does not grow with Q or N.

    Raises:
        ScoreError: when a query has another width, an item has no real token, or a number is not finite.
    """
    tokens, mask, constants = _conditioned_parts(items)
    refuse_other_width(asked.weigh, tokens)
    heads, length = asked.weigh.shape[1], tokens.shape[1]
    tile = TILE.get(tokens.device.type, TILE_ELSEWHERE)
    step = max(1, min(len(asked.plain), QUERIES, tile // (2 * heads * length)))
    block = max(1, min(TOKENS_A_PRODUCT * tile // tokens[0].numel(), tile // (2 * heads * length * step)))
    columns = []
    for start in range(0, len(tokens), block):
        real, flat = mask[start : start + block], _multipliable(tokens[start : start + block]).flatten(0, 1)
        grams = _unpacked(constants[start : start + block], length, heads)  # (N', H L, G H L)
        rows = range(0, len(asked.plain), step)
        columns.append(torch.cat([_tile(asked.some(slice(r, r + step)), flat, real, grams) for r in rows]))
    scores = torch.cat(columns, dim=1)
    # An infinite length would give a score like any other, so what is stored of lengths is looked at for itself.
    if not (torch.isfinite(scores).all() and torch.isfinite(constants.sum())):
        raise ScoreError(_not_finite(scores, items))
    return scores


def _tile(asked: Asked, flat: Tensor, real: Tensor, grams: Tensor) -> Tensor:
    """Scores (Q, N) of one tile: tokens (N L, D), mask (N, L), and Gram matrices side by side (N, H L, G H L)."""
    (queries, heads, width), (count, length) = asked.weigh.shape, real.shape
    across = asked.norm.across
    side = torch.cat([part.flatten(0, -2) for part in (asked.weigh, asked.value, across) if part is not None])
    products = _products(side, flat).view(-1, heads, count, length)  # (2 Q and one more for the cosine, H, N, L)
    logits, values = products[:queries], products[queries : 2 * queries]
    weights = logits.masked_fill(~real, float("-inf")).softmax(-1)  # (Q, H, N, L)
    linear = (weights * values).sum((1, 3)) + asked.shift[:, None]  # (Q, N), (gamma t) . (x - mean x)
    joint = weights.permute(2, 0, 1, 3).flatten(2)  # (N, Q, H L)
    met = (joint @ grams).view(count, queries, -1, heads * length)  # (N, Q, G, H L)
    lengths = (met * joint.unsqueeze(2)).sum(-1).clamp(min=0).permute(2, 1, 0)  # (G, Q, N), squares
    spread = (lengths[0] / width + asked.norm.eps).rsqrt()  # (Q, N), 1 / sigma
    score = linear * spread + asked.plain[:, None]
    if across is None:
        return score
    along = (weights * products[-1]).sum((1, 3)) + asked.norm.across_shift  # (Q, N), (gamma (x - mean x)) . beta
    square = lengths[1] * spread**2 + 2 * along * spread + asked.norm.beta_square
    return score / square.clamp(min=1e-24).sqrt()


def attention(weigh: Tensor, items: Representation) -> Tensor:
    """The weights of text-conditioned pooling, (Q, H, N, L), for `Asked.weigh` (Q, H, D); 0 on padding.

    Raises:
        ScoreError: when a query has another width.
    """
    assert items.tokens is not None
    assert items.mask is not None
    refuse_other_width(weigh, items.tokens)
    flat = _multipliable(items.tokens).flatten(0, 1)
    logits = _products(weigh.flatten(0, 1), flat).view(*weigh.shape[:2], *items.mask.shape)
    return logits.masked_fill(~items.mask, float("-inf")).softmax(-1)


def pair_constants(values: Tensor, mask: Tensor, gamma: Tensor | None) -> Tensor:
    """What `text_conditioned` needs of each item beside its tokens, (N, L (L + 1) / 2, C) float32.

    `values` (N, H, L, D) are the tokens at each head as they are pooled, u, centred; with `gamma` (D,), for the cosine,
    C is 2 H^2, else H^2. The pairs are in the order of `Representation.constants`; one of different tokens counts
    twice, for the other order too, and those with padding are 0.
    """
    real = values * mask[:, None, :, None]
    kinds = [real] if gamma is None else [real, real * gamma]
    flat = [each.flatten(1, 2) for each in kinds]  # (N, H L, D)
    heads, length = values.shape[1:3]
    grams = torch.stack([each @ each.transpose(1, 2) for each in flat], dim=1)  # (N, G, H L, H L)
    grams = grams.view(*grams.shape[:2], heads, length, heads, length).permute(3, 5, 0, 1, 2, 4)
    row, column = torch.tril_indices(length, length, device=values.device)
    times = 2 - (row == column).to(grams.dtype)  # (P,)
    return (grams[row, column].transpose(0, 1) * times[:, None, None, None]).flatten(2)  # (N, P, G H H)


def _unpacked(constants: Tensor, length: int, heads: int) -> Tensor:
    """The lower triangles of the Gram matrices, the rest 0, side by side, (N, H L, G H L)."""
    row, column = torch.tril_indices(length, length, device=constants.device)
    grams = constants.view(*constants.shape[:2], -1, heads, heads)  # (N, P, G, H, H)
    full = constants.new_zeros(len(grams), heads, length, grams.shape[2], heads, length)
    full[:, :, row, :, :, column] = grams.permute(1, 0, 3, 2, 4)  # (P, N, H, G, H)
    return full.flatten(3).flatten(1, 2)


def _multipliable(tokens: Tensor) -> Tensor:
    """Tokens in a type that products are fast and accurate in: their own on an accelerator, else mostly float32."""
    if tokens.dtype not in (torch.bfloat16, torch.float16) or tokens.device.type != "cpu":
        return tokens
    return tokens if tokens.dtype == torch.bfloat16 and multiplies_bfloat16() else tokens.float()


def _products(rows: Tensor, tokens: Tensor) -> Tensor:
    """Dot products (R, K) in float32 of rows (R, D) and tokens (K, D)."""
    if tokens.dtype not in (torch.bfloat16, torch.float16):
        # A product of few rows with many is up to three times slower than the other way round.
        return rows @ tokens.T if len(rows) > FEW else (tokens @ rows.T).T.contiguous()
    if tokens.device.type == "cuda":
        return torch.mm(rows.to(tokens.dtype), tokens.T, out_dtype=torch.float32)
    return (rows.to(tokens.dtype) @ tokens.T).float()


def refuse_other_width(queries: Tensor, items: Tensor) -> None:
    """Raise ScoreError unless queries (Q, ..., D) and items (N, ..., D) are vectors of one width."""
    if queries.shape[-1] != items.shape[-1]:
        raise ScoreError(
            f"The queries have width {queries.shape[-1]}, the items {items.shape[-1]}: they come from different "
            "models. Encode both with one."
        )


def _conditioned_parts(items: Representation) -> tuple[Tensor, Tensor, Tensor]:
    if items.tokens is None or items.mask is None or items.constants is None:
        raise ScoreError(
            "Text-conditioned scoring reads tokens, a mask and constants, but the items have "
            f"{', '.join(items.fields())} alone. Encode them with this model, which computes all of these."
        )
    return items.tokens, items.mask, items.constants


def _not_finite(scores: Tensor, items: Representation) -> str:
    """Why scores are no finite numbers, in a sentence for the user."""
    odd = [~torch.isfinite(part.flatten(1)).all(1) for part in (items.tokens, items.constants) if part is not None]
    bad = ~torch.isfinite(scores)
    item = int((bad.any(0) | odd[0] | odd[1]).nonzero()[0])
    assert items.mask is not None
    if not items.mask[item].any():
        return f"Item {item} (counted from 0) has no real token: all of its mask is False. Leave it out."
    wrong = [n for n, t in items[item : item + 1].fields().items() if n != "mask" and not torch.isfinite(t).all()]
    if wrong:
        return (
            f"The {' and '.join(wrong)} of item {item} (counted from 0) hold numbers that are not finite, as those of "
            f"{int((odd[0] | odd[1]).sum())} of {len(items)} items do. The model or the store is damaged: encode these "
            "again."
        )
    query = int(bad[:, item].nonzero()[0])
    return f"The score of query {query} and item {item} (counted from 0) is not finite: the query or the model is not."
