"""A method on held-out data during training: the number that chooses the checkpoint."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import torch

from babelreel.data.rows import concatenate
from babelreel.evaluate import Evaluation, describe, evaluate
from babelreel.methods.base import Method
from babelreel.metrics import measure
from babelreel.model import Model, load
from babelreel.protocol.ranks import rank_corpus
from babelreel.training.feed import Features, compute_features
from babelreel.types import Corpus, Representation

BLOCK = 256


def validate(method: Method, corpus: Corpus, features: Features | None, device: torch.device) -> dict[str, float]:
    """R@1, R@5 and R@10 from text to media, mean over the corpus's languages, and "mean", the mean of the three."""
    model = Model(method, {"source": "training"}, device)
    captions = [caption for item in corpus.items for caption in item.captions]
    texts = model.encode_text([c.text for c in captions], [c.lang for c in captions])
    ids, media = media_rows(model, corpus, features)
    found = [measure(ranks) for ranks, _ in rank_corpus(model.score, corpus, texts, media, ids)
             if ranks.direction in ("t2v", "t2i")]  # fmt: skip
    means = {name: sum(row[name] for row in found) / len(found) for name in ("R@1", "R@5", "R@10")}
    return means | {"mean": sum(means.values()) / 3}


def measure_run(run: Path, corpus: Corpus, split: str, cache: Path | None, seed: int = 0) -> Evaluation:
    """A run on the items of a split, over stored features of its backbone: runs that share one decode nothing twice.

    Raises:
        CorpusError: when the corpus has no captions, or a file cannot be read.
    """
    model = load(run)
    captions = [caption for item in corpus.items for caption in item.captions]
    ids, media = media_rows(model, corpus, compute_features(model.method, corpus, model.device, cache))
    texts = model.encode_text([c.text for c in captions], [c.lang for c in captions])
    header = replace(describe(model, corpus, split, seed), model=run.name)
    return evaluate(model.score, corpus, texts, media, ids, header)


def media_rows(model: Model, corpus: Corpus, features: Features | None) -> tuple[list[str], Representation]:
    """Representations of the corpus: from stored features of a frozen backbone, else from the files."""
    if features is None:
        with tempfile.TemporaryDirectory() as folder:  # the weights change with every step, so nothing is kept
            encoded = model.encode_media(corpus, folder)
        assert encoded.representation is not None
        return list(encoded.ids), encoded.representation
    ids = [item.id for item in corpus.items]
    with torch.inference_mode():
        blocks = [
            model.method.encode_features(features.read(ids[n : n + BLOCK]).to(model.device)).to(torch.device("cpu"))
            for n in range(0, len(ids), BLOCK)
        ]
    return ids, concatenate(blocks)
