"""Czech captions: what a native reader would accept, case by case, and full declension of every noun and adjective."""

from __future__ import annotations

from typing import get_args

import pytest
from paraphrases import paraphrases

from babelreel.corpora.playground.grammar.cs import realise
from babelreel.corpora.playground.scene import SHAPES, Shape, Sound

SENTENCES = [
    # one event: imperfective; "se" behind the subject, however long that is
    ("red circle | 0 move left", 0, None, "Červený kruh se posouvá doleva."),
    ("small blue striped star | 0 move up", 0, None, "Malá modrá pruhovaná hvězda se pohybuje nahoru."),
    ("large white heart | 0 shrink", 0, None, "Velké bílé srdce se zmenšuje."),
    ("yellow moon | 0 turn left", 0, None, "Žlutý měsíc se otáčí proti směru hodinových ručiček."),
    ("yellow moon | 0 turn right", 0, None, "Žlutý měsíc se otáčí po směru hodinových ručiček."),
    # a verb without "se"
    ("green triangle | 0 grow", 0, None, "Zelený trojúhelník roste."),
    # two events: perfective; the subject is not repeated, "se" behind "pak"; no comma before a coordinating "a"
    ("red circle | 0 move left | 0 grow", 0, None, "Červený kruh se posune doleva a pak se zvětší."),
    ("red circle | 0 move left | 0 grow", 0, None, "Červený kruh se posune doleva, potom vyroste."),
    # something else opens the sentence: "se" before the subject
    ("black cross | 0 move down | 0 shrink", 0, None, "Nejprve se černý kříž posune dolů, pak se zmenší."),
    ("star & ring | 0 shrink | 1 grow", 0, None, "Nejdřív se hvězda zmenší, nato prstenec vyroste."),
    # instrumental after "s", which becomes "se" before sibilants and before "čt"
    ("red circle & green heart | 0 meet 1", 0, None, "Červený kruh se setkává se zeleným srdcem."),
    ("circle & square | 0 meet 1", 0, None, "Kruh se setkává se čtvercem."),
    ("red circle & black square | 0 meet 1", 0, None, "Červený kruh se setkává s černým čtvercem."),
    ("small moon & large star | 0 meet 1", 0, None, "Malý měsíc se setkává s velkou hvězdou."),
    # a plural subject; the clause "až se dotknou" is closed by a comma even before "a"
    ("ring & heart | 0 meet 1", 0, None, "Prstenec a srdce se přibližují k sobě, až se dotknou."),
    (
        "ring & heart | 0 meet 1 | 1 move left", 0, None,
        "Prstenec a srdce se přiblíží k sobě, až se dotknou, a pak se srdce posune doleva.",
    ),
    # hiding: accusative of direction, or instrumental of place
    ("red ring & blue star | 0 hide 1", 0, None, "Červený prstenec se schovává za modrou hvězdu."),
    ("small red circle & large blue star | 0 hide 1", 0, None, "Malý červený kruh mizí za velkou modrou hvězdou."),
    (
        "small star & large square | 0 hide 1 | 1 turn left", 0, None,
        "Malá hvězda se ukryje za velký čtverec, pak se čtverec otočí proti směru hodinových ručiček.",
    ),
    # following: a direct object only where nominative and accusative differ
    ("red star & blue circle | 0 follow 1 up", 0, None, "Červená hvězda následuje modrý kruh směrem nahoru."),
    (
        "red heart & blue circle | 0 follow 1 up", 0, None,
        "Červené srdce se pohybuje směrem nahoru v závěsu za modrým kruhem.",
    ),
    # frames: "se" behind "jak", or behind the place
    ("red star | 0 move right", 1, None, "Video ukazuje, jak se červená hvězda posouvá doprava."),
    ("star | 0 move up | 0 grow", 1, None, "V tomto klipu se nejprve hvězda posune nahoru a pak se zvětší."),
    ("white heart | 0 grow", 1, "ticking", "Na videu je vidět, jak bílé srdce roste, přitom je slyšet tikání."),
    # sounds
    ("circle | 0 move left", 0, "rising_sweep", "Kruh se posouvá doleva, přičemž zní stoupající tón."),
    ("circle | 0 move left", 0, "silence", "Kruh se posouvá doleva, a to beze zvuku."),
    # search phrases: clauses or participles; a bare participle goes before its noun
    ("red star | 0 move left", 2, "noise", "červená hvězda se posouvá doleva, šum"),
    ("red star | 0 move left", 2, None, "červená hvězda posouvající se doleva"),
    ("red star | 0 move left | 0 grow", 2, None, "červená hvězda posouvající se doleva a pak rostoucí"),
    ("purple ring | 0 shrink", 2, "silence", "zmenšující se fialový prstenec, beze zvuku"),
    ("star & ring | 0 shrink | 1 move up", 2, None, "zmenšující se hvězda, pak prstenec posouvající se nahoru"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "style", "sound", "sentence"), SENTENCES)
def test_a_native_sentence_is_among_the_paraphrases(text: str, style: int, sound: Sound | None, sentence: str) -> None:
    assert sentence in paraphrases(realise, text, style, sound)


def test_these_are_all_paraphrases() -> None:
    """Nothing but these: a wrong word cannot hide among the choices."""
    ways = ("doleva", "směrem doleva")
    verbs = ("posouvá", "přesouvá", "pohybuje")
    moves = {f"Hvězda se {verb} {way}." for verb in verbs for way in ways}
    assert paraphrases(realise, "star | 0 move left") == moves
    hides = {"se schovává za čtverec", "se ukrývá za čtverec", "mizí za čtvercem"}
    assert paraphrases(realise, "circle & square | 0 hide 1") == {f"Kruh {hide}." for hide in hides}
    follows = {"se pohybuje směrem nahoru v závěsu za kruhem", "míří směrem nahoru v závěsu za kruhem"}
    # never "srdce následuje kruh": each of the two could be the object
    assert paraphrases(realise, "heart & circle | 0 follow 1 up") == {f"Srdce {follow}." for follow in follows}
    closes = {", přičemž zní šum.", ", přitom je slyšet šum.", ", k tomu zní šum."}
    assert paraphrases(realise, "ring | 0 shrink", 0, "noise") == {f"Prstenec se zmenšuje{c}" for c in closes}
    frames = ("Video ukazuje, jak", "Na videu je vidět, jak", "V klipu vidíme, jak", "V tomto klipu")
    assert paraphrases(realise, "ring | 0 shrink", 1) == {f"{f} se prstenec zmenšuje." for f in frames}


# nominative, accusative, instrumental
NOUNS: dict[Shape, str] = {
    "circle": "kruh kruh kruhem",
    "square": "čtverec čtverec čtvercem",
    "triangle": "trojúhelník trojúhelník trojúhelníkem",
    "star": "hvězda hvězdu hvězdou",
    "heart": "srdce srdce srdcem",
    "cross": "kříž kříž křížem",
    "ring": "prstenec prstenec prstencem",
    "moon": "měsíc měsíc měsícem",
}
# masculine, feminine, neuter: nominative; accusative; instrumental
ADJECTIVES = {
    "red": "červený červená červené; červený červenou červené; červeným červenou červeným",
    "orange": "oranžový oranžová oranžové; oranžový oranžovou oranžové; oranžovým oranžovou oranžovým",
    "yellow": "žlutý žlutá žluté; žlutý žlutou žluté; žlutým žlutou žlutým",
    "green": "zelený zelená zelené; zelený zelenou zelené; zeleným zelenou zeleným",
    "blue": "modrý modrá modré; modrý modrou modré; modrým modrou modrým",
    "purple": "fialový fialová fialové; fialový fialovou fialové; fialovým fialovou fialovým",
    "white": "bílý bílá bílé; bílý bílou bílé; bílým bílou bílým",
    "black": "černý černá černé; černý černou černé; černým černou černým",
    "small": "malý malá malé; malý malou malé; malým malou malým",
    "large": "velký velká velké; velký velkou velké; velkým velkou velkým",
    "striped": "pruhovaný pruhovaná pruhované; pruhovaný pruhovanou pruhované; pruhovaným pruhovanou pruhovaným",
    "dotted": "tečkovaný tečkovaná tečkované; tečkovaný tečkovanou tečkované; tečkovaným tečkovanou tečkovaným",
}
GENDERS = {"star": 1, "heart": 2}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("word", ADJECTIVES)
def test_declension(shape: Shape, word: str) -> None:
    forms = [column.split()[GENDERS.get(shape, 0)] for column in ADJECTIVES[word].split(";")]
    nom, acc, ins = (f"{adjective} {noun}" for adjective, noun in zip(forms, NOUNS[shape].split(), strict=True))
    other, its = ("circle", "kruh") if shape != "circle" else ("moon", "měsíc")
    third = forms[0] if shape not in GENDERS else ADJECTIVES[word].split()[0]
    hides = paraphrases(realise, f"{word} {other} & {word} {shape} | 0 hide 1", seeds=60)
    assert f"{third} {its} mizí za {ins}.".capitalize() in hides
    assert f"{third} {its} se schovává za {acc}.".capitalize() in hides
    grows = paraphrases(realise, f"{word} {shape} | 0 grow", seeds=60)
    assert f"{nom} se zvětšuje.".capitalize() in grows


def test_every_sound_has_its_name() -> None:
    names = {
        "high_tone": "vysoký tón", "low_tone": "hluboký tón", "rising_sweep": "stoupající tón",
        "falling_sweep": "klesající tón", "noise": "šum", "ticking": "tikání",
    }  # fmt: skip
    assert {*names, "silence"} == set(get_args(Sound))
    for sound, name in names.items():
        assert f"Kříž se zmenšuje, přičemž zní {name}." in paraphrases(realise, "cross | 0 shrink", 0, sound, seeds=60)
