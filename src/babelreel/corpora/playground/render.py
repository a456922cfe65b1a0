"""A scene as pictures: muted backgrounds, clear shapes with smooth edges, textures fixed to what they cover."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from babelreel.corpora.playground.motion import FPS, Motion, lay_out
from babelreel.corpora.playground.scene import Colour, Scene, Shape, Texture, Thing
from babelreel.corpora.playground.shapes import distance, reach

__all__ = ["FPS", "RGB", "SIZE", "frame", "frames", "render"]

SIZE = 192  # pixels, both ways
RGB: dict[Colour, tuple[int, int, int]] = {
    "red": (217, 38, 38),
    "orange": (247, 131, 18),
    "yellow": (252, 220, 30),
    "green": (38, 158, 62),
    "blue": (28, 104, 220),
    "purple": (146, 44, 166),
    "white": (248, 248, 248),
    "black": (24, 24, 24),
}
# What stripes and dots are painted with: far from the colour in brightness, so that compression keeps them apart.
MARKS: dict[Colour, tuple[int, int, int]] = {
    "red": (255, 190, 185),
    "orange": (140, 62, 0),
    "yellow": (150, 112, 0),
    "green": (190, 240, 195),
    "blue": (185, 208, 255),
    "purple": (230, 195, 250),
    "white": (108, 108, 114),
    "black": (188, 188, 188),
}
OUTLINE, PALE_OUTLINE = (38, 38, 38), (225, 225, 225)
# Muted tones, each far from every colour above, so that the background depends on the seed alone.
TONES = ((132, 132, 136), (118, 128, 142), (158, 149, 134), (150, 136, 140), (128, 146, 148), (146, 142, 158))
BACKGROUNDS = ("flat", "gradient", "checks", "noise", "bands")
DEPTH = 11.0  # how far a background strays from its tone, in grey levels
STRIPE_PERIOD, DOT_SPACING, DOT_RADIUS = 0.56, 0.62, 0.19  # in nominal radii of the thing


def render(scene: Scene) -> np.ndarray:
    """All frames of a scene: (T, SIZE, SIZE, 3) uint8 RGB, FPS a second. The same scene gives the same frames."""
    return np.stack(list(frames(scene)))


def frames(scene: Scene) -> Iterator[np.ndarray]:
    """The frames of a scene one by one, each (SIZE, SIZE, 3) uint8 RGB."""
    motion, stage = lay_out(scene), background(scene.seed)
    for number in range(len(motion.poses)):
        yield _picture(scene, motion, stage, number)


def frame(scene: Scene, number: int) -> np.ndarray:
    """One frame of a scene, as `frames` has it."""
    return _picture(scene, lay_out(scene), background(scene.seed), number)


def _picture(scene: Scene, motion: Motion, stage: np.ndarray, number: int) -> np.ndarray:
    picture = stage.copy()
    for i in motion.order:
        _paint(picture, scene.things[i], *motion.poses[number][i].tolist())
    return (picture + 0.5).astype(np.uint8)


def background(seed: int) -> np.ndarray:
    """The empty stage of a seed: (SIZE, SIZE, 3) float32 in 0..255."""
    rng = np.random.default_rng([seed, 1])
    tone = np.array(TONES[rng.integers(len(TONES))], dtype=np.float32)
    kind = BACKGROUNDS[rng.integers(len(BACKGROUNDS))]
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE  # (H, W) each
    across = x * np.cos(angle := rng.uniform(0, np.pi)) + y * np.sin(angle)
    if kind == "flat":
        relief = np.zeros_like(x)
    elif kind == "gradient":
        relief = (across - across.min()) / (across.max() - across.min()) * 2 - 1
    elif kind == "checks":
        cells = rng.integers(3, 7)
        relief = 0.6 * ((np.floor(x * cells) + np.floor(y * cells)) % 2 * 2 - 1)
    elif kind == "bands":
        relief = 0.6 * np.clip(np.sin(across * 2 * np.pi * rng.uniform(1.5, 3)) * 8, -1, 1)
    else:
        coarse = Image.fromarray(rng.uniform(-1, 1, (9, 9)).astype(np.float32), mode="F")
        relief = np.asarray(coarse.resize((SIZE, SIZE), Image.Resampling.BICUBIC))
    return np.clip(tone + DEPTH * relief[:, :, None], 0, 255).astype(np.float32)


def _paint(picture: np.ndarray, thing: Thing, x: float, y: float, radius: float, angle: float) -> None:
    """Blend one thing into `picture` (SIZE, SIZE, 3) float32, in place; only the box around it is touched."""
    scale = radius * SIZE
    half = reach(thing.shape) * scale + 1.5
    left, right = max(0, int(x * SIZE - half)), min(SIZE, int(x * SIZE + half) + 1)
    top, bottom = max(0, int(y * SIZE - half)), min(SIZE, int(y * SIZE + half) + 1)
    dx = (np.arange(left, right, dtype=np.float32) + 0.5 - x * SIZE)[None, :] / scale
    dy = (y * SIZE - np.arange(top, bottom, dtype=np.float32) - 0.5)[:, None] / scale  # y upwards
    c, s = float(np.cos(angle)), float(np.sin(angle))
    u, v = c * dx + s * dy, c * dy - s * dx  # (h, w) each, in the thing's own frame
    outside = distance(thing.shape, u, v) * scale  # pixels
    colour = np.array(RGB[thing.colour], dtype=np.float32)
    paint = np.broadcast_to(colour, (*u.shape, 3))
    if thing.texture != "plain":
        mark = _cover(_mark_distance(thing.texture, thing.shape, u, v) * scale)
        paint = paint + mark * (np.array(MARKS[thing.colour], dtype=np.float32) - colour)
    edge = np.array(PALE_OUTLINE if thing.colour == "black" else OUTLINE, dtype=np.float32)
    paint = edge + _cover(outside + max(1.0, 0.06 * scale)) * (paint - edge)
    box = picture[top:bottom, left:right]
    box += _cover(outside) * (paint - box)


def _cover(outside: np.ndarray) -> np.ndarray:
    """How much of each pixel is covered, (h, w, 1) in 0..1, by what lies at a signed distance in pixels."""
    return np.clip(0.5 - outside, 0, 1)[:, :, None]


def _mark_distance(texture: Texture, shape: Shape, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Signed distance to the nearest stripe or dot, in nominal radii; the pattern is fixed to the thing."""
    if texture == "striped":
        along = (u + v) * np.float32(np.sqrt(0.5))
        return np.abs((along / STRIPE_PERIOD) % 1 - 0.5) * STRIPE_PERIOD - 0.22 * STRIPE_PERIOD
    row = np.round(v / DOT_SPACING)
    shifted = u / DOT_SPACING - 0.5 * (row % 2)  # every other row by half a step
    return DOT_SPACING * np.hypot(shifted - np.round(shifted), v / DOT_SPACING - row) - DOT_RADIUS
