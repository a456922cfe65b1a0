"""Sixteen sampled frames of a video to 224 x 224: jumping to key frames, against decoding everything.

    python benchmarks/decode.py [--quick] [--json FILE]

Three readers take turns in one run, with the decoder's own choice of threads: babelreel, a plain full decode that keeps
and resizes the same frames, and transformers' `load_video` (PyAV backend), whose full-size frames are then resized. The
frames of the first two are compared and must be equal. Peak memory is that of a process that reads one clip, less that
of one that only imports the same modules. Goals: at least 5 times faster than the full decode on five minutes with
regular key frames, never more than 10 % slower on ten seconds, and memory that does not grow with the length.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from harness import arguments, in_turn, report
from transformers.video_utils import load_video

from babelreel.media.decode import read_timeline
from babelreel.media.sampling import choose
from babelreel.media.transforms import ImageSpec, resize
from babelreel.media.video import Sampling, read_frames
from babelreel.media.write import write_video

FPS = 25
SPEC = ImageSpec(224, 224)
SAMPLING = Sampling(16)

MEMORY = """
import resource, sys
import torch
from babelreel.media.transforms import ImageSpec
from babelreel.media.video import Sampling, read_frames
torch.set_num_threads(1)
if len(sys.argv) > 1:
    read_frames(sys.argv[1], Sampling(16), spec=ImageSpec(224, 224))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def pictures(count: int, height: int, width: int) -> Iterator[np.ndarray]:
    """A coarse pattern that moves, and fine noise that stays: costs about what a handheld film costs."""
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 200, (height // 8, width // 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    fine = generator.integers(0, 55, (height, width, 3), dtype=np.uint8)
    for n in range(count):
        yield np.roll(coarse, (2 * n, 3 * n), (0, 1)) + fine


def full_decode(path: Path) -> torch.Tensor:
    """The same frames, with a decode of everything up to the last of them."""
    wanted = choose(read_timeline(path), SAMPLING, None, None, None, path)
    images = []
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            if frame.pts in wanted:
                image = torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1).unsqueeze(0)
                images.append(resize(image, SPEC))
            if frame.pts >= wanted[-1]:
                break
    return torch.cat(images)


def with_transformers(path: Path) -> torch.Tensor:
    """`load_video` samples 16 frames of its own choice and gives them in full size."""
    video = load_video(str(path), num_frames=16, backend="pyav")[0]
    return resize(torch.from_numpy(np.asarray(video)).permute(0, 3, 1, 2), SPEC)


def peak_memory(*path: str) -> float:
    """MiB of a fresh process that reads one clip, or none."""
    done = subprocess.run([sys.executable, "-c", MEMORY, *path], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def measure(path: Path, seconds: int, size: str, gop: int, repeats: int, idle: float) -> dict[str, Any]:
    if not torch.equal(full_decode(path), read_frames(path, SAMPLING, spec=SPEC).images):
        raise SystemExit(f"{path.name}: the sampled frames differ from those of a full decode")
    times = in_turn(
        {
            "babelreel": lambda: read_frames(path, SAMPLING, spec=SPEC),
            "full": lambda: full_decode(path),
            "transformers": lambda: with_transformers(path),
        },
        repeats,
    )
    return {
        "clip": f"{seconds} s", "size": size, "key frame every": gop,
        **{f"{name} ms": seconds * 1000 for name, seconds in times.items()},
        "full / ours": times["full"] / times["babelreel"],
        "transformers / ours": times["transformers"] / times["babelreel"],
        "peak MiB": peak_memory(str(path)) - idle,
    }  # fmt: skip


def main() -> None:
    options = arguments(__doc__ or "")
    torch.set_num_threads(1)
    cases = [(10, 240, 320, 50), (10, 240, 320, 250), (10, 720, 1280, 50), (60, 240, 320, 50), (300, 240, 320, 50)]
    if options.quick:
        cases = [(10, 240, 320, 50), (30, 240, 320, 50)]
    idle = peak_memory()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for seconds, height, width, gop in cases:
            path = Path(folder) / f"{seconds}-{height}-{gop}.mp4"
            write_video(path, pictures(seconds * FPS, height, width), FPS, gop=gop)
            repeats = 3 if options.quick else 15 if seconds == 10 else 5
            rows.append(measure(path, seconds, f"{width} x {height}", gop, repeats, idle))
    report(rows, options.json, options.quick)


if __name__ == "__main__":
    main()
