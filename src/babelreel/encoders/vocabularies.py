"""What a frozen text tower reads of added languages: a vocabulary with vectors of its own ("multilingual embedding").

Zhang et al. 2023, section 3.2.2. Over a transformer it gives a vector a token in the place of the tower's own token
embedding; over a bag of grams the weighted sum of its grams' vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from babelreel.data.grams import GramTokenizer, learn_grams
from babelreel.data.tokenizers import TextPolicy, TextReader, Tokenizer, train_tokenizer
from babelreel.encoders.grams import GramEncoder, bag, idf
from babelreel.encoders.text import TextEncoder
from babelreel.encoders.towers import TextTower
from babelreel.errors import ConfigError, ModelError
from babelreel.types import TextBatch


@dataclass(frozen=True, slots=True)
class VocabularyConfig:
    """At most `size` grams or pieces are learned from the language's own texts, with vectors of `width`, which a linear
    layer brings to the tower's width.

    Over a transformer, `source` (a hub id or folder) gives tokenizer and vectors to start from instead; with `trim`
    only the pieces that the texts use keep a vector, the others read as unknown. With `shared` all languages of a
    training share one vocabulary, as in the paper. In training `drop_grams` of a text's grams and `dropout` of their
    summed vector's channels are left out; pieces are not.
    """

    source: str = ""
    size: int = 20_000
    width: int = 128
    trim: bool = True
    shared: bool = False
    drop_grams: float = 0.4
    dropout: float = 0.5

    def __post_init__(self) -> None:
        if min(self.size, self.width) < 1 or not (0 <= self.drop_grams < 1 and 0 <= self.dropout < 1):
            raise ConfigError("A vocabulary needs size and width of at least 1, and dropouts from 0 to below 1.")


class GramVocabulary(nn.Module):
    """Grams with vectors of `width`, brought to `target`, the width of a gram tower's own."""

    def __init__(self, tokenizer: GramTokenizer, target: int, width: int, drop_grams: float, dropout: float) -> None:
        super().__init__()
        self.tokenizer, self.drop_grams = tokenizer, drop_grams
        self.weights: Tensor
        self.register_buffer("weights", idf(tokenizer), persistent=False)
        self.table = nn.EmbeddingBag(tokenizer.vocab_size, width, mode="sum")
        # The sum is normalised, so its size says nothing, but the smaller a vector the further a step turns it.
        nn.init.normal_(self.table.weight, std=0.1 * width**-0.5)
        self.project = nn.Linear(width, target, bias=False)
        self.drop = nn.Dropout(dropout)

    def forward(self, batch: TextBatch) -> Tensor:
        """(B, target): the sum of each text's grams."""
        return self.project(bag(self.table, self.weights, batch, self.drop_grams if self.training else 0.0))

    def rows(self) -> dict[str, int]:
        """The row of each gram's vector."""
        return {gram: row for row, gram in enumerate(self.tokenizer.vocabulary, start=1)}

    def describe(self) -> dict[str, Any]:
        """What `vocabulary_from` needs to build the same, as plain values; the grams lie apart."""
        return {"width": self.table.embedding_dim, "drop_grams": self.drop_grams, "dropout": self.drop.p}


class PieceVocabulary(nn.Module):
    """Pieces with vectors of `width`, brought to `target`, the width of a transformer's own.

    `kept` are the ids that have a vector, in the order of the table's rows; the others read as the unknown piece.
    """

    def __init__(self, tokenizer: Tokenizer, target: int, width: int, kept: Sequence[int] | None = None) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.kept = list(range(tokenizer.vocab_size)) if kept is None else list(kept)
        unknown = tokenizer.backend.unk_token_id
        places = torch.full((tokenizer.vocab_size,), self.kept.index(unknown) if unknown in self.kept else 0)
        places[self.kept] = torch.arange(len(self.kept))
        self.places: Tensor
        self.register_buffer("places", places, persistent=False)
        self.table = nn.Embedding(len(self.kept), width)
        self.project = nn.Linear(width, target)

    def forward(self, ids: Tensor) -> Tensor:
        """(B, L) ids to (B, L, target)."""
        return self.project(self.table(self.places[ids]))

    def rows(self) -> dict[str, int]:
        """The row of each piece's vector."""
        pieces = self.tokenizer.backend.convert_ids_to_tokens(self.kept)
        return {piece: row for row, piece in enumerate(pieces)}

    def describe(self) -> dict[str, Any]:
        """What `vocabulary_from` needs to build the same, as plain values; the pieces lie apart."""
        whole = len(self.kept) == self.tokenizer.vocab_size
        return {"width": self.table.embedding_dim, "kept": None if whole else self.kept}


Vocabulary = GramVocabulary | PieceVocabulary


def new_vocabulary(config: VocabularyConfig, texts: Sequence[str], tower: TextTower) -> Vocabulary:
    """A vocabulary for a tower, learned from the texts of its languages, or from `config.source`.

    Raises:
        ConfigError: when a gram tower is to read a hub model's vocabulary.
        ModelError: when the texts do not give a vocabulary, or the source cannot be loaded.
    """
    if isinstance(tower, GramEncoder):
        if config.source:
            raise ConfigError(
                "A text tower over grams reads grams: leave vocabulary.source out, they are learned from the texts."
            )
        tokenizer = learn_grams(texts, config.size)
        return GramVocabulary(tokenizer, tower.config.width, config.width, config.drop_grams, config.dropout)
    if config.source:
        return _of_source(config, texts, tower)
    pieces = train_tokenizer(texts, config.size, tower.tokenizer.policy)
    found = PieceVocabulary(pieces, tower.backbone.config.hidden_size, config.width)
    with torch.no_grad():  # as large as the tower's own, or its layers would not hear it
        scale = tower.backbone.get_input_embeddings().weight.std()
        nn.init.normal_(found.table.weight)
        nn.init.normal_(found.project.weight, std=float(scale) * config.width**-0.5)
        nn.init.zeros_(found.project.bias)
    return found


def _of_source(config: VocabularyConfig, texts: Iterable[str], tower: TextEncoder) -> PieceVocabulary:
    source = TextEncoder.load(config.source)
    own, policy = source.tokenizer.policy, tower.tokenizer.policy
    limit = min(own.max_length, policy.max_length)
    tokenizer = Tokenizer(source.tokenizer.backend, TextPolicy(limit, policy.padding, own.lower))
    kept = None
    if config.trim:
        used = {id for text in texts for id in tokenizer([text]).input_ids[0].tolist()}
        kept = sorted(used | set(tokenizer.backend.all_special_ids))
    vectors = source.backbone.get_input_embeddings().weight.detach()
    found = PieceVocabulary(tokenizer, tower.backbone.config.hidden_size, vectors.shape[1], kept)
    with torch.no_grad():
        found.table.weight.copy_(vectors[found.kept])
    return found


def vocabulary_from(description: Mapping[str, Any], tokenizer: TextReader, tower: TextTower) -> Vocabulary:
    """The vocabulary that `describe` spoke of, with random vectors.

    Raises:
        ModelError: when the tower does not read what the tokenizer writes.
    """
    if isinstance(tower, GramEncoder) and isinstance(tokenizer, GramTokenizer):
        return GramVocabulary(tokenizer, tower.config.width, **description)
    if isinstance(tower, TextEncoder) and isinstance(tokenizer, Tokenizer):
        return PieceVocabulary(tokenizer, tower.backbone.config.hidden_size, **description)
    raise ModelError(f"A {type(tower).__name__} does not read what a {type(tokenizer).__name__} writes.")


def start_from(new: Vocabulary, old: Vocabulary) -> int:
    """Copy the vectors of grams or pieces that both have; how many there are.

    Raises:
        ModelError: when their vectors have unlike widths.
    """
    if new.table.embedding_dim != old.table.embedding_dim:
        raise ModelError(
            f"The vectors to start from have width {old.table.embedding_dim}, the new ones {new.table.embedding_dim}. "
            "Set vocabulary.width to the former."
        )
    there = old.rows()
    shared = [(row, there[piece]) for piece, row in new.rows().items() if piece in there]
    with torch.no_grad():
        if shared:
            into, out_of = (list(rows) for rows in zip(*shared, strict=True))
            new.table.weight[into] = old.table.weight[out_of]
        new.project.load_state_dict(old.project.state_dict())
    return len(shared)
