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
    """Key and value of each entry of the JSON object in a text stream, in the memory of the longest entry."""
    decoder = json.JSONDecoder()
    buffer, at, more = "", 0, True

    def fill() -> None:
        nonlocal buffer, at, more
        piece = stream.read(
            max(CHUNK, len(buffer) - at)
        )  # doubling, so that a long entry is not parsed again and again
        buffer, at, more = buffer[at:] + piece, 0, bool(piece)

    def skip(characters: str) -> str:
        nonlocal at
        while True:
            while at < len(buffer) and buffer[at] in characters:
                at += 1
            if at < len(buffer):
                return buffer[at]
            if not more:
                raise ValueError("it ends too early")
            fill()

    def value() -> Any:
        nonlocal at
        while True:
            try:
                found, end = decoder.raw_decode(buffer, at)
            except json.JSONDecodeError:
                if not more:
                    raise
                fill()
                continue
            if more and buffer[end : end + 1] not in tuple(" \t\r\n,:}"):  # a number may go on in the next piece
                fill()
                continue
            at = end
            return found

    if skip(" \t\r\n") != "{":
        raise ValueError("it does not begin with {")
    at += 1
    while skip(" \t\r\n,") != "}":
        key = value()
        if skip(" \t\r\n") != ":":
            raise ValueError(f"a colon is missing after {key!r}")
        at += 1
        skip(" \t\r\n")
        yield key, value()
