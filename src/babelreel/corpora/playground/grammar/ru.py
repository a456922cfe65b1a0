"""Russian: three genders, three cases, four adjective patterns, and participles that agree with their noun.

Verbs are imperfective throughout: a perfective present would speak of the future. Order in time is told by words.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from babelreel.corpora.playground.grammar.content import Clause, Content, Mention, content
from babelreel.corpora.playground.scene import Colour, Heading, Plan, Scene, Shape, Size, Sound

Case = Literal["nom", "acc", "ins"]
Gender = Literal["m", "f", "n"]
Pattern = Literal["hard", "stressed", "velar", "soft"]


class Noun(NamedTuple):
    """Gender (every masculine here is inanimate) and the singular in three cases."""

    gender: Gender
    nom: str
    acc: str
    ins: str


class Adjective(NamedTuple):
    """A stem and how it is declined."""

    stem: str
    pattern: Pattern = "hard"


class Verb(NamedTuple):
    """Third person singular, stem of the present participle, whether it is reflexive, and what follows the verb."""

    finite: str
    participle: str
    reflexive: bool
    tail: str = ""


NOUNS: dict[Shape, Noun] = {
    "circle": Noun("m", "круг", "круг", "кругом"),
    "square": Noun("m", "квадрат", "квадрат", "квадратом"),
    "triangle": Noun("m", "треугольник", "треугольник", "треугольником"),
    "star": Noun("f", "звезда", "звезду", "звездой"),
    "heart": Noun("n", "сердце", "сердце", "сердцем"),
    "cross": Noun("m", "крест", "крест", "крестом"),
    "ring": Noun("n", "кольцо", "кольцо", "кольцом"),
    "moon": Noun("m", "полумесяц", "полумесяц", "полумесяцем"),
}
ENDINGS: dict[Pattern, dict[Case, dict[Gender, str]]] = {
    "hard": {  # красный
        "nom": {"m": "ый", "f": "ая", "n": "ое"},
        "acc": {"m": "ый", "f": "ую", "n": "ое"},
        "ins": {"m": "ым", "f": "ой", "n": "ым"},
    },
    "stressed": {  # большой
        "nom": {"m": "ой", "f": "ая", "n": "ое"},
        "acc": {"m": "ой", "f": "ую", "n": "ое"},
        "ins": {"m": "им", "f": "ой", "n": "им"},
    },
    "velar": {  # маленький
        "nom": {"m": "ий", "f": "ая", "n": "ое"},
        "acc": {"m": "ий", "f": "ую", "n": "ое"},
        "ins": {"m": "им", "f": "ой", "n": "им"},
    },
    "soft": {  # синий
        "nom": {"m": "ий", "f": "яя", "n": "ее"},
        "acc": {"m": "ий", "f": "юю", "n": "ее"},
        "ins": {"m": "им", "f": "ей", "n": "им"},
    },
}
PARTICIPLE: dict[Gender, str] = {"m": "ий", "f": "ая", "n": "ее"}
COLOURS: dict[Colour, Adjective] = {
    "red": Adjective("красн"), "orange": Adjective("оранжев"), "yellow": Adjective("жёлт"),
    "green": Adjective("зелён"), "blue": Adjective("син", "soft"), "purple": Adjective("фиолетов"),
    "white": Adjective("бел"), "black": Adjective("чёрн"),
}  # fmt: skip
SIZES: dict[Size, Adjective] = {"small": Adjective("маленьк", "velar"), "large": Adjective("больш", "stressed")}
STRIPED = Adjective("полосат")
DOTTED = "в горошек"
WAYS: dict[Heading, str] = {"left": "влево", "right": "вправо", "up": "вверх", "down": "вниз"}
TURNS: dict[Heading, str] = {"left": "против часовой стрелки", "right": "по часовой стрелке"}
SOUNDS: dict[Sound, str] = {
    "high_tone": "высокий тон",
    "low_tone": "низкий тон",
    "rising_sweep": "повышающийся тон",
    "falling_sweep": "понижающийся тон",
    "noise": "шум",
    "ticking": "тиканье",
}


def realise(scene: Scene, plan: Plan) -> str:
    """One caption of `scene` in Russian, as `plan` says."""
    told = content(scene, plan, "ru")
    if told.style == 2:
        body = _participles(told) if told.pick("form", True, False) else _clauses(told)
        return body + _sound(told)
    text = _opening(told) + _clauses(told) + _sound(told) + "."
    return text[0].upper() + text[1:]


def _opening(told: Content) -> str:
    first = "сначала " if len(told.clauses) > 1 else ""
    if told.style == 0:
        return told.pick("opening", "", first)
    return told.pick(
        "frame",
        "видео показывает, как ",
        f"на видео видно, как {first}",
        "в ролике показано, как ",
        f"в этом ролике {first}",
    )


def _clauses(told: Content) -> str:
    """Finite clauses in the order of time; a repeated subject is left out."""
    text = ""
    for i, clause in enumerate(told.clauses):
        if i:
            text += told.pick("joiner", ", затем ", ", а затем ", ", потом ", ", а потом ", ", после чего ")
        together = clause.action == "meet" and told.pick("meet", True, False)
        if clause.repeated:
            words = [*_predicate(_verb(told, i))]
        elif together and clause.target is not None:
            # "в горошек" behind the second noun would be heard of both
            things = sorted((clause.actor, clause.target), key=lambda mention: mention.texture != "dotted")
            pair = (_noun_phrase(things[0], "nom"), "и", _noun_phrase(things[1], "nom"))
            words = [*pair, "движутся навстречу друг другу и соприкасаются"]
        else:
            words = [_noun_phrase(clause.actor, "nom"), *_predicate(_verb(told, i))]
        text += " ".join(words)
    return text


def _predicate(verb: Verb) -> tuple[str, ...]:
    return (verb.finite, verb.tail) if verb.tail else (verb.finite,)


def _participles(told: Content) -> str:
    """Noun phrases with participles: "красный круг, движущийся влево, а затем увеличивающийся"."""
    text = ""
    for i, clause in enumerate(told.clauses):
        verb, who = _verb(told, i), _noun_phrase(clause.actor, "nom")
        ending = PARTICIPLE[NOUNS[clause.actor.shape].gender]
        does = f"{verb.participle}{ending}{'ся' if verb.reflexive else ''} {verb.tail}".strip()
        if clause.repeated:
            text += f", а затем {does}"
            continue
        text += ", затем " if i else ""
        # a bare participle stands before its noun, unless another one follows
        text += f"{who}, {does}" if verb.tail or any(c.repeated for c in told.clauses) else f"{does} {who}"
    return text


def _verb(told: Content, i: int) -> Verb:
    """What the actor of clause `i` does, with the target in the case the verb or preposition asks for."""
    clause = told.clauses[i]
    options: tuple[Verb, ...]
    if clause.target is not None:
        options = _pair_verbs(clause, clause.target)
    elif clause.action == "grow":
        options = (Verb("увеличивается", "увеличивающ", True), Verb("растёт", "растущ", False))
    elif clause.action == "shrink":
        options = (
            Verb("уменьшается", "уменьшающ", True),
            Verb("становится", "становящ", True, "меньше"),
        )
    elif clause.action == "turn" and clause.heading is not None:
        options = (
            Verb("вращается", "вращающ", True, TURNS[clause.heading]),
            Verb("поворачивается", "поворачивающ", True, TURNS[clause.heading]),
        )
    else:
        assert clause.heading is not None
        options = (
            Verb("движется", "движущ", True, WAYS[clause.heading]),
            Verb("перемещается", "перемещающ", True, WAYS[clause.heading]),
            Verb("сдвигается", "сдвигающ", True, WAYS[clause.heading]),
        )
    return told.pick(f"verb{i}", *options)


def _pair_verbs(clause: Clause, target: Mention) -> tuple[Verb, ...]:
    acc, ins = _noun_phrase(target, "acc"), _noun_phrase(target, "ins")
    if clause.action == "meet":
        return (Verb("встречается", "встречающ", True, f"{_with(ins)} {ins}"),)
    if clause.action == "hide":
        return (
            Verb("прячется", "прячущ", True, f"за {acc}"),
            Verb("скрывается", "скрывающ", True, f"за {ins}"),
            Verb("исчезает", "исчезающ", False, f"за {ins}"),
        )
    assert clause.heading is not None
    return (
        Verb("следует", "следующ", False, f"за {ins} {WAYS[clause.heading]}"),
        Verb("движется", "движущ", True, f"{WAYS[clause.heading]} вслед за {ins}"),
    )


def _with(phrase: str) -> str:
    """The preposition "с", with a vowel before "зв"."""
    return "со" if phrase.startswith("зв") else "с"


def _noun_phrase(mention: Mention, case: Case) -> str:
    """Adjectives in agreement, the noun, and what follows it undeclined, in one case."""
    noun = NOUNS[mention.shape]
    adjectives = []
    if mention.size is not None:
        adjectives.append(SIZES[mention.size])
    if mention.colour is not None:
        adjectives.append(COLOURS[mention.colour])
    if mention.texture == "striped":
        adjectives.append(STRIPED)
    words = [a.stem + ENDINGS[a.pattern][case][noun.gender] for a in adjectives]
    words.append({"nom": noun.nom, "acc": noun.acc, "ins": noun.ins}[case])
    if mention.texture == "dotted":
        words.append(DOTTED)
    return " ".join(words)


def _sound(told: Content) -> str:
    if told.sound is None:
        return ""
    if told.sound == "silence":
        if told.style == 2:
            return ", без звука"
        return told.pick(
            "sound", ", при этом не слышно ни звука", ", и всё это без звука", ", причём без единого звука"
        )
    sound = SOUNDS[told.sound]
    audible = "слышно" if told.sound == "ticking" else "слышен"  # a short form, in agreement
    if told.style == 2:
        return told.pick("sound", f", {sound}", f", {audible} {sound}")
    return told.pick(
        "sound", f", при этом {audible} {sound}", f", при этом раздаётся {sound}", f", и всё это под {sound}"
    )
