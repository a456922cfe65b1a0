"""What happens in a playground clip, and what one caption says of it: meaning, before pixels and words.

A `Scene` is the truth: `render.py` draws it, `sound.py` plays it, `grammar/` puts it into words. A `Plan` says which
part of the truth one caption tells and in which style; the same plan realised in every language gives parallel text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Shape = Literal["circle", "square", "triangle", "star", "heart", "cross", "ring", "moon"]
Colour = Literal["red", "orange", "yellow", "green", "blue", "purple", "white", "black"]
Size = Literal["small", "large"]
Texture = Literal["plain", "striped", "dotted"]
Heading = Literal["left", "right", "up", "down"]
Action = Literal["move", "turn", "grow", "shrink", "meet", "hide", "follow"]
Sound = Literal["silence", "high_tone", "low_tone", "rising_sweep", "falling_sweep", "noise", "ticking"]
Attribute = Literal["colour", "size", "texture"]

SHAPES: tuple[Shape, ...] = ("circle", "square", "triangle", "star", "heart", "cross", "ring", "moon")
COLOURS: tuple[Colour, ...] = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")
SIZES: tuple[Size, ...] = ("small", "large")
TEXTURES: tuple[Texture, ...] = ("plain", "striped", "dotted")
HEADINGS: tuple[Heading, ...] = ("left", "right", "up", "down")
SOUNDS: tuple[Sound, ...] = (
    "silence", "high_tone", "low_tone", "rising_sweep", "falling_sweep", "noise", "ticking",
)  # fmt: skip
LANGS = ("en", "de", "fr", "cs", "es", "pt", "ru", "zh", "ja", "vi", "sw", "ar")
STYLES = 3


@dataclass(frozen=True, slots=True)
class Thing:
    """One shape on the stage. A plain texture is never worth a word."""

    shape: Shape
    colour: Colour
    size: Size
    texture: Texture = "plain"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing does something. `actor` and `target` are positions in `Scene.things`.

    move:    towards `heading`
    turn:    about its own centre; `heading` "left" is anticlockwise, "right" clockwise
    grow, shrink
    meet:    actor and target come towards each other and touch
    hide:    actor goes behind target and is no longer seen
    follow:  target moves towards `heading` and actor goes after it
    """

    action: Action
    actor: int
    target: int | None = None
    heading: Heading | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """One or two things, one or two events one after the other, a sound. `seed` decides what no caption tells:
    background, exact places, speeds, pitch, duration."""

    things: tuple[Thing, ...]
    events: tuple[Event, ...]
    sound: Sound
    seed: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What one caption says of a scene; language plays no part in it.

    attributes: which of colour, size and texture are told of each thing at its first mention (a plain texture is
    passed over; when a thing is mentioned again it is a pronoun or the bare shape word, as the language likes).
    events: how many of the scene's events are told, from the first on.
    sound: whether the sound is told (silence is told as "without a sound").
    style: 0 a plain statement of what happens ("A red circle moves to the left, then it grows."),
    1 a frame about the clip ("The clip shows how a red circle first moves to the left and then grows."),
    2 a tag-like phrase without a full stop, as people type into a search box
      ("red circle moving left and then growing").
    """

    attributes: frozenset[Attribute]
    events: int
    sound: bool
    style: int
