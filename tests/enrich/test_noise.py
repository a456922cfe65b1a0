"""enrich/noise.py: each rule finds what it is for, and captions that people wrote pass all of them."""

from __future__ import annotations

import pytest
from translators import PARALLEL

from babelreel.enrich.models import Translation
from babelreel.enrich.noise import REASONS, Limits, chrf, find_noise

ENGLISH = [texts["en"] for texts in PARALLEL]
GERMAN = [texts["de"] for texts in PARALLEL]


def noise(
    texts: list[str], target: str = "de", finished: bool = True, sources: list[str] | None = None
) -> list[str | None]:
    made = [Translation(text, finished) for text in texts]
    return find_noise(sources or ENGLISH[: len(texts)], made, target, Limits())


@pytest.mark.parametrize("lang", ["de", "fr", "cs", "pt", "ar", "zh"])
def test_real_translations_pass(lang: str) -> None:
    assert set(noise([texts[lang] for texts in PARALLEL], lang)) == {None}


@pytest.mark.parametrize("text", ["", " ", "...", "…!?", "▁"])
def test_nothing_came_out(text: str) -> None:
    assert noise([text]) == ["empty"]


def test_no_end_was_come_to() -> None:
    assert noise(GERMAN[:1], finished=False) == ["unfinished"]


def test_the_source_came_out_again() -> None:
    sources = ["Two dogs run in the snow", "Zwei Hunde, Schnee", "A dog, running.", "Hund"]
    copies = ["Two dogs run in the snow.", "zwei hunde schnee!", "a dog running", "Katze"]
    assert noise(copies, sources=sources) == ["copy", "copy", "copy", None]
    assert noise(["Two dogs running in the snow"], sources=sources[:1]) == ["language"]  # chrF 84: no copy


@pytest.mark.parametrize(
    "text",
    [
        "Ein Hund, ein Hund, ein Hund, ein Hund, ",
        "Ein Hund Hund Hund Hund Hund Hund",
        "Ein Huuuuuuuund",
        "红红红红红红红红",
    ],
)
def test_a_loop(text: str) -> None:
    assert noise([text]) == ["loop"]
    assert noise(["Ein Hund läuft, ein Hund springt, ein Hund schläft"]) == [None]


def test_a_loop_that_the_source_has_is_none() -> None:
    source = "the dog says woof woof woof woof woof in the garden"
    assert noise(["der Hund sagt wuff wuff wuff wuff wuff im Garten"], sources=[source]) == [None]


def test_another_language() -> None:
    french = [texts["fr"] for texts in PARALLEL]
    assert set(noise(french, "de")) == {"language"}
    english = ENGLISH[1:] + ENGLISH[:1]  # not the captions' own: no copies
    assert set(noise(english, "de")) == {"language"}
    assert noise(["Zwei kleine Hunde"], "ast") == [None]  # a language that is not told apart is not judged


def test_lengths_are_judged_beside_the_others() -> None:
    texts = GERMAN[:40]
    texts[3] = " ".join(GERMAN[10:16])
    texts[7] = "Ein Hund"
    found = noise(texts)
    assert [n for n, reason in enumerate(found) if reason == "length"] == [3, 7]
    assert set(found) == {None, "length"}
    few = noise(texts[:19])
    assert set(few) == {None}  # too few to say what is usual
    chinese = [texts["zh"] for texts in PARALLEL[:40]]
    chinese[5] = "".join(chinese[20:26])
    assert [n for n, reason in enumerate(noise(chinese, "zh")) if reason] == [5]


def test_what_is_noise_anyway_does_not_make_the_median() -> None:
    texts = [*GERMAN[:30], *[" ".join(PARALLEL[n]["fr"] for n in range(9))] * 59]
    found = noise(texts)
    assert found[:30] == [None] * 30
    assert found[30:] == ["language"] * 59


def test_every_reason_is_one_that_is_listed() -> None:
    assert {"empty", "unfinished", "copy", "loop", "language", "length"} < set(REASONS)


@pytest.mark.parametrize(
    ("text", "reference", "expected"),
    [  # sacrebleu 2, CHRF().sentence_score
        ("a", "a", 100.0),
        ("ab", "a", 83.33333333333334),
        ("ab c", "abc", 100.0),
        ("", "a", 0.0),
        ("xyz", "abc", 0.0),
        ("the cat", "the cap", 59.166666666666664),
        ("ein Hund springt ins Wasser", "ein Hund springt in das Wasser", 80.73325619207007),
        ("一只狗跳进水里", "一只狗在水里", 27.02724618877717),
    ],
)
def test_chrf_is_sacrebleus(text: str, reference: str, expected: float) -> None:
    assert chrf(text, reference) == pytest.approx(expected)
