"""Queries encoded and ready to score rows: texts, pictures, entries of the index, and what shall sink.

A single text scores by `Model.score`, a single picture by the dot product of pooled vectors. Where several are asked at
once, each is first put on one scale, the standard score against a sample of the index: cosines of two pictures are
larger, and spread wider, than those of a text and a picture. Wanted parts are averaged; an unwanted text subtracts
`UNLIKE` times its standard score where that is above 0, so that what has nothing to do with it keeps its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from babelreel.data.batches import collate_media
from babelreel.errors import MissingEntryError
from babelreel.index.query import Query
from babelreel.index.store import VectorIndex
from babelreel.language import detect
from babelreel.media.files import kind_of
from babelreel.media.given import frames_of
from babelreel.media.video import Frames
from babelreel.model import Model
from babelreel.scoring import dot
from babelreel.types import Representation

# On 1,000 photographs and 24 pairs such as "a dog" without "snow", 9.4 % of the first 20 showed what was unwanted; with
# 0.25, 0.5, 1 and 2 times the standard score 5.0, 4.2, 3.3 and 2.9 %, while what was wanted fell from 97 % to 96, 94,
# 93 and 93. Subtracted below 0 too, 1 leaves 1.5 and 89 %: it then finds the unwanted text's opposite.
UNLIKE = 0.5
SAMPLE = 512  # entries that tell how a query scores in general


class Part(NamedTuple):
    """One text, or one picture: a representation of one row, and the mean and deviation of its scores."""

    row: Representation
    is_text: bool
    mean: float = 0.0
    deviation: float = 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, encoded; `read` tells whether its tokenizer knows anything of the text."""

    query: Query
    wanted: tuple[Part, ...]
    unwanted: Part | None
    lang: str | None
    role: str | None
    read: bool

    @property
    def vector(self) -> Tensor:
        """What an approximate index is asked for, (D,): the mean of the wanted parts, each by its own scale."""
        rows = [part.row.pooled[0].float() / part.deviation for part in self.wanted if part.row.pooled is not None]
        return torch.stack(rows).mean(0)

    @property
    def standard(self) -> bool:
        """Whether `score` gives standard scores, or those of the one part as they are."""
        return len(self.wanted) > 1 or self.unwanted is not None

    def score(self, model: Model, rows: Representation) -> Tensor:
        """(N,) float32 scores of N rows, higher is better."""
        if not self.standard:
            return _raw(model, self.wanted[0], rows)
        total = torch.stack([_standard(model, part, rows) for part in self.wanted]).mean(0)
        if self.unwanted is not None:
            total = total - UNLIKE * _standard(model, self.unwanted, rows).clamp(min=0)
        return total


def ask(queries: Sequence[Query], model: Model, index: VectorIndex) -> list[Asked]:
    """Encode queries, their texts together.

    Raises:
        IndexStoreError: when `like` names no entry of the index.
        MediaError: when an image cannot be read.
    """
    texts = [(text, query.lang) for query in queries for text in (query.text, query.unlike) if text is not None]
    encoded: list[Representation] = []
    langs = [lang or detect(text) for text, lang in texts]
    if texts:
        together = model.encode_text([text for text, _ in texts], [lang or "" for lang in langs])
        encoded = [together[n : n + 1] for n in range(len(texts))]
    rows, spoken = iter(encoded), iter(langs)
    sample: Representation | None = None
    asked = []
    for query in queries:
        wanted, lang, role, read = [], None, None, True
        if query.text is not None:
            lang = next(spoken)
            role = model.role(query.text, lang)
            read = model.method.texts[role].lengths([query.text])[0] > 0
            wanted.append(Part(next(rows), True))
        if query.image is not None:
            wanted.append(Part(_encode_image(model, query.image), False))
        if query.like is not None:
            wanted.append(Part(index.rows([query.like], ("pooled",)), False))
        unwanted = None
        if query.unlike is not None:
            next(spoken)
            unwanted = Part(next(rows), True)
        if len(wanted) > 1 or unwanted is not None:
            sample = sample or read_sample(index, fields_of(model, True))
            wanted = [_measured(model, part, sample) for part in wanted]
            unwanted = unwanted and _measured(model, unwanted, sample)
        asked.append(Asked(query, tuple(wanted), unwanted, lang, role, read))
    return asked


def fields_of(model: Model, pictures: bool) -> tuple[str, ...]:
    """What scoring reads of an entry: what the method asks for, and of pictures the pooled vectors."""
    return tuple(dict.fromkeys([*model.method.scored, *(["pooled"] if pictures else [])]))


def read_sample(index: VectorIndex, fields: Sequence[str]) -> Representation | None:
    """Rows of the entries that were drawn when the index was built, or of the first ones; None when it is empty."""
    ids = index.notes().get("sample")
    try:
        if ids:
            return index.rows(ids, fields)
    except MissingEntryError:
        pass  # files go, and the sample is drawn anew, while another process indexes
    return next((rows for _, rows in index.blocks(SAMPLE, fields)), None)


def _measured(model: Model, part: Part, sample: Representation | None) -> Part:
    if sample is None or len(sample) < 2:
        return part
    scores = _raw(model, part, sample)
    return part._replace(mean=float(scores.mean()), deviation=float(scores.std()) or 1.0)


def _raw(model: Model, part: Part, rows: Representation) -> Tensor:
    return model.score(part.row, rows)[0] if part.is_text else dot(part.row, rows)[0]


def _standard(model: Model, part: Part, rows: Representation) -> Tensor:
    return (_raw(model, part, rows) - part.mean) / part.deviation


def _encode_image(model: Model, image: bytes | Path | Image.Image) -> Representation:
    frames = _frames(model, image)
    return model.encode_batch(collate_media(["query"], [frames]))


def _frames(model: Model, image: bytes | Path | Image.Image) -> Frames:
    kind = kind_of(image) if isinstance(image, str | Path) else "image"
    return frames_of(image, kind, model.method.sampling, model.method.spec, "The query's image")
