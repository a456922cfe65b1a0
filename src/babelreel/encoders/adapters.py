"""Languages added to a frozen text tower: each has acquirers and a vocabulary, the tower's weights are there once.

The tower itself is not changed: what is in its own languages passes through it as before, bit for bit. A text of an
added language goes through the same layers, its vocabulary's vectors in the place of the tower's own, with an acquirer
after each layer.

- A transformer (`TextEncoder`) is told both through hooks that stand in it for good, and do nothing unless this thread
  is reading a text of an added language. It is given ids of its own as placeholders, with its end token where the text
  ends, so that it pools there, whatever ids the other vocabulary has.
- Of a bag of grams (`GramEncoder`) the network above the sum is the one layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from babelreel.data.languages import LanguageReader
from babelreel.encoders.acquirers import AcquirerConfig, Acquirers
from babelreel.encoders.grams import GramEncoder
from babelreel.encoders.text import TextEncoder
from babelreel.encoders.towers import TextTower
from babelreel.encoders.vocabularies import GramVocabulary, PieceVocabulary, Vocabulary, vocabulary_from
from babelreel.errors import ModelError
from babelreel.types import TextBatch


class Adapters(nn.Module):
    """`languages` {code: name of its vocabulary}; each has its acquirers. The tower is lent at every call."""

    def __init__(self) -> None:
        super().__init__()
        self.languages: dict[str, str] = {}
        self.acquirers = nn.ModuleDict()
        self.vocabularies = nn.ModuleDict()

    def add(self, lang: str, acquirers: Acquirers, name: str, vocabulary: Vocabulary | None = None) -> None:
        """Add a language, which reads with the vocabulary of that name; without `vocabulary` it is there already.

        Raises:
            ModelError: when the language is there.
        """
        if lang in self.languages:
            raise ModelError(f"The language {lang!r} is in this model already. Unload it first, or take another code.")
        self.languages[lang] = name
        self.acquirers[_key(lang)] = acquirers
        if vocabulary is not None:
            self.vocabularies[_key(name)] = vocabulary

    def remove(self, lang: str) -> None:
        """Take a language out, and its vocabulary where no other reads with it.

        Raises:
            ModelError: when it is not there.
        """
        name = self.languages.pop(self._known(lang))
        del self.acquirers[_key(lang)]
        if name not in self.languages.values():
            del self.vocabularies[_key(name)]

    def of(self, lang: str) -> tuple[Acquirers, Vocabulary]:
        """A language's acquirers and vocabulary.

        Raises:
            ModelError: when it is not there.
        """
        name = self.languages[self._known(lang)]
        acquirers, vocabulary = self.acquirers[_key(lang)], self.vocabularies[_key(name)]
        assert isinstance(acquirers, Acquirers)
        assert isinstance(vocabulary, GramVocabulary | PieceVocabulary)
        return acquirers, vocabulary

    def forward(self, tower: TextTower, batch: TextBatch) -> Tensor:
        """(B, D): B texts of added languages, `batch.langs`, not normalised."""
        if len(set(batch.langs)) == 1:
            return self._read(tower, batch, batch.langs[0])
        rows: dict[str, list[int]] = {}
        for row, lang in enumerate(batch.langs):
            rows.setdefault(lang, []).append(row)
        parts = [self._read(tower, _some(batch, own), lang) for lang, own in rows.items()]
        order = torch.tensor([row for own in rows.values() for row in own]).argsort()
        return torch.cat(parts)[order.to(parts[0].device)]

    def _read(self, tower: TextTower, batch: TextBatch, lang: str) -> Tensor:
        acquirers, vocabulary = self.of(lang)
        if isinstance(tower, GramEncoder):
            assert isinstance(vocabulary, GramVocabulary)
            summed = tower.norm(vocabulary(batch))
            if vocabulary.training:
                summed = vocabulary.drop(summed)
            return acquirers[0](tower.project(summed))
        with _reading(vocabulary(batch.input_ids), acquirers):
            return tower(_placeholders(tower, batch)).pooled

    def reader(self) -> LanguageReader:
        """What tokenises texts of these languages."""
        return LanguageReader(self.languages, {name: self._vocabulary(name).tokenizer for name in self._names()})

    def describe(self) -> dict[str, Any]:
        """Plain values from which `from_description` builds the same; the tokenizers lie apart."""
        acquirers = {lang: asdict(self.of(lang)[0].config) for lang in self.languages}
        vocabularies = {name: self._vocabulary(name).describe() for name in self._names()}
        return {"languages": self.languages, "acquirers": acquirers, "vocabularies": vocabularies}

    @classmethod
    def from_description(cls, description: Mapping[str, Any], reader: LanguageReader, tower: TextTower) -> Adapters:
        """The languages that `describe` spoke of, with random weights."""
        adapters = cls()
        for name, said in description["vocabularies"].items():
            adapters.vocabularies[_key(name)] = vocabulary_from(said, reader.readers[name], tower)
        for lang, name in description["languages"].items():
            config = AcquirerConfig(**description["acquirers"][lang])
            adapters.add(lang, Acquirers(layer_widths(tower), config), name)
        return adapters

    def _names(self) -> list[str]:
        return list(dict.fromkeys(self.languages.values()))

    def _vocabulary(self, name: str) -> Vocabulary:
        return next(self.of(lang)[1] for lang, own in self.languages.items() if own == name)

    def _known(self, lang: str) -> str:
        if lang not in self.languages:
            raise ModelError(
                f"The language {lang!r} is not among those added to this model: {', '.join(self.languages) or 'none'}."
            )
        return lang


def _key(name: str) -> str:
    """A code as the name of a module: "to" (Tongan) alone would be torch's own."""
    return f"<{name}>"


def _some(batch: TextBatch, rows: list[int]) -> TextBatch:
    return TextBatch(batch.input_ids[rows], batch.mask[rows], role=batch.role)


def layer_widths(tower: TextTower) -> list[int]:
    """The width of what each layer of a tower gives, and so of the acquirer after it."""
    if isinstance(tower, GramEncoder):
        return [tower.width]
    return [tower.backbone.config.hidden_size] * len(_layers(tower))


class _Reading(NamedTuple):
    embedded: Tensor  # (B, L, Dh), in the place of the tower's own token embeddings
    acquirers: Acquirers


_READING: ContextVar[_Reading | None] = ContextVar("reading", default=None)


@contextmanager
def _reading(embedded: Tensor, acquirers: Acquirers) -> Iterator[None]:
    token = _READING.set(_Reading(embedded, acquirers))
    try:
        yield
    finally:
        _READING.reset(token)


def make_adaptable(tower: TextTower) -> None:
    """Let a transformer be read through by `Adapters`; once is enough, and its own texts are read as before.

    Raises:
        ModelError: when its layers cannot be told.
    """
    if isinstance(tower, GramEncoder) or getattr(tower.backbone, "adaptable", False):
        return
    for number, layer in enumerate(_layers(tower)):
        layer.register_forward_hook(partial(_acquire, number))
    tower.backbone.get_input_embeddings().register_forward_hook(_embed)
    tower.backbone.adaptable = True


def _acquire(number: int, module: nn.Module, arguments: Any, output: Any) -> Any:
    reading = _READING.get()
    if reading is None:
        return None
    if isinstance(output, tuple):
        return (reading.acquirers[number](output[0]), *output[1:])
    return reading.acquirers[number](output)


def _embed(module: nn.Module, arguments: Any, output: Tensor) -> Tensor | None:
    reading = _READING.get()
    return None if reading is None else reading.embedded


def _layers(tower: TextEncoder) -> nn.ModuleList:
    wanted = getattr(tower.backbone.config, "num_hidden_layers", None)
    found = [m for m in tower.backbone.modules() if isinstance(m, nn.ModuleList) and len(m) == wanted]
    if len(found) != 1:
        raise ModelError(
            f"A {type(tower.backbone).__name__} has {len(found)} stacks of {wanted} layers, so where acquirers stand "
            "is not known. Take MKD, which trains a text tower of its own (--method mkd)."
        )
    return found[0]


def _placeholders(tower: TextEncoder, batch: TextBatch) -> TextBatch:
    """Ids of the tower's own vocabulary that tell it where texts end and padding begins, and nothing else."""
    config = tower.backbone.config
    end = config.eos_token_id
    if end is None or end == 2:  # CLIP's old configurations say 2 and mean the largest id
        end = config.vocab_size - 1
    pad = config.pad_token_id
    plain = next(id for id in range(3) if id not in (end, pad))
    ids = torch.where(batch.mask, plain, plain if pad is None or pad == end else pad)
    last = batch.mask.shape[1] - 1 - batch.mask.flip(1).int().argmax(1, keepdim=True)  # (B, 1)
    return TextBatch(ids.scatter(1, last, end), batch.mask)
