"""Spanish: "Un pequeño círculo rojo se mueve hacia la izquierda y luego crece." """

from __future__ import annotations

from typing import Literal, NamedTuple

from babelreel.corpora.playground.grammar.content import Clause, Content, Mention, content, sentence
from babelreel.corpora.playground.scene import Colour, Heading, Plan, Scene, Shape, Size, Sound

NOUNS: dict[Shape, tuple[str, Literal["m", "f"]]] = {
    "circle": ("círculo", "m"),
    "square": ("cuadrado", "m"),
    "triangle": ("triángulo", "m"),
    "star": ("estrella", "f"),
    "heart": ("corazón", "m"),
    "cross": ("cruz", "f"),
    "ring": ("anillo", "m"),
    "moon": ("luna", "f"),
}
# Masculine and feminine.
COLOURS: dict[Colour, tuple[str, str]] = {
    "red": ("rojo", "roja"),
    "orange": ("naranja", "naranja"),
    "yellow": ("amarillo", "amarilla"),
    "green": ("verde", "verde"),
    "blue": ("azul", "azul"),
    "purple": ("morado", "morada"),
    "white": ("blanco", "blanca"),
    "black": ("negro", "negra"),
}
SIZES_BEFORE: dict[Size, tuple[str, str]] = {"small": ("pequeño", "pequeña"), "large": ("gran", "gran")}
SIZES_AFTER: dict[Size, tuple[str, str]] = {"small": ("pequeño", "pequeña"), "large": ("grande", "grande")}
TEXTURES = {"striped": ("a rayas", "con rayas"), "dotted": ("de lunares", "con lunares")}
WAYS: dict[Heading, str] = {
    "left": "hacia la izquierda",
    "right": "hacia la derecha",
    "up": "hacia arriba",
    "down": "hacia abajo",
}
TURNS: tuple[dict[Heading, str], ...] = (
    {
        "left": "en sentido contrario a las agujas del reloj",
        "right": "en el sentido de las agujas del reloj",
    },
    {"left": "en sentido antihorario", "right": "en sentido horario"},
)
TONES: dict[Sound, str] = {
    "high_tone": "un tono agudo",
    "low_tone": "un tono grave",
    "rising_sweep": "un tono ascendente",
    "falling_sweep": "un tono descendente",
    "noise": "un siseo",
    "ticking": "un tictac",
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
    """Say in Spanish what `plan` tells of `scene`."""
    telling = content(scene, plan, "es")
    if telling.style == 2:
        return _tags(telling)
    return sentence(_with_sound(telling, _main(telling)) if telling.style == 0 else _frame(telling))


def noun_phrase(thing: Mention, article: bool, size_first: bool = True) -> str:
    """ "una gran estrella roja a rayas", or without `size_first` "una estrella grande de color rojo con rayas"; a thing
    that was mentioned before always has its article: "la estrella"."""
    noun, gender = NOUNS[thing.shape]
    column = 0 if gender == "m" else 1
    if not thing.first:
        return f"{('el', 'la')[column]} {noun}"
    words = [("un", "una")[column] if article else ""]
    colour = COLOURS[thing.colour][column] if thing.colour else ""
    if size_first:
        words += [SIZES_BEFORE[thing.size][column] if thing.size else "", noun, colour]
    else:
        if thing.colour and thing.size:
            colour = f"de color {COLOURS[thing.colour][0]}"
        words += [noun, SIZES_AFTER[thing.size][column] if thing.size else "", colour]
    words.append(TEXTURES[thing.texture][0 if size_first else 1] if thing.texture else "")
    return " ".join(word for word in words if word)


def _frame(telling: Content) -> str:
    """ "el vídeo muestra cómo un círculo rojo se mueve hacia la izquierda y luego crece" """
    film, here, inside = telling.pick(
        "film", ("el vídeo", "en este vídeo", "en el vídeo"), ("el clip", "en este clip", "en el clip")
    )
    kind = telling.pick("frame", "here", "shows", "see", "which")
    if kind == "here":
        return f"{here}, {_main(telling)}{_sound_after(telling)}"
    if kind == "which" and _alone(telling):
        seen = "se ven" if _plural(telling, telling.clauses[0]) else "se ve"
        return _with_sound(telling, f"{inside} {seen} {_chain(telling, ' que')}")
    opening = f"{film} muestra cómo" if kind == "shows" else f"{inside} se ve cómo"
    return _with_sound(telling, f"{opening} {_chain(telling)}")


def _tags(telling: Content) -> str:
    """ "círculo rojo que se mueve hacia la izquierda y luego crece", or "círculo rojo moviéndose ..." """
    said = telling.pick("form", _chain(telling, " que"), _chain(telling, gerund=True))
    if telling.sound is None:
        return said
    if telling.sound == "silence":
        return said + telling.pick("sound", ", sin sonido", ", sin ningún sonido")
    tone = TONES[telling.sound]
    return said + telling.pick("sound", f", {tone.removeprefix('un ')}", f", con {tone}")


def _main(telling: Content) -> str:
    """The events as main clauses."""
    if len(telling.clauses) == 2 and telling.style == 0 and not _sound_leads(telling):
        return telling.pick("order", "", "primero ") + _chain(telling)
    return _chain(telling)


def _chain(telling: Content, link: str = "", gerund: bool = False) -> str:
    """The events in one form of the verb; `link` follows every subject."""
    first, *rest = telling.clauses
    one = f"{_subject(telling, first)}{link} {_verb(telling, first).say(gerund)}"
    if not rest:
        return one
    then, second = telling.pick("then", "y luego", "y después"), _verb(telling, rest[0])
    if not rest[0].repeated:
        return f"{one} {then} {_subject(telling, rest[0])}{link} {second.say(gerund)}"
    # the verb too is left out where it would only be repeated
    return f"{one} {then} {second.way if first.action == rest[0].action else second.say(gerund)}"


def _subject(telling: Content, clause: Clause) -> str:
    if clause.target is not None and _plural(telling, clause):
        return f"{_thing(telling, clause.actor)} y {_thing(telling, clause.target)}"
    return _thing(telling, clause.actor)


def _verb(telling: Content, clause: Clause) -> Verb:
    way = WAYS[clause.heading] if clause.heading else ""
    match clause.action:
        case "move":
            return telling.pick(
                "move",
                Verb("se mueve", "moviéndose", way),
                Verb("se desliza", "deslizándose", way),
                Verb("se desplaza", "desplazándose", way),
            )
        case "turn":
            around = telling.pick("way", *TURNS)["left" if clause.heading == "left" else "right"]
            return telling.pick("turn", Verb("gira", "girando", around), Verb("rota", "rotando", around))
        case "grow":
            bigger = Verb("se hace más grande", "haciéndose más grande")
            return telling.pick("grow", Verb("crece", "creciendo"), bigger)
        case "shrink":
            small = f"más {SIZES_AFTER['small'][0 if NOUNS[clause.actor.shape][1] == 'm' else 1]}"
            smaller = Verb(f"se hace {small}", f"haciéndose {small}")
            return telling.pick("shrink", Verb("se encoge", "encogiéndose"), smaller)
        case "meet" if _plural(telling, clause):
            touch = Verb("se acercan hasta tocarse", "acercándose hasta tocarse")
            return telling.pick("met", Verb("se encuentran", "encontrándose"), touch)
        case "meet":
            return Verb("se encuentra", "encontrándose", f"con {_target(telling, clause)}")
        case "hide":
            behind = f"detrás de {_target(telling, clause)}"
            gone = Verb("desaparece", "desapareciendo", behind)
            return telling.pick("hide", Verb("se esconde", "escondiéndose", behind), gone)
        case "follow":
            return Verb("sigue", "siguiendo", f"a {_target(telling, clause)} {way}")


def _thing(telling: Content, thing: Mention, article: bool = False) -> str:
    """A thing as subject: without an article in tags."""
    return noun_phrase(thing, article or telling.style != 2, size_first=telling.pick("size", True, False))


def _target(telling: Content, clause: Clause) -> str:
    assert clause.target is not None
    return _thing(telling, clause.target, article=True)


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
        return telling.pick("sound", "sin ningún sonido, ", "en silencio, ") + text
    tone = TONES[telling.sound]
    return telling.pick("sound", f"con {tone} de fondo, ", f"mientras se oye {tone}, ") + text


def _sound_leads(telling: Content) -> bool:
    return telling.sound is not None and telling.pick("place", True, False)


def _sound_after(telling: Content) -> str:
    """The sound at the end; after two events it says that it belongs to both."""
    if telling.sound is None:
        return ""
    both = ", todo" if len(telling.clauses) == 2 else ""
    if telling.sound == "silence":
        return both + telling.pick("sound", " sin ningún sonido", " en silencio")
    tone = TONES[telling.sound]
    if both:
        return f"{both} con {tone} de fondo"
    return telling.pick("sound", f", con {tone} de fondo", f" mientras se oye {tone}")
