"""What a browser shows as it is, and a bounded cache of copies of what it does not show."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from PIL import Image

from babelreel.atomic import atomic_path
from babelreel.errors import ConfigError, MediaError
from babelreel.media.decode import open_video
from babelreel.media.image import image_errors, open_image, read_image
from babelreel.media.repack import repack
from babelreel.media.transcode import transcode

VIDEO_CODECS = {"mp4": ("h264", "av1", "vp9"), "webm": ("vp8", "vp9", "av1")}
SOUND_CODECS = {"mp4": ("aac", "mp3", "opus"), "webm": ("opus", "vorbis")}
PIXELS = ("yuv420p", "yuvj420p", "yuva420p")  # eight bits, colour at half the resolution
LATE = 0.1  # seconds: a browser counts time from the file's zero, we from the first frame
IMAGES = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP")
MANY_PIXELS = 40_000_000  # from here on a page is better served by a copy of an image
IMAGE_EDGE = 2560  # pixels of the longest edge of such a copy
VERSION = "1"  # of the copies: a change of what they are like makes older ones unknown
OWN = re.compile(r"[0-9a-f]{32}\.(mp4|jpg)")
UNFINISHED = re.compile(r"\.[0-9a-f]{32}\.\d+\.tmp\.(mp4|jpg)")
DEAD_SECONDS = 3600.0  # an unfinished copy that nobody has written to for so long is what a killed process left
RETRY_SECONDS = 300.0  # a file that could not be copied is not tried again before, unless it changes


class CopyCache:
    """Copies of media files in a folder of at most `budget` bytes; what was not asked for longest goes first.

    The latest copy stays, however large. Threads that ask for the same copy at once share one making of it. The folder
    may be shared by processes, each with one such object, and may hold other files, which are left alone.
    """

    def __init__(self, folder: str | Path, budget: int = 4 << 30) -> None:
        if budget < 0:
            raise ConfigError(f"The budget of a cache is a number of bytes, found {budget}.")
        self.folder = Path(folder)
        self.budget = budget
        self._guard = threading.Lock()
        self._making: WeakValueDictionary[str, Any] = WeakValueDictionary()  # name -> lock, while somebody holds it
        self._failed: dict[str, tuple[float, str]] = {}

    def copy_of(self, path: str | Path, suffix: str, make: Callable[[Path, Path], None]) -> Path:
        """The copy of a file as it is now, made by `make(source, target)`, whole or not at all, where there is none.

        Raises:
            MediaError: when it cannot be made; for some minutes the same is said again without another try.
        """
        path = Path(os.path.abspath(path))
        name = hashlib.sha256(repr((os.fsencode(path), *_state(path), VERSION)).encode()).hexdigest()[:32] + suffix
        copy = self.folder / name
        with self._guard:
            lock = self._making.setdefault(name, threading.Lock())
        with lock:
            with suppress(OSError):
                os.utime(copy)  # it was asked for just now
                return copy
            when, why = self._failed.get(name, (-RETRY_SECONDS, ""))
            if time.monotonic() - when < RETRY_SECONDS:
                raise MediaError(why)
            try:
                make(path, copy)
            except MediaError as error:
                self._failed[name] = (time.monotonic(), str(error))
                raise
        self._make_room(copy)
        return copy

    def _make_room(self, latest: Path) -> None:
        with self._guard:
            copies = []
            for entry in os.scandir(self.folder):
                try:
                    state = entry.stat()
                except FileNotFoundError:  # another process made room too
                    continue
                if OWN.fullmatch(entry.name):
                    copies.append((state.st_mtime_ns, state.st_size, Path(entry.path)))
                elif UNFINISHED.fullmatch(entry.name) and time.time() - state.st_mtime > DEAD_SECONDS:
                    Path(entry.path).unlink(missing_ok=True)
            used = sum(size for _, size, _ in copies)
            for _, size, path in sorted(copies):
                if used <= self.budget:
                    break
                if path != latest:
                    path.unlink(missing_ok=True)
                    used -= size


def playable(path: str | Path, cache: CopyCache) -> Path:
    """A file that browsers play, in which the frame at t seconds is that of `path`: itself, or a copy in the cache.

    A copy of H.264 takes moments; of anything else it takes longer than to decode it: call this from a thread.

    Raises:
        MediaError: when the file is missing, holds no video, or none that can be decoded.
    """
    return Path(path) if _plays(os.path.abspath(path), *_state(path)) else cache.copy_of(path, ".mp4", _to_mp4)


def showable(path: str | Path, cache: CopyCache) -> Path:
    """An image file that browsers show and that is not huge: `path` itself, or a JPEG of it in the cache.

    Raises:
        MediaError: when the file is missing, is no image, is damaged, or is too large to be safe.
    """
    return Path(path) if _shows(os.path.abspath(path), *_state(path)) else cache.copy_of(path, ".jpg", _to_jpeg)


def _state(path: str | Path) -> tuple[int, int]:
    """What tells whether a file is still the same: bytes, and nanoseconds of its modification."""
    try:
        state = os.stat(path)
    except FileNotFoundError as error:
        raise MediaError(f"There is no file {path}.") from error
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {error.strerror or error}.") from error
    return state.st_size, state.st_mtime_ns


@lru_cache(maxsize=4096)
def _plays(path: str, size: int, modified: int) -> bool:
    """Whether browsers play a video file, with its first frame at their time 0."""
    with open_video(path, 1) as (container, stream):
        if "mp4" in container.format.name.split(","):
            kind = "mp4"
        elif "webm" in container.format.name.split(",") and _is_webm(path):
            kind = "webm"
        else:
            return False
        begins = float((stream.start_time or 0) * stream.time_base)
        sound = container.streams.audio[0].codec_context if container.streams.audio else None
        return (
            stream.codec_context.codec.canonical_name in VIDEO_CODECS[kind]
            and stream.codec_context.pix_fmt in PIXELS
            and (
                not container.streams.audio or (sound is not None and sound.codec.canonical_name in SOUND_CODECS[kind])
            )
            and abs(begins) < LATE
        )


def _is_webm(path: str) -> bool:
    """Matroska and WebM are one format to FFmpeg; browsers play what calls itself WebM in its first bytes."""
    with open(path, "rb") as file:
        return b"webm" in file.read(64)


@lru_cache(maxsize=4096)
def _shows(path: str, size: int, modified: int) -> bool:
    """Whether browsers show an image file, and it is not huge."""
    with image_errors(path), open_image(path) as image:
        return image.format in IMAGES and image.width * image.height <= MANY_PIXELS


def _to_mp4(source: Path, target: Path) -> None:
    if not repack(source, target):
        transcode(source, target)


def _to_jpeg(source: Path, target: Path) -> None:
    pixels = read_image(source, (IMAGE_EDGE, IMAGE_EDGE)).permute(1, 2, 0).numpy()  # (H, W, 3)
    image = Image.fromarray(pixels)
    image.thumbnail((IMAGE_EDGE, IMAGE_EDGE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    try:
        with atomic_path(target) as temporary:
            image.save(temporary, "JPEG", quality=88)
    except OSError as error:
        raise MediaError(f"A copy of {source} cannot be written: {error.strerror or error}.") from error
