"""From a backbone's tokens to the joint space: one vector a frame, and its tokens where a method reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from babelreel.encoders.blocks import LinearAndNetwork, Standardise
from babelreel.errors import ConfigError

HIDDEN_DROPOUT = 0.3
PLACE_LIMIT = 20.0  # standard deviations of means, which single places exceed


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """`kind` "none" leaves the backbone's vectors as they are (they lie in the joint space already), "linear" projects
    them, "attention" lets `queries` learned queries pool the tokens of each frame, "summary" maps mean
    and maximum over the grid by a linear layer and a network with `hidden` units. `width` is the joint space's."""

    kind: Literal["none", "linear", "attention", "summary"] = "none"
    width: int = 256
    queries: int = 8
    hidden: int = 512
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if min(self.width, self.queries, self.hidden) < 1 or not 0 <= self.dropout < 1:
            raise ConfigError("A head needs width, queries and hidden of at least 1, and dropout from 0 to below 1.")


class HeadOutput(NamedTuple):
    """`frames` (N, T, D): one vector a frame. `tokens` (N, L, D): the projected tokens, L = T * G."""

    frames: Tensor
    tokens: Tensor


class MediaHead(nn.Module):
    """Tokens of a backbone, G a frame, to the joint space.

    `source_width` is the backbone's. Attention pooling: each query gives every token of a frame a weight by a softmax
    over the frame's tokens; the weighted means are joined, and a two-layer network maps them, beside a linear path from
    the plain mean.
    """

    def __init__(self, config: HeadConfig, source_width: int, grid: int) -> None:
        super().__init__()
        self.config = config
        self.grid = grid
        self.width = source_width if config.kind == "none" else config.width
        if config.kind == "none":
            if grid > 1:
                raise ConfigError("Grid tokens need a head that pools them: kind = 'attention' or 'linear'.")
            return
        self.norm = nn.LayerNorm(source_width)
        self.drop = nn.Dropout(config.dropout)
        self.project = nn.Linear(source_width, config.width)
        if config.kind == "attention":
            self.weigh = nn.Linear(source_width, config.queries)
            self.place = nn.Parameter(torch.zeros(grid, config.queries))
            hidden = 2 * config.width
            self.mix = nn.Sequential(
                nn.Linear(config.queries * config.width, hidden), nn.GELU(), nn.Dropout(config.dropout),
                nn.Linear(hidden, config.width),
            )  # fmt: skip

    def forward(self, tokens: Tensor) -> HeadOutput:
        """`tokens` (N, T * G, Ds), G tokens a frame, frame by frame; padding frames give vectors to be masked."""
        if self.config.kind == "none":
            return HeadOutput(tokens, tokens)
        tokens = self.drop(self.norm(tokens.float()))
        projected = self.project(tokens)  # (N, T * G, D)
        count, length, width = projected.shape
        by_frame = projected.view(count, length // self.grid, self.grid, width)  # (N, T, G, D)
        frames = by_frame.mean(2)  # (N, T, D)
        if self.config.kind == "attention":
            weights = self.weigh(tokens).view(*by_frame.shape[:3], -1) + self.place  # (N, T, G, K)
            pooled = torch.einsum("ntgk,ntgd->ntkd", weights.softmax(2), by_frame).flatten(2)  # (N, T, K * D)
            frames = frames + self.mix(pooled)
        return HeadOutput(frames, projected)


class SummaryHead(nn.Module):
    """Mean and maximum over a frame's grid to the joint space: standardised, then a `LinearAndNetwork`.

    It reads such summaries, one of each view of a frame, or the grid itself. Views: a frame is their mean; in training
    one of them is drawn and stands for the others, an augmentation at no cost. Grid: each place's token is the frame's
    vector and what a linear layer, zero at first, adds for the place.
    """

    def __init__(self, config: HeadConfig, source_width: int, length: int, over_grid: bool) -> None:
        super().__init__()
        self.config = config
        self.grid = length
        self.width = config.width
        summary = 2 * source_width if over_grid else source_width
        self.standardise = Standardise(summary)
        self.drop = nn.Dropout(config.dropout)
        self.project = LinearAndNetwork(summary, config.hidden, config.width, HIDDEN_DROPOUT)
        self.place = nn.Linear(source_width, config.width) if over_grid else None
        if self.place is not None:
            nn.init.zeros_(self.place.weight)
            nn.init.zeros_(self.place.bias)

    def forward(self, tokens: Tensor) -> HeadOutput:
        """`tokens` (N, T * G, Ds), G views or places a frame, frame by frame; those of padding frames are zeros."""
        given = tokens.float().view(len(tokens), -1, self.grid, tokens.shape[-1])  # (N, T, G, Ds)
        if self.place is not None:
            return self._places(given)
        views = self.standardise(given)
        if self.training:
            drawn = torch.randint(self.grid, views.shape[:2], device=views.device)
            views = views.gather(2, drawn[:, :, None, None].expand(-1, -1, 1, views.shape[-1]))  # (N, T, 1, Ds)
        projected = self.project(self.drop(views))  # (N, T, G or 1, D)
        every = projected.expand(-1, -1, self.grid, -1).flatten(1, 2)  # (N, T * G, D)
        return HeadOutput(projected.mean(2), every)

    def _places(self, given: Tensor) -> HeadOutput:
        assert self.place is not None
        summary = self.standardise(torch.cat([given.mean(2), given.amax(2)], dim=-1))  # (N, T, 2 * Ds)
        frames = self.project(self.drop(summary))  # (N, T, D)
        # A place is measured against the frames' means: the first half of what the summary is measured against.
        width = given.shape[-1]
        standard = (given - self.standardise.mean[:width]) / self.standardise.deviation[:width]
        tokens = frames.unsqueeze(2) + self.place(self.drop(standard.clamp(-PLACE_LIMIT, PLACE_LIMIT)))  # (N, T, G, D)
        return HeadOutput(frames, tokens.flatten(1, 2))


def media_head(config: HeadConfig, source_width: int, length: int, over_grid: bool) -> MediaHead | SummaryHead:
    """The head that a configuration names, over `length` tokens of a frame: its views, or with `over_grid` its grid."""
    if config.kind == "summary":
        return SummaryHead(config, source_width, length, over_grid)
    return MediaHead(config, source_width, length)
