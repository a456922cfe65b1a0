"""Videos to frames with their times: only the frames that are used are kept, and only what they need is decoded.

One pass over the packets (without decoding) gives every frame's timestamp and the key frames. The sampled frames are
then decoded forward, with a seek wherever a key frame lies between the position and the next wanted frame: the frames
are those of a full decode, at the price of a fraction of it. Headers are not trusted: `stream.frames` and durations lie
in truncated and in streamed files, the packets do not.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

import av
import torch
from torch import Tensor

from babelreel.errors import MediaError
from babelreel.media.transforms import ImageSpec, resize


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which frames of a video are read.

    At most `frames` of them, or, with `rate`, one for each 1/rate seconds but still at most `frames` (CLIP4Clip: 12
    frames at 1 a second). The span is cut into that many equal parts in time; "uniform" takes what is shown at the
    middle of each part, "random" at a random moment of it.
    """

    frames: int | None = 12
    rate: float | None = None
    mode: Literal["uniform", "random"] = "uniform"

    def __post_init__(self) -> None:
        if self.frames is not None and self.frames < 1:
            raise MediaError(f"At least one frame must be sampled, found frames = {self.frames}.")
        if self.rate is not None and not 0 < self.rate < float("inf"):
            raise MediaError(f"The sampling rate must be frames a second above 0, found {self.rate}.")


@dataclass(frozen=True, slots=True)
class Frames:
    """`images` (T, 3, H, W) uint8 RGB, `times` (T,) float32 seconds since the first frame of the file.

    `errors` counts packets that could not be decoded on the way: above 0, the file is damaged.
    """

    images: Tensor
    times: Tensor
    errors: int = 0


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a video is: displayed size in pixels, seconds from its packets, mean frames a second, codec, sound."""

    width: int
    height: int
    duration: float
    frames: int
    fps: float
    codec: str
    has_audio: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """Timestamps of a video's frames in stream ticks, in the order of display, and those of its key frames."""

    pts: list[int]
    keys: list[int]
    tick: float  # seconds

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


def read_frames(
    path: str | Path,
    sampling: Sampling,
    *,
    spec: ImageSpec | None = None,
    start: float | None = None,
    end: float | None = None,
    generator: torch.Generator | None = None,
    threads: int = 0,
) -> Frames:
    """Read the sampled frames of a video, or of its span from `start` to `end` (seconds).

    Frames are upright and have square pixels; `spec` resizes each as it is decoded. A span that holds fewer frames than
    asked for gives those it holds. `threads` of the decoder: 0 leaves it to the codec, 1 suits many parallel readers.

    Raises:
        MediaError: when the file is missing, holds no video, cannot be decoded, or the span lies beyond its end.
    """
    with open_video(path, threads) as (container, stream):
        timeline = read_timeline(container, stream, path)
        wanted = choose(timeline, sampling, start, end, generator, path)
        decoder = _Decoder(container, stream, timeline)
        aspect = _aspect(stream)
        try:
            taken = [(pts, _to_tensor(frame, aspect, spec)) for pts, frame in decoder.take(wanted)]
        except _DisorderError:
            taken = [(pts, _to_tensor(frame, aspect, spec)) for pts, frame in decoder.take_in_order(wanted)]
    if not taken:
        raise MediaError(f"{path} is damaged: none of its frames could be decoded ({decoder.errors} errors).")
    if any(image.shape != taken[0][1].shape for _, image in taken):
        raise MediaError(f"{path} changes its frame size on the way. Give an encoder's size, or cut the file.")
    times = torch.tensor([(pts - timeline.pts[0]) * timeline.tick for pts, _ in taken])
    return Frames(torch.stack([image for _, image in taken]), times, decoder.errors)


def probe(path: str | Path) -> VideoInfo:
    """What a video is, from its packets rather than its header.

    Raises:
        MediaError: as `read_frames`.
    """
    with open_video(path, 1) as (container, stream):
        timeline = read_timeline(container, stream, path)
        frame = next((f for _, f in _Decoder(container, stream, timeline).take(timeline.pts[:1])), None)
        if frame is None:
            raise MediaError(f"{path} is damaged: none of its frames could be decoded.")
        height, width = _to_tensor(frame, _aspect(stream), None).shape[-2:]
        fps = len(timeline.pts) / timeline.duration if timeline.duration else 0.0
        codec = stream.codec_context.name
        has_audio = bool(container.streams.audio)
    return VideoInfo(width, height, timeline.duration, len(timeline.pts), fps, codec, has_audio)


@contextmanager
def open_video(path: str | Path, threads: int) -> Iterator[tuple[Any, Any]]:
    """Open a container and its first video stream; FFmpeg's errors become `MediaError`."""
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            if container.format.name == "image2" or container.format.name.endswith("_pipe"):
                raise MediaError(f"{path} is neither a video nor an image that can be read.")
            streams = [s for s in container.streams.video if s.codec_context is not None]
            if not streams:
                found = "only sound" if container.streams.audio else "neither picture nor sound"
                raise MediaError(f"{path} holds no video that can be decoded: {found}.")
            stream = streams[0]
            stream.thread_type = "AUTO" if threads != 1 else "SLICE"
            stream.codec_context.thread_count = threads
            yield container, stream
    except FileNotFoundError as error:
        raise MediaError(f"There is no file {path}.") from error
    except av.error.FFmpegError as error:
        raise MediaError(f"{path} cannot be read as a video: {error.strerror or error}.") from error
    except (IsADirectoryError, PermissionError) as error:
        raise MediaError(f"{path} cannot be read: {error.strerror}.") from error


def read_timeline(container: Any, stream: Any, path: str | Path) -> Timeline:
    """Demux the whole stream once, decoding nothing; the container is left at its beginning.

    Raises:
        MediaError: when there is no packet of a picture.
    """
    pts: set[int] = set()
    keys: set[int] = set()
    try:
        for packet in container.demux(stream):
            stamp = packet.pts if packet.pts is not None else packet.dts
            if stamp is None or packet.size == 0:
                continue
            if not packet.is_discard:
                pts.add(stamp)
            if packet.is_keyframe:
                keys.add(stamp)
    except av.error.FFmpegError:
        pass  # a truncated file: what came before is still there
    if not pts:
        raise MediaError(f"{path} holds no frame: its video stream is empty.")
    container.seek(min(pts), stream=stream, backward=True, any_frame=False)
    return Timeline(sorted(pts), sorted(keys), float(stream.time_base))


def choose(
    timeline: Timeline,
    sampling: Sampling,
    start: float | None,
    end: float | None,
    generator: torch.Generator | None,
    path: str | Path,
) -> list[int]:
    """The timestamps of the sampled frames, increasing, in stream ticks.

    Raises:
        MediaError: when the span begins after the last frame.
    """
    begin = start or 0.0
    if begin >= timeline.duration:
        raise MediaError(
            f"{path} is {timeline.duration:.2f} s long, so there is nothing from {begin:.2f} s on. Mend the span."
        )
    stop = min(end if end is not None else timeline.duration, timeline.duration)
    first, last = (timeline.pts[0] + t / timeline.tick for t in (begin, stop))
    low = max(0, bisect_right(timeline.pts, first) - 1)  # what is on screen when the span begins
    high = max(low + 1, bisect_left(timeline.pts, last))
    count = sampling.frames
    if sampling.rate is not None:
        by_rate = max(1, round((stop - begin) * sampling.rate))
        count = by_rate if count is None else min(count, by_rate)
    if count is None or count >= high - low:
        return timeline.pts[low:high]
    offsets = torch.full((count,), 0.5)
    if sampling.mode == "random":
        offsets = torch.rand(count, generator=generator)
    moments = (torch.arange(count) + offsets).double() / count * (last - first) + first
    rows = {min(max(bisect_right(timeline.pts, m) - 1, low), high - 1) for m in moments.tolist()}
    return [timeline.pts[row] for row in sorted(rows)]


class _DisorderError(Exception):
    """The decoder gave a frame that is stamped before the one shown before it: the file's timestamps are wrong."""


class _Decoder:
    """Decodes forward through a container, and jumps to a key frame where one lies on the way."""

    def __init__(self, container: Any, stream: Any, timeline: Timeline) -> None:
        self.container = container
        self.stream = stream
        self.timeline = timeline
        self.errors = 0

    def take(self, wanted: list[int]) -> Iterator[tuple[int, Any]]:
        """Give each wanted timestamp's frame, or the first that decodes after it; each frame once."""
        frames = self._decode()
        position: int | None = None
        last_given: int | None = None
        for target in wanted:
            if last_given is not None and last_given >= target:
                continue
            key = self._key_before(target)
            if key is not None and key > (self.timeline.pts[0] if position is None else position):
                frames = self._jump(key, target)
            for stamp, frame in frames:
                position = stamp
                if stamp >= target:
                    last_given = stamp
                    yield stamp, frame
                    break

    def take_in_order(self, wanted: list[int]) -> Iterator[tuple[int, Any]]:
        """The same for a file whose stamps are shuffled: decode all; the n-th frame shown has the n-th timestamp."""
        self.errors = 0
        self.container.seek(self.timeline.pts[0], stream=self.stream, backward=True, any_frame=False)
        rows = set(wanted)
        for stamp, (_, frame) in zip(self.timeline.pts, self._packets(), strict=False):
            if stamp in rows:
                yield stamp, frame

    def _key_before(self, target: int) -> int | None:
        row = bisect_right(self.timeline.keys, target) - 1
        return self.timeline.keys[row] if row >= 0 else None

    def _jump(self, key: int, target: int) -> Iterator[tuple[int, Any]]:
        """Decode from `key` on. A container that lands behind the target is read from its beginning instead."""
        self.container.seek(key, stream=self.stream, backward=True, any_frame=False)
        frames = self._decode()
        first = next(frames, None)
        if first is None or first[0] > target:
            self.container.seek(self.timeline.pts[0], stream=self.stream, backward=True, any_frame=False)
            return self._decode()
        return _chain(first, frames)

    def _decode(self) -> Iterator[tuple[int, Any]]:
        previous: int | None = None
        for stamp, frame in self._packets():
            if previous is not None and stamp <= previous:
                raise _DisorderError
            previous = stamp
            yield stamp, frame

    def _packets(self) -> Iterator[tuple[int, Any]]:
        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:
                self.errors += 1
                return
            try:
                decoded = packet.decode()
            except av.error.FFmpegError:
                self.errors += 1
                continue
            for frame in decoded:
                stamp = frame.pts if frame.pts is not None else frame.dts
                if stamp is not None:
                    yield stamp, frame


def _chain(first: tuple[int, Any], rest: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    yield first
    yield from rest


def _aspect(stream: Any) -> float:
    """How many times wider than high a pixel is; an unknown aspect is taken as square."""
    return float(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1)


def _to_tensor(frame: Any, aspect: float, spec: ImageSpec | None) -> Tensor:
    """A decoded frame as uint8 RGB (3, H, W), upright, with square pixels."""
    image = torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1)  # (3, H, W)
    height, width = image.shape[-2:]
    if aspect != 1 and (spec is None or spec.policy == "crop"):
        shown = ImageSpec(height, max(1, round(width * aspect)))
        image = resize(image.unsqueeze(0), shown)[0]
    turns = round(-frame.rotation / 90) % 4  # the display matrix turns anticlockwise
    if turns:
        image = torch.rot90(image, -turns, (-2, -1))
    if spec is not None:
        image = resize(image.unsqueeze(0), spec)[0]
    return image.contiguous()
