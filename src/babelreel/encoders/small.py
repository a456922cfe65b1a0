"""Small models with random weights, written in the hub's own format: opened like any other, no second code path.

A CLIP for the tests, and a convolutional image backbone that learns the playground within minutes on a CPU.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from babelreel.data.tokenizers import TextPolicy, train_tokenizer
from babelreel.hub import quiet

MEAN, STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)


def write_small_clip(
    folder: str | Path,
    texts: Iterable[str],
    *,
    width: int = 64,
    layers: int = 2,
    image_size: int = 64,
    patch_size: int = 16,
    vocab_size: int = 2000,
    seed: int = 0,
) -> Path:
    """Write a random CLIP checkpoint whose vocabulary was learned from `texts`; the same seed gives the same bytes.

    Both towers have `layers` layers of `width`, the joint space has `width` dimensions.
    """
    from transformers import CLIPConfig, CLIPModel

    folder = Path(folder)
    tokenizer = train_tokenizer(texts, vocab_size, TextPolicy(64), kind="bpe")
    ids = tokenizer.backend
    common = {
        "hidden_size": width, "intermediate_size": 4 * width, "num_hidden_layers": layers,
        "num_attention_heads": max(1, width // 32), "projection_dim": width,
    }  # fmt: skip
    config = CLIPConfig(
        text_config=common
        | {
            "vocab_size": tokenizer.vocab_size, "max_position_embeddings": 64, "bos_token_id": ids.bos_token_id,
            "eos_token_id": ids.eos_token_id, "pad_token_id": ids.pad_token_id,
        },
        vision_config=common | {"image_size": image_size, "patch_size": patch_size},
        projection_dim=width,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = CLIPModel(config)
    with quiet():
        model.save_pretrained(folder)
    tokenizer.save(folder)
    _write_processor(folder, image_size)
    return folder


def write_small_backbone(
    folder: str | Path, *, widths: Sequence[int] = (32, 64, 128, 128), image_size: int = 64, seed: int = 0
) -> Path:
    """Write a random ResNet of one basic block a stage: `widths` are those of the stem and of each stage.

    The stem and its pooling each halve the picture, as every stage after the first does: 64 pixels and three stages
    give a grid of 4 x 4. The same seed gives the same bytes. He et al. 2016 (arXiv 1512.03385).
    """
    from transformers import ResNetConfig, ResNetModel

    folder = Path(folder)
    stem, *stages = widths
    config = ResNetConfig(
        embedding_size=stem, hidden_sizes=stages, depths=[1] * len(stages), layer_type="basic", out_features=None
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ResNetModel(config)
    with quiet():
        model.save_pretrained(folder)
    _write_processor(folder, image_size)
    return folder


def _write_processor(folder: Path, image_size: int) -> None:
    size = {"height": image_size, "width": image_size}
    processor = {
        "image_processor_type": "CLIPImageProcessor", "do_resize": True, "size": size, "resample": 3,
        "do_center_crop": False, "do_normalize": True, "image_mean": MEAN, "image_std": STD,
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(processor, indent=2) + "\n")
