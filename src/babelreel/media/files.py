"""Files by what they hold: which are media, of which kind, and the one function that reads an item."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from PIL import Image, ImageSequence

from babelreel.errors import MediaError
from babelreel.media.image import read_image, to_tensor
from babelreel.media.transforms import ImageSpec, resize
from babelreel.media.video import Frames, Sampling, Timeline, choose, open_video, read_frames
from babelreel.types import Kind

IMAGE_EXTENSIONS = frozenset(f".{e}" for e in "jpg jpeg jpe png bmp tif tiff webp ppm pgm pbm avif jp2 tga".split())  # noqa: SIM905
VIDEO_EXTENSIONS = frozenset(
    f".{e}" for e in "mp4 m4v mov avi mkv webm gif mpg mpeg ts mts m2ts wmv flv 3gp ogv vob apng asf mxf".split()  # noqa: SIM905
)  # fmt: skip


def find_media(paths: Iterable[str | Path]) -> Iterator[Path]:
    """Files below `paths` whose extension is that of a video or an image, sorted, each once.

    A file named directly is given whatever its extension. Links to folders are followed, loops are not.
    """
    seen: set[Path] = set()
    for path in map(Path, paths):
        found = [path] if path.is_file() else _walk(path)
        for file in found:
            real = file.resolve()
            if real not in seen:
                seen.add(real)
                yield file


def _walk(folder: Path) -> Iterator[Path]:
    visited: set[Path] = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        real = Path(root).resolve()
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders.sort()
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
        if path.stat().st_size == 0:
            raise MediaError(f"{path} is empty.")
        with Image.open(path) as image:
            return "video" if getattr(image, "is_animated", False) else "image"
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
    """Read an item as frames: an image is one frame at time 0, an animation a video.

    Raises:
        MediaError: when the file is missing, damaged, or not of that kind.
    """
    if kind == "image":
        image = read_image(path, _smallest(spec)).unsqueeze(0)
        return Frames(resize(image, spec) if spec is not None else image, torch.zeros(1))
    if _is_animated_picture(path):
        return _read_animation(path, sampling, spec, start, end, generator)
    return read_frames(path, sampling, spec=spec, start=start, end=end, generator=generator, threads=threads)


def _smallest(spec: ImageSpec | None) -> tuple[int, int] | None:
    """The size below which a decoder must not scale: twice the wanted one keeps antialiasing honest."""
    if spec is None:
        return None
    edge = max(spec.height, spec.width, spec.shortest_edge)
    return 2 * edge, 2 * edge


def _is_animated_picture(path: str | Path) -> bool:
    """Animated WebP and PNG: FFmpeg shows only their first picture. GIFs it decodes well."""
    try:
        with open(path, "rb") as file:
            head = file.read(12)
        if not head.startswith((b"RIFF", b"\x89PNG")):
            return False
        with Image.open(path) as image:
            return bool(getattr(image, "is_animated", False))
    except Exception:  # whoever reads it as a video says what is wrong
        return False


def _read_animation(
    path: str | Path,
    sampling: Sampling,
    spec: ImageSpec | None,
    start: float | None,
    end: float | None,
    generator: torch.Generator | None,
) -> Frames:
    try:
        with Image.open(path) as image:
            stamps, clock = [], 0
            for picture in ImageSequence.Iterator(image):
                picture.load()
                stamps.append(clock)
                clock += max(1, round(picture.info.get("duration", 100) or 100))
            wanted = choose(Timeline(stamps, stamps, 0.001), sampling, start, end, generator, path)
            pictures = []
            for stamp in wanted:
                image.seek(stamps.index(stamp))
                tensor = to_tensor(image).unsqueeze(0)
                pictures.append(resize(tensor, spec) if spec is not None else tensor)
    except MediaError:
        raise
    except Exception as error:  # as in `image.py`
        raise MediaError(f"{path} cannot be read as an animation: {type(error).__name__}: {error}.") from error
    return Frames(torch.cat(pictures), torch.tensor(wanted) / 1000)
