"""Videos to frames with their times: only the frames that are used are decoded for, and only they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from torch import Tensor

from babelreel.errors import MediaError
from babelreel.media.container import Damage, decoded, packets
from babelreel.media.decode import Decoder, DisorderError, aspect_of, open_video, read_timeline, stamp_of
from babelreel.media.sampling import Sampling, Timeline, choose
from babelreel.media.transforms import ImageSpec, resize

__all__ = ["Frames", "Sampling", "VideoInfo", "probe", "read_frames"]


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
    """What a video is: pixels as displayed, seconds, mean frames a second, codec, and whether it has sound."""

    width: int
    height: int
    duration: float
    fps: float
    codec: str
    has_audio: bool


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
    """Read the sampled frames of a video, or of its span from `start` to `end` (seconds after its first frame).

    Frames are upright, have square pixels, and lie on white where they are transparent; `spec` resizes each as it is
    decoded, so memory holds the sampled frames and no more. A span of fewer frames than asked for gives those it has.
    Where a sampled frame is damaged, the next that decodes stands for it. `generator` draws the moments of random
    sampling. `threads` of the decoder: 0 leaves it to the codec, 1 suits many readers side by side.

    Raises:
        MediaError: when the file is missing, holds no video, cannot be decoded, or the span lies beyond its end.
    """
    timeline = read_timeline(path)
    wanted = choose(timeline, sampling, start, end, generator, path)
    with Decoder(path, timeline, threads) as decoder:
        aspect = aspect_of(decoder.stream)
        try:
            taken = [(stamp, frame_tensor(frame, aspect, spec)) for stamp, frame in decoder.take(wanted)]
        except DisorderError:
            taken = [(stamp, frame_tensor(frame, aspect, spec)) for stamp, frame in decoder.take_in_order(wanted)]
        errors = decoder.damage.errors
    if not taken:
        raise MediaError(f"{path} is damaged: none of its frames could be decoded ({errors} errors).")
    if any(image.shape != taken[0][1].shape for _, image in taken):
        raise MediaError(f"{path} changes its frame size on the way. Give a size to resize to, or cut the file.")
    times = torch.tensor([(stamp - timeline.pts[0]) * timeline.tick for stamp, _ in taken])
    return Frames(torch.stack([image for _, image in taken]), times, errors)


def probe(path: str | Path) -> VideoInfo:
    """What a video is, at the price of one frame and its last seconds.

    The header's duration is checked against the packets at the file's end. Where they disagree by more than a second
    or a hundredth, where the header does not know the first frame's time, or where the end cannot be reached, all
    packets are read, and they decide.

    Raises:
        MediaError: as `read_frames`.
    """
    with open_video(path, 1) as (container, stream):
        frame = next(decoded(container, stream, Damage()), None)
        if frame is None:
            raise MediaError(f"{path} is damaged: none of its frames could be decoded.")
        height, width = frame_tensor(frame, aspect_of(stream), None).shape[-2:]
        fps = float(stream.average_rate or 0)
        codec = stream.codec_context.codec.canonical_name
        has_audio = bool(container.streams.audio)
        duration = _from_the_end(container, stream, stamp_of(frame))
    if duration is None or not fps:
        timeline = read_timeline(path)
        duration = timeline.duration
        fps = len(timeline.pts) / duration
    return VideoInfo(width, height, duration, fps, codec, has_audio)


def _from_the_end(container: Any, stream: Any, first: int | None) -> float | None:
    """The duration in seconds by the last packets, where they confirm the header; else None."""
    length, tick = stream.duration, float(stream.time_base)
    if length is None and container.duration is not None:
        length = int(container.duration / av.time_base / tick)
    if first is None or first != stream.start_time or not length:
        return None
    try:
        container.seek(first + length - round(1 / tick), stream=stream, backward=True, any_frame=False)
    except av.error.FFmpegError:
        return None
    found = (stamp_of(packet) for packet in packets(container, stream, Damage()) if not packet.is_discard)
    stamps = {stamp for stamp in found if stamp is not None}
    if len(stamps) < 2:
        return None
    tail = Timeline(sorted(stamps), [], tick)
    duration = (tail.pts[-1] - first) * tick + tail.gap
    header = length * tick
    return duration if abs(duration - header) <= max(1.0, header / 100) else None


def frame_tensor(frame: Any, aspect: float, spec: ImageSpec | None) -> Tensor:
    """A decoded frame as uint8 RGB (3, H, W), upright, opaque, with square pixels (`aspect`: see `aspect_of`)."""
    if may_be_transparent(frame):
        pixels = frame.to_ndarray(format="rgba").astype(np.uint16)
        alpha = pixels[..., 3:]
        array = ((pixels[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    else:
        array = frame.to_ndarray(format="rgb24")
    image = torch.from_numpy(array).permute(2, 0, 1)  # (3, H, W)
    height, width = image.shape[-2:]
    if aspect != 1 and (spec is None or spec.policy != "squash"):
        image = resize(image.unsqueeze(0), ImageSpec(height, max(1, round(width * aspect))))[0]
    turns = round(frame.rotation / 90) % 4  # quarters, anticlockwise
    if turns:
        image = torch.rot90(image, turns, (-2, -1))
    if spec is not None:
        image = resize(image.unsqueeze(0), spec)[0]
    return image.contiguous()


def may_be_transparent(frame: Any) -> bool:
    """Whether a decoded frame's pixel format has room for transparency."""
    return frame.format.name == "pal8" or any(component.is_alpha for component in frame.format.components)
