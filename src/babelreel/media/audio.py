"""Sound to waveforms: mono or stereo at a rate, with an explicit None where a file has no sound.

Time 0 is the first frame of the file's video, as everywhere; of a file without video, the first sample. Sound that
begins later is preceded by silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import torch
from av.stream import Disposition
from torch import Tensor

from babelreel.errors import MediaError
from babelreel.media.container import Damage, decoded, open_container

Array = npt.NDArray[np.float32]

PREROLL = 1  # seconds decoded before a span: codecs and the resampler have a memory, and it must be filled
WORTH_A_SEEK = 10  # seconds: a nearer span is reached by decoding
MOST_SILENCE = 3600  # seconds by which sound may begin after the picture; a damaged timestamp claims more


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
    """Read the first audio stream, or its span from `start` to `end` in seconds, exact to the sample.

    The span is shorter than asked for where the sound ends in it. `channels` is 1 (of stereo: the mean) or 2. None
    means that the file has no sound. Packets that do not decode are left out.

    Raises:
        MediaError: when the file is missing or damaged, or the span is empty or lies beyond the end of the sound.
    """
    if channels not in (1, 2) or rate < 1:
        raise MediaError(f"Sound is read with 1 or 2 channels at 1 Hz or more, found {channels} and {rate} Hz.")
    first = round((start or 0.0) * rate)
    last = None if end is None else round(end * rate)
    if last is not None and last <= first:
        raise MediaError(f"The span of {path} ends at {end:.2f} s, before or where it begins ({start or 0:.2f} s).")
    samples, begins, ends, errors = None, 0, 0, 0
    for seek in (first > WORTH_A_SEEK * rate, False):
        with open_container(path) as container:
            if not container.streams.audio:
                return None
            reader = _Reader(container, rate)
            samples, begins, ends = reader.read(first, last, seek)
            errors = reader.damage.errors
        if not seek or begins <= first < ends:  # else the seek landed too late
            break
    assert samples is not None
    if ends == 0:
        raise MediaError(f"The sound of {path} is damaged: nothing of it could be decoded ({errors} errors).")
    if first >= ends:
        raise MediaError(
            f"The sound of {path} is {ends / rate:.2f} s long, so there is nothing from {start or 0:.2f} s on."
        )
    silence = np.zeros((samples.shape[0], max(0, begins - first)), np.float32)
    samples = np.concatenate([silence, samples[:, max(0, first - begins) :]], axis=1)  # (C, S) from `first` on
    samples = samples[:, : None if last is None else last - first]
    if channels == 1:
        samples = samples.mean(axis=0, keepdims=True)
    elif samples.shape[0] == 1:
        samples = samples.repeat(2, axis=0)
    return Waveform(torch.from_numpy(np.ascontiguousarray(samples)), rate, errors)


def stream_audio(path: str | Path, rate: int) -> Iterator[Array]:
    """All of the first audio stream piece by piece, float32 (C, S), C 1 or 2, from time 0 on; nothing without sound.

    Raises:
        MediaError: when the file is missing or damaged.
    """
    with open_container(path) as container:
        if not container.streams.audio:
            return
        reached = 0
        for position, piece in _Reader(container, rate).resampled():
            for begin in range(reached, position, rate):
                yield np.zeros((piece.shape[0], min(rate, position - begin)), np.float32)
            yield piece
            reached = position + piece.shape[1]


class _Reader:
    """Decodes and resamples one audio stream, and knows where on the file's clock the samples lie."""

    def __init__(self, container: Any, rate: int) -> None:
        self.container = container
        self.stream = container.streams.audio[0]
        self.rate = rate
        self.damage = Damage()
        pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        clock = pictures[0] if pictures else self.stream
        self.zero: Fraction = (clock.start_time or 0) * clock.time_base  # seconds

    def read(self, first: int, last: int | None, seek: bool) -> tuple[Array, int, int]:
        """Samples (C, S) that cover `first` to `last`, the position of the first of them, and where decoding ended."""
        # A seek needs timestamps as fine as samples: those of Matroska are milliseconds.
        if seek and self.stream.time_base * self.stream.rate <= 1:
            moment = self.zero + Fraction(first, self.rate) - PREROLL
            # Where it fails, decoding starts at the beginning.
            with suppress(av.error.FFmpegError):
                self.container.seek(int(moment / self.stream.time_base), stream=self.stream, backward=True)
        pieces: list[Array] = []
        begins = ends = 0
        for position, piece in self.resampled():
            ends = position + piece.shape[1]
            if ends > first:
                begins = begins if pieces else position
                pieces.append(piece)
            if last is not None and ends >= last:
                break
        samples = np.concatenate(pieces, axis=1) if pieces else np.zeros((1, 0), np.float32)
        return np.nan_to_num(samples).clip(-1.0, 1.0), begins, ends

    def resampled(self) -> Iterator[tuple[int, Array]]:
        """Pieces (C, S) at the wanted rate, each with the position of its first sample."""
        resampler, position, fed = None, 0, 0
        for index, native, piece in self._aligned():
            if resampler is None:
                resampler = av.AudioResampler(format="fltp", layout=_layout(piece), rate=self.rate)
                position = index * self.rate // native
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=_layout(piece))
            frame.sample_rate, frame.pts, frame.time_base = native, fed, Fraction(1, native)
            fed += piece.shape[1]
            for part in resampler.resample(frame):
                yield position, part.to_ndarray()
                position += part.samples
        for part in resampler.resample(None) if resampler is not None else ():
            yield position, part.to_ndarray()
            position += part.samples

    def _aligned(self) -> Iterator[tuple[int, int, Array]]:
        """Decoded pieces from time 0 on, as (index, native rate, samples (C, S)).

        The first is preceded by so much silence that its index falls on a sample of the wanted rate: then a reading
        from the middle of a file gives the samples that one from its beginning gives.
        """
        index: int | None = None
        for native, stamp, piece in self._native():
            if index is None:
                index = 0 if stamp is None else round((stamp - self.zero) * native)
                index = index if abs(index) < MOST_SILENCE * native or stamp is None else 0
                step = native // gcd(native, self.rate)
                if index > 0:
                    silence = np.zeros((piece.shape[0], index % step), np.float32)
                    piece = np.concatenate([silence, piece], axis=1)
                    index -= silence.shape[1]
            skipped = min(max(0, -index), piece.shape[1])
            if skipped < piece.shape[1]:
                yield index + skipped, native, np.ascontiguousarray(piece[:, skipped:])
            index += piece.shape[1]

    def _native(self) -> Iterator[tuple[int, Fraction | None, Array]]:
        """Decoded pieces as float32 (C, S), C 1 or 2, with their rate and the moment of the first sample in seconds."""
        converter, shape, native, layout = None, None, 0, "mono"
        for frame in decoded(self.container, self.stream, self.damage):
            if not native:
                native = frame.sample_rate  # of HE-AAC, the stream states half of it
                layout = "mono" if frame.layout.nb_channels == 1 else "stereo"
            # A damaged packet may pretend dozens of channels: a converter of its own takes them, since one that was
            # made for mono would hand such a frame through unseen, and reading its samples would crash.
            now = (frame.format.name, frame.layout.name, frame.sample_rate)
            if converter is None or now != shape:
                converter, shape = av.AudioResampler(format="fltp", layout=layout, rate=native), now
            stamp = None if frame.pts is None else frame.pts * frame.time_base
            try:
                parts = converter.resample(frame)
            except (ValueError, av.error.FFmpegError):
                self.damage.errors += 1
                continue
            for part in parts:
                yield native, stamp, part.to_ndarray()


def _layout(samples: Array) -> str:
    return "mono" if samples.shape[0] == 1 else "stereo"
