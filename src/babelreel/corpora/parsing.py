"""What official archives hold, read with care: pickles that run nothing, JSON beyond memory, files by name."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from babelreel.media.files import IMAGE_EXTENSIONS, VIDEO_EXTENSIONS

# Found in official archives too, and read by the same decoders.
EXTENSIONS = IMAGE_EXTENSIONS | VIDEO_EXTENSIONS | {".3g2", ".wav", ".flac", ".m4a", ".mp3"}
CHUNK = 1 << 22  # characters read at a time from a JSON file larger than memory


class PlainUnpickler(pickle.Unpickler):
    """Lists, dicts and strings need no class or function; whatever names one is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """Refuse it."""
        raise pickle.UnpicklingError(f"it names {module}.{name}")


def media_below(root: Path) -> dict[str, list[str]]:
    """Paths of media files by their names without extension; a name without extension stands for itself."""
    found: dict[str, list[str]] = {}
    visited: set[str] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in visited:  # a link that leads back
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        relative = Path(folder).relative_to(root).as_posix()
        prefix = "" if relative == "." else f"{relative}/"
        for name in sorted(names):
            stem, extension = os.path.splitext(name)
            if extension.lower() in EXTENSIONS:
                found.setdefault(stem, []).append(prefix + name)
            elif extension in ("", "."):
                found.setdefault(name, []).append(prefix + name)
    return found


def json_entries(stream: TextIO) -> Iterator[tuple[str, Any]]:
    """Key and value of each entry of the JSON object in a text stream, in the memory of the longest entry.

    Raises:
        ValueError: when it is not a JSON object, or ends too early.
    """
    pieces = _Pieces(stream)
    if pieces.skip(" \t\r\n") != "{":
        raise ValueError("it does not begin with {")
    pieces.at += 1
    while pieces.skip(" \t\r\n,") != "}":
        key = pieces.value()
        if pieces.skip(" \t\r\n") != ":":
            raise ValueError(f"a colon is missing after {key!r}")
        pieces.at += 1
        pieces.skip(" \t\r\n")
        yield key, pieces.value()


class _Pieces:
    """A text stream read as it is needed: `buffer` from `at` on is what was read and not yet used."""

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.buffer, self.at, self.more = stream, "", 0, True
        self.decoder = json.JSONDecoder()

    def fill(self) -> None:
        """Read on: at least as much as is there, so that a long entry is not parsed again and again."""
        piece = self.stream.read(max(CHUNK, len(self.buffer) - self.at))
        self.buffer, self.at, self.more = self.buffer[self.at :] + piece, 0, bool(piece)

    def skip(self, characters: str) -> str:
        """The next character that is none of these."""
        while True:
            while self.at < len(self.buffer) and self.buffer[self.at] in characters:
                self.at += 1
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if not self.more:
                raise ValueError("it ends too early")
            self.fill()

    def value(self) -> Any:
        """The JSON value that begins here."""
        while True:
            try:
                found, end = self.decoder.raw_decode(self.buffer, self.at)
            except json.JSONDecodeError:
                if not self.more:
                    raise
                self.fill()
                continue
            if not self.more or self.buffer[end : end + 1] in tuple(" \t\r\n,:}"):
                self.at = end
                return found
            self.fill()  # a number may go on in the next piece
