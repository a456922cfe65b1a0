"""French: "Un petit cercle rouge se déplace vers la gauche, puis grandit." """

from __future__ import annotations

from typing import Literal, NamedTuple

from babelreel.corpora.playground.grammar.content import Clause, Content, Mention, content, sentence
from babelreel.corpora.playground.scene import Colour, Heading, Plan, Scene, Shape, Size, Sound

NOUNS: dict[Shape, tuple[str, Literal["m", "f"]]] = {
    "circle": ("cercle", "m"),
    "square": ("carré", "m"),
    "triangle": ("triangle", "m"),
    "star": ("étoile", "f"),
    "heart": ("cœur", "m"),
    "cross": ("croix", "f"),
    "ring": ("anneau", "m"),
    "moon": ("lune", "f"),
}
# Masculine and feminine; sizes stand before the noun, colours after it.
SIZES: dict[Size, tuple[str, str]] = {"small": ("petit", "petite"), "large": ("grand", "grande")}
COLOURS: dict[Colour, tuple[str, str]] = {
    "red": ("rouge", "rouge"),
    "orange": ("orange", "orange"),
    "yellow": ("jaune", "jaune"),
    "green": ("vert", "verte"),
    "blue": ("bleu", "bleue"),
    "purple": ("violet", "violette"),
    "white": ("blanc", "blanche"),
    "black": ("noir", "noire"),
}
TEXTURES = {"striped": "à rayures", "dotted": "à pois"}
PRONOUNS = {"m": ("il", "lui-même"), "f": ("elle", "elle-même")}
WAYS: dict[Heading, str] = {
    "left": "vers la gauche",
    "right": "vers la droite",
    "up": "vers le haut",
    "down": "vers le bas",
}
TURNS: tuple[dict[Heading, str], ...] = (
    {
        "left": "dans le sens inverse des aiguilles d'une montre",
        "right": "dans le sens des aiguilles d'une montre",
    },
    {"left": "dans le sens antihoraire", "right": "dans le sens horaire"},
)
TONES: dict[Sound, str] = {
    "high_tone": "un son aigu",
    "low_tone": "un son grave",
    "rising_sweep": "un son de plus en plus aigu",
    "falling_sweep": "un son de plus en plus grave",
    "noise": "un bruit de souffle",
    "ticking": "un tic-tac",
}

Form = Literal["finite", "participle", "infinitive"]


class Verb(NamedTuple):
    """The forms of all of a predicate but its direction, and the direction (empty where there is none)."""

    finite: str
    participle: str
    infinitive: str
    way: str = ""

    def say(self, form: Form) -> str:
        """One form with the direction."""
        verb: str = getattr(self, form)
        return f"{verb} {self.way}".rstrip()


def realise(scene: Scene, plan: Plan) -> str:
    """Say in French what `plan` tells of `scene`."""
    telling = content(scene, plan, "fr")
    if telling.style == 2:
        return _tags(telling)
    return sentence(_with_sound(telling, _main(telling)) if telling.style == 0 else _frame(telling))


def noun_phrase(thing: Mention, article: bool) -> str:
    """ "une petite croix verte à rayures", "l'étoile"; a thing that was mentioned before always has its article."""
    noun, gender = NOUNS[thing.shape]
    column = 0 if gender == "m" else 1
    if not thing.first:
        return f"l'{noun}" if noun[0] in "aé" else f"{('le', 'la')[column]} {noun}"
    words = [("un", "une")[column] if article else ""]
    words.append(SIZES[thing.size][column] if thing.size else "")
    words.append(noun)
    words.append(COLOURS[thing.colour][column] if thing.colour else "")
    words.append(TEXTURES[thing.texture] if thing.texture else "")
    return " ".join(word for word in words if word)


def _frame(telling: Content) -> str:
    """ "la vidéo montre un cercle rouge qui se déplace vers la gauche, puis grandit" """
    film, here = telling.pick("film", ("la vidéo", "dans cette vidéo"), ("le clip", "dans ce clip"))
    kind = telling.pick("frame", "here", "see", "how", "which")
    if kind == "here":
        return f"{here}, {_main(telling)}{_sound_after(telling)}"
    if kind == "see":
        return _with_sound(telling, f"on voit {_chain(telling, 'infinitive')}")
    if kind == "which" and _alone(telling):
        return _with_sound(telling, f"{film} montre {_chain(telling, 'finite', ' qui')}")
    return _with_sound(telling, f"{film} montre comment {_chain(telling, 'finite')}")


def _tags(telling: Content) -> str:
    """ "cercle rouge qui se déplace vers la gauche, puis grandit", or "cercle rouge se déplaçant vers la gauche" """
    said = telling.pick("form", _chain(telling, "finite", " qui"), _chain(telling, "participle"))
    if telling.sound is None:
        return said
    if telling.sound == "silence":
        return said + telling.pick("sound", ", sans aucun son", ", sans son")
    tone = TONES[telling.sound]
    return said + telling.pick("sound", f", {tone.removeprefix('un ')}", f", avec {tone}")


def _main(telling: Content) -> str:
    """The events as main clauses."""
    first, *rest = telling.clauses
    one = f"{_subject(telling, first)} {_verb(telling, first).say('finite')}"
    if not rest:
        return one
    leads = telling.style == 0 and not _sound_leads(telling)  # "d'abord" only where nothing stands before it
    order, then = telling.pick("order", "", "d'abord, ") if leads else "", telling.pick("then", "puis", "ensuite")
    second = _verb(telling, rest[0]).say("finite")
    if not rest[0].repeated:
        return f"{order}{one}, {then} {_subject(telling, rest[0])} {second}"
    if telling.pick("pronoun", True, False):
        return f"{order}{one}, {then} {PRONOUNS[_gender(first)][0]} {second}"
    return f"{one}, puis {_continued(telling, 'finite')}"


def _chain(telling: Content, form: Form, link: str = "") -> str:
    """The events in one form of the verb; `link` follows every subject."""
    first, *rest = telling.clauses
    one = f"{_subject(telling, first)}{link} {_verb(telling, first).say(form)}"
    if not rest:
        return one
    if rest[0].repeated:
        return f"{one}{telling.pick('join', ', puis', ' et ensuite')} {_continued(telling, form)}"
    return f"{one}, puis {_subject(telling, rest[0])}{link} {_verb(telling, rest[0]).say(form)}"


def _continued(telling: Content, form: Form) -> str:
    """What the same thing does next, without a subject; the verb too is left out where it would only be repeated."""
    first, second = telling.clauses
    verb = _verb(telling, second)
    return verb.way if first.action == second.action else verb.say(form)


def _subject(telling: Content, clause: Clause) -> str:
    if clause.target is not None and _plural(telling, clause):
        return f"{_thing(telling, clause.actor)} et {_thing(telling, clause.target)}"
    return _thing(telling, clause.actor)


def _verb(telling: Content, clause: Clause) -> Verb:
    gender = _gender(clause)
    way, e = WAYS[clause.heading] if clause.heading else "", "" if gender == "m" else "e"
    match clause.action:
        case "move":
            moving = telling.pick(
                "move", Verb("se déplace", "se déplaçant", "se déplacer"), Verb("glisse", "glissant", "glisser")
            )
            return moving._replace(way=way)
        case "turn":
            stem = telling.pick("turn", "tourn", "pivot")
            itself = telling.pick("itself", "", f" sur {PRONOUNS[gender][1]}")
            around = telling.pick("way", *TURNS)["left" if clause.heading == "left" else "right"]
            return Verb(f"{stem}e{itself}", f"{stem}ant{itself}", f"{stem}er{itself}", around)
        case "grow":
            return telling.pick("grow", Verb("grandit", "grandissant", "grandir"), _become(f"plus grand{e}"))
        case "shrink":
            smaller = Verb("rétrécit", "rétrécissant", "rétrécir")
            return telling.pick("shrink", smaller, _become(f"plus petit{e}"))
        case "meet" if _plural(telling, clause):
            touch = Verb(
                "se rapprochent et se touchent", "se rapprochant et se touchant", "se rapprocher et se toucher"
            )
            return telling.pick("met", Verb("se rencontrent", "se rencontrant", "se rencontrer"), touch)
        case "meet":
            return Verb("rencontre", "rencontrant", "rencontrer", _target(clause))
        case "hide":
            hiding = telling.pick(
                "hide", Verb("se cache", "se cachant", "se cacher"), Verb("disparaît", "disparaissant", "disparaître")
            )
            return hiding._replace(way=f"derrière {_target(clause)}")
        case "follow":
            return Verb("suit", "suivant", "suivre", f"{_target(clause)} {way}")


def _become(what: str) -> Verb:
    return Verb(f"devient {what}", f"devenant {what}", f"devenir {what}")


def _thing(telling: Content, thing: Mention) -> str:
    """A thing as subject: without an article in tags."""
    return noun_phrase(thing, article=telling.style != 2)


def _target(clause: Clause) -> str:
    assert clause.target is not None
    return noun_phrase(clause.target, article=True)


def _gender(clause: Clause) -> Literal["m", "f"]:
    return NOUNS[clause.actor.shape][1]


def _plural(telling: Content, clause: Clause) -> bool:
    """Whether a meeting is told of both, as their subject."""
    return clause.action == "meet" and telling.pick("meet", True, True, False)


def _alone(telling: Content) -> bool:
    """Whether one subject does all that is told."""
    return len(telling.clauses) == 1 or telling.clauses[1].repeated


def _with_sound(telling: Content, text: str) -> str:
    """The sound before the text or after it."""
    if telling.sound is None or not _sound_leads(telling):
        return text + _sound_after(telling)
    if telling.sound == "silence":
        return telling.pick("sound", "sans aucun son, ", "en silence, ") + text
    tone = TONES[telling.sound]
    return telling.pick("sound", f"avec {tone} en fond sonore, ", f"pendant qu'on entend {tone}, ") + text


def _sound_leads(telling: Content) -> bool:
    return telling.sound is not None and telling.pick("place", True, False)


def _sound_after(telling: Content) -> str:
    """The sound at the end; after two events it says that it belongs to both."""
    if telling.sound is None:
        return ""
    both = ", le tout" if len(telling.clauses) == 2 else ""
    if telling.sound == "silence":
        return both + telling.pick("sound", " sans aucun son", " en silence")
    tone = TONES[telling.sound]
    if both:
        return f"{both} avec {tone} en fond sonore"
    return telling.pick("sound", f", avec {tone} en fond sonore", f" pendant qu'on entend {tone}")
