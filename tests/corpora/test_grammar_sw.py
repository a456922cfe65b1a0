"""Swahili captions: concords of the noun classes 3, 5 and 9 in adjectives, verbs, relatives, objects, connectives."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest
from paraphrases import paraphrases

from babelreel.corpora.playground.grammar.content import Mention
from babelreel.corpora.playground.grammar.sw import Verb, conjugate, noun_phrase, realise
from babelreel.corpora.playground.scene import COLOURS, SHAPES, Shape, Sound

SENTENCES = [
    # class 5: adjective je-, verb li-
    ("small red circle | 0 move left", 0, None, "Duara dogo jekundu linasogea kuelekea kushoto."),
    # class 3: adjective mw- and m-, verb u-
    ("large black square | 0 move right", 0, None, "Mraba mkubwa mweusi unasogea kuelekea kulia."),
    ("small white heart | 0 move up", 0, None, "Moyo mdogo mweupe unaenda upande wa juu."),
    # class 9: adjective ny- and n-, but "kubwa"; verb i-
    ("small red star | 0 move down", 0, None, "Nyota ndogo nyekundu inateleza kuelekea chini."),
    ("large white ring | 0 grow", 0, None, "Pete kubwa nyeupe inakua."),
    # colours that do not inflect: the connective agrees
    ("green circle | 0 shrink", 0, None, "Duara la rangi ya kijani linapungua ukubwa."),
    ("yellow moon | 0 shrink", 0, None, "Mwezi wa rangi ya njano unapungua ukubwa."),
    ("large blue triangle | 0 grow", 0, None, "Pembetatu kubwa ya rangi ya buluu inakua."),
    # -enye
    ("red striped circle | 0 grow", 0, None, "Duara jekundu lenye mistari linakua."),
    ("orange striped cross | 0 grow", 0, None, "Msalaba wa rangi ya machungwa wenye mistari unakua."),
    ("purple dotted star | 0 grow", 0, None, "Nyota ya rangi ya zambarau yenye madoadoa inakua."),
    # "zidi kuwa" with an adjective that agrees
    ("circle | 0 grow", 0, None, "Duara linazidi kuwa kubwa."),
    ("square | 0 shrink", 0, None, "Mraba unazidi kuwa mdogo."),
    ("star | 0 shrink", 0, None, "Nyota inazidi kuwa ndogo."),
    # turning
    ("star | 0 turn left", 0, None, "Nyota inazunguka kinyume cha saa."),
    ("star | 0 turn right", 0, None, "Nyota inajizungusha kwa mwendo wa saa."),
    # two events: a second finite verb, or "na" and an infinitive ("kwenda" of -enda)
    ("red circle | 0 move left | 0 grow", 0, None, "Duara jekundu linasogea kuelekea kushoto, kisha linakua."),
    ("red circle | 0 move left | 0 grow", 0, None, "Duara jekundu linasogea upande wa kushoto na kisha kukua."),
    ("star | 0 grow | 0 move up", 0, None, "Kwanza nyota inakua na baadaye kwenda upande wa juu."),
    ("star | 0 move left | 0 move up", 0, None, "Nyota inasogea kuelekea kushoto na kisha kuelekea juu."),
    # two things; a demonstrative at the second mention: hilo, huo, hiyo
    ("star & square | 0 shrink | 1 grow", 0, None, "Kwanza nyota inapungua ukubwa, halafu mraba unakua."),
    ("red circle & black square | 0 meet 1", 0, None, "Duara jekundu linakutana na mraba mweusi."),
    ("circle & star | 0 meet 1 | 0 move left", 0, None,
     "Duara linakaribiana na nyota hadi kugusana, kisha duara hilo linasogea kuelekea kushoto."),
    ("small star & large heart | 0 hide 1 | 1 grow", 0, None,
     "Nyota ndogo inajificha nyuma ya moyo mkubwa, kisha moyo huo unakua."),
    # the object prefix agrees with the one who is followed
    ("square & star | 0 follow 1 left", 0, None, "Mraba unaifuata nyota kuelekea kushoto."),
    ("star & circle | 0 follow 1 up", 0, None, "Nyota inalifuata duara kuelekea juu."),
    ("circle & cross | 0 follow 1 down", 0, None, "Duara linaufuata msalaba kuelekea chini."),
    # frames: -ki- of what is seen, -vyo- behind "jinsi"
    ("red star | 0 move left | 0 grow", 1, None,
     "Video inaonyesha nyota nyekundu ikisogea kuelekea kushoto na kisha kukua."),
    ("red circle | 0 grow", 1, None, "Klipu inaonyesha jinsi duara jekundu linavyokua."),
    ("star & square | 0 grow | 1 shrink", 1, None,
     "Katika video hii tunaona nyota ikikua, kisha mraba ukipungua ukubwa."),
    ("heart | 0 grow", 1, None, "Katika klipu hii, moyo unakua."),
    # sounds: the verb agrees with the sound
    ("star | 0 grow", 0, "high_tone", "Nyota inakua, huku sauti nyembamba ikisikika."),
    ("star | 0 grow", 0, "noise", "Huku kelele zikisikika, nyota inakua."),
    ("star | 0 grow", 0, "ticking", "Huku mlio wa tik-tak wa saa ukisikika, nyota inakua."),
    ("star | 0 grow", 0, "silence", "Nyota inakua, bila sauti yoyote."),
    ("star & heart | 0 grow | 1 shrink", 0, "low_tone",
     "Nyota inakua, kisha moyo unapungua ukubwa, huku sauti nzito ikisikika muda wote."),
    # search phrases: relatives -lo-, -o-, -yo-, or -ki-
    ("red circle | 0 move left", 2, None, "duara jekundu linalosogea kuelekea kushoto"),
    ("square & star | 0 follow 1 left", 2, "rising_sweep", "mraba unaoifuata nyota kuelekea kushoto, sauti inayopanda"),
    ("red star | 0 move left | 0 grow", 2, None, "nyota nyekundu inayosogea kuelekea kushoto na kisha kukua"),
    ("red star | 0 turn right", 2, "silence", "nyota nyekundu ikizunguka kisaa, bila sauti"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "style", "sound", "sentence"), SENTENCES)
def test_a_native_sentence_is_among_the_paraphrases(text: str, style: int, sound: Sound | None, sentence: str) -> None:
    assert sentence in paraphrases(realise, text, style, sound)


def test_these_are_all_paraphrases() -> None:
    """Nothing but these: a wrong word cannot hide among the choices."""
    verbs, ways = ("unasogea", "unaenda", "unateleza"), ("kuelekea kushoto", "upande wa kushoto")
    assert paraphrases(realise, "heart | 0 move left") == {f"Moyo {v} {w}." for v, w in product(verbs, ways)}
    assert paraphrases(realise, "star & moon | 0 hide 1") == {
        "Nyota inajificha nyuma ya mwezi.", "Nyota inatoweka nyuma ya mwezi.",
    }  # fmt: skip
    assert paraphrases(realise, "star & moon | 0 meet 1", 2) == {
        "nyota inayokutana na mwezi", "nyota ikikutana na mwezi",
        "nyota inayokaribiana na mwezi hadi kugusana", "nyota ikikaribiana na mwezi hadi kugusana",
    }  # fmt: skip
    assert paraphrases(realise, "cross | 0 turn left") == {
        f"Msalaba {turn} {way}." for turn, way in
        product(("unazunguka", "unajizungusha"), ("kinyume cha mwendo wa saa", "kinyume cha saa"))
    }  # fmt: skip
    frames = {
        *product(("Video inaonyesha", "Klipu inaonyesha", "Katika video hii tunaona", "Katika klipu hii tunaona"),
                 ("duara likikua", "duara likizidi kuwa kubwa", "jinsi duara linavyokua",
                  "jinsi duara linavyozidi kuwa kubwa")),
        *product(("Katika video hii,", "Katika klipu hii,"), ("duara linakua", "duara linazidi kuwa kubwa")),
    }  # fmt: skip
    assert paraphrases(realise, "circle | 0 grow", 1) == {f"{opening} {verb}." for opening, verb in frames}


CLASSES: dict[Shape, int] = {
    "circle": 5, "square": 3, "triangle": 9, "star": 9, "heart": 3, "cross": 3, "ring": 9, "moon": 3,
}  # fmt: skip
NOUNS = ["duara", "mraba", "pembetatu", "nyota", "moyo", "msalaba", "pete", "mwezi"]
# Every word that agrees, by class.
AGREEMENT = {
    3: {
        "red": "mwekundu", "orange": "wa rangi ya machungwa", "yellow": "wa rangi ya njano",
        "green": "wa rangi ya kijani", "blue": "wa rangi ya buluu", "purple": "wa rangi ya zambarau",
        "white": "mweupe", "black": "mweusi", "small": "mdogo", "large": "mkubwa",
        "striped": "wenye mistari", "dotted": "wenye madoadoa", "again": "huo",
        "present": "unasogea", "participle": "ukisogea", "relative": "unaosogea", "manner": "unavyosogea",
    },
    5: {
        "red": "jekundu", "orange": "la rangi ya machungwa", "yellow": "la rangi ya njano",
        "green": "la rangi ya kijani", "blue": "la rangi ya buluu", "purple": "la rangi ya zambarau",
        "white": "jeupe", "black": "jeusi", "small": "dogo", "large": "kubwa",
        "striped": "lenye mistari", "dotted": "lenye madoadoa", "again": "hilo",
        "present": "linasogea", "participle": "likisogea", "relative": "linalosogea", "manner": "linavyosogea",
    },
    9: {
        "red": "nyekundu", "orange": "ya rangi ya machungwa", "yellow": "ya rangi ya njano",
        "green": "ya rangi ya kijani", "blue": "ya rangi ya buluu", "purple": "ya rangi ya zambarau",
        "white": "nyeupe", "black": "nyeusi", "small": "ndogo", "large": "kubwa",
        "striped": "yenye mistari", "dotted": "yenye madoadoa", "again": "hiyo",
        "present": "inasogea", "participle": "ikisogea", "relative": "inayosogea", "manner": "inavyosogea",
    },
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_everything_agrees_with_the_class_of_the_noun(shape: Shape) -> None:
    noun, words = NOUNS[SHAPES.index(shape)], AGREEMENT[CLASSES[shape]]
    for colour, size, texture in product(COLOURS, ("small", "large"), ("striped", "dotted")):
        said = noun_phrase(Mention(shape, colour, size, texture))  # type: ignore[arg-type]
        assert said == f"{noun} {words[size]} {words[colour]} {words[texture]}"
    assert noun_phrase(Mention(shape, first=False)) == f"{noun} {words['again']}"
    for form in ("present", "participle", "relative", "manner"):
        assert conjugate(shape, Verb("sogea", way="kulia"), form) == f"{words[form]} kulia"


def test_every_sound_has_its_name() -> None:
    names = {
        "high_tone": "sauti nyembamba ikisikika", "low_tone": "sauti nzito ikisikika",
        "rising_sweep": "sauti inayopanda ikisikika", "falling_sweep": "sauti inayoshuka ikisikika",
        "noise": "kelele zikisikika", "ticking": "mlio wa tik-tak wa saa ukisikika",
    }  # fmt: skip
    assert {*names, "silence"} == set(get_args(Sound))
    for sound, name in names.items():
        heard = paraphrases(realise, "ring | 0 grow", 0, sound)  # type: ignore[arg-type]
        assert {text for text in heard if "kubwa" not in text} == {
            f"Pete inakua, huku {name}.", f"Huku {name}, pete inakua.",
        }  # fmt: skip
