"""Draw scenes in groups of near twins, and plans that tell each scene from all others of its split.

A group is a base scene with one to three variants, each of which differs from the base in one attribute alone and
shares its seed: same background, same places, same speed wherever that can be. So a split asks, attribute by attribute,
whether a model sees it: `Clip.differs_in` names the attributes in which, alone, some other clip of the group differs.

The first scenes of a larger draw are those of a smaller one with the same seed, but for the last group. Captions may
differ, since they tell as much as it takes to be unique in the split.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random
from typing import Literal

from babelreel.corpora.playground.scene import (
    COLOURS,
    HEADINGS,
    SHAPES,
    SIZES,
    SOUNDS,
    STYLES,
    Action,
    Attribute,
    Event,
    Plan,
    Scene,
    Texture,
    Thing,
)
from babelreel.corpora.playground.truth import (
    ATTRIBUTES,
    PAIR_ACTIONS,
    Statement,
    differences,
    possible,
    statements,
    told,
)

Addition = Attribute | Literal["events", "sound"]

SHARES = {"train": 0.7, "val": 0.1, "test": 0.2}
DETAILS: tuple[Attribute, ...] = ("colour", "size", "texture")
ALONE: tuple[Action, ...] = ("move", "turn", "grow", "shrink")
PAIR: tuple[Action, ...] = ("meet", "hide", "follow")
FULL = Plan(frozenset(DETAILS), events=2, sound=True, style=0)
# kinds of scenes and how often they are drawn: half of them show one thing alone
STRUCTURES = {"one event": 25, "two events": 30, "a pair": 18, "one after the other": 15, "a pair, then one": 12}


@dataclass(frozen=True, slots=True)
class Clip:
    """A scene with its place in the corpus, and one plan a style; each plan's statement holds for no other clip of
    the split."""

    id: str
    split: str
    group: str
    scene: Scene
    differs_in: tuple[str, ...]
    plans: tuple[Plan, ...]


def sample(n: int, seed: int) -> list[Clip]:
    """Draw `n` clips, about 70 % train, 10 % val, 20 % test, groups undivided; the same call gives the same clips."""
    rng = Random(f"{seed}:groups")
    groups = list(_group_sizes(n, rng))
    splits = _share_out(groups)
    first = list(accumulate(groups, initial=0))
    clips: list[Clip] = []
    for split in SHARES:
        drawn = _Split(seed)
        members: list[tuple[int, int, list[Scene]]] = [
            (g, first[g], drawn.group(g, groups[g])) for g in range(len(groups)) if splits[g] == split
        ]
        for g, start, scenes in members:
            for position, scene in enumerate(scenes, start):
                name = f"c{position:05d}"
                plans = drawn.plans(scene, Random(f"{seed}:plans:{position}"))
                clips.append(Clip(name, split, f"g{g:04d}", scene, _alone(scene, scenes), plans))
    return sorted(clips, key=lambda clip: clip.id)


def draw_scene(rng: Random) -> Scene:
    """Draw one possible scene."""
    while True:
        (structure,) = rng.choices(list(STRUCTURES), weights=list(STRUCTURES.values()))
        pair = structure.startswith("a pair")
        things = tuple(_thing(rng) for _ in range(2 if pair or structure == "one after the other" else 1))
        if pair:
            one, other = rng.sample((0, 1), 2)
            events = [_event(rng, rng.choice(PAIR), one, other)]
        else:
            events = [_event(rng, rng.choice(ALONE), 0)]
        if structure == "two events":
            events.append(_event(rng, rng.choice(ALONE), 0))
        elif structure == "one after the other":
            events.append(_event(rng, rng.choice(ALONE), 1))
        elif structure == "a pair, then one":
            events.append(_event(rng, rng.choice(ALONE), rng.choice((0, 1))))
        scene = Scene(things, tuple(events), rng.choice(SOUNDS), rng.getrandbits(32))
        if possible(scene):
            return scene


def draw_plan(scene: Scene, style: int, rng: Random) -> Plan:
    """Draw what one caption tells: some attributes, one event or all, perhaps the sound."""
    attributes = frozenset(name for name in DETAILS if rng.random() < 0.6)
    events = rng.randint(1, len(scene.events)) if rng.random() < 0.4 else len(scene.events)
    return Plan(attributes, events, rng.random() < 0.3, style)


def variants(scene: Scene, attribute: str) -> list[Scene]:
    """All possible scenes that differ from `scene` in one attribute of one thing or event, and in nothing else.

    A plain texture is never exchanged for another: no caption could tell the plain twin from the striped one.
    """
    found: list[Scene] = []
    if attribute == "sound":
        found = [replace(scene, sound=sound) for sound in SOUNDS]
    elif attribute == "order":
        found = [replace(scene, events=scene.events[::-1])]
    elif attribute in ("heading", "action"):
        for k, event in enumerate(scene.events):
            for other in _other_events(event, attribute):
                found.append(replace(scene, events=(*scene.events[:k], other, *scene.events[k + 1 :])))
    else:
        textures: tuple[Texture, ...] = ("striped", "dotted")
        values: dict[str, tuple[str, ...]] = {"colour": COLOURS, "shape": SHAPES, "size": SIZES, "texture": textures}
        for i, thing in enumerate(scene.things):
            if attribute == "texture" and thing.texture == "plain":
                continue
            for value in values[attribute]:
                other_thing = replace(thing, **{attribute: value})  # type: ignore[arg-type]
                found.append(replace(scene, things=(*scene.things[:i], other_thing, *scene.things[i + 1 :])))
    return [other for other in found if differences(scene, other) == [attribute] and possible(other)]


def _other_events(event: Event, attribute: str) -> list[Event]:
    if attribute == "heading":
        return [replace(event, heading=heading) for heading in HEADINGS]
    actions = PAIR if event.action in PAIR_ACTIONS else ALONE
    headings = (event.heading,) if event.heading is not None else HEADINGS
    return [Event(action, event.actor, event.target, h) for action in actions for h in (None, *headings)]


def _thing(rng: Random) -> Thing:
    textures: tuple[Texture, ...] = ("plain", "plain", "striped", "dotted")
    return Thing(rng.choice(SHAPES), rng.choice(COLOURS), rng.choice(SIZES), rng.choice(textures))


def _event(rng: Random, action: Action, actor: int, target: int | None = None) -> Event:
    if action in ("move", "follow"):
        return Event(action, actor, target, rng.choice(HEADINGS))
    return Event(action, actor, target, rng.choice(HEADINGS[:2]) if action == "turn" else None)


def _group_sizes(n: int, rng: Random) -> Iterator[int]:
    """Sizes from two to four that add up to `n`; a single clip is left over only where n is 1."""
    while n > 0:
        size = min(n, rng.choice((2, 3, 3, 4)))
        if n - size == 1:
            size += 1 if size < 4 else -1
        yield size
        n -= size


def _share_out(sizes: list[int]) -> list[str]:
    """A split for each group: always the one that lacks most of its share."""
    have: Counter[str] = Counter()
    chosen = []
    for size in sizes:
        total = sum(have.values()) + size
        split = max(SHARES, key=lambda name: SHARES[name] * total - have[name])
        have[split] += size
        chosen.append(split)
    return chosen


def _alone(scene: Scene, group: list[Scene]) -> tuple[str, ...]:
    """The attributes in which some other scene of the group differs from this one alone, in the order of ATTRIBUTES."""
    found = {differs[0] for other in group if len(differs := differences(scene, other)) == 1}
    return tuple(name for name in ATTRIBUTES if name in found)


class _Split:
    """The scenes of one split so far: what is true of them, so that none says the same as another when fully told."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.true: Counter[Statement] = Counter()  # of how many scenes a statement holds
        self.full: set[Statement] = set()
        self.used: Counter[str] = Counter()  # how often an attribute made a variant

    def group(self, number: int, size: int) -> list[Scene]:
        """Draw a base scene and its variants; where the split has no room for as many variants, another base."""
        rng = Random(f"{self.seed}:group:{number}")
        while True:
            scenes = [draw_scene(rng)]
            if self._add(scenes[0]):
                while len(scenes) < size and (variant := self._variant(scenes[0], rng)) is not None:
                    scenes.append(variant)
                if len(scenes) == size:
                    return scenes
                for scene in scenes:
                    self._remove(scene)

    def _variant(self, base: Scene, rng: Random) -> Scene | None:
        """A scene that differs from `base` in one attribute, preferably in the one that was used least so far."""
        for attribute in sorted(rng.sample(ATTRIBUTES, len(ATTRIBUTES)), key=lambda name: self.used[name]):
            candidates = variants(base, attribute)
            for candidate in rng.sample(candidates, len(candidates)):
                if self._add(candidate):
                    self.used[attribute] += 1
                    return candidate
        return None

    def _add(self, scene: Scene) -> bool:
        """Take the scene in, unless its full telling holds for another scene of the split, or another's for it."""
        full, true = told(scene, FULL), statements(scene)
        if self.true[full] or not self.full.isdisjoint(true):
            return False
        self.full.add(full)
        self.true.update(true)
        return True

    def _remove(self, scene: Scene) -> None:
        self.full.remove(told(scene, FULL))
        self.true.subtract(statements(scene))

    def plans(self, scene: Scene, rng: Random) -> tuple[Plan, ...]:
        """One plan a style: drawn short or long, then lengthened at random until it holds for this scene alone."""
        found = []
        for style in range(STYLES):
            plan = draw_plan(scene, style, rng)
            more: list[Addition] = ["events", "sound", *DETAILS]
            rng.shuffle(more)
            while self.true[told(scene, plan)] > 1:
                plan = _longer(plan, scene, more.pop())
            found.append(plan)
        return tuple(found)


def _longer(plan: Plan, scene: Scene, what: Addition) -> Plan:
    if what == "events":
        return replace(plan, events=len(scene.events))
    if what == "sound":
        return replace(plan, sound=True)
    return replace(plan, attributes=plan.attributes | {what})
