"""Files by what they hold: which are media, of which kind, and the one function that reads an item."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from PIL import Image

from babelreel.errors import MediaError
from babelreel.media.animation import is_animated, needs_pil, read_animation
from babelreel.media.decode import open_video
from babelreel.media.image import open_image, read_image
from babelreel.media.transforms import ImageSpec, resize
from babelreel.media.video import Frames, Sampling, read_frames
from babelreel.types import Kind

IMAGE_EXTENSIONS = frozenset(
    (".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm", ".avif", ".jp2", ".tga")
)
VIDEO_EXTENSIONS = frozenset(
    (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".gif", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv",
     ".3gp", ".ogv", ".vob", ".apng", ".asf", ".mxf")
)  # fmt: skip

log = logging.getLogger(__name__)


def find_media(paths: Iterable[str | Path]) -> Iterator[Path]:
    """Files below `paths` whose extension is that of a video or an image, each once, sorted within each path.

    A folder's files come before those of the folders in it. A file named directly is given whatever its extension.
    Hidden files and folders are left out. Links to folders are followed, loops are not. A folder that may not be read
    is named in a warning.

    Raises:
        MediaError: when one of `paths` does not exist.
    """
    seen: set[Path] = set()
    for path in map(Path, paths):
        if not path.exists():
            raise MediaError(f"There is no file or folder {path}.")
        for file in [path] if path.is_file() else _walk(path):
            real = file.resolve()
            if real not in seen:
                seen.add(real)
                yield file


def _walk(folder: Path) -> Iterator[Path]:
    visited: set[Path] = set()

    def warn(error: OSError) -> None:
        log.warning("The folder %s cannot be read and is left out: %s", error.filename, error.strerror)

    for root, folders, names in os.walk(folder, followlinks=True, onerror=warn):
        real = Path(root).resolve()
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(names):
            suffix = Path(name).suffix.lower()
            if (suffix in IMAGE_EXTENSIONS or suffix in VIDEO_EXTENSIONS) and not name.startswith("."):
                yield Path(root) / name


def kind_of(path: str | Path) -> Kind:
    """ "image" or "video", by what the file holds: an animation is a video, whatever its extension.

    Raises:
        MediaError: when it is missing, empty, or neither.
    """
    path = Path(path)
    try:
        if path.is_file() and path.stat().st_size == 0:
            raise MediaError(f"{path} is empty. Copy or download it again, or leave it out.")
        with open_image(path) as image:
            return "video" if is_animated(image) else "image"
    except FileNotFoundError as error:
        raise MediaError(f"There is no file {path}.") from error
    except MediaError:
        raise
    except Image.DecompressionBombError:
        return "image"  # `read_image` says what to do about its size
    except Exception:  # not an image, or one too damaged to say so
        with open_video(path, 1):
            return "video"


def content_hash(path: str | Path) -> str:
    """32 hexadecimal digits over the file's bytes: the same content has the same name wherever it lies.

    Raises:
        MediaError: when the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:32]
    except FileNotFoundError as error:
        raise MediaError(f"There is no file {path}.") from error
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {error.strerror or error}.") from error


def read_item(
    path: str | Path,
    kind: Kind,
    sampling: Sampling,
    spec: ImageSpec | None,
    start: float | None = None,
    end: float | None = None,
    generator: torch.Generator | None = None,
    threads: int = 1,
) -> Frames:
    """Read an item as frames: an image is one frame at time 0; an animation is a video.

    Raises:
        MediaError: when the file is missing, damaged, or not of that kind.
    """
    if kind == "image":
        image = read_image(path, _smallest(spec)).unsqueeze(0)
        return Frames(resize(image, spec) if spec is not None else image, torch.zeros(1))
    if needs_pil(path):
        return read_animation(path, sampling, spec, start, end, generator)
    return read_frames(path, sampling, spec=spec, start=start, end=end, generator=generator, threads=threads)


def _smallest(spec: ImageSpec | None) -> tuple[int, int] | None:
    """The size below which a decoder must not scale: twice the wanted one leaves the antialiasing to `resize`."""
    if spec is None:
        return None
    edge = 2 * max(spec.height, spec.width, spec.shortest_edge)
    return edge, edge
