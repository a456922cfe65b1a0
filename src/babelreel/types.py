"""The words of the project as frozen, validated dataclasses.

    MediaItem ─┬─ Corpus ──▶ Batch ──▶ Representation ──▶ (scores) ──▶ Ranks ──▶ metrics
    Caption  ──┘                                             └──▶ Hit

Shapes are spoken with the same letters everywhere: B batch, Q queries, N items, T frames, L tokens, D width.
Tensors are `torch.Tensor`; torch is imported for annotations only, so that this module costs nothing to import.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from babelreel.errors import CorpusError

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, device

Kind = Literal["video", "image", "text"]
Origin = Literal["human", "translated", "described", "generated"]
Direction = Literal["t2v", "v2t", "t2i", "i2t", "t2t"]

KINDS: tuple[str, ...] = ("video", "image", "text")
ORIGINS: tuple[str, ...] = ("human", "translated", "described", "generated")

_BCP47 = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Caption:
    """One sentence about one item.

    `lang` is a BCP 47 code ("de", "zh", "pt-BR"). `origin` says who wrote it. Captions of one item that share a
    non-empty `group` are translations of each other: parallel text. `made` tells what a machine that wrote it was: its
    model, settings, source.
    """

    text: str
    lang: str
    origin: str = "human"
    group: str = ""
    made: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str) or not self.text.strip():
            raise CorpusError(f"A caption needs text, found {self.text!r}. Write a sentence or drop the caption.")
        if not isinstance(self.lang, str) or not _BCP47.fullmatch(self.lang):
            raise CorpusError(f"A caption's 'lang' must be a BCP 47 code such as 'en' or 'pt-BR', found {self.lang!r}.")
        if self.origin not in ORIGINS:
            raise CorpusError(f"A caption's 'origin' must be one of {', '.join(ORIGINS)}, found {self.origin!r}.")
        if not isinstance(self.group, str):
            raise CorpusError(f"A caption's 'group' must be a string, found {self.group!r}.")
        if not isinstance(self.made, Mapping) or not all(isinstance(v, str) for v in self.made.values()):
            raise CorpusError(f"A caption's 'made' must be an object of strings, found {self.made!r}.")


@dataclass(frozen=True, slots=True)
class MediaItem:
    """A video, a span of a video, or an image, with its captions; or captions alone, which is parallel text.

    `path` is relative to the corpus's media root, with forward slashes; text has none. `start` and `end` are seconds
    within the video; None means from the beginning, to the end. `tags` carry whatever a breakdown may ask for.
    """

    id: str
    path: str
    kind: Kind
    start: float | None = None
    end: float | None = None
    split: str = ""
    captions: tuple[Caption, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not self.id:
            raise CorpusError(f"An item needs a non-empty string 'id', found {self.id!r}.")
        if self.kind not in KINDS:
            raise CorpusError(f"Item {self.id!r}: 'kind' must be one of {', '.join(KINDS)}, found {self.kind!r}.")
        if self.kind == "text" and self.path != "":
            raise CorpusError(f"Item {self.id!r} is text, so it cannot have a 'path' ({self.path!r}).")
        if not isinstance(self.path, str) or not (self.path or self.kind == "text"):
            raise CorpusError(f"Item {self.id!r} needs a non-empty string 'path', found {self.path!r}.")
        pure = PurePosixPath(self.path)
        if pure.is_absolute() or ".." in pure.parts or "\0" in self.path:
            raise CorpusError(
                f"Item {self.id!r} has the path {self.path!r}, which leaves the media root. "
                "Give a path below the media root, relative to it."
            )
        start, end = self.start, self.end
        for name, value in (("start", start), ("end", end)):
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
                raise CorpusError(f"Item {self.id!r}: {name!r} must be seconds, at least 0, found {value!r}.")
            if self.kind != "video":
                raise CorpusError(
                    f"Item {self.id!r} is no video ({self.kind}), so it cannot have {name!r} ({value!r})."
                )
        if end is not None and end <= (start or 0.0):
            raise CorpusError(f"Item {self.id!r}: 'end' ({end!r}) must come after 'start' ({start!r}).")

    @property
    def caption_ids(self) -> tuple[str, ...]:
        """`id#de.0`, `id#en.0`, `id#de.1`: numbered within a language, so leaving languages out renames nothing."""
        seen: Counter[str] = Counter()
        ids = []
        for caption in self.captions:
            ids.append(f"{self.id}#{caption.lang}.{seen[caption.lang]}")
            seen[caption.lang] += 1
        return tuple(ids)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Items with their captions. Relevance is "the caption names the item"; there is no second truth.

    `media_root` is the folder that the items' paths are relative to.
    """

    name: str
    media_root: Path
    items: tuple[MediaItem, ...]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for item in self.items:
            if item.id in seen:
                raise CorpusError(f"Corpus {self.name!r} holds the id {item.id!r} twice. Ids must be unique.")
            seen.add(item.id)

    def __len__(self) -> int:
        return len(self.items)

    def path(self, item: MediaItem) -> Path:
        """Where the item's file lies on this machine.

        Raises:
            CorpusError: when it is text, which has none.
        """
        if item.kind == "text":
            raise CorpusError(
                f"Item {item.id!r} of {self.name!r} is text alone, so there is no file to read. Take a corpus with "
                "videos or images."
            )
        return self.media_root / item.path

    @property
    def text_only(self) -> bool:
        """Whether no item has media: parallel text."""
        return all(item.kind == "text" for item in self.items)

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits, sorted."""
        return tuple(sorted({item.split for item in self.items}))

    @property
    def langs(self) -> tuple[str, ...]:
        """The languages of the captions, sorted."""
        return tuple(sorted({caption.lang for item in self.items for caption in item.captions}))

    def select(self, split: str | None = None, langs: Sequence[str] | None = None) -> Corpus:
        """The same corpus with one split's items and some languages' captions only; items stay, captions or not.

        Raises:
            CorpusError: when the split is unknown, or no caption is in one of the languages.
        """
        if split is not None and split not in self.splits:
            names = ", ".join(repr(s) for s in self.splits)
            raise CorpusError(f"Corpus {self.name!r} has no split {split!r}. It has: {names}.")
        items: Iterable[MediaItem] = (i for i in self.items if split is None or i.split == split)
        if langs is not None:
            wanted = set(langs)
            missing = sorted(wanted - set(self.langs))
            if missing:
                raise CorpusError(
                    f"Corpus {self.name!r} has no captions in {', '.join(missing)}. "
                    f"It has: {', '.join(self.langs) or 'no captions at all'}."
                )
            items = (replace(i, captions=tuple(c for c in i.captions if c.lang in wanted)) for i in items)
        return replace(self, items=tuple(items))


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Tokenised texts, padded to the longest. `input_ids` (B, L) int64, `mask` (B, L) bool, True on real tokens.

    `role` names the tokenizer, and so the tower, that they are meant for.
    """

    input_ids: Tensor
    mask: Tensor
    langs: tuple[str, ...] = ()
    role: str = "query"

    def __len__(self) -> int:
        return int(self.input_ids.shape[0])

    def to(self, where: device) -> TextBatch:
        """The same batch on a device."""
        return replace(self, input_ids=self.input_ids.to(where), mask=self.mask.to(where))


@dataclass(frozen=True, slots=True)
class MediaBatch:
    """Frames of B items, padded to the longest.

    `frames` (B, T, 3, H, W) uint8 RGB, already of the encoder's size; normalising is the encoder's work. `mask`
    (B, T) bool, True on real frames. `times` (B, T) float32, seconds from the file's beginning, 0 for images.
    `sizes` (B, 2) int64 are the height and width of each item's frames where they differ: below and to the right of
    that is padding.
    """

    ids: tuple[str, ...]
    frames: Tensor
    mask: Tensor
    times: Tensor
    sizes: Tensor | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def to(self, where: device) -> MediaBatch:
        """The same batch on a device."""
        frames, mask, times = (t.to(where, non_blocking=True) for t in (self.frames, self.mask, self.times))
        return MediaBatch(self.ids, frames, mask, times, None if self.sizes is None else self.sizes.to(where))

    def real_frames(self) -> tuple[Tensor, Tensor | None]:
        """The M frames of all items that are no padding, (M, 3, H, W), and the sizes (M, 2) where they differ."""
        sizes = None if self.sizes is None else self.sizes.repeat_interleave(self.mask.sum(1), dim=0)
        return self.frames[self.mask], sizes


@dataclass(frozen=True, slots=True)
class Representation:
    """What a tower gives for N texts or items.

    `pooled` (N, D) float: what an approximate index searches. `tokens` (N, L, D) float with `mask` (N, L) bool: frames,
    patches or slots, what exact scoring needs. `times` (N, L) float32: seconds of each token, where it has one.
    `constants` (N, L (L + 1) / 2, C) float32: what exact scoring needs of each pair of tokens and computes once; the
    pair (l, m), m <= l, stands at l (l + 1) / 2 + m, so that fewer tokens are a prefix. `fingerprint` names the media
    side that made the rows, where that is known: another model's are not scored.
    """

    pooled: Tensor | None = None
    tokens: Tensor | None = None
    mask: Tensor | None = None
    times: Tensor | None = None
    constants: Tensor | None = None
    fingerprint: str = ""

    def __post_init__(self) -> None:
        if self.pooled is None and self.tokens is None:
            raise ValueError("A representation needs pooled vectors, tokens, or both")
        if self.pooled is not None and self.pooled.ndim != 2:
            raise ValueError(f"pooled must be (N, D), found {tuple(self.pooled.shape)}")
        if self.tokens is not None:
            if self.tokens.ndim != 3 or self.mask is None or self.mask.shape != self.tokens.shape[:2]:
                raise ValueError("tokens must be (N, L, D) and come with a mask (N, L)")
            if self.pooled is not None and len(self.pooled) != len(self.tokens):
                raise ValueError(f"{len(self.pooled)} pooled vectors, but tokens of {len(self.tokens)}")
        if self.times is not None and (self.mask is None or self.times.shape != self.mask.shape):
            raise ValueError("times must be (N, L), like the mask")
        if self.constants is not None and (
            self.mask is None or self.constants.shape[:2] != (len(self.mask), pairs(self.mask.shape[1]))
        ):
            raise ValueError("constants must be (N, L (L + 1) / 2, C) and come with a mask (N, L)")

    def __len__(self) -> int:
        first = self.pooled if self.pooled is not None else self.tokens
        assert first is not None
        return int(first.shape[0])

    def fields(self) -> dict[str, Tensor]:
        """The tensors that are there, by name."""
        named = {name: getattr(self, name) for name in ("pooled", "tokens", "mask", "times", "constants")}
        return {name: tensor for name, tensor in named.items() if tensor is not None}

    def to(self, where: device) -> Representation:
        """The same rows on a device."""
        moved = {name: tensor.to(where) for name, tensor in self.fields().items()}
        return Representation(**moved, fingerprint=self.fingerprint)

    def __getitem__(self, rows: slice | Tensor | np.ndarray | list[int]) -> Representation:
        """Some of the N rows, as a representation."""
        some = {name: tensor[rows] for name, tensor in self.fields().items()}
        return Representation(**some, fingerprint=self.fingerprint)


def pairs(tokens: int) -> int:
    """How many pairs (l, m) with m <= l so many tokens have."""
    return tokens * (tokens + 1) // 2


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step reads: media, and texts by role ("query", "pivot", "description").

    Media come as frames, or as `features`, what a frozen backbone gave for them. Row q of every role belongs to the
    media row `owners[q]`, (Q,) int64; without `owners` row q belongs to row q.
    """

    media: MediaBatch | None = None
    features: Representation | None = None
    texts: Mapping[str, TextBatch] = field(default_factory=dict)
    owners: Tensor | None = None

    def to(self, where: device) -> Batch:
        """The same batch on a device."""
        return Batch(
            None if self.media is None else self.media.to(where),
            None if self.features is None else self.features.to(where),
            {role: texts.to(where) for role, texts in self.texts.items()},
            None if self.owners is None else self.owners.to(where),
        )


@dataclass(frozen=True, slots=True)
class Ranks:
    """The rank of the best relevant candidate for each of Q queries, 1 is best.

    A rank is 1 + the number of irrelevant candidates scored higher or equal, so ties count against us. `groups` names
    for each query the unit that bootstrap draws resample (the item that a caption belongs to). A query whose media
    failed has the rank `candidates + 1` at best: it never vanishes.
    """

    lang: str
    direction: Direction
    query_ids: tuple[str, ...]
    ranks: np.ndarray  # (Q,) int64
    groups: np.ndarray  # (Q,) int64
    candidates: int

    def __post_init__(self) -> None:
        if not len(self.query_ids) == len(self.ranks) == len(self.groups):
            raise ValueError("query_ids, ranks and groups must have one entry a query")
        if len(self.ranks) and self.ranks.min() < 1:
            raise ValueError("Ranks start at 1")

    def __len__(self) -> int:
        return len(self.query_ids)


@dataclass(frozen=True, slots=True)
class Moment:
    """A window of a video that matches too: its span and its best frame's time in seconds, and its score."""

    id: str
    start: float
    end: float
    time: float
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer of a search: a file, by its best window, and how well that matches.

    `id` names the window, or the image; `start`, `end` and `moment`, the time of the best frame, are seconds within the
    video, None for an image; `duration` is the whole video's, 0 for an image. `frames` are (time, weight) of the
    window's frames, weights from 0 for its worst to 1 for its best. `moments` are other windows of the same video, best
    first. `confidence`, 0 to 1, means the same in every language, and is 0 for what the model cannot read; None where
    the index is not calibrated.
    """

    rank: int
    score: float
    id: str
    path: str
    kind: Kind
    start: float | None = None
    end: float | None = None
    moment: float | None = None
    frames: tuple[tuple[float, float], ...] = ()
    moments: tuple[Moment, ...] = ()
    confidence: float | None = None
    duration: float = 0.0
