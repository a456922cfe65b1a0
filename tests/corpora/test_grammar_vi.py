"""Vietnamese captions: what a native reader would accept, classifiers, word order, and Unicode NFC."""

from __future__ import annotations

import unicodedata
from typing import get_args

import pytest
from paraphrases import paraphrases

from babelreel.corpora.playground.grammar.vi import realise
from babelreel.corpora.playground.scene import SHAPES, Shape, Sound

SENTENCES = [
    # the noun first, then size, colour, texture
    ("red circle | 0 move left", 0, None, "Một hình tròn màu đỏ di chuyển sang trái."),
    ("small blue striped star | 0 move up", 0, None, "Một ngôi sao nhỏ màu xanh dương kẻ sọc dịch chuyển lên trên."),
    ("large green dotted heart | 0 move down", 0, None, "Một trái tim lớn màu xanh lá cây chấm bi trượt xuống dưới."),
    ("yellow moon | 0 turn left", 0, None, "Một vầng trăng màu vàng xoay ngược chiều kim đồng hồ."),
    ("yellow moon | 0 turn right", 0, None, "Một vầng trăng màu vàng quay theo chiều kim đồng hồ."),
    ("purple ring | 0 grow", 0, None, "Một chiếc vòng màu tím to dần lên."),
    ("small cross | 0 shrink", 0, None, "Một hình chữ thập nhỏ thu nhỏ lại."),
    # two events of one thing: the subject once
    ("red circle | 0 move left | 0 grow", 0, None, "Một hình tròn màu đỏ di chuyển sang trái rồi to dần lên."),
    ("circle | 0 move right | 0 shrink", 0, None, "Đầu tiên, một hình tròn trượt sang phải, sau đó co nhỏ lại."),
    # another subject: with "một" when it is new, with a demonstrative or bare when it is known
    ("star & ring | 0 shrink | 1 move up", 0, None, "Một ngôi sao thu nhỏ lại, tiếp đó một chiếc vòng trượt lên trên."),
    ("star & ring | 0 meet 1 | 1 shrink", 0, None, "Một ngôi sao gặp một chiếc vòng rồi chiếc vòng này thu nhỏ lại."),
    ("star & ring | 0 meet 1 | 0 move up", 0, None, "Một ngôi sao gặp một chiếc vòng, sau đó ngôi sao trượt lên trên."),
    # pairs
    ("red circle & blue star | 0 meet 1", 0, None, "Một hình tròn màu đỏ gặp một ngôi sao màu xanh dương."),
    ("circle & star | 0 meet 1", 0, None, "Một hình tròn và một ngôi sao tiến lại gần nhau và chạm vào nhau."),
    # who has a texture comes first, so that the other is not taken for textured
    ("circle & striped star | 0 meet 1", 2, None, "ngôi sao kẻ sọc và hình tròn tiến lại gần nhau và chạm vào nhau"),
    ("small ring & large square | 0 hide 1", 0, None, "Một chiếc vòng nhỏ nấp vào sau một hình vuông lớn."),
    ("small ring & large square | 0 hide 1", 0, None, "Một chiếc vòng nhỏ trốn sau một hình vuông lớn."),
    (
        "ring & square | 0 hide 1 | 1 grow", 0, None,
        "Một chiếc vòng biến mất sau một hình vuông, sau đó hình vuông ấy phình to ra.",
    ),
    ("small ring & large star | 0 follow 1 left", 0, None, "Một chiếc vòng nhỏ đi theo một ngôi sao lớn sang trái."),
    ("cross & moon | 0 follow 1 left", 0, None, "Một hình chữ thập di chuyển sang trái theo sau một vầng trăng."),
    # frames
    ("orange cross | 0 move right", 1, None, "Đoạn video cho thấy một hình chữ thập màu cam di chuyển sang phải."),
    ("star | 0 move up | 0 grow", 1, None, "Trong video, một ngôi sao di chuyển lên trên rồi to dần lên."),
    # sounds
    ("circle | 0 move left", 0, "rising_sweep", "Một hình tròn di chuyển sang trái, kèm theo một âm thanh cao dần."),
    ("circle | 0 move left", 1, "ticking", "Video cho thấy một hình tròn trượt sang trái, kèm theo tiếng tích tắc."),
    ("circle | 0 move left", 0, "silence", "Một hình tròn di chuyển sang trái, không có âm thanh nào."),
    # search phrases
    ("red star | 0 move left", 2, "low_tone", "ngôi sao màu đỏ di chuyển sang trái, một âm thanh trầm"),
    ("red star | 0 move left | 0 grow", 2, None, "video ngôi sao màu đỏ di chuyển sang trái rồi to dần lên"),
    (
        "star & ring | 0 shrink | 1 move up", 2, "silence",
        "cảnh ngôi sao thu nhỏ lại rồi chiếc vòng trượt lên trên, không tiếng động",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "style", "sound", "sentence"), SENTENCES)
def test_a_native_sentence_is_among_the_paraphrases(text: str, style: int, sound: Sound | None, sentence: str) -> None:
    assert sentence in paraphrases(realise, text, style, sound)


def test_these_are_all_paraphrases() -> None:
    """Nothing but these: a wrong word cannot hide among the choices."""
    moves = {"di chuyển", "dịch chuyển", "trượt"}
    assert paraphrases(realise, "star | 0 move left") == {f"Một ngôi sao {move} sang trái." for move in moves}
    hides = {"trốn sau", "nấp vào sau", "biến mất sau"}
    found = paraphrases(realise, "circle & heart | 0 hide 1")
    assert found == {f"Một hình tròn {hide} một trái tim." for hide in hides}
    grows = {"to dần lên", "phình to ra"}
    closes = {", kèm theo tiếng ồn.", ", đồng thời vang lên tiếng ồn.", ", cùng lúc nghe thấy tiếng ồn."}
    found = paraphrases(realise, "ring | 0 grow", 0, "noise")
    assert found == {f"Một chiếc vòng {grow}{close}" for grow in grows for close in closes}
    frames = ("Video cho thấy", "Đoạn video cho thấy", "Trong video,", "Đoạn phim quay cảnh")
    assert paraphrases(realise, "ring | 0 grow", 1) == {f"{f} một chiếc vòng {g}." for f in frames for g in grows}
    tags = ("", "video ", "cảnh ")
    assert paraphrases(realise, "ring | 0 grow", 2) == {f"{tag}chiếc vòng {grow}" for tag in tags for grow in grows}


# classifier or head noun, and the rest
NOUNS: dict[Shape, str] = {
    "circle": "hình tròn", "square": "hình vuông", "triangle": "hình tam giác", "star": "ngôi sao",
    "heart": "trái tim", "cross": "hình chữ thập", "ring": "chiếc vòng", "moon": "vầng trăng",
}  # fmt: skip
ADJECTIVES = {
    "red": "màu đỏ", "orange": "màu cam", "yellow": "màu vàng", "green": "màu xanh lá cây", "blue": "màu xanh dương",
    "purple": "màu tím", "white": "màu trắng", "black": "màu đen", "small": "nhỏ", "large": "lớn",
    "striped": "kẻ sọc", "dotted": "chấm bi",
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("word", ADJECTIVES)
def test_noun_phrases(shape: Shape, word: str) -> None:
    """With "một" in a sentence, as actor and as target; without it in a search phrase."""
    phrase = f"{NOUNS[shape]} {ADJECTIVES[word]}"
    assert f"Một {phrase} to dần lên." in paraphrases(realise, f"{word} {shape} | 0 grow", seeds=60)
    assert f"{phrase} to dần lên" in paraphrases(realise, f"{word} {shape} | 0 grow", 2, seeds=60)
    other = "star" if shape != "star" else "moon"
    found = paraphrases(realise, f"{word} {other} & {word} {shape} | 0 hide 1", seeds=60)
    assert f"Một {NOUNS[other]} {ADJECTIVES[word]} trốn sau một {phrase}." in found  # type: ignore[index]


@pytest.mark.parametrize("style", [0, 1, 2])
def test_text_is_composed(style: int) -> None:
    for text in ("small purple dotted star & large green heart | 0 hide 1 | 1 grow", "ring & cross | 0 meet 1"):
        for sentence in paraphrases(realise, text, style, "silence", seeds=100):
            assert unicodedata.is_normalized("NFC", sentence)


def test_every_sound_has_its_name() -> None:
    names = {
        "high_tone": "một âm thanh cao", "low_tone": "một âm thanh trầm", "rising_sweep": "một âm thanh cao dần",
        "falling_sweep": "một âm thanh trầm dần", "noise": "tiếng ồn", "ticking": "tiếng tích tắc",
    }  # fmt: skip
    assert {*names, "silence"} == set(get_args(Sound))
    for sound, name in names.items():
        found = paraphrases(realise, "cross | 0 shrink", 0, sound, seeds=100)
        assert f"Một hình chữ thập thu nhỏ lại, kèm theo {name}." in found
