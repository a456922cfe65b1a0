"""Russian captions: what a native reader would accept, case by case, and declension of every noun and adjective."""

from __future__ import annotations

from typing import get_args

import pytest
from paraphrases import paraphrases

from babelreel.corpora.playground.grammar.ru import realise
from babelreel.corpora.playground.scene import SHAPES, Shape, Sound

SENTENCES = [
    # three genders in the nominative; soft "синий", velar "маленький", stressed "большой"
    ("red circle | 0 move left", 0, None, "Красный круг движется влево."),
    ("small blue star | 0 move up", 0, None, "Маленькая синяя звезда перемещается вверх."),
    ("large blue heart | 0 move down", 0, None, "Большое синее сердце сдвигается вниз."),
    ("small blue moon | 0 grow", 0, None, "Маленький синий полумесяц растёт."),
    ("yellow moon | 0 turn left", 0, None, "Жёлтый полумесяц вращается против часовой стрелки."),
    ("yellow moon | 0 turn right", 0, None, "Жёлтый полумесяц поворачивается по часовой стрелке."),
    # "в горошек" stands behind the noun, undeclined
    ("black dotted ring | 0 shrink", 0, None, "Чёрное кольцо в горошек уменьшается."),
    ("black striped ring | 0 shrink", 0, None, "Чёрное полосатое кольцо становится меньше."),
    # two events: imperfective, the subject is not repeated; another one is
    ("red circle | 0 move left | 0 grow", 0, None, "Красный круг движется влево, а затем увеличивается."),
    ("red circle | 0 move left | 0 grow", 0, None, "Сначала красный круг движется влево, потом растёт."),
    ("star & ring | 0 shrink | 1 move up", 0, None, "Звезда уменьшается, после чего кольцо движется вверх."),
    # instrumental after "с", which becomes "со" before "зв"
    ("circle & star | 0 meet 1", 0, None, "Круг встречается со звездой."),
    ("small circle & large star | 0 meet 1", 0, None, "Маленький круг встречается с большой звездой."),
    ("red ring & green heart | 0 meet 1", 0, None, "Красное кольцо встречается с зелёным сердцем."),
    # a plural subject; who is dotted goes first, so that the other is not taken for dotted
    ("ring & heart | 0 meet 1", 0, None, "Кольцо и сердце движутся навстречу друг другу и соприкасаются."),
    (
        "ring & dotted heart | 0 meet 1 | 0 move left", 0, None,
        "Сердце в горошек и кольцо движутся навстречу друг другу и соприкасаются, затем кольцо движется влево.",
    ),
    # hiding: accusative of direction, or instrumental of place
    ("red circle & blue star | 0 hide 1", 0, None, "Красный круг прячется за синюю звезду."),
    ("red circle & blue star | 0 hide 1", 0, None, "Красный круг исчезает за синей звездой."),
    (
        "small star & large square | 0 hide 1 | 1 turn left", 0, None,
        "Маленькая звезда скрывается за большим квадратом, а потом квадрат поворачивается против часовой стрелки.",
    ),
    ("orange cross & white ring | 0 follow 1 up", 0, None, "Оранжевый крест следует за белым кольцом вверх."),
    ("orange cross & white ring | 0 follow 1 up", 0, None, "Оранжевый крест движется вверх вслед за белым кольцом."),
    # frames
    ("red star | 0 move right", 1, None, "Видео показывает, как красная звезда движется вправо."),
    ("star | 0 move up | 0 grow", 1, None, "В этом ролике сначала звезда движется вверх, а затем увеличивается."),
    # the short form agrees with the sound
    ("white heart | 0 grow", 1, "ticking", "На видео видно, как белое сердце растёт, при этом слышно тиканье."),
    ("white heart | 0 grow", 1, "noise", "На видео видно, как белое сердце растёт, при этом слышен шум."),
    ("circle | 0 move left", 0, "rising_sweep", "Круг движется влево, и всё это под повышающийся тон."),
    ("circle | 0 move left", 0, "silence", "Круг движется влево, при этом не слышно ни звука."),
    # search phrases: clauses, or participles that agree; a bare participle goes before its noun
    ("red star | 0 move left", 2, "low_tone", "красная звезда движется влево, низкий тон"),
    ("red star | 0 move left", 2, None, "красная звезда, движущаяся влево"),
    ("red heart | 0 move left | 0 grow", 2, None, "красное сердце, движущееся влево, а затем растущее"),
    ("purple ring | 0 shrink", 2, "silence", "уменьшающееся фиолетовое кольцо, без звука"),
    ("small moon & large star | 0 hide 1", 2, None, "маленький полумесяц, прячущийся за большую звезду"),
    ("star & ring | 0 shrink | 1 move up", 2, None, "уменьшающаяся звезда, затем кольцо, движущееся вверх"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "style", "sound", "sentence"), SENTENCES)
def test_a_native_sentence_is_among_the_paraphrases(text: str, style: int, sound: Sound | None, sentence: str) -> None:
    assert sentence in paraphrases(realise, text, style, sound)


def test_these_are_all_paraphrases() -> None:
    """Nothing but these: a wrong word cannot hide among the choices."""
    moves = {"движется", "перемещается", "сдвигается"}
    assert paraphrases(realise, "star | 0 move left") == {f"Звезда {move} влево." for move in moves}
    hides = {"прячется за квадрат", "скрывается за квадратом", "исчезает за квадратом"}
    assert paraphrases(realise, "circle & square | 0 hide 1") == {f"Круг {hide}." for hide in hides}
    closes = {", при этом слышен шум.", ", при этом раздаётся шум.", ", и всё это под шум."}
    shrinks = {"становится меньше", "уменьшается"}
    found = paraphrases(realise, "ring | 0 shrink", 0, "noise")
    assert found == {f"Кольцо {shrink}{close}" for shrink in shrinks for close in closes}
    frames = ("Видео показывает, как", "На видео видно, как", "В ролике показано, как", "В этом ролике")
    found = paraphrases(realise, "ring | 0 shrink", 1)
    assert found == {f"{frame} кольцо {shrink}." for frame in frames for shrink in shrinks}


# nominative, accusative, instrumental
NOUNS: dict[Shape, str] = {
    "circle": "круг круг кругом",
    "square": "квадрат квадрат квадратом",
    "triangle": "треугольник треугольник треугольником",
    "star": "звезда звезду звездой",
    "heart": "сердце сердце сердцем",
    "cross": "крест крест крестом",
    "ring": "кольцо кольцо кольцом",
    "moon": "полумесяц полумесяц полумесяцем",
}
# masculine, feminine, neuter: nominative; accusative; instrumental
ADJECTIVES = {
    "red": "красный красная красное; красный красную красное; красным красной красным",
    "orange": "оранжевый оранжевая оранжевое; оранжевый оранжевую оранжевое; оранжевым оранжевой оранжевым",
    "yellow": "жёлтый жёлтая жёлтое; жёлтый жёлтую жёлтое; жёлтым жёлтой жёлтым",
    "green": "зелёный зелёная зелёное; зелёный зелёную зелёное; зелёным зелёной зелёным",
    "blue": "синий синяя синее; синий синюю синее; синим синей синим",
    "purple": "фиолетовый фиолетовая фиолетовое; фиолетовый фиолетовую фиолетовое; фиолетовым фиолетовой фиолетовым",
    "white": "белый белая белое; белый белую белое; белым белой белым",
    "black": "чёрный чёрная чёрное; чёрный чёрную чёрное; чёрным чёрной чёрным",
    "small": "маленький маленькая маленькое; маленький маленькую маленькое; маленьким маленькой маленьким",
    "large": "большой большая большое; большой большую большое; большим большой большим",
    "striped": "полосатый полосатая полосатое; полосатый полосатую полосатое; полосатым полосатой полосатым",
}
GENDERS = {"star": 1, "heart": 2, "ring": 2}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("word", ADJECTIVES)
def test_declension(shape: Shape, word: str) -> None:
    forms = [column.split()[GENDERS.get(shape, 0)] for column in ADJECTIVES[word].split(";")]
    nom, acc, ins = (f"{adjective} {noun}" for adjective, noun in zip(forms, NOUNS[shape].split(), strict=True))
    other, its = ("circle", "круг") if shape != "circle" else ("moon", "полумесяц")
    masculine = ADJECTIVES[word].split()[0]
    hides = paraphrases(realise, f"{word} {other} & {word} {shape} | 0 hide 1", seeds=60)
    assert f"{masculine} {its} исчезает за {ins}.".capitalize() in hides
    assert f"{masculine} {its} прячется за {acc}.".capitalize() in hides
    grows = paraphrases(realise, f"{word} {shape} | 0 grow", seeds=60)
    assert f"{nom} увеличивается.".capitalize() in grows


@pytest.mark.parametrize("shape", SHAPES)
def test_participles_agree(shape: Shape) -> None:
    """The participle in a search phrase, with and without "ся"."""
    ending = ("ий", "ая", "ее")[GENDERS.get(shape, 0)]
    noun = NOUNS[shape].split()[0]
    assert f"увеличивающ{ending}ся {noun}" in paraphrases(realise, f"{shape} | 0 grow", 2)
    assert f"растущ{ending} {noun}" in paraphrases(realise, f"{shape} | 0 grow", 2)


def test_every_sound_has_its_name() -> None:
    names = {
        "high_tone": "высокий тон", "low_tone": "низкий тон", "rising_sweep": "повышающийся тон",
        "falling_sweep": "понижающийся тон", "noise": "шум", "ticking": "тиканье",
    }  # fmt: skip
    assert {*names, "silence"} == set(get_args(Sound))
    for sound, name in names.items():
        found = paraphrases(realise, "cross | 0 shrink", 0, sound, seeds=60)
        assert f"Крест уменьшается, при этом раздаётся {name}." in found
