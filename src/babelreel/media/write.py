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

    `audio` is float32 samples (S,) or (C, S), C 1 or 2, in [-1, 1] with their rate; None writes no audio stream. `gop`
    is the number of frames from one key frame to the next, None leaves it to the encoder; `crf` is the quality (0 to
    51, lower is better). The same input gives the same bytes, with the same version of the encoders.

    Raises:
        MediaError: when there is no frame, frames differ in size or have odd edges, or the file cannot be written.
    """
    iterator = iter(frames)
    first = next(iterator, None)
    if first is None:
        raise MediaError(f"There is no frame to write into {path}.")
    height, width = first.shape[:2]
    if height % 2 or width % 2:
        raise MediaError(f"H.264 needs even edges, found {width} x {height}. Pad or scale the frames.")
    rate = Fraction(fps).limit_denominator(100_000)
    try:
        with (
            atomic_path(Path(path)) as temporary,
            av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as container,
        ):
            container.flags |= av.container.Flags.bitexact.value
            video = _video_stream(container, rate, (height, width), gop, crf)
            sound = None if audio is None else _Sound(container, *audio)
            frame: np.ndarray | None = first
            position = 0
            while frame is not None:
                if frame.shape != (height, width, 3):
                    raise MediaError(f"Frames must all be {height} x {width} x 3, found {frame.shape}.")
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
                picture.pts, picture.time_base = position, 1 / rate
                container.mux(video.encode(picture))
                position += 1
                if sound is not None:
                    sound.write_until(position / rate)
                frame = next(iterator, None)
            container.mux(video.encode(None))
            if sound is not None:
                sound.finish()
    except (av.error.FFmpegError, OSError) as error:
        raise MediaError(f"{path} cannot be written: {error.strerror or error}.") from error


def _video_stream(container: Any, rate: Fraction, size: tuple[int, int], gop: int | None, crf: int) -> Any:
    options = {"crf": str(crf), "preset": "veryfast", "threads": "1"}
    if gop is not None:
        options |= {"g": str(gop), "keyint_min": str(gop), "sc_threshold": "0"}
    stream = container.add_stream("libx264", rate=rate, options=options)
    stream.height, stream.width = size
    stream.pix_fmt = "yuv420p"
    return stream


class _Sound:
    """Encodes samples beside the pictures, so that a player finds both in one place of the file."""

    def __init__(self, container: Any, samples: np.ndarray, rate: int) -> None:
        self.container = container
        self.samples = np.atleast_2d(samples).astype(np.float32)  # (C, S)
        if self.samples.shape[0] not in (1, 2):
            raise MediaError(f"Sound is written with 1 or 2 channels, found samples of shape {samples.shape}.")
        self.layout = "mono" if self.samples.shape[0] == 1 else "stereo"
        self.stream = container.add_stream("aac", rate=rate, layout=self.layout)
        self.rate = rate
        self.position = 0

    def write_until(self, seconds: Fraction) -> None:
        while self.position < min(self.samples.shape[1], seconds * self.rate):
            part = np.ascontiguousarray(self.samples[:, self.position : self.position + AAC_SAMPLES])
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=self.layout)
            frame.sample_rate, frame.pts, frame.time_base = self.rate, self.position, Fraction(1, self.rate)
            self.container.mux(self.stream.encode(frame))
            self.position += AAC_SAMPLES

    def finish(self) -> None:
        self.write_until(Fraction(self.samples.shape[1], self.rate))
        self.container.mux(self.stream.encode(None))
