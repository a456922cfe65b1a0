"""corpora/didemo.py: paragraphs and moments, videos under two names, spans by vote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from official import as_published, item, put, read, texts

from babelreel.errors import CorpusError


def record(video: str, text: str, times: Any = ((1, 1),)) -> dict[str, Any]:
    return {"video": video, "description": text, "times": times, "num_segments": 6, "annotation_id": 1}


def test_a_paragraph_joins_all_sentences_of_a_video_under_whatever_name(tmp_path: Path) -> None:
    records = [
        record("9@N00_11_ab.mov", "first."),
        record("8@N00_22_cd.avi", "other"),
        record("9@N00_11_ab.", "second"),
    ]
    put(tmp_path, {"test_data.json": [*records, record("8@N00_22_cd.avi", " ")], "v/9@N00_11_ab.mov.mp4": b""})
    corpus, notes = read("didemo-paragraphs", tmp_path)
    assert texts(corpus, "9@N00_11") == ["first. second"]
    found = item(corpus, "9@N00_11")
    assert (found.path, found.start, found.end, found.split) == ("v/9@N00_11_ab.mov.mp4", 0.0, 30.0, "test")
    assert item(corpus, "8@N00_22").path == "videos/8@N00_22_cd.avi"
    assert notes == ["test_data.json, 4: the caption of 8@N00_22 in en is empty and left out"]


def test_media_under_the_short_the_full_or_the_bare_name(tmp_path: Path) -> None:
    records = [record(f"9@N00_{n}_ab.mov", "text") for n in (1, 2, 3)]
    files = dict.fromkeys(("9@N00_1_ab.mp4", "9@N00_2_ab.mov.webm", "9@N00_3_ab."), b"")
    corpus, _ = read("didemo-moments", put(tmp_path, {"val_data.json": records, **files}))
    assert [i.path for i in corpus.items] == list(files)


def test_a_moment_is_what_most_people_marked(tmp_path: Path) -> None:
    votes = {"most": [[4, 4], [2, 3], [2, 3], [0, 0]], "tie": [[3, 3], [2, 3], [3, 3], [2, 3]], "same": [[0, 0]]}
    records = [record("9@N00_11_ab.mov", name, times) for name, times in votes.items()]
    corpus, _ = read("didemo-moments", put(tmp_path, {"train_data.json": records}))
    spans = {i.id: (i.start, i.end, [c.text for c in i.captions]) for i in corpus.items}
    assert spans == {"9@N00_11#2-3": (10.0, 20.0, ["most", "tie"]), "9@N00_11#0-0": (0.0, 5.0, ["same"])}


@pytest.mark.parametrize("times", [[], [[1]], [["a", 1]], [[float("inf"), 1]], 3])
def test_wrong_times_are_named(tmp_path: Path, times: Any) -> None:
    put(tmp_path, {"test_data.json": [record("9@N00_11_ab.mov", "text", times)]})
    with pytest.raises(CorpusError, match="has at entry 1 the times"):
        read("didemo-moments", tmp_path)
    with pytest.raises(CorpusError, match="entry 1, must have video, description, times; found video"):
        read("didemo-moments", put(tmp_path, {"test_data.json": [{"video": "x"}]}))


def test_the_published_files_have_the_published_counts(data: Path) -> None:
    for name in ("didemo-paragraphs", "didemo-moments"):
        corpus, notes = read(name, data / "annotations" / "didemo")
        as_published(name, corpus, ["val", "test"])
        assert notes == []
