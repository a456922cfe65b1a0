"""A clip's way to the backbone: which frames arrive, in which order, and what the vectors make of them.

Every frame of the clip can be told from the others, so what arrives says which frames were sampled. What a method may
do with the order of frames is its own affair; that a frame's vector keeps its place, and padding has no say, is not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from babelreel.doctor.finding import Finding, fault, passed, unknown
from babelreel.doctor.pictures import distance, mistakes, prepare
from babelreel.doctor.probes import FRAMES, RATE, clip_frames
from babelreel.doctor.subject import Subject
from babelreel.methods.clip4clip import CLIP4Clip
from babelreel.methods.embedder import Embedder
from babelreel.methods.ensemble import Ensemble
from babelreel.methods.mkd import MKD
from babelreel.methods.mumur import MuMUR
from babelreel.types import MediaBatch, Representation

AVERAGES = (CLIP4Clip, MuMUR, MKD, Ensemble, Embedder)  # methods whose clips are averages of their frames
SAME = 1e-3  # difference of vectors, relative to their length, that is left to arithmetic
UNSEEN = "no part of the model was seen to receive the clip's frames"
FAITHFUL = 0.1  # mean difference of pixels, in deviations, that a good video codec leaves


def expected_frames(subject: Subject) -> list[int]:
    """The numbers of the clip's frames that its sampling asks for: those shown at the middle of equal parts."""
    sampling = subject.method.sampling
    seconds = FRAMES / RATE
    count = FRAMES if sampling.frames is None else sampling.frames
    if sampling.rate is not None:
        count = min(count, max(1, round(seconds * sampling.rate)))
    if count >= FRAMES:
        return list(range(FRAMES))
    return sorted({int((part + 0.5) / count * FRAMES) for part in range(count)})


class Arrived(NamedTuple):
    """The frames (T, 3, H, W) that reached the backbone, the number of the clip's frame that each is most like, and how
    far they are from those, in deviations."""

    seen: Tensor
    numbers: list[int]
    distance: float


def arrived(subject: Subject) -> Arrived | None:
    """What reached the backbone of the clip; None where no part was seen to receive it."""
    seen = subject.seen(subject.clip)
    if seen is None:
        return None
    wanted = torch.cat([prepare(subject.processor, Image.fromarray(frame)) for frame in clip_frames()])  # (F, 3, H, W)
    apart = torch.stack([(wanted - frame).abs().mean((1, 2, 3)) for frame in seen]) / wanted.std()  # (T, F)
    return Arrived(seen, apart.argmin(1).tolist(), float(apart.amin(1).mean()))


def frame_number(subject: Subject) -> Finding:
    """As many frames as the sampling says."""
    if (found := subject.once(arrived)) is None:
        return unknown(UNSEEN)
    wanted, have = len(expected_frames(subject)), len(found.seen)
    if have != wanted:
        return fault(f"{have} frames of the clip arrive, not {wanted}", "Read as many frames as the model's sampling.")
    return passed(f"{have} frames of a clip of {FRAMES} arrive")


def frame_pixels(subject: Subject) -> Finding:
    """A video's frames are prepared as a picture is."""
    if (found := subject.once(arrived)) is None:
        return unknown(UNSEEN)
    if found.distance <= FAITHFUL:
        return passed(f"a video's frames are prepared as a picture is, but for {found.distance:.1%} by the codec")
    picture = Image.fromarray(clip_frames()[expected_frames(subject)[0]])
    seen, likely = found.seen[:1], mistakes(picture, subject.processor, prepare(subject.processor, picture))
    nearest = min(likely, key=lambda each: _distance(seen, each[2]))
    told = f"; {nearest[1]}" if _distance(seen, nearest[2]) <= FAITHFUL else ""
    return fault(
        f"a video's frames differ by {found.distance:.0%} of their deviation{told}", "Prepare frames as pictures."
    )


def frame_order(subject: Subject) -> Finding:
    """The frames arrive in the order of time."""
    if (found := subject.once(arrived)) is None:
        return unknown(UNSEEN)
    if len(set(found.numbers)) < 2:
        return unknown("a single frame has no order")
    if found.numbers != sorted(found.numbers):
        return fault(f"the clip's frames arrive in the order {_listed(found.numbers)}", "Sort frames by their times.")
    return passed("frames arrive in the order of time")


def frame_times(subject: Subject) -> Finding:
    """The frames that arrive are those at the middle of equal parts, and the vectors' times say so."""
    if (found := subject.once(arrived)) is None:
        return unknown(UNSEEN)
    wanted, numbers = expected_frames(subject), sorted(found.numbers)
    advice = "Take what is shown at the middle of each of equal parts, and give each frame its own time in seconds."
    if numbers != wanted:
        return fault(f"the frames {_listed(numbers)} of the clip arrive, not {_listed(wanted)}", advice)
    rows = subject.clip_rows
    if rows.times is None or rows.mask is None:
        return unknown("the right frames arrive, but the vectors carry no times")
    told = torch.unique_consecutive(rows.times[rows.mask])
    truth = torch.tensor(wanted) / RATE
    if told.shape != truth.shape or float((told - truth).abs().max()) > 0.5 / RATE:
        return fault(f"the vectors' times are {_seconds(told)}, not {_seconds(truth)}", advice)
    return passed(f"the frames at {_seconds(truth)} arrive, and are told so")


def frame_places(subject: Subject) -> Finding:
    """A frame's tokens stand in the frame's place: they move with it, and are like those of the frame alone."""
    batch = subject.clip
    count = int(batch.mask[0].sum())
    rows = subject.clip_rows
    if rows.tokens is None or rows.mask is None or count < 2:
        return unknown("the model gives no vectors of single frames" if count > 1 else "a clip is a single frame to it")
    per_frame = int(rows.mask[0].sum()) // count
    together = rows.tokens[0, : count * per_frame].float().reshape(count, -1)  # (T, G * D)
    alone = subject.media(_apart(batch)).tokens
    assert alone is not None
    apart = alone[:, :per_frame].float().flatten(1)  # (T, G * D)
    error = torch.cdist(together, apart) / apart.norm(dim=1).mean().clamp(min=1e-6)  # (T, T)
    own, best = error.diagonal().max(), error.min(1)
    if float(own) <= SAME:
        return passed("each frame's vector is that of the frame alone, in its place")
    if float(best.values.max()) <= SAME:
        return fault(
            f"vectors stand in the places of other frames: {_listed(best.indices.tolist())}",
            "Keep vectors in the order of their frames: moments of a video would be told wrongly.",
        )
    return unknown("frames have a say in each other's vectors, so a frame alone is no reference")


def every_frame(subject: Subject) -> Finding:
    """The first frame, the last and two between have a say in a clip's vector."""
    batch = subject.clip
    count = int(batch.mask[0].sum())
    if count < 2:
        return unknown("a clip is a single frame to this model")
    whole = _pooled(subject.clip_rows)
    dead = []
    places = sorted({round(n * (count - 1) / 3) for n in range(4)})  # all of them would take T x T frames
    for place in places:
        frames = batch.frames.clone()
        frames[:, place] = 255 - frames[:, place]
        if _apart_by(_pooled(subject.media(replace(batch, frames=frames))), whole) < 1e-6:
            dead.append(place)
    if dead == places:
        return unknown("the model's vector stays the same whatever its frames hold")
    if dead:
        return fault(f"frames {_listed(dead)} of {count} have no say in the clip's vector", "Pool all real frames.")
    return passed(f"frames {_listed(places)} of {count} have a say in the clip's vector")


def order_read(subject: Subject) -> Finding:
    """Whether the order of frames is read, where it is an average that must not."""
    batch = subject.clip
    count = int(batch.mask[0].sum())
    if count < 2:
        return unknown("a clip is a single frame to this model")
    backwards = list(range(count))[::-1]
    turned = replace(batch, frames=batch.frames[:, backwards], times=batch.times[:, backwards])
    rows = subject.clip_rows
    change = _apart_by(_pooled(subject.media(turned)), _pooled(rows))
    if change <= SAME:
        return passed("a clip backwards has the same vector, as of an average")
    if isinstance(subject.method, AVERAGES):
        return fault(
            f"a clip backwards has a vector {change:.1%} apart, though it is an average", "Weigh frames alike."
        )
    return unknown(f"a clip backwards has a vector {change:.1%} apart: the model reads the order of frames")


def padded_frames(subject: Subject) -> Finding:
    """Padding has no say: a picture beside a clip is the picture alone, whatever stands in the padding."""
    both = subject.picture_and_clip
    if bool(both.mask.all()):
        return unknown("a clip is a single frame to this model, so nothing is padded")
    alone = _pooled(subject.media(subject.read(subject.probes.picture)))
    filled = torch.where(both.mask[..., None, None, None], both.frames, 255)
    for rows, what in ((subject.both_rows, "black"), (subject.media(replace(both, frames=filled)), "white")):
        change = _apart_by(_pooled(rows)[:1], alone)
        if change > SAME:
            return fault(
                f"a picture beside a clip has a vector {change:.1%} apart, by its padding of {what} frames",
                "Mask padded frames before a mean, and with -inf before a maximum or a softmax.",
            )
    return passed("padding has no say: a picture beside a clip has the vector of the picture alone")


def _apart(batch: MediaBatch) -> MediaBatch:
    """Each real frame of the first item as an item of its own."""
    real = batch.mask[0]
    frames, times = batch.frames[0][real].unsqueeze(1), batch.times[0][real].unsqueeze(1)  # (T, 1, 3, H, W)
    return MediaBatch(tuple(map(str, range(len(frames)))), frames, torch.ones_like(times, dtype=torch.bool), times)


def _pooled(rows: Representation) -> Tensor:
    assert rows.pooled is not None, "an item has a vector"
    return rows.pooled.float()


def _apart_by(a: Tensor, b: Tensor) -> float:
    return float(((a - b).norm(dim=-1) / b.norm(dim=-1).clamp(min=1e-6)).max())


def _distance(seen: Tensor, pixels: Tensor) -> float:
    return distance(seen, pixels) if seen.shape == pixels.shape else float("inf")


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:12])) + (" ..." if len(numbers) > 12 else "")


def _seconds(times: Tensor) -> str:
    told = [f"{value:.2f}" for value in times.tolist()[:6]]
    return ", ".join(told) + (" ... s" if len(times) > 6 else " s")
