"""corpora/flickr30k.py, flickr8k.py, karpathy.py: Flickr's photographs in English, Chinese and Arabic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from official import as_published, counted, item, put, read, texts

from babelreel.errors import CorpusError


def image(name: str, split: str, *sentences: str) -> dict[str, Any]:
    return {
        "filename": f"{name}.jpg",
        "split": split,
        "sentences": [{"raw": s, "tokens": s.split()} for s in sentences],
    }


def test_karpathys_file(tmp_path: Path) -> None:
    images = [image("1", "train", "A dog .", "Dogs!"), image("2", "test", "A cat.", "")]
    corpus, notes = read("flickr30k", put(tmp_path, {"dataset_flickr30k.json": {"images": images}, "p/2.png": b""}))
    assert (texts(corpus, "1"), texts(corpus, "2")) == (["A dog .", "Dogs!"], ["A cat."])
    assert (item(corpus, "2").path, item(corpus, "2").kind, item(corpus, "2").split) == ("p/2.png", "image", "test")
    assert notes == ["dataset_flickr30k.json, 2: the caption of 2 in en is empty and left out"]
    for wrong in ({"images": 3}, {}):
        put(tmp_path, {"dataset_flickr30k.json": wrong})
        with pytest.raises(CorpusError, match="has no list 'images'"):
            read("flickr30k", tmp_path)
    put(tmp_path, {"dataset_flickr30k.json": {"images": [{"filename": "1.jpg"}]}})
    with pytest.raises(CorpusError, match="entry 1, must have filename, split, sentences; found filename"):
        read("flickr30k", tmp_path)


def test_chinese_by_people_and_by_machine(tmp_path: Path) -> None:
    files = {
        "flickr30k-cn/test.txt": ("11#zhm#1\t一只狗", "11\t狗"),
        "flickr30k-cn/val.txt": ("22 一只猫", "22.jpg#zhb#0 一只猫"),
    }
    corpus, _ = read("flickr30k-cn", put(tmp_path, files))
    found = [(i.id, i.split, c.origin, c.text) for i in corpus.items for c in i.captions]
    assert found == [
        ("11", "test", "human", "一只狗"),
        ("11", "test", "human", "狗"),
        ("22", "val", "translated", "一只猫"),
        ("22", "val", "translated", "一只猫"),
    ]
    put(tmp_path, {"flickr30k-cn/test.txt": ("11#zhm#1",)})
    with pytest.raises(CorpusError, match=r"test\.txt, line 1, holds '11#zhm#1'"):
        read("flickr30k-cn", tmp_path)


def test_flickr8k_has_translations_of_the_english_beside_captions_of_their_own(tmp_path: Path) -> None:
    files = {
        "Flickr_8k.testImages.txt": ("a_1.jpg",),
        "Flickr8k.token.txt": ("a_1.jpg#0\tA dog .", "a_1.jpg#1\tDogs .", "b_2.jpg#0\tNowhere ."),
        "flickr8kzhc.caption.txt": ("a_1.jpg#zhc#0 狗",),
        "flickr8kzhmtest.captions.txt": ("a_1.jpg#zhm#1 狗群",),
        "Flickr8k.arabic.full.txt": ("a_1.jpg#0\tكلب",),
    }
    corpus, notes = read("flickr8k-official", put(tmp_path, files))
    assert [(c.lang, c.text, c.group) for c in item(corpus, "a_1").captions] == [
        ("en", "A dog .", "0"), ("en", "Dogs .", "1"), ("ar", "كلب", ""), ("zh", "狗", ""), ("zh", "狗群", "1"),
    ]  # fmt: skip
    assert notes == ["Flickr8k.token.txt, 3: the caption of b_2, which no split lists, is left out"]
    put(tmp_path, {"Flickr8k.token.txt": ("a_1.jpg#0\tA d", "og .", "a_1.jpg#1\t")})
    corpus, notes = read("flickr8k-official", tmp_path)
    assert texts(corpus, "a_1") == ["A dog ."]  # cut in the middle of a word, as a line of the Arabic file is
    assert notes == [
        "Flickr8k.token.txt, 2: no image is named, so 'og .' goes on with the line before",
        "Flickr8k.token.txt, 3: the caption of a_1 in en is empty and left out",
    ]
    put(tmp_path, {"Flickr8k.token.txt": ("A dog .",)})
    with pytest.raises(CorpusError, match=r"Flickr8k\.token\.txt, line 1, holds 'A dog \.'"):
        read("flickr8k-official", tmp_path)


def test_the_published_files_have_the_published_counts(data: Path, tmp_path: Path) -> None:
    official = data / "captions" / "official"
    corpus, notes = read("flickr30k-cn", official / "nllb-clip")
    as_published("flickr30k-cn", corpus, ["val", "test"])
    assert notes == []
    for folder in ("flickr8k_arabic", "flickr8kcn"):
        for path in (official / folder).iterdir():
            (tmp_path / path.name).symlink_to(path)
    corpus, notes = read("flickr8k-official", tmp_path)
    as_published("flickr8k-official", corpus, ["train", "val", "test"])
    joined = [note for note in notes if "goes on with the line before" in note]
    unlisted = [note for note in notes if "which no split lists" in note]
    assert [note.split(":")[0] for note in joined] == ["Flickr8k.arabic.full.txt, 22183"]
    assert len(notes) == len(joined) + len(unlisted)
    assert len(unlisted) == 91 * (5 + 5 + 3)  # captions of the 91 images that are in no part
    assert counted(corpus)["test", "ar"] == (1000, 3000)
