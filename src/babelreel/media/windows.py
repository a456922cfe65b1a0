"""Long videos to windows: what an index keeps one representation of. Cut by the clock, or where the shots change.

Windows cover a video from its beginning to its end without a gap. Times are seconds after the first frame, as
everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

from babelreel.errors import ConfigError, MediaError
from babelreel.extras import require
from babelreel.media.animation import needs_pil, read_animation_timeline
from babelreel.media.decode import Decoder, DisorderError, read_timeline
from babelreel.media.video import probe

SHORTEST = 0.1  # seconds: no window, and no step from one to the next, is shorter
LONGEST = 100 * 3600.0  # seconds: a damaged timestamp claims more, and must not become millions of windows
SHOT_EDGE = 160  # pixels: cuts are seen as well in small frames, in a fraction of the time
NOMINAL_FPS = 25.0  # the detector counts frames and needs a rate to name them; their times are ours


@dataclass(frozen=True, slots=True)
class Windows:
    """How videos are cut: `length` seconds each, one every `stride` seconds (None: one after the other).

    A window that adds less than `minimum` seconds to the one before it (None: a quarter of the length) is joined to
    it. With `shots`, windows end where shots do. The default length is about that of the clips on which the papers'
    models are trained and measured (MSR-VTT's have 15 s on average), and gives their 12 frames little more than a
    second each.

    Raises:
        ConfigError: when a value makes no sense.
    """

    length: float = 15.0
    stride: float | None = None
    minimum: float | None = None
    shots: bool = False

    def __post_init__(self) -> None:
        wrong = []
        if not 2 * SHORTEST <= self.length < float("inf"):
            wrong.append(f"length must be seconds from {2 * SHORTEST} on, found {self.length}")
        if self.stride is not None and not SHORTEST <= self.stride <= self.length:
            wrong.append(
                f"stride must lie between {SHORTEST} and the length, or windows leave gaps; found {self.stride}"
            )
        if self.minimum is not None and not SHORTEST <= self.minimum <= self.length / 2:
            wrong.append(f"minimum must lie between {SHORTEST} and half the length, found {self.minimum}")
        if self.shots and self.stride is not None:
            wrong.append("windows by shots do not overlap: leave out stride or shots")
        if wrong:
            raise ConfigError(f"windows: {'; '.join(wrong)}.")

    @property
    def step(self) -> float:
        """Seconds from the beginning of one window to that of the next."""
        return self.length if self.stride is None else self.stride

    @property
    def shortest(self) -> float:
        """Seconds that a window must have, or add to the one before it."""
        return max(SHORTEST, self.length / 4) if self.minimum is None else self.minimum


def cut(duration: float, config: Windows) -> list[tuple[float, float]]:
    """Windows (start, end) by the clock, in seconds: 0 is the first start, `duration` the last end.

    A video shorter than the length is one window. The last may be longer than the length, by less than the minimum.
    """
    windows = [(0.0, min(config.length, duration))]
    while duration - windows[-1][1] >= config.shortest:
        start = min(len(windows) * config.step, windows[-1][1])  # rounding must leave no gap
        windows.append((start, min(start + config.length, duration)))
    windows[-1] = (windows[-1][0], duration)
    return windows


def cut_at(boundaries: list[float], duration: float, config: Windows) -> list[tuple[float, float]]:
    """Windows (start, end) between boundaries in seconds, as `cut` gives them.

    A boundary too near to the one before it, or to the end, is left out; what is longer than the length then is cut
    into equal parts. So no window is longer than the length, nor shorter than the minimum unless the video is.
    """
    kept = [0.0]
    for boundary in sorted(boundaries):
        if min(boundary - kept[-1], duration - boundary) >= config.shortest:
            kept.append(boundary)
    edges = [0.0]
    for start, end in zip(kept, [*kept[1:], duration], strict=True):
        parts = max(1, ceil((end - start) / config.length))
        edges += [start + (end - start) * part / parts for part in range(1, parts)] + [end]
    return list(pairwise(edges))


def duration_of(path: str | Path) -> float:
    """Seconds from the first frame of a video or animation to the end of its last.

    Of a video it costs one decoded frame where the header tells the truth, else a pass over the packets.

    Raises:
        MediaError: when the file is missing, holds no video, or none that can be decoded, or claims to be longer than
            `LONGEST`.
    """
    duration = read_animation_timeline(path).duration if needs_pil(path) else probe(path).duration
    if duration > LONGEST:
        raise MediaError(
            f"{path} claims to last {duration / 3600:,.0f} hours: its timestamps are damaged. Convert it, which makes "
            "them anew, or leave it out."
        )
    return duration


def windows_of(path: str | Path, config: Windows, threads: int = 1) -> list[tuple[float, float]]:
    """The windows of a video: by the clock, or with `config.shots` by its shots, for which all of it is decoded.

    `threads` of the decoder: 1 suits many readers side by side, 0 leaves it to the codec. The last end is the video's
    duration.

    Raises:
        MediaError: as `duration_of`.
        MissingExtraError: when shots are asked for and the extra `shots` is not installed.
    """
    duration = duration_of(path)
    if not config.shots or needs_pil(path):
        return cut(duration, config)
    timeline = read_timeline(path)
    with Decoder(path, timeline, threads) as decoder:
        try:
            stamps = _changes(decoder.take(timeline.pts))
        except DisorderError:
            stamps = _changes(decoder.take_in_order(timeline.pts))
    return cut_at([(stamp - timeline.pts[0]) * timeline.tick for stamp in stamps], timeline.duration, config)


def _changes(frames: Iterator[tuple[int, Any]]) -> list[int]:
    """The stamps of the frames that begin a new shot."""
    detector = require("scenedetect.detectors").AdaptiveDetector(min_scene_len=1)
    code = require("scenedetect.common").FrameTimecode
    stamps: list[int] = []
    found: list[int] = []
    size: tuple[int, int] | None = None
    for stamp, frame in frames:
        if size is None:  # that of the first holds for all, since damaged files change theirs on the way
            scale = min(1.0, SHOT_EDGE / max(frame.width, frame.height))
            size = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
        small = frame.to_ndarray(width=size[0], height=size[1], format="bgr24")
        found += [stamps[cut.frame_num] for cut in detector.process_frame(code(len(stamps), NOMINAL_FPS), small)]
        stamps.append(stamp)
    return found
