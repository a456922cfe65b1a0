"""The media side that methods share: a vision backbone over frames, and a head into the joint space."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from babelreel.encoders.heads import HeadConfig, media_head
from babelreel.encoders.vision import ViewConfig, VisionEncoder
from babelreel.errors import ConfigError
from babelreel.types import MediaBatch, Representation


@dataclass(frozen=True, slots=True)
class VisionConfig:
    """`source` is a hub id or folder, or a run (`training.sources`); with `grid` its patches are the tokens, else what
    `view` says, of a run the views that it was trained on."""

    source: str
    grid: bool = False
    view: ViewConfig = field(default_factory=ViewConfig)


class MediaTower(nn.Module):
    """`vision` reads frames; tokens are its patches with `use_grid`, else its views of each; `head` projects them.

    Raises:
        ConfigError: when patches are asked of a tower whose grid changes from picture to picture.
    """

    def __init__(self, vision: VisionEncoder, head: HeadConfig | None = None, use_grid: bool = False) -> None:
        super().__init__()
        head = head or HeadConfig()
        if use_grid and vision.spec.policy == "fit":
            raise ConfigError(
                "This image tower's grid changes with each picture's aspect, so its patches cannot be tokens. Leave "
                "grid out, or take a tower of a fixed resolution."
            )
        self.vision = vision
        self.use_grid = use_grid
        width = vision.grid_width if use_grid else vision.width
        length = vision.grid_length if use_grid else vision.view_count
        self.head = media_head(head, width, length, use_grid)
        self.width = self.head.width

    def backbone_features(self, batch: MediaBatch) -> Representation:
        """What the backbone alone gives: tokens (B, T * G, Ds), frame by frame, with mask and times."""
        frames, sizes = batch.real_frames()
        found = self.vision(frames).grid if self.use_grid else self.vision.views(frames, sizes)  # (M, G, Ds)
        per_frame = found.shape[1]
        tokens = found.new_zeros(*batch.mask.shape, *found.shape[1:])  # (B, T, G, Ds)
        tokens[batch.mask] = found
        mask, times = (t.repeat_interleave(per_frame, dim=1) for t in (batch.mask, batch.times))
        return Representation(tokens=tokens.flatten(1, 2), mask=mask, times=times)

    def frames(self, features: Representation) -> tuple[Tensor, Tensor, Tensor]:
        """Frame vectors (B, T, D) of the joint space with mask (B, T) and times (B, T), not normalised."""
        tokens, mask, times = parts(features)
        step = self.head.grid
        return self.head(tokens).frames, mask[:, ::step], times[:, ::step]

    def tokens(self, features: Representation) -> tuple[Tensor, Tensor, Tensor]:
        """Every projected token (B, L, D) with mask (B, L) and times (B, L), not normalised."""
        tokens, mask, times = parts(features)
        return self.head(tokens).tokens, mask, times

    def over_grid(self) -> MediaTower:
        """The same tower with each frame's grid as tokens: a summary head reads what it was trained on from the grid.

        Raises:
            ConfigError: when the head has another kind, or was trained on something else than summaries of the grid.
        """
        if self.use_grid:
            return self
        if self.head.config.kind != "summary" or not self.vision.view.layers:
            raise ConfigError(
                "This media side reads one vector a frame and cannot read the grid. Leave grid out, or give a "
                "[method.head] of your own."
            )
        tower = MediaTower(self.vision, self.head.config, True)
        tower.head.load_state_dict(self.head.state_dict(), strict=False)  # all but the places' layer, which is new
        return tower

    def feature_settings(self) -> dict[str, Any]:
        """Which of the backbone's outputs are taken, as plain values."""
        return {"grid": self.use_grid, "view": asdict(self.vision.view)}

    def describe(self) -> dict[str, Any]:
        """Plain values from which `from_description` builds the same."""
        return {"vision": self.vision.describe(), "head": asdict(self.head.config), "grid": self.use_grid}

    @classmethod
    def from_description(cls, description: dict[str, Any]) -> MediaTower:
        """The architecture that `describe` spoke of, with random weights."""
        vision = VisionEncoder.from_description(description["vision"])
        return cls(vision, HeadConfig(**description["head"]), bool(description["grid"]))


def parts(features: Representation) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens, mask and times of backbone features, times 0 where there are none."""
    assert features.tokens is not None
    assert features.mask is not None
    times = features.times if features.times is not None else torch.zeros_like(features.mask, dtype=torch.float32)
    return features.tokens, features.mask, times
