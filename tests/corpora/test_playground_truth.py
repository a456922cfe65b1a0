"""playground/truth.py: what can happen, and of which scenes a claim holds, against an obvious slow reading of both."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest

from babelreel.corpora.playground.sample import DETAILS, draw_plan, draw_scene
from babelreel.corpora.playground.scene import STYLES, Event, Plan, Scene, Thing
from babelreel.corpora.playground.truth import Claim, Mention, Statement, differences, possible, statements, told

CIRCLE = Thing("circle", "red", "small")
STRIPED = Thing("circle", "red", "small", "striped")
SQUARE = Thing("square", "blue", "large")
CROSS = Thing("cross", "green", "large")
LEFT, RIGHT, UP = Event("move", 0, None, "left"), Event("move", 0, None, "right"), Event("move", 0, None, "up")
GROW, SHRINK = Event("grow", 0), Event("shrink", 0)
MEET, HIDE, FOLLOW = Event("meet", 0, 1), Event("hide", 0, 1), Event("follow", 0, 1, "left")


def scene(things: list[Thing], *events: Event, sound: str = "noise") -> Scene:
    return Scene(tuple(things), events, sound, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "good",
    [
        scene([CIRCLE], LEFT),
        scene([CIRCLE], LEFT, RIGHT),
        scene([STRIPED], Event("turn", 0, None, "left")),
        scene([SQUARE], Event("turn", 0, None, "left")),
        scene([CIRCLE, SQUARE], HIDE),
        scene([CIRCLE, SQUARE], HIDE, Event("grow", 1)),
        scene([CIRCLE, SQUARE], MEET, UP),
        scene([CIRCLE, SQUARE], FOLLOW, Event("move", 1, None, "up")),
        scene([CIRCLE, SQUARE], Event("shrink", 1), GROW),
    ],
)
def test_what_can_happen(good: Scene) -> None:
    assert possible(good)


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(scene([CIRCLE, Thing("circle", "blue", "large")], MEET), id="one shape twice"),
        pytest.param(scene([CIRCLE, SQUARE], LEFT), id="a thing without a part"),
        pytest.param(scene([CIRCLE], LEFT, LEFT), id="the same twice"),
        pytest.param(scene([CIRCLE], Event("turn", 0, None, "left")), id="a plain circle turns"),
        pytest.param(scene([Thing("ring", "red", "large")], Event("turn", 0, None, "left")), id="a plain ring turns"),
        pytest.param(scene([SQUARE], Event("turn", 0, None, "up")), id="turning upwards"),
        pytest.param(scene([SQUARE], Event("move", 0)), id="moving nowhere"),
        pytest.param(scene([SQUARE], Event("grow", 0, None, "left")), id="growing leftwards"),
        pytest.param(scene([CIRCLE, SQUARE], Event("hide", 1, 0)), id="large behind small"),
        pytest.param(scene([CIRCLE, CROSS], HIDE), id="behind something with gaps"),
        pytest.param(scene([CIRCLE, SQUARE], HIDE, GROW), id="the hidden thing acts"),
        pytest.param(scene([CIRCLE, SQUARE], HIDE, Event("move", 1, None, "left")), id="the hiding place moves off"),
        pytest.param(scene([CIRCLE, SQUARE], HIDE, Event("shrink", 1)), id="the hiding place shrinks"),
        pytest.param(scene([CIRCLE, SQUARE], LEFT, Event("meet", 0, 1)), id="a pair comes second"),
        pytest.param(scene([CIRCLE, SQUARE], MEET, GROW), id="growing into the other"),
        pytest.param(scene([CROSS, SQUARE], MEET, LEFT), id="no room to part"),
        pytest.param(scene([CIRCLE, SQUARE], FOLLOW, RIGHT), id="turning round in a pursuit"),
        pytest.param(scene([CIRCLE, SQUARE], FOLLOW, Event("grow", 1)), id="no room to grow"),
        pytest.param(scene([CROSS, SQUARE], GROW, Event("grow", 1)), id="no room for two to grow"),
        pytest.param(scene([STRIPED], SHRINK, Event("turn", 0, None, "left")), id="too small to see it turn"),
        pytest.param(scene([CIRCLE], MEET), id="meeting what is not there"),
        pytest.param(scene([CIRCLE], Event("meet", 0)), id="meeting nothing"),
    ],
)
def test_what_cannot_happen(bad: Scene) -> None:
    assert not possible(bad)


def covers(mention: Mention, thing: Thing) -> bool:
    shape, *rest = mention
    facts = (thing.colour, thing.size, thing.texture)
    return shape == thing.shape and all(said is None or said == fact for said, fact in zip(rest, facts, strict=True))


def claim_holds(claim: Claim, event: Event, things: tuple[Thing, ...]) -> bool:
    action, heading, actor, target = claim
    one, other = things[event.actor], None if event.target is None else things[event.target]
    if action == "move" and event.action in ("hide", "meet", "follow"):
        movers = [one] if event.action == "hide" else [one, other]
        agrees = event.action != "follow" or heading == event.heading
        return agrees and target is None and any(covers(actor, thing) for thing in movers if thing is not None)
    if action != event.action or heading != event.heading:
        return False
    if other is None or target is None:
        return target is None and other is None and covers(actor, one)
    either = covers(actor, one) and covers(target, other)
    return either or (action == "meet" and covers(actor, other) and covers(target, one))


def holds(statement: Statement, of: Scene) -> bool:
    """The slow reading: some of the events, in their order, are what the claims say, and the sound is the one told."""
    claims, sound = statement
    if sound is not None and sound != of.sound:
        return False
    return any(
        all(claim_holds(claim, event, of.things) for claim, event in zip(claims, chosen, strict=True))
        for chosen in combinations(of.events, len(claims))
    )


def test_statements_are_what_holds() -> None:
    rng = Random(0)
    scenes = [draw_scene(rng) for _ in range(40)]
    # few shapes and colours, so that scenes have much in common
    near = [
        Scene(tuple(Thing(t.shape, "red", t.size, t.texture) for t in s.things), s.events, "noise", 0) for s in scenes
    ]
    scenes += [s for s in near if possible(s)]
    true = [statements(s) for s in scenes]
    agreeing = 0
    for claimed in {statement for found in true for statement in rng.choices(sorted(found, key=repr), k=12)}:
        for known, s in zip(true, scenes, strict=True):
            assert (claimed in known) == holds(claimed, s), (claimed, s)
            agreeing += claimed in known
    assert agreeing > len(scenes) * 15  # many claims of one scene hold for others, so both answers are tested


def test_what_is_told_is_true() -> None:
    rng = Random(1)
    for _ in range(200):
        drawn = draw_scene(rng)
        claimed = told(drawn, draw_plan(drawn, rng.randrange(STYLES), rng))
        assert claimed in statements(drawn)
        assert holds(claimed, drawn)


def test_a_plain_texture_is_not_told_and_a_meeting_has_no_first() -> None:
    full = Plan(frozenset(DETAILS), 2, True, 0)
    bare = Plan(frozenset({"colour", "size"}), 2, True, 0)
    plain, striped = scene([CIRCLE], LEFT), scene([STRIPED], LEFT)
    assert told(plain, full) == told(plain, bare) == told(striped, bare) != told(striped, full)
    assert told(plain, full) in statements(striped)
    assert told(striped, full) not in statements(plain)
    one, other = scene([CIRCLE, SQUARE], MEET), scene([SQUARE, CIRCLE], MEET)
    assert told(one, full) == told(other, full)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (scene([CIRCLE, SQUARE], LEFT, Event("grow", 1)), []),
        (scene([Thing("circle", "green", "small"), SQUARE], LEFT, Event("grow", 1)), ["colour"]),
        (scene([STRIPED, SQUARE], LEFT, Event("grow", 1)), ["texture"]),
        (scene([Thing("ring", "red", "large"), SQUARE], LEFT, Event("grow", 1)), ["shape", "size"]),
        (scene([CIRCLE, SQUARE], RIGHT, Event("grow", 1)), ["heading"]),
        (scene([CIRCLE, SQUARE], LEFT, Event("shrink", 1)), ["action"]),
        (scene([CIRCLE, SQUARE], Event("grow", 1), LEFT), ["order"]),
        (scene([CIRCLE, SQUARE], Event("grow", 1), RIGHT), ["structure", "action", "structure", "action"]),
        (scene([CIRCLE, SQUARE], LEFT, Event("grow", 1), sound="ticking"), ["sound"]),
        (scene([CIRCLE, SQUARE], MEET), ["structure"]),
    ],
)
def test_differences(other: Scene, expected: list[str]) -> None:
    base = scene([CIRCLE, SQUARE], LEFT, Event("grow", 1))
    assert differences(base, other) == expected
    assert sorted(differences(other, base)) == sorted(expected)
