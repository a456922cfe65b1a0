"""Swahili: "Duara dogo jekundu linasogea kuelekea kushoto, kisha linakua."

Adjective, verb, relative, object prefix and connective agree with the class of the noun; the nouns here are of the
classes 3 (mraba), 5 (duara) and 9 (nyota).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from babelreel.corpora.playground.grammar.content import Clause, Content, Mention, content, sentence
from babelreel.corpora.playground.scene import Colour, Heading, Plan, Scene, Shape, Sound

NounClass = Literal[3, 5, 9]
# "linasogea" it moves, "likisogea" moving, "linalosogea" that moves, "linavyosogea" how it moves
Form = Literal["present", "participle", "relative", "manner"]

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
    """What agrees with one class: the prefix of subject or object, the relative, "-enye" (with), "-a" (of), "that"."""

    prefix: str
    relative: str
    having: str
    of: str
    that: str
    adjectives: dict[str, str]


CONCORDS: dict[NounClass, Concord] = {
    3: Concord(
        "u", "o", "wenye", "wa", "huo",
        {"red": "mwekundu", "white": "mweupe", "black": "mweusi", "small": "mdogo", "large": "mkubwa"},
    ),
    5: Concord(
        "li", "lo", "lenye", "la", "hilo",
        {"red": "jekundu", "white": "jeupe", "black": "jeusi", "small": "dogo", "large": "kubwa"},
    ),
    9: Concord(
        "i", "yo", "yenye", "ya", "hiyo",
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
TEXTURES = {"striped": "mistari", "dotted": "madoadoa"}
WAYS: tuple[dict[Heading, str], ...] = (
    {"left": "kuelekea kushoto", "right": "kuelekea kulia", "up": "kuelekea juu", "down": "kuelekea chini"},
    {"left": "upande wa kushoto", "right": "upande wa kulia", "up": "upande wa juu", "down": "upande wa chini"},
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
    "ticking": ("mlio wa tik-tak wa saa", "ukisikika"),
}


class Verb(NamedTuple):
    """A stem with its object prefix, what follows it, and the direction (empty where there is none)."""

    stem: str
    rest: str = ""
    way: str = ""


def realise(scene: Scene, plan: Plan) -> str:
    """Say in Swahili what `plan` tells of `scene`."""
    telling = content(scene, plan, "sw")
    if telling.style == 2:
        return _tags(telling)
    return sentence(_with_sound(telling, _main(telling)) if telling.style == 0 else _frame(telling))


def noun_phrase(thing: Mention) -> str:
    """ "duara dogo jekundu lenye mistari", "nyota kubwa ya rangi ya buluu"; at the second mention "duara hilo"."""
    noun, number = NOUNS[thing.shape]
    concord = CONCORDS[number]
    words = [noun] if thing.first else [noun, concord.that]
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
    tense = {"present": "na", "participle": "ki", "relative": f"na{concord.relative}", "manner": "navyo"}[form]
    return _joined(concord.prefix + tense + verb.stem, verb.rest, verb.way)


def _frame(telling: Content) -> str:
    """ "video inaonyesha duara jekundu likisogea kuelekea kushoto, kisha likikua" """
    film, here = telling.pick("film", ("video", "katika video hii"), ("klipu", "katika klipu hii"))
    kind = telling.pick("frame", "shows", "here", "we see")
    if kind == "here":
        return f"{here}, {_main(telling)}{_sound_after(telling)}"
    opening = f"{film} inaonyesha" if kind == "shows" else f"{here} tunaona"
    if telling.pick("how", True, False):
        return _with_sound(telling, f"{opening} jinsi {_chain(telling, 'manner')}")
    return _with_sound(telling, f"{opening} {_chain(telling, 'participle')}")


def _tags(telling: Content) -> str:
    """ "duara jekundu linalosogea kuelekea kushoto na kisha kukua", or "duara jekundu likisogea kuelekea kushoto" """
    said = _chain(telling, telling.pick("form", "relative", "participle"))
    if telling.sound is None:
        return said
    if telling.sound == "silence":
        return said + telling.pick("sound", ", bila sauti", ", bila sauti yoyote")
    tone = TONES[telling.sound][0]
    return said + telling.pick("sound", f", {tone}", f", pamoja na {tone}")


def _main(telling: Content) -> str:
    """The events as main clauses."""
    if len(telling.clauses) == 2 and telling.style == 0 and not _sound_leads(telling):
        return telling.pick("order", "", "kwanza ") + _chain(telling, "present")
    return _chain(telling, "present")


def _chain(telling: Content, form: Form) -> str:
    """The events in one form of the verb."""
    first, *rest = telling.clauses
    one = f"{noun_phrase(first.actor)} {conjugate(first.actor.shape, _verb(telling, first), form)}"
    if not rest:
        return one
    second, then = _verb(telling, rest[0]), telling.pick("then", "kisha", "halafu")
    and_then = telling.pick("then", "na kisha", "na baadaye")
    if not rest[0].repeated:
        return f"{one}, {then} {noun_phrase(rest[0].actor)} {conjugate(rest[0].actor.shape, second, form)}"
    if first.action == rest[0].action:  # the verb would only be repeated
        return f"{one} {and_then} {second.way}"
    if form == "present" and telling.pick("join", True, False):
        return f"{one}, {then} {conjugate(first.actor.shape, second, form)}"
    infinitive = "kwenda" if second.stem == "enda" else f"ku{second.stem}"
    return _joined(one, and_then, infinitive, second.rest, second.way)


def _verb(telling: Content, clause: Clause) -> Verb:
    adjectives = CONCORDS[NOUNS[clause.actor.shape][1]].adjectives
    match clause.action:
        case "move":
            return Verb(telling.pick("move", "sogea", "enda", "teleza"), way=telling.pick("way", *WAYS)[_way(clause)])
        case "turn":
            return Verb(telling.pick("turn", "zunguka", "jizungusha"), way=telling.pick("way", *TURNS)[_way(clause)])
        case "grow":
            return telling.pick("grow", Verb("kua"), Verb("zidi", f"kuwa {adjectives['large']}"))
        case "shrink":
            return telling.pick("shrink", Verb("pungua", "ukubwa"), Verb("zidi", f"kuwa {adjectives['small']}"))
        case "meet":
            met = f"na {_target(clause)}"
            return telling.pick("meet", Verb("kutana", met), Verb("karibiana", f"{met} hadi kugusana"))
        case "hide":
            return Verb(telling.pick("hide", "jificha", "toweka"), f"nyuma ya {_target(clause)}")
        case "follow":
            assert clause.target is not None
            prefix = CONCORDS[NOUNS[clause.target.shape][1]].prefix
            return Verb(f"{prefix}fuata", _target(clause), WAYS[0][_way(clause)])


def _way(clause: Clause) -> Heading:
    assert clause.heading is not None
    return clause.heading


def _target(clause: Clause) -> str:
    assert clause.target is not None
    return noun_phrase(clause.target)


def _with_sound(telling: Content, text: str) -> str:
    """The sound before the text or after it."""
    if telling.sound is None or not _sound_leads(telling):
        return text + _sound_after(telling)
    if telling.sound == "silence":
        return telling.pick("sound", "bila sauti yoyote, ", "kimya kimya, ") + text
    tone, heard = TONES[telling.sound]
    return f"huku {tone} {heard}, {text}"


def _sound_leads(telling: Content) -> bool:
    return telling.sound is not None and telling.pick("place", True, False)


def _sound_after(telling: Content) -> str:
    """The sound at the end; after two events it says that it belongs to both."""
    if telling.sound is None:
        return ""
    both = " muda wote" if len(telling.clauses) == 2 else ""
    if telling.sound == "silence":
        return f", bila sauti yoyote{both}"
    tone, heard = TONES[telling.sound]
    return f", huku {tone} {heard}{both}"


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)
