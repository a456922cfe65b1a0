"""A small library of real files, and a small random model, for the tests of building and searching."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import babelreel
from babelreel.encoders.small import write_small_clip
from babelreel.index.build import BuildReport, build_index, describe_index
from babelreel.index.exact import ExactIndex
from babelreel.index.store import Entry, VectorIndex
from babelreel.media.windows import Windows
from babelreel.media.write import write_video
from babelreel.model import Model

TEXTS = ["a red circle", "ein roter Kreis", "一个红色的圆"]
WINDOWS = Windows(length=2.0)
LONG = 7.0  # seconds of long.mp4: four windows, the last of them shorter


def write_library(root: Path) -> Path:
    """Four images, two clips of a window, one of four, and a broken one."""
    root.mkdir(exist_ok=True)
    generator = np.random.default_rng(0)
    for n in range(4):
        Image.fromarray(generator.integers(0, 255, (40, 50, 3), dtype=np.uint8)).save(root / f"{n}.png")
    for name, seconds in (("a.mp4", 1.5), ("b.mp4", 1.0), ("long.mp4", LONG)):
        scenes = generator.integers(0, 255, (8, 64, 64, 3), dtype=np.uint8)
        write_video(root / name, [np.roll(scenes[t // 10], 9 * t, 0) for t in range(int(10 * seconds))], 10)
    (root / "broken.mp4").write_bytes(b"\x00" * 100)
    return root


def load_small(folder: Path, seed: int = 0) -> Model:
    """A random CLIP of 32 numbers that reads four frames."""
    return babelreel.load(write_small_clip(folder, TEXTS, width=32, image_size=32, seed=seed), frames=4)


def memory(model: Model, precision: str = "float32") -> ExactIndex:
    """An empty index in memory."""
    return ExactIndex(describe_index(model, WINDOWS, precision))


def build(model: Model, index: VectorIndex, *paths: Path, prune: bool = False) -> BuildReport:
    """Index some paths."""
    return build_index(paths, model, index, prune=prune)


def entries(index: VectorIndex) -> dict[str, Entry]:
    """All entries by id, with their thumbnails."""
    return {entry.id: entry for page in index.entries(thumbnails=True) for entry in page}


def spans(index: VectorIndex) -> list[tuple[str, float | None, float | None]]:
    """What is held, as (file's name, start, end), sorted."""
    return sorted(((Path(e.path).name, e.start, e.end) for e in entries(index).values()), key=str)
