"""MKD (M-CLIP): a multilingual text tower distilled from the frozen English one of a trained model.

Zhang et al. 2023 (Machine Intelligence Research, section 3.2.1, eq. 5); the published towers are Carlsson et al. 2022.

- Eq. 5, the distance between the student's vector of a translation and the teacher's of the English sentence:
  `MKD.forward`. Text pairs are all that is read; the media side stays as it is, so an index stays valid.
- English queries keep the teacher's tower: `MKD.route`.

Stated differences: `distance` "l2" is the paper's, "mse" that of the published trainer, "cosine" sees direction alone,
which is all that ranking sees of it. The teacher's vectors are compared as they leave its tower, before normalising.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from babelreel.data.tokenizers import TextReader
from babelreel.encoders.media import MediaTower
from babelreel.encoders.towers import TextConfig, TextTower, tower_from
from babelreel.errors import ConfigError, ModelError
from babelreel.losses import cosine_distillation, l2_distillation, mse_distillation
from babelreel.methods.base import Method, Parts
from babelreel.methods.chunks import in_chunks
from babelreel.methods.clip4clip import CLIP4Clip
from babelreel.types import Batch, MediaBatch, Representation, TextBatch

DISTANCES = {"l2": l2_distillation, "mse": mse_distillation, "cosine": cosine_distillation}


@dataclass(frozen=True, slots=True)
class MKDConfig:
    """A recipe's [method]; `teacher` is the folder of a trained CLIP4Clip run."""

    teacher: str
    student: TextConfig = field(default_factory=TextConfig)
    distance: Literal["l2", "mse", "cosine"] = "l2"


class MKD(Method):
    """A trained `teacher`, frozen whole, and a `student` text tower for every language but English."""

    Config = MKDConfig
    reads_media = False
    languages = ("en",)

    def __init__(self, teacher: CLIP4Clip, student: TextTower, distance: Literal["l2", "mse", "cosine"] = "l2") -> None:
        super().__init__()
        if student.width != teacher.text.width:
            raise ModelError(f"The teacher's vectors have width {teacher.text.width}, the student's {student.width}.")
        self.teacher = teacher.requires_grad_(False)
        self.student = student
        self.distance = distance
        self.texts = {"query": student.tokenizer, "pivot": teacher.text.tokenizer}
        self.spec, self.sampling = teacher.spec, teacher.sampling

    def train(self, mode: bool = True) -> MKD:
        """The teacher is never in training mode: its dropout would teach noise."""
        super().train(mode)
        self.teacher.eval()
        return self

    def forward(self, batch: Batch, progress: float) -> dict[str, Tensor]:
        """The distance of each query's vector to that of its pivot."""
        with torch.no_grad():
            wanted = self.teacher.text(batch.texts["pivot"]).pooled
        found = in_chunks(self._student_rows, batch.texts["query"], self.chunk).pooled
        assert found is not None
        return {self.distance: DISTANCES[self.distance](found, wanted)}

    def _student_rows(self, batch: TextBatch) -> Representation:
        """As they leave the student's tower."""
        return Representation(self.student(batch).pooled)

    def encode_text(self, batch: TextBatch) -> Representation:
        """Normalised vectors (B, D)."""
        return Representation(normalize(self.text_tower(batch.role)(batch).pooled.float(), dim=-1))

    def route(self, lang: str | None) -> str:
        """English stays with the teacher."""
        return "pivot" if lang is not None and lang.partition("-")[0] == "en" else "query"

    def backbone_features(self, batch: MediaBatch) -> Representation:
        """The teacher's."""
        return self.teacher.backbone_features(batch)

    def encode_features(self, features: Representation) -> Representation:
        """The teacher's."""
        return self.teacher.encode_features(features)

    def backbone(self) -> nn.Module:
        """The teacher's."""
        return self.teacher.backbone()

    def media_modules(self) -> nn.Module:
        """The teacher's."""
        return self.teacher.media_modules()

    def media_fingerprint(self) -> str:
        """The teacher's: an index that it wrote answers the student's queries as well."""
        return self.teacher.media_fingerprint()

    def media_tower(self) -> MediaTower:
        """The teacher's."""
        return self.teacher.media

    def text_tower(self, role: str) -> TextTower:
        """The teacher's for the pivot, else the student."""
        return self.teacher.text if role == "pivot" else self.student

    def describe(self) -> dict[str, Any]:
        """Teacher, student and distance as plain values."""
        return {"teacher": self.teacher.describe(), "student": self.student.describe(), "distance": self.distance}

    @classmethod
    def from_config(cls, config: MKDConfig, parts: Parts) -> MKD:
        """The method that a recipe describes.

        Raises:
            ConfigError: when the teacher is another method's run.
        """
        teacher = parts.run(config.teacher)
        if not isinstance(teacher, CLIP4Clip):
            raise ConfigError(f"MKD's teacher must be a CLIP4Clip run; {config.teacher} holds another method.")
        return cls(teacher, parts.text(config.student, teacher.text.width), config.distance)

    @classmethod
    def from_description(cls, description: dict[str, Any], tokenizers: dict[str, TextReader]) -> MKD:
        """The architecture that `describe` spoke of, with random weights."""
        teacher = CLIP4Clip.from_description(description["teacher"], {"query": tokenizers["pivot"]})
        student = tower_from(description["student"], tokenizers["query"])
        return cls(teacher, student, description["distance"])
