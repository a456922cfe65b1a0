"""Media files, by the id of an entry only: the very file that was indexed is opened once, and sent from that handle.

What lies at the path now may be another file, or a link that somebody put there. So the opened file, not its name, is
compared with the entry: bytes and time of modification, and where a link was followed on the way, its content.
"""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import BinaryIO

from anyio import to_thread
from starlette.responses import JSONResponse, Response, StreamingResponse

from babelreel.errors import GoneError
from babelreel.index.scan import CLOCK
from babelreel.index.store import Entry
from babelreel.media.files import content_hash

CHUNK = 1 << 18  # bytes
HEAD = 32  # bytes that tell what a file is
SECONDS_CACHED = 3600


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file to send, and the path it really lies at. Whoever takes it closes `file`."""

    file: BinaryIO
    path: str
    size: int
    modified: float


class IndexedFiles:
    """Opens the files of entries. Contents that were compared are remembered, by file and time of modification."""

    def __init__(self) -> None:
        self._hashes: dict[tuple[int, int, int, int], str] = {}

    def open(self, entry: Entry) -> OpenFile:
        """Open the file of an entry.

        Raises:
            GoneError: when it is no longer there, is no plain file, or is not what was indexed.
        """
        real = os.path.realpath(entry.path)
        opened = open_plain(real, entry.path)
        try:
            self._compare(entry, opened)
        except BaseException:
            opened.file.close()
            raise
        return opened

    def _compare(self, entry: Entry, opened: OpenFile) -> None:
        same = opened.size == entry.size and abs(opened.modified - entry.modified) <= CLOCK
        if same and opened.path != entry.path:
            state = os.fstat(opened.file.fileno())
            key = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
            if key not in self._hashes:
                self._hashes[key] = content_hash(f"/dev/fd/{opened.file.fileno()}")
            same = self._hashes[key] == entry.file
        if not same:
            raise GoneError(f"{os.path.basename(entry.path)} has changed since it was indexed. Index it again.")


def open_plain(path: str, told: str) -> OpenFile:
    """Open a plain file, and no link; `told` is the path that the user knows.

    Raises:
        GoneError: when there is none.
    """
    name = os.path.basename(told)
    try:
        # Without waiting: a pipe that nobody writes to would wait for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise GoneError(f"{name} cannot be opened: {error.strerror}. It was indexed, but may have moved.") from error
    state = os.fstat(handle)
    if not stat.S_ISREG(state.st_mode):
        os.close(handle)
        raise GoneError(f"{name} is no longer a plain file.")
    return OpenFile(os.fdopen(handle, "rb", buffering=0), path, state.st_size, state.st_mtime)


def file_response(opened: OpenFile, etag: str, headers: Mapping[str, str], method: str) -> Response:
    """Answer a GET or HEAD for a file, whole or the range that is asked for; `headers` are the request's."""
    kind = content_type(os.pread(opened.file.fileno(), HEAD, 0))
    common = {
        "Accept-Ranges": "bytes",
        "Cache-Control": f"private, max-age={SECONDS_CACHED}",
        "ETag": etag,
        "Last-Modified": formatdate(opened.modified, usegmt=True),
    }
    if matches(headers.get("if-none-match"), etag):
        opened.file.close()
        return Response(status_code=304, headers=common)
    wanted = headers.get("range") if headers.get("if-range", etag) == etag else None
    try:
        part = byte_range(wanted, opened.size)
    except ValueError:
        opened.file.close()
        unsatisfied = {"Content-Range": f"bytes */{opened.size}"}
        return JSONResponse({"error": f"The file has {opened.size} bytes."}, 416, unsatisfied)
    start, end = part or (0, opened.size)
    if part:
        common["Content-Range"] = f"bytes {start}-{end - 1}/{opened.size}"
    common["Content-Length"] = str(end - start)
    status = 206 if part else 200
    if method == "HEAD":
        opened.file.close()
        return Response(status_code=status, headers=common, media_type=kind)
    return StreamingResponse(_pieces(opened.file, start, end), status, common, kind)


def matches(header: str | None, etag: str) -> bool:
    """Whether an If-None-Match header names an ETag."""
    return header is not None and any(tag.strip().removeprefix("W/") in (etag, "*") for tag in header.split(","))


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte, and the one after the last, of a Range header; None for all of it.

    What is not one range of bytes is passed over, as the standard allows.

    Raises:
        ValueError: when the range lies outside of the file.
    """
    unit, _, text = (header or "").partition("=")
    first, dash, last = text.strip().partition("-")
    if unit.strip().lower() != "bytes" or not dash or not (first or last):
        return None
    if not all(
        number == "" or (number.isascii() and number.isdecimal() and len(number) < 20) for number in (first, last)
    ):
        return None
    if first and last and int(first) > int(last):
        return None
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        raise ValueError(f"bytes {start} to {end} of {size}")
    return start, end


def content_type(head: bytes) -> str:
    """The media type of a file by its first bytes, of those that browsers show."""
    if head[4:8] == b"ftyp":
        return "image/avif" if head[8:12] in (b"avif", b"avis") else "video/mp4"
    for start, kind in (
        (b"\x1aE\xdf\xa3", "video/webm"), (b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG", "image/png"),
        (b"GIF8", "image/gif"), (b"RIFF", "image/webp"), (b"BM", "image/bmp"),
    ):  # fmt: skip
        if head.startswith(start):
            return kind
    return "application/octet-stream"


async def _pieces(file: BinaryIO, start: int, end: int) -> AsyncIterator[bytes]:
    with file:
        while start < end:
            piece = await to_thread.run_sync(os.pread, file.fileno(), min(CHUNK, end - start), start)
            if not piece:  # it was cut while it was sent
                return
            start += len(piece)
            yield piece
