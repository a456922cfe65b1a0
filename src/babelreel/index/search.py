"""A query to hits: exact scores over the whole index, in blocks, and the best moment of each hit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from babelreel.encoders.features import RepresentationStore
from babelreel.errors import IndexStoreError, ModelError
from babelreel.index.build import read_info, read_items, refuse_other_model
from babelreel.model import Model, load
from babelreel.types import Hit, Representation

BLOCK = 8192


class Searcher:
    """An open index with its model.

    `model` defaults to the one that wrote the index, on `device`.

    Raises:
        IndexStoreError: when there is no whole index, or another model wrote it.
    """

    def __init__(self, folder: str | Path, model: Model | None = None, device: str | None = None) -> None:
        folder = Path(folder)
        info = read_info(folder)
        self.model = model or load(**info.model, device=device)
        refuse_other_model(info, self.model, folder)
        self.corpus, self._keys = read_items(folder, info)
        self._store = RepresentationStore(folder / "vectors", info.fingerprint)
        lost = sum(key not in self._store for key in self._keys)
        if lost:
            raise IndexStoreError(f"The index in {folder} lacks the vectors of {lost} item(s). Run the indexing again.")

    def __len__(self) -> int:
        return len(self._keys)

    def search(self, query: str, k: int = 10, lang: str | None = None) -> list[Hit]:
        """The `k` best items for a text; equal scores are ordered by id, so answers are reproducible.

        Raises:
            ModelError: when the query is empty or `k` is less than 1.
        """
        if k < 1:
            raise ModelError(f"At least one hit must be asked for, found k = {k}.")
        text = self.model.encode_text([query], lang)
        scores = self._scores(text)
        ids = np.array([item.id for item in self.corpus.items])
        best = np.lexsort((ids, -scores))[:k]
        moments = self._moments(text, best)
        hits = []
        for rank, (row, moment) in enumerate(zip(best, moments, strict=True), start=1):
            item = self.corpus.items[row]
            path = str(self.corpus.path(item))
            score = float(scores[row])
            hits.append(Hit(rank, score, item.id, path, item.kind, item.start, item.end, moment))
        return hits

    def _scores(self, text: Representation) -> np.ndarray:
        """(N,) float32 scores of every item."""
        blocks = []
        for start in range(0, len(self._keys), BLOCK):
            rows = self._store.read(self._keys[start : start + BLOCK], self.model.method.scored)
            blocks.append(self.model.score(text, rows)[0])
        scores = torch.cat(blocks).numpy()
        if np.isnan(scores).any():
            raise IndexStoreError(
                f"{int(np.isnan(scores).sum())} of {len(scores)} scores are not numbers: the model's weights or the "
                "index's vectors are damaged."
            )
        return scores

    def _moments(self, text: Representation, best: Sequence[int] | np.ndarray) -> list[float | None]:
        """For each hit the time in seconds of the frame that matches best; None for images."""
        rows = self._store.read([self._keys[row] for row in best])
        if rows.tokens is None or rows.times is None:
            return [None] * len(best)
        frames = self.model.frame_scores(text, rows)[0].argmax(dim=1)  # (k,)
        times = rows.times.gather(1, frames.unsqueeze(1))[:, 0].tolist()
        return [t if self.corpus.items[r].kind == "video" else None for t, r in zip(times, best, strict=True)]
