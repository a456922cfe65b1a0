"""Swahili: "Duara dogo jekundu linasogea kuelekea kushoto, kisha linakua."

Adjective, verb, relative, object prefix and connective agree with the class of the noun; the nouns here are of the
classes 3 (mraba), 5 (duara) and 9 (nyota).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from babelreel.corpora.playground.grammar.content import Clause, Content, Mention, content, sentence
from babelreel.corpora.playground.scene import Colour, Heading, Plan, Scene, Shape, Size, Sound

NounClass = Literal[3, 5, 9]
# The present ("linasogea"), the participle ("likisogea"), the relative ("linalosogea").
Form = Literal["present", "participle", "relative"]

NOUNS: dict[Shape, tuple[str, NounClass]] = {
    "circle": ("duara", 5),
    "square": ("mraba", 3),
    "triangle": ("pembetatu", 9),
    "star": ("nyota", 9),
    "heart": ("moyo", 3),
    "cross": ("msalaba", 3),
    "ring": ("pete", 9),
    "moon": ("mwezi", 3),
}


class Concord(NamedTuple):
    """What agrees with one class: the prefixes of subject and object, the relative, "-enye" (with), "-a" (of)."""

    subject: str
    relative: str
    having: str
    of: str
    adjectives: dict[str, str]


CONCORDS: dict[NounClass, Concord] = {
    3: Concord(
        "u", "o", "wenye", "wa",
        {"red": "mwekundu", "white": "mweupe", "black": "mweusi", "small": "mdogo", "large": "mkubwa"},
    ),
    5: Concord(
        "li", "lo", "lenye", "la",
        {"red": "jekundu", "white": "jeupe", "black": "jeusi", "small": "dogo", "large": "kubwa"},
    ),
    9: Concord(
        "i", "yo", "yenye", "ya",
        {"red": "nyekundu", "white": "nyeupe", "black": "nyeusi", "small": "ndogo", "large": "kubwa"},
    ),
}  # fmt: skip
# Colours that do not inflect are nouns behind "-a rangi ya" (of the colour of).
COLOURS: dict[Colour, str] = {
    "orange": "machungwa",
    "yellow": "njano",
    "green": "kijani",
    "blue": "buluu",
    "purple": "zambarau",
}
TEXTURES = {"striped": "mistari", "dotted": "madoa"}
WAYS: tuple[dict[Heading, str], ...] = (
    {"left": "kuelekea kushoto", "right": "kuelekea kulia", "up": "kuelekea juu", "down": "kuelekea chini"},
    {"left": "upande wa kushoto", "right": "upande wa kulia", "up": "kwenda juu", "down": "kwenda chini"},
)
TURNS: tuple[dict[Heading, str], ...] = (
    {"left": "kinyume cha mwendo wa saa", "right": "kwa mwendo wa saa"},
    {"left": "kinyume cha saa", "right": "kisaa"},
)
# Each sound, and the verb that says it can be heard, in agreement with it.
TONES: dict[Sound, tuple[str, str]] = {
    "high_tone": ("sauti nyembamba", "ikisikika"),
    "low_tone": ("sauti nzito", "ikisikika"),
    "rising_sweep": ("sauti inayopanda", "ikisikika"),
    "falling_sweep": ("sauti inayoshuka", "ikisikika"),
    "noise": ("kelele", "zikisikika"),
    "ticking": ("mlio wa tiki-tiki", "ukisikika"),
}


class Verb(NamedTuple):
    """A stem, what follows it, and the direction; `object` is the prefix of the thing that the verb is done to."""

    stem: str
    rest: str = ""
    way: str = ""
    object: str = ""


def realise(scene: Scene, plan: Plan) -> str:
    """Say in Swahili what `plan` tells of `scene`."""
    telling = content(scene, plan, "sw")
    if telling.style == 2:
        return _tags(telling)
    return sentence(_with_sound(telling, _main(telling)) if telling.style == 0 else _frame(telling))


def noun_phrase(thing: Mention) -> str:
    """ "duara dogo jekundu lenye mistari", "nyota kubwa ya rangi ya buluu"; the bare noun at the second mention."""
    noun, number = NOUNS[thing.shape]
    concord = CONCORDS[number]
    words = [noun]
    if thing.size:
        words.append(concord.adjectives[thing.size])
    if thing.colour in COLOURS:
        words.append(f"{concord.of} rangi ya {COLOURS[thing.colour]}")
    elif thing.colour:
        words.append(concord.adjectives[thing.colour])
    if thing.texture:
        words.append(f"{concord.having} {TEXTURES[thing.texture]}")
    return " ".join(words)


def conjugate(shape: Shape, verb: Verb, form: Form) -> str:
    """The verb as `shape` does it, with the direction: "linasogea kuelekea kushoto"."""
    concord = CONCORDS[NOUNS[shape][1]]
    tense = {"present": "na", "participle": "ki", "relative": f"na{concord.relative}"}[form]
    words = [concord.subject + tense + verb.object + verb.stem, verb.rest, verb.way]
    return " ".join(word for word in words if word)


def _frame(telling: Content) -> str:
    """ "video inaonyesha duara jekundu likisogea kuelekea kushoto, kisha likikua" """
    film, here = telling.pick("film", ("video", "katika video hii"), ("klipu", "katika klipu hii"))
    kind = telling.pick("frame", "shows", "here", "we see")
    if kind == "here":
        return f"{here}, {_main(telling)}{_sound_after(telling)}"
    opening = f"{film} inaonyesha" if kind == "shows" else f"{here} tunaona"
    return _with_sound(telling, f"{opening} {_chain(telling, 'participle')}")


def _tags(telling: Content) -> str:
    """ "duara jekundu linalosogea kuelekea kushoto, kisha kukua", or "duara jekundu likisogea kuelekea kushoto" """
    said = _chain(telling, telling.pick("form", "relative", "participle"))
    if telling.sound is None:
        return said
    if telling.sound == "silence":
        return said + telling.pick("sound", ", bila sauti", ", bila sauti yoyote")
    tone = TONES[telling.sound][0]
    return said + telling.pick("sound", f", {tone}", f", pamoja na {tone}")
