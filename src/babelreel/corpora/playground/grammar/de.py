"""German: "Zuerst bewegt sich ein roter Kreis nach links, dann wird er größer."

Every clause is a `Predicate` whose parts are placed by three word orders: verb second after the subject, verb second
after an adverb (the subject follows the verb), and verb last. "sich" stands before a noun as subject, and after a
pronoun.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from babelreel.corpora.playground.grammar.content import Clause, Content, Mention, content, sentence
from babelreel.corpora.playground.scene import Colour, Heading, Plan, Scene, Shape, Size, Sound

Case = Literal["nominative", "accusative", "dative"]

NOUNS: dict[Shape, tuple[str, Literal["m", "n"]]] = {
    "circle": ("Kreis", "m"),
    "square": ("Quadrat", "n"),
    "triangle": ("Dreieck", "n"),
    "star": ("Stern", "m"),
    "heart": ("Herz", "n"),
    "cross": ("Kreuz", "n"),
    "ring": ("Ring", "m"),
    "moon": ("Mond", "m"),
}
PRONOUNS = {"m": ("der", "er"), "n": ("das", "es")}  # the article and the pronoun of a subject
COLOURS: dict[Colour, str] = {
    "red": "rot",
    "orange": "orangefarben",
    "yellow": "gelb",
    "green": "grün",
    "blue": "blau",
    "purple": "violett",
    "white": "weiß",
    "black": "schwarz",
}
SIZES: dict[Size, str] = {"small": "klein", "large": "groß"}
TEXTURES = {"striped": ("gestreift", "mit Streifen"), "dotted": ("gepunktet", "mit Punkten")}
# "ein" and the adjective's ending after it; masculine, neuter. Without an article the nominative has the same endings.
EIN: dict[Case, tuple[tuple[str, str], tuple[str, str]]] = {
    "nominative": (("ein", "er"), ("ein", "es")),
    "accusative": (("einen", "en"), ("ein", "es")),
    "dative": (("einem", "en"), ("einem", "en")),
}
WAYS: dict[Heading, str] = {"left": "nach links", "right": "nach rechts", "up": "nach oben", "down": "nach unten"}
# Each sound in the nominative and in the dative.
TONES: dict[Sound, tuple[str, str]] = {
    "high_tone": ("ein hoher Ton", "einem hohen Ton"),
    "low_tone": ("ein tiefer Ton", "einem tiefen Ton"),
    "rising_sweep": ("ein ansteigender Ton", "einem ansteigenden Ton"),
    "falling_sweep": ("ein abfallender Ton", "einem abfallenden Ton"),
    "noise": ("ein Rauschen", "einem Rauschen"),
    "ticking": ("ein Ticken", "einem Ticken"),
}


class Predicate(NamedTuple):
    """A finite verb, whether it takes "sich", what follows, and a separable prefix: at the end, or before the verb."""

    verb: str
    reflexive: bool = False
    middle: str = ""
    prefix: str = ""

    @property
    def sich(self) -> str:
        """The reflexive pronoun where the verb takes one."""
        return "sich" if self.reflexive else ""


def realise(scene: Scene, plan: Plan) -> str:
    """Say in German what `plan` tells of `scene`."""
    telling = content(scene, plan, "de")
    if telling.style == 2:
        return _tags(telling)
    return sentence(_statement(telling) if telling.style == 0 else _frame(telling))


def noun_phrase(thing: Mention, case: Case, article: bool = True, after: bool = False) -> str:
    """ "einem kleinen gestreiften roten Kreis", with `after` "einem kleinen roten Kreis mit Streifen". Only the
    nominative does without an article. A thing that was mentioned before comes back only as a subject: "der Kreis"."""
    noun, gender = NOUNS[thing.shape]
    if not thing.first:
        return f"{PRONOUNS[gender][0]} {noun}"
    word, ending = EIN[case][0 if gender == "m" else 1]
    texture, behind = TEXTURES[thing.texture] if thing.texture else ("", "")
    adjectives = [SIZES[thing.size] if thing.size else "", "" if after else texture]
    adjectives.append(COLOURS[thing.colour] if thing.colour else "")
    noun = "Herzen" if noun == "Herz" and case == "dative" else noun
    return _joined(word if article else "", *(a + ending for a in adjectives if a), noun, behind if after else "")


def _statement(telling: Content) -> str:
    """ "ein roter Kreis bewegt sich nach links, dann wird er größer" """
    if telling.sound is None or telling.pick("place", True, False):
        return _main(telling) + _sound_after(telling)
    if telling.sound == "silence":
        before = telling.pick("sound", "ohne jedes Geräusch", "ohne Ton")
    else:
        tone, dative = TONES[telling.sound]
        before = telling.pick("sound", f"zu {dative}", f"begleitet von {dative}", f"während {tone} zu hören ist,")
    return _main(telling, before)


def _frame(telling: Content) -> str:
    """ "das Video zeigt, wie sich ein roter Kreis zuerst nach links bewegt und dann größer wird" """
    film, where, here = telling.pick(
        "film", ("das Video", "im Video", "in diesem Video"), ("der Clip", "im Clip", "in diesem Clip")
    )
    if telling.pick("in", False, False, True):
        return _main(telling, here) + _sound_after(telling)
    shows, seen = telling.pick("frame", True, False), telling.pick("seen", ("sieht man", ""), ("ist", " zu sehen"))
    if telling.sound is None or telling.pick("place", True, False):
        if shows and _alone(telling) and telling.pick("relative", True, False):
            return f"{film} zeigt {_relative(telling, 'accusative')}{_sound_after(telling)}"
        opening = f"{film} zeigt" if shows else f"{where} {''.join(seen)}"
        return f"{opening}, wie {_embedded(telling)}{_sound_after(telling)}"
    before = "ohne Ton" if telling.sound == "silence" else f"zu {TONES[telling.sound][1]}"
    verb, rest = seen  # "im Video" stands between "ist" and "zu sehen", but behind "sieht man"
    opening = f"zeigt {film}" if shows else f"{verb} {where}{rest}"
    return f"{before} {opening}, wie {_embedded(telling)}"


def _tags(telling: Content) -> str:
    """ "roter Kreis bewegt sich nach links und wird dann größer", or "roter Kreis, der sich nach links bewegt" """
    relative = _alone(telling) and telling.pick("form", True, False)
    said = _relative(telling, "nominative") if relative else _headline(telling)
    if telling.sound is None:
        return said
    if telling.sound == "silence":
        return said + telling.pick("sound", ", ohne Ton", ", kein Ton")
    tone, dative = TONES[telling.sound]
    return said + telling.pick("sound", f", {tone.removeprefix('ein ')}", f", dazu {tone}", f", begleitet von {dative}")


def _headline(telling: Content) -> str:
    first, *rest = telling.clauses
    one = _second(telling, first)
    if rest and rest[0].repeated:
        return one + _continued(telling, telling.pick("join", " und ", ", "))
    then = telling.pick("then", "dann", "danach")
    return f", {then} ".join([one, *(_inverted(telling, clause) for clause in rest)])


def _main(telling: Content, before: str = "") -> str:
    """The events as main clauses; `before` takes the place in front of the first verb."""
    first, *rest = telling.clauses
    join = telling.pick("join", 0, 1, 2)
    if join == 2 and rest and not before:
        before = "zuerst"
    one = f"{before} {_inverted(telling, first)}" if before else _second(telling, first)
    if not rest:
        return one
    if rest[0].repeated and join == 1:
        return one + _continued(telling, " und ")
    return f"{one}, {telling.pick('then', 'dann', 'danach')} {_inverted(telling, rest[0])}"


def _continued(telling: Content, link: str) -> str:
    """What the same thing does next, without a subject; the verb too is left out where it would only be repeated."""
    first, second = telling.clauses
    then, part = telling.pick("then", "dann", "danach"), _predicate(telling, second)
    if first.action == second.action:
        return f"{link}{then} {part.middle}"
    return link + _joined(part.verb, part.sich, then, part.middle, part.prefix)


def _relative(telling: Content, case: Case) -> str:
    """One thing, or the two that meet, and in a relative clause what they do."""
    first = telling.clauses[0]
    pronoun = "die" if _plural(telling, first) else PRONOUNS[NOUNS[first.actor.shape][1]][0]
    return f"{_subject(telling, first, case)}, {pronoun} {_embedded(telling, named=True)}"


def _embedded(telling: Content, named: bool = False) -> str:
    """The events with their verbs last; with `named` a relative pronoun stands for the first subject."""
    first, *rest = telling.clauses
    part, subject = _predicate(telling, first), "" if named else _subject(telling, first)
    last = part.prefix + part.verb
    if not rest:
        return _joined(part.sich, subject, part.middle, last)
    order, then = telling.pick("order", "zuerst", ""), telling.pick("then", "dann", "danach")
    second = _predicate(telling, rest[0])
    if not rest[0].repeated:
        one = _joined(part.sich, order, subject, part.middle, last)
        two = _joined(second.sich, then, _subject(telling, rest[0]), second.middle, second.prefix + second.verb)
        return f"{one} und {two}"
    one = _joined(part.sich, subject, order, part.middle)
    if first.action == rest[0].action:
        return _joined(one, "und", then, second.middle, last)
    return _joined(one, last, "und", second.sich, then, second.middle, second.prefix + second.verb)


def _second(telling: Content, clause: Clause) -> str:
    """Subject, verb, the rest."""
    part = _predicate(telling, clause)
    return _joined(_subject(telling, clause), part.verb, part.sich, part.middle, part.prefix)


def _inverted(telling: Content, clause: Clause) -> str:
    """Verb, subject, the rest, for after an adverb; what was just named is a pronoun."""
    part = _predicate(telling, clause)
    if clause.repeated:
        pronoun = PRONOUNS[NOUNS[clause.actor.shape][1]][1]
        return _joined(part.verb, pronoun, part.sich, part.middle, part.prefix)
    return _joined(part.verb, part.sich, _subject(telling, clause), part.middle, part.prefix)


def _predicate(telling: Content, clause: Clause) -> Predicate:
    way = WAYS[clause.heading] if clause.heading else ""
    match clause.action:
        case "move":
            verb = telling.pick("move", Predicate("bewegt", True), Predicate("gleitet"), Predicate("wandert"))
            return verb._replace(middle=way)
        case "turn":
            verb = telling.pick("turn", Predicate("dreht", True), Predicate("rotiert"))
            return verb._replace(middle="gegen den Uhrzeigersinn" if clause.heading == "left" else "im Uhrzeigersinn")
        case "grow":
            return telling.pick("grow", Predicate("wird", middle="größer"), Predicate("wächst"))
        case "shrink":
            return telling.pick("shrink", Predicate("wird", middle="kleiner"), Predicate("schrumpft"))
        case "meet" if _plural(telling, clause):
            return telling.pick("met", Predicate("treffen", True), Predicate("stoßen", prefix="zusammen"))
        case "meet":
            return Predicate("trifft", middle=f"auf {_target(telling, clause, 'accusative')}")
        case "hide":
            verb = telling.pick("hide", Predicate("versteckt", True), Predicate("verschwindet"))
            return verb._replace(middle=f"hinter {_target(telling, clause, 'dative')}")
        case "follow":
            verb = telling.pick("follow", Predicate("folgt"), Predicate("läuft", prefix="hinterher"))
            return verb._replace(middle=f"{_target(telling, clause, 'dative')} {way}")


def _subject(telling: Content, clause: Clause, case: Case = "nominative") -> str:
    """What acts; tags leave out its article."""
    both = [clause.actor, *([clause.target] if clause.target and _plural(telling, clause) else [])]
    return " und ".join(noun_phrase(thing, case, telling.style != 2, _after(telling)) for thing in both)


def _target(telling: Content, clause: Clause, case: Case) -> str:
    assert clause.target is not None
    return noun_phrase(clause.target, case, after=_after(telling))


def _after(telling: Content) -> bool:
    """Whether textures stand after the noun."""
    return telling.pick("texture", False, True)


def _plural(telling: Content, clause: Clause) -> bool:
    """Whether a meeting is told of both, as their subject."""
    return clause.action == "meet" and telling.pick("meet", True, True, False)


def _alone(telling: Content) -> bool:
    """Whether one subject does all that is told."""
    return len(telling.clauses) == 1 or telling.clauses[1].repeated


def _sound_after(telling: Content) -> str:
    """The sound at the end; after two events it says that it belongs to both."""
    if telling.sound is None:
        return ""
    both = len(telling.clauses) == 2
    if telling.sound == "silence":
        if both:
            return telling.pick("sound", ", und die ganze Zeit ist nichts zu hören", ", alles ohne Ton")
        return telling.pick("sound", ", ohne dass etwas zu hören ist", ", ganz ohne Ton")
    tone, dative = TONES[telling.sound]
    if both:
        return f", und dazu ist die ganze Zeit {tone} zu hören"
    return telling.pick("sound", f", während {tone} zu hören ist", f", begleitet von {dative}")


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)
