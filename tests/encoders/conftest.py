"""Small random checkpoints of the real classes, saved in the hub's format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from families import TEXTS

from babelreel.data.tokenizers import TextPolicy, Tokenizer, train_tokenizer
from babelreel.encoders.small import write_small_clip

PROCESSOR = {
    "do_resize": True, "size": {"height": 32, "width": 32}, "resample": 3, "do_center_crop": False,
    "do_normalize": True, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.6, 0.7],
}  # fmt: skip


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return train_tokenizer(TEXTS * 3, 300, TextPolicy(64), "bpe")


@pytest.fixture(scope="session")
def small_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_clip(tmp_path_factory.mktemp("clip"), TEXTS, width=32, image_size=32, patch_size=16)


@pytest.fixture(scope="session")
def save(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> Callable[..., Path]:
    """Save a transformers model with a vocabulary and an image preparation, as it would lie on the hub."""

    def write(model: Any, processor: dict[str, Any] | None = None) -> Path:
        folder = tmp_path_factory.mktemp(type(model).__name__)
        model.save_pretrained(folder)
        tokenizer.backend.save_pretrained(folder)
        (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR | (processor or {})))
        return folder

    return write


@pytest.fixture(scope="session")
def frames() -> torch.Tensor:
    return torch.randint(0, 256, (5, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
