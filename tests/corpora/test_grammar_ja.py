"""Japanese captions: what a native reader would accept, particles, one politeness a caption, relative clauses."""

from __future__ import annotations

from typing import get_args

import pytest
from paraphrases import paraphrases

from babelreel.corpora.playground.grammar.ja import realise
from babelreel.corpora.playground.scene import SHAPES, Shape, Sound

SENTENCES = [
    # texture, size, colour, noun; adjectives in "い", nouns with "の"
    ("red circle | 0 move left", 0, None, "赤い円が左へ動く。"),
    ("red circle | 0 move left", 0, None, "赤い円が左へ動きます。"),
    ("small blue striped star | 0 move up", 0, None, "しま模様の小さな青い星が上に移動する。"),
    ("large green dotted heart | 0 move down", 0, None, "水玉模様の大きい緑色のハートが下へ動きます。"),
    ("yellow moon | 0 turn left", 0, None, "黄色い三日月が反時計回りに回る。"),
    ("yellow moon | 0 turn right", 0, None, "黄色い三日月が時計回りに回転します。"),
    ("orange ring | 0 grow", 0, None, "オレンジ色のリングが次第に大きくなる。"),
    # two events of one thing: the subject once, te-form or stem before the second
    ("red circle | 0 move left | 0 grow", 0, None, "赤い円が左へ動いて、それから大きくなる。"),
    ("red circle | 0 move right | 0 shrink", 0, None, "まず赤い円が右へ動き、次に小さくなります。"),
    # another subject: the stem, never the te-form; "その" or the bare noun for what is known
    ("star & ring | 0 shrink | 1 move up", 0, None, "星が小さくなり、その後リングが上へ動く。"),
    ("star & ring | 0 follow 1 up | 1 shrink", 0, None, "星がリングを追って上へ動き、その後そのリングが小さくなる。"),
    ("star & ring | 0 follow 1 up | 0 shrink", 0, None, "星がリングの後について上へ移動し、それから星が小さくなる。"),
    # particles of pairs
    ("red circle & blue star | 0 meet 1", 0, None, "赤い円が青い星と出会う。"),
    ("red circle & blue star | 0 meet 1", 0, None, "赤い円と青い星が近づいて触れ合う。"),
    # who has a texture comes second, so that the other is not taken for textured
    ("dotted circle & star | 0 meet 1", 0, None, "星と水玉模様の円が近づいて触れ合います。"),
    ("purple ring & green square | 0 hide 1", 0, None, "紫色のリングが緑色の正方形の後ろに隠れる。"),
    ("ring & square | 0 hide 1 | 1 grow", 0, None, "リングが正方形の陰に隠れ、その後その正方形が大きくなります。"),
    ("white cross & black triangle | 0 follow 1 left", 0, None, "白い十字が黒い三角形を追って左へ動く。"),
    # frames
    ("white cross | 0 move right", 1, None, "動画では、白い十字が右へ動きます。"),
    ("white cross | 0 move right", 1, None, "白い十字が右へ動く様子が映っています。"),
    ("star | 0 move up | 0 grow", 1, None, "この映像では、星が上へ動いて、それから大きくなる。"),
    # sounds: before the clauses or in a sentence of their own, as polite as the rest
    ("circle | 0 move left", 0, "rising_sweep", "だんだん高くなる音が聞こえる中、円が左へ動く。"),
    ("circle | 0 move left", 0, "ticking", "円が左へ動きます。カチカチという音が聞こえます。"),
    ("circle | 0 move left", 1, "noise", "動画では、雑音とともに、円が左へ動く。"),
    ("circle | 0 move left", 0, "silence", "音もなく、円が左へ動く。"),
    # search phrases: clauses, or the thing last; the verb in plain form before the noun
    ("red star | 0 move left", 2, "low_tone", "赤い星が左へ動く動画、低い音"),
    ("red star | 0 move left", 2, None, "左へ動く赤い星"),
    ("red star | 0 move left | 0 grow", 2, None, "左へ動いてから大きくなる赤い星"),
    ("star & ring | 0 shrink | 1 move up", 2, None, "小さくなる星、その後上へ動くリング"),
    (
        "star & ring | 0 follow 1 up | 1 shrink",
        2,
        "silence",
        "リングを追って上へ動く星、その後リングが小さくなる、無音",
    ),
]


@pytest.mark.parametrize(("text", "style", "sound", "sentence"), SENTENCES)
def test_a_native_sentence_is_among_the_paraphrases(text: str, style: int, sound: Sound | None, sentence: str) -> None:
    assert sentence in paraphrases(realise, text, style, sound)


def test_these_are_all_paraphrases() -> None:
    """Nothing but these: a wrong word cannot hide among the choices."""
    moves = {f"左{to}{verb}" for to in "へに" for verb in ("動く", "動きます", "移動する", "移動します")}
    assert paraphrases(realise, "star | 0 move left") == {f"星が{move}。" for move in moves}
    hides = {f"{where}に隠れ{end}" for where in ("後ろ", "陰") for end in ("る", "ます")}
    assert paraphrases(realise, "circle & heart | 0 hide 1") == {f"円がハートの{hide}。" for hide in hides}
    meets = {"円が星と出会う", "円と星が近づいて触れ合う"}
    tags = {meet + end for meet in meets for end in ("", "動画", "映像")} | {"星と出会う円", "近づいて触れ合う円と星"}
    assert paraphrases(realise, "circle & star | 0 meet 1", 2) == tags
    turns = {"回る", "回転する"}
    found = paraphrases(realise, "star | 0 turn left", 2)
    assert found == {f"反時計回りに{t}星" for t in turns} | {
        f"星が反時計回りに{t}{end}" for t in turns for end in ("", "動画", "映像")
    }


@pytest.mark.parametrize("style", [0, 1])
@pytest.mark.parametrize("sound", [None, "silence", "noise"])
def test_politeness_does_not_change_within_a_caption(style: int, sound: Sound | None) -> None:
    for caption in paraphrases(realise, "star & ring | 0 follow 1 up | 1 shrink", style, sound):
        endings = {sentence.endswith(("ます", "ません")) for sentence in caption.split("。") if sentence}
        assert len(endings) == 1, caption


NOUNS: dict[Shape, str] = {
    "circle": "円", "square": "正方形", "triangle": "三角形", "star": "星",
    "heart": "ハート", "cross": "十字", "ring": "リング", "moon": "三日月",
}  # fmt: skip
ADJECTIVES = {
    "red": "赤い", "orange": "オレンジ色の", "yellow": "黄色い", "green": "緑色の", "blue": "青い", "purple": "紫色の",
    "white": "白い", "black": "黒い", "striped": "しま模様の", "dotted": "水玉模様の",
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("word", ADJECTIVES)
def test_noun_phrases(shape: Shape, word: str) -> None:
    phrase = ADJECTIVES[word] + NOUNS[shape]
    assert f"{phrase}が大きくなる。" in paraphrases(realise, f"{word} {shape} | 0 grow", seeds=60)
    assert f"大きくなる{phrase}" in paraphrases(realise, f"{word} {shape} | 0 grow", 2, seeds=60)


@pytest.mark.parametrize(
    ("event", "te", "stem"),
    [
        ("move left", "左へ動いて", "左へ動き"),
        ("move left", "左に移動して", "左に移動し"),
        ("turn left", "反時計回りに回って", "反時計回りに回り"),
        ("turn left", "反時計回りに回転して", "反時計回りに回転し"),
        ("grow", "大きくなって", "大きくなり"),
        ("shrink", "小さくなって", "小さくなり"),
    ],
)
def test_verb_forms_before_a_second_event(event: str, te: str, stem: str) -> None:
    found = paraphrases(realise, f"star | 0 {event} | 0 move up")
    for form in (te, stem):
        assert f"星が{form}、それから上へ動く。" in found
        assert f"まず星が{form}、次に上へ動きます。" in found


def test_another_subject_never_follows_the_te_form() -> None:
    for sentence in paraphrases(realise, "star & ring | 0 turn left | 1 move up"):
        assert "て、" not in sentence
        assert "り、" in sentence or "し、" in sentence


def test_no_spaces_and_full_width_punctuation() -> None:
    for style in range(3):
        for sentence in paraphrases(realise, "small red dotted star & large blue heart | 0 hide 1 | 1 grow", style):
            assert all("\u3041" <= letter <= "\u9fff" or letter in "、。" for letter in sentence), sentence


def test_every_sound_has_its_name() -> None:
    names = {
        "high_tone": "高い音", "low_tone": "低い音", "rising_sweep": "だんだん高くなる音",
        "falling_sweep": "だんだん低くなる音", "noise": "雑音", "ticking": "カチカチという音",
    }  # fmt: skip
    assert {*names, "silence"} == set(get_args(Sound))
    for sound, name in names.items():
        assert f"{name}とともに、十字が小さくなる。" in paraphrases(realise, "cross | 0 shrink", 0, sound, seeds=200)
