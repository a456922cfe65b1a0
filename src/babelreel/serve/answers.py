"""What the server answers, in words that OpenAPI documents."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

from pydantic import BaseModel, Field

from babelreel.index.store import Entry
from babelreel.serve.catalogue import Catalogue
from babelreel.serve.engine import Found
from babelreel.types import Hit, Kind


class Problem(BaseModel):
    """Why there is no answer, in words for users."""

    error: str


class MomentAnswer(BaseModel):
    """Another window of the same video that matches, in seconds."""

    id: str
    start: float
    end: float
    time: float = Field(description="Of the best frame")
    score: float


class HitAnswer(BaseModel):
    """A file, by its best window; times are seconds, null for an image."""

    id: str
    rank: int = Field(ge=1)
    score: float
    confidence: float | None = Field(ge=0, le=1, description="Means the same in every language; null: not calibrated")
    kind: Kind
    name: str = Field(description="Of the file")
    folder: str
    start: float | None
    end: float | None
    moment: float | None = Field(description="Time of the best frame")
    duration: float = Field(description="Of the whole video; 0 for an image")
    frames: list[tuple[float, float]] = Field(description="Time and weight, 0 to 1, of the window's frames")
    moments: list[MomentAnswer]
    media: str
    thumbnail: str


class SearchAnswer(BaseModel):
    """The hits of a search, best first."""

    lang: str | None = Field(description="Of the text, given or detected")
    role: str | None = Field(description="The text tower that read it")
    calibrated: bool
    hits: list[HitAnswer]
    more: bool = Field(description="Whether there is another page")
    took_ms: float


class ItemAnswer(BaseModel):
    """One entry: an image, or a window of a video. Times are seconds, null for an image."""

    id: str
    kind: Kind
    name: str
    folder: str
    start: float | None
    end: float | None
    duration: float
    modified: float = Field(description="POSIX time")
    size: int = Field(description="Bytes")
    media: str
    thumbnail: str


class InfoAnswer(BaseModel):
    """What the index holds."""

    entries: int
    videos: int
    images: int
    model: str
    langs: list[str] = Field(description="That the index is calibrated in")
    calibrated: bool
    folders: list[str] = Field(description="As hits show theirs; the uppermost thousand")


class Health(BaseModel):
    """That the server is there."""

    status: Literal["ok"] = "ok"


def search_answer(found: Found, k: int, catalogue: Catalogue, took: float) -> SearchAnswer:
    """The first `k` hits of an answer that was asked for one more; `took` seconds."""
    answer, calibrated = found
    hits = [_hit(hit, catalogue) for hit in answer.hits[:k]]
    return SearchAnswer(
        lang=answer.lang, role=answer.role, calibrated=calibrated, hits=hits, more=len(answer) > k,
        took_ms=round(1000 * took, 1),
    )  # fmt: skip


def item_answer(entry: Entry, catalogue: Catalogue) -> ItemAnswer:
    """An entry as a client sees it."""
    path = PurePath(entry.path)
    return ItemAnswer(
        id=entry.id, kind=entry.kind, name=path.name, folder=catalogue.shown(str(path.parent)), start=entry.start,
        end=entry.end, duration=entry.duration, modified=entry.modified, size=entry.size, **_links(entry.id),
    )  # fmt: skip


def _hit(hit: Hit, catalogue: Catalogue) -> HitAnswer:
    path = PurePath(hit.path)
    moments = [MomentAnswer(id=m.id, start=m.start, end=m.end, time=m.time, score=m.score) for m in hit.moments]
    return HitAnswer(
        id=hit.id, rank=hit.rank, score=hit.score, confidence=hit.confidence, kind=hit.kind, name=path.name,
        folder=catalogue.shown(str(path.parent)), start=hit.start, end=hit.end, moment=hit.moment,
        duration=hit.duration, frames=list(hit.frames), moments=moments, **_links(hit.id),
    )  # fmt: skip


def _links(name: str) -> dict[str, str]:
    return {"media": f"/media/{name}", "thumbnail": f"/thumbnails/{name}"}
