"""What a model is shown: pictures and a clip made by code, of which every frame tells its number, and sentences.

The picture is no square, no two of its edges, channels or quarters are alike, and it holds detail finer than a resized
pixel: whatever is done to it otherwise than it should be changes its pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from babelreel.media.write import write_video

FRAMES, RATE = 16, 4  # of the clip, and frames a second
HEIGHT, WIDTH = 250, 330  # no multiple of a tower's size: kernels would agree there


@dataclass(frozen=True, slots=True)
class Probes:
    """Files: `picture` and `others` like it, a `clip` of FRAMES frames, all of HEIGHT x WIDTH pixels."""

    picture: Path
    others: tuple[Path, ...]
    clip: Path


def write_probes(folder: Path) -> Probes:
    """Make the probes; they are the same every time."""
    pictures = [_save(folder / f"{n}.png", picture(n)) for n in range(5)]
    write_video(folder / "clip.mp4", clip_frames(), RATE, crf=8)
    return Probes(pictures[0], tuple(pictures[1:]), folder / "clip.mp4")


def picture(seed: int) -> np.ndarray:
    """A coloured slope with discs and fine noise, uint8 RGB (HEIGHT, WIDTH, 3)."""
    random = np.random.default_rng(seed)
    down, right = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    corners = random.uniform(20, 235, (3, 3))
    image = corners[0] + down[..., None] * (corners[1] - corners[0]) + right[..., None] * (corners[2] - corners[0])
    for _ in range(8):
        centre, radius, colour = random.uniform(0, 1, 2), random.uniform(0.05, 0.25), random.uniform(0, 255, 3)
        image[(down - centre[0]) ** 2 + (right - centre[1]) ** 2 < radius**2] = colour
    noisy = image + random.normal(0, 25, image.shape)
    return noisy.clip(0, 255).astype(np.uint8)


@cache
def clip_frames() -> list[np.ndarray]:
    """FRAMES frames, uint8 RGB (HEIGHT, WIDTH, 3): a bar wanders right, another left, and the ground changes colour."""
    frames = []
    for number in range(FRAMES):
        share = number / (FRAMES - 1)
        frame = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        frame[:] = (30 + 120 * share, 40, 170 - 120 * share)
        left = round(share * (WIDTH - 60))
        frame[: HEIGHT // 2, left : left + 60] = (230, 200, 40)
        frame[HEIGHT // 2 :, WIDTH - 60 - left : WIDTH - left] = (20, 220, 90)
        frames.append(frame)
    return frames


def _save(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(path, compress_level=0)
    return path
