"""Draws to batches: tokenised texts, and frames or the stored features of a frozen backbone, read ahead of the step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch

from babelreel.data.batches import collate_media, read_ahead
from babelreel.data.sampler import CaptionSampler, Draw
from babelreel.device import inference
from babelreel.encoders.features import RepresentationStore, encode_items
from babelreel.errors import CorpusError
from babelreel.media.files import read_item
from babelreel.methods.base import Method
from babelreel.model import Progress, cache_folder
from babelreel.types import Batch, Corpus, MediaBatch, Representation

FEATURES = torch.float16  # a frozen backbone's grids are large, and three digits of them are enough


@dataclass(frozen=True, slots=True)
class Features:
    """A frozen backbone's output for a corpus, on disk: computed once, read by row."""

    store: RepresentationStore
    keys: dict[str, str]

    def read(self, ids: list[str]) -> Representation:
        """The rows of some items, as float32."""
        rows = self.store.read([self.keys[i] for i in ids])
        return Representation(**{n: t.float() if t.is_floating_point() else t for n, t in rows.fields().items()})


def compute_features(
    method: Method, corpus: Corpus, device: torch.device, cache: Path | None = None, progress: Progress | None = None
) -> Features:
    """Run the frozen backbone over the corpus, as far as the store does not hold it yet.

    Raises:
        CorpusError: when files cannot be read: training on fewer items than asked for is not silent.
    """
    store = RepresentationStore(cache or cache_folder() / "features", method.features_fingerprint(), FEATURES)

    def encode(batch: MediaBatch) -> Representation:
        with inference(device):
            return method.backbone_features(batch.to(device))

    done = encode_items(encode, corpus, store, method.sampling, method.spec, progress=progress)
    if done.failures:
        listed = "".join(f"\n  {item}: {why}" for item, why in list(done.failures.items())[:10])
        raise CorpusError(f"{len(done.failures)} of {len(corpus)} items cannot be read; mend or drop them:{listed}")
    return Features(store, done.keys)


class Feed:
    """Batches of a method's training, in the order of a sampler. `features` None decodes frames at every step."""

    def __init__(
        self, method: Method, corpus: Corpus, sampler: CaptionSampler, features: Features | None, seed: int
    ) -> None:
        self.method, self.corpus, self.sampler, self.features, self.seed = method, corpus, sampler, features, seed

    def epoch(self, number: int, skip: int, process: int, processes: int) -> Iterator[Batch]:
        """The batches of an epoch after the first `skip`."""
        draws = islice(self.sampler.epoch(number, process, processes), skip, None)
        numbered = ((number, step, draw) for step, draw in enumerate(draws, start=skip))
        return read_ahead(self._batch, numbered, workers=1, ahead=2)

    def _batch(self, place: tuple[int, int, Draw]) -> Batch:
        epoch, step, draw = place
        texts = {
            role: self.method.texts[role]([c.text for c in captions], [c.lang for c in captions], role)
            for role, captions in draw.captions.items()
        }
        one_each = draw.owners == tuple(range(len(draw.items)))
        owners = None if one_each else torch.tensor(draw.owners)
        if not self.method.reads_media:
            return Batch(texts=texts, owners=owners)
        ids = [item.id for item in draw.items]
        if self.features is not None:
            return Batch(features=self.features.read(ids), texts=texts, owners=owners)
        generator = torch.Generator().manual_seed(hash((self.seed, epoch, step)) & 0x7FFF_FFFF)
        frames = [
            read_item(self.corpus.path(i), i.kind, self.method.sampling, self.method.spec, i.start, i.end, generator)
            for i in draw.items
        ]
        return Batch(media=collate_media(ids, frames), texts=texts, owners=owners)
