"""What an index must do about files: which are new, changed, moved, copied or gone since it last looked.

Modification time and size say that a file is the one the index knows; only where they differ its content is hashed.
So a second look at ten thousand files reads none of them.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from babelreel.data.batches import read_ahead
from babelreel.errors import MediaError
from babelreel.index.store import Entry
from babelreel.media.files import content_hash, find_media
from babelreel.progress import Report

CLOCK = 1e-3  # seconds: stores and file systems round times of modification
REACH = 0.01  # seconds: windows that lie closer than this leave nothing out between them


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it lies on disk: absolute path, content hash, POSIX time of modification, bytes.

    `source` is a path under which the index holds entries of this very content, or "": then it must be encoded.
    """

    path: str
    file: str
    modified: float
    size: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """What to do. Work in the order of the fields: until `changed` is dealt with, every `source` is still there.

    `new`: encode. Two new files may be alike: their `file` tells. `copied`: known content at one more path. `moved`:
    the same, and its `source` is no longer there. `changed`: the path holds other content than the index says, or the
    index holds only some of its windows; replace its entries. `touched`: the same content with another time of
    modification. `gone`: paths no longer there. `same`: paths that need nothing. `failures`: {path: why}.
    """

    new: list[Found] = field(default_factory=list)
    copied: list[Found] = field(default_factory=list)
    moved: list[Found] = field(default_factory=list)
    changed: list[Found] = field(default_factory=list)
    touched: list[Found] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)


def entry_id(path: str | Path, start: float | None) -> str:
    """The id of the window of a file that begins at `start` seconds, or of an image (None).

    Ids sort by file, then by time, and do not tell the path.
    """
    name = hashlib.sha256(os.fsencode(os.path.abspath(path))).hexdigest()[:16]
    return f"{name}-{round((start or 0) * 1000):09d}"


def scan(
    roots: Iterable[str | Path],
    entries: Iterable[Entry],
    *,
    everywhere: bool = False,
    workers: int = 2,
    progress: Report | None = None,
) -> Scan:
    """Compare the media below `roots`, files or folders, with the entries of an index.

    Files outside the roots are left alone, whatever the index holds of them. `gone` names those that lay below the
    roots, or with `everywhere` also the others: think of a disk that is not plugged in. `progress` counts files.

    Raises:
        MediaError: when a root does not exist.
    """
    folders = [os.path.abspath(root) for root in roots]
    known = _known(entries)
    files = [os.path.abspath(path) for path in find_media(folders)]
    result = Scan()
    unknown: list[Found] = []
    looks = read_ahead(partial(_look, known), files, workers, 8 * workers)
    for done, (path, found, why) in enumerate(looks, start=1):
        if found is None:
            result.failures[path] = why
        elif path not in known:
            unknown.append(found)
        elif known[path] == replace(found, modified=known[path].modified):
            unmoved = abs(found.modified - known[path].modified) < CLOCK
            (result.same.append(path) if unmoved else result.touched.append(found))
        else:
            result.changed.append(found)
        if progress is not None:
            progress(done, len(files))
    missing = {path for path in known.keys() - set(files) if not os.path.lexists(path)}
    _trace(result, unknown, known, missing)
    taken = {found.source for found in result.moved}
    result.gone.extend(sorted(p for p in missing - taken if everywhere or _below(p, folders)))
    return result


def _known(entries: Iterable[Entry]) -> dict[str, Found]:
    """What the index holds, by path; the hash is "", which nothing equals, where that is not one whole file."""
    by_path: dict[str, list[tuple[Found, float, float, float]]] = defaultdict(list)
    for e in entries:
        found = Found(e.path, e.file, e.modified, e.size)
        by_path[e.path].append((found, e.start or 0.0, e.end or 0.0, e.duration))
    known = {}
    for path, windows in by_path.items():
        windows.sort(key=lambda window: window[1])
        found, reached = windows[0][0], 0.0
        whole = all(other == found for other, *_ in windows)
        for _, start, end, _ in windows:
            whole &= start <= reached + REACH
            reached = max(reached, end)
        whole &= reached >= windows[0][3] - REACH
        known[path] = found if whole else replace(found, file="")
    return known


def _look(known: Mapping[str, Found], path: str) -> tuple[str, Found | None, str]:
    """A file as it is now, hashed only where its time or size is not what the index says; or why it cannot be read."""
    try:
        path.encode()
    except UnicodeEncodeError:
        name = os.fsencode(path).decode(errors="backslashreplace")
        return name, None, f"The name of {name} is not in UTF-8, so that no index can hold it. Rename it."
    try:
        state = os.stat(path)  # before the hash: what changes while it is read has another time at the next look
        old = known.get(path)
        if old is not None and old.size == state.st_size and abs(old.modified - state.st_mtime) < CLOCK and old.file:
            return path, old, ""
        return path, Found(path, content_hash(path), state.st_mtime, state.st_size), ""
    except MediaError as error:
        return path, None, str(error)
    except OSError as error:
        return path, None, f"{path} cannot be read: {error.strerror or error}."


def _trace(result: Scan, unknown: list[Found], known: Mapping[str, Found], missing: set[str]) -> None:
    """Find the content of files at unknown paths, and of changed ones, among what the index holds."""
    changed = {found.path for found in result.changed}
    holders: dict[str, str] = {}  # content -> a path of the index
    kept: dict[str, str] = {}  # the same, where the file still is what the index says
    lost: dict[str, list[str]] = defaultdict(list)
    for path in sorted(known):
        file = known[path].file
        if not file:
            continue
        holders.setdefault(file, path)
        if path in missing:
            lost[file].append(path)
        elif path not in changed:
            kept.setdefault(file, path)
    for found in unknown:
        source = kept.get(found.file) or holders.get(found.file, "")
        if lost[found.file]:
            result.moved.append(replace(found, source=lost[found.file].pop(0)))
        elif source:
            result.copied.append(replace(found, source=source))
        else:
            result.new.append(found)
    # What else moved or changed may be replaced before these are dealt with: it is no source for them.
    result.changed[:] = [replace(found, source=kept.get(found.file, "")) for found in result.changed]


def _below(path: str, roots: Iterable[str]) -> bool:
    return any(path == root or path.startswith(os.path.join(root, "")) for root in roots)
