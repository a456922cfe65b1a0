"""corpora/msrvtt.py: 1k-A, full, nine languages, and Chinese, in the official layouts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from official import as_published, item, put, read, texts

from babelreel.errors import CorpusError


def whole() -> dict[str, Any]:
    """Four clips in the official form, the last of them in the test of 1k-A; two captions each."""
    splits = {"video0": "train", "video1": "train", "video6513": "validate", "video9770": "test"}
    return {
        "videos": [
            {"video_id": v, "split": s, "url": f"https://www.youtube.com/watch?v=y{v}"} for v, s in splits.items()
        ],
        "sentences": [{"video_id": v, "caption": f"{v} does {n}", "sen_id": n} for v in splits for n in range(2)],
    }


def letters(text: str) -> str:
    """What the list of the test and the official captions agree on: spaces and punctuation differ in 35 of them."""
    return "".join(filter(str.isalnum, text.lower()))


TEST = ("key,vid_key,video_id,sentence", "ret0,msr9770,video9770,video9770 does 0")
LISTS = {
    "MSRVTT_train.9k.csv": ("video_id", "video0", "video1", "video6513"),
    "MSRVTT_train.7k.csv": ("video_id", "video1"),
}


def test_1ka_has_one_caption_a_test_clip_and_all_of_the_training_clips(tmp_path: Path) -> None:
    put(tmp_path, {"MSRVTT_JSFUSION_test.csv": TEST, "MSRVTT_data.json": whole(), **LISTS, "clips/video1.webm": b""})
    corpus, notes = read("msrvtt-1ka-9k", tmp_path)
    assert notes == []
    assert {i.id: i.split for i in corpus.items} == {
        "video9770": "test", "video0": "train", "video1": "train", "video6513": "train",
    }  # fmt: skip
    assert texts(corpus, "video9770") == ["video9770 does 0"]
    assert texts(corpus, "video1") == ["video1 does 0", "video1 does 1"]
    assert (item(corpus, "video1").path, item(corpus, "video0").path) == ("clips/video1.webm", "videos/video0.mp4")
    assert {i.id for i in read("msrvtt-1ka-7k", tmp_path)[0].items} == {"video9770", "video1"}


def test_the_test_part_needs_no_other_file(tmp_path: Path) -> None:
    put(tmp_path, {"MSRVTT_JSFUSION_test.csv": TEST})
    assert read("msrvtt-1ka-9k", tmp_path)[0].splits == ("test",)
    with pytest.raises(CorpusError, match=r"msrvtt-full needs MSRVTT_data\.json or .*, and it is not there"):
        read("msrvtt-full", tmp_path)


def test_the_official_parts_come_in_one_file_or_two(tmp_path: Path) -> None:
    data = whole()
    one, _ = read("msrvtt-full", put(tmp_path / "one", {"MSRVTT_data.json": data}))
    test = {key: [r for r in data[key] if r["video_id"] == "video9770"] for key in data}
    rest = {key: [r for r in data[key] if r["video_id"] != "video9770"] for key in data}
    names = {"train_val_videodatainfo.json.gz": rest, "test_videodatainfo.json": test}
    two, _ = read("msrvtt-full", put(tmp_path / "two", names))
    assert one.items == two.items
    assert {i.split for i in one.items} == {"train", "val", "test"}
    assert item(one, "video6513").tags == {"source": "yvideo6513"}


def test_an_unknown_split_is_named(tmp_path: Path) -> None:
    put(tmp_path, {"MSRVTT_data.json": {"videos": [{"video_id": "video0", "split": "dev"}], "sentences": []}})
    with pytest.raises(CorpusError, match="puts video0 into the split 'dev'"):
        read("msrvtt-full", tmp_path)


def test_captions_of_nine_languages_are_parallel(tmp_path: Path) -> None:
    files: dict[str, Any] = dict(LISTS)
    for lang in ("en", "de", "sw"):
        files[f"multilingual_test/test_{lang}.json"] = {"video9770.mp4": [f"{lang} of the test"]}
        files[f"multilingual_train/ref_captions_{lang}.json"] = {
            "video1.mp4": [f"{lang} {n}" for n in range(2)],
            "video9770.mp4": ["not for training"],
            "video0.mp4": ["only in the longer list"],
        }
    corpus, _ = read("msrvtt-multilingual-7k", put(tmp_path, files))
    assert {i.id: i.split for i in corpus.items} == {"video9770": "test", "video1": "train"}
    captions = item(corpus, "video1").captions
    assert {(c.lang, c.origin) for c in captions} == {("en", "human"), ("de", "translated"), ("sw", "translated")}
    assert {c.group for c in captions if c.text.endswith("1")} == {"1"}
    assert texts(corpus, "video9770", "de") == ["de of the test"]
    assert len(read("msrvtt-multilingual-9k", tmp_path)[0]) == 4
    put(tmp_path, {"multilingual_train/ref_captions_de.json": {"video1.mp4": ["de 0"]}})
    short, notes = read("msrvtt-multilingual-7k", tmp_path)
    assert {(c.lang, c.group) for c in item(short, "video1").captions if c.text.endswith("0")} == {
        ("en", "0"), ("de", ""), ("sw", "0"),
    }  # fmt: skip
    told = "video1 has 1 captions in de and 2 before, so they are parallel to no others"
    assert notes == [f"multilingual_train/ref_captions_de.json, 1: {told}"]
    put(tmp_path, {"multilingual_test/test_de.json": {"video9770.mp4": "a text"}})
    with pytest.raises(CorpusError, match=r"gives video9770\.mp4 a str, not a list"):
        read("msrvtt-multilingual-7k", tmp_path)


def test_chinese_is_translated_for_training_and_written_for_the_test(tmp_path: Path) -> None:
    files = {
        "TextData/msrvttcntrain.caption.txt": ("video0#enc#0 a dog runs",),
        "TextData/msrvttcntrain_google_enc2zh.caption.txt": ("video0#enc2zh#0 一只狗在跑",),
        "TextData/msrvttcntest.caption.txt": ("video9#enc#1 a cat",),
        "TextData/msrvttcntest_zh.caption.txt": ("video9#zh#1 一只猫",),
        "TextData/msrvttcntest_google_enc2zh.caption.txt": ("video9#enc2zh#1 猫",),
    }
    corpus, _ = read("msrvtt-cn", put(tmp_path, files))
    found = {(i.split, c.lang, c.origin, c.group, c.text) for i in corpus.items for c in i.captions}
    assert found == {
        ("train", "en", "human", "0", "a dog runs"),
        ("train", "zh", "translated", "0", "一只狗在跑"),
        ("test", "en", "human", "1", "a cat"),
        ("test", "zh", "human", "1", "一只猫"),
    }


def test_the_published_files_have_the_published_counts(data: Path, tmp_path: Path) -> None:
    corpus, notes = read("msrvtt-1ka-9k", data / "annotations" / "msrvtt")
    as_published("msrvtt-1ka-9k", corpus, ["test"])
    assert notes == []
    parts = {"validate": "sgn_val.json.gz", "test": "sgn_test.json.gz"}  # the official captions under other keys
    official: dict[str, list[Any]] = {"videos": [], "sentences": []}
    for split, name in parts.items():
        for video, sentences in json.loads(
            gzip.decompress((data / "annotations" / "msrvtt" / name).read_bytes())
        ).items():
            official["videos"].append({"video_id": video, "split": split})
            official["sentences"] += [{"video_id": video, "caption": text} for text in sentences.values()]
    full, notes = read("msrvtt-full", put(tmp_path, {"MSRVTT_data.json": official}))
    as_published("msrvtt-full", full, ["val", "test"])
    assert notes == []
    said = {i.id: set(map(letters, texts(full, i.id))) for i in full.select("test").items}
    asked = {i.id: letters(i.captions[0].text) for i in corpus.items if i.id in said}
    assert len(asked) > 200
    assert all(text in said[id] for id, text in asked.items())
