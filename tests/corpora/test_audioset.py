"""corpora/audioset.py: segments and the names of their sounds."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from official import item, put, read, texts

from babelreel.errors import CorpusError

HEAD = ("# Segments csv created Sun Mar  5", "# num_ytids=2", "# YTID, start_seconds, end_seconds, positive_labels")
NAMES = ("index,mid,display_name", '0,/m/03v3yw,"Keys jangling"', '1,/m/0k4j,"Car"')
LINES = (
    '-0RWZT-miFs, 420.000, 430.000, "/m/03v3yw,/m/0k4j"',
    'b, 0.000, 10.000, "/m/0k4j"',
    'c, 30.000, 40.000, "/m/0k4j"',
)


def test_a_caption_names_the_sounds(tmp_path: Path) -> None:
    files = {"eval_segments.csv": (*HEAD, *LINES), "class_labels_indices.csv": NAMES}
    media = dict.fromkeys(("w/-0RWZT-miFs.webm", "w/b_0_10.mp4", "w/c_30000_40000.mp4"), b"")
    corpus, notes = read("audioset", put(tmp_path, {**files, **media, "unbalanced_train_segments.csv": HEAD}))
    whole = item(corpus, "-0RWZT-miFs")
    assert texts(corpus, whole.id) == ["Keys jangling, Car"]
    assert (whole.path, whole.start, whole.end) == ("w/-0RWZT-miFs.webm", 420.0, 430.0)
    assert whole.tags == {"labels": "/m/03v3yw,/m/0k4j"}
    cut = [item(corpus, id) for id in "bc"]
    assert [(i.path, i.start, i.end) for i in cut] == [
        ("w/b_0_10.mp4", None, None),
        ("w/c_30000_40000.mp4", None, None),
    ]
    assert (corpus.splits, notes) == (("test",), [])


def test_wrong_lines_and_labels_are_named(tmp_path: Path) -> None:
    put(tmp_path, {"eval_segments.csv": (*HEAD, "b, 0.000, 10.000"), "class_labels_indices.csv": NAMES})
    with pytest.raises(CorpusError, match=r"eval_segments\.csv, line 4, holds 'b, 0\.000, 10\.000'"):
        read("audioset", tmp_path)
    put(tmp_path, {"eval_segments.csv": (*HEAD, 'b, 0.000, 10.000, "/m/none"')})
    with pytest.raises(CorpusError, match=r"line 4, has the label /m/none\. No name of it"):
        read("audioset", tmp_path)


def test_names_come_from_the_published_ontology(data: Path, tmp_path: Path) -> None:
    packed = (data / "annotations" / "audioset" / "ontology.json.gz").read_bytes()
    assert len(json.loads(gzip.decompress(packed))) == 632
    put(tmp_path, {"balanced_train_segments.csv": (*HEAD, *LINES)})
    (tmp_path / "ontology.json.gz").write_bytes(packed)
    corpus, _ = read("audioset", tmp_path)
    assert texts(corpus, "-0RWZT-miFs") == ["Keys jangling, Car"]
