"""The representation store: what a media tower gave for each file, kept on disk, so that nothing is decoded twice.

    folder/<fingerprint>/shard-<first key>-<rows>.safetensors

A row's key is the file's content hash and its span; the fingerprint covers weights, image preparation and sampling. A
shard is written whole or not at all, so a run that is killed loses at most the rows since the last one and goes on
from there. Shards are memory-mapped: what is not read costs no memory.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from babelreel.atomic import atomic_path
from babelreel.data.batches import collate_media, read_ahead
from babelreel.data.rows import split, stack
from babelreel.errors import IndexStoreError, MediaError
from babelreel.media.files import content_hash, read_item
from babelreel.media.transforms import ImageSpec
from babelreel.media.video import Frames, Sampling
from babelreel.types import Corpus, MediaBatch, MediaItem, Representation, pairs

SHARD_BYTES = 64 << 20
SHARD_SECONDS = 60.0


class RepresentationStore:
    """Rows of representations by key, for one model.

    `dtype` is how floats are stored: float32, or float16 where half the space matters more.
    """

    def __init__(self, folder: str | Path, fingerprint: str, dtype: torch.dtype = torch.float32) -> None:
        self.folder = Path(folder) / fingerprint
        self.fingerprint = fingerprint
        self.dtype = dtype
        self._where: dict[str, tuple[Path, int]] = {}
        self._mapped: dict[Path, dict[str, Tensor]] = {}
        self._rows: dict[str, dict[str, Tensor]] = {}  # not yet on disk
        self._bytes = 0
        self._since = time.monotonic()
        for path in sorted(self.folder.glob("shard-*.safetensors")):
            self._list(path)

    def __contains__(self, key: str) -> bool:
        return key in self._where or key in self._rows

    def __len__(self) -> int:
        return len(self._where) + len(self._rows)

    def add(self, keys: Sequence[str], rows: Representation) -> None:
        """Keep N rows under N keys; known keys are passed over. Now and then a shard is written."""
        for key, row in zip(keys, split(rows), strict=True):
            if key in self:
                continue
            kept = {
                name: value.detach().to("cpu", self.dtype if name in ("pooled", "tokens") else value.dtype, copy=True)
                for name, value in row.items()
            }
            self._bytes += sum(value.nbytes for value in kept.values())
            self._rows[key] = kept
        if self._bytes > SHARD_BYTES or time.monotonic() - self._since > SHARD_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what is not on disk yet as one shard."""
        self._since = time.monotonic()
        if not self._rows:
            return
        keys = list(self._rows)
        tensors = stack([self._rows[key] for key in keys]).fields()
        path = self.folder / f"shard-{keys[0][:16]}-{len(keys)}.safetensors"
        if path.exists():
            path = path.with_stem(f"{path.stem}-{time.time_ns()}")
        with atomic_path(path) as temporary:
            save_file(tensors, temporary, {"keys": json.dumps(keys), "fingerprint": self.fingerprint})
        self._where |= {key: (path, row) for row, key in enumerate(keys)}
        self._rows, self._bytes = {}, 0

    def read(self, keys: Sequence[str], fields: Sequence[str] | None = None) -> Representation:
        """The rows of N keys, in order, padded to their longest; floats as stored. `fields` limits what is read.

        Raises:
            IndexStoreError: when a key is not there.
        """
        self.flush()
        missing = [key for key in keys if key not in self._where]
        if missing or not keys:
            raise IndexStoreError(f"{len(missing)} of {len(keys)} rows are not in {self.folder}. Encode them first.")
        by_shard: dict[Path, list[tuple[int, int]]] = {}
        for position, key in enumerate(keys):
            path, row = self._where[key]
            by_shard.setdefault(path, []).append((position, row))
        shards = {path: self._map(path) for path in by_shard}
        common = set.intersection(*(set(tensors) for tensors in shards.values()))
        names = [n for n in next(iter(shards.values())) if n in common and (fields is None or n in fields)]
        longest = 0
        if names != ["pooled"]:
            longest = max(
                int(shards[p]["mask"][[row for _, row in found]].sum(1).max()) for p, found in by_shard.items()
            )
        out: dict[str, Tensor] = {}
        for path, found in by_shard.items():
            positions, rows = torch.tensor(found).unbind(1)
            for name in names:
                tensor = shards[path][name]
                width = pairs(longest) if name == "constants" else longest
                if name not in out:
                    shape = tensor.shape[1:] if name == "pooled" else (width, *tensor.shape[2:])
                    out[name] = torch.zeros(len(keys), *shape, dtype=tensor.dtype)
                if name == "pooled":
                    out[name][positions] = tensor[rows]
                else:
                    length = min(width, tensor.shape[1])
                    out[name][positions, :length] = tensor[rows][:, :length]
        return Representation(**out, fingerprint=self.fingerprint)

    def _list(self, path: Path) -> None:
        try:
            with safe_open(path, "pt") as shard:
                told = shard.metadata()
                keys = json.loads(told["keys"])
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            warnings.warn(f"{path} is damaged ({error}); what it held is encoded again.", stacklevel=3)
            return
        if told.get("fingerprint") != self.fingerprint:
            raise IndexStoreError(
                f"{path} holds rows of the model {told.get('fingerprint')}, but lies among those of "
                f"{self.fingerprint}. Move it out of this folder: scores over both would mean nothing."
            )
        self._where |= {key: (path, row) for row, key in enumerate(keys)}

    def _map(self, path: Path) -> dict[str, Tensor]:
        if path not in self._mapped:
            with safe_open(path, "pt") as shard:
                self._mapped[path] = {name: shard.get_tensor(name) for name in shard.keys()}  # noqa: SIM118 (a shard is no mapping)
        return self._mapped[path]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Which rows belong to which items: {item id: key}, and what failed: {item id: why}."""

    keys: dict[str, str]
    failures: dict[str, str]


def encode_items(
    encode: Callable[[MediaBatch], Representation],
    corpus: Corpus,
    store: RepresentationStore,
    sampling: Sampling,
    spec: ImageSpec,
    *,
    batch_frames: int = 64,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Encoded:
    """Encode every item of the corpus that the store does not hold yet.

    Threads hash and decode ahead while `encode` runs on batches of about `batch_frames` frames. A file that fails is
    listed and skipped. Whatever ends the run early, what was encoded is kept.
    """
    keys: dict[str, str] = {}
    failures: dict[str, str] = {}
    waiting: list[tuple[str, str, Frames]] = []
    queued: set[str] = set()

    def encode_waiting() -> None:
        if waiting:
            ids, row_keys, frames = zip(*waiting, strict=True)
            store.add(row_keys, encode(collate_media(ids, frames)))
            waiting.clear()
            queued.clear()

    load = partial(_load, corpus, store, sampling, spec)
    # While one batch is encoded the next one is decoded: fewer items ahead would leave the readers waiting.
    per_item = 1 if any(item.kind == "image" for item in corpus.items) else sampling.frames or batch_frames
    ahead = 2 * workers + -(-2 * batch_frames // per_item)
    try:
        loaded = read_ahead(load, corpus.items, workers, ahead)
        for done, (item, key, frames, why) in enumerate(loaded, start=1):
            if why is not None:
                failures[item.id] = why
            else:
                keys[item.id] = key
                if frames is not None and key not in queued:
                    waiting.append((item.id, key, frames))
                    queued.add(key)
            if sum(len(f.times) for _, _, f in waiting) >= batch_frames:
                encode_waiting()
            if progress is not None:
                progress(done, len(corpus))
        encode_waiting()
    finally:
        store.flush()
    return Encoded(keys, failures)


def _load(
    corpus: Corpus, store: RepresentationStore, sampling: Sampling, spec: ImageSpec, item: MediaItem
) -> tuple[MediaItem, str, Frames | None, str | None]:
    """One item's key, and its frames unless the store has it already; or why it failed."""
    path = corpus.path(item)
    try:
        span = f"@{item.start or 0:.3f}-{item.end:.3f}" if item.end is not None else f"@{item.start or 0:.3f}"
        key = content_hash(path) + ("" if span == "@0.000" else span)
        if key in store:
            return item, key, None, None
        frames = read_item(path, item.kind, sampling, spec, item.start, item.end, sampling.generator(key))
        return item, key, frames, None
    except MediaError as error:
        return item, "", None, str(error)
