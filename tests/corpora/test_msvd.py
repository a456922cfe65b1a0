"""corpora/msvd.py: MSVD by lists and by its mapping, from a pickle and from the table; MSVD-CN."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import pytest
from official import as_published, counted, item, put, read, texts

from babelreel.errors import CorpusError

HEADER = ",VideoID,Start,End,WorkerID,Source,AnnotationTime,Language,Description"
MAPPING = tuple(f"yt{n}_1_2 vid{n}" for n in (1, 1200, 1201, 1300, 1301, 1970))


def test_every_caption_counts_and_lists_decide(tmp_path: Path) -> None:
    captions = {"a_1_2": [["a", "dog", "runs"], ["a", "dog"]], "b_3_4": [["a", "cat"]], "c_5_6": [["unlisted"]]}
    lists = {"train_list.txt": ("a_1_2",), "test_list.txt": ("b_3_4",)}
    corpus, notes = read(
        "msvd", put(tmp_path, {"raw-captions.pkl": pickle.dumps(captions), **lists, "x/a_1_2.avi": b""})
    )
    assert (texts(corpus, "a_1_2"), texts(corpus, "b_3_4")) == (["a dog runs", "a dog"], ["a cat"])
    assert (item(corpus, "a_1_2").path, item(corpus, "a_1_2").start) == ("x/a_1_2.avi", None)  # cut already
    assert item(corpus, "b_3_4").tags == {"source": "b"}
    assert notes == ["raw-captions.pkl, 3: the caption of c_5_6, which no split lists, is left out"]
    put(tmp_path, {"raw-captions.pkl": pickle.dumps([1])})
    with pytest.raises(CorpusError, match="holds a list, not"):
        read("msvd", tmp_path)


def test_without_lists_the_mapping_decides_and_english_rows_are_taken(tmp_path: Path) -> None:
    rows = (
        "0,yt1,1,2,7,clean,9,English,A dog.",
        "1,yt1,1,2,7,clean,9,German,Ein Hund.",
        "2,yt1970,1,2,7,clean,9,English,End",
    )
    put(tmp_path, {"youtube_mapping.txt": MAPPING, "video_corpus.csv": (HEADER, *rows), "vid1970.mkv": b""})
    corpus, _ = read("msvd", tmp_path)
    assert [(i.id, i.split) for i in corpus.items] == [
        ("yt1301_1_2", "test"), ("yt1970_1_2", "test"), ("yt1201_1_2", "val"), ("yt1300_1_2", "val"),
        ("yt1_1_2", "train"), ("yt1200_1_2", "train"),
    ]  # fmt: skip
    assert [c.text for c in item(corpus, "yt1_1_2").captions] == ["A dog."]
    assert item(corpus, "yt1970_1_2").path == "vid1970.mkv"


def test_chinese_by_the_number_of_the_clip(tmp_path: Path) -> None:
    table = ("id,video_id,sentence", "1,vid1.mp4,一只狗", "2,vid1301.mp4,一只猫", "3,vid7.mp4,无")
    put(tmp_path, {"youtube_mapping.txt": MAPPING, "msvd_cn_captions_release_utf8.csv": table})
    corpus, notes = read("msvd-cn", tmp_path)
    assert (texts(corpus, "yt1_1_2", "zh"), texts(corpus, "yt1301_1_2", "zh")) == (["一只狗"], ["一只猫"])
    assert len(notes) == 1
    put(tmp_path, {"youtube_mapping.txt": ("yt1_1_2 clip1",)})
    with pytest.raises(CorpusError, match=r"youtube_mapping\.txt, line 1, holds 'yt1_1_2 clip1'"):
        read("msvd-cn", tmp_path)


def test_the_published_files_have_the_published_counts(data: Path, tmp_path: Path) -> None:
    root = data / "annotations" / "msvd"
    chinese, notes = read("msvd-cn", root)
    as_published("msvd-cn", chinese, ["train", "val", "test"])
    assert notes == []
    assert sum(len(i.captions) for i in chinese.items) == 11758
    parts = [gzip.decompress((root / f"sgn_{part}.csv.gz").read_bytes()).decode() for part in ("val", "test")]
    table = parts[0] + parts[1].partition("\n")[2]
    put(tmp_path, {"video_corpus.csv": table, "youtube_mapping.txt": (root / "youtube_mapping.txt").read_bytes()})
    corpus, notes = read("msvd", tmp_path)
    here = counted(corpus)
    # CLIP4Clip counts 4,290 and 27,763: its pickle leaves out one and five of the table's captions.
    assert (here["val", "en"], here["test", "en"]) == ((100, 4291), (670, 27768))
    assert notes == []
