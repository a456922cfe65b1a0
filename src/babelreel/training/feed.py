"""Draws to batches: tokenised texts, and frames or the stored features of a frozen backbone, read ahead of the step."""

from __future__ import annotations

import os
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from babelreel.data.batches import collate_media, read_ahead
from babelreel.data.sampler import CaptionSampler, Draw
from babelreel.device import inference
from babelreel.encoders.features import RepresentationStore, encode_items
from babelreel.errors import CorpusError
from babelreel.media.augment import Augmentation, augment
from babelreel.media.files import read_item
from babelreel.media.video import Frames
from babelreel.methods.base import Method
from babelreel.model import cache_folder
from babelreel.progress import Report
from babelreel.types import Batch, Corpus, MediaBatch, MediaItem, Representation

FEATURES = torch.float16  # a frozen backbone's grids are large, and three digits of them are enough


@dataclass(frozen=True, slots=True)
class Features:
    """A frozen backbone's output for a corpus, on disk: computed once, read by row."""

    store: RepresentationStore
    keys: dict[str, str]

    def read(self, ids: list[str]) -> Representation:
        """The rows of some items, as float32."""
        rows = self.store.read([self.keys[i] for i in ids])
        floats: dict[str, Any] = {n: t.float() for n, t in rows.fields().items() if t.is_floating_point()}
        return replace(rows, **floats)


def compute_features(
    method: Method, corpus: Corpus, device: torch.device, cache: Path | None = None, progress: Report | None = None
) -> Features:
    """Run the frozen backbone over the corpus, as far as the store does not hold it yet.

    Raises:
        CorpusError: when files cannot be read: training on fewer items than asked for is not silent.
    """
    store = RepresentationStore(cache or cache_folder() / "features", method.features_fingerprint(), FEATURES)
    method.backbone().eval()  # of a run it comes in training mode, where norms would read their batch

    def encode(batch: MediaBatch) -> Representation:
        with inference(device):
            return method.backbone_features(batch.to(device))

    done = encode_items(encode, corpus, store, method.sampling, method.spec, progress=progress)
    if done.failures:
        listed = "".join(f"\n  {item}: {why}" for item, why in list(done.failures.items())[:10])
        raise CorpusError(f"{len(done.failures)} of {len(corpus)} items cannot be read; mend or drop them:{listed}")
    return Features(store, done.keys)


class Feed:
    """Batches of a method's training, in the order of a sampler. `features` None decodes frames at every step.

    What is random about an item's frames is drawn from the seed, the epoch and the item's id: the same in a resumed
    run, and in whichever process reads the item.
    """

    def __init__(
        self, method: Method, corpus: Corpus, sampler: CaptionSampler, features: Features | None, seed: int,
        augmentation: Augmentation,
    ) -> None:  # fmt: skip
        self.method, self.corpus, self.sampler, self.features, self.seed = method, corpus, sampler, features, seed
        self.augmentation = augmentation

    def epoch(self, number: int, skip: int, process: int, processes: int) -> Iterator[Batch]:
        """The batches of an epoch after the first `skip`."""
        draws = islice(self.sampler.epoch(number, process, processes), skip, None)
        if self.features is None and self.method.reads_media:
            return self._decoded(number, draws)
        return read_ahead(self._batch, draws, workers=1, ahead=2)

    def _decoded(self, number: int, draws: Iterator[Draw]) -> Iterator[Batch]:
        """Batches from files: single items are read in parallel, about two batches ahead."""
        begun: deque[Draw] = deque()

        def items() -> Iterator[tuple[int, MediaItem]]:
            for draw in draws:
                begun.append(draw)
                yield from ((number, item) for item in draw.items)

        workers = os.cpu_count() or 1
        frames = read_ahead(self._frames, items(), workers, 2 * self.sampler.batch_size)
        for first in frames:  # a batch is known by then
            draw = begun.popleft()
            media = collate_media([i.id for i in draw.items], [first, *islice(frames, len(draw.items) - 1)])
            yield replace(self._texts(draw), media=media)

    def _frames(self, place: tuple[int, MediaItem]) -> Frames:
        epoch, item = place
        seed = np.random.SeedSequence([self.seed, epoch, zlib.crc32(item.id.encode())]).generate_state(1)
        generator = torch.Generator().manual_seed(int(seed[0]))
        method, path = self.method, self.corpus.path(item)
        frames = read_item(path, item.kind, method.sampling, method.spec, item.start, item.end, generator)
        return replace(frames, images=augment(frames.images, self.augmentation, generator))

    def _batch(self, draw: Draw) -> Batch:
        batch = self._texts(draw)
        if self.features is None or not self.method.reads_media:
            return batch
        return replace(batch, features=self.features.read([item.id for item in draw.items]))

    def _texts(self, draw: Draw) -> Batch:
        texts = {
            role: self.method.texts[role]([c.text for c in captions], [c.lang for c in captions], role)
            for role, captions in draw.captions.items()
        }
        one_each = draw.owners == tuple(range(len(draw.items)))
        return Batch(texts=texts, owners=None if one_each else torch.tensor(draw.owners))
