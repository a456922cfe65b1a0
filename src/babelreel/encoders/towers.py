"""The kinds of text tower: how one is made anew, and how a run's vocabulary and description become one again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from torch import nn

from babelreel.data import languages
from babelreel.data.grams import FILE, GramTokenizer, learn_grams
from babelreel.data.tokenizers import TextPolicy, TextReader, Tokenizer, train_tokenizer
from babelreel.encoders.grams import GramConfig, GramEncoder
from babelreel.encoders.text import TextEncoder
from babelreel.errors import ModelError
from babelreel.hub import read_json

TextTower = TextEncoder | GramEncoder


@dataclass(frozen=True, slots=True)
class TextConfig:
    """A pretrained tower (`source`: a hub id or folder, or a run), or one from scratch: pre-norm transformer layers
    over a learned vocabulary, or a bag of grams where a table `grams` is given (`encoders.grams`)."""

    source: str = ""
    layers: int = 1
    width: int = 256
    heads: int = 4
    vocabulary: int = 16_000
    max_length: int = 48
    dropout: float = 0.1
    grams: GramConfig | None = None


def new_tower(config: TextConfig, texts: Sequence[str], width: int) -> TextTower:
    """A tower from scratch whose vectors have `width`, over a vocabulary learned from `texts`.

    Raises:
        ModelError: when the texts do not give the vocabulary that is asked for.
    """
    if config.grams is not None:
        return GramEncoder(learn_grams(texts, config.grams.vocabulary), width, config.grams)
    from transformers import RobertaPreLayerNormConfig, RobertaPreLayerNormModel

    tokenizer = train_tokenizer(texts, config.vocabulary, TextPolicy(config.max_length))
    pad = tokenizer.backend.pad_token_id
    settings = RobertaPreLayerNormConfig(
        vocab_size=tokenizer.vocab_size, hidden_size=config.width, num_hidden_layers=config.layers,
        num_attention_heads=config.heads, intermediate_size=4 * config.width, hidden_dropout_prob=config.dropout,
        attention_probs_dropout_prob=config.dropout, max_position_embeddings=config.max_length + pad + 1,
        pad_token_id=pad, bos_token_id=tokenizer.backend.bos_token_id, eos_token_id=tokenizer.backend.eos_token_id,
    )  # fmt: skip
    backbone = RobertaPreLayerNormModel(settings, add_pooling_layer=False)
    return TextEncoder(backbone, tokenizer, True, nn.Linear(config.width, width))


class Kind(NamedTuple):
    """A tower with its tokenizer; `file` is what the tokenizer writes and no other does."""

    file: str
    tokenizer: type[Any]
    tower: type[Any]


# the first kind whose file is there; a description without "kind" is a transformer's
KINDS = {
    "grams": Kind(FILE, GramTokenizer, GramEncoder),
    "transformer": Kind("text_policy.json", Tokenizer, TextEncoder),
}


def load_tokenizer(folder: Path) -> TextReader:
    """Read the tokenizer that was saved into a folder, of whatever kind, or those of several languages.

    Raises:
        ModelError: when there is none.
    """
    if (folder / languages.FILE).is_file():
        named = read_json(folder, languages.FILE)
        return languages.LanguageReader(named, {name: load_tokenizer(folder / name) for name in set(named.values())})
    for kind in KINDS.values():
        if (folder / kind.file).is_file():
            found: TextReader = kind.tokenizer.load(folder)
            return found
    raise ModelError(f"{folder} holds no vocabulary: none of {', '.join(kind.file for kind in KINDS.values())}.")


def tower_from(description: dict[str, Any], tokenizer: TextReader) -> TextTower:
    """The text tower that `describe` spoke of, with random weights.

    Raises:
        ModelError: when the tokenizer is of another kind.
    """
    kind = KINDS[description.get("kind", "transformer")]
    if not isinstance(tokenizer, kind.tokenizer):
        raise ModelError(f"A {kind.tower.__name__} does not read what a {type(tokenizer).__name__} writes.")
    tower: TextTower = kind.tower.from_description(description, tokenizer)
    return tower
