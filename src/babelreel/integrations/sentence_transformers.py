"""Our models as a module of sentence-transformers: texts in any language, images and videos to one vector each.

A folder written by `babelreel export` names this module, and `SentenceTransformer(folder, trust_remote_code=True)`
opens it. Importing this file needs sentence-transformers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from babelreel.data.batches import collate_media
from babelreel.errors import ModelError
from babelreel.extras import require
from babelreel.hub import resolve
from babelreel.integrations.export import require_one_vector
from babelreel.media.given import frames_of
from babelreel.model import Model, load
from babelreel.runs import save_run
from babelreel.types import MediaBatch

require("sentence_transformers")
from sentence_transformers.base.modality import infer_batch_modality  # noqa: E402 (after the word on what is missing)
from sentence_transformers.base.modules import InputModule  # noqa: E402


class BabelreelModule(InputModule):  # type: ignore[misc]
    """The only module of an exported model: `model` encodes, this hands inputs over and vectors back.

    Raises:
        ModelError: when the model scores by more than one vector an item.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        require_one_vector(model.method)
        self.model = model
        self.method = model.method  # the library moves what is registered here between devices
        self.width = int(self._text(["a"]).shape[-1])

    @property
    def modalities(self) -> list[str]:
        """What it reads."""
        return ["text", "image", "video"]

    @property
    def max_seq_length(self) -> int | None:
        """How many tokens of a text are read."""
        return self.model.method.texts[self.model.role("", "en")].limit

    def get_embedding_dimension(self) -> int:
        """The width of the joint space."""
        return self.width

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **kwargs: Any) -> dict[str, Any]:
        """Inputs of one modality; images and videos are decoded here, texts are tokenised with the model.

        Raises:
            ModelError: when modalities are mixed.
            MediaError: when a file cannot be read.
        """
        modality = infer_batch_modality(inputs, supported_modalities=self.modalities)
        if modality not in ("text", "image", "video"):
            raise ModelError(f"One call of encode() reads texts, images or videos, not {modality} at once.")
        plain = [each[modality] if isinstance(each, dict) and modality in each else each for each in inputs]
        if modality == "text":
            return {"modality": "text", "texts": [(prompt or "") + text for text in plain]}
        method = self.model.method
        frames = [frames_of(each, modality, method.sampling, method.spec, f"The {modality}") for each in plain]
        batch = collate_media([""] * len(frames), frames)
        tensors = {"frames": batch.frames, "mask": batch.mask, "times": batch.times}
        return {"modality": modality, **tensors} | ({} if batch.sizes is None else {"sizes": batch.sizes})

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Add "sentence_embedding", (B, D)."""
        device = next(self.method.parameters()).device
        self.model.device = device
        if features["modality"] == "text":
            vectors = self._text(features["texts"])
        else:
            frames, mask, times = (features[name] for name in ("frames", "mask", "times"))
            batch = MediaBatch(("",) * len(mask), frames, mask, times, features.get("sizes"))
            found = self.model.encode_batch(batch).pooled
            assert found is not None
            vectors = found
        return features | {"sentence_embedding": vectors.to(device)}

    def _text(self, texts: list[str]) -> Tensor:
        vectors = self.model.encode_text(texts, batch_size=max(1, len(texts))).pooled
        assert vectors is not None
        return vectors

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        """Write the run; the library writes its own files beside it."""
        save_run(self.method, Path(output_path), {"from": self.model.title})

    @classmethod
    def load(cls, model_name_or_path: str, **kwargs: Any) -> BabelreelModule:
        """Open the run of a folder or hub id."""
        return cls(load(resolve(model_name_or_path), device="cpu"))
