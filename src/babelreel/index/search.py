"""A query to hits: the index proposes windows, exact scoring ranks them, the windows of one video become one hit.

Candidates come in tiers: the first `candidates`, then twice as many, and so on until there are files enough. Each tier
is ranked by the exact score and follows the one before, so that a page stays what it is when the next is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from babelreel.errors import IndexStoreError, MissingEntryError, QueryError
from babelreel.index.ask import Asked, ask, fields_of
from babelreel.index.calibrate import Calibration, read_calibration
from babelreel.index.open import open_index
from babelreel.index.query import Answer, Query
from babelreel.index.store import Entry, IndexInfo, VectorIndex
from babelreel.model import Model, load
from babelreel.ranking import top_k
from babelreel.types import Hit, Moment, Representation

BLOCK = 4096  # entries that exhaustive scoring holds at a time
EXHAUSTIVE = 200  # windows that it ranks first
MOMENTS = 9  # of a video, beside its best
LOOKED_AT = 4 * MOMENTS  # windows of a video, some of which overlap
ATTEMPTS = 3  # what one read proposed may be gone in the next, while another process indexes


class Window(NamedTuple):
    """An entry by its id, and its exact score."""

    id: str
    score: float


class Searcher:
    """An open index with its model.

    `index` is a folder, a URL, or an open index. `model` defaults to the one that wrote it, on `device`. `candidates`
    windows at a time are proposed for exact scoring; None scores all there are.

    Raises:
        IndexStoreError: when there is no whole index, or another model wrote it.
    """

    def __init__(
        self,
        index: VectorIndex | str | Path,
        model: Model | None = None,
        device: str | None = None,
        candidates: int | None = 200,
    ) -> None:
        self.index = open_index(str(index)) if isinstance(index, str | Path) else index
        self.model = model or load(**self.index.info.model, device=device)
        refuse_other_model(self.index.info, self.model)
        self.candidates = candidates

    def __len__(self) -> int:
        return len(self.index)

    def search(self, query: Query | str, k: int = 10, lang: str | None = None) -> Answer:
        """The best files for a query, or for a text with `k` and `lang`; equal scores are ordered by id.

        Raises:
            QueryError: when the query is empty, or asks for what makes no sense.
            IndexStoreError: when `like` names no entry, or a `threshold` is given and the index is not calibrated.
            MediaError: when an image cannot be read.
        """
        return self.search_many([Query(query, lang, k=k) if isinstance(query, str) else query])[0]

    def search_many(self, queries: Sequence[Query]) -> list[Answer]:
        """An answer a query: the texts are encoded together, and queries with one filter read the index together."""
        calibration = read_calibration(self.index)
        for query in queries:
            _check_threshold(query, calibration)
        asked = ask(queries, self.model, self.index)
        for _ in range(ATTEMPTS - 1):
            try:
                return self._answers(asked, calibration)
            except MissingEntryError:
                continue
        return self._answers(asked, calibration)

    def _answers(self, asked: Sequence[Asked], calibration: Calibration | None) -> list[Answer]:
        answers: dict[int, Answer] = {}
        for where in dict.fromkeys(a.query.where for a in asked):
            group = [n for n, a in enumerate(asked) if a.query.where == where]
            for n, ids in zip(group, self._propose([asked[n] for n in group], self._first), strict=True):
                answers[n] = self._answer(asked[n], self._tiers(asked[n], ids), calibration)
        return [answers[n] for n in range(len(asked))]

    @property
    def _first(self) -> int:
        return self.candidates or EXHAUSTIVE

    def _propose(self, asked: Sequence[Asked], size: int) -> list[list[str]]:
        """For each of some queries with one filter the ids of `size` windows, or of all there are."""
        where = asked[0].query.where
        if self.candidates is not None:
            return [ids for ids, _ in self.index.nearest(torch.stack([a.vector for a in asked]), size, where)]
        # Queries are more than one representation each, so the ranking is given their numbers.
        numbers = Representation(torch.arange(len(asked)).unsqueeze(1))  # (Q, 1)

        def score(some: Representation, rows: Representation) -> Tensor:
            assert some.pooled is not None
            return torch.stack([asked[n].score(self.model, rows) for n in some.pooled[:, 0].tolist()])

        blocks = self.index.blocks(BLOCK, fields_of(self.model, True), where)
        return [ids for ids, _ in top_k(score, numbers, blocks, size)]

    def _tiers(self, asked: Asked, ids: list[str]) -> Iterator[list[Window]]:
        """Windows by exact score, tier by tier, the first of them proposed."""
        size, seen = self._first, set[str]()
        fields = fields_of(self.model, any(not part.is_text for part in asked.wanted))
        while new := [name for name in ids if name not in seen]:
            seen.update(new)
            rows = self.index.rows(new, fields)
            only = Representation(torch.zeros(1, 1))
            ((ranked, scores),) = top_k(
                lambda _, some: asked.score(self.model, some).unsqueeze(0), only, [(new, rows)], len(new)
            )
            yield list(map(Window, ranked, scores.tolist()))
            if len(ids) < size:
                return
            size *= 2
            (ids,) = self._propose([asked], size)

    def _answer(self, asked: Asked, tiers: Iterator[list[Window]], calibration: Calibration | None) -> Answer:
        query, files = asked.query, dict[str, list[Window]]()
        excluded = file_of(query.like) if query.like is not None else None
        for tier in tiers:
            for window in tier:
                if file_of(window.id) != excluded:
                    files.setdefault(file_of(window.id), []).append(window)
            if len(files) >= query.offset + query.k:
                break
        page = list(files.values())[query.offset : query.offset + query.k]
        found = [(windows, self._confidence(asked, windows[0].score, calibration)) for windows in page]
        if query.threshold is not None:
            found = [(windows, sure) for windows, sure in found if sure is not None and sure >= query.threshold]
        return Answer(self._hits(asked, found) if found else (), asked.lang, asked.role)

    def _confidence(self, asked: Asked, score: float, calibration: Calibration | None) -> float | None:
        if calibration is None or asked.standard or not asked.wanted[0].is_text:
            return None
        if not asked.read:
            return 0.0
        return calibration.confidence(score, asked.lang, len(self.index))

    def _hits(self, asked: Asked, found: Sequence[tuple[Sequence[Window], float | None]]) -> tuple[Hit, ...]:
        ids = [window.id for windows, _ in found for window in windows[:LOOKED_AT]]
        entries = {entry.id: entry for entry in self.index.get(ids)}
        shown = [(_apart(windows[:LOOKED_AT], entries), sure) for windows, sure in found]
        strips = self._strips(asked, [window.id for windows, _ in shown for window in windows], entries)
        hits = []
        for n, (windows, sure) in enumerate(shown, start=asked.query.offset + 1):
            best, *others = windows
            entry, frames = entries[best.id], strips[best.id]
            moments = [
                _moment(window, entries[window.id], strips[window.id])
                for window in sorted(others, key=lambda window: (-window.score, window.id))  # of several tiers
            ]
            hits.append(
                Hit(
                    n, best.score, best.id, entry.path, entry.kind, entry.start, entry.end, _peak(entry, frames),
                    _normalised(frames), tuple(moments), sure,
                )
            )  # fmt: skip
        return tuple(hits)

    def _strips(
        self, asked: Asked, ids: Sequence[str], entries: dict[str, Entry]
    ) -> dict[str, list[tuple[float, float]]]:
        """Of each window the (time, score) of its frames, by time; () of images and of models without frames."""
        rows = self.index.rows(ids, ("pooled", "tokens", "mask", "times"))
        if rows.tokens is None or rows.times is None or rows.mask is None:
            return {name: [] for name in ids}
        scores = self.model.frame_scores(asked.wanted[0].row, rows)[0]  # (N, L)
        strips = {}
        for n, name in enumerate(ids):
            strip: dict[float, float] = {}
            if entries[name].kind == "video":
                for time, score in zip(
                    rows.times[n][rows.mask[n]].tolist(), scores[n][rows.mask[n]].tolist(), strict=True
                ):
                    strip[time] = max(score, strip.get(time, score))  # patches of one frame share its time
            strips[name] = sorted(strip.items())
        return strips


def refuse_other_model(info: IndexInfo, model: Model) -> None:
    """Raise IndexStoreError unless the index was written by this model's media side."""
    if info.fingerprint != model.fingerprint:
        raise IndexStoreError(
            f"The index was written by {info.model.get('source')!r} (fingerprint {info.fingerprint}), not by "
            f"{model.source!r} ({model.fingerprint}). Search it with its own model, or index into another folder."
        )


def file_of(entry: str) -> str:
    """What the ids of all windows of one path have in common."""
    return entry.rpartition("-")[0]


def _apart(windows: Sequence[Window], entries: dict[str, Entry]) -> list[Window]:
    """Windows of one video, best first, without those that overlap a better one."""
    taken: list[Window] = []
    for window in windows:
        start, end = entries[window.id].start or 0.0, entries[window.id].end or 0.0
        if all(end <= (entries[t.id].start or 0.0) or start >= (entries[t.id].end or 0.0) for t in taken):
            taken.append(window)
    return taken[: 1 + MOMENTS]


def _peak(entry: Entry, frames: Sequence[tuple[float, float]]) -> float | None:
    """The time of the best frame, the first of equals; None for an image."""
    if entry.kind == "image":
        return None
    return max(frames, key=lambda frame: frame[1])[0] if frames else entry.start


def _normalised(frames: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Weights from 0 for the worst to 1 for the best; all 1 where they are equal."""
    if not frames:
        return ()
    low, high = min(score for _, score in frames), max(score for _, score in frames)
    return tuple((time, (score - low) / (high - low) if high > low else 1.0) for time, score in frames)


def _moment(window: Window, entry: Entry, frames: Sequence[tuple[float, float]]) -> Moment:
    time = _peak(entry, frames)
    assert entry.start is not None
    assert entry.end is not None
    assert time is not None
    return Moment(window.id, entry.start, entry.end, time, window.score)


def _check_threshold(query: Query, calibration: Calibration | None) -> None:
    if query.threshold is None:
        return
    if query.text is None or query.image is not None or query.like is not None or query.unlike is not None:
        raise QueryError("A threshold goes with a text alone: only that is calibrated. Leave it out.")
    if calibration is None:
        raise IndexStoreError(
            "This index is not calibrated. Run `babelreel calibrate` first, or ask without threshold."
        )
