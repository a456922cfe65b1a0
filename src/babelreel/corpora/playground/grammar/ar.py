"""Arabic: agreement of adjective and verb in gender, definite nouns at second mention, the accusative, verb first.

No vowel signs but the tanwin of an indefinite accusative ("مربعًا أحمر"), which is spelled with a letter of its own.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from babelreel.corpora.playground.grammar.content import Clause, Content, Mention, content
from babelreel.corpora.playground.scene import Colour, Heading, Plan, Scene, Shape, Size, Sound

Gender = Literal["m", "f"]


class Adjective(NamedTuple):
    """Masculine and feminine. `diptote`: takes no tanwin in the accusative."""

    m: str
    f: str
    diptote: bool = False


class Verb(NamedTuple):
    """Third person singular present, masculine and feminine, and what follows verb and subject."""

    m: str
    f: str
    tail: str = ""


NOUNS: dict[Shape, tuple[Gender, str]] = {
    "circle": ("f", "دائرة"),
    "square": ("m", "مربع"),
    "triangle": ("m", "مثلث"),
    "star": ("f", "نجمة"),
    "heart": ("m", "قلب"),
    "cross": ("m", "صليب"),
    "ring": ("f", "حلقة"),
    "moon": ("m", "هلال"),
}
COLOURS: dict[Colour, Adjective] = {
    "red": Adjective("أحمر", "حمراء", True),
    "orange": Adjective("برتقالي", "برتقالية"),
    "yellow": Adjective("أصفر", "صفراء", True),
    "green": Adjective("أخضر", "خضراء", True),
    "blue": Adjective("أزرق", "زرقاء", True),
    "purple": Adjective("بنفسجي", "بنفسجية"),
    "white": Adjective("أبيض", "بيضاء", True),
    "black": Adjective("أسود", "سوداء", True),
}
SIZES: dict[Size, Adjective] = {"small": Adjective("صغير", "صغيرة"), "large": Adjective("كبير", "كبيرة")}
TEXTURES: dict[Literal["striped", "dotted"], Adjective] = {
    "striped": Adjective("مخطط", "مخططة"),
    "dotted": Adjective("منقط", "منقطة"),
}
TANWIN = "ًا"
WAYS: dict[Heading, str] = {"left": "اليسار", "right": "اليمين", "up": "الأعلى", "down": "الأسفل"}
TURNS: dict[Heading, tuple[str, str]] = {
    "left": ("عكس عقارب الساعة", "عكس اتجاه عقارب الساعة"),
    "right": ("باتجاه عقارب الساعة", "في اتجاه عقارب الساعة"),
}
SOUNDS: dict[Sound, str] = {  # all of them feminine, like the verbs beside them
    "high_tone": "نغمة حادة",
    "low_tone": "نغمة غليظة",
    "rising_sweep": "نغمة صاعدة",
    "falling_sweep": "نغمة هابطة",
    "noise": "ضوضاء",
    "ticking": "تكتكة",
}


def realise(scene: Scene, plan: Plan) -> str:
    """One caption of `scene` in Arabic, as `plan` says."""
    told = content(scene, plan, "ar")
    if told.style == 0:
        opening = told.pick("opening", "", "في البداية ", "أولًا ") if len(told.clauses) > 1 else ""
        text = opening + _clause(told, 0)
    elif told.style == 1:
        shown = told.pick("frame", "يُظهر المقطع كيف ", "نرى في هذا الفيديو كيف ", "في هذا المقطع ", "")
        text = shown + _clause(told, 0) if shown else told.pick("seen", "نرى في المقطع ", "يُظهر الفيديو ") + _seen(told)
    else:
        text = _tag(told, 0)
    for i in range(1, len(told.clauses)):
        joiner = told.pick("joiner", " ثم ", "، ثم ", "، وبعد ذلك ", "، وبعدها ")
        text += joiner + (_tag(told, i) if told.style == 2 else _clause(told, i))
    return text + _sound(told) + ("" if told.style == 2 else ".")


def _clause(told: Content, i: int) -> str:
    """A verbal sentence: verb, subject, and the rest. The verb agrees with the noun next to it."""
    clause = told.clauses[i]
    gender = NOUNS[clause.actor.shape][0]
    who = _noun_phrase(clause.actor)
    if _together(told, clause) and clause.target is not None:
        verb = {"m": "يقترب", "f": "تقترب"}[gender]
        return f"{verb} {who} و{_noun_phrase(clause.target)} {_each_other(clause)}"
    verb_and_tail = _verb(told, i)
    parts = (_form(verb_and_tail, gender), "" if clause.repeated else who, verb_and_tail.tail)
    return " ".join(part for part in parts if part)


def _tag(told: Content, i: int) -> str:
    """A noun with a clause that describes it: "مربع أحمر يتحرك نحو اليسار"; known things take the usual order."""
    clause = told.clauses[i]
    if not clause.actor.first:
        return _clause(told, i)
    return _described(told, i, _noun_phrase(clause.actor), "nom")


def _seen(told: Content) -> str:
    """The first clause as something seen: its subject is an object in the accusative."""
    return _described(told, 0, _noun_phrase(told.clauses[0].actor, "acc"), "acc")


def _described(told: Content, i: int, who: str, case: Literal["nom", "acc"]) -> str:
    clause = told.clauses[i]
    gender = NOUNS[clause.actor.shape][0]
    if _together(told, clause) and clause.target is not None:
        verb = "تقترب" if _both_feminine(clause) else "يقترب"
        return f"{who} و{_noun_phrase(clause.target, case)} {verb} {_each_other(clause)}"
    verb_and_tail = _verb(told, i)
    return f"{who} {_form(verb_and_tail, gender)} {verb_and_tail.tail}".strip()


def _together(told: Content, clause: Clause) -> bool:
    """Whether a meeting is told of both things at once."""
    return clause.action == "meet" and told.pick("meet", True, False)


def _both_feminine(clause: Clause) -> bool:
    return clause.target is not None and NOUNS[clause.actor.shape][0] == NOUNS[clause.target.shape][0] == "f"


def _each_other(clause: Clause) -> str:
    """The reciprocal and the dual: feminine for two feminines, else masculine."""
    if _both_feminine(clause):
        return "إحداهما من الأخرى حتى تتلامسا"
    return "أحدهما من الآخر حتى يتلامسا"


def _form(verb: Verb, gender: Gender) -> str:
    return verb.m if gender == "m" else verb.f


def _verb(told: Content, i: int) -> Verb:
    """What the actor of clause `i` does."""
    clause = told.clauses[i]
    options: tuple[Verb, ...]
    if clause.target is not None:
        options = _pair_verbs(told, clause, clause.target)
    elif clause.action == "grow":
        options = (Verb("يكبر", "تكبر"), Verb("يكبر", "تكبر", "تدريجيًا"))
    elif clause.action == "shrink":
        options = (Verb("يصغر", "تصغر"), Verb("يتقلص", "تتقلص"), Verb("يصغر", "تصغر", "تدريجيًا"))
    elif clause.action == "turn" and clause.heading is not None:
        options = tuple(Verb("يدور", "تدور", turn) for turn in TURNS[clause.heading])
    else:
        way = _way(told, clause)
        options = (Verb("يتحرك", "تتحرك", way), Verb("ينتقل", "تنتقل", way), Verb("ينزلق", "تنزلق", way))
    return told.pick(f"verb{i}", *options)


def _pair_verbs(told: Content, clause: Clause, target: Mention) -> tuple[Verb, ...]:
    known = _noun_phrase(target)
    behind = told.pick("behind", "خلف", "وراء")
    if clause.action == "meet":
        return (Verb("يلتقي", "تلتقي", f"ب{known}"),)
    if clause.action == "hide":
        return (Verb("يختبئ", "تختبئ", f"{behind} {known}"), Verb("يختفي", "تختفي", f"{behind} {known}"))
    way = _way(told, clause)
    return (
        Verb("يتبع", "تتبع", f"{_noun_phrase(target, 'acc')} {way}"),
        Verb("يسير", "تسير", f"{way} {behind} {known}"),
    )


def _way(told: Content, clause: Clause) -> str:
    assert clause.heading is not None
    return f"{told.pick('towards', 'نحو', 'إلى')} {WAYS[clause.heading]}"


def _noun_phrase(mention: Mention, case: Literal["nom", "acc"] = "nom") -> str:
    """Indefinite with its adjectives at first mention, definite and bare later. Nominative and genitive look alike."""
    gender, noun = NOUNS[mention.shape]
    if not mention.first:
        return f"ال{noun}"
    adjectives = []
    if mention.colour is not None:
        adjectives.append(COLOURS[mention.colour])
    if mention.texture is not None:
        adjectives.append(TEXTURES[mention.texture])
    if mention.size is not None:
        adjectives.append(SIZES[mention.size])
    if gender == "f":
        return " ".join([noun, *(a.f for a in adjectives)])
    if case == "nom":
        return " ".join([noun, *(a.m for a in adjectives)])
    return " ".join([noun + TANWIN, *(a.m if a.diptote else a.m + TANWIN for a in adjectives)])


def _sound(told: Content) -> str:
    if told.sound is None:
        return ""
    if told.sound == "silence":
        if told.style == 2:
            return told.pick("sound", " دون صوت", " بلا صوت")
        return told.pick("sound", "، دون أي صوت", "، بلا أي صوت", "، ولا يُسمع أي صوت")
    sound = SOUNDS[told.sound]
    if told.style == 2:
        return told.pick("sound", f" مع {sound}", f"، {sound}")
    return told.pick("sound", f"، بينما تُسمع {sound}", f"، وترافق ذلك {sound}", f"، وتُسمع في أثناء ذلك {sound}")
