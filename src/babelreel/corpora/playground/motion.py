"""Where each thing of a scene is in each frame: places, speeds and durations, which the seed decides.

The stage is a unit square, x to the right, y down. Places are drawn from the seed until everything stays on the stage
and nothing runs into anything else; `truth.possible` allows only scenes for which that ends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from random import Random
from typing import NamedTuple

import numpy as np

from babelreel.corpora.playground.scene import Event, Heading, Scene, Shape, Size, Thing
from babelreel.corpora.playground.shapes import distance, outline, reach

FPS = 12
RADIUS: dict[Size, float] = {"small": 0.06, "large": 0.145}
GROWN, SHRUNK = 1.5, 0.6
TURN = math.radians(140)
VECTORS: dict[Heading, tuple[int, int]] = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
MARGIN = 0.012
GAP = 0.025
FOLLOW_LAG = 0.15  # share of the event by which the follower is late
ATTEMPTS = 200_000  # the narrowest scenes need a few thousand


class Pose(NamedTuple):
    """Centre and radius in stage units, angle in radians, anticlockwise as seen."""

    x: float
    y: float
    radius: float
    angle: float


@dataclass(frozen=True, slots=True)
class Motion:
    """`poses` (T, K, 4) float: x, y, radius, angle of K things in T frames; `order` names things from back to front;
    `spans` gives for each event its first frame and the frame in which it is complete."""

    poses: np.ndarray
    order: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]


def lay_out(scene: Scene) -> Motion:
    """Find places and times for a possible scene; the same scene always gives the same motion, two to four seconds."""
    rng = Random(f"{scene.seed}:motion")
    lead, gap, tail = (rng.uniform(0.25, 0.4) for _ in range(3))
    lengths = [rng.uniform(1.3, 2.0) if len(scene.events) == 1 else rng.uniform(1.05, 1.3) for _ in range(2)]
    spans, now = [], lead
    for length in lengths[: len(scene.events)]:
        spans.append((round(now * FPS), round((now + length) * FPS)))
        now += length + gap
    tilts = [rng.uniform(-0.12, 0.12) for _ in range(2)]
    stops = next((found for _ in range(ATTEMPTS) if (found := _attempt(scene, tilts, rng)) is not None), None)
    assert stops is not None, f"no room for {scene}"
    frames = spans[-1][1] + 1 + round(tail * FPS)
    poses = np.zeros((frames, len(scene.things), 4))
    for i in range(len(scene.things)):
        poses[:, i] = stops[0][i]
        for event, (first, last), before, after in zip(scene.events, spans, stops, stops[1:], strict=False):
            share = _eased((np.arange(frames) - first) / (last - first), event, i)[:, None]  # (T, 1)
            poses[:, i] += share * (np.array(after[i]) - np.array(before[i]))
    hidden = [e.actor for e in scene.events if e.action == "hide"]
    return Motion(poses, (*hidden, *(i for i in range(len(scene.things)) if i not in hidden)), tuple(spans))


def _eased(share: np.ndarray, event: Event, i: int) -> np.ndarray:
    """Slow in, slow out; in a pursuit the pursuer starts and stops a little later."""
    if event.action == "follow":
        start = FOLLOW_LAG if i == event.actor else 0.0
        share = (share - start) / (1 - FOLLOW_LAG)
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)


def _attempt(scene: Scene, tilts: list[float], rng: Random) -> list[list[Pose]] | None:
    """Poses of all things before the first event and after each; None when this draw does not work out."""
    start = []
    for i, (thing, tilt) in enumerate(zip(scene.things, tilts, strict=False)):
        edge = _most_room(scene, i) + MARGIN
        start.append(Pose(rng.uniform(edge, 1 - edge), rng.uniform(edge, 1 - edge), RADIUS[thing.size], tilt))
    stops = [start]
    for event in scene.events:
        if event.target is not None:
            stops = [list(start), list(start)]
            stops[0][event.actor], stops[1][event.actor], stops[0][event.target], stops[1][event.target] = _pair(
                scene, event, start[event.actor], start[event.target], rng
            )
        else:
            after = list(stops[-1])
            after[event.actor] = _alone(event, after[event.actor], rng)
            stops.append(after)
    return stops if _holds(scene, stops) else None


def _alone(event: Event, pose: Pose, rng: Random) -> Pose:
    """Where an event of one thing alone leads to."""
    if event.action == "grow":
        return pose._replace(radius=pose.radius * GROWN)
    if event.action == "shrink":
        return pose._replace(radius=pose.radius * SHRUNK)
    assert event.heading is not None
    if event.action == "turn":
        return pose._replace(angle=pose.angle + (TURN if event.heading == "left" else -TURN))
    (dx, dy), way = VECTORS[event.heading], rng.uniform(0.2, 0.42)
    return pose._replace(x=pose.x + dx * way, y=pose.y + dy * way)


def _pair(scene: Scene, event: Event, actor: Pose, target: Pose, rng: Random) -> tuple[Pose, Pose, Pose, Pose]:
    """Before and after of the actor, before and after of the target; `target` gives the place, `actor` the rest."""
    assert event.target is not None
    one, other = scene.things[event.actor], scene.things[event.target]
    if event.action == "hide":
        return actor, actor._replace(x=target.x, y=target.y), target, target
    way = rng.uniform(0.14 if one.size == other.size == "large" else 0.2, 0.38)  # as far as there is room
    if event.action == "follow":
        assert event.heading is not None
        dx, dy = VECTORS[event.heading]
        apart = _most_room(scene, 0) + _most_room(scene, 1) + GAP + rng.uniform(0.001, 0.04)
        before = actor._replace(x=target.x - dx * apart, y=target.y - dy * apart)
        return before, _shifted(before, dx * way, dy * way), target, _shifted(target, dx * way, dy * way)
    dx, dy = VECTORS[rng.choice(("left", "right", "left", "right", "up", "down"))]
    touch = _contact(_placed(one, actor), _placed(other, target), (dx, dy))
    way *= 0.75
    met = actor._replace(x=target.x - dx * touch, y=target.y - dy * touch)
    return _shifted(met, -dx * way, -dy * way), met, _shifted(target, dx * way, dy * way), target


def _shifted(pose: Pose, dx: float, dy: float) -> Pose:
    return pose._replace(x=pose.x + dx, y=pose.y + dy)


def _room(thing: Thing, pose: Pose) -> float:
    """The radius of the disc that holds the thing."""
    return pose.radius * reach(thing.shape)


def _most_room(scene: Scene, i: int) -> float:
    """The same for thing `i` when it has grown, if it will."""
    grows = any(event.action == "grow" and event.actor == i for event in scene.events)
    return RADIUS[scene.things[i].size] * reach(scene.things[i].shape) * (GROWN if grows else 1)


class _Placed(NamedTuple):
    shape: Shape
    radius: float
    angle: float


def _placed(thing: Thing, pose: Pose) -> _Placed:
    return _Placed(thing.shape, pose.radius, pose.angle)


@lru_cache(maxsize=16)
def _contact(one: _Placed, other: _Placed, towards: tuple[int, int]) -> float:
    """How far apart the centres are when `one`, coming from afar in the direction `towards`, first touches `other`."""
    apart = one.radius * reach(one.shape) + other.radius * reach(other.shape)
    for step in (0.01, 0.001):  # coarse steps up to the first overlap, one back, then fine ones
        while apart > step and not _overlap(one, other, -towards[0] * apart, -towards[1] * apart):
            apart -= step
        apart += step
    return apart


def _overlap(one: _Placed, other: _Placed, x: float, y: float) -> bool:
    """Whether outlines cross when the centre of `one` lies at (x, y) (stage units) from the centre of `other`."""
    for mover, still, dx, dy in ((one, other, x, y), (other, one, -x, -y)):
        points = outline(mover.shape) @ _rotation(mover.angle).T * mover.radius + [dx, -dy]  # (P, 2), y upwards
        u, v = (points @ _rotation(still.angle) / still.radius).T
        if (distance(still.shape, u, v) < 0).any():
            return True
    return False


def _rotation(angle: float) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([(c, -s), (s, c)])


def _holds(scene: Scene, stops: list[list[Pose]]) -> bool:
    """Whether everything stays on the stage, and things keep clear of each other but for meeting and hiding."""
    for poses in stops:
        for thing, pose in zip(scene.things, poses, strict=True):
            edge = _room(thing, pose) + MARGIN
            if not (edge <= pose.x <= 1 - edge and edge <= pose.y <= 1 - edge):
                return False
    if len(scene.things) == 1:
        return True
    first = scene.events[0].action
    if first in ("meet", "hide"):
        if not _clear(scene, stops[0], stops[0], 3 * GAP):
            return False
        return first == "hide" or all(_away(scene.events[k], stops[k]) for k in range(1, len(scene.events)))
    return all(_clear(scene, before, after, GAP) for before, after in pairwise(stops))


def _clear(scene: Scene, before: list[Pose], after: list[Pose], gap: float) -> bool:
    """Whether the two things keep `gap` between the discs that hold them, all the way."""
    room = sum(max(_room(t, b), _room(t, a)) for t, b, a in zip(scene.things, before, after, strict=True)) + gap
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        (ax, ay), (bx, by) = (
            (b.x + share * (a.x - b.x), b.y + share * (a.y - b.y)) for b, a in zip(before, after, strict=True)
        )
        if math.hypot(ax - bx, ay - by) < room:
            return False
    return True


def _away(event: Event, poses: list[Pose]) -> bool:
    """Whether a thing that moves after a meeting moves away from the one it met, not past it."""
    assert event.heading is not None
    (dx, dy), me, met = VECTORS[event.heading], poses[event.actor], poses[1 - event.actor]
    return dx * (me.x - met.x) + dy * (me.y - met.y) > 0.7 * math.hypot(me.x - met.x, me.y - met.y)
