"""Zero-shot retrieval: any image-text model over mean-pooled frames, nothing trained.

Mean pooling as in CLIP4Clip (Luo et al. 2021, "parameter-free"): each frame's vector is normalised, the mean over real
frames is normalised again. An image is one frame.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import normalize

from babelreel import scoring
from babelreel.encoders.text import TextEncoder
from babelreel.encoders.vision import VisionEncoder
from babelreel.errors import ModelError
from babelreel.media.video import Sampling
from babelreel.methods.base import Method
from babelreel.types import MediaBatch, Representation, TextBatch


class ZeroShot(Method):
    """Two towers of one joint space.

    Raises:
        ModelError: when their widths differ.
    """

    def __init__(self, vision: VisionEncoder, text: TextEncoder, sampling: Sampling) -> None:
        super().__init__()
        if vision.width != text.width:
            raise ModelError(
                f"The image side gives vectors of width {vision.width}, the text side of {text.width}: they share no "
                "space. Take both towers from one model, or a text tower distilled for this image tower."
            )
        self.vision = vision
        self.text = text
        self.texts = {"query": text.tokenizer}
        self.spec = vision.spec
        self.sampling = sampling

    def encode_text(self, batch: TextBatch) -> Representation:
        """Normalised vectors (B, D)."""
        return Representation(normalize(self.text(batch).pooled.float(), dim=-1))

    def encode_media(self, batch: MediaBatch) -> Representation:
        """Normalised vectors (B, D), and each frame's as tokens (B, T, D)."""
        features = normalize(self.vision(batch.frames[batch.mask]).pooled.float(), dim=-1)  # (M, D), real frames only
        tokens = torch.zeros(*batch.mask.shape, features.shape[-1], device=features.device)  # (B, T, D)
        tokens[batch.mask] = features
        pooled = normalize(scoring.masked_mean(tokens, batch.mask), dim=-1)
        return Representation(pooled, tokens, batch.mask, batch.times)

    def media_modules(self) -> nn.Module:
        """The vision tower alone."""
        return self.vision
