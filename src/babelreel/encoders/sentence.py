"""Image-text models of sentence-transformers: opened, asked what they read, and their texts tokenised as they do it.

Nothing of a repository's code is run: models that need `trust_remote_code` are refused by the library itself.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from babelreel.data.tokenizers import refuse_empty, special_pattern, without_special
from babelreel.errors import ModelError
from babelreel.extras import require
from babelreel.hub import loading, quiet
from babelreel.media.transforms import ImageSpec
from babelreel.types import TextBatch

# What only preparations of changing sizes speak of: pixels or patches to spend, or tiles that a picture is cut into.
FLEXIBLE = (
    "min_pixels", "max_pixels", "max_num_patches", "merge_size", "patch_size", "do_image_splitting", "max_patches",
    "max_image_tiles", "do_pan_and_scan", "image_grid_pinpoints", "crop_to_patches", "max_image_size",
)  # fmt: skip
PROMPTS = {"query": ("query",), "document": ("document", "passage", "corpus")}
PICTURES = 16  # encoded at a time
AREA, EDGE = 448, 28  # such models get pictures of about 448 x 448 pixels in their own aspect, and go on from there


def load_sentence(folder: Path) -> Any:
    """Open a SentenceTransformer that reads texts and images, on the CPU.

    Raises:
        MissingExtraError: when sentence-transformers is not installed.
        ModelError: when it does not load, lacks weights or has pickled ones, or reads no images.
    """
    library = require("sentence_transformers")
    pickled = [p for p in folder.rglob("pytorch_model*.bin") if not any(p.parent.glob("*.safetensors"))]
    if pickled:
        raise ModelError(
            f"{pickled[0]} is pickled. Pickled weights can run code, so they are not loaded: convert them once with "
            "SentenceTransformer(...).save_pretrained(...)."
        )
    with quiet(), _reported() as reports, loading(folder, "a sentence-transformers model"):
        sentence = library.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    lines = [line.strip() for report in reports for line in report.splitlines()]
    missing = [line for line in lines if "MISSING" in line and "|" in line and "pooler." not in line]
    if missing:
        raise ModelError(
            f"{folder} does not load as a sentence-transformers model: it lacks {len(missing)} weights, such as "
            f"{missing[0].partition('|')[0].strip()}."
        )
    if "image" not in sentence.modalities:
        read = ", ".join(map(str, sentence.modalities))
        raise ModelError(
            f"{folder} is a sentence-transformers model that reads {read} and no images. Give an image tower as MODEL "
            "and this as --text."
        )
    first = sentence[0]
    if hasattr(first, "unpad_inputs"):
        first.unpad_inputs = False  # with flash attention texts would come joined into one row
    return sentence.eval()


@contextmanager
def _reported() -> Iterator[list[str]]:
    """What transformers reports of weights that it did not find and drew at random; none of it is printed."""
    found: list[str] = []
    log, handler = logging.getLogger("transformers.modeling_utils"), logging.Handler(logging.WARNING)
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    before = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.WARNING)
    log.propagate = False
    try:
        yield found
    finally:
        log.removeHandler(handler)
        log.setLevel(before[0])
        log.propagate = before[1]


def prompt_of(sentence: Any, kind: str) -> str:
    """What the library puts before a "query" or with a "document", by the first of its names that the model knows."""
    return next((str(sentence.prompts[name] or "") for name in PROMPTS[kind] if name in sentence.prompts), "")


def image_spec(sentence: Any) -> ImageSpec:
    """How frames are brought to a model: as its own processor would, as far as one size for all allows."""
    processor = sentence.processor
    return spec_of(getattr(processor, "image_processor", processor).to_dict())


def spec_of(processor: dict[str, Any]) -> ImageSpec:
    """An image processor's configuration as a spec: its size where it has one, else a like area in pictures' aspect."""
    flexible = [name for name in FLEXIBLE if processor.get(name)]
    if not flexible and "longest_edge" not in (processor.get("size") or {}):
        try:
            return ImageSpec.from_processor_config(processor)
        except ModelError:
            pass
    patch, merged = processor.get("patch_size"), processor.get("merge_size")
    edge = patch * merged if isinstance(patch, int) and isinstance(merged, int) else EDGE
    return ImageSpec(AREA, AREA, "fit", edge)


class SentenceReader:
    """Texts as the model's own library tokenises them, its query prompt before each: a `data.tokenizers.TextReader`."""

    def __init__(self, sentence: Any) -> None:
        self._preprocess = sentence.preprocess
        self.backend = sentence.tokenizer
        self.prompt = prompt_of(sentence, "query")
        self.limit: int | None = sentence.max_seq_length
        self._special = special_pattern(self.backend)
        features = self._features(["a", "two words"])
        self.modality = features["modality"]
        self.prompt_length: int | None = features.get("prompt_length")
        read = {"input_ids", "attention_mask"}
        more = [n for n, value in features.items() if isinstance(value, Tensor) and n not in read and value.any()]
        if more or not read <= features.keys():
            raise ModelError(f"This model reads more of a text than token ids ({', '.join(more)}), unsupported here.")

    def _features(self, texts: Sequence[str]) -> dict[str, Any]:
        # {"text": ...}, or the library would open a text that ends in ".jpg" as a picture
        plain = [{"text": without_special(refuse_empty(text), self._special)} for text in texts]
        found: dict[str, Any] = self._preprocess(plain, prompt=self.prompt or None, task="query")
        return found

    def __call__(self, texts: Sequence[str], langs: Sequence[str] = (), role: str = "query") -> TextBatch:
        """Tokenise B texts.

        Raises:
            ModelError: when a text is empty or is not a string.
        """
        features = self._features(texts)
        return TextBatch(features["input_ids"].long(), features["attention_mask"].bool(), tuple(langs), role)

    def lengths(self, texts: Sequence[str], langs: Sequence[str] = ()) -> list[int]:
        """How many tokens each text has before cutting, prompt and chat template not counted."""
        coded = self.backend(list(texts), split_special_tokens=True, verbose=False)
        return [len(ids) for ids in coded["input_ids"]]

    @property
    def vocab_size(self) -> int:
        """How many ids there are, special ones included."""
        return len(self.backend)

    @property
    def fingerprint(self) -> str:
        """Changes with the vocabulary, the prompt and the chat template."""
        said = [self.backend.get_vocab(), self.prompt, str(self.modality), getattr(self.backend, "chat_template", "")]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:16]

    def save(self, folder: Path) -> None:
        """Such a model is never part of a run.

        Raises:
            ModelError: always.
        """
        raise ModelError("A sentence-transformers model is used as it is and is not saved as a run.")


def encode_tokens(sentence: Any, reader: SentenceReader, batch: TextBatch) -> Tensor:
    """Vectors (B, D) of tokenised texts."""
    features: dict[str, Any] = {"input_ids": batch.input_ids, "attention_mask": batch.mask.long()}
    features["modality"] = reader.modality
    if reader.prompt_length is not None:
        features["prompt_length"] = reader.prompt_length
    vectors: Tensor = sentence(features, task="query")["sentence_embedding"]
    return vectors[:, : sentence.truncate_dim]


def encode_pictures(sentence: Any, pictures: Sequence[Tensor]) -> Tensor:
    """Vectors (M, D) of M pictures, uint8 RGB (3, H, W) each, with the model's document prompt where it has one."""
    from PIL import Image

    opened = [Image.fromarray(picture.permute(1, 2, 0).cpu().numpy()) for picture in pictures]
    found: Tensor = sentence.encode_document(
        opened, batch_size=PICTURES, convert_to_tensor=True, show_progress_bar=False
    )
    return found.to(torch.float32)
