"""Folders to an index, end to end, against reading the same files alone; and memory as the folder grows.

    python benchmarks/index.py [--quick] [--json FILE]

An index hashes and opens each file, cuts it into windows, decodes, makes thumbnails, encodes and writes. The goal with
a small encoder is 80 % of the clips a second that decoding alone reaches with as many threads, and memory that does not
grow from a thousand items to ten thousand.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from encode import FRAMES, make_clips
from harness import arguments, in_turn, peak_gb, report
from PIL import Image

from babelreel.data.batches import read_ahead
from babelreel.encoders.small import write_small_clip
from babelreel.index.build import build_index, prepare_index
from babelreel.media.files import read_item
from babelreel.memory import keep_freed_memory
from babelreel.model import Model, load
from babelreel.types import Corpus, MediaItem


def speed(root: Path, corpus: Corpus, model: Model, repeats: int) -> list[dict[str, Any]]:
    method, workers = model.method, max(1, (os.cpu_count() or 2) - 1)

    def read(item: MediaItem) -> None:
        read_item(corpus.path(item), "video", method.sampling, method.spec)

    def decode() -> None:
        for _ in read_ahead(read, corpus.items, workers, 4):
            pass

    def index() -> None:
        with tempfile.TemporaryDirectory(dir=root) as folder:
            done = build_index([corpus.media_root], model, prepare_index(Path(folder) / "index", model))
            assert done.encoded == len(corpus)

    seconds = in_turn({"decode alone": decode, "index": index}, repeats)
    return [
        {"what": f"{len(corpus)} clips", "variant": v, "items_per_second": len(corpus) / s, "share_of_decode":
         seconds["decode alone"] / s}
        for v, s in seconds.items()
    ]  # fmt: skip


def memory(count: int) -> dict[str, Any]:
    """The peak of indexing `count` pictures, in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--memory", str(count)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    seconds, peak = map(float, done.stdout.split())
    return {"what": f"{count:,} pictures", "variant": "index", "items_per_second": count / seconds, "peak_gb": peak}


def memory_case(count: int) -> None:
    keep_freed_memory()
    torch.set_num_threads(1)
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "pictures").mkdir()
        for n in range(count):
            small = generator.integers(0, 255, (6, 8, 3), dtype=np.uint8)
            Image.fromarray(small).resize((64, 48)).save(root / "pictures" / f"{n}.jpg")
        model = small_model(root)
        done = build_index([root / "pictures"], model, prepare_index(root / "index", model))
        assert done.entries == count
        print(done.seconds, peak_gb())


def small_model(root: Path) -> Model:
    folder = write_small_clip(root / "model", ["a b c"], width=64, layers=2, image_size=224, patch_size=32)
    return load(folder, frames=FRAMES)


def main() -> None:
    if len(sys.argv) == 3 and sys.argv[1] == "--memory":
        memory_case(int(sys.argv[2]))
        return
    options = arguments(__doc__ or "")
    keep_freed_memory()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "clips").mkdir()
        corpus = make_clips(root / "clips", 8 if options.quick else 48)
        rows = speed(root, corpus, small_model(root), 1 if options.quick else 3)
    rows += [memory(count) for count in ((200,) if options.quick else (1000, 10_000))]
    report(rows, options.json, options.quick)


if __name__ == "__main__":
    main()
