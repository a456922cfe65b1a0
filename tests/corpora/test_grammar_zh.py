"""Chinese captions: what a native reader would accept, the measure word of every noun, "的", and the order of time."""

from __future__ import annotations

from typing import get_args

import pytest
from paraphrases import paraphrases

from babelreel.corpora.playground.grammar.zh import realise
from babelreel.corpora.playground.scene import SHAPES, Shape, Sound

SENTENCES = [
    # colour with "的" or without, size next to the noun
    ("red circle | 0 move left", 0, None, "一个红色的圆形向左移动。"),
    ("red circle | 0 move left", 0, None, "一个红色圆形往左移动。"),
    ("small blue star | 0 move up", 0, None, "一颗蓝色的小星星向上移动。"),
    ("large circle | 0 move down", 0, None, "一个大圆形向下滑动。"),
    # after a texture no second "的"
    ("small white striped star | 0 move right", 0, None, "一颗带条纹的白色小星星向右移动。"),
    ("dotted heart | 0 grow", 0, None, "一颗有圆点的爱心逐渐变大。"),
    ("yellow moon | 0 turn left", 0, None, "一弯黄色的月牙逆时针旋转。"),
    ("yellow moon | 0 turn right", 0, None, "一弯黄色的月牙顺时针转动。"),
    # two events of one thing: the subject once, "先" behind it, "再" allowed
    ("red circle | 0 move left | 0 grow", 0, None, "一个红色的圆形先向左移动，然后变大。"),
    ("red circle | 0 move left | 0 shrink", 0, None, "一个红色圆形先向左移动，再变小。"),
    # another subject: with number and measure word when it is new, with "这" or bare when it is known
    ("star & ring | 0 shrink | 1 move up", 0, None, "一颗星星先变小，接着一个圆环向上移动。"),
    ("star & moon | 0 follow 1 up | 1 shrink", 0, None, "一颗星星先跟着一弯月牙向上移动，然后这弯月牙慢慢缩小。"),
    ("star & moon | 0 follow 1 up | 0 shrink", 0, None, "一颗星星跟在一弯月牙后面往上移动，之后星星变小。"),
    ("red circle & blue star | 0 meet 1", 0, None, "一个红色的圆形与一颗蓝色的星星相遇。"),
    ("circle & star | 0 meet 1 | 1 move left", 0, None, "一个圆形和一颗星星先相互靠近并碰在一起，随后星星向左移动。"),
    # who has a texture comes second, so that the other is not taken for textured
    ("dotted circle & star | 0 meet 1", 0, None, "一颗星星和一个带圆点的圆形相互靠近并碰在一起。"),
    ("small purple ring & large green square | 0 hide 1", 0, None, "一个紫色小圆环躲到一个绿色大正方形后面。"),
    ("small ring & large square | 0 hide 1 | 1 grow", 0, None, "一个小圆环先消失在一个大正方形后面，然后正方形变大。"),
    # frames
    ("orange cross | 0 move right", 1, None, "视频中，一个橙色的十字向右移动。"),
    ("black triangle | 0 move up | 0 grow", 1, None, "画面里，一个黑色的三角形先向上移动，然后变大。"),
    # sounds
    ("circle | 0 move left", 0, "rising_sweep", "一个圆形向左移动，同时传来由低变高的声音。"),
    ("circle | 0 move left", 1, "ticking", "短片中可以看到，一个圆形向左移动，同时可以听到滴答声。"),
    ("circle | 0 move left", 0, "silence", "一个圆形向左移动，没有任何声音。"),
    # search phrases: clauses or attributes, without "一" and measure word
    ("red circle | 0 move left", 2, "low_tone", "红色圆形向左移动，低音"),
    ("small red circle | 0 move left", 2, None, "向左移动的红色小圆形"),
    ("red circle | 0 move left | 0 grow", 2, None, "先向左移动然后变大的红色圆形"),
    ("red circle & blue star | 0 hide 1", 2, "silence", "躲到蓝色星星后面的红色圆形，无声"),
    ("star & ring | 0 shrink | 1 move up", 2, None, "变小的星星，然后是向上移动的圆环"),
    ("star & ring | 0 follow 1 up | 1 shrink", 2, None, "跟着圆环向上移动的星星，然后圆环变小"),
]


@pytest.mark.parametrize(("text", "style", "sound", "sentence"), SENTENCES)
def test_a_native_sentence_is_among_the_paraphrases(text: str, style: int, sound: Sound | None, sentence: str) -> None:
    assert sentence in paraphrases(realise, text, style, sound)


def test_these_are_all_paraphrases() -> None:
    """Nothing but these: a wrong word cannot hide among the choices."""
    moves = {"向左移动", "往左移动", "向左滑动"}
    assert paraphrases(realise, "star | 0 move left") == {f"一颗星星{move}。" for move in moves}
    hides = {"躲到一颗爱心后面", "藏到一颗爱心后面", "消失在一颗爱心后面"}
    assert paraphrases(realise, "circle & heart | 0 hide 1") == {f"一个圆形{hide}。" for hide in hides}
    follows = {"跟着一颗爱心{}下移动", "跟在一颗爱心后面{}下移动"}
    found = paraphrases(realise, "ring & heart | 0 follow 1 down")
    assert found == {f"一个圆环{follow.format(to)}。" for follow in follows for to in "向往"}
    grows = {"变大", "逐渐变大", "慢慢变大"}
    closes = {"，伴随着噪声。", "，同时传来噪声。", "，同时可以听到噪声。"}
    found = paraphrases(realise, "ring | 0 grow", 0, "noise")
    assert found == {f"一个圆环{grow}{close}" for grow in grows for close in closes}
    tags = {"圆环{}", "{}的圆环"}
    assert paraphrases(realise, "ring | 0 grow", 2) == {tag.format(grow) for tag in tags for grow in grows}


NOUNS: dict[Shape, str] = {
    "circle": "个圆形", "square": "个正方形", "triangle": "个三角形", "star": "颗星星",
    "heart": "颗爱心", "cross": "个十字", "ring": "个圆环", "moon": "弯月牙",
}  # fmt: skip
COLOURS = {
    "red": "红色", "orange": "橙色", "yellow": "黄色", "green": "绿色",
    "blue": "蓝色", "purple": "紫色", "white": "白色", "black": "黑色",
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_measure_words(shape: Shape) -> None:
    """At the first mention with "一", as actor and as target; later with "这", or the bare noun."""
    measure, noun = NOUNS[shape][0], NOUNS[shape][1:]
    for colour, its in COLOURS.items():
        found = paraphrases(realise, f"{colour} {shape} | 0 shrink", seeds=60)
        assert {sentence[: sentence.index(noun)] for sentence in found} == {f"一{measure}{its}的", f"一{measure}{its}"}
        found = paraphrases(realise, f"{colour} {shape} striped | 0 shrink", seeds=60)
        textured = {f"一{measure}{texture}的{its}" for texture in ("带条纹", "有条纹")}
        assert {sentence[: sentence.index(noun)] for sentence in found} == textured
    other = "star" if shape != "star" else "moon"
    found = paraphrases(realise, f"{other} & {shape} | 0 meet 1 | 1 move left")
    assert all(f"一{measure}{noun}" in sentence for sentence in found)
    again = {sentence.split("，")[1].split(noun)[0][2:] for sentence in found}
    assert again == {"", f"这{measure}"}


@pytest.mark.parametrize("style", [0, 1, 2])
def test_no_spaces_and_full_width_punctuation(style: int) -> None:
    for sentence in paraphrases(
        realise, "small red dotted star & large blue heart | 0 hide 1 | 1 grow", style, "noise"
    ):
        assert all("\u4e00" <= letter <= "\u9fff" or letter in "，。" for letter in sentence), sentence


def test_every_sound_has_its_name() -> None:
    names = {
        "high_tone": "高音", "low_tone": "低音", "rising_sweep": "由低变高的声音",
        "falling_sweep": "由高变低的声音", "noise": "噪声", "ticking": "滴答声",
    }  # fmt: skip
    assert {*names, "silence"} == set(get_args(Sound))
    for sound, name in names.items():
        assert f"一个十字变小，伴随着{name}。" in paraphrases(realise, "cross | 0 shrink", 0, sound, seeds=100)
