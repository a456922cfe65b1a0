"""French captions: gender agreement, the place of adjectives, elision, infinitives and participles."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest
from paraphrases import paraphrases

from babelreel.corpora.playground.grammar.content import Mention
from babelreel.corpora.playground.grammar.fr import noun_phrase, realise
from babelreel.corpora.playground.scene import SHAPES, Colour, Shape, Sound

SENTENCES = [
    # size before the noun, colour and texture behind it; feminine forms
    ("small red circle | 0 move left", 0, None, "Un petit cercle rouge se déplace vers la gauche."),
    ("small green striped cross | 0 move right", 0, None, "Une petite croix verte à rayures glisse vers la droite."),
    ("large white dotted star | 0 move up", 0, None, "Une grande étoile blanche à pois se déplace vers le haut."),
    ("large purple moon | 0 move down", 0, None, "Une grande lune violette glisse vers le bas."),
    # "orange" does not change
    ("orange star | 0 grow", 0, None, "Une étoile orange grandit."),
    # agreement behind "devenir" and in "lui-même", "elle-même"
    ("white moon | 0 grow", 0, None, "Une lune blanche devient plus grande."),
    ("black ring | 0 shrink", 0, None, "Un anneau noir devient plus petit."),
    ("star | 0 turn left", 0, None,
     "Une étoile tourne sur elle-même dans le sens inverse des aiguilles d'une montre."),
    ("heart | 0 turn right", 0, None, "Un cœur pivote sur lui-même dans le sens horaire."),
    # two events: no subject, or a pronoun of the right gender; what would only be repeated is left out
    ("red circle | 0 move left | 0 grow", 0, None, "Un cercle rouge se déplace vers la gauche, puis grandit."),
    ("red circle | 0 move left | 0 grow", 0, None,
     "D'abord, un cercle rouge se déplace vers la gauche, ensuite il grandit."),
    ("blue cross | 0 move left | 0 shrink", 0, None, "Une croix bleue glisse vers la gauche, puis elle rétrécit."),
    ("triangle | 0 move left | 0 move up", 0, None, "Un triangle se déplace vers la gauche, puis vers le haut."),
    ("star | 0 turn left | 0 turn right", 0, None,
     "Une étoile tourne sur elle-même dans le sens antihoraire, puis dans le sens horaire."),
    # two things; "l'" before a vowel at the second mention
    ("star & ring | 0 shrink | 1 grow", 0, None, "Une étoile rétrécit, puis un anneau grandit."),
    ("red star & black square | 0 meet 1", 0, None, "Une étoile rouge et un carré noir se rencontrent."),
    ("star & square | 0 meet 1 | 0 move left", 0, None,
     "Une étoile et un carré se rapprochent et se touchent, puis l'étoile se déplace vers la gauche."),
    ("ring & square | 0 follow 1 up | 0 grow", 0, None, "Un anneau suit un carré vers le haut, puis l'anneau grandit."),
    ("small heart & large moon | 0 hide 1", 0, None, "Un petit cœur se cache derrière une grande lune."),
    ("small heart & large moon | 0 hide 1 | 1 grow", 0, None,
     "Un petit cœur disparaît derrière une grande lune, puis la lune grandit."),
    # frames: a relative clause, "comment", an infinitive
    ("red circle | 0 move left | 0 grow", 1, None,
     "La vidéo montre un cercle rouge qui se déplace vers la gauche, puis grandit."),
    ("star & square | 0 meet 1", 1, None, "Le clip montre une étoile et un carré qui se rencontrent."),
    ("green star | 0 shrink | 0 move up", 1, None,
     "On voit une étoile verte devenir plus petite et ensuite glisser vers le haut."),
    ("star & cross | 0 follow 1 left", 1, None, "On voit une étoile suivre une croix vers la gauche."),
    ("star & cross | 0 grow | 1 shrink", 1, None,
     "Le clip montre comment une étoile grandit, puis une croix rétrécit."),
    ("star | 0 grow", 1, None, "Dans cette vidéo, une étoile grandit."),
    # sounds
    ("star | 0 grow", 0, "high_tone", "Une étoile grandit pendant qu'on entend un son aigu."),
    ("star | 0 grow", 0, "falling_sweep", "Avec un son de plus en plus grave en fond sonore, une étoile grandit."),
    ("star | 0 grow", 0, "silence", "En silence, une étoile grandit."),
    ("star & ring | 0 grow | 1 shrink", 0, "ticking",
     "Une étoile grandit, puis un anneau rétrécit, le tout avec un tic-tac en fond sonore."),
    # search phrases: no article for what acts
    ("red star | 0 move left | 0 grow", 2, None, "étoile rouge qui se déplace vers la gauche et ensuite grandit"),
    ("red star | 0 move left", 2, "low_tone", "étoile rouge se déplaçant vers la gauche, son grave"),
    ("small ring & large heart | 0 hide 1", 2, None, "petit anneau se cachant derrière un grand cœur"),
    ("star & ring | 0 shrink | 1 turn left", 2, "silence",
     "étoile rétrécissant, puis anneau tournant dans le sens antihoraire, sans aucun son"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "style", "sound", "sentence"), SENTENCES)
def test_a_native_sentence_is_among_the_paraphrases(text: str, style: int, sound: Sound | None, sentence: str) -> None:
    assert sentence in paraphrases(realise, text, style, sound)


def test_these_are_all_paraphrases() -> None:
    """Nothing but these: a wrong word cannot hide among the choices."""
    verbs = ("se déplace", "glisse")
    assert paraphrases(realise, "heart | 0 move left") == {f"Un cœur {verb} vers la gauche." for verb in verbs}
    assert paraphrases(realise, "star & moon | 0 hide 1") == {
        "Une étoile se cache derrière une lune.", "Une étoile disparaît derrière une lune.",
    }  # fmt: skip
    assert paraphrases(realise, "star & moon | 0 meet 1") == {
        "Une étoile et une lune se rencontrent.", "Une étoile et une lune se rapprochent et se touchent.",
        "Une étoile rencontre une lune.",
    }  # fmt: skip
    around = ("dans le sens inverse des aiguilles d'une montre", "dans le sens antihoraire")
    turns = ("tourne", "pivote", "tourne sur elle-même", "pivote sur elle-même")
    assert paraphrases(realise, "cross | 0 turn left") == {f"Une croix {t} {w}." for t, w in product(turns, around)}
    shrinks = ("qui rétrécit", "qui devient plus petite", "rétrécissant", "devenant plus petite")
    assert paraphrases(realise, "moon | 0 shrink", 2) == {f"lune {verb}" for verb in shrinks}
    frames = {
        *product(("La vidéo montre une lune qui", "Le clip montre une lune qui"), ("grandit", "devient plus grande")),
        *product(("La vidéo montre comment une lune", "Le clip montre comment une lune"),
                 ("grandit", "devient plus grande")),
        *product(("Dans cette vidéo, une lune", "Dans ce clip, une lune"), ("grandit", "devient plus grande")),
        *product(("On voit une lune",), ("grandir", "devenir plus grande")),
    }  # fmt: skip
    assert paraphrases(realise, "moon | 0 grow", 1) == {f"{opening} {verb}." for opening, verb in frames}


# indefinite, definite
NOUNS = (
    "un cercle, un carré, un triangle, une étoile, un cœur, une croix, un anneau, une lune",
    "le cercle, le carré, le triangle, l'étoile, le cœur, la croix, l'anneau, la lune",
)
COLOURS: dict[Colour, str] = {
    "red": "rouge rouge", "orange": "orange orange", "yellow": "jaune jaune", "green": "vert verte",
    "blue": "bleu bleue", "purple": "violet violette", "white": "blanc blanche", "black": "noir noire",
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_agreement_of_every_noun_with_every_adjective(shape: Shape) -> None:
    indefinite, definite = (line.split(", ")[SHAPES.index(shape)] for line in NOUNS)
    article, noun = indefinite.split()
    feminine = article == "une"
    assert noun_phrase(Mention(shape, first=False), article=False) == definite
    assert noun_phrase(Mention(shape), article=True) == indefinite
    for colour, forms in COLOURS.items():
        for size, said in (("small", ("petit", "petite")), ("large", ("grand", "grande"))):
            phrase = f"{said[feminine]} {noun} {forms.split()[feminine]} à pois"
            assert noun_phrase(Mention(shape, colour, size, "dotted"), article=True) == f"{article} {phrase}"  # type: ignore[arg-type]
            assert noun_phrase(Mention(shape, colour, size, "dotted"), article=False) == phrase  # type: ignore[arg-type]


def test_every_sound_has_its_name() -> None:
    names = {
        "high_tone": "un son aigu", "low_tone": "un son grave", "rising_sweep": "un son de plus en plus aigu",
        "falling_sweep": "un son de plus en plus grave", "noise": "un bruit de souffle", "ticking": "un tic-tac",
    }  # fmt: skip
    assert {*names, "silence"} == set(get_args(Sound))
    for sound, name in names.items():
        heard = paraphrases(realise, "ring | 0 grow", 0, sound)  # type: ignore[arg-type]
        assert {text for text in heard if "plus grand" not in text} == {
            f"Un anneau grandit, avec {name} en fond sonore.", f"Un anneau grandit pendant qu'on entend {name}.",
            f"Avec {name} en fond sonore, un anneau grandit.", f"Pendant qu'on entend {name}, un anneau grandit.",
        }  # fmt: skip
