"""German captions: four cases' worth of endings, verb second, verb last, "sich", separable verbs."""

from __future__ import annotations

import re
from itertools import product
from typing import get_args

import pytest
from paraphrases import paraphrases

from babelreel.corpora.playground.grammar.content import Mention
from babelreel.corpora.playground.grammar.de import noun_phrase, realise
from babelreel.corpora.playground.scene import SHAPES, Colour, Shape, Size, Sound

SENTENCES = [
    # nominative, mixed declension: masculine -er, neuter -es
    ("small red circle | 0 move left", 0, None, "Ein kleiner roter Kreis bewegt sich nach links."),
    ("large blue square | 0 move right", 0, None, "Ein großes blaues Quadrat gleitet nach rechts."),
    ("orange star | 0 move up", 0, None, "Ein orangefarbener Stern wandert nach oben."),
    ("dotted white heart | 0 grow", 0, None, "Ein gepunktetes weißes Herz wird größer."),
    ("dotted white heart | 0 grow", 0, None, "Ein weißes Herz mit Punkten wächst."),
    # dative behind "hinter" and "folgen": -en for both genders; "Herz" becomes "Herzen"
    ("small red circle & large blue square | 0 hide 1", 0, None,
     "Ein kleiner roter Kreis versteckt sich hinter einem großen blauen Quadrat."),
    ("small ring & large heart | 0 hide 1", 0, None, "Ein kleiner Ring verschwindet hinter einem großen Herzen."),
    ("green moon & yellow star | 0 follow 1 left", 0, None, "Ein grüner Mond folgt einem gelben Stern nach links."),
    # a separable verb: its prefix at the end, or before the verb in a clause
    ("green moon & yellow star | 0 follow 1 left", 0, None,
     "Ein grüner Mond läuft einem gelben Stern nach links hinterher."),
    ("green moon & yellow star | 0 follow 1 left", 1, None,
     "Das Video zeigt, wie ein grüner Mond einem gelben Stern nach links hinterherläuft."),
    # accusative behind "trifft auf" and "zeigt": masculine -en, neuter as nominative
    ("red circle & black cross | 0 meet 1", 0, None, "Ein roter Kreis trifft auf ein schwarzes Kreuz."),
    ("black cross & red circle | 0 meet 1", 0, None, "Ein schwarzes Kreuz trifft auf einen roten Kreis."),
    ("purple ring | 0 turn left", 1, None,
     "Der Clip zeigt einen violetten Ring, der sich gegen den Uhrzeigersinn dreht."),
    ("small triangle | 0 turn right", 1, None, "Das Video zeigt ein kleines Dreieck, das im Uhrzeigersinn rotiert."),
    ("circle & square | 0 meet 1", 1, None, "Das Video zeigt einen Kreis und ein Quadrat, die sich treffen."),
    # verb second: the subject behind the verb after an adverb; "sich" before a noun, behind a pronoun
    ("red circle | 0 move left | 0 grow", 0, None,
     "Zuerst bewegt sich ein roter Kreis nach links, dann wird er größer."),
    ("star & cross | 0 shrink | 1 turn right", 0, None,
     "Ein Stern schrumpft, danach dreht sich ein Kreuz im Uhrzeigersinn."),
    ("heart | 0 grow | 0 move down", 0, None, "Ein Herz wächst, dann bewegt es sich nach unten."),
    # one subject for two verbs; what would only be repeated is left out
    ("moon | 0 grow | 0 turn left", 0, None, "Ein Mond wird größer und dreht sich dann gegen den Uhrzeigersinn."),
    ("moon | 0 move left | 0 move up", 0, None, "Ein Mond bewegt sich nach links und dann nach oben."),
    # verb last
    ("red circle | 0 move left", 1, None, "Im Video ist zu sehen, wie sich ein roter Kreis nach links bewegt."),
    ("red circle | 0 move left | 0 grow", 1, None,
     "Das Video zeigt, wie sich ein roter Kreis zuerst nach links bewegt und dann größer wird."),
    ("circle | 0 grow | 0 turn left", 1, None,
     "Im Clip sieht man, wie ein Kreis wächst und sich danach gegen den Uhrzeigersinn dreht."),
    ("circle | 0 move left | 0 move down", 1, None,
     "Der Clip zeigt, wie sich ein Kreis zuerst nach links und dann nach unten bewegt."),
    ("star & ring | 0 grow | 1 move up", 1, None,
     "Das Video zeigt, wie zuerst ein Stern größer wird und sich dann ein Ring nach oben bewegt."),
    ("star & ring | 0 meet 1 | 1 move up", 1, None,
     "Im Clip sieht man, wie ein Stern und ein Ring zusammenstoßen und dann der Ring nach oben gleitet."),
    ("star | 0 grow", 1, None, "In diesem Video wird ein Stern größer."),
    # sounds
    ("star | 0 shrink", 0, "low_tone", "Ein Stern wird kleiner, während ein tiefer Ton zu hören ist."),
    ("star | 0 shrink", 0, "high_tone", "Begleitet von einem hohen Ton schrumpft ein Stern."),
    ("star | 0 move up", 0, "silence", "Ohne jedes Geräusch bewegt sich ein Stern nach oben."),
    ("star | 0 grow", 1, "ticking", "Zu einem Ticken ist im Video zu sehen, wie ein Stern wächst."),
    # search phrases: no article for what acts, strong endings
    ("red star | 0 move left | 0 grow", 2, None, "roter Stern bewegt sich nach links und wird dann größer"),
    ("white cross | 0 move left | 0 grow", 2, "noise",
     "weißes Kreuz, das sich nach links bewegt und dann wächst, Rauschen"),
    ("small star & large heart | 0 hide 1", 2, None,
     "kleiner Stern, der sich hinter einem großen Herzen versteckt"),
    ("star & ring | 0 shrink | 1 turn left", 2, None, "Stern schrumpft, dann dreht sich Ring gegen den Uhrzeigersinn"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "style", "sound", "sentence"), SENTENCES)
def test_a_native_sentence_is_among_the_paraphrases(text: str, style: int, sound: Sound | None, sentence: str) -> None:
    assert sentence in paraphrases(realise, text, style, sound)


def test_these_are_all_paraphrases() -> None:
    """Nothing but these: a wrong word cannot hide among the choices."""
    assert paraphrases(realise, "heart | 0 move left") == {
        f"Ein Herz {verb} nach links." for verb in ("bewegt sich", "gleitet", "wandert")
    }
    assert paraphrases(realise, "star & moon | 0 hide 1") == {
        "Ein Stern versteckt sich hinter einem Mond.", "Ein Stern verschwindet hinter einem Mond.",
    }  # fmt: skip
    assert paraphrases(realise, "star & moon | 0 meet 1") == {
        "Ein Stern und ein Mond treffen sich.", "Ein Stern und ein Mond stoßen zusammen.",
        "Ein Stern trifft auf einen Mond.",
    }  # fmt: skip
    turns = {"Ein Herz wächst, {} {}.", "Zuerst wächst ein Herz, {} {}."}
    its = ("dreht es sich im Uhrzeigersinn", "rotiert es im Uhrzeigersinn")
    found = {text for text in paraphrases(realise, "heart | 0 grow | 0 turn right") if "größer" not in text}
    assert found == {
        *(turn.format(then, it) for turn, then, it in product(turns, ("dann", "danach"), its)),
        *(f"Ein Herz wächst und {verb} {then} im Uhrzeigersinn."
          for verb, then in product(("dreht sich", "rotiert"), ("dann", "danach"))),
    }  # fmt: skip
    openings = {f"{film}, wie {{}}" for film in (
        "Das Video zeigt", "Der Clip zeigt", "Im Video sieht man", "Im Clip sieht man",
        "Im Video ist zu sehen", "Im Clip ist zu sehen",
    )}  # fmt: skip
    found = {text for text in paraphrases(realise, "star | 0 turn left", 1) if "rotiert" not in text}
    against = "gegen den Uhrzeigersinn"
    assert found == {
        *(opening.format(f"sich ein Stern {against} dreht.") for opening in openings),
        *(f"{film} zeigt einen Stern, der sich {against} dreht." for film in ("Das Video", "Der Clip")),
        *(f"In diesem {film} dreht sich ein Stern {against}." for film in ("Video", "Clip")),
    }


# nominative, accusative, dative behind "ein"; the nominative without an article
PHRASES: dict[Shape, str] = {
    "circle": "ein kleiner roter Kreis, einen kleinen roten Kreis, einem kleinen roten Kreis, kleiner roter Kreis",
    "square": "ein kleines rotes Quadrat, ein kleines rotes Quadrat, einem kleinen roten Quadrat, "
    "kleines rotes Quadrat",
    "triangle": "ein kleines rotes Dreieck, ein kleines rotes Dreieck, einem kleinen roten Dreieck, "
    "kleines rotes Dreieck",
    "star": "ein kleiner roter Stern, einen kleinen roten Stern, einem kleinen roten Stern, kleiner roter Stern",
    "heart": "ein kleines rotes Herz, ein kleines rotes Herz, einem kleinen roten Herzen, kleines rotes Herz",
    "cross": "ein kleines rotes Kreuz, ein kleines rotes Kreuz, einem kleinen roten Kreuz, kleines rotes Kreuz",
    "ring": "ein kleiner roter Ring, einen kleinen roten Ring, einem kleinen roten Ring, kleiner roter Ring",
    "moon": "ein kleiner roter Mond, einen kleinen roten Mond, einem kleinen roten Mond, kleiner roter Mond",
}
DEFINITE = "der Kreis, das Quadrat, das Dreieck, der Stern, das Herz, das Kreuz, der Ring, der Mond"
ADJECTIVES: dict[tuple[Colour, Size], str] = {
    ("red", "small"): "kleiner roter", ("orange", "small"): "kleiner orangefarbener",
    ("yellow", "small"): "kleiner gelber", ("green", "small"): "kleiner grüner",
    ("blue", "large"): "großer blauer", ("purple", "large"): "großer violetter",
    ("white", "large"): "großer weißer", ("black", "large"): "großer schwarzer",
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_declension_of_every_noun(shape: Shape) -> None:
    thing = Mention(shape, "red", "small")
    found = [noun_phrase(thing, "nominative"), noun_phrase(thing, "accusative"), noun_phrase(thing, "dative")]
    assert [*found, noun_phrase(thing, "nominative", article=False)] == PHRASES[shape].split(", ")
    again = noun_phrase(Mention(shape, first=False), "nominative")
    assert again == DEFINITE.split(", ")[SHAPES.index(shape)]


@pytest.mark.parametrize(("adjectives", "words"), ADJECTIVES.items())
def test_every_adjective_in_every_case(adjectives: tuple[Colour, Size], words: str) -> None:
    thing = Mention("moon", *adjectives, "striped")
    size, colour = words.split()
    nominative = f"ein {size} gestreifter {colour} Mond"
    weak = f"{size[:-2]}en gestreiften {colour[:-2]}en Mond"
    assert noun_phrase(thing, "nominative") == nominative
    assert noun_phrase(thing, "accusative") == f"einen {weak}"
    assert noun_phrase(thing, "dative") == f"einem {weak}"
    assert noun_phrase(thing, "dative", after=True) == f"einem {weak.replace('gestreiften ', '')} mit Streifen"


@pytest.mark.parametrize("shape", SHAPES)
def test_pronouns_and_relatives_agree(shape: Shape) -> None:
    article = DEFINITE.split(", ")[SHAPES.index(shape)].split()[0]
    said = paraphrases(realise, f"{shape} | 0 grow | 0 move up", 0) | paraphrases(realise, f"{shape} | 0 grow", 1)
    pronouns = {word for text in said for word in re.findall(r"\b(er|es|sie)\b", text)}
    relatives = {word for text in said for word in re.findall(r", (der|das|die|den)\b", text)}
    assert (pronouns, relatives) == ({"der": {"er"}, "das": {"es"}}[article], {article})


def test_every_sound_has_its_name() -> None:
    names = {
        "high_tone": "ein hoher Ton", "low_tone": "ein tiefer Ton", "rising_sweep": "ein ansteigender Ton",
        "falling_sweep": "ein abfallender Ton", "noise": "ein Rauschen", "ticking": "ein Ticken",
    }  # fmt: skip
    assert {*names, "silence"} == set(get_args(Sound))
    for sound, name in names.items():
        dative = re.sub(r"^ein (?:(\w+)er )?", lambda m: f"einem {m[1]}en " if m[1] else "einem ", name)
        heard = paraphrases(realise, "ring | 0 grow", 0, sound)  # type: ignore[arg-type]
        assert {text for text in heard if "größer" not in text} == {
            f"Ein Ring wächst, während {name} zu hören ist.", f"Ein Ring wächst, begleitet von {dative}.",
            f"Zu {dative} wächst ein Ring.", f"Begleitet von {dative} wächst ein Ring.",
            f"Während {name} zu hören ist, wächst ein Ring.",
        }  # fmt: skip
