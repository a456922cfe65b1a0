"""corpora/charades.py: whole videos, and the moments of Charades-STA."""

from __future__ import annotations

from pathlib import Path

import pytest
from official import as_published, put, read, texts

from babelreel.errors import CorpusError


def test_each_description_is_a_caption(tmp_path: Path) -> None:
    table = ("id,script,descriptions", 'A1,told to act,"One, two.;Three; "', "B2,told,Four")
    corpus, notes = read("charades", put(tmp_path, {"Charades_v1_test.csv": table}))
    assert (texts(corpus, "A1"), texts(corpus, "B2"), notes) == (["One, two.", "Three"], ["Four"], [])


def test_moments_are_spans_and_empty_ones_are_noted(tmp_path: Path) -> None:
    lines = (
        "A1 24.3 30.4##person turns a light on.",
        "A1 24.3 30.4##a light goes on",
        "A1 5.0 5.0##nothing",
        "B 1 2 no text",
    )
    corpus, notes = read("charades-moments", put(tmp_path, {"charades_sta_test.txt": lines[:3]}))
    (only,) = corpus.items
    assert (only.id, only.start, only.end, len(only.captions)) == ("A1#24.3-30.4", 24.3, 30.4, 2)
    assert notes == ["charades_sta_test.txt, 3: A1 5.0 5.0 is no span with a sentence, and left out"]
    put(tmp_path, {"charades_sta_test.txt": lines})
    with pytest.raises(CorpusError, match=r"charades_sta_test\.txt, line 4, holds 'B 1 2 no text'"):
        read("charades-moments", tmp_path)


def test_the_published_file_has_the_published_counts(data: Path) -> None:
    corpus, notes = read("charades", data / "annotations" / "charades")
    as_published("charades", corpus, ["train"])
    assert notes == []
