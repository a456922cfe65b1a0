"""Files to vectors end to end, against its two parts alone: while the encoder computes, the decoder runs ahead.

    python benchmarks/encode.py [--quick] [--json FILE]

On two cores decoding has one and the encoder the other, alone as well as together, so the limit is the slower part.
The goal is at least 85 % of it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch
from harness import arguments, in_turn, report

from babelreel.data.batches import collate_media, read_ahead
from babelreel.encoders.features import RepresentationStore, encode_items
from babelreel.encoders.small import write_small_clip
from babelreel.media.files import read_item
from babelreel.media.video import Frames
from babelreel.media.write import write_video
from babelreel.model import load
from babelreel.types import Corpus, MediaItem

FRAMES = 8


def make_clips(folder: Path, count: int) -> Corpus:
    """Clips of 4 s, 640 x 360, with noise that moves: decoding them costs what real ones cost."""
    generator = np.random.default_rng(0)
    base = generator.integers(0, 255, (90, 160, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    for n in range(count):
        write_video(folder / f"{n}.mp4", (np.roll(base, (3 * t + n, 5 * t), (0, 1)) for t in range(100)), 25, gop=50)
    return Corpus("clips", folder, tuple(MediaItem(f"{n}.mp4", f"{n}.mp4", "video") for n in range(count)))


def main() -> None:
    options = arguments(__doc__ or "")
    count = 8 if options.quick else 48
    torch.set_num_threads(1)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        corpus = make_clips(root, count)
        for size in ("light", "balanced", "heavy"):
            width, layers = {"light": (64, 2), "balanced": (192, 6), "heavy": (384, 12)}[size]
            folder = write_small_clip(root / size, ["a b c"], width=width, layers=layers, image_size=224, patch_size=32)
            rows += measure(root, corpus, folder, size, 1 if options.quick else 3)
    report(rows, options.json, options.quick)


def measure(root: Path, corpus: Corpus, folder: Path, size: str, repeats: int) -> list[dict[str, object]]:
    model = load(folder, frames=FRAMES)
    method = model.method
    frames: list[Frames] = []

    def read(item: MediaItem) -> Frames:
        return read_item(corpus.path(item), "video", method.sampling, method.spec)

    def decode() -> None:
        frames[:] = read_ahead(read, corpus.items, 1, 4)

    def encode() -> None:
        for start in range(0, len(frames), 8):
            part = frames[start : start + 8]
            model.encode_batch(collate_media([str(n) for n in range(len(part))], part))

    def pipeline() -> None:
        with tempfile.TemporaryDirectory(dir=root) as store:
            done = encode_items(
                model.encode_batch, corpus, RepresentationStore(store, "x"), method.sampling, method.spec, workers=1
            )
            assert len(done.keys) == len(corpus)

    decode()
    seconds = in_turn({"decode alone": decode, "encoder alone": encode, "pipeline": pipeline}, repeats)
    slower = max(seconds["decode alone"], seconds["encoder alone"])
    return [
        {"encoder": size, "variant": v, "clips_per_second": len(corpus) / s, "share_of_limit": slower / s}
        for v, s in seconds.items()
    ]


if __name__ == "__main__":
    main()
