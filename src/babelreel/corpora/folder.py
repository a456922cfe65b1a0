"""A user's own files as a corpus: no captions, every video and image below some folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from babelreel.errors import CorpusError, MediaError
from babelreel.media.files import find_media, kind_of
from babelreel.types import Corpus, MediaItem


def read_folder(paths: Sequence[str | Path], name: str = "folder") -> tuple[Corpus, dict[str, str]]:
    """Every media file below `paths`, sorted, and what could not be used: {path: why}.

    The media root is the paths' common folder; an item's id is its path below it.

    Raises:
        CorpusError: when a path does not exist, or nothing usable is found.
    """
    roots = [Path(p).expanduser().resolve() for p in paths]
    for given, root in zip(paths, roots, strict=True):
        if not root.exists():
            raise CorpusError(f"There is no file or folder {str(given)!r}. Check the path.")
    if not roots:
        raise CorpusError("No folder was given. Name at least one folder or media file.")
    media_root = Path(os.path.commonpath([r if r.is_dir() else r.parent for r in roots]))
    items: dict[str, MediaItem] = {}
    failures: dict[str, str] = {}
    for path in find_media(roots):
        relative = path.relative_to(media_root).as_posix()
        try:
            items[relative] = MediaItem(id=relative, path=relative, kind=kind_of(path))
        except (MediaError, CorpusError) as error:
            failures[relative] = str(error)
    if not items:
        found = f"{len(failures)} file(s) that cannot be read" if failures else "no file with a media extension"
        listed = "".join(f"\n  {path}: {why}" for path, why in list(failures.items())[:5])
        raise CorpusError(f"Nothing usable below {', '.join(str(r) for r in roots)}: {found}.{listed}")
    return Corpus(name, media_root, tuple(items.values())), failures
