"""One added language as a folder of its own: a few MB that fit the one text tower they were trained over.

adapter.json          the language, its architecture, and the fingerprint of the tower
adapter.safetensors   acquirers and vectors, in half precision
texts/                its vocabulary
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from babelreel import __version__
from babelreel.atomic import atomic_path
from babelreel.encoders.acquirers import AcquirerConfig, Acquirers
from babelreel.encoders.adapters import Adapters, layer_widths
from babelreel.encoders.fingerprint import fingerprint
from babelreel.encoders.towers import TextTower, load_tokenizer
from babelreel.encoders.vocabularies import vocabulary_from
from babelreel.errors import ModelError
from babelreel.hub import read_json

FORMAT = 1


def tower_fingerprint(tower: TextTower) -> str:
    """Names a text tower by its weights and its vocabulary."""
    return fingerprint(tower, {"tokenizer": tower.tokenizer.fingerprint})


def save_adapter(adapters: Adapters, tower: TextTower, lang: str, folder: Path) -> None:
    """Write one language; `adapter.json` comes last, so its presence says that the rest is whole.

    A vocabulary that languages share is written whole with each of them.

    Raises:
        ModelError: when the language is not among the adapters.
    """
    acquirers, vocabulary = adapters.of(lang)
    vocabulary.tokenizer.save(folder / "texts")
    weights = _pair(acquirers, vocabulary).state_dict()
    with atomic_path(folder / "adapter.safetensors") as temporary:
        save_file({name: tensor.detach().cpu().half().contiguous() for name, tensor in weights.items()}, temporary)
    said = {
        "format": FORMAT, "version": __version__, "language": lang, "tower": tower_fingerprint(tower),
        "acquirer": asdict(acquirers.config), "vocabulary": vocabulary.describe(),
    }  # fmt: skip
    with atomic_path(folder / "adapter.json") as temporary:
        temporary.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load_adapter(adapters: Adapters, tower: TextTower, folder: Path) -> str:
    """Add the language that a folder holds to the adapters over a tower; its code.

    Raises:
        ModelError: when the folder is damaged, was made over another tower, or its language is there already.
    """
    said = read_json(folder, "adapter.json")
    try:
        version, lang, config = said["format"], said["language"], AcquirerConfig(**said["acquirer"])
        described, over = said["vocabulary"], said["tower"]
    except (KeyError, TypeError) as error:
        raise ModelError(f"{folder / 'adapter.json'} is damaged: {error!r}. Copy or train it again.") from error
    if version > FORMAT:
        raise ModelError(
            f"{folder} has format {version}; this version reads up to {FORMAT}. Install a newer babelreel."
        )
    if over != (own := tower_fingerprint(tower)):
        raise ModelError(
            f"{folder} adds {lang!r} to another model: its text tower has the fingerprint {over}, this one's is {own}. "
            "Train the language over this model, or open the model that it was trained over."
        )
    acquirers = Acquirers(layer_widths(tower), config)
    vocabulary = vocabulary_from(described, load_tokenizer(folder / "texts"), tower)
    _fill(_pair(acquirers, vocabulary), folder / "adapter.safetensors")
    device = next(tower.parameters()).device
    adapters.add(lang, acquirers.to(device), lang, vocabulary.to(device).train(adapters.training))
    return lang


def _pair(acquirers: Acquirers, vocabulary: nn.Module) -> nn.ModuleDict:
    return nn.ModuleDict({"acquirers": acquirers, "vocabulary": vocabulary})


def _fill(pair: nn.ModuleDict, path: Path) -> None:
    try:
        weights: dict[str, Any] = {name: tensor.to(torch.float32) for name, tensor in load_file(path).items()}
        pair.load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"{path} cannot be read as the adapter beside it says: {reason} Copy it again.") from error
