"""Which frames of a video are read: pure arithmetic on the timestamps of its packets."""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

import torch

from babelreel.errors import MediaError

SLACK = 1e-4  # seconds: a frame's own time, rounded to float32 on the way, still names that frame


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which frames of a video are read.

    At most `frames` of them, or, with `rate`, one for each 1/rate seconds but still at most `frames` (CLIP4Clip: 12
    frames at 1 a second; None: no limit). The span is cut into that many parts of equal time; "uniform" takes what is
    shown at the middle of each part, "random" at a random moment of it, which `seed` and the file's content decide
    where nothing else does. "head" takes the first of them alone: each part lasts 1/rate seconds, or a frame.

    Raises:
        MediaError: when a value makes no sense.
    """

    frames: int | None = 12
    rate: float | None = None
    mode: Literal["uniform", "random", "head"] = "uniform"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.frames is not None and self.frames < 1:
            raise MediaError(f"At least one frame must be sampled, found frames = {self.frames}.")
        if self.rate is not None and not 0 < self.rate < float("inf"):
            raise MediaError(f"The sampling rate must be frames a second above 0, found {self.rate}.")
        if self.mode not in ("uniform", "random", "head"):
            raise MediaError(f"The sampling mode must be 'uniform', 'random' or 'head', found {self.mode!r}.")

    def settings(self) -> dict[str, Any]:
        """What decides the frames, as plain values; the seed is among them where it has a say."""
        return {name: value for name, value in asdict(self).items() if name != "seed" or self.mode == "random"}

    def generator(self, content: str) -> torch.Generator | None:
        """What draws the moments of "random" for a file whose content has this hash; None for the other modes."""
        if self.mode != "random":
            return None
        seed = hashlib.blake2b(f"{self.seed} {content}".encode(), digest_size=7).digest()
        return torch.Generator().manual_seed(int.from_bytes(seed, "big"))


@dataclass(frozen=True, slots=True)
class Timeline:
    """Timestamps of a video's frames in stream ticks, increasing, and those of its key frames; a tick in seconds.

    `shuffled` timestamps tell when frames are decoded, not when they are shown: then only their order is right.
    """

    pts: list[int]
    keys: list[int]
    tick: float
    shuffled: bool = False

    @property
    def gap(self) -> float:
        """The usual time between two frames, in seconds: how long the last frame is shown."""
        if len(self.pts) < 2:
            return self.tick
        return median(b - a for a, b in zip(self.pts, self.pts[1:], strict=False)) * self.tick

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the end of the last."""
        return (self.pts[-1] - self.pts[0]) * self.tick + self.gap


def choose(
    timeline: Timeline,
    sampling: Sampling,
    start: float | None,
    end: float | None,
    generator: torch.Generator | None,
    path: str | Path,
) -> list[int]:
    """The timestamps of the sampled frames, increasing and each once, in stream ticks.

    The span from `start` to `end` (seconds after the first frame) begins with the frame that is on screen at `start`.
    `generator` draws the moments of "random"; without one the path does.

    Raises:
        MediaError: when the span is empty, or begins after the last frame; `path` names the file.
    """
    begin, duration = max(0.0, start or 0.0), timeline.duration
    if begin >= duration:
        raise MediaError(f"{path} is {duration:.2f} s long, so there is nothing from {begin:.2f} s on. Mend the span.")
    stop = min(end if end is not None else duration, duration)
    if stop <= begin:
        raise MediaError(f"The span of {path} ends at {stop:.2f} s, before or where it begins ({begin:.2f} s).")
    slack = SLACK / timeline.tick
    first, last = (timeline.pts[0] + t / timeline.tick for t in (begin, stop))
    low = max(0, bisect_right(timeline.pts, first + slack) - 1)
    high = max(low + 1, bisect_left(timeline.pts, last - slack))
    parts = high - low if sampling.rate is None else max(1, round((stop - begin) * sampling.rate))
    count = parts if sampling.frames is None else min(parts, sampling.frames)
    if count >= high - low:
        return timeline.pts[low:high]
    if sampling.mode != "head":
        parts = count
    elif sampling.rate is None:
        return timeline.pts[low : low + count]
    offsets = torch.full((count,), 0.5)
    if sampling.mode == "random":
        offsets = torch.rand(count, generator=generator or sampling.generator(str(path)))
    moments = (torch.arange(count) + offsets).double() / parts * (last - first) + first
    rows = {min(max(bisect_right(timeline.pts, m) - 1, low), high - 1) for m in moments.tolist()}
    return [timeline.pts[row] for row in sorted(rows)]
