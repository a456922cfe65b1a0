"""parity.py: gaps, the weakest language and the mean rank variance, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from babelreel.parity import Disagreement, disagreement, gaps, weakest
from babelreel.types import Caption, Corpus, Direction, MediaItem, Ranks


def test_gaps_and_the_weakest() -> None:
    values = {"en": 40.0, "de": 30.0, "zh": 10.0, "fr": 50.0}
    found = gaps(values)
    assert found == {"de": (-10.0, 0.75), "zh": (-30.0, 0.25), "fr": (10.0, 1.25)}
    assert gaps({"de": 1.0}) == {}
    assert gaps({"en": 0.0, "de": 0.0, "fr": 2.0}) == {"de": (0.0, 1.0), "fr": (2.0, float("inf"))}
    assert weakest(values) == ("zh", 10.0)
    assert weakest({"a": 1.0, "b": 1.0}) == ("a", 1.0)


def table(lang: str, direction: Direction, ids: list[str], values: list[int], candidates: int = 9) -> Ranks:
    return Ranks(lang, direction, tuple(ids), np.array(values), np.arange(len(ids)), candidates)


def corpus() -> Corpus:
    """Item a has a translated pair and a caption of its own, item b a translated triple."""
    a = (Caption("one", "en", group="1"), Caption("eins", "de", group="1"), Caption("alone", "en"))
    b = (Caption("two", "en", group="1"), Caption("zwei", "de", group="1"), Caption("deux", "fr", group="1"))
    items = (MediaItem("a", "a.png", "image", captions=a), MediaItem("b", "b.png", "image", captions=b))
    return Corpus("c", Path(), items)


def test_mean_rank_variance() -> None:
    ranks = {
        ("en", "t2i"): table("en", "t2i", ["a#en.0", "a#en.1", "b#en.0"], [1, 9, 2]),
        ("de", "t2i"): table("de", "t2i", ["a#de.0", "b#de.0"], [3, 2]),
        ("fr", "t2i"): table("fr", "t2i", ["b#fr.0"], [5]),
        ("en", "i2t"): table("en", "i2t", ["a", "b"], [1, 1]),
        ("de", "i2t"): table("de", "i2t", ["a", "b"], [5, 1]),
    }
    first, second = np.var([1, 3]), np.var([2, 2, 5])  # a caption alone in its group says nothing
    expected = Disagreement(pytest.approx(float(first + second) / 2), 2)
    assert disagreement(ranks, corpus(), "t2i") == expected
    assert disagreement(ranks, corpus(), "i2t") == Disagreement(pytest.approx(2.0), 2)
    assert disagreement(ranks, corpus(), "t2v") is None
    ranks["fr", "t2i"] = table("fr", "t2i", ["b#fr.0"], [500], candidates=1000)  # ranks among others are not compared
    assert disagreement(ranks, corpus(), "t2i") == Disagreement(pytest.approx(0.5), 2)
    alone = {("en", "t2i"): ranks["en", "t2i"]}
    assert disagreement(alone, corpus(), "t2i") is None
