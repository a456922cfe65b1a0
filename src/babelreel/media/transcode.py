"""Any video or animation to a copy that every browser plays: H.264 and AAC in MP4, no larger than a page needs.

Time 0 of the copy is the first frame of the source, as everywhere here, and each frame keeps its time. Pictures are
upright and opaque and have square pixels. Memory holds a few frames, however long the video.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from torch import Tensor

from babelreel.atomic import atomic_path
from babelreel.errors import MediaError
from babelreel.media.animation import needs_pil, pictures, read_animation_timeline
from babelreel.media.audio import Array, stream_audio
from babelreel.media.decode import Decoder, DisorderError, aspect_of, read_timeline
from babelreel.media.sampling import Timeline
from babelreel.media.video import frame_tensor, may_be_transparent
from babelreel.media.write import AAC_SAMPLES

LONGEST_EDGE = 1280  # pixels
CLOCK = 90_000  # ticks a second of the copy: a thousandth of a frame is told apart
SOUND_RATE = 48_000
KEY_SECONDS = 2  # from one key frame to the next: what a browser decodes at most to show a moment
COLOUR_TAGS = ("color_primaries", "color_trc", "colorspace")
BT709 = 1  # the value of each of these tags for what most screens show


def transcode(source: str | Path, target: str | Path) -> None:
    """Write a copy of the video `source` to the MP4 file `target`, whole or not at all.

    Its longest edge has at most `LONGEST_EDGE` pixels. Frames that do not decode are left out.

    Raises:
        MediaError: when the source is missing, holds no video or none that can be decoded, or the target cannot be
            written.
    """
    if needs_pil(source):
        timeline = read_animation_timeline(source)
        _write(source, target, timeline, _drawn(source, timeline), ())
        return
    timeline = read_timeline(source)
    for in_order in (False, True):  # the second only where the first finds the stamps to be shuffled
        with suppress(DisorderError):
            frames = _filmed(source, timeline, in_order)
            _write(source, target, timeline, frames, stream_audio(source, SOUND_RATE))
            return


def _write(
    source: str | Path,
    target: str | Path,
    timeline: Timeline,
    frames: Iterator[tuple[int, Any]],
    sound: Iterable[Array],
) -> None:
    first = next(frames, None)
    if first is None:
        raise MediaError(f"{source} is damaged: none of its frames could be decoded.")
    with mp4_file(source, target) as container:
        video = _video_stream(container, timeline, first[1])
        track = SoundTrack(container, sound)
        shown = -1
        for stamp, frame in chain([first], frames):
            time = round((stamp - timeline.pts[0]) * timeline.tick * CLOCK)
            if time <= shown:  # finer than the clock of the copy
                continue
            frame.pts, frame.time_base, frame.pict_type = time, Fraction(1, CLOCK), 0
            shown = time
            container.mux(video.encode(frame))
            track.write_until(time / CLOCK)
        held_back = video.encode(None)
        if held_back:
            max(held_back, key=lambda packet: packet.pts).duration = round(timeline.gap * CLOCK)
        container.mux(held_back)
        track.close()


@contextmanager
def mp4_file(source: str | Path, target: str | Path) -> Iterator[Any]:
    """Give an `av` container whose content becomes the file `target` when the block ends well.

    Raises:
        MediaError: when it cannot be written.
    """
    try:
        with (
            atomic_path(Path(target)) as temporary,
            av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as container,
        ):
            yield container
    except (av.error.FFmpegError, OSError) as error:
        raise MediaError(f"A copy of {source} cannot be written: {error.strerror or error}.") from error


class SoundTrack:
    """Sound, pieces of samples (C, S) at `SOUND_RATE`, to AAC beside the pictures of a container, if there is any."""

    def __init__(self, container: Any, pieces: Iterable[Array]) -> None:
        self.container = container
        self.blocks = _blocks(pieces)
        self.block = next(self.blocks, None)
        self.position = 0
        if self.block is not None:
            self.layout = "mono" if len(self.block) == 1 else "stereo"
            self.stream = container.add_stream("aac", rate=SOUND_RATE, layout=self.layout)

    def write_until(self, seconds: float) -> None:
        """Write what is heard before that time, so that a player finds both in one place of the file."""
        while self.block is not None and self.position <= seconds * SOUND_RATE:
            frame = av.AudioFrame.from_ndarray(self.block, format="fltp", layout=self.layout)
            frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, self.position, Fraction(1, SOUND_RATE)
            self.container.mux(self.stream.encode(frame))
            self.position += self.block.shape[1]
            self.block = next(self.blocks, None)

    def close(self) -> None:
        """Write the rest."""
        self.write_until(float("inf"))
        if self.position:
            self.container.mux(self.stream.encode(None))


def _video_stream(container: Any, timeline: Timeline, frame: Any) -> Any:
    rate = Fraction(min(max(1 / max(timeline.gap, 1e-3), 1), 120)).limit_denominator(1001)
    options = {"crf": "23", "preset": "veryfast", "g": str(max(1, round(KEY_SECONDS * rate)))}
    stream = container.add_stream("libx264", rate=rate, options=options)
    stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
    context = stream.codec_context
    stream.time_base = context.time_base = Fraction(1, CLOCK)
    context.color_range = ColorRange.MPEG
    for tag in COLOUR_TAGS:
        setattr(context, tag, getattr(frame, tag))
    return stream


def _blocks(pieces: Iterable[Array]) -> Iterator[Array]:
    """The same samples (C, S), in the blocks that AAC is made of; the last may be shorter."""
    left: Array | None = None
    for piece in pieces:
        left = piece if left is None else np.concatenate([left, piece], axis=1)  # (C, S)
        whole = left.shape[1] // AAC_SAMPLES * AAC_SAMPLES
        for begin in range(0, whole, AAC_SAMPLES):
            yield np.ascontiguousarray(left[:, begin : begin + AAC_SAMPLES])
        left = left[:, whole:]
    if left is not None and left.shape[1]:
        yield np.ascontiguousarray(left)


def _drawn(source: str | Path, timeline: Timeline) -> Iterator[tuple[int, Any]]:
    """Every picture of an animation with its stamp, as the copy shows it."""
    for stamp, image in pictures(source, timeline, frozenset(timeline.pts)):
        yield stamp, _from_rgb(image, _fit(image.shape[2], image.shape[1]))


def _filmed(source: str | Path, timeline: Timeline, in_order: bool) -> Iterator[tuple[int, Any]]:
    """Every frame of a video with its stamp, as the copy shows it; all have the size of the first."""
    with Decoder(source, timeline, 0) as decoder:
        aspect = aspect_of(decoder.stream)
        size = None
        for stamp, frame in (decoder.take_in_order if in_order else decoder.take)(timeline.pts):
            turns = round(frame.rotation / 90) % 4  # quarters, anticlockwise
            if size is None:
                wide, high = frame.width * aspect, float(frame.height)
                size = _fit(high, wide) if turns % 2 else _fit(wide, high)
            if may_be_transparent(frame):
                yield stamp, _from_rgb(frame_tensor(frame, aspect, None), size)
            else:
                yield stamp, _upright(frame, turns, size)


def _fit(width: float, height: float) -> tuple[int, int]:
    """The even width and height of the copy of a picture."""
    scale = min(1.0, LONGEST_EDGE / max(width, height))
    return tuple(max(2, 2 * round(edge * scale / 2)) for edge in (width, height))  # type: ignore[return-value]


def _from_rgb(image: Tensor, size: tuple[int, int]) -> Any:
    """A picture, uint8 RGB (3, H, W), as a frame to encode."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image.permute(1, 2, 0).numpy()), format="rgb24")
    frame = frame.reformat(*size, "yuv420p", dst_colorspace=Colorspace.ITU709)
    frame.color_primaries = frame.color_trc = frame.colorspace = BT709
    return frame


def _upright(frame: Any, turns: int, size: tuple[int, int]) -> Any:
    """A decoded frame in the size and the pixel format of the copy, turned by quarters; colours stay what they are."""
    full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    ranges = {"src_color_range": ColorRange.JPEG if full else ColorRange.MPEG, "dst_color_range": ColorRange.MPEG}
    width, height = size[::-1] if turns % 2 else size
    small = av.video.reformatter.VideoReformatter().reformat(frame, width, height, "yuv420p", **ranges)
    if not turns:
        return small
    flat = small.to_ndarray().reshape(-1)
    luma, chroma = width * height, width * height // 4
    planes = (
        flat[:luma].reshape(height, width),
        flat[luma : luma + chroma].reshape(height // 2, width // 2),
        flat[luma + chroma :].reshape(height // 2, width // 2),
    )
    turned = np.concatenate([np.rot90(plane, turns).reshape(-1) for plane in planes])
    upright = av.VideoFrame.from_ndarray(turned.reshape(size[1] * 3 // 2, size[0]), format="yuv420p")
    for tag in COLOUR_TAGS:
        setattr(upright, tag, getattr(small, tag))
    return upright
