"""What is true of a scene: which scenes can happen, what a caption claims, and of which scenes a claim holds.

A `Statement` is a caption's claim without its words. `told` gives what one plan claims, `statements` everything that
any plan of any scene could claim and that holds for this one. So a caption picks out its clip among others exactly
when its statement is in the `statements` of no other, and whether a query can be answered is a set lookup.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from babelreel.corpora.playground.scene import HEADINGS, Attribute, Event, Heading, Plan, Scene, Shape, Thing

ATTRIBUTES: tuple[str, ...] = ("colour", "shape", "size", "texture", "heading", "order", "action", "sound")
PAIR_ACTIONS = ("meet", "hide", "follow")
SPOKEN: tuple[frozenset[Attribute], ...] = (
    frozenset(), frozenset({"colour"}), frozenset({"size"}), frozenset({"colour", "size"}),
)  # fmt: skip
HIDERS: tuple[Shape, ...] = ("circle", "square", "triangle", "star", "heart")

# (shape, colour, size, texture) of a thing; None where the claim is silent.
Mention = tuple[str, str | None, str | None, str | None]
# (action, heading, actor, target)
Claim = tuple[str, str | None, Mention, Mention | None]
# the claims in the order of time, and the sound, None where the statement is silent about it
Statement = tuple[tuple[Claim, ...], str | None]


def possible(scene: Scene) -> bool:
    """Whether the scene can be drawn so that a viewer sees all of it, and told so that a reader cannot mistake it.

    Things differ in shape and each takes part in an event; meet, hide and follow come first; a plain circle or ring
    does not turn, for nobody could see it; only what is small hides, behind something large without holes or gaps.
    """
    shapes = [thing.shape for thing in scene.things]
    involved = {i for event in scene.events for i in (event.actor, event.target) if i is not None}
    if len(set(shapes)) != len(shapes) or involved != set(range(len(shapes))):
        return False
    if len(set(scene.events)) != len(scene.events):
        return False
    first, *rest = scene.events
    return _fits(scene, first) and all(e.target is None and _fits(scene, e) and _after(scene, first, e) for e in rest)


def _fits(scene: Scene, event: Event) -> bool:
    """Whether the event is well formed and its things can do it."""
    actor = scene.things[event.actor]
    headings: tuple[Heading | None, ...] = (None,)
    if event.action in ("move", "follow"):
        headings = HEADINGS
    elif event.action == "turn":
        headings = ("left", "right")
    if event.heading not in headings or (event.target is not None) != (event.action in PAIR_ACTIONS):
        return False
    if event.action == "turn":
        return actor.texture != "plain" or actor.shape not in ("circle", "ring")
    if event.action == "hide" and event.target is not None:
        target = scene.things[event.target]
        return actor.size == "small" and target.size == "large" and target.shape in HIDERS
    return True


def _after(scene: Scene, first: Event, second: Event) -> bool:
    """Whether `second`, of one thing alone, can follow upon `first` without undoing it or running into the other."""
    if first.action == "meet":  # there is no room for two large things to part again
        return second.action == "move" and any(thing.size == "small" for thing in scene.things)
    if first.action == "hide":
        return second.actor == first.target and second.action in ("turn", "grow")
    if first.action == "follow":
        if second.action == "move":
            return (first.heading in ("left", "right")) != (second.heading in ("left", "right"))
        return second.action != "grow" or scene.things[second.actor].size == "small"
    sizes = {scene.things[first.actor].size, scene.things[second.actor].size}
    if first.actor == second.actor and (first.action, second.action) == ("shrink", "turn"):
        return "small" not in sizes  # too small to see it turn
    return not (first.action == second.action == "grow" and sizes == {"large"})  # no room for both


def told(scene: Scene, plan: Plan) -> Statement:
    """What a caption of `scene` claims under `plan`, whatever the language and the style."""
    claims = tuple(_claim(scene, event, plan.attributes, None) for event in scene.events[: plan.events])
    return claims, scene.sound if plan.sound else None


def statements(scene: Scene) -> set[Statement]:
    """Everything that a plan of any scene could claim and that holds for this scene.

    A claim may pass over attributes, over the first or the last event, over the sound. A plain texture is never told,
    so a claim without a texture holds for a striped thing too. Who meets, hides or follows also moves.
    """
    textured = [i for i, thing in enumerate(scene.things) if thing.texture != "plain"]
    readings = [(None, *_implied(event)) for event in scene.events]  # None passes over the event
    found: set[Statement] = set()
    for attributes, shown in product(SPOKEN, product((False, True), repeat=len(textured))):
        textures = {i for i, here in zip(textured, shown, strict=True) if here}
        for chosen in product(*readings):
            claims = tuple(_claim(scene, event, attributes, textures) for event in chosen if event is not None)
            if claims:
                found |= {(claims, None), (claims, scene.sound)}
    return found


def differences(a: Scene, b: Scene) -> list[str]:
    """In what two scenes differ, a name of `ATTRIBUTES` for each difference; "structure" where they do not compare.

    Two scenes differ in one attribute alone when the list has one entry. Two events exchanged are one difference.
    """
    if len(a.things) != len(b.things) or len(a.events) != len(b.events):
        return ["structure"]
    found = [
        name
        for one, other in zip(a.things, b.things, strict=True)
        for name in ("colour", "shape", "size", "texture")
        if getattr(one, name) != getattr(other, name)
    ]
    if a.events != b.events:
        if a.events == b.events[::-1]:
            found.append("order")
        else:
            for one, other in zip(a.events, b.events, strict=True):
                found.extend(_event_differences(one, other))
    return found + (["sound"] if a.sound != b.sound else [])


def _event_differences(one: Event, other: Event) -> Iterator[str]:
    if (one.actor, one.target) != (other.actor, other.target):
        yield "structure"
    if one.action != other.action:
        yield "action"
    if one.heading != other.heading and (one.action == other.action or None not in (one.heading, other.heading)):
        yield "heading"  # a heading that comes or goes with its action is no difference of its own


def _implied(event: Event) -> list[Event]:
    """The event, and the plain movements it contains; where the way of meeting or hiding leads is the seed's secret."""
    if event.action not in PAIR_ACTIONS:
        return [event]
    movers = [event.actor] if event.action == "hide" else [i for i in (event.actor, event.target) if i is not None]
    headings = HEADINGS if event.heading is None else (event.heading,)
    return [event, *(Event("move", i, None, heading) for i in movers for heading in headings)]


def _claim(scene: Scene, event: Event, attributes: frozenset[Attribute], textures: set[int] | None) -> Claim:
    """One event as claimed; `textures` names the things whose texture is told, None leaves that to `attributes`."""

    def mention(i: int) -> Mention:
        thing: Thing = scene.things[i]
        worth = thing.texture != "plain" and ("texture" in attributes if textures is None else i in textures)
        colour = thing.colour if "colour" in attributes else None
        size = thing.size if "size" in attributes else None
        return thing.shape, colour, size, thing.texture if worth else None

    actor = mention(event.actor)
    target = None if event.target is None else mention(event.target)
    if event.action == "meet" and target is not None and target[0] < actor[0]:
        actor, target = target, actor  # who meets whom is one truth
    return event.action, event.heading, actor, target
