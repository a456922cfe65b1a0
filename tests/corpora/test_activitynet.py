"""corpora/activitynet.py: paragraphs and moments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from official import item, put, read, texts

from babelreel.errors import CorpusError


def video(timestamps: list[Any], sentences: list[str], duration: float = 60.0) -> dict[str, Any]:
    return {"duration": duration, "timestamps": timestamps, "sentences": sentences}


FILES = {
    "train.json": {"v_a": video([[0, 10.5], [70, 50]], [" A man runs. ", "He stops."])},
    "val_1.json": {"v_b": video([[3, 9], [9, 9], [3, 9]], ["One.", "Two.", "Three."])},
    "media/a.mkv": b"",
    "media/v_b.mp4": b"",
}


def test_paragraphs_join_the_sentences(tmp_path: Path) -> None:
    corpus, _ = read("activitynet-paragraphs", put(tmp_path, FILES))
    assert texts(corpus, "v_a") == ["A man runs. He stops."]
    assert [(i.split, i.path) for i in corpus.items] == [("test", "media/v_b.mp4"), ("train", "media/a.mkv")]


def test_moments_are_put_in_order_and_cut_at_the_end(tmp_path: Path) -> None:
    corpus, notes = read("activitynet-moments", put(tmp_path, FILES))
    assert {i.id: (i.start, i.end) for i in corpus.items} == {
        "v_b#3-9": (3.0, 9.0), "v_a#0-10.5": (0.0, 10.5), "v_a#50-60": (50.0, 60.0),
    }  # fmt: skip
    assert [c.text for c in item(corpus, "v_b#3-9").captions] == ["One.", "Three."]
    assert notes == ["val_1.json, 1: the span [9, 9] of v_b is empty and left out"]


def test_wrong_spans_are_named(tmp_path: Path) -> None:
    put(tmp_path, {"val_1.json": {"v_b": video([[3, 9]], ["One.", "Two."])}})
    with pytest.raises(CorpusError, match="has 1 spans and 2 sentences for v_b"):
        read("activitynet-moments", tmp_path)
    for span in ([3], ["x", 4], 7):
        put(tmp_path, {"val_1.json": {"v_b": video([span], ["One."])}})
        with pytest.raises(CorpusError, match="gives v_b the span"):
            read("activitynet-moments", tmp_path)
    put(tmp_path, {"val_1.json": {"v_b": {"sentences": []}}})
    with pytest.raises(CorpusError, match="entry 1, must have duration, timestamps, sentences"):
        read("activitynet-paragraphs", tmp_path)
