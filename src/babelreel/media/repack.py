"""H.264 from containers that browsers do not play, into MP4 as it is: seconds instead of minutes, and no loss.

Not every file can be moved so: frames may lack their times or their order, or be hidden by an edit list. So the copy is
read again, and what does not show the same frames at the same times is given up, for `media.transcode` to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import av

from babelreel.errors import MediaError
from babelreel.media.animation import needs_pil
from babelreel.media.audio import stream_audio
from babelreel.media.container import Damage, decoded, packets
from babelreel.media.decode import open_video, read_timeline
from babelreel.media.sampling import Timeline
from babelreel.media.transcode import SOUND_RATE, SoundTrack, mp4_file

PIXELS = ("yuv420p", "yuvj420p")
SAME_TIME = 2e-3  # seconds: clocks of milliseconds are rounded once


def repack(source: str | Path, target: str | Path) -> bool:
    """Move the pictures of a video into the MP4 file `target` without decoding them, the sound as AAC beside them.

    Says whether that was possible; if not, there is no target. Time 0 is the first frame.

    Raises:
        MediaError: when the source is missing or holds no video, or the target cannot be written.
    """
    if needs_pil(source):
        return False
    timeline = read_timeline(source)
    with open_video(source, 1) as (_, stream):
        context = stream.codec_context
        plain = context.codec.canonical_name == "h264" and context.pix_fmt in PIXELS
    if not plain or timeline.shuffled or timeline.keys[:1] != timeline.pts[:1]:
        return False
    try:
        with mp4_file(source, target) as copy:
            _move(source, timeline, copy)
            copy.close()
            _check(source, timeline, Path(copy.name))
    except _NotTheSameError:
        return False
    return True


def _move(source: str | Path, timeline: Timeline, copy: Any) -> None:
    with open_video(source, 1) as (container, stream):
        video = copy.add_stream_from_template(stream)
        track = SoundTrack(copy, stream_audio(source, SOUND_RATE))
        for packet in _dated(packets(container, stream, Damage()), max(1, round(timeline.gap / timeline.tick))):
            if packet.is_discard or packet.pts is None:
                raise _NotTheSameError
            packet.pts -= timeline.pts[0]
            packet.dts -= timeline.pts[0]
            track.write_until(packet.pts * timeline.tick)
            packet.stream = video
            try:
                copy.mux(packet)
            except av.error.ArgumentError as error:  # packets in an order that MP4 does not know
                raise _NotTheSameError from error
        track.close()


def _dated(source: Iterable[Any], gap: int) -> Iterator[Any]:
    """The same packets, each with a time of decoding: Matroska's first have none where frames are reordered."""
    held: list[Any] = []
    for packet in source:
        if packet.dts is None:
            held.append(packet)
            continue
        for n, early in enumerate(held):
            early.dts = packet.dts - (len(held) - n) * gap
            yield early
        held.clear()
        yield packet


def _check(source: str | Path, timeline: Timeline, copy: Path) -> None:
    try:
        made = read_timeline(copy)
        turns = [_rotation(path) for path in (source, copy)]
    except MediaError as error:
        raise _NotTheSameError from error
    times, expected = ([(pts - t.pts[0]) * t.tick for pts in t.pts] for t in (made, timeline))
    same = len(made.pts) == len(timeline.pts) and made.pts[0] == 0
    if not same or turns[0] != turns[1] or any(abs(a - b) > SAME_TIME for a, b in zip(times, expected, strict=True)):
        raise _NotTheSameError


def _rotation(path: str | Path) -> float | None:
    with open_video(path, 1) as (container, stream):
        frame = next(decoded(container, stream, Damage()), None)
        return None if frame is None else float(frame.rotation)


class _NotTheSameError(Exception):
    """The copy would not show the frames of the source at their times."""
