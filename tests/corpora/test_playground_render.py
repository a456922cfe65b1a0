"""playground/shapes.py, motion.py, render.py: what the pixels show is what the scene says, measured on the pixels."""

from __future__ import annotations

from itertools import permutations, product
from random import Random

import numpy as np
import pytest
from PIL import Image

from babelreel.corpora.playground.motion import FPS, GROWN, RADIUS, SHRUNK, lay_out
from babelreel.corpora.playground.render import DEPTH, MARKS, RGB, SIZE, TONES, background, render
from babelreel.corpora.playground.sample import draw_scene
from babelreel.corpora.playground.scene import (
    COLOURS,
    HEADINGS,
    SHAPES,
    SIZES,
    TEXTURES,
    Action,
    Colour,
    Event,
    Heading,
    Scene,
    Shape,
    Thing,
)
from babelreel.corpora.playground.shapes import distance, outline, reach
from babelreel.corpora.playground.truth import HIDERS, possible

SIGNS: dict[Heading, tuple[int, int]] = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


def scene(*things: Thing, events: tuple[Event, ...], seed: int = 0) -> Scene:
    made = Scene(things, events, "silence", seed)
    assert possible(made)
    return made


def of(frame: np.ndarray, colour: Colour) -> np.ndarray:
    """Where a frame (H, W, 3) shows a colour: (H, W) bool."""
    return np.abs(frame.astype(int) - RGB[colour]).sum(axis=-1) < 60


def centre(mask: np.ndarray) -> np.ndarray:
    """Mean (x, y) of a mask in pixels."""
    y, x = np.nonzero(mask)
    return np.array([x.mean(), y.mean()])


def changed(frame: np.ndarray, seed: int) -> np.ndarray:
    """Where a frame differs from the empty stage: (H, W) bool."""
    return np.abs(frame - background(seed)).max(axis=-1) > 12


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("shape", SHAPES)
def test_what_moves_moves_there_and_nowhere_else(shape: Shape, heading: Heading) -> None:
    frames = render(scene(Thing(shape, "red", "large"), events=(Event("move", 0, None, heading),), seed=11))
    path = np.array([centre(of(frame, "red")) for frame in frames])
    along, across = path @ SIGNS[heading], path @ np.array(SIGNS[heading][::-1])
    assert along[-1] - along[0] > 0.18 * SIZE
    assert (np.diff(along) > -0.3).all()
    assert np.ptp(across) < 1.5


@pytest.mark.parametrize("heading", ["left", "right"])
@pytest.mark.parametrize("thing", [Thing("moon", "red", "large"), Thing("circle", "blue", "large", "striped")])
def test_left_turns_anticlockwise(thing: Thing, heading: Heading) -> None:
    made = scene(thing, events=(Event("turn", 0, None, heading),), seed=4)
    frames, motion = render(made), lay_out(made)
    x, y = (motion.poses[0, 0, :2] * SIZE).round().astype(int)
    half = int(reach(thing.shape) * RADIUS["large"] * SIZE) + 1
    first, last = motion.spans[0]
    halfway = int(np.argmin(np.abs(np.abs(motion.poses[:, 0, 3] - motion.poses[0, 0, 3]) - np.radians(50))))
    assert first < halfway < last
    box = np.s_[y - half : y + half + 1, x - half : x + half + 1]
    degrees = np.degrees(abs(motion.poses[halfway, 0, 3] - motion.poses[0, 0, 3]))
    still = Image.fromarray(of(frames[0][box], thing.colour))
    # Pillow rotates anticlockwise
    error = {
        name: np.mean(np.asarray(still.rotate(sign * degrees)) != of(frames[halfway][box], thing.colour))
        for name, sign in (("left", 1), ("right", -1))
    }
    assert min(error, key=lambda name: error[name]) == heading
    assert error[heading] < 0.12
    assert np.linalg.norm(centre(of(frames[-1], thing.colour)) - centre(of(frames[0], thing.colour))) < 0.25 * half


@pytest.mark.parametrize(("action", "factor"), [("grow", GROWN), ("shrink", SHRUNK)])
@pytest.mark.parametrize("shape", SHAPES)
def test_growing_and_shrinking_change_the_area(shape: Shape, action: Action, factor: float) -> None:
    frames = render(scene(Thing(shape, "blue", "large"), events=(Event(action, 0),), seed=3))
    masks = [changed(frame, 3) for frame in (frames[0], frames[-1])]
    before, after = (mask.sum() for mask in masks)
    assert after / before == pytest.approx(factor**2, rel=0.1)
    assert np.linalg.norm(centre(masks[1]) - centre(masks[0])) < 0.25 * RADIUS["large"] * SIZE


@pytest.mark.parametrize("shape", SHAPES)
def test_large_is_much_larger_than_small(shape: Shape) -> None:
    event = Event("move", 0, None, "up")
    area = {size: changed(render(scene(Thing(shape, "red", size), events=(event,)))[0], 0).sum() for size in SIZES}
    assert area["large"] > 3.5 * area["small"]


@pytest.mark.parametrize("target", HIDERS)
def test_what_hides_is_gone_to_the_last_pixel(target: Shape) -> None:
    for number, shape in enumerate(s for s in SHAPES if s != target):
        then = (Event("turn", 1, None, "left"), Event("grow", 1))[number % 5 == 0]
        one, other = (  # white and black differ in their outlines too
            scene(
                Thing(shape, colour, "small"),
                Thing(target, "red", "large", "striped"),
                events=(Event("hide", 0, 1), then),
                seed=number,
            )
            for colour in COLOURS[-2:]
        )
        white, black = render(one), render(other)
        first, last = lay_out(one).spans[0]
        assert of(white[first], "white").sum() > 100
        assert (white[first] != black[first]).any()
        np.testing.assert_array_equal(white[last:], black[last:])


def _pieces(mask: np.ndarray) -> int:
    """How many separate pieces a mask has, counting only those of more than 20 pixels."""
    rest, pieces = mask.copy(), 0
    while rest.any():
        piece = np.zeros_like(rest)
        piece[tuple(np.argwhere(rest)[0])] = True
        size = 0
        while size != piece.sum():
            size = int(piece.sum())
            for axis, step in product((0, 1), (-1, 1)):
                piece |= np.roll(piece, step, axis) & rest  # nothing lies on the rim, so nothing wraps around
        rest &= ~piece
        pieces += size > 20
    return pieces


def _gap(frame: np.ndarray) -> float:
    """Least distance in pixels between what is red and what is blue."""
    red, blue = (np.argwhere(of(frame, colour)) for colour in ("red", "blue"))
    return float(np.sqrt(((red[:, None] - blue[None]) ** 2).sum(axis=-1).min()))


@pytest.mark.parametrize(
    ("one", "other"), [*zip(SHAPES, (*SHAPES[3:], *SHAPES[:3]), strict=True), ("star", "triangle")]
)
def test_what_meets_touches_and_holds(one: Shape, other: Shape) -> None:
    for seed in (1, 2):
        things = (Thing(one, "red", "large"), Thing(other, "blue", "large"))
        made = scene(*things, events=(Event("meet", 0, 1),), seed=seed)
        frames = render(made)
        _, last = lay_out(made).spans[0]
        gaps = [_gap(frames[t]) for t in (*range(0, last, 3), last)]
        assert gaps[0] > 0.15 * SIZE
        assert gaps[-1] < 12  # two outlines lie between, and they are thick at a sharp corner
        assert [_pieces(changed(frames[t], seed)) for t in (0, last)] == [2, 1]
        assert (np.diff(gaps) < 0.5).all()
        for colour in (things[0].colour, things[1].colour):  # they touch, neither covers the other
            assert of(frames[last], colour).sum() > 0.96 * of(frames[0], colour).sum()
            moved = centre(of(frames[last], colour)) - centre(of(frames[0], colour))
            assert np.linalg.norm(moved) > 0.09 * SIZE
        np.testing.assert_array_equal(frames[last], frames[-1])


@pytest.mark.parametrize("heading", HEADINGS)
def test_what_follows_stays_behind_at_its_distance(heading: Heading) -> None:
    for sizes in product(SIZES, SIZES):
        things = (Thing("heart", "red", sizes[0]), Thing("star", "blue", sizes[1]))
        frames = render(scene(*things, events=(Event("follow", 0, 1, heading),), seed=21))
        paths = np.array([[centre(of(f, "red")), centre(of(f, "blue"))] for f in frames]) @ SIGNS[heading]  # (T, 2)
        assert (paths[-1] - paths[0] > 0.12 * SIZE).all()
        ahead = paths[:, 1] - paths[:, 0]
        assert ahead.min() > 0.95 * ahead[0] > 0
        assert ahead.max() < 1.5 * ahead[0]
        assert ahead.max() > ahead[0] + 2  # the one ahead starts first
        assert _gap(frames[-1]) > 3


def test_one_event_after_the_other() -> None:
    made = scene(
        Thing("square", "red", "small"),
        Thing("star", "blue", "large"),
        events=(Event("move", 1, None, "left"), Event("grow", 0)),
        seed=9,
    )
    frames, ((_, end), (start, last)) = render(made), lay_out(made).spans
    red, blue = (np.array([of(f, colour) for f in frames]) for colour in ("red", "blue"))  # (T, H, W)
    assert (red[: start + 1] == red[0]).all()
    assert (blue[end:] == blue[-1]).all()
    assert centre(blue[end])[0] < centre(blue[0])[0] - 0.18 * SIZE
    assert red[last].sum() > 1.8 * red[start].sum()
    assert start - end >= 2
    np.testing.assert_array_equal(frames[end], frames[start])


def test_order_is_all_that_differs_between_exchanged_events() -> None:
    things = (Thing("heart", "green", "large"),)
    events = (Event("move", 0, None, "right"), Event("shrink", 0))
    one, other = (render(scene(*things, events=e, seed=2)) for e in (events, events[::-1]))
    np.testing.assert_array_equal(one[0], other[0])
    middle = len(one) // 2
    assert centre(of(one[middle], "green"))[0] > centre(of(other[middle], "green"))[0] + 20
    assert of(one[middle], "green").sum() > 2 * of(other[middle], "green").sum()


def test_textures_are_seen_and_fixed_to_what_they_cover() -> None:
    for colour, size in product(COLOURS, SIZES):
        still = {
            texture: render(scene(Thing("square", colour, size, texture), events=(Event("move", 0, None, "up"),)))
            for texture in TEXTURES
        }
        plain = of(still["plain"][0], colour).sum()
        shares = {t: of(still[t][0], colour).sum() / plain for t in ("striped", "dotted")}
        assert all(0.3 < share < 0.85 for share in shares.values()), (colour, size, shares)
        assert np.abs(still["striped"][0].astype(int) - still["dotted"][0]).max() > 60
    moved = render(scene(Thing("square", "red", "large", "striped"), events=(Event("move", 0, None, "right"),), seed=5))
    count = [of(frame, "red").sum() for frame in moved]
    assert np.ptp(count) < 0.1 * count[0]


def _lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65) of colours in 0..255, (..., 3)."""
    linear = np.where((v := np.asarray(rgb) / 255) <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    xyz = linear @ np.array([(0.4124, 0.2126, 0.0193), (0.3576, 0.7152, 0.1192), (0.1805, 0.0722, 0.9505)])
    f = np.cbrt(xyz / np.array([0.9505, 1, 1.089]))
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def test_colours_stand_out_from_every_background_and_from_each_other() -> None:
    for name, colour in RGB.items():
        for tone in TONES:
            for shade in (-DEPTH, DEPTH):
                assert np.linalg.norm(_lab(np.array(colour)) - _lab(np.array(tone) + shade)) > 30, (name, tone)
        for other in RGB:
            if other != name:
                assert np.linalg.norm(_lab(np.array(colour)) - _lab(np.array(RGB[other]))) > 35, (name, other)
        assert abs(_lab(np.array(colour))[0] - _lab(np.array(MARKS[name]))[0]) > 25, name


def test_backgrounds_are_muted_and_vary_with_the_seed() -> None:
    stages = np.array([background(seed) for seed in range(60)])
    assert stages.min() > 95
    assert stages.max() < 185
    assert np.ptp(stages, axis=-1).max() < 40  # hardly any colour
    assert len({stage.tobytes() for stage in stages}) > 30
    assert sum(np.ptp(stage, axis=(0, 1)).max() < 1 for stage in stages) < 30  # most have a pattern


def test_the_same_scene_gives_the_same_frames_and_seeds_differ() -> None:
    rng = Random(0)
    for made in (draw_scene(rng) for _ in range(5)):
        frames = render(made)
        np.testing.assert_array_equal(frames, render(made))
        assert frames.dtype == np.uint8
        assert frames.shape[1:] == (SIZE, SIZE, 3)
        assert 2 * FPS - 1 <= len(frames) <= 4 * FPS + 1
        other = render(Scene(made.things, made.events, made.sound, made.seed + 1))
        assert len(other) != len(frames) or (other != frames).any()


def test_a_thing_is_where_its_distance_says() -> None:
    axis = np.linspace(-1.5, 1.5, 61)
    u, v = np.meshgrid(axis, axis)
    for shape in SHAPES:
        found = distance(shape, u, v)
        points = outline(shape)
        assert np.abs(distance(shape, *points.T)).max() < 1e-6
        assert (np.hypot(u, v)[found <= 0] <= reach(shape) + 1e-9).all()
        # away from the corners where a cut meets a disc, the distance is that to the nearest point of the outline
        if shape not in ("moon", "ring"):
            near = np.sqrt(((np.stack([u, v], axis=-1)[:, :, None] - points) ** 2).sum(axis=-1)).min(axis=-1)
            assert np.abs(np.abs(found) - near).max() < 0.06
        assert 1.5 < (found < 0).mean() * 9 < 3.3  # the shapes look about equally large


def _worst_scenes() -> list[Scene]:
    """Everything that two of the bulkiest shapes can do, in every combination of sizes."""
    alone = [
        Event(action, i, None, heading)
        for i in (0, 1)
        for action, headings in (("move", HEADINGS), ("turn", ("left",)), ("grow", (None,)), ("shrink", (None,)))
        for heading in headings  # type: ignore[attr-defined]
    ]
    pairs = [Event("meet", 0, 1), Event("hide", 0, 1), *(Event("follow", 0, 1, h) for h in HEADINGS)]
    orders = [(a,) for a in pairs] + [(a, b) for a in pairs + alone for b in alone]
    scenes = [
        Scene((Thing(one, "red", s), Thing(other, "blue", t)), events, "silence", number)
        for one, other in permutations(("heart", "star"), 2)
        for s, t in product(SIZES, SIZES)
        for number, events in enumerate(orders)
    ]
    return [made for made in scenes if possible(made)]  # type: ignore[arg-type]


def test_every_possible_scene_has_room() -> None:
    rng = Random(1)
    for made in [*_worst_scenes(), *(draw_scene(rng) for _ in range(200))]:
        motion = lay_out(made)
        room = np.array([reach(thing.shape) for thing in made.things]) * motion.poses[:, :, 2]  # (T, K)
        for k in (0, 1):
            assert (motion.poses[:, :, k] - room > 0).all()
            assert (motion.poses[:, :, k] + room < 1).all()
        assert sorted(motion.order) == list(range(len(made.things)))
        if len(made.things) == 2 and made.events[0].action not in ("meet", "hide"):
            apart = np.hypot(*(motion.poses[:, 0, :2] - motion.poses[:, 1, :2]).T)
            assert (apart > room.sum(axis=1)).all()
