"""corpora/crosslingual.py: XTD10, xFlickrCO and Crossmodal-3600."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from official import as_published, item, put, read, texts

from babelreel.corpora.crosslingual import XM3600_LANGS
from babelreel.errors import CorpusError

XTD = {
    "XTD10/test_image_names.txt": ("COCO_val2014_1.jpg", "COCO_val2014_2.jpg"),
    "XTD10/test_1kcaptions_en.txt": ("a dog", "a cat"),
    "MIC/test_1kcaptions_de.txt": "ein Hund\neine Katze",  # without a last newline, as published
    "STAIR/test_1kcaptions_jp.txt": ("犬", "猫"),
}


def test_xtd10_is_parallel_but_for_japanese(tmp_path: Path) -> None:
    corpus, _ = read("xtd10", put(tmp_path, XTD))
    captions = item(corpus, "COCO_val2014_2").captions
    assert {(c.lang, c.text, bool(c.group)) for c in captions} == {
        ("en", "a cat", True), ("de", "eine Katze", True), ("ja", "猫", False),
    }  # fmt: skip
    put(tmp_path, {"STAIR/test_1kcaptions_jp.txt": ("犬",)})
    with pytest.raises(CorpusError, match=r"test_1kcaptions_jp\.txt has 1 lines, and .* has 2"):
        read("xtd10", tmp_path)


def test_xflickrco_is_parallel(tmp_path: Path) -> None:
    content: dict[str, Any] = {"images": ["1.jpg", "2.jpg"], "captions": {"en": [["a"], ["b"]], "id": [["c"], [""]]}}
    corpus, notes = read("xflickrco", put(tmp_path, {"xflickrco.json": content}))
    assert [(c.lang, c.text, c.group) for c in item(corpus, "1").captions] == [("en", "a", "0"), ("id", "c", "0")]
    assert notes == ["xflickrco.json, 2: the caption of 2 in id is empty and left out"]
    content["captions"]["id"].pop()
    with pytest.raises(CorpusError, match="has 1 captions in id for 2 images"):
        read("xflickrco", put(tmp_path, {"xflickrco.json": content}))


def test_crossmodal_3600_has_36_languages(tmp_path: Path) -> None:
    languages = {lang: {"caption": [f"{lang} 1", f"{lang} 2"], "caption/tokenized": ["x"]} for lang in XM3600_LANGS}
    lines = '{"image/key": "000411001ff7dd4f", ' + repr(languages)[1:].replace("'", '"') + "\n"
    corpus, _ = read("xm3600", put(tmp_path, {"captions.jsonl": lines, "images/000411001ff7dd4f.jpg": b""}))
    assert len(corpus.langs) == 36
    assert texts(corpus, "000411001ff7dd4f", "quz") == ["quz 1", "quz 2"]
    assert corpus.items[0].path == "images/000411001ff7dd4f.jpg"
    put(tmp_path, {"captions.jsonl": lines + "{}\n"})
    with pytest.raises(CorpusError, match=r"captions\.jsonl, line 2, lacks 'image/key'"):
        read("xm3600", tmp_path)


def test_the_published_files_have_the_published_counts(data: Path) -> None:
    official = data / "captions" / "official"
    corpus, notes = read("xtd10", official / "xtd10")
    as_published("xtd10", corpus, ["test"])
    assert notes == []
    corpus, notes = read("xflickrco", official / "babel-imagenet-repo")
    assert [(lang, sum(bool(texts(corpus, i.id, lang)) for i in corpus.items)) for lang in ("en", "tr", "zh")] == [
        ("en", 2000), ("tr", 2000), ("zh", 2000),
    ]  # fmt: skip
    assert len(notes) == 2  # one caption in German and one in Indonesian are empty in the published file
    assert all("is empty and left out" in note for note in notes)
