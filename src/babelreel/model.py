"""A method ready for use: texts and files in, representations and scores out.

    model = babelreel.load("openai/clip-vit-base-patch32")
    texts = model.encode_text(["ein Hund springt ins Wasser"])
    media = model.encode_media(["holiday.mp4", "beach.jpg"])
    model.score(texts, media.representation)  # (1, 2)

Device, precision, batching, decoding and caching are decided here, once, for evaluation, indexing and search alike.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from babelreel.corpora.folder import read_folder
from babelreel.data.batches import bucketed
from babelreel.data.rows import concatenate
from babelreel.device import choose_device, inference
from babelreel.encoders.features import RepresentationStore, encode_items
from babelreel.encoders.media import MediaTower
from babelreel.encoders.text import TextEncoder
from babelreel.encoders.vision import VisionEncoder
from babelreel.errors import CorpusError, ModelError, ScoreError
from babelreel.hub import resolve
from babelreel.language import detect
from babelreel.media.video import Sampling
from babelreel.methods.base import Method
from babelreel.methods.clip4clip import CLIP4Clip
from babelreel.progress import Report
from babelreel.runs import is_run, load_run
from babelreel.types import Corpus, MediaBatch, Representation


def cache_folder() -> Path:
    """Where representations are kept unless told otherwise: $BABELREEL_CACHE, or babelreel below the user's cache."""
    named = os.environ.get("BABELREEL_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "babelreel"


@dataclass(frozen=True, slots=True)
class EncodedMedia:
    """Row n of `representation` belongs to item `ids[n]`; `failures` says of each other item why it has none."""

    ids: tuple[str, ...]
    representation: Representation | None  # None when nothing could be read
    failures: dict[str, str]


class Model:
    """A method on a device. `opened_with` are the arguments of `load` that open it again, as plain values."""

    def __init__(self, method: Method, opened_with: dict[str, Any], device: torch.device | None = None) -> None:
        self.device = device or choose_device()
        self.method = method.to(self.device).eval()
        self.opened_with = opened_with

    @property
    def source(self) -> str:
        """The folder or hub id that the model came from."""
        return str(self.opened_with["source"])

    @cached_property
    def fingerprint(self) -> str:
        """The media side's fingerprint: what an index of this model's vectors carries."""
        return self.method.media_fingerprint()

    def encode_text(
        self, texts: Sequence[str], langs: Sequence[str] | str | None = None, batch_size: int = 128
    ) -> Representation:
        """Encode Q texts, in batches of like length; row q belongs to text q. `langs` is one language or Q of them.

        Where a language is not given and the method has a tower of its own for some, it is detected.

        Raises:
            ModelError: when a text is empty.
        """
        spoken = [langs] * len(texts) if isinstance(langs, str) else list(langs or [""] * len(texts))
        roles = [self.role(text, lang) for text, lang in zip(texts, spoken, strict=True)]
        batches, order = [], []
        with inference(self.device):
            for role in dict.fromkeys(roles):
                tokenizer = self.method.texts[role]
                own = [row for row, found in enumerate(roles) if found == role]
                for places in bucketed(tokenizer.lengths([texts[row] for row in own]), batch_size):
                    rows = [own[place] for place in places]
                    batch = tokenizer([texts[row] for row in rows], [spoken[row] for row in rows], role)
                    batches.append(_to_cpu(self.method.encode_text(batch.to(self.device))))
                    order += rows
        joined = concatenate(batches)
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor(order)] = torch.arange(len(order))
        return joined[back]

    def role(self, text: str, lang: str | None = None) -> str:
        """Which of the method's text towers reads a text: by its language, given or detected."""
        routed = self.method.route("en") != self.method.route(None)
        return self.method.route(lang or (detect(text) if routed else None))

    def encode_media(
        self,
        media: Corpus | Sequence[str | Path],
        cache: str | Path | None = None,
        progress: Report | None = None,
        fields: Sequence[str] | None = None,
    ) -> EncodedMedia:
        """Encode a corpus, or files and folders; what the cache holds is not decoded again.

        `fields` limits what is read into memory, such as ("pooled",); by default all that the method gives.

        Raises:
            CorpusError: when a path does not exist, or nothing usable is found.
        """
        found: dict[str, str] = {}
        if not isinstance(media, Corpus):
            media, found = read_folder(media)
        store = RepresentationStore(cache or cache_folder() / "features", self.fingerprint)
        keys, failures = self.encode_into(store, media, progress)
        ids = tuple(item.id for item in media.items if item.id in keys)
        rows = store.read([keys[i] for i in ids], fields) if ids else None
        return EncodedMedia(ids, rows, found | failures)

    def encode_into(
        self, store: RepresentationStore, corpus: Corpus, progress: Report | None = None
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Encode into a store what it lacks of the corpus: {item id: key} and {item id: why it failed}."""
        if store.fingerprint != self.fingerprint:
            raise CorpusError(f"The store {store.folder} belongs to another model ({store.fingerprint}).")
        workers = max(1, (os.cpu_count() or 2) - 1)
        encoded = encode_items(
            self.encode_batch, corpus, store, self.method.sampling, self.method.spec, workers=workers,
            progress=progress,
        )  # fmt: skip
        return encoded.keys, encoded.failures

    def score(self, queries: Representation, items: Representation) -> Tensor:
        """(Q, N) scores on the CPU, higher is better.

        Raises:
            ScoreError: when another model made the items, widths differ, or a number is not finite.
        """
        if items.fingerprint not in ("", self.fingerprint):
            raise ScoreError(
                f"The items were encoded by another model (fingerprint {items.fingerprint}), not by {self.source!r} "
                f"({self.fingerprint}). Score them with theirs, or encode them again."
            )
        with torch.inference_mode():  # in full precision: rounded scores would tie
            return self.method.score(queries.to(self.device), items.to(self.device)).float().cpu()

    def frame_scores(self, queries: Representation, items: Representation) -> Tensor:
        """(Q, N, L) on the CPU: how well each frame matches, -inf on padding."""
        with torch.inference_mode():
            return self.method.frame_scores(queries.to(self.device), items.to(self.device)).float().cpu()

    def encode_batch(self, batch: MediaBatch) -> Representation:
        """Encode B items whose frames are at hand, on the model's device; the rows are on the CPU."""
        with inference(self.device):
            return _to_cpu(self.method.encode_media(batch.to(self.device)))


def load(
    source: str | Path,
    *,
    text: str | Path | None = None,
    frames: int | None = None,
    rate: float | None = None,
    device: str | None = None,
) -> Model:
    """Open a model: a run that was trained here, or a folder or hub id of an image-text model, used zero-shot.

    For the latter (CLIP, SigLIP, SigLIP 2, MetaCLIP 2) `text` takes the text tower from elsewhere, such as a published
    M-CLIP tower for a CLIP image tower; of a video at most `frames` (12) frames are read, spread over it uniformly, and
    with `rate` at most that many a second.

    Raises:
        ModelError: when a model cannot be found or loaded, or the towers do not fit each other.
    """
    folder = resolve(source)
    chosen = choose_device(device)
    if is_run(folder):
        if text is not None or frames is not None or rate is not None:
            raise ModelError(f"{folder} is a trained run: its text towers and its sampling are part of it.")
        return Model(load_run(folder), {"source": _lasting(source)}, chosen)
    frames = 12 if frames is None else frames
    media = MediaTower(VisionEncoder.load(folder))
    method = CLIP4Clip(media, TextEncoder.load(text or folder), Sampling(frames=frames, rate=rate))
    opened_with = {"source": _lasting(source), "text": text and _lasting(text), "frames": frames, "rate": rate}
    return Model(method, opened_with, chosen)


def _lasting(source: str | Path) -> str:
    """A source that means the same from any working directory."""
    folder = Path(source).expanduser()
    return str(folder.resolve()) if folder.is_dir() else str(source)


def _to_cpu(rows: Representation) -> Representation:
    return rows.to(torch.device("cpu"))
