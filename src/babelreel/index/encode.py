"""New files to entries: threads open, cut and decode ahead, the model encodes in batches, a writer keeps up."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from babelreel.data.batches import collate_media, read_ahead
from babelreel.data.rows import split
from babelreel.errors import MediaError
from babelreel.index.scan import Found, entry_id
from babelreel.index.store import Entry, VectorIndex
from babelreel.media.files import kind_of, read_item
from babelreel.media.thumbnail import cheap_time, image_thumbnail, video_thumbnails
from babelreel.media.video import Frames
from babelreel.media.windows import Windows, windows_of
from babelreel.model import Model
from babelreel.progress import Report

BATCH_FRAMES = 64
IMAGES, WINDOWS = 16, 4  # images, and windows of one video, that a thread reads in one go
WRITE_ENTRIES = 128  # what a kill loses at the most
WRITE_SECONDS = 10.0


class Opened(NamedTuple):
    """A file's entries to be, without thumbnails; or why there are none."""

    found: Found
    entries: list[Entry]
    why: str = ""


class Loaded(NamedTuple):
    """An entry with its thumbnail and its frames; or why there are none."""

    entry: Entry
    frames: Frames | None
    why: str = ""


@dataclass
class Encoder:
    """Encodes files into an index. `written` are the ids of the entries, by path; `failures` say why, by path."""

    model: Model
    index: VectorIndex
    workers: int
    written: dict[str, list[str]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._windows = Windows(**self.index.info.settings["windows"])
        self._dtype: torch.dtype = getattr(torch, self.index.info.settings["precision"])
        self._waiting: list[Loaded] = []
        self._entries: list[Entry] = []
        self._rows: list[dict[str, Tensor]] = []
        self._stale: list[str] = []
        self._wrote = time.monotonic()

    def run(self, files: Sequence[Found], held: Mapping[str, list[Entry]], progress: Report | None = None) -> None:
        """Encode what the index does not hold of each file, and remove what it holds of other content there.

        Whatever ends it early, what was encoded is written.
        """
        try:
            opened = self._opened(files, held, progress)
            # While one batch is encoded the next is decoded: fewer ahead would leave the readers waiting.
            ahead = 2 * self.workers + -(-2 * BATCH_FRAMES // (self.model.method.sampling.frames or BATCH_FRAMES))
            for group in read_ahead(partial(_load, self.model), _grouped(opened), self.workers, ahead):
                for loaded in group:
                    self._take(loaded)
            self._encode()
        finally:
            self._write()

    def _opened(
        self, files: Sequence[Found], held: Mapping[str, list[Entry]], progress: Report | None
    ) -> Iterator[Entry]:
        """The entries to encode, file by file, opened ahead."""
        for done, (found, entries, why) in enumerate(
            read_ahead(partial(_open, self._windows), files, self.workers, 2 * self.workers), start=1
        ):
            wanted = {(entry.id, entry.end): entry for entry in entries}
            for old in held.get(found.path, []):
                # What an interrupted run left of this very content is not encoded again.
                if old.file == found.file and wanted.pop((old.id, old.end), None) is not None:
                    continue
                self._stale.append(old.id)
            if why:
                self.failures[found.path] = why
            yield from wanted.values()
            if progress is not None:
                progress(done, len(files))

    def _take(self, loaded: Loaded) -> None:
        if loaded.frames is None:
            span = "" if loaded.entry.start is None else f"From {loaded.entry.start:.1f} to {loaded.entry.end:.1f} s: "
            self.failures.setdefault(loaded.entry.path, span + loaded.why)
            return
        self._waiting.append(loaded)
        if sum(len(w.frames.times) for w in self._waiting if w.frames) >= BATCH_FRAMES:
            self._encode()

    def _encode(self) -> None:
        if not self._waiting:
            return
        frames = [w.frames for w in self._waiting if w.frames is not None]
        rows = self.model.encode_batch(collate_media([w.entry.id for w in self._waiting], frames))
        for loaded, row in zip(self._waiting, split(rows), strict=True):
            self._entries.append(loaded.entry)
            self._rows.append({n: t.to(self._dtype) if n == "tokens" else t for n, t in row.items()})
        self._waiting.clear()
        if len(self._entries) >= WRITE_ENTRIES or time.monotonic() - self._wrote > WRITE_SECONDS:
            self._write()

    def _write(self) -> None:
        fresh = {entry.id for entry in self._entries}
        self.index.remove([name for name in self._stale if name not in fresh])
        if self._entries:
            self.index.add(self._entries, self._rows)
        for entry in self._entries:
            self.written.setdefault(entry.path, []).append(entry.id)
        self._entries, self._rows, self._stale = [], [], []
        self._wrote = time.monotonic()


def _grouped(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Images in groups, so that they are read far enough ahead; the windows of a video some at a time."""
    group: list[Entry] = []
    for entry in entries:
        alike = not group or (entry.kind == group[0].kind and (entry.kind == "image" or entry.path == group[0].path))
        if not alike or len(group) == (IMAGES if entry.kind == "image" else WINDOWS):
            yield group
            group = []
        group.append(entry)
    if group:
        yield group


def _open(windows: Windows, found: Found) -> Opened:
    """What a file is and how it is cut."""
    try:
        kind = kind_of(found.path)
        if kind == "image":
            entry = Entry(
                entry_id(found.path, None), found.file, found.path, kind, None, None, 0.0, found.modified, found.size
            )
            return Opened(found, [entry])
        spans = windows_of(found.path, windows)
        duration = spans[-1][1]
        entries = [
            Entry(
                entry_id(found.path, start), found.file, found.path, kind, start, end, duration, found.modified,
                found.size,
            )
            for start, end in spans
        ]  # fmt: skip
        return Opened(found, entries)
    except MediaError as error:
        return Opened(found, [], str(error))


def _load(model: Model, entries: Sequence[Entry]) -> list[Loaded]:
    """Frames and thumbnails of images, or of windows of one video."""
    method, loaded = model.method, []
    for entry in entries:
        # The whole video is asked for as such: where its last frame ends, two ways of reading it may not agree.
        whole = entry.start == 0 and entry.end == entry.duration
        start, end = (None, None) if whole else (entry.start, entry.end)
        try:
            drawn = method.sampling.generator(f"{entry.file}@{entry.start}")
            frames = read_item(entry.path, entry.kind, method.sampling, method.spec, start, end, drawn)
            loaded.append(Loaded(entry, frames))
        except MediaError as error:
            loaded.append(Loaded(entry, None, str(error)))
    pictures = iter(_thumbnails([each for each in loaded if each.frames is not None]))
    return [
        each if each.frames is None else each._replace(entry=replace(each.entry, thumbnail=next(pictures)))
        for each in loaded
    ]


def _thumbnails(loaded: Sequence[Loaded]) -> list[bytes]:
    """A JPEG of each image, or of a frame of each window."""
    if loaded and loaded[0].entry.kind == "video":
        path = loaded[0].entry.path
        times = [cheap_time(path, each.entry.start or 0.0, each.entry.end or each.entry.duration) for each in loaded]
        return video_thumbnails(path, times)
    return [image_thumbnail(each.entry.path) for each in loaded]
