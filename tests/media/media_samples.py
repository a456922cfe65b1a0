"""Generated pictures, sounds and clips of every awkward kind."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

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


def write_wav(path: Path, samples: np.ndarray, rate: int) -> Path:
    samples = np.atleast_2d(samples).astype(np.float32)
    with av.open(str(path), "w") as container:
        layout = "mono" if len(samples) == 1 else "stereo"
        stream = container.add_stream("pcm_f32le", rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T.reshape(1, -1)), format="flt", layout=layout)
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def plain_decode(path: Path) -> Iterator[tuple[float, np.ndarray]]:
    """The oracle: all frames (H, W, 3) of a video in the order of the decoder, with seconds since the first."""
    with av.open(str(path)) as container:
        first = None
        for frame in container.decode(video=0):
            first = frame.time if first is None else first
            yield frame.time - first, frame.to_ndarray(format="rgb24")


def encode_sound(path: Path, codec: str, samples: np.ndarray, rate: int, layout: str = "mono") -> Path:
    """Write mono samples (S,), in `layout`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        context = stream.codec_context
        size = context.frame_size or 1024
        resampler = av.AudioResampler(format=context.format.name, layout=layout, rate=rate, frame_size=size)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path
