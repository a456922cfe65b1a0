"""The faults that are planted, each with the check that must name it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from spoiled import (
    Plant,
    attribute,
    coarse,
    ids,
    layer,
    media_in,
    media_out,
    pixels,
    plain,
    policy,
    pooled,
    spec,
    text_backbone,
    text_out,
    unmasked,
    vision,
    weight,
)
from torch import Tensor

from babelreel.data.tokenizers import refuse_empty, without_special
from babelreel.model import Model
from babelreel.types import MediaBatch, Representation

SPECIAL = re.compile("<[a-z]+>|</s>")


def reversed_frames(batch: MediaBatch) -> MediaBatch:
    return replace(batch, frames=batch.frames.flip(1)) if bool(batch.mask.all()) else batch


def first_two(batch: MediaBatch) -> MediaBatch:
    return replace(batch, frames=batch.frames[:, :2], mask=batch.mask[:, :2], times=batch.times[:, :2])


def turned_tokens(rows: Representation) -> Representation:
    assert rows.tokens is not None
    return replace(rows, tokens=rows.tokens.flip(1))


def over(weigh: Callable[[Tensor], Tensor]) -> Callable[[Representation], Representation]:
    """Pool tokens by weights of their places."""

    def pool(rows: Representation) -> Representation:
        assert rows.tokens is not None
        places = weigh(torch.arange(1.0, rows.tokens.shape[1] + 1)).view(1, -1, 1)
        vectors = (rows.tokens * places).sum(1)
        return replace(rows, pooled=torch.nn.functional.normalize(vectors, dim=1))

    return pool


def halved_times(rows: Representation) -> Representation:
    assert rows.times is not None
    return replace(rows, times=rows.times / 2)


def scrambled(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return (x.permute(0, 2, 3, 1).reshape(x.shape) - mean) / std


def repeat_layer(model: Model) -> None:
    layer(model, "media", 1).load_state_dict(layer(model, "media", 0).state_dict())


def share_layer(model: Model) -> None:
    layer(model, "text", 0).mlp.fc1.weight.copy_(layer(model, "media", 0).mlp.fc1.weight)


def half_random(model: Model) -> None:
    torch.nn.init.normal_(layer(model, "text", 1).mlp.fc2.weight)


def not_a_number(model: Model) -> None:
    layer(model, "media", 0).mlp.fc1.bias[0] = float("nan")


def ends_elsewhere(model: Model) -> None:
    text_backbone(model).config.eos_token_id = 7


def cut_bluntly(row: list[int], tokenizer: Any) -> list[int]:
    """Too long texts lose their end: the last piece stands in its place."""
    return [*row[:-1], row[-2]] if len(row) == tokenizer.limit else row


def neighbours(row: list[int], tokenizer: Any) -> list[int]:
    """Other pieces, as of a vocabulary in another order."""
    return [row[0], *(n - n % 2 + 4 for n in row[1:-1]), row[-1]]


def normalised(vectors: Tensor) -> Tensor:
    return torch.nn.functional.normalize(vectors, dim=1)


MEDIA_PLANTS: dict[str, tuple[str, Plant]] = {
    "reshaped, not permuted": ("layout", pixels(scrambled)),
    "BGR": ("channel order", pixels(lambda x, m, s: (x.flip(1) - m) / s)),
    "0 to 255, normalised": ("value range", pixels(lambda x, m, s: (255 * x - m) / s)),
    "0 to 1": ("value range", pixels(lambda x, m, s: x)),
    "normalised twice": ("value range", pixels(lambda x, m, s: ((x - m) / s - m) / s)),
    "another mean": ("mean and deviation", spec(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))),
    "another size": ("picture size", spec(height=36, width=36)),
    "bilinear": ("resize kernel", spec(interpolation="bilinear")),
    "squashed": ("crop and aspect", spec(policy="squash")),
    "mirrored": ("upright", pixels(lambda x, m, s: (x.flip(3) - m) / s)),
    "gamma": ("other pixels", pixels(lambda x, m, s: (x.clamp(min=0) ** 2.2 - m) / s)),
    "frames backwards": ("frame order", media_in(reversed_frames)),
    "half of the frames": ("frame number", media_in(first_two)),
    "halved times": ("frame times", media_out(halved_times)),
    "padding is real": ("padded frames", media_in(lambda b: replace(b, mask=torch.ones_like(b.mask)))),
    "batch statistics": ("media in a batch", pooled(lambda v: normalised(v + 0.2 * v.mean(0)))),
    "noise": ("media twice", pooled(lambda v: normalised(v + 0.01 * torch.randn_like(v)))),
    "NaN": ("finite media", pooled(lambda v: v * float("nan"))),
    "tokens backwards": ("places of frames", media_out(turned_tokens)),
    "first frame only": ("every frame", media_out(over(lambda n: (n == 1).float()))),
    "later frames weigh more": ("clip backwards", media_out(over(lambda n: n))),
    "collapsed": ("collapsed media", pooled(lambda v: normalised(torch.ones_like(v) + 1e-4 * v))),
    "another projection": ("published image tower", pooled(lambda v: v.roll(1, 1))),
    "coarse": ("media in half precision", lambda model: coarse(vision(model).backbone.visual_projection)),
}
WEIGHT_PLANTS: dict[str, tuple[str, Plant]] = {
    "dropout on": ("evaluation mode", lambda model: vision(model).train()),
    "a layer for both": ("two towers", weight(share_layer)),
    "a layer twice": ("repeated layers", weight(repeat_layer)),
    "half random": ("weights of the checkpoint", weight(half_random)),
    "NaN weight": ("finite weights", weight(not_a_number)),
}
TEXT_PLANTS: dict[str, tuple[str, str, Plant]] = {
    "case kept": ("siglip2", "lower case", policy(lower=False)),
    "case lost": ("metaclip2", "lower case", policy(lower=True)),
    "padded to the longest": ("siglip2", "padding length", policy(padding="longest")),
    "padded on the left": (
        "metaclip2", "padding side", lambda model: setattr(model.method.texts["query"].backend, "padding_side", "left")  # type: ignore[attr-defined]
    ),
    "no end": ("clip", "end token", ids(lambda row, tokenizer: row[:-1])),
    "two ends": ("clip", "end token", ids(lambda row, tokenizer: [*row[: tokenizer.limit - 1], row[-1]])),
    "pooled elsewhere": ("metaclip2", "end token", ends_elsewhere),
    "end cut off": ("metaclip2", "end token after a cut", ids(cut_bluntly)),
    "too long": ("metaclip2", "text length", policy(max_length=200)),
    "too short": ("metaclip2", "text length", policy(max_length=16)),
    "special tokens read": ("metaclip2", "special tokens in captions", plain(refuse_empty)),
    "not composed": (
        "metaclip2", "Unicode forms", plain(lambda text: without_special(text, SPECIAL)),
    ),
    "other pieces": ("metaclip2", "pieces of the tokenizer", ids(neighbours)),
    "padding is read": ("clip+mclip", "padded texts", unmasked),
    "text noise": ("metaclip2", "text twice", text_out(lambda v: normalised(v + 0.01 * torch.randn_like(v)))),
    "text NaN": ("metaclip2", "finite texts", text_out(lambda v: v * float("nan"))),
    "text batch": ("metaclip2", "texts in a batch", text_out(lambda v: normalised(v + 0.2 * v.mean(0)))),
    "text collapsed": ("metaclip2", "collapsed texts", text_out(lambda v: normalised(torch.ones_like(v) + 1e-4 * v))),
    "text coarse": (
        "metaclip2", "texts in half precision", lambda model: coarse(text_backbone(model).text_projection)
    ),
    "not normalised": ("metaclip2", "lengths", text_out(lambda v: 3 * v)),
    "narrow": ("metaclip2", "widths", text_out(lambda v: normalised(v[:, :-4]))),
    "text projection": ("metaclip2", "published text tower", text_out(lambda v: v.roll(1, 1))),
    "distances": ("metaclip2", "scores", attribute("score", lambda score: lambda q, i: -score(q, i))),
    "nobody reads Hindi": (
        "metaclip2", "routing", attribute("route", lambda route: lambda lang: "hindi" if lang == "hi" else route(lang))
    ),
}  # fmt: skip
