"""Query-side corrections against hubs, items that are near to every query. Options of an evaluation, never a default.

Each divides an item's score by what it gives to queries in general, as a softmax over queries, in the log domain. With
a score s, a temperature T, and mass(c) = log sum exp s(b, c) / T over queries b:

- "inverted-softmax" (Smith et al. 2017, arXiv 1702.03859): s(q, c) / T - mass(c), over all queries of the test.
- "dual-softmax" (Cheng et al. 2021, arXiv 2109.04290): the product of both softmaxes, over queries and over candidates,
  2 s(q, c) / T - mass(c); what it leaves out is the same for all candidates of a query. The paper multiplies the score
  itself by the prior, whose order turns round below a score of 0.
- "querybank" (Bogolin et al. 2022, arXiv 2112.12777, the dynamic inverted softmax): the inverted softmax over a bank of
  queries of the training split, for those queries alone whose first hit is the first hit of some query of the bank.

The first two see the other queries of the test, which a search does not have: their figures are no search's. Scores are
float32, so what they leave open ties: two softmaxes that are both within about 5e-7 / T of 1 are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, cast

import torch
from torch import Tensor

from babelreel.errors import ScoreError
from babelreel.model import Model
from babelreel.ranking import TIE, Adjust, Score, score_blocks
from babelreel.types import Corpus, Representation

Kind = Literal["dual-softmax", "inverted-softmax", "querybank"]
KINDS: tuple[str, ...] = ("dual-softmax", "inverted-softmax", "querybank")
TEMPERATURE = 0.05  # Bogolin et al. multiply cosines by 20


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction. `bank` holds the queries of "querybank" by language; `source` says where they come from.

    Raises:
        ScoreError: when there is no such kind, or the temperature is not above 0.
    """

    kind: Kind
    temperature: float = TEMPERATURE
    bank: Mapping[str, Representation] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ScoreError(f"There is no correction {self.kind!r}. There are: {', '.join(KINDS)}.")
        if not 0 < self.temperature < float("inf"):
            raise ScoreError(f"The temperature of a softmax must be above 0, found {self.temperature}.")

    def __str__(self) -> str:
        of = f", {sum(map(len, self.bank.values()))} queries of {self.source}" if self.kind == "querybank" else ""
        return f"{self.kind} (temperature {self.temperature:g}{of})"

    @property
    def both_ways(self) -> bool:
        """Whether it corrects media to text too: a bank holds texts, so that it knows what is near to texts alone."""
        return self.kind != "querybank"

    def adjust(self, score: Score, queries: Representation, candidates: Representation, lang: str) -> Adjust:
        """What `ranking.rank` does to the scores of `queries` with `candidates`, in blocks of its memory.

        Raises:
            ScoreError: when the bank has no query in the language, or a score is not a finite number.
        """
        if self.kind == "querybank" and lang not in self.bank:
            raise ScoreError(
                f"The query bank of {self.source or 'nothing'} has no query in {lang}; it has "
                f"{', '.join(self.bank) or 'none at all'}. Measure without the correction, or in these languages."
            )
        seen = self.bank[lang] if self.kind == "querybank" else queries
        mass, first = _mass(score, seen, candidates, self.temperature)
        times = 2 if self.kind == "dual-softmax" else 1

        def adjusted(scores: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
            out = scores * (times / self.temperature) - mass
            # Rounding is relative to the terms, not to their difference, which may be near 0 for all.
            size = scale * (times / self.temperature) + mass.abs().max()
            if self.kind != "querybank":
                return out, size
            hubs = _first_hits(scores, scale)[:, first].any(1)  # (Q',)
            return torch.where(hubs[:, None], out, scores), torch.where(hubs, size, scale)

        return adjusted


def correct(
    kind: str | None, temperature: float | None, model: Model, corpus: Corpus, bank: str, tested: str | None
) -> Correction | None:
    """The correction of a name, or none. "querybank" encodes the captions of the corpus's split `bank`.

    Raises:
        ScoreError: when there is no such correction, a temperature comes without one, or the bank holds what is tested.
        CorpusError: when there is no such split.
    """
    if kind is None:
        if temperature is not None:
            raise ScoreError(f"A temperature belongs to a correction: name one of {', '.join(KINDS)}, or leave it out.")
        return None
    plain = Correction(cast(Kind, kind), TEMPERATURE if temperature is None else temperature)
    if kind != "querybank":
        return plain
    if tested in (None, bank):
        raise ScoreError(
            f"A query bank must hold other queries than those that are tested: test on a split that is not {bank!r}."
        )
    captions = [caption for item in corpus.select(bank).items for caption in item.captions]
    by_lang = {lang: [c.text for c in captions if c.lang == lang] for lang in sorted({c.lang for c in captions})}
    return replace(plain, bank={lang: model.encode_text(t, lang) for lang, t in by_lang.items()}, source=bank)


def _mass(score: Score, seen: Representation, candidates: Representation, temperature: float) -> tuple[Tensor, Tensor]:
    """log sum exp of the scores over queries, (C,) float32, and which candidates are the first hit of one, (C,) bool.

    A candidate that ties for the first place counts, so the order of the candidates decides nothing.
    """
    mass = torch.full((len(candidates),), float("-inf"), dtype=torch.float64)
    first = torch.zeros(len(candidates), dtype=torch.bool)
    for _, scores, scale in score_blocks(score, seen, candidates):
        first |= _first_hits(scores, scale).any(0)
        mass = torch.logaddexp(mass, (scores / temperature).logsumexp(0).double())
    return mass.float(), first


def _first_hits(scores: Tensor, scale: Tensor) -> Tensor:
    """(Q', C) bool: which candidates stand first, or tie with the one that does."""
    return scores >= (scores.amax(1) - TIE * scale)[:, None]
