"""Sound to waveforms: mono or stereo at a rate, with an explicit None where a file has no sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from torch import Tensor

from babelreel.errors import MediaError


@dataclass(frozen=True, slots=True)
class Waveform:
    """`samples` (C, S) float32 in [-1, 1], `rate` samples a second; `errors` packets could not be decoded."""

    samples: Tensor
    rate: int
    errors: int = 0


def read_audio(
    path: str | Path,
    rate: int = 16_000,
    channels: int = 1,
    start: float | None = None,
    end: float | None = None,
) -> Waveform | None:
    """Read the first audio stream, or its span from `start` to `end` (seconds since the stream's beginning).

    `channels` is 1 (of stereo: the mean) or 2. None means that the file has no audio stream.

    Raises:
        MediaError: when the file is missing or damaged, or the span lies beyond the end of the sound.
    """
    if channels not in (1, 2):
        raise MediaError(f"Sound is read with 1 or 2 channels, found {channels}.")
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            if not container.streams.audio:
                return None
            samples, errors = _decode(container, container.streams.audio[0], rate, end)
    except FileNotFoundError as error:
        raise MediaError(f"There is no file {path}.") from error
    except (av.error.FFmpegError, OSError) as error:
        raise MediaError(f"The sound of {path} cannot be read: {error.strerror or error}.") from error
    first = round((start or 0.0) * rate)
    last = samples.shape[1] if end is None else round(end * rate)
    if samples.shape[1] == 0:
        raise MediaError(f"The sound of {path} is damaged: nothing of it could be decoded ({errors} errors).")
    if first >= samples.shape[1]:
        have = samples.shape[1] / rate
        raise MediaError(f"The sound of {path} is {have:.2f} s long, so there is nothing from {start:.2f} s on.")
    samples = samples[:, first:last]
    samples = samples.mean(axis=0, keepdims=True) if channels == 1 else np.broadcast_to(samples, (2, samples.shape[1]))
    return Waveform(torch.from_numpy(np.ascontiguousarray(samples)), rate, errors)


def _decode(container: Any, stream: Any, rate: int, end: float | None) -> tuple[np.ndarray, int]:
    """Float32 samples (C, S) at `rate`, up to `end` seconds: C is 1 for a mono stream, else 2."""
    layout = "mono" if stream.codec_context.channels == 1 else "stereo"
    resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
    pieces: list[np.ndarray] = []
    length, errors = 0, 0
    limit = None if end is None else round(end * rate)
    packets = container.demux(stream)
    while limit is None or length < limit:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except av.error.FFmpegError:
            errors += 1
            break
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            errors += 1
            continue
        for frame in frames:
            for part in resampler.resample(frame):
                pieces.append(part.to_ndarray())
                length += pieces[-1].shape[1]
    if limit is None or length < limit:
        for part in resampler.resample(None):
            pieces.append(part.to_ndarray())
    if not pieces:
        return np.zeros((1, 0), np.float32), errors
    return np.concatenate(pieces, axis=1).clip(-1.0, 1.0), errors
