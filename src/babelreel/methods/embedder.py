"""Any image-text model of sentence-transformers, zero-shot: CLIPs and language models that see, such as
Qwen3-VL-Embedding. Nothing is trained.

Texts and frames go through the model as its own library does it, with the prompts that its configuration names for
queries and documents; frames' vectors are averaged as in CLIP4Clip. `encoders/sentence.py` has the library's side.
"""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.functional import normalize

from babelreel.encoders.sentence import SentenceReader, encode_pictures, encode_tokens, image_spec, prompt_of
from babelreel.media.video import Sampling
from babelreel.methods.base import Method
from babelreel.methods.clip4clip import over_frames
from babelreel.types import MediaBatch, Representation, TextBatch


class Embedder(Method):
    """`sentence` is a SentenceTransformer that reads texts and images, see `encoders.sentence.load_sentence`."""

    def __init__(self, sentence: Any, sampling: Sampling) -> None:
        super().__init__()
        self.sentence = sentence
        self.reader = SentenceReader(sentence)
        self.texts = {"query": self.reader}
        self.spec = image_spec(sentence)
        self.sampling = sampling
        self.document = prompt_of(sentence, "document")
        prompts = {"query": self.reader.prompt, "document": self.document}
        self.remarks = tuple(f"the {name} prompt {prompt!r}" for name, prompt in prompts.items() if prompt)

    def encode_text(self, batch: TextBatch) -> Representation:
        """Normalised vectors (B, D)."""
        return Representation(normalize(encode_tokens(self.sentence, self.reader, batch).float(), dim=-1))

    def encode_media(self, batch: MediaBatch) -> Representation:
        """Normalised vectors (B, D), and each frame's as tokens (B, T, D)."""
        frames, sizes = batch.real_frames()
        if sizes is None:
            pictures = list(frames)
        else:
            pictures = [each[:, :height, :width] for each, (height, width) in zip(frames, sizes.tolist(), strict=True)]
        vectors = encode_pictures(self.sentence, pictures)  # (M, D)
        tokens = vectors.new_zeros(*batch.mask.shape, vectors.shape[-1])  # (B, T, D)
        tokens[batch.mask] = vectors
        return over_frames(tokens, batch.mask, batch.times)

    def media_modules(self) -> nn.Module:
        """The whole model: its text side may be its image side."""
        return self.sentence

    def _media_settings(self) -> dict[str, Any]:
        return super()._media_settings() | {"document": self.document}
