"""Generated clips of every awkward kind."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from babelreel.media.write import write_video

FPS = 25


def picture(number: int, height: int = 64, width: int = 96) -> np.ndarray:
    """A frame that tells its number: sixteen grey blocks are its bits, which survive compression."""
    frame = np.zeros((height, width, 3), np.uint8)
    for bit in range(16):
        row, column = divmod(bit, 8)
        block = (
            slice(row * height // 2, (row + 1) * height // 2),
            slice(column * width // 8, (column + 1) * width // 8),
        )
        frame[block] = 220 if number >> bit & 1 else 30
    return frame


def number_of(image: np.ndarray) -> int:
    """Read the number back from an image (3, H, W)."""
    grey = np.asarray(image, float).mean(0)
    height, width = grey.shape
    number = 0
    for bit in range(16):
        row, column = divmod(bit, 8)
        rows = slice(row * height // 2 + 4, (row + 1) * height // 2 - 4)
        columns = slice(column * width // 8 + 2, (column + 1) * width // 8 - 2)
        number |= int(grey[rows, columns].mean() > 125) << bit
    return number


def tone(seconds: float, rate: int = 16_000, pitch: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def encode(
    path: Path, codec: str, stamps: list[int], tick: Fraction, options: dict[str, str], pix_fmt: str = "yuv420p"
) -> Path:
    """Write frames 0, 1, 2 ... with timestamps of the caller's choosing."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.time_base = 96, 64, pix_fmt, tick
        stream.codec_context.time_base = tick
        for number, stamp in enumerate(stamps):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = stamp, tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """name -> file; every clip shows frames 0, 1, 2 ... in that order."""
    root = tmp_path_factory.mktemp("clips")
    even = list(range(150))
    jitter = np.cumsum(1 + np.random.default_rng(0).integers(0, 9, 150)).tolist()
    tick, fine = Fraction(1, FPS), Fraction(1, 1000)
    x264 = {"preset": "veryfast", "g": "30", "keyint_min": "30", "sc_threshold": "0"}
    found = {
        "b-frames": encode(root / "b.mp4", "libx264", even, tick, x264 | {"bf": "3"}),
        "open-gop": encode(root / "o.mp4", "libx264", even, tick, x264 | {"bf": "3", "x264-params": "open-gop=1"}),
        "one-gop": encode(root / "g.mp4", "libx264", even, tick, x264 | {"g": "1000"}),
        "all-keys": encode(root / "k.mp4", "libx264", even, tick, x264 | {"g": "1", "keyint_min": "1"}),
        "uneven": encode(root / "v.mp4", "libx264", [10 * j for j in jitter], fine, x264 | {"bf": "2"}),
        "late": encode(root / "l.mp4", "libx264", [n + 500 for n in even], tick, x264),
        "mkv": encode(root / "m.mkv", "libx264", even, tick, x264 | {"bf": "2"}),
        "webm": encode(root / "w.webm", "libvpx-vp9", even, tick, {"g": "30", "cpu-used": "8", "deadline": "realtime"}),
        "avi": encode(root / "a.avi", "mpeg4", even, tick, {"g": "30", "bf": "2", "qscale": "3"}),
        "ts": encode(root / "t.ts", "libx264", even, tick, x264 | {"bf": "2"}),
        "gif": encode(root / "g.gif", "gif", [4 * n for n in range(40)], Fraction(1, 100), {}, "rgb8"),
    }
    write_video(root / "sound.mp4", (picture(n) for n in range(100)), FPS, (tone(4.0), 16_000), gop=25)
    return found | {"sound": root / "sound.mp4"}
