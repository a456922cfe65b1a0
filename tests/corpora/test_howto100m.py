"""corpora/howto100m.py: narrations with spans, of the videos that are listed, in one language or nine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from official import item, put, read

from babelreel.errors import CorpusError

LIST = ("video_id,category_1,category_2,rank,task_id", "vid-1,Cars & Other Vehicles,Motorcycles,27,52907")


def narration(*texts: str) -> dict[str, Any]:
    return {"start": [1.5, 4.0, 9.0], "end": [4.0, 6.25, 9.0], "text": [*texts, "nothing"]}


def test_only_listed_videos_are_read(tmp_path: Path) -> None:
    captions = {"vid-1": narration("take the wheel", "turn it"), "vid-2": narration("not", "listed")}
    corpus, notes = read(
        "howto100m", put(tmp_path, {"HowTo100M_v1.csv": LIST, "caption.json": captions, "m/vid-1.webm": b""})
    )
    assert [(i.id, i.start, i.end, i.split, i.path) for i in corpus.items] == [
        ("vid-1#1.5-4", 1.5, 4.0, "train", "m/vid-1.webm"),
        ("vid-1#4-6.25", 4.0, 6.25, "train", "m/vid-1.webm"),
    ]
    assert item(corpus, "vid-1#4-6.25").captions[0].origin == "generated"
    assert item(corpus, "vid-1#4-6.25").tags == {"category": "Cars & Other Vehicles", "task": "52907"}
    assert notes == ["caption.json, 1: the span 9.0 to 9.0 of vid-1 is left out"]


def test_languages_of_one_span_are_parallel(tmp_path: Path) -> None:
    files = {f"how2_{lang}.json": {"vid-1": narration(f"{lang} 1", f"{lang} 2")} for lang in ("en", "sw", "zh")}
    corpus, _ = read("howto100m-multilingual", put(tmp_path, {"HowTo100M_v1.csv": LIST, **files}))
    captions = item(corpus, "vid-1#1.5-4").captions
    assert [(c.text, c.origin) for c in captions] == [
        ("en 1", "generated"), ("sw 1", "translated"), ("zh 1", "translated"),
    ]  # fmt: skip
    assert len({c.group for c in captions}) == 1
    assert captions[0].group


def test_lists_of_other_lengths_are_named(tmp_path: Path) -> None:
    wrong = {"vid-1": {"start": [1], "end": [2, 3], "text": ["a"]}}
    put(tmp_path, {"HowTo100M_v1.csv": LIST, "caption.json": wrong})
    with pytest.raises(CorpusError, match="has 1 starts, 2 ends and 1 texts for vid-1"):
        read("howto100m", tmp_path)
