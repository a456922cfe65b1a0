"""A journal of finished work: one line a piece, written as soon as it is done, so that nothing is done twice.

    {"journal": 1, "model": "0123456789abcdef"}
    {"key": "…", "text": "Ein Hund springt ins Wasser.", "finished": true}

Keys are hashes of all that decides the result. A process that is killed loses at most the piece under way: a line that
was half written is cut off when the file is next opened. Two processes may append at once; at worst each does what
the other has just done.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from babelreel.errors import JournalError

FORMAT = 1


def content_key(*parts: Any) -> str:
    """32 hexadecimal digits over plain values: another value anywhere is another key."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


class Journal:
    """What was done before, by key, and a file to which more is appended.

    `model` is the fingerprint of what does the work. `damaged` tells how many lines could not be read.

    Raises:
        JournalError: when the file is another model's, is no journal, or cannot be read or written.
    """

    def __init__(self, path: str | Path, model: str) -> None:
        self.path = Path(path)
        self.damaged = 0
        self._entries: dict[str, dict[str, Any]] = {}
        header = {"journal": FORMAT, "model": model}
        with self._speaking():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            content = self.path.read_bytes() if self.path.exists() else b""
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                self.damaged += 1
                os.truncate(self.path, whole)
            if whole:
                self._read(content[:whole].splitlines(), header)
            else:
                self._append([header])

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, key: str) -> Mapping[str, Any]:
        return self._entries[key]

    def add(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep finished pieces by their key; they are on the disk when this returns.

        Raises:
            JournalError: when they cannot be written, such as on a full disk.
        """
        with self._speaking():
            self._append([{"key": key, **entry} for key, entry in entries.items()])
        self._entries |= {key: dict(entry) for key, entry in entries.items()}

    def _append(self, records: list[dict[str, Any]]) -> None:
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        with self.path.open("ab") as file:
            file.write(lines.encode())
            file.flush()
            os.fsync(file.fileno())

    def _read(self, lines: list[bytes], header: dict[str, Any]) -> None:
        found = _parsed(lines[0])
        if found.get("journal") != FORMAT or "model" not in found:
            raise JournalError(f"{self.path} is no journal of this version: its first line is {lines[0][:80]!r}.")
        if found != header:
            raise JournalError(
                f"The journal {self.path} is of the model {found['model']}, not of {header['model']}. "
                "Move it away, or give another cache folder."
            )
        for line in lines[1:]:
            entry = _parsed(line)
            key = entry.pop("key", None)
            if isinstance(key, str):
                self._entries[key] = entry
            else:
                self.damaged += 1

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise JournalError(
                f"The journal {self.path} cannot be kept ({error.strerror or error}). What it holds stays; "
                "mend that, and the same command goes on from there."
            ) from error


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C waits until the block is done, so that what was computed is also kept; a second one does not wait."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []

    def wait(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    before = signal.signal(signal.SIGINT, wait)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked:
        raise KeyboardInterrupt
