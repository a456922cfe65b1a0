"""A score as a confidence that means the same in every language: "no good match" is an answer.

Raw scores of languages and queries lie on different scales, so a query's score is first its standard score against a
sample of the index. How large that must be to mean something depends on the language (a weak one spreads its matches
among the rest) and on how many entries were there to be good by chance. Both are measured on captions the model was not
trained on: a caption's own item, against the best of the items without it. On these pairs, of several numbers of
items, logistic regression on the standard score and the logarithm of the number of items is fitted, language by
language: 0.5 is where a match is as likely as the best that an index without one has.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from babelreel.errors import CorpusError
from babelreel.index.store import VectorIndex
from babelreel.model import Model
from babelreel.progress import Report
from babelreel.types import Corpus

NOTE = "calibration"
PARTS = (8, 4, 2, 1)  # the corpus is cut into so many parts
LEAST = 20  # items without which deviations mean little
RIDGE = 1e-3
ALL = ""  # of all languages together: where the query's has no captions, or is not known


@dataclass(frozen=True, slots=True)
class Calibration:
    """By language: bias, weight of the standard score, weight of the logarithm of the number of entries."""

    weights: Mapping[str, tuple[float, float, float]]

    def confidence(self, standard: float, lang: str | None, entries: int) -> float:
        """From 0 to 1: how much a standard score looks like a match, and not like the best of what is there."""
        code = lang or ALL
        known = next((c for c in (code, code.partition("-")[0]) if c in self.weights), ALL)
        bias, slope, size = self.weights[known]
        logit = bias + slope * standard + size * math.log(max(entries, 1))
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, logit))))


def read_calibration(index: VectorIndex) -> Calibration | None:
    """What `calibrate` noted in the index, if it did."""
    noted = index.notes().get(NOTE)
    return Calibration({lang: tuple(values) for lang, values in noted.items()}) if noted else None


def calibrate(
    index: VectorIndex, model: Model, corpus: Corpus, cache: str | Path | None = None, progress: Report | None = None
) -> Calibration:
    """Fit on a corpus's items and captions, which the model was not trained on, and note it in the index.

    Raises:
        CorpusError: when fewer than `LEAST` of its items can be read, or it has no captions.
    """
    media = model.encode_media(corpus, cache, progress, model.method.scored)
    place = {name: n for n, name in enumerate(media.ids)}
    asked = [(c.text, c.lang, place[item.id]) for item in corpus.items if item.id in place for c in item.captions]
    if media.representation is None or len(place) < LEAST or not asked:
        raise CorpusError(
            f"Calibrating needs {LEAST} items with captions, found {len(place)} that can be read and {len(asked)} "
            "captions. Give a larger corpus, or another split."
        )
    pairs: dict[str, list[tuple[Tensor, Tensor]]] = {ALL: []}
    for lang in dict.fromkeys(lang for _, lang, _ in asked):
        own = [(text, item) for text, spoken, item in asked if spoken == lang]
        scores = model.score(model.encode_text([text for text, _ in own], lang), media.representation)  # (Q, N)
        pairs[lang] = [examples(scores, torch.tensor([item for _, item in own]))]
        pairs[ALL] += pairs[lang]
    weights = {lang: fit(*map(torch.cat, zip(*found, strict=True))) for lang, found in pairs.items()}
    index.note(NOTE, weights)
    return Calibration(weights)


def examples(scores: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs (M, 2), standard score and logarithm of the number of items, and labels (M,), 1 for a match.

    `scores` (Q, N), and the place of each query's own item (Q,). For each part of the items a query gives two: its own
    item added to the part, and the best of the part without it.
    """
    order = torch.randperm(scores.shape[1], generator=torch.Generator().manual_seed(0))
    inputs, labels = [], []
    mine = scores.gather(1, own[:, None])  # (Q, 1)
    for parts in PARTS:
        for places in order.chunk(parts):
            others = scores[:, places].masked_fill(places[None] == own[:, None], float("nan"))
            count = (~others.isnan()).sum(1, keepdim=True)
            for with_own in (True, False):
                seen = torch.cat([others, mine], dim=1) if with_own else others
                mean = seen.nanmean(1, keepdim=True)
                deviation = (seen - mean).square().nanmean(1, keepdim=True).sqrt().clamp(min=1e-9)
                score = mine if with_own else others.nan_to_num(float("-inf")).amax(1, keepdim=True)
                inputs.append(torch.cat([(score - mean) / deviation, (count + with_own).log()], dim=1))
                labels.append(torch.full((len(own),), float(with_own)))
    return torch.cat(inputs), torch.cat(labels)


def fit(inputs: Tensor, labels: Tensor) -> tuple[float, float, float]:
    """Logistic regression of labels (M,) on inputs (M, 2), by Newton's method: bias and two weights."""
    x = torch.cat([torch.ones(len(inputs), 1), inputs], dim=1).double()
    y, weights = labels.double(), torch.zeros(3, dtype=torch.double)
    for _ in range(30):
        p = (x @ weights).sigmoid()
        gradient = x.T @ (y - p) - RIDGE * weights
        curvature = (x * (p * (1 - p))[:, None]).T @ x + RIDGE * torch.eye(3, dtype=torch.double)
        step = torch.linalg.solve(curvature, gradient)
        weights = weights + step
        if step.abs().max() < 1e-8:
            break
    bias, slope, size = weights.tolist()
    return bias, slope, size
