"""Open media files with FFmpeg safely, and decode what can be decoded of them.

Only real containers are opened, as local files: FFmpeg also knows playlists, concatenation scripts and network
addresses, and a "video" found in somebody's folder must not make it read other files or call a server.

PyAV's log level stays what it is, silent: with `av.logging.set_level`, closing a file whose decoder runs several
threads can wait for ever, since those threads log through the interpreter lock that the closing thread holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from babelreel.errors import MediaError

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,gif,apng,ivf,mxf,rm,nut,wtv,dv,"
    "mp3,wav,w64,flac,aac,aiff,caf"
)


@dataclass(slots=True)
class Damage:
    """How many packets of a stream could not be decoded."""

    errors: int = 0


@contextmanager
def open_container(path: str | Path) -> Iterator[Any]:
    """Open a media file as an `av` container; whatever FFmpeg raises while it is open becomes a `MediaError`.

    Raises:
        MediaError: when the file is missing, cannot be read, or is no video or sound file.
    """
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    try:
        # "file:" keeps a colon in a file's name from being taken for a protocol.
        with av.open(f"file:{path}", metadata_errors="ignore", options=options) as container:
            yield container
    except av.error.FileNotFoundError as error:
        raise MediaError(f"There is no file {path}.") from error
    except (av.error.InvalidDataError, av.error.ArgumentError) as error:
        raise MediaError(
            f"{path} cannot be read as a video or sound: it is neither, or it is cut or damaged. "
            "Copy or download it again, or leave it out."
        ) from error
    except (av.error.FFmpegError, OSError) as error:
        raise MediaError(f"{path} cannot be read: {error.strerror or error}.") from error


def packets(container: Any, stream: Any, damage: Damage) -> Iterator[Any]:
    """The packets of a stream from the container's position on, up to its end or to where the file breaks off."""
    source = container.demux(stream)
    while True:
        try:
            packet = next(source, None)
        except IndexError:  # PyAV, behind the last packet of a file in which another stream turned up on the way
            return
        except av.error.FFmpegError:
            damage.errors += 1
            return
        if packet is None:
            return
        if packet.size:
            yield packet


def decoded(container: Any, stream: Any, damage: Damage, *, from_key: bool = False) -> Iterator[Any]:
    """The frames of a stream from the container's position on; packets that do not decode are counted and left out.

    With `from_key`, packets before the next key frame are left out: after a seek, their references are missing.
    """
    for packet in packets(container, stream, damage):
        if from_key and not packet.is_keyframe:
            continue
        from_key = False
        yield from _decode(stream, packet, damage)
    yield from _decode(stream, None, damage)  # what the decoder still holds back


def _decode(stream: Any, packet: Any, damage: Damage) -> list[Any]:
    try:
        return list(stream.decode(packet))
    except av.error.EOFError:
        return []
    except av.error.FFmpegError:
        damage.errors += 1
        return []
