"""Small JPEGs of images and of moments in videos, upright, for pages and previews."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image
from torch import Tensor

from babelreel.errors import MediaError
from babelreel.media.animation import needs_pil, pictures, read_animation_timeline
from babelreel.media.decode import Decoder, DisorderError, aspect_of, read_timeline
from babelreel.media.image import read_image
from babelreel.media.sampling import SLACK, Timeline
from babelreel.media.video import frame_tensor

EDGE = 320  # pixels of the longest edge
MOST_BYTES = 20_000  # aimed at; noise may take more
QUALITIES = (82, 70, 55)


def image_thumbnail(path: str | Path) -> bytes:
    """A JPEG of an image, its longest edge at most `EDGE` pixels.

    Raises:
        MediaError: when the file is missing, is no image, is damaged, or is too large to be safe.
    """
    return small_jpeg(read_image(path, (EDGE, EDGE)))


def video_thumbnails(path: str | Path, times: Sequence[float], threads: int = 1) -> list[bytes]:
    """JPEGs of what a video or animation shows at N times, in seconds after its first frame, in one way through it.

    Beyond the end it is the last frame; where a frame is damaged, the next that decodes stands for it.

    Raises:
        MediaError: when the file is missing, holds no video, or nothing of it can be decoded.
    """
    animated = needs_pil(path)
    timeline = read_animation_timeline(path) if animated else read_timeline(path)
    wanted = [_shown_at(timeline, time) for time in times]
    stamps = sorted(set(wanted))
    if animated:
        made = _jpegs(pictures(path, timeline, stamps))
    else:
        try:
            made = _jpegs(_frames(path, timeline, stamps, threads))
        except DisorderError:
            made = _jpegs(_frames(path, timeline, stamps, threads, in_order=True))
    if stamps and not made:
        raise MediaError(f"{path} is damaged: none of its frames could be decoded.")
    given = sorted(made)
    return [made[given[min(bisect_left(given, stamp), len(given) - 1)]] for stamp in wanted]


def cheap_time(path: str | Path, start: float, end: float) -> float:
    """A time within a window, in seconds, that a thumbnail is had of for little.

    It is that of the key frame nearest to the middle, before which nothing need be decoded, or else the middle.

    Raises:
        MediaError: when the file is missing, or holds no video.
    """
    middle = (start + end) / 2
    if needs_pil(path):
        return middle
    timeline = read_timeline(path)
    shown = [(key - timeline.pts[0]) * timeline.tick for key in timeline.keys]
    inside = [time for time in shown if start <= time < end]
    return min(inside, key=lambda time: abs(time - middle), default=middle)


def small_jpeg(image: Tensor) -> bytes:
    """A picture, uint8 RGB (3, H, W), as a JPEG whose longest edge is at most `EDGE` pixels, of about 10 to 20 kB."""
    small = Image.fromarray(image.permute(1, 2, 0).numpy())  # (H, W, 3)
    small.thumbnail((EDGE, EDGE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    for quality in QUALITIES:
        file = BytesIO()
        small.save(file, "JPEG", quality=quality, optimize=True)
        if file.tell() <= MOST_BYTES:
            break
    return file.getvalue()


def _shown_at(timeline: Timeline, time: float) -> int:
    """The stamp of the frame that is on screen at a time."""
    row = bisect_right(timeline.pts, timeline.pts[0] + (time + SLACK) / timeline.tick) - 1
    return timeline.pts[max(0, row)]


def _frames(
    path: str | Path, timeline: Timeline, stamps: list[int], threads: int, in_order: bool = False
) -> Iterator[tuple[int, Tensor]]:
    with Decoder(path, timeline, threads) as decoder:
        aspect = aspect_of(decoder.stream)
        for stamp, frame in (decoder.take_in_order if in_order else decoder.take)(stamps):
            yield stamp, frame_tensor(frame, aspect, None)


def _jpegs(frames: Iterable[tuple[int, Tensor]]) -> dict[int, bytes]:
    return {stamp: small_jpeg(image) for stamp, image in frames}
