"""What one caption tells, in the order of telling, before any language has a say.

    telling = content(scene, plan, "en")
    telling.clauses[0].actor      # Mention(shape="circle", colour="red", size=None, texture=None, first=True)
    telling.pick("size", "large", "big")

Things of a scene differ in shape, so at a second mention the bare shape word is enough; `Clause.repeated` says when
even a pronoun is.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, TypeVar

from babelreel.corpora.playground.scene import Action, Colour, Heading, Plan, Scene, Shape, Size, Sound

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mention:
    """A thing in one place of a caption. Colour, size and texture are None where the caption passes over them: always
    after the first mention, and always for a plain texture."""

    shape: Shape
    colour: Colour | None = None
    size: Size | None = None
    texture: Literal["striped", "dotted"] | None = None
    first: bool = True


@dataclass(frozen=True, slots=True)
class Clause:
    """One event as told. `repeated`: the actor is the only thing named so far, so that a pronoun, or no subject at all,
    cannot be mistaken."""

    action: Action
    actor: Mention
    target: Mention | None = None
    heading: Heading | None = None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """One or two clauses in the order of time, the sound (None where it is not told), and the style of `Plan`."""

    clauses: tuple[Clause, ...]
    sound: Sound | None
    style: int
    key: str

    def pick(self, slot: str, *options: T) -> T:
        """Choose among ways to say the same; the scene's seed, the style, the language and `slot` decide."""
        digest = blake2b(f"{self.key}:{slot}".encode(), digest_size=8).digest()
        return options[int.from_bytes(digest, "big") % len(options)]


def content(scene: Scene, plan: Plan, lang: str) -> Content:
    """What a caption of `scene` in the language `lang` tells under `plan`."""
    named: list[int] = []
    clauses = []
    for event in scene.events[: plan.events]:
        repeated = named == [event.actor] and event.target is None
        actor = _mention(scene, plan, event.actor, named)
        target = None if event.target is None else _mention(scene, plan, event.target, named)
        clauses.append(Clause(event.action, actor, target, event.heading, repeated))
    sound = scene.sound if plan.sound else None
    return Content(tuple(clauses), sound, plan.style, f"{lang}:{scene.seed}:{plan.style}")


def sentence(text: str) -> str:
    """The text with a capital letter at its beginning and a full stop at its end."""
    return f"{text[0].upper()}{text[1:]}."


def _mention(scene: Scene, plan: Plan, i: int, named: list[int]) -> Mention:
    """Name thing `i`, and note in `named` that it has been."""
    thing = scene.things[i]
    if i in named:
        return Mention(thing.shape, first=False)
    named.append(i)
    return Mention(
        thing.shape,
        thing.colour if "colour" in plan.attributes else None,
        thing.size if "size" in plan.attributes else None,
        thing.texture if "texture" in plan.attributes and thing.texture != "plain" else None,
    )
