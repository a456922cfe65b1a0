"""What is known of a standard corpus before its files are read: the line that `babelreel data list` prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from babelreel.corpora.annotations import Annotations
from babelreel.types import Corpus

Published = Mapping[tuple[str, str], tuple[int | None, int | None]]

MOST_NAMED = 8  # annotation files of one folder that are named one by one


@dataclass(frozen=True, slots=True)
class Entry:
    """A corpus that has a name: its reader, what must lie below its root folder, where it comes from, its licence.

    `files` are annotation files, plain or gzipped; of "a or b" one must be there. A split or language whose file is
    missing is not read. `media` says what the media files are called; they may lie anywhere below the root.
    `published` holds the number of items and captions by (split, language), None where it is not known, and `figures`
    where it was published.
    """

    read: Callable[[Annotations], Corpus]
    about: str
    files: tuple[str, ...]
    media: str
    source: str
    licence: str
    published: Published = field(default_factory=dict)
    figures: str = ""

    @property
    def listed(self) -> str:
        """The annotation files; of many in one folder their number, the first and the last."""
        parts = []
        for folder, group in groupby(self.files, lambda file: file.rpartition("/")[0]):
            files = list(group)
            names = [file.rpartition("/")[2] for file in files]
            many = f"{folder}/ ({len(files)} files, {names[0]} to {names[-1]})"
            parts += [many] if folder and len(files) > MOST_NAMED else files
        return ", ".join(parts)

    @property
    def needs(self) -> str:
        """All that must lie below the root."""
        return f"{self.listed}, {self.media}"
