"""Animated WebP, PNG and AVIF to frames with their times. FFmpeg shows only their first picture; GIFs it decodes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import torch
from PIL import Image, ImageSequence
from torch import Tensor

from babelreel.media.image import check_size, image_errors, open_image, to_tensor
from babelreel.media.sampling import Sampling, Timeline, choose
from babelreel.media.transforms import ImageSpec, resize
from babelreel.media.video import Frames

ANIMATIONS = ("GIF", "WEBP", "PNG", "AVIF")  # a TIFF's pages and a phone's twin JPEGs are no animation
DEFAULT_DELAY = 100  # milliseconds, what browsers show for a delay of 0


def is_animated(image: Image.Image) -> bool:
    """Whether an opened picture moves."""
    return image.format in ANIMATIONS and bool(getattr(image, "is_animated", False))


def needs_pil(path: str | Path) -> bool:
    """Whether a file is an animation that FFmpeg would show the first picture of."""
    try:
        with open(path, "rb") as file:
            head = file.read(12)
        if not (head.startswith(b"\x89PNG") or head[8:12] == b"WEBP" or head[4:12] == b"ftypavis"):
            return False
        with open_image(path) as image:
            return is_animated(image)
    except Exception:  # whoever reads it as a video says what is wrong
        return False


def read_animation(
    path: str | Path,
    sampling: Sampling,
    spec: ImageSpec | None = None,
    start: float | None = None,
    end: float | None = None,
    generator: torch.Generator | None = None,
) -> Frames:
    """Read the sampled pictures of an animation: `media.video.read_frames` for what FFmpeg does not play.

    Raises:
        MediaError: when it is damaged or too large, or the span lies beyond its end.
    """
    timeline = read_animation_timeline(path)
    wanted = set(choose(timeline, sampling, start, end, generator, path))
    images, times = [], []
    for stamp, tensor in pictures(path, timeline, wanted):
        images.append(resize(tensor.unsqueeze(0), spec) if spec is not None else tensor.unsqueeze(0))
        times.append(stamp * timeline.tick)
    return Frames(torch.cat(images), torch.tensor(times))


def read_animation_timeline(path: str | Path) -> Timeline:
    """When each picture of an animation is shown, in milliseconds; for that, each is decoded.

    Raises:
        MediaError: when it is damaged or too large.
    """
    with image_errors(path), open_image(path) as image:
        check_size(image, path)
        stamps: list[int] = []
        clock = 0
        for picture in ImageSequence.Iterator(image):
            picture.load()  # only then its delay is known
            stamps.append(clock)
            clock += round(picture.info.get("duration") or DEFAULT_DELAY) or 1
    return Timeline(stamps, stamps, 0.001)


def pictures(path: str | Path, timeline: Timeline, wanted: Collection[int]) -> Iterator[tuple[int, Tensor]]:
    """The pictures of an animation that are shown at the `wanted` milliseconds, each as uint8 RGB (3, H, W).

    Raises:
        MediaError: when it is damaged.
    """
    with image_errors(path), open_image(path) as image:
        for stamp, picture in zip(timeline.pts, ImageSequence.Iterator(image), strict=True):
            if stamp in wanted:
                yield stamp, to_tensor(picture)
