"""corpora/lsmdc.py: tab-separated lines, several sentences a clip."""

from __future__ import annotations

from pathlib import Path

import pytest
from official import item, put, read, texts

from babelreel.errors import CorpusError

CLIP = "0001_American_Beauty_00.00.51.926-00.00.54.129"


def line(clip: str, sentence: str) -> str:
    return "\t".join((clip, "00.00.51.926", "00.00.54.129", "00.00.51.926", "00.00.54.129", sentence))


def test_a_clip_may_have_several_sentences(tmp_path: Path) -> None:
    files = {
        "LSMDC16_annos_training.csv": (line(CLIP, "SOMEONE sits."), line(CLIP, 'He says "no".'), line("0002_B_1", "")),
        "LSMDC16_challenge_1000_publictect.csv": (line("1010_TITANIC_00.41.32.072-00.41.40.196", "She waits."),),
        f"films/{CLIP}.avi": b"",
    }
    corpus, notes = read("lsmdc", put(tmp_path, files))
    assert texts(corpus, CLIP) == ["SOMEONE sits.", 'He says "no".']
    found = item(corpus, CLIP)
    assert (found.path, found.split, found.start) == (f"films/{CLIP}.avi", "train", None)
    assert found.tags == {"source": "0001_American_Beauty"}
    assert corpus.splits == ("test", "train")
    assert notes == ["LSMDC16_annos_training.csv, 3: the caption of 0002_B_1 in en is empty and left out"]


def test_a_line_with_other_fields_is_named(tmp_path: Path) -> None:
    put(tmp_path, {"LSMDC16_annos_val.csv": (line(CLIP, "Fine."), f"{CLIP}\tNot fine.")})
    with pytest.raises(CorpusError, match=r"LSMDC16_annos_val\.csv, line 2, has 2 fields between tabs, not 6"):
        read("lsmdc", tmp_path)
