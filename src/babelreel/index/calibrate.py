"""A score as a confidence that means the same in every language: "no good match" is an answer.

Scores of different languages lie on different scales, and the best of many entries scores higher by chance than the
best of a few. Both are measured on captions the model was not trained on: the best score of a caption among items with
its own, and among items without its own and those like it (`RELATED` of all, by what their captions say). On these,
for several numbers of items, logistic regression on the score and the logarithm of the number is fitted, language by
language: 0.5 is where a score is as likely with something that fits as without.
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
from babelreel.types import Corpus, Representation

NOTE = "calibration"
PARTS = (8, 4, 2, 1)  # the corpus is cut into so many parts
LEAST = 20  # items
RELATED = 0.1
CAPTIONS = 4000  # of a language at the most: each is compared with each
RIDGE = 1e-3
ALL = ""  # of all languages together: where the query's has no captions, or is not known


@dataclass(frozen=True, slots=True)
class Calibration:
    """By language: bias, weight of the score, weight of the logarithm of the number of entries."""

    weights: Mapping[str, tuple[float, float, float]]

    def confidence(self, score: float, lang: str | None, entries: int) -> float:
        """From 0 to 1: how much the score of a text looks like that of something that fits."""
        code = lang or ALL
        known = next((c for c in (code, code.partition("-")[0]) if c in self.weights), ALL)
        bias, slope, size = self.weights[known]
        logit = bias + slope * score + size * math.log(max(entries, 1))
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
        own = own[:: -(-len(own) // CAPTIONS)]  # every second or third, and so on
        texts = model.encode_text([text for text, _ in own], lang)
        places = torch.tensor([item for _, item in own])
        pairs[lang] = [examples(model.score(texts, media.representation), likeness(texts, places, len(place)), places)]
        pairs[ALL] += pairs[lang]
    weights = {lang: fit(*map(torch.cat, zip(*found, strict=True))) for lang, found in pairs.items()}
    index.note(NOTE, weights)
    return Calibration(weights)


def likeness(texts: Representation, own: Tensor, items: int) -> Tensor:
    """(Q, N): how like each item is to a query's own, by their captions; `own` (Q,) are the places of the latter."""
    assert texts.pooled is not None
    alike = texts.pooled @ texts.pooled.T  # (Q, Q)
    return alike.new_full((len(own), items), float("-inf")).scatter_reduce(1, own.expand(len(own), -1), alike, "amax")


def examples(scores: Tensor, alike: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs (M, 2), best score and logarithm of the number of items, and labels (M,), 1 with something that fits.

    `scores` and `alike` are (Q, N), the places of the queries' own items (Q,). For each part of the items a query gives
    two examples: the best of the part and its own item, and the best of the part without what is like it.
    """
    order = torch.randperm(scores.shape[1], generator=torch.Generator().manual_seed(0))
    count = max(1, round(RELATED * scores.shape[1]))
    bar = alike.topk(count, dim=1).values[:, -1:]  # (Q, 1)
    inputs, labels = [], []
    for parts in PARTS:
        for places in order.chunk(parts):
            some = scores[:, places]
            fits = torch.maximum(some.amax(1), scores.gather(1, own[:, None])[:, 0])
            related = (alike[:, places] >= bar) | (places[None] == own[:, None])
            others = some.masked_fill(related, float("-inf")).amax(1)
            for best, label in ((fits, 1.0), (others, 0.0)):
                real = best.isfinite()
                size = torch.full_like(best, math.log(len(places)))
                inputs.append(torch.stack([best, size], dim=1)[real])
                labels.append(torch.full_like(best, label)[real])
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
