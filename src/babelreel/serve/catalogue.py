"""What an index holds, by folder: for filters, and to show where a file lies without telling more of the machine."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass

from babelreel.index.search import file_of
from babelreel.index.store import VectorIndex

FOLDERS = 1000  # shown at most, the uppermost first
FRESH = 5.0  # seconds that a look at the index is good for, at least
PATIENCE = 50  # a look that took t seconds is good for so many times t


@dataclass(frozen=True, slots=True)
class Catalogue:
    """How much an index holds, and its `folders`, absolute and sorted. They are shown from below `base`."""

    entries: int = 0
    videos: int = 0
    images: int = 0
    base: str = "/"
    folders: tuple[str, ...] = ()

    def shown(self, folder: str) -> str:
        """A folder as a client sees it: from the one that holds all, or absolute where it lies elsewhere."""
        below = folder == self.base or folder.startswith(self.base.rstrip("/") + "/")
        return os.path.relpath(folder, self.base) if below else folder

    def absolute(self, shown: str) -> str:
        """The inverse of `shown`."""
        return os.path.normpath(os.path.join(self.base, shown))


def survey(index: VectorIndex) -> Catalogue:
    """Read through all entries of an index."""
    entries, images, videos, folders = 0, 0, set[str](), set[str]()
    for page in index.entries():
        entries += len(page)
        for entry in page:
            folders.add(os.path.dirname(entry.path))
            if entry.kind == "video":
                videos.add(file_of(entry.id))
            else:
                images += 1
    if not folders:
        return Catalogue()
    common = os.path.commonpath(folders)
    above = {common}
    for folder in folders:
        while folder not in above:
            above.add(folder)
            folder = os.path.dirname(folder)
    uppermost = sorted(above, key=lambda folder: (folder.count("/"), folder))[:FOLDERS]
    return Catalogue(entries, len(videos), images, os.path.dirname(common), tuple(sorted(uppermost)))


class Librarian:
    """Keeps a catalogue, and looks at the index again: often at a small one, rarely at a large one."""

    def __init__(self, index: VectorIndex) -> None:
        self._index = index
        self._known: Catalogue | None = None
        self._until = 0.0
        self._looking: asyncio.Task[Catalogue] | None = None

    async def catalogue(self) -> Catalogue:
        """The catalogue as it was a moment ago; only the first caller waits for it.

        Raises:
            IndexStoreError: when the index cannot be read.
        """
        if self._looking is None and time.monotonic() > self._until:
            self._looking = asyncio.create_task(self._look())
            self._looking.add_done_callback(self._looked)
        if self._known is None and self._looking is not None:
            return await asyncio.shield(self._looking)
        assert self._known is not None
        return self._known

    async def _look(self) -> Catalogue:
        began = time.monotonic()
        found = await asyncio.to_thread(survey, self._index)
        self._until = time.monotonic() + max(FRESH, PATIENCE * (time.monotonic() - began))
        return found

    def _looked(self, task: asyncio.Task[Catalogue]) -> None:
        self._looking = None
        if not task.cancelled() and task.exception() is None:
            self._known = task.result()
