"""The eight shapes as signed distances, in a frame of their own: centre 0, nominal radius 1, y upwards.

The nominal radius makes the shapes look equally large. The centre is where the largest inscribed disc of `HIDERS` sits,
so that something small behind the centre stays hidden while the shape turns.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from babelreel.corpora.playground.scene import Shape

RING_HOLE = 0.56
MOON_RADIUS, MOON_CUT_RADIUS, MOON_CUT_X, MOON_SHIFT = 1.08, 0.92, 0.56, 0.36


def distance(shape: Shape, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Signed distance to the outline, negative inside; `u`, `v` and the result are float arrays of one shape."""
    if shape == "circle":
        return np.hypot(u, v) - 1
    if shape == "ring":
        radius = np.hypot(u, v)
        return np.maximum(radius - 1.05, RING_HOLE - radius)
    if shape == "moon":
        u = u - MOON_SHIFT
        return np.maximum(np.hypot(u, v) - MOON_RADIUS, MOON_CUT_RADIUS - np.hypot(u - MOON_CUT_X, v))
    return _polygon_distance(corners(shape), u, v)


@cache
def outline(shape: Shape) -> np.ndarray:
    """Points on the outer outline, (P, 2) float, dense enough to test contact with."""
    angles = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    disc = np.stack([np.cos(angles), np.sin(angles)], axis=1)  # (P, 2)
    if shape == "circle":
        return disc
    if shape == "ring":
        return disc * 1.05
    if shape == "moon":
        both = np.concatenate([disc * MOON_RADIUS, disc * MOON_CUT_RADIUS + np.array([MOON_CUT_X, 0])])
        both[:, 0] += MOON_SHIFT
        return both[np.abs(distance("moon", both[:, 0], both[:, 1])) < 1e-9]
    start = corners(shape)
    steps = np.linspace(0, 1, max(2, 120 // len(start)), endpoint=False)
    edges = np.roll(start, -1, axis=0) - start
    return np.asarray((start[:, None] + steps[None, :, None] * edges[:, None]).reshape(-1, 2))  # (P, 2)


@cache
def reach(shape: Shape) -> float:
    """The radius of the disc about the centre that holds the whole shape, however it is turned."""
    return float(np.hypot(*outline(shape).T).max())


@cache
def corners(shape: Shape) -> np.ndarray:
    """The corners (V, 2) of a shape with straight edges; the heart is a fine polygon."""
    if shape == "square":
        return np.array([(-0.87, -0.87), (0.87, -0.87), (0.87, 0.87), (-0.87, 0.87)])
    if shape == "triangle":
        return _spokes([1.25] * 3)
    if shape == "star":
        return _spokes([1.28, 0.64] * 5)
    if shape == "cross":
        long, half = 1.1, 0.4
        arm = np.array([(half, half), (half, long), (-half, long)])
        quarter = np.array([(0, -1), (1, 0)])
        return np.concatenate([arm @ np.linalg.matrix_power(quarter.T, k) for k in range(4)])
    assert shape == "heart", shape
    t = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    x = np.sin(t) ** 3
    y = (13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 16
    return np.stack([1.12 * x, 1.12 * y + 0.24], axis=1)


def _spokes(radii: list[float]) -> np.ndarray:
    """Corners at even angles about the centre, the first at the top."""
    angles = np.pi / 2 + 2 * np.pi * np.arange(len(radii)) / len(radii)
    return np.asarray(np.array(radii)[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1))


def _polygon_distance(points: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Distance to the nearest edge, negative where a ray to the right crosses the outline an odd number of times."""
    nearest = np.full(u.shape, np.inf, dtype=u.dtype)
    inside = np.zeros(u.shape, dtype=bool)
    for (ax, ay), (bx, by) in zip(points.tolist(), np.roll(points, -1, axis=0).tolist(), strict=True):
        ex, ey = bx - ax, by - ay
        du, dv = u - ax, v - ay
        along = np.clip((du * ex + dv * ey) / (ex * ex + ey * ey), 0, 1)
        nearest = np.minimum(nearest, (du - along * ex) ** 2 + (dv - along * ey) ** 2)
        if ay != by:
            inside ^= ((v < ay) != (v < by)) & (du < dv * (ex / ey))
    return np.where(inside, -np.sqrt(nearest), np.sqrt(nearest))
