"""Open media files with FFmpeg safely, and decode what can be decoded of them.

Only real containers are opened, as local files: FFmpeg also knows playlists, concatenation scripts and network
addresses, and a "video" found in somebody's folder must not make it read other files or call a server.
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
    except av.error.InvalidDataError as error:
        raise MediaError(
            f"{path} cannot be read as a video or sound: it is neither, or it is cut or damaged. "
            "Copy or download it again, or leave it out."
        ) from error
    except (av.error.FFmpegError, OSError) as error:
        raise MediaError(f"{path} cannot be read: {error.strerror or error}.") from error


def decoded(container: Any, stream: Any, damage: Damage, *, from_key: bool = False) -> Iterator[Any]:
    """The frames of a stream from the container's position on; packets that do not decode are counted and left out.

    With `from_key`, packets before the next key frame are left out: after a seek, their references are missing.
    """
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:  # the file ends within a packet
            damage.errors += 1
            packet = None
        if packet is not None and from_key and packet.size and not packet.is_keyframe:
            continue
        from_key = False
        try:
            frames = stream.decode(None) if packet is None else packet.decode()
        except av.error.EOFError:  # flushed already, by the demuxer's last and empty packet
            frames = []
        except av.error.FFmpegError:
            damage.errors += 1
            frames = []
        yield from frames
        if packet is None:
            return
