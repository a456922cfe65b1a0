"""Files to an index: scan, cut into windows, decode ahead, encode in batches, write.

Nothing is lost and nothing is there twice, whenever it is stopped: entries have ids by path and time, a batch of them
is written whole, and a file of which only some windows are there is seen by the next scan, which asks for the others.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from babelreel.data.rows import split
from babelreel.errors import IndexStoreError, MediaError, MissingIndexError
from babelreel.index.encode import Encoder
from babelreel.index.open import create_index, open_index
from babelreel.index.scan import Found, Scan, entry_id, scan
from babelreel.index.search import refuse_other_model
from babelreel.index.store import FORMAT, Entry, IndexInfo, VectorIndex
from babelreel.index.upkeep import draw_sample, measure_recall
from babelreel.media.files import find_media
from babelreel.media.windows import Windows
from babelreel.model import Model
from babelreel.progress import Report

PRECISIONS = ("float16", "bfloat16", "float32")
COPY = 256  # entries copied at a time


@dataclass(slots=True)
class BuildReport:
    """What was done: files by what they were found to be, entries encoded, what could not be read and why."""

    files: dict[str, int] = field(default_factory=dict)
    encoded: int = 0
    entries: int = 0
    seconds: float = 0.0
    failures: dict[str, str] = field(default_factory=dict)


def describe_index(model: Model, windows: Windows | None = None, precision: str = "float16") -> IndexInfo:
    """What a new index says of itself: by which model, how videos are cut, and how tokens are stored.

    Raises:
        IndexStoreError: when the precision is none.
    """
    if precision not in PRECISIONS:
        raise IndexStoreError(f"Tokens are stored as one of {', '.join(PRECISIONS)}, found {precision!r}.")
    settings = {"windows": asdict(windows or Windows()), "precision": precision}
    return IndexInfo(FORMAT, model.opened_with, model.fingerprint, settings)


def prepare_index(
    where: str | Path, model: Model, windows: Windows | None = None, precision: str | None = None
) -> VectorIndex:
    """Open the index at a folder or URL, or make one for this model.

    Raises:
        IndexStoreError: when it is damaged, or was made by another model or with other settings than are given.
    """
    try:
        index = open_index(str(where))
    except MissingIndexError:
        return create_index(str(where), describe_index(model, windows, precision or "float16"))
    refuse_other_model(index.info, model)
    given = {"windows": windows and asdict(windows), "precision": precision}
    for name, value in given.items():
        if value is not None and value != index.info.settings.get(name):
            raise IndexStoreError(
                f"The index in {where} was made with {name} {index.info.settings.get(name)}, not {value}. Leave that "
                "out, or index elsewhere."
            )
    return index


def find_media_below(paths: Sequence[str | Path]) -> None:
    """Refuse paths without any video or image.

    Raises:
        MediaError: when a path does not exist, or no file below any has the extension of a video or an image.
    """
    if next(find_media([Path(path).expanduser() for path in paths]), None) is None:
        raise MediaError(
            f"Nothing usable below {', '.join(map(str, paths))}: no file with the extension of a video or an image."
        )


def build_index(
    paths: Sequence[str | Path],
    model: Model,
    index: VectorIndex,
    *,
    prune: bool = False,
    progress: Report | None = None,
) -> BuildReport:
    """Bring an index up to date with the videos and images below `paths`; what it knows is not encoded again.

    How videos are cut and tokens stored is what the index says (`describe_index`). A file that cannot be read is
    listed, and the rest is indexed. With `prune`, entries of files that are no longer there go, wherever they were.

    Raises:
        IndexStoreError: when another model wrote the index, or no file at all could be read.
        MediaError: when a path does not exist.
    """
    refuse_other_model(index.info, model)
    began, workers = time.monotonic(), max(1, (os.cpu_count() or 2) - 1)
    held: dict[str, list[Entry]] = defaultdict(list)
    for page in index.entries():
        for entry in page:
            held[entry.path].append(entry)
    roots = [Path(path).expanduser() for path in paths]
    found = scan(roots, (e for own in held.values() for e in own), everywhere=prune, workers=workers, progress=progress)
    unfinished = bool(index.notes().get("unfinished"))
    if found.new or found.changed or found.copied or found.moved or found.touched or found.gone:
        index.note("unfinished", True)
    report = BuildReport(failures=dict(found.failures))
    removed = _relocate(index, found, held, prune)
    _encode(Encoder(model, index, workers), found, held, report, progress)
    counts = {name: len(getattr(found, name)) for name in ("new", "changed", "copied", "moved", "touched", "same")}
    counts["new"] = sum(f.path not in report.failures for f in found.new)
    report.files = counts | {"gone": len(found.gone) - removed, "removed": removed, "failed": len(report.failures)}
    report.entries = len(index)
    if not report.entries:
        listed = "".join(f"\n  {path}: {why}" for path, why in list(report.failures.items())[:5])
        what = f"None of the {len(report.failures)} files could be read" if report.failures else "No file was found"
        raise IndexStoreError(f"{what}, so there is nothing to index.{listed}")
    written = ("changed", "copied", "moved", "touched", "removed")
    if unfinished or report.encoded or any(report.files[name] for name in written):
        _finish(index, model)
    index.note("unfinished", False)
    report.seconds = time.monotonic() - began
    return report


def _relocate(index: VectorIndex, found: Scan, held: Mapping[str, list[Entry]], prune: bool) -> int:
    """Follow what moved, was copied or touched, and remove what is gone; gives how many files were removed."""
    followed = [*found.moved, *found.copied, *found.touched]
    _follow(index, followed, held)
    alive = {held[path][0].file for path in found.same} | {f.file for f in followed}
    # Content that is gone here and held elsewhere was moved by a run that did not get to its end.
    gone = [path for path in found.gone if prune or held[path][0].file in alive]
    index.remove([entry.id for path in [*(f.source for f in found.moved), *gone] for entry in held[path]])
    return len(gone)


def _encode(
    encoder: Encoder, found: Scan, held: dict[str, list[Entry]], report: BuildReport, progress: Report | None
) -> None:
    """Encode what is new, each content once, and tell the report."""
    _follow(encoder.index, [f for f in found.changed if f.source], held)
    fresh, twins = _first_of_each([*found.new, *(f for f in found.changed if not f.source)])
    encoder.run(fresh, held, progress)
    report.encoded = sum(map(len, encoder.written.values()))
    report.failures |= encoder.failures
    sources = {twin.source for twin in twins}
    for first in fresh:
        if first.path in sources:
            kept = [entry for entry in held.get(first.path, []) if entry.file == first.file]
            held[first.path] = kept + encoder.index.get(encoder.written.get(first.path, []))
    _follow(encoder.index, twins, held)
    report.failures |= {t.path: report.failures[t.source] for t in twins if t.source in report.failures}


def _first_of_each(files: Iterable[Found]) -> tuple[list[Found], list[Found]]:
    """Of files with the same content the first, and the others with the first as their source."""
    first: dict[str, Found] = {}
    twins = []
    for found in files:
        if found.file in first:
            twins.append(replace(found, source=first[found.file].path))
        else:
            first[found.file] = found
    return list(first.values()), twins


def _follow(index: VectorIndex, files: Iterable[Found], held: Mapping[str, list[Entry]]) -> None:
    """Give files the vectors of their source, or of their own path where only the time of modification is another."""
    stale, copies = [], []
    for found in files:
        own = [(entry.id, moved_to(entry, found)) for entry in held[found.source or found.path]]
        copies += own
        ids = {entry.id for _, entry in own}
        stale += [entry.id for entry in held.get(found.path, []) if entry.id not in ids]
    for start in range(0, len(copies), COPY):
        old, new = zip(*copies[start : start + COPY], strict=True)
        pictures = [entry.thumbnail for entry in index.get(old, thumbnails=True)]
        entries = [replace(entry, thumbnail=picture) for entry, picture in zip(new, pictures, strict=True)]
        index.add(entries, split(index.rows(old)))
    index.remove(stale)


def moved_to(entry: Entry, found: Found) -> Entry:
    """The entry of the same content at another path, or of another time."""
    name = entry_id(found.path, entry.start)
    return replace(entry, id=name, path=found.path, modified=found.modified, size=found.size)


def _finish(index: VectorIndex, model: Model) -> None:
    """What is done once after writing: the sample for standard scores, the approximate index, and its recall."""
    index.note("sample", draw_sample(entry.id for page in index.entries() for entry in page))
    if index.optimize():
        index.note("recall", measure_recall(index, model))
