"""English captions: articles, -ing forms, pronouns, and what a native reader would write."""

from __future__ import annotations

import re
from itertools import product
from typing import get_args

import pytest
from paraphrases import paraphrases

from babelreel.corpora.playground.grammar.en import realise
from babelreel.corpora.playground.scene import SHAPES, STYLES, Sound

SENTENCES = [
    # "a" and "an": the first word behind the article decides
    ("red circle | 0 move left", 0, None, "A red circle moves to the left."),
    ("orange star | 0 move right", 0, None, "An orange star slides right."),
    ("large orange star | 0 move up", 0, None, "A large orange star glides upwards."),
    ("square | 0 move down", 0, None, "A square moves down."),
    # adjectives in their order: size, colour, texture; or the texture behind the noun
    ("small red striped circle | 0 grow", 0, None, "A small red striped circle gets bigger."),
    ("small red striped circle | 0 grow", 0, None, "A small red circle with stripes grows."),
    ("large dotted moon | 0 shrink", 0, None, "A big moon with dots gets smaller."),
    # turning
    ("yellow moon | 0 turn left", 0, None, "A yellow moon turns anticlockwise."),
    ("yellow moon | 0 turn left", 0, None, "A yellow moon rotates counterclockwise."),
    ("yellow moon | 0 turn right", 0, None, "A yellow moon spins clockwise."),
    # two events of one thing: a pronoun, or no subject; what would only be repeated is left out
    ("red circle | 0 move left | 0 grow", 0, None, "A red circle moves to the left, then it grows."),
    ("red circle | 0 move left | 0 grow", 0, None, "A red circle slides left and then gets bigger."),
    ("red circle | 0 move left | 0 move up", 0, None, "A red circle moves left and then up."),
    ("heart | 0 turn left | 0 turn right", 0, None, "First a heart turns anticlockwise, then it turns clockwise."),
    # two things: one after the other
    ("star & ring | 0 shrink | 1 grow", 0, None, "First a star shrinks, then a ring grows."),
    # a plural subject; a definite noun when one of two acts again
    ("red circle & blue square | 0 meet 1", 0, None, "A red circle and a blue square meet."),
    ("red circle & blue square | 0 meet 1 | 1 move left", 0, None,
     "A red circle and a blue square come together and touch, then the square moves left."),
    ("small star & large cross | 0 hide 1 | 1 turn left", 0, None,
     "A small star hides behind a large cross, and then the cross rotates anticlockwise."),
    ("green heart & white ring | 0 follow 1 left", 0, None, "A green heart follows a white ring to the left."),
    # frames: finite behind "how", -ing behind "shows"
    ("red circle | 0 move left | 0 grow", 1, None,
     "The clip shows how a red circle first moves to the left and then grows."),
    ("red circle | 0 move left | 0 shrink", 1, None, "The video shows a red circle moving left and then shrinking."),
    ("star & ring | 0 meet 1", 1, None, "Here we see a star and a ring coming together and touching."),
    ("star & ring | 0 grow | 1 move up", 1, None, "You can see how first a star grows and then a ring glides up."),
    ("red star | 0 turn right", 1, None, "In this clip, a red star rotates clockwise."),
    # sounds; behind two events it is said that they belong to both
    ("star | 0 grow", 0, "high_tone", "A star grows while a high tone is heard."),
    ("star | 0 grow", 0, "ticking", "To the sound of ticking, a star grows."),
    ("star | 0 grow", 0, "silence", "Without a sound, a star grows."),
    ("star | 0 grow | 0 move up", 0, "noise", "A star grows, then it moves up, all to the sound of a hissing noise."),
    ("star | 0 grow", 1, "low_tone", "The video shows a star growing, with a low tone in the background."),
    # search phrases: no article for what acts
    ("red circle | 0 move left | 0 grow", 2, None, "red circle moving left and then growing"),
    ("small star & large cross | 0 hide 1", 2, "rising_sweep", "small star hiding behind a large cross, rising tone"),
    ("star & ring | 0 shrink | 1 move up", 2, "silence", "star shrinking, then ring sliding up, no sound"),
    ("star & ring | 0 meet 1 | 0 move up", 2, None, "star and ring meeting, then the star moving up"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "style", "sound", "sentence"), SENTENCES)
def test_a_native_sentence_is_among_the_paraphrases(text: str, style: int, sound: Sound | None, sentence: str) -> None:
    assert sentence in paraphrases(realise, text, style, sound)


def test_these_are_all_paraphrases() -> None:
    """Nothing but these: a wrong word cannot hide among the choices."""
    verbs, ways = ("moves", "slides", "glides"), ("to the left", "left")
    assert paraphrases(realise, "star | 0 move left") == {f"A star {v} {w}." for v, w in product(verbs, ways)}
    assert paraphrases(realise, "star & moon | 0 hide 1") == {
        "A star hides behind a moon.", "A star disappears behind a moon.",
    }  # fmt: skip
    assert paraphrases(realise, "ring | 0 grow | 0 shrink", 2) == {
        f"ring {grows}{then}{shrinks}"
        for grows, then, shrinks in product(
            ("growing", "getting bigger"), (", then ", " and then "), ("shrinking", "getting smaller")
        )
    }
    assert paraphrases(realise, "large dotted cross & large star | 0 meet 1", 2) == {
        f"{size} {cross} and {size} star {meet}"
        for size, cross, meet in product(
            ("large", "big"),
            ("dotted cross", "cross with dots"),
            ("meeting", "coming together and touching", "moving towards each other until they touch"),
        )
    }
    frames = ("The clip shows how a ring {}", "You can see how a ring {}", "In this clip, a ring {}",
              "In this video, a ring {}")  # fmt: skip
    ing = ("The video shows a ring {}", "Here we see a ring {}")
    assert paraphrases(realise, "ring | 0 shrink", 1) == {
        *(f"{frame.format(verb)}." for frame, verb in product(frames, ("shrinks", "gets smaller"))),
        *(f"{frame.format(verb)}." for frame, verb in product(ing, ("shrinking", "getting smaller"))),
    }


def test_the_article_fits_the_word_behind_it() -> None:
    colours, sizes = ("orange", "red"), ("small ", "large ", "")
    for colour, size, shape, style in product(colours, sizes, SHAPES, range(STYLES)):
        other = "ring" if shape != "ring" else "star"
        for text in paraphrases(
            realise, f"{size}{colour} {shape} & {size}{colour} {other} | 0 hide 1", style, seeds=20
        ):
            assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", text, re.IGNORECASE), text
            assert len(re.findall(r"\ban? ", text, re.IGNORECASE)) == (1 if style == 2 else 2), text


def test_every_sound_has_its_name() -> None:
    names = {
        "high_tone": "a high tone", "low_tone": "a low tone", "rising_sweep": "a rising tone",
        "falling_sweep": "a falling tone", "noise": "a hissing noise", "ticking": "ticking",
    }  # fmt: skip
    assert {*names, "silence"} == set(get_args(Sound))
    for sound, name in names.items():
        told = {f"A ring grows{tail}." for tail in (f" while {name} is heard", f", with {name} in the background")}
        told |= {f"{front}, a ring grows." for front in (f"To the sound of {name}", f"While {name} is heard")}
        heard = paraphrases(realise, "ring | 0 grow", 0, sound)  # type: ignore[arg-type]
        assert {text for text in heard if "bigger" not in text} == told
