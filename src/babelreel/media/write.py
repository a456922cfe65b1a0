"""Frames and sound to a file that every browser plays: H.264 and AAC in MP4, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from babelreel.atomic import atomic_path
from babelreel.errors import MediaError

AAC_SAMPLES = 1024  # an AAC frame


def write_video(
    path: str | Path,
    frames: Iterable[np.ndarray],
    fps: float | Fraction,
    audio: tuple[np.ndarray, int] | None = None,
    *,
    gop: int | None = None,
    crf: int = 20,
) -> None:
    """Write uint8 RGB frames (H, W, 3), H and W even, at `fps` frames a second.

    `audio` is float32 samples (S,) or (C, S) in [-1, 1] with their rate; None writes no audio stream. `gop` is the most
    frames between key frames, `crf` the quality (lower is better). The same input gives the same bytes.

    Raises:
        MediaError: when there is no frame, or frames differ in size or have odd edges.
    """
    rate = Fraction(fps).limit_denominator(100_000)
    options = {"crf": str(crf), "preset": "veryfast", "threads": "1"}
    if gop is not None:
        options |= {"g": str(gop), "keyint_min": str(gop), "sc_threshold": "0"}
    iterator = iter(frames)
    first = next(iterator, None)
    if first is None:
        raise MediaError(f"There is no frame to write into {path}.")
    height, width = first.shape[:2]
    if height % 2 or width % 2:
        raise MediaError(f"H.264 needs even edges, found {width} x {height}. Pad or scale the frames.")
    with atomic_path(Path(path)) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        container.flags |= av.container.Flags.bitexact.value
        video = container.add_stream("libx264", rate=rate, options=options)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        samples, sound = np.zeros((1, 0), np.float32), None
        if audio is not None:
            samples = np.atleast_2d(audio[0]).astype(np.float32)
            sound = container.add_stream("aac", rate=audio[1], layout=_layout(samples))
        position = 0
        while first is not None:
            if first.shape != (height, width, 3):
                raise MediaError(f"Frames must all be {height} x {width} x 3, found {first.shape}.")
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(first), format="rgb24")
            frame.pts, frame.time_base = position, 1 / rate
            container.mux(video.encode(frame))
            position += 1
            first = next(iterator, None)
        container.mux(video.encode(None))
        if sound is not None:
            _write_sound(container, sound, samples)


def _layout(samples: np.ndarray) -> str:
    return "mono" if samples.shape[0] == 1 else "stereo"


def _write_sound(container: Any, stream: Any, samples: np.ndarray) -> None:
    rate = stream.rate
    for start in range(0, samples.shape[1], AAC_SAMPLES):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[:, start : start + AAC_SAMPLES]), format="fltp", layout=_layout(samples)
        )
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
