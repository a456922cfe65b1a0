"""English: "A red circle moves to the left, then it grows." """

from __future__ import annotations

from typing import NamedTuple

from babelreel.corpora.playground.grammar.content import Clause, Content, Mention, content, sentence
from babelreel.corpora.playground.scene import Heading, Plan, Scene, Sound

TEXTURES = {"striped": "stripes", "dotted": "dots"}
WAYS: tuple[dict[Heading, str], ...] = (
    {"left": "to the left", "right": "to the right", "up": "upwards", "down": "downwards"},
    {"left": "left", "right": "right", "up": "up", "down": "down"},
)
TONES: dict[Sound, str] = {
    "high_tone": "a high tone",
    "low_tone": "a low tone",
    "rising_sweep": "a rising tone",
    "falling_sweep": "a falling tone",
    "noise": "a hissing noise",
    "ticking": "ticking",
}


class Verb(NamedTuple):
    """A predicate: finite and -ing form of all but its direction, and the direction (empty where there is none)."""

    finite: str
    ing: str
    way: str = ""


def realise(scene: Scene, plan: Plan) -> str:
    """Say in English what `plan` tells of `scene`."""
    telling = content(scene, plan, "en")
    if telling.style == 2:
        return _tags(telling)
    return sentence(_statement(telling) if telling.style == 0 else _frame(telling))


def _statement(telling: Content) -> str:
    """ "a red circle moves to the left, then it grows" """
    return _with_sound(telling, _main(telling))


def _frame(telling: Content) -> str:
    """ "the clip shows how a red circle first moves to the left and then grows" """
    opening = telling.pick(
        "frame", "the clip shows how", "you can see how", "the video shows", "here we see", "in this"
    )
    if opening == "in this":
        film = telling.pick("film", "clip", "video")
        return f"in this {film}, {_main(telling)}{_sound_after(telling)}"
    return _with_sound(telling, f"{opening} {_embedded(telling, ing=not opening.endswith('how'))}")


def _tags(telling: Content) -> str:
    """ "red circle moving to the left and then growing" """
    said = [_subject(telling, clause) + " " + _predicate(telling, clause, ing=True) for clause in telling.clauses]
    then = telling.pick("join", ", then ", " and then ")
    if len(telling.clauses) == 2 and telling.clauses[1].repeated:
        said[1] = _continued(telling, ing=True)
    if telling.sound is None:
        return then.join(said)
    if telling.sound == "silence":
        return then.join(said) + telling.pick("sound", ", without a sound", ", no sound", ", silent")
    tone = TONES[telling.sound]
    return then.join(said) + telling.pick("sound", f", {tone.removeprefix('a ')}", f", to the sound of {tone}")


def _main(telling: Content) -> str:
    """The events as main clauses."""
    first, *rest = telling.clauses
    one = f"{_subject(telling, first)} {_predicate(telling, first)}"
    if not rest:
        return one
    two, join = f"{_subject(telling, rest[0])} {_predicate(telling, rest[0])}", telling.pick("join", 0, 1, 2)
    if telling.style == 1 or _sound_leads(telling):
        join %= 2  # "first" only where nothing stands before it
    if not rest[0].repeated:
        return (f"{one}, then {two}", f"{one}, and then {two}", f"first {one}, then {two}")[join]
    it = f"it {_predicate(telling, rest[0])}"
    return (f"{one}, then {it}", f"{one} and then {_continued(telling)}", f"first {one}, then {it}")[join]


def _embedded(telling: Content, ing: bool) -> str:
    """The events after "shows how" or "shows"."""
    first, *rest = telling.clauses
    subject, verb = _subject(telling, first), _predicate(telling, first, ing)
    if not rest:
        return f"{subject} {verb}"
    order = telling.pick("order", True, False)
    if rest[0].repeated:
        return f"{subject} {'first ' if order else ''}{verb} and then {_continued(telling, ing)}"
    two = f"{_subject(telling, rest[0])} {_predicate(telling, rest[0], ing)}"
    return f"{'first ' if order else ''}{subject} {verb} and then {two}"


def _continued(telling: Content, ing: bool = False) -> str:
    """What the same thing does next, without a subject; the verb too is left out where it would only be repeated."""
    first, second = telling.clauses
    if first.action == second.action:
        return _verb(telling, second).way
    return _predicate(telling, second, ing)


def _subject(telling: Content, clause: Clause) -> str:
    if clause.action == "meet" and clause.target is not None:
        return f"{_thing(telling, clause.actor)} and {_thing(telling, clause.target)}"
    return _thing(telling, clause.actor)


def _predicate(telling: Content, clause: Clause, ing: bool = False) -> str:
    verb = _verb(telling, clause)
    return f"{verb.ing if ing else verb.finite} {verb.way}".rstrip()


def _verb(telling: Content, clause: Clause) -> Verb:
    target = "" if clause.target is None else _thing(telling, clause.target, article=True)
    match clause.action:
        case "move":
            moving = telling.pick("move", ("moves", "moving"), ("slides", "sliding"), ("glides", "gliding"))
            return Verb(*moving, _way(telling.pick("way", *WAYS), clause))
        case "turn":
            turning = telling.pick("turn", ("turns", "turning"), ("rotates", "rotating"), ("spins", "spinning"))
            against = telling.pick("against", "anticlockwise", "counterclockwise")
            return Verb(*turning, against if clause.heading == "left" else "clockwise")
        case "grow":
            return telling.pick("grow", Verb("grows", "growing"), Verb("gets bigger", "getting bigger"))
        case "shrink":
            return telling.pick("shrink", Verb("shrinks", "shrinking"), Verb("gets smaller", "getting smaller"))
        case "meet":
            until = "towards each other until they touch"
            return telling.pick(
                "meet",
                Verb("meet", "meeting"),
                Verb("come together and touch", "coming together and touching"),
                Verb(f"move {until}", f"moving {until}"),
            )
        case "hide":
            hiding = telling.pick("hide", ("hides", "hiding"), ("disappears", "disappearing"))
            return Verb(f"{hiding[0]} behind {target}", f"{hiding[1]} behind {target}")
        case "follow":
            return Verb(f"follows {target}", f"following {target}", _way(WAYS[0], clause))


def _way(ways: dict[Heading, str], clause: Clause) -> str:
    assert clause.heading is not None
    return ways[clause.heading]


def _thing(telling: Content, thing: Mention, article: bool = False) -> str:
    """ "a small red circle with stripes", "the circle"; as a subject in tags it has no article."""
    if not thing.first:
        return f"the {thing.shape}"
    size = telling.pick("size", "large", "big") if thing.size == "large" else thing.size
    before = telling.pick("texture", True, False)
    words = [size, thing.colour, thing.texture if before else None, thing.shape]
    if thing.texture and not before:
        words.append(f"with {TEXTURES[thing.texture]}")
    phrase = " ".join(word for word in words if word)
    if telling.style == 2 and not article:
        return phrase
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def _with_sound(telling: Content, text: str) -> str:
    """The sound before the text or after it."""
    if telling.sound is None or not _sound_leads(telling):
        return text + _sound_after(telling)
    if telling.sound == "silence":
        return telling.pick("sound", "without a sound, ", "in silence, ") + text
    tone = TONES[telling.sound]
    return telling.pick("sound", f"to the sound of {tone}, ", f"while {tone} is heard, ") + text


def _sound_leads(telling: Content) -> bool:
    return telling.sound is not None and telling.pick("place", False, True)


def _sound_after(telling: Content) -> str:
    """The sound at the end; after two events it says that it belongs to both."""
    if telling.sound is None:
        return ""
    both = ", all" if len(telling.clauses) == 2 else ""
    if telling.sound == "silence":
        return both + telling.pick("sound", " without a sound", " in silence")
    tone = TONES[telling.sound]
    if both:
        return telling.pick("sound", f", all to the sound of {tone}", f", with {tone} throughout")
    return telling.pick("sound", f" while {tone} is heard", f", with {tone} in the background")
