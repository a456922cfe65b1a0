"""Several trainings as one model: the mean of their scores (deep ensembles, Lakshminarayanan et al. 2017).

- Members are CLIP4Clip runs of one recipe with different seeds: the same frozen backbone, views and vocabulary, which
  are read once. Each member's vectors are of length 1, and stand side by side, over the square root of their number:
  the dot product is the mean of the members' cosines, so that an index and a search need nothing new.
- `babelreel join` makes one of finished runs; a recipe with `runs` may go on training them, each by its own loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from babelreel.data.tokenizers import TextReader
from babelreel.errors import ModelError
from babelreel.methods.base import Method, Parts
from babelreel.methods.clip4clip import CLIP4Clip
from babelreel.types import Batch, MediaBatch, Representation, TextBatch


@dataclass(frozen=True, slots=True)
class EnsembleConfig:
    """A recipe's [method]; `runs` are the folders of trained members."""

    runs: tuple[str, ...]


class Ensemble(Method):
    """Members side by side.

    Raises:
        ModelError: when there are fewer than two, or they do not read the same texts and the same of a backbone.
    """

    Config = EnsembleConfig

    def __init__(self, members: Sequence[Method]) -> None:
        super().__init__()
        if len(members) < 2:
            raise ModelError(f"An ensemble needs two runs or more, found {len(members)}.")
        for member in members:
            if not isinstance(member, CLIP4Clip):
                raise ModelError(f"An ensemble joins CLIP4Clip runs; a {type(member).__name__} scores otherwise.")
        first, *others = (member for member in members if isinstance(member, CLIP4Clip))
        for other in others:
            if other.texts["query"].fingerprint != first.texts["query"].fingerprint:
                raise ModelError("These runs have different vocabularies. Join runs of one recipe with other seeds.")
            if other.features_fingerprint() != first.features_fingerprint():
                raise ModelError("These runs look at media differently. Join runs of one recipe with other seeds.")
        self.members = nn.ModuleList([first, *others])
        self.texts, self.spec, self.sampling = first.texts, first.spec, first.sampling

    def forward(self, batch: Batch, progress: float) -> dict[str, Tensor]:
        """The mean of the members' losses, by their names."""
        losses = [member(batch, progress) for member in self._all]
        return {name: torch.stack([each[name] for each in losses]).mean() for name in losses[0]}

    def encode_text(self, batch: TextBatch) -> Representation:
        """Vectors (B, K * D) of length 1, D each of K members."""
        return Representation(_joined([member.encode_text(batch).pooled for member in self._all]))

    def backbone_features(self, batch: MediaBatch) -> Representation:
        """The first member's backbone speaks for all: they are the same."""
        return self._first.backbone_features(batch)

    def encode_features(self, features: Representation) -> Representation:
        """Vectors (B, K * D), and each frame's as tokens (B, T, K * D)."""
        rows = [member.encode_features(features) for member in self._all]
        tokens = _joined([row.tokens for row in rows])
        return Representation(_joined([row.pooled for row in rows]), tokens, rows[0].mask, rows[0].times)

    def backbone(self) -> nn.Module:
        """The first member's."""
        return self._first.backbone()

    def media_modules(self) -> nn.Module:
        """Every member's media side."""
        return nn.ModuleList([member.media_modules() for member in self._all])

    def describe(self) -> dict[str, Any]:
        """The members as plain values."""
        return {"members": [member.describe() for member in self._all]}

    @classmethod
    def from_config(cls, config: EnsembleConfig, parts: Parts) -> Ensemble:
        """The method that a recipe describes."""
        return cls([parts.run(folder) for folder in config.runs])

    @classmethod
    def from_description(cls, description: dict[str, Any], tokenizers: dict[str, TextReader]) -> Ensemble:
        """The architecture that `describe` spoke of, with random weights."""
        members = [CLIP4Clip.from_description(said, tokenizers) for said in description["members"]]
        for other in members[1:]:  # random weights differ until a run's are loaded
            other.backbone().load_state_dict(members[0].backbone().state_dict())
        return cls(members)

    @property
    def _all(self) -> list[CLIP4Clip]:
        return [member for member in self.members if isinstance(member, CLIP4Clip)]

    @property
    def _first(self) -> CLIP4Clip:
        return self._all[0]


def _joined(parts: Sequence[Tensor | None]) -> Tensor:
    """Vectors of length 1 side by side, of length 1 again."""
    return torch.cat([part for part in parts if part is not None], dim=-1) / len(parts) ** 0.5
