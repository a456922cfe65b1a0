"""Czech: three genders, three cases, hard adjectives, aspect, and the clitic "se" in second place.

One event is a process (imperfective: "se posouvá"), two are completed one after the other (perfective: "se posune ...
a pak se zvětší"). Participles, in search phrases, are always imperfective.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from babelreel.corpora.playground.grammar.content import Clause, Content, Mention, content
from babelreel.corpora.playground.scene import Colour, Heading, Plan, Scene, Shape, Size, Sound

Case = Literal["nom", "acc", "ins"]
Gender = Literal["m", "f", "n"]


class Noun(NamedTuple):
    """Gender (every masculine here is inanimate) and the singular in three cases."""

    gender: Gender
    nom: str
    acc: str
    ins: str


class Verb(NamedTuple):
    """Third person present in both aspects, the participle, "se" or nothing, and what follows the verb."""

    imperfective: str
    perfective: str
    participle: str
    se: str
    tail: str = ""


NOUNS: dict[Shape, Noun] = {
    "circle": Noun("m", "kruh", "kruh", "kruhem"),
    "square": Noun("m", "čtverec", "čtverec", "čtvercem"),
    "triangle": Noun("m", "trojúhelník", "trojúhelník", "trojúhelníkem"),
    "star": Noun("f", "hvězda", "hvězdu", "hvězdou"),
    "heart": Noun("n", "srdce", "srdce", "srdcem"),
    "cross": Noun("m", "kříž", "kříž", "křížem"),
    "ring": Noun("m", "prstenec", "prstenec", "prstencem"),
    "moon": Noun("m", "měsíc", "měsíc", "měsícem"),
}
ENDINGS: dict[Case, dict[Gender, str]] = {
    "nom": {"m": "ý", "f": "á", "n": "é"},
    "acc": {"m": "ý", "f": "ou", "n": "é"},
    "ins": {"m": "ým", "f": "ou", "n": "ým"},
}
COLOURS: dict[Colour, str] = {
    "red": "červen", "orange": "oranžov", "yellow": "žlut", "green": "zelen",
    "blue": "modr", "purple": "fialov", "white": "bíl", "black": "čern",
}  # fmt: skip
SIZES: dict[Size, str] = {"small": "mal", "large": "velk"}
TEXTURES: dict[Literal["striped", "dotted"], tuple[str, ...]] = {
    "striped": ("pruhovan",),
    "dotted": ("puntíkovan", "tečkovan"),
}
WAYS: dict[Heading, str] = {"left": "doleva", "right": "doprava", "up": "nahoru", "down": "dolů"}
TURNS: dict[Heading, str] = {"left": "proti směru hodinových ručiček", "right": "po směru hodinových ručiček"}
SOUNDS: dict[Sound, str] = {
    "high_tone": "vysoký tón",
    "low_tone": "hluboký tón",
    "rising_sweep": "stoupající tón",
    "falling_sweep": "klesající tón",
    "noise": "šum",
    "ticking": "tikání",
}


class Opening(NamedTuple):
    """What stands before the subject: the words before "se" and the words behind it."""

    before: str = ""
    behind: str = ""


def realise(scene: Scene, plan: Plan) -> str:
    """One caption of `scene` in Czech, as `plan` says."""
    told = content(scene, plan, "cs")
    if told.style == 2:
        body = _participles(told) if told.pick("form", True, False) else _clauses(told, Opening())
        return body + _sound(told)
    text = _clauses(told, _opening(told)) + _sound(told) + "."
    return text[0].upper() + text[1:]


def _opening(told: Content) -> Opening:
    """How a whole sentence begins; with nothing, where the subject opens it."""
    several = len(told.clauses) > 1
    if told.style == 0:
        return Opening(told.pick("opening", "", "nejprve", "nejdřív") if several else "")
    first = "nejprve" if several else ""
    return told.pick(
        "frame",
        Opening("video ukazuje, jak"),
        Opening("na videu je vidět, jak", first),
        Opening("v klipu vidíme, jak"),
        Opening("v tomto klipu", first),
    )


def _clauses(told: Content, opening: Opening) -> str:
    """Finite clauses, joined in the order of time."""
    text = _clause(told, 0, opening)
    for i, clause in enumerate(told.clauses[1:], start=1):
        joiner = told.pick("joiner", "pak", "potom", "nato", "a pak", "a potom")
        # coordination with "a" takes no comma, but the clause "až se dotknou" before it has to be closed by one
        comma = "," if not joiner.startswith("a ") or text.endswith("dotknou") else ""
        text += f"{comma} {_clause(told, i, Opening(joiner), subject=not clause.repeated)}"
    return text


def _clause(told: Content, i: int, opening: Opening, subject: bool = True) -> str:
    """One finite clause: "se" stands behind the opening, or else behind the subject."""
    clause = told.clauses[i]
    together = clause.action == "meet" and told.pick("meet", True, False)
    verb = TOGETHER if together else _verb(told, i)
    who = _noun_phrase(told, clause.actor, "nom") if subject else ""
    if together and clause.target is not None:
        who += f" a {_noun_phrase(told, clause.target, 'nom')}"
    finite = verb.imperfective if len(told.clauses) == 1 else verb.perfective
    order = (opening.before, verb.se, opening.behind, who) if opening.before else (who, verb.se)
    return " ".join(part for part in (*order, finite, verb.tail) if part)


def _participles(told: Content) -> str:
    """Noun phrases with participles: "červený kruh posouvající se doleva a pak se zvětšující"."""
    text = ""
    for i, clause in enumerate(told.clauses):
        verb = _verb(told, i)
        if clause.repeated:
            words = [verb.se, verb.participle, verb.tail]
            text += " a pak "
        else:
            words = [_noun_phrase(told, clause.actor, "nom"), verb.participle, verb.se, verb.tail]
            text += ", pak " if i else ""
            if not verb.tail and not any(c.repeated for c in told.clauses):
                words = [verb.participle, verb.se, words[0]]  # a bare participle stands before its noun
        text += " ".join(word for word in words if word)
    return text


TOGETHER = Verb("přibližují k sobě, až se dotknou", "přiblíží k sobě, až se dotknou", "", "se")


def _verb(told: Content, i: int) -> Verb:
    """What the actor of clause `i` does, with the target in the case the verb or preposition asks for."""
    clause = told.clauses[i]
    options: tuple[Verb, ...]
    if clause.target is not None:
        options = _pair_verbs(told, clause, clause.target)
    elif clause.action == "grow":
        options = (
            Verb("zvětšuje", "zvětší", "zvětšující", "se"),
            Verb("roste", "vyroste", "rostoucí", ""),
        )
    elif clause.action == "shrink":
        options = (Verb("zmenšuje", "zmenší", "zmenšující", "se"),)
    elif clause.action == "turn" and clause.heading is not None:
        options = (Verb("otáčí", "otočí", "otáčející", "se", TURNS[clause.heading]),)
    else:
        assert clause.heading is not None
        way = told.pick(f"way{i}", WAYS[clause.heading], f"směrem {WAYS[clause.heading]}")
        options = (
            Verb("posouvá", "posune", "posouvající", "se", way),
            Verb("přesouvá", "přesune", "přesouvající", "se", way),
            Verb("pohybuje", "posune", "pohybující", "se", way),
        )
    return told.pick(f"verb{i}", *options)


def _pair_verbs(told: Content, clause: Clause, target: Mention) -> tuple[Verb, ...]:
    acc, ins = _noun_phrase(told, target, "acc"), _noun_phrase(told, target, "ins")
    if clause.action == "meet":
        return (Verb("setkává", "setká", "setkávající", "se", f"{_with(ins)} {ins}"),)
    if clause.action == "hide":
        return (
            Verb("schovává", "schová", "schovávající", "se", f"za {acc}"),
            Verb("ukrývá", "ukryje", "ukrývající", "se", f"za {acc}"),
            Verb("mizí", "zmizí", "mizející", "", f"za {ins}"),
        )
    assert clause.heading is not None
    way = f"směrem {WAYS[clause.heading]}"
    behind = (
        Verb("pohybuje", "posune", "pohybující", "se", f"{way} v závěsu za {ins}"),
        Verb("míří", "zamíří", "mířící", "", f"{way} v závěsu za {ins}"),
    )
    if "f" not in (NOUNS[clause.actor.shape].gender, NOUNS[target.shape].gender):
        return behind  # nominative and accusative look alike: "kruh následuje čtverec" could be read both ways
    return (*behind, Verb("následuje", "následuje", "následující", "", f"{acc} {way}"))


def _with(phrase: str) -> str:
    """The preposition "s", with a vowel before sibilants and before "čt"."""
    return "se" if phrase.startswith(("s", "z", "ž", "š", "čt")) else "s"


def _noun_phrase(told: Content, mention: Mention, case: Case) -> str:
    """Adjectives in agreement, and the noun, in one case."""
    noun = NOUNS[mention.shape]
    stems = []
    if mention.size is not None:
        stems.append(SIZES[mention.size])
    if mention.colour is not None:
        stems.append(COLOURS[mention.colour])
    if mention.texture is not None:
        stems.append(told.pick("texture", *TEXTURES[mention.texture]))
    form = {"nom": noun.nom, "acc": noun.acc, "ins": noun.ins}[case]
    return " ".join([*(stem + ENDINGS[case][noun.gender] for stem in stems), form])


def _sound(told: Content) -> str:
    if told.sound is None:
        return ""
    if told.sound == "silence":
        if told.style == 2:
            return told.pick("sound", ", beze zvuku", ", bez zvuku")
        return told.pick(
            "sound", ", přičemž není slyšet žádný zvuk", ", přitom není slyšet vůbec nic", ", a to beze zvuku"
        )
    sound = SOUNDS[told.sound]
    if told.style == 2:
        return told.pick("sound", f", {sound}", f", zní {sound}")
    return told.pick("sound", f", přičemž zní {sound}", f", přitom je slyšet {sound}", f", k tomu zní {sound}")
