"""corpora/multi30k.py: line i of every language belongs to image i; three readings."""

from __future__ import annotations

from pathlib import Path

import pytest
from official import as_published, item, put, read, texts

from babelreel.errors import CorpusError

TASK1 = {
    "task1/image_splits/val.txt": ("1.jpg", "2.jpg"),
    "task1/raw/val.en.gz": ("A dog.", "A cat."),
    "task1/raw/val.de": ("Ein Hund.", "Eine Katze."),
    "task1/raw/val.fr": ("Un chien.", ""),
    "task1/image_splits/test_2017_mscoco.txt": ("COCO_val2014_000000398076.jpg#657409",),
    "task1/raw/test_2017_mscoco.en": ("A bus.",),
}
TASK2 = {
    "task2/image_splits/val_images.txt": ("1.jpg", "2.jpg"),
    **{f"task2/raw/val.{n}.{lang}": (f"{lang} 1 {n}", f"{lang} 2 {n}") for n in range(1, 6) for lang in ("en", "de")},
}


def test_task_1_is_parallel(tmp_path: Path) -> None:
    corpus, notes = read("multi30k", put(tmp_path, TASK1))
    assert [(c.lang, c.text) for c in item(corpus, "1").captions] == [
        ("en", "A dog."), ("de", "Ein Hund."), ("fr", "Un chien."),
    ]  # fmt: skip
    assert {c.group for i in corpus.items for c in i.captions} == {"task1"}
    assert item(corpus, "COCO_val2014_000000398076").split == "test_2017_mscoco"
    assert notes == ["task1/raw/val.fr, 2: the caption of 2 in fr is empty and left out"]


def test_task_2_has_five_descriptions_apart(tmp_path: Path) -> None:
    corpus, _ = read("multi30k-task2", put(tmp_path, TASK2))
    assert texts(corpus, "2", "de") == [f"de 2 {n}" for n in range(1, 6)]
    assert {c.group for i in corpus.items for c in i.captions} == {""}


def test_retrieval_takes_five_and_one(tmp_path: Path) -> None:
    corpus, _ = read("multi30k-retrieval", put(tmp_path, TASK1 | TASK2))
    assert corpus.splits == ("val",)
    assert [len(texts(corpus, "1", lang)) for lang in ("en", "de", "fr")] == [5, 5, 1]


def test_files_of_other_lengths_are_named(tmp_path: Path) -> None:
    put(tmp_path, TASK1 | {"task1/raw/val.de": ("Ein Hund.",)})
    with pytest.raises(CorpusError, match=r"val\.de has 1 lines, and task1/image_splits/val\.txt has 2"):
        read("multi30k", tmp_path)


@pytest.mark.parametrize("name", ["multi30k", "multi30k-task2", "multi30k-retrieval"])
def test_the_published_files_have_the_published_counts(data: Path, name: str) -> None:
    corpus, notes = read(name, data / "captions" / "official" / "multi30k")
    as_published(name, corpus, ["test", "val"])
    assert notes == []
    if name == "multi30k":
        as_published(name, corpus, ["train", "test_2017_flickr", "test_2018_flickr", "test_2017_mscoco"])
