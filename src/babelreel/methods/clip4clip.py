"""CLIP4Clip with mean pooling (Luo et al. 2021, arXiv 2104.08860, "parameter-free"): the baseline, and zero-shot.

- Each frame's vector is normalised, the mean over real frames is normalised again; an image is one frame (section 3.2).
- Symmetric cross entropy over cosines with a learned scale, clamped to 100 (eq. 1-3): `losses.contrastive`.
- With an image-text model and nothing trained this is zero-shot retrieval.

- `between_captions` weighs a third contrastive term, between two captions of each item, which brings languages together
  (as the caption-caption term of C2KD's baselines and of MMP); 0, the paper's, leaves it out.

Stated differences: several captions of an item in a batch are all positives (the paper has one). A backbone that is no
image-text model gets a head (`encoders/heads.py`), and stays frozen unless the recipe says otherwise.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from babelreel import scoring
from babelreel.data.tokenizers import TextReader
from babelreel.distributed import gather
from babelreel.encoders.heads import HeadConfig
from babelreel.encoders.media import MediaTower, VisionConfig
from babelreel.encoders.text import TextEncoder
from babelreel.encoders.towers import TextConfig, TextTower, tower_from
from babelreel.encoders.vision import VisionEncoder
from babelreel.errors import ModelError
from babelreel.losses import contrastive
from babelreel.media.video import Sampling
from babelreel.methods.base import Method, Parts, positives
from babelreel.types import Batch, MediaBatch, Representation, TextBatch

MAX_SCALE = 100.0


@dataclass(frozen=True, slots=True)
class CLIP4ClipConfig:
    """A recipe's [method]; without `head` a run's own comes with its vision."""

    vision: VisionConfig
    head: HeadConfig | None = None
    text: TextConfig = field(default_factory=TextConfig)
    sampling: Sampling = field(default_factory=Sampling)
    scale: float = 1 / 0.07
    between_captions: float = 0.0


class CLIP4Clip(Method):
    """Two towers of one joint space, frames averaged.

    Raises:
        ModelError: when the towers' widths differ.
    """

    Config = CLIP4ClipConfig

    def __init__(
        self, media: MediaTower, text: TextTower, sampling: Sampling, scale: float = 100.0,
        between_captions: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__()
        if media.width != text.width:
            raise ModelError(
                f"The media side gives vectors of width {media.width}, the text side of {text.width}: they share no "
                "space. Take both towers from one model, or a text tower distilled for this image tower."
            )
        self.media, self.text = media, text
        self.texts = {"query": text.tokenizer}
        self.spec = media.vision.spec
        self.sampling = sampling
        self.between_captions = between_captions
        self.log_scale = nn.Parameter(torch.tensor(scale).log())

    def forward(self, batch: Batch, progress: float) -> dict[str, Tensor]:
        """The contrastive loss of the batch, joint over processes."""
        media = self.media_rows(batch).pooled
        texts = self.text_rows(batch).pooled
        assert media is not None
        assert texts is not None
        scale = self.log_scale.exp().clamp(max=MAX_SCALE)
        losses = {"contrastive": contrastive(scale * gather(texts) @ gather(media).T, positives(batch))}
        if self.between_captions:
            first, second = caption_pairs(batch.owners)
            losses["captions"] = self.between_captions * contrastive(scale * texts[first] @ texts[second].T)
        return losses

    def encode_text(self, batch: TextBatch) -> Representation:
        """Normalised vectors (B, D)."""
        return Representation(normalize(self.text(batch).pooled.float(), dim=-1))

    def backbone_features(self, batch: MediaBatch) -> Representation:
        """The vision backbone's tokens, (B, T * G, Ds)."""
        return self.media.backbone_features(batch)

    def encode_features(self, features: Representation) -> Representation:
        """Normalised vectors (B, D), and each frame's as tokens (B, T, D)."""
        return over_frames(*self.media.frames(features))

    def backbone(self) -> nn.Module:
        """The vision backbone."""
        return self.media.vision

    def media_modules(self) -> nn.Module:
        """The vision backbone and its head."""
        return self.media

    def media_tower(self) -> MediaTower:
        """The vision backbone and its head."""
        return self.media

    def text_tower(self, role: str) -> TextTower:
        """The one tower, whatever the role."""
        return self.text

    def describe(self) -> dict[str, Any]:
        """Towers and settings as plain values."""
        towers = {"media": self.media.describe(), "text": self.text.describe()}
        return towers | {"sampling": asdict(self.sampling), "between_captions": self.between_captions}

    @classmethod
    def from_config(cls, config: CLIP4ClipConfig, parts: Parts) -> CLIP4Clip:
        """The method that a recipe describes."""
        media = parts.media(config.vision, config.head)
        text = parts.text(config.text, media.width)
        return cls(media, text, config.sampling, config.scale, config.between_captions)

    @classmethod
    def zero_shot(cls, source: str | Path, text: str | Path, sampling: Sampling) -> CLIP4Clip:
        """An image-text model of the hub as it is, its text tower from `text`.

        Raises:
            ModelError: when a tower cannot be loaded, or they do not fit each other.
        """
        return cls(MediaTower(VisionEncoder.load(source)), TextEncoder.load(text), sampling)

    @classmethod
    def from_description(cls, description: dict[str, Any], tokenizers: dict[str, TextReader]) -> CLIP4Clip:
        """The architecture that `describe` spoke of, with random weights."""
        media = MediaTower.from_description(description["media"])
        text = tower_from(description["text"], tokenizers["query"])
        between = description.get("between_captions", 0.0)
        return cls(media, text, Sampling(**description["sampling"]), between_captions=between)


def over_frames(frames: Tensor, mask: Tensor, times: Tensor) -> Representation:
    """Frames' vectors (B, T, D), normalised, as tokens; their mean over real frames, normalised again, as pooled."""
    tokens = normalize(frames.float(), dim=-1) * mask.unsqueeze(-1)
    return Representation(normalize(scoring.masked_mean(tokens, mask), dim=-1), tokens, mask, times)


def caption_pairs(owners: Tensor | None) -> tuple[Tensor, Tensor]:
    """Rows of the first and the second caption of each item that has two; `owners` (Q,) is sorted.

    Raises:
        ModelError: when no item of the batch has two.
    """
    if owners is None or not (same := owners[1:] == owners[:-1]).any():
        raise ModelError("between_captions compares two captions of an item: set data.captions to 2 or more.")
    before = torch.cat([same.new_zeros(1), same[:-1]])
    first = (same & ~before).nonzero().squeeze(1)  # (P,)
    return first, first + 1
