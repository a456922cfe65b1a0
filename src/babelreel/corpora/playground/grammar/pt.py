"""Portuguese as in Brazil, with the reflexive pronoun before the verb: "Um pequeno círculo vermelho se move para a
esquerda e depois cresce." """

from __future__ import annotations

from typing import Literal, NamedTuple

from babelreel.corpora.playground.grammar.content import Clause, Content, Mention, content, sentence
from babelreel.corpora.playground.scene import Colour, Heading, Plan, Scene, Shape, Size, Sound

NOUNS: dict[Shape, tuple[str, Literal["m", "f"]]] = {
    "circle": ("círculo", "m"),
    "square": ("quadrado", "m"),
    "triangle": ("triângulo", "m"),
    "star": ("estrela", "f"),
    "heart": ("coração", "m"),
    "cross": ("cruz", "f"),
    "ring": ("anel", "m"),
    "moon": ("lua", "f"),
}
# Masculine and feminine.
COLOURS: dict[Colour, tuple[str, str]] = {
    "red": ("vermelho", "vermelha"),
    "orange": ("laranja", "laranja"),
    "yellow": ("amarelo", "amarela"),
    "green": ("verde", "verde"),
    "blue": ("azul", "azul"),
    "purple": ("roxo", "roxa"),
    "white": ("branco", "branca"),
    "black": ("preto", "preta"),
}
SIZES: dict[Size, tuple[str, str]] = {"small": ("pequeno", "pequena"), "large": ("grande", "grande")}
TEXTURES = {"striped": (("listrado", "listrada"), "com listras"), "dotted": (("de bolinhas",) * 2, "com bolinhas")}
WAYS: dict[Heading, str] = {
    "left": "para a esquerda",
    "right": "para a direita",
    "up": "para cima",
    "down": "para baixo",
}
TURNS: tuple[dict[Heading, str], ...] = (
    {
        "left": "no sentido contrário ao dos ponteiros do relógio",
        "right": "no sentido dos ponteiros do relógio",
    },
    {"left": "no sentido anti-horário", "right": "no sentido horário"},
)
TONES: dict[Sound, str] = {
    "high_tone": "um tom agudo",
    "low_tone": "um tom grave",
    "rising_sweep": "um tom ascendente",
    "falling_sweep": "um tom descendente",
    "noise": "um chiado",
    "ticking": "um tique-taque",
}


class Verb(NamedTuple):
    """Finite form and gerund of all of a predicate but its direction, and the direction (empty where there is none)."""

    finite: str
    gerund: str
    way: str = ""

    def say(self, gerund: bool = False) -> str:
        """One form with the direction."""
        return f"{self.gerund if gerund else self.finite} {self.way}".rstrip()


def realise(scene: Scene, plan: Plan) -> str:
    """Say in Portuguese what `plan` tells of `scene`."""
    telling = content(scene, plan, "pt")
    if telling.style == 2:
        return _tags(telling)
    return sentence(_with_sound(telling, _main(telling)) if telling.style == 0 else _frame(telling))


def noun_phrase(thing: Mention, article: bool, size_first: bool = True) -> str:
    """ "uma pequena estrela vermelha listrada", or without `size_first` "uma estrela vermelha pequena com listras"; a
    thing that was mentioned before always has its article: "a estrela"."""
    noun, gender = NOUNS[thing.shape]
    column = 0 if gender == "m" else 1
    if not thing.first:
        return f"{('o', 'a')[column]} {noun}"
    article_word = ("um", "uma")[column] if article else ""
    size = SIZES[thing.size][column] if thing.size else ""
    colour = COLOURS[thing.colour][column] if thing.colour else ""
    adjective, phrase = TEXTURES[thing.texture] if thing.texture else (("", ""), "")
    if size_first:
        words = [article_word, size, noun, colour, adjective[column]]
    else:
        words = [article_word, noun, colour, size, phrase]
    return " ".join(word for word in words if word)


def _frame(telling: Content) -> str:
    """ "o vídeo mostra como um círculo vermelho se move para a esquerda e depois cresce" """
    film, here = telling.pick("film", ("o vídeo", "neste vídeo"), ("o clipe", "neste clipe"))
    kind = telling.pick("frame", "here", "how", "doing", "see")
    if kind == "here":
        return f"{here}, {_main(telling)}{_sound_after(telling)}"
    if kind == "see":
        return f"{here}, vemos {_chain(telling, gerund=True)}{_sound_after(telling)}"
    if kind == "doing":
        return _with_sound(telling, f"{film} mostra {_chain(telling, gerund=True)}")
    return _with_sound(telling, f"{film} mostra como {_chain(telling)}")


def _tags(telling: Content) -> str:
    """ "círculo vermelho que se move para a esquerda e depois cresce", or "círculo vermelho se movendo ..." """
    said = telling.pick("form", _chain(telling, " que"), _chain(telling, gerund=True))
    if telling.sound is None:
        return said
    if telling.sound == "silence":
        return said + telling.pick("sound", ", sem som", ", sem nenhum som")
    tone = TONES[telling.sound]
    return said + telling.pick("sound", f", {tone.removeprefix('um ')}", f", ao som de {tone}")


def _main(telling: Content) -> str:
    """The events as main clauses."""
    if len(telling.clauses) == 2 and telling.style == 0 and not _sound_leads(telling):
        return telling.pick("order", "", "primeiro, ") + _chain(telling)
    return _chain(telling)


def _chain(telling: Content, link: str = "", gerund: bool = False) -> str:
    """The events in one form of the verb; `link` follows every subject."""
    first, *rest = telling.clauses
    one = f"{_subject(telling, first)}{link} {_verb(telling, first).say(gerund)}"
    if not rest:
        return one
    then, second = telling.pick("then", " e depois", " e, em seguida,"), _verb(telling, rest[0])
    if not rest[0].repeated:
        return f"{one}{then} {_subject(telling, rest[0])}{link} {second.say(gerund)}"
    # the verb too is left out where it would only be repeated
    return f"{one}{then} {second.way if first.action == rest[0].action else second.say(gerund)}"


def _subject(telling: Content, clause: Clause) -> str:
    if clause.target is not None and _plural(telling, clause):
        return f"{_thing(telling, clause.actor)} e {_thing(telling, clause.target)}"
    return _thing(telling, clause.actor)


def _verb(telling: Content, clause: Clause) -> Verb:
    way = WAYS[clause.heading] if clause.heading else ""
    match clause.action:
        case "move":
            return telling.pick(
                "move",
                Verb("se move", "se movendo", way),
                Verb("desliza", "deslizando", way),
                Verb("se desloca", "se deslocando", way),
            )
        case "turn":
            around = telling.pick("way", *TURNS)["left" if clause.heading == "left" else "right"]
            return telling.pick("turn", Verb("gira", "girando", around), Verb("roda", "rodando", around))
        case "grow":
            return telling.pick("grow", Verb("cresce", "crescendo"), Verb("fica maior", "ficando maior"))
        case "shrink":
            return telling.pick("shrink", Verb("encolhe", "encolhendo"), Verb("fica menor", "ficando menor"))
        case "meet" if _plural(telling, clause):
            touch = Verb("se aproximam até se tocarem", "se aproximando até se tocarem")
            return telling.pick("met", Verb("se encontram", "se encontrando"), touch)
        case "meet":
            return Verb("se encontra", "se encontrando", f"com {_target(telling, clause)}")
        case "hide":
            behind = f"atrás de {_target(telling, clause)}"
            gone = Verb("desaparece", "desaparecendo", behind)
            return telling.pick("hide", Verb("se esconde", "se escondendo", behind), gone)
        case "follow":
            return Verb("segue", "seguindo", f"{_target(telling, clause)} {way}")


def _thing(telling: Content, thing: Mention, article: bool = False) -> str:
    """A thing as subject: without an article in tags."""
    return noun_phrase(thing, article or telling.style != 2, size_first=telling.pick("size", True, False))


def _target(telling: Content, clause: Clause) -> str:
    assert clause.target is not None
    return _thing(telling, clause.target, article=True)


def _plural(telling: Content, clause: Clause) -> bool:
    """Whether a meeting is told of both, as their subject."""
    return clause.action == "meet" and telling.pick("meet", True, True, False)


def _with_sound(telling: Content, text: str) -> str:
    """The sound before the text or after it."""
    if telling.sound is None or not _sound_leads(telling):
        return text + _sound_after(telling)
    if telling.sound == "silence":
        return telling.pick("sound", "sem nenhum som, ", "em silêncio, ") + text
    tone = TONES[telling.sound]
    return telling.pick("sound", f"ao som de {tone}, ", f"enquanto se ouve {tone}, ") + text


def _sound_leads(telling: Content) -> bool:
    return telling.sound is not None and telling.pick("place", True, False)


def _sound_after(telling: Content) -> str:
    """The sound at the end; after two events it says that it belongs to both."""
    if telling.sound is None:
        return ""
    both = ", tudo" if len(telling.clauses) == 2 else ""
    if telling.sound == "silence":
        return both + telling.pick("sound", " sem nenhum som", " em silêncio")
    tone = TONES[telling.sound]
    if both:
        return f"{both} ao som de {tone}"
    return telling.pick("sound", f" ao som de {tone}", f" enquanto se ouve {tone}")
