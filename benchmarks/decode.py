"""Sixteen sampled frames of a video to 224 x 224: jumping to key frames, against decoding everything.

    python benchmarks/decode.py [--quick] [--json FILE]

Three readers take turns in one run: babelreel with one thread, as it reads many files side by side; a plain full decode
with one thread that is told which frames to keep and resize; and transformers' `load_video` (PyAV backend, which leaves
the threads to the codec), whose full-size frames are then resized. The frames of the first two must be equal.

Peak memory is that of a process that reads one clip, less that of one that only imports the same modules. Goals: at
least 5 times faster than the full decode on five minutes with regular key frames, never more than 10 % slower on ten
seconds, and memory that does not grow with the length.
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
from PIL import Image
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
import sys
from pathlib import Path
import torch
from babelreel.media.transforms import ImageSpec
from babelreel.media.video import Sampling, read_frames
torch.set_num_threads(1)
if len(sys.argv) > 1:
    read_frames(sys.argv[1], Sampling(16), spec=ImageSpec(224, 224), threads=1)
status = Path("/proc/self/status").read_text()
print(status[status.index("VmHWM:") :].split()[1])
"""


def pictures(count: int, height: int, width: int) -> Iterator[np.ndarray]:
    """A soft pattern that pans, with a little noise: about the bits a second of real film in this size."""
    generator = np.random.default_rng(0)
    coarse = Image.fromarray(generator.integers(0, 240, (height // 16, width // 16, 3), dtype=np.uint8))
    soft = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).clip(8, 240)
    noise = generator.integers(0, 8, (height, width, 3), dtype=np.uint8)
    for n in range(count):
        yield np.roll(soft, (n // 2, 2 * n), (0, 1)) + np.roll(noise, n * 7919, 1)


def full_decode(path: Path, wanted: list[int]) -> torch.Tensor:
    """The frames with the wanted timestamps, by a decode of everything up to the last of them."""
    images = []
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = 1
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
    """MiB of a fresh process that reads one clip, or none, as Linux counts it."""
    done = subprocess.run([sys.executable, "-c", MEMORY, *path], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def measure(path: Path, seconds: int, size: str, gop: int, repeats: int, idle: float) -> dict[str, Any]:
    wanted = choose(read_timeline(path), SAMPLING, None, None, None, path)
    if not torch.equal(full_decode(path, wanted), read_frames(path, SAMPLING, spec=SPEC, threads=1).images):
        raise SystemExit(f"{path.name}: the sampled frames differ from those of a full decode")
    times = in_turn(
        {
            "babelreel": lambda: read_frames(path, SAMPLING, spec=SPEC, threads=1),
            "full": lambda: full_decode(path, wanted),
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
