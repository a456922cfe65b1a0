"""Spanish captions: gender agreement, "gran" and "grande", clitics, gerunds, "a" before the one who is followed."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest
from paraphrases import paraphrases

from babelreel.corpora.playground.grammar.content import Mention
from babelreel.corpora.playground.grammar.es import noun_phrase, realise
from babelreel.corpora.playground.scene import SHAPES, Colour, Shape, Sound

SENTENCES = [
    # agreement; size before the noun, or behind it and then "de color"
    ("small red circle | 0 move left", 0, None, "Un pequeño círculo rojo se mueve hacia la izquierda."),
    ("small red star | 0 move right", 0, None, "Una pequeña estrella roja se desliza hacia la derecha."),
    ("small red star | 0 move right", 0, None, "Una estrella pequeña de color rojo se mueve hacia la derecha."),
    # "gran" before the noun for both genders, "grande" behind it
    ("large white cross | 0 move up", 0, None, "Una gran cruz blanca se desplaza hacia arriba."),
    ("large cross | 0 move down", 0, None, "Una cruz grande se mueve hacia abajo."),
    ("large black striped heart | 0 grow", 0, None, "Un gran corazón negro a rayas crece."),
    ("large black striped heart | 0 grow", 0, None, "Un corazón grande de color negro con rayas se hace más grande."),
    # colours that do not change
    ("orange star | 0 shrink", 0, None, "Una estrella naranja se encoge."),
    ("green moon | 0 shrink", 0, None, "Una luna verde se hace más pequeña."),
    ("blue ring | 0 shrink", 0, None, "Un anillo azul se hace más pequeño."),
    ("yellow dotted moon | 0 turn left", 0, None,
     "Una luna amarilla de lunares gira en sentido contrario a las agujas del reloj."),
    ("purple star | 0 turn right", 0, None, "Una estrella morada rota en el sentido de las agujas del reloj."),
    # two events: no pronoun; what would only be repeated is left out
    ("red circle | 0 move left | 0 grow", 0, None, "Un círculo rojo se mueve hacia la izquierda y luego crece."),
    ("red circle | 0 move left | 0 grow", 0, None,
     "Primero un círculo rojo se desliza hacia la izquierda y después crece."),
    ("star | 0 move left | 0 move up", 0, None, "Una estrella se mueve hacia la izquierda y luego hacia arriba."),
    ("star | 0 turn left | 0 turn right", 0, None,
     "Una estrella gira en sentido antihorario y luego en sentido horario."),
    # two things; the definite article at the second mention
    ("star & ring | 0 shrink | 1 grow", 0, None, "Una estrella se encoge y luego un anillo crece."),
    ("red star & black square | 0 meet 1", 0, None, "Una estrella roja y un cuadrado negro se encuentran."),
    ("red star & black square | 0 meet 1", 0, None, "Una estrella roja se encuentra con un cuadrado negro."),
    ("star & square | 0 meet 1 | 0 move left", 0, None,
     "Una estrella y un cuadrado se acercan hasta tocarse y luego la estrella se mueve hacia la izquierda."),
    ("small heart & large moon | 0 hide 1 | 1 grow", 0, None,
     "Un pequeño corazón se esconde detrás de una gran luna y después la luna crece."),
    ("star & square | 0 follow 1 up", 0, None, "Una estrella sigue a un cuadrado hacia arriba."),
    # frames; plural agreement of the verb of seeing
    ("red circle | 0 move left | 0 grow", 1, None,
     "El vídeo muestra cómo un círculo rojo se mueve hacia la izquierda y luego crece."),
    ("star | 0 grow", 1, None, "En el vídeo se ve una estrella que crece."),
    ("star & square | 0 meet 1", 1, None, "En el clip se ven una estrella y un cuadrado que se encuentran."),
    ("star & square | 0 grow | 1 shrink", 1, None,
     "En el vídeo se ve cómo una estrella crece y luego un cuadrado se encoge."),
    # sounds
    ("star | 0 grow", 0, "high_tone", "Una estrella crece mientras se oye un tono agudo."),
    ("star | 0 grow", 0, "noise", "Con un siseo de fondo, una estrella crece."),
    ("star | 0 grow", 0, "silence", "Una estrella crece en silencio."),
    ("star | 0 grow | 0 move up", 1, "low_tone",
     "En este vídeo, una estrella crece y luego se mueve hacia arriba, todo con un tono grave de fondo."),
    # search phrases: no article for what acts; the pronoun behind the gerund
    ("red star | 0 move left | 0 grow", 2, None, "estrella roja que se mueve hacia la izquierda y luego crece"),
    ("red star | 0 move left | 0 shrink", 2, "ticking",
     "estrella roja moviéndose hacia la izquierda y luego encogiéndose, tictac"),
    ("small ring & large heart | 0 hide 1", 2, None, "pequeño anillo escondiéndose detrás de un gran corazón"),
    ("star & ring | 0 shrink | 1 move up", 2, "silence",
     "estrella que se encoge y luego anillo que se desplaza hacia arriba, sin sonido"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "style", "sound", "sentence"), SENTENCES)
def test_a_native_sentence_is_among_the_paraphrases(text: str, style: int, sound: Sound | None, sentence: str) -> None:
    assert sentence in paraphrases(realise, text, style, sound)


def test_these_are_all_paraphrases() -> None:
    """Nothing but these: a wrong word cannot hide among the choices."""
    verbs = ("se mueve", "se desliza", "se desplaza")
    assert paraphrases(realise, "heart | 0 move left") == {f"Un corazón {verb} hacia la izquierda." for verb in verbs}
    assert paraphrases(realise, "star & moon | 0 hide 1") == {
        "Una estrella se esconde detrás de una luna.", "Una estrella desaparece detrás de una luna.",
    }  # fmt: skip
    assert paraphrases(realise, "star & moon | 0 meet 1", 2) == {
        *(f"estrella y luna {meet}" for meet in (
            "que se encuentran", "que se acercan hasta tocarse", "encontrándose", "acercándose hasta tocarse")),
        "estrella que se encuentra con una luna", "estrella encontrándose con una luna",
    }  # fmt: skip
    around = ("en sentido contrario a las agujas del reloj", "en sentido antihorario")
    assert paraphrases(realise, "cross | 0 turn left") == {
        f"Una cruz {turn} {way}." for turn, way in product(("gira", "rota"), around)
    }
    shrinks = ("que se encoge", "que se hace más pequeña", "encogiéndose", "haciéndose más pequeña")
    assert paraphrases(realise, "moon | 0 shrink", 2) == {f"luna {verb}" for verb in shrinks}
    frames = ("El {} muestra cómo una luna {}.", "En el {} se ve cómo una luna {}.", "En el {} se ve una luna que {}.",
              "En este {}, una luna {}.")  # fmt: skip
    assert paraphrases(realise, "moon | 0 grow", 1) == {
        frame.format(film, verb) for frame, film, verb in
        product(frames, ("vídeo", "clip"), ("crece", "se hace más grande"))
    }  # fmt: skip


# indefinite, definite
NOUNS = (
    "un círculo, un cuadrado, un triángulo, una estrella, un corazón, una cruz, un anillo, una luna",
    "el círculo, el cuadrado, el triángulo, la estrella, el corazón, la cruz, el anillo, la luna",
)
COLOURS: dict[Colour, str] = {
    "red": "rojo roja", "orange": "naranja naranja", "yellow": "amarillo amarilla", "green": "verde verde",
    "blue": "azul azul", "purple": "morado morada", "white": "blanco blanca", "black": "negro negra",
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_agreement_of_every_noun_with_every_adjective(shape: Shape) -> None:
    indefinite, definite = (line.split(", ")[SHAPES.index(shape)] for line in NOUNS)
    article, noun = indefinite.split()
    feminine = article == "una"
    small = ("pequeño", "pequeña")[feminine]
    assert noun_phrase(Mention(shape, first=False), article=False) == definite
    assert noun_phrase(Mention(shape), article=True) == indefinite
    for colour, forms in COLOURS.items():
        agreeing, masculine = forms.split()[feminine], forms.split()[0]
        for size, before, after in (("small", small, small), ("large", "gran", "grande")):
            thing = Mention(shape, colour, size, "dotted")  # type: ignore[arg-type]
            assert noun_phrase(thing, article=True) == f"{article} {before} {noun} {agreeing} de lunares"
            late = noun_phrase(thing, article=True, size_first=False)
            assert late == f"{indefinite} {after} de color {masculine} con lunares"
        assert noun_phrase(Mention(shape, colour), article=False, size_first=False) == f"{noun} {agreeing}"


def test_every_sound_has_its_name() -> None:
    names = {
        "high_tone": "un tono agudo", "low_tone": "un tono grave", "rising_sweep": "un tono ascendente",
        "falling_sweep": "un tono descendente", "noise": "un siseo", "ticking": "un tictac",
    }  # fmt: skip
    assert {*names, "silence"} == set(get_args(Sound))
    for sound, name in names.items():
        heard = paraphrases(realise, "ring | 0 grow", 0, sound)  # type: ignore[arg-type]
        assert {text for text in heard if "más grande" not in text} == {
            f"Un anillo crece, con {name} de fondo.", f"Un anillo crece mientras se oye {name}.",
            f"Con {name} de fondo, un anillo crece.", f"Mientras se oye {name}, un anillo crece.",
        }  # fmt: skip
