"""What the grammar tests share: scenes written in short, and every paraphrase of one caption."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from babelreel.corpora.playground.scene import (
    COLOURS,
    SHAPES,
    SIZES,
    TEXTURES,
    Attribute,
    Event,
    Heading,
    Plan,
    Scene,
    Sound,
    Thing,
)


def paraphrases(
    realise: Callable[[Scene, Plan], str], text: str, style: int = 0, sound: Sound | None = None, seeds: int = 1200
) -> set[str]:
    """All that `realise` makes of scenes that differ in their seed alone.

    "small star & large ring | 0 follow 1 left | 1 grow" stands for two things, of which the size is told, and two
    events. What is told of one thing is told of both, except for a plain texture.
    """
    things, *events = text.split(" | ")
    parsed = [_thing(words.split()) for words in things.split(" & ")]
    told = frozenset(name for _, names in parsed for name in names)
    assert all(told - {"texture"} <= names for _, names in parsed), "name colour and size of both things or of none"
    plan = Plan(told, len(events), sound is not None, style)
    scenes = (
        Scene(tuple(t for t, _ in parsed), tuple(_event(e.split()) for e in events), sound or "silence", seed)
        for seed in range(seeds)
    )
    return {realise(scene, plan) for scene in scenes}


def _thing(words: list[str]) -> tuple[Thing, frozenset[Attribute]]:
    found = {
        name: [word for word in words if word in values]
        for name, values in (("shape", SHAPES), ("colour", COLOURS), ("size", SIZES), ("texture", TEXTURES))
    }
    assert sum(map(len, found.values())) == len(words), f"not all understood: {words}"
    chosen = [(found[n] or [default])[0] for n, default in (("colour", "red"), ("size", "large"), ("texture", "plain"))]
    told = frozenset(name for name in get_args(Attribute) if found[name])
    return Thing(found["shape"][0], *chosen), told  # type: ignore[arg-type]


def _event(words: list[str]) -> Event:
    heading = words[-1] if words[-1] in get_args(Heading) else None
    target = int(words[2]) if len(words) > 2 and words[2].isdigit() else None
    return Event(words[1], int(words[0]), target, heading)  # type: ignore[arg-type]
