"""corpora/vatex.py: ten and ten captions, five of them parallel; the parts as published and as papers split them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from official import item, put, read, texts

from babelreel.corpora.vatex import ALONE


def record(id: str, chinese: bool = True) -> dict[str, Any]:
    found = {"videoID": id, "enCap": [f"{id} en {n}" for n in range(10)]}
    return found | ({"chCap": [f"{id} zh {n}" for n in range(10)]} if chinese else {})


FILES = {
    "vatex_training_v1.0.json": [record("t_000001_000011")],
    "vatex_validation_v1.0.json": [record("a-_b_000055_000065"), record("b_000001_000011"), record("c_000001_000011")],
    "vatex_public_test_english_v1.1.json": [record("p_000001_000011", chinese=False)],
}


def test_the_last_five_are_translations_of_each_other(tmp_path: Path) -> None:
    corpus, notes = read("vatex", put(tmp_path, {**FILES, "clips/a-_b_000055_000065.mkv": b""}))
    assert notes == []
    found = item(corpus, "a-_b_000055_000065")
    assert (found.path, found.split, found.tags) == ("clips/a-_b_000055_000065.mkv", "val", {"source": "a-_b"})
    groups: dict[str, list[str]] = {}
    for caption in found.captions:
        assert caption.origin == "human"
        groups.setdefault(caption.group, []).append(caption.text.removeprefix("a-_b_000055_000065 "))
    assert len(groups.pop("")) == 2 * ALONE
    assert groups == {f"{n}": [f"en {n}", f"zh {n}"] for n in range(5, 10)}
    test = corpus.select("test").items[0]
    assert {(c.lang, c.group) for c in test.captions} == {("en", "")}  # parallel to nothing


def test_lists_split_the_validation_clips(tmp_path: Path) -> None:
    lists = {"test_list.txt": ("a-_b_000055_000065",), "val_list.txt": ("b_000001_000011", "a-_b_000055_000065")}
    corpus, notes = read("vatex-hgr", put(tmp_path, {**FILES, **lists}))
    assert {i.id: i.split for i in corpus.items} == {
        "a-_b_000055_000065": "test", "b_000001_000011": "val", "t_000001_000011": "train",
    }  # fmt: skip
    assert notes == [
        "val_list.txt, 2: a-_b_000055_000065 is in test already",
        "vatex_validation_v1.0.json, 3: c_000001_000011 is in no list and left out",
    ]
    assert len(texts(corpus, "b_000001_000011", "zh")) == 10


def test_without_lists_only_the_training_part_is_there(tmp_path: Path) -> None:
    assert read("vatex-hgr", put(tmp_path, FILES))[0].splits == ("train",)
