"""Decode only what is used: forward through a file, jumping to a key frame wherever one saves decoding.

One pass over the packets (without decoding) gives every frame's timestamp and the key frames. The wanted frames are
then those of a full decode, at a fraction of its price. Headers are not trusted: `stream.frames` and durations lie in
truncated and in streamed files, packets do not. Nor are seeks: one that lands behind its target is undone.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any

import av
from av.stream import Disposition

from babelreel.errors import MediaError
from babelreel.media.container import Damage, decoded, open_container, packets
from babelreel.media.image import MAX_PIXELS
from babelreel.media.sampling import Timeline

# A jump empties the decoder's pipeline, which costs about as much as decoding a few frames.
WORTH_A_JUMP = 8
REMEMBERED = 8  # timelines; one of a film of two hours takes some megabytes


@contextmanager
def open_video(path: str | Path, threads: int) -> Iterator[tuple[Any, Any]]:
    """Open a file and its first video stream; `threads` of the decoder, 0 leaves them to the codec.

    Raises:
        MediaError: when the file cannot be read, holds no video (cover art is none), or its frames are too large.
    """
    with open_container(path) as container:
        streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if not streams:
            found = "only sound" if container.streams.audio else "neither picture nor sound"
            raise MediaError(f"{path} holds no video: {found}.")
        context = streams[0].codec_context
        if context is None:
            raise MediaError(f"The video in {path} is coded in a way that cannot be decoded. Convert it to H.264.")
        if context.width * context.height > MAX_PIXELS:
            raise MediaError(
                f"{path} has frames of {context.width} x {context.height} pixels, more than the {MAX_PIXELS:,} that "
                "are read. Scale it down, or leave it out if its header is damaged."
            )
        context.thread_type = "AUTO" if threads != 1 else "SLICE"
        context.thread_count = threads
        context.options = {"max_pixels": str(MAX_PIXELS)}
        yield container, streams[0]


def read_timeline(path: str | Path) -> Timeline:
    """The timestamps of a video's frames, from one pass over its packets.

    Those of the last few files are remembered while the files stay what they are: the windows of a long video are read
    one by one, and would each cost a pass over all of it.

    Raises:
        MediaError: as `open_video`, and when there is no frame.
    """
    try:
        state = os.stat(path)
    except OSError:
        return _read_timeline(str(path), 0, 0)  # says what is wrong
    return _read_timeline(os.path.abspath(path), state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=REMEMBERED)
def _read_timeline(path: str, size: int, modified: int) -> Timeline:
    pts: set[int] = set()
    keys: set[int] = set()
    reordered = False
    with open_video(path, 1) as (container, stream):
        for packet in packets(container, stream, Damage()):
            stamp = stamp_of(packet)
            if packet.is_discard or stamp is None:
                continue
            pts.add(stamp)
            reordered |= packet.pts != packet.dts
            if packet.is_keyframe:
                keys.add(stamp)
        tick = float(stream.time_base)
        shuffled = stream.codec_context.has_b_frames and not reordered
    if not pts:
        raise MediaError(f"{path} holds no frame: its video stream is empty.")
    return Timeline(sorted(pts), sorted(keys), tick, shuffled)


def stamp_of(packet_or_frame: Any) -> int | None:
    """When it is shown, in ticks; some old containers store the order of decoding only."""
    stamp: int | None = packet_or_frame.pts
    return stamp if stamp is not None else packet_or_frame.dts


def aspect_of(stream: Any) -> float:
    """How many times wider than high a pixel is; an unknown or absurd aspect is taken as square."""
    aspect = float(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1)
    return aspect if 0.1 < aspect < 10 else 1.0


class Decoder:
    """Gives the frames of a video that have the wanted timestamps. A context manager: it holds the file open."""

    def __init__(self, path: str | Path, timeline: Timeline, threads: int) -> None:
        self.path = path
        self.timeline = timeline
        self.threads = threads
        self.damage = Damage()
        self._keys = frozenset(timeline.keys)
        self._jumps = True
        self._opened = ExitStack()

    def __enter__(self) -> Decoder:
        self._restart()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._opened.__exit__(kind, error, trace)

    def take(self, wanted: list[int]) -> Iterator[tuple[int, Any]]:
        """Give each wanted frame, or the first after it that decodes; each once. If none is left, the last before.

        Raises:
            DisorderError: when frames turn out to be stamped in another order than they are shown in.
        """
        if self.timeline.shuffled:
            yield from self.take_in_order(wanted)
            return
        frames = self._decode()
        position = self.timeline.pts[0]
        given: int | None = None
        for target in wanted:
            if given is not None and given >= target:
                continue
            if self._pays(position, target):
                frames = self._jump(target)
            for stamp, frame in frames:
                position = stamp
                if stamp >= target:
                    given = stamp
                    yield stamp, frame
                    break
        if given is None and wanted:
            yield from self._last_before(wanted[0])

    def take_in_order(self, wanted: list[int]) -> Iterator[tuple[int, Any]]:
        """The same where stamps are shuffled: decode all; the n-th frame shown has the n-th timestamp."""
        self._restart()
        rows = set(wanted)
        frames = decoded(self.container, self.stream, self.damage)
        for stamp, frame in zip(self.timeline.pts, frames, strict=False):
            if stamp in rows:
                yield stamp, frame

    def _last_before(self, target: int) -> Iterator[tuple[int, Any]]:
        self._restart()
        last = None
        for stamp, frame in self._decode():
            if stamp < target:
                last = (stamp, frame)
        if last is not None:
            yield last

    def _pays(self, position: int, target: int) -> bool:
        """Whether a key frame lies far enough on the way from `position` to `target`."""
        row = bisect_right(self.timeline.keys, target) - 1
        if not self._jumps or row < 0:
            return False
        pts = self.timeline.pts
        return bisect_right(pts, self.timeline.keys[row]) - bisect_right(pts, position) > WORTH_A_JUMP

    def _jump(self, target: int) -> Iterator[tuple[int, Any]]:
        """Decode from the key frame before `target` on.

        Files without an index (MPEG streams) are entered somewhere near, perhaps just behind that key frame: then the
        one before it is tried. Where that fails too, the file is decoded from its beginning, without further jumps.
        """
        row = bisect_right(self.timeline.keys, target) - 1
        for key in reversed(self.timeline.keys[max(0, row - 1) : row + 1]):
            try:
                self.container.seek(key, stream=self.stream, backward=True, any_frame=False)
            except av.error.FFmpegError:
                continue
            frames = self._decode(from_key=True)
            first = next(frames, None)
            # A frame other than the key frame before all others is one whose references were left behind: MPEG-2
            # decoders drop some of those, and then stamp what follows too early.
            if first is not None and first[0] <= target and first[0] in self._keys:
                return chain([first], frames)
        self._jumps = False
        self._restart()
        return self._decode()

    def _restart(self) -> None:
        # Opened anew: a seek to the beginning of a file without an index may land behind its first frames.
        self._opened.close()
        self.damage = Damage()
        self.container, self.stream = self._opened.enter_context(open_video(self.path, self.threads))

    def _decode(self, from_key: bool = False) -> Iterator[tuple[int, Any]]:
        previous = None
        for frame in decoded(self.container, self.stream, self.damage, from_key=from_key):
            stamp = stamp_of(frame)
            if stamp is None or stamp == previous:
                continue
            if previous is not None and stamp < previous:
                raise DisorderError
            previous = stamp
            yield stamp, frame


class DisorderError(Exception):
    """The decoder gave a frame stamped before the one shown before it: the file's timestamps are shuffled."""
