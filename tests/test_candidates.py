"""candidates.py: what the first stage of a search keeps of the exact best, counted by hand and by a real model."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import babelreel
from babelreel.candidates import candidate_recall, first_stage, read_sizes, to_table
from babelreel.encoders.small import write_small_clip
from babelreel.errors import ConfigError
from babelreel.types import Caption, Corpus, MediaItem


def test_recall_by_hand() -> None:
    exact = [["a", "b"], ["c", "d"]]
    candidates = [["x", "a", "b", "y"], ["c", "x", "y", "z"]]
    assert candidate_recall(exact, candidates, [1, 2, 4]) == {1: 25.0, 2: 50.0, 4: 75.0}
    assert candidate_recall([], [], [5]) == {5: 100.0}


def test_pooled_scores_lose_nothing_of_a_method_that_scores_by_them(tmp_path: Path) -> None:
    texts = ["a red circle", "ein roter Kreis"]
    model = babelreel.load(write_small_clip(tmp_path / "m", texts, width=32, image_size=32))
    captions = (Caption(texts[0], "en"), Caption(texts[1], "de"))
    items = []
    for n in range(6):
        Image.new("RGB", (32, 32), (40 * n, 0, 255 - 40 * n)).save(tmp_path / f"{n}.png")
        items.append(MediaItem(f"{n}", f"{n}.png", "image", captions=captions))
    found = first_stage(model, Corpus("c", tmp_path, tuple(items)), [1, 3, 6], k=3, cache=tmp_path / "cache")
    assert found == {lang: {1: pytest.approx(100 / 3), 3: 100.0, 6: 100.0} for lang in ("de", "en")}
    assert to_table(found, 3).splitlines()[2].split() == ["de", "33.3", "100.0", "100.0"]


def test_sizes() -> None:
    assert read_sizes("50,20, 100,20") == [20, 50, 100]
    for odd in ("", "a", "0,5", "1.5"):
        with pytest.raises(ConfigError, match="Numbers of candidates"):
            read_sizes(odd)
