"""corpora/coco.py: Karpathy's parts, folds of a thousand, Japanese and Chinese."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from official import item, put, read, texts

from babelreel.errors import CorpusError


def name(n: int, part: str = "val2014") -> str:
    return f"COCO_{part}_{n:012d}"


def image(n: int, split: str) -> dict[str, Any]:
    return {"filename": f"{name(n)}.jpg", "split": split, "cocoid": n, "sentences": [{"raw": f"image {n}"}]}


def test_restval_is_trained_on_and_japanese_is_read_where_it_is(tmp_path: Path) -> None:
    images = [image(1, "restval"), image(2, "train"), image(3, "val"), image(4, "test")]
    japanese = {"annotations": [{"id": 1, "image_id": 4, "caption": "犬"}, {"id": 2, "image_id": 99, "caption": "無"}]}
    files = {"dataset_coco.json": {"images": images}, "stair_captions_v1.2_val.json": japanese}
    corpus, notes = read("coco-5k", put(tmp_path, {**files, f"val2014/{name(4)}.jpg": b""}))
    assert [i.split for i in corpus.items] == ["train", "train", "val", "test"]
    assert (texts(corpus, name(4)), texts(corpus, name(4), "ja")) == (["image 4"], ["犬"])
    assert item(corpus, name(1)).path == f"val2014/{name(1)}.jpg"
    assert notes == []
    put(tmp_path, {"dataset_coco.json": {"images": [image(1, "dev")]}})
    with pytest.raises(CorpusError, match="has at image 1 the split 'dev'"):
        read("coco-5k", tmp_path)


def test_folds_are_thousands_in_the_order_of_the_file(tmp_path: Path) -> None:
    images = [image(n, "val" if n % 2 else "test") for n in range(5000)]
    corpus, _ = read("coco-1k", put(tmp_path, {"dataset_coco.json": {"images": images}}))
    assert Counter(i.split for i in corpus.items) == {"val": 2500, "test1": 1000, "test2": 1000, "test3": 500}
    assert [i.id for i in corpus.select("test2").items] == [name(n) for n in range(2000, 4000, 2)]


def test_coco_cn_has_captions_written_and_translated(tmp_path: Path) -> None:
    files = {
        "coco-cn_test.txt": (name(1),),
        "coco-cn_train.txt": (name(2, "train2014"),),
        "imageid.human-written-caption.txt": (f"{name(1)}#0\t狗", f"{name(2, 'train2014')}#0\t猫"),
        "imageid.manually-translated-caption.txt": tuple(f"{name(1)}#{n}\t狗 {n}" for n in range(5)),
    }
    written, _ = read("coco-cn", put(tmp_path, files))
    translated, notes = read("coco-cn-translated", tmp_path)
    assert [(i.id, i.split, len(i.captions)) for i in written.items] == [
        (name(1), "test", 1), (name(2, "train2014"), "train", 1),
    ]  # fmt: skip
    assert [(i.id, len(i.captions)) for i in translated.items] == [(name(1), 5)]
    assert notes == []
    put(tmp_path, {"imageid.human-written-caption.txt": (f"{name(1)}#0 狗",)})
    with pytest.raises(CorpusError, match=r"human-written-caption\.txt, line 1, holds"):
        read("coco-cn", tmp_path)


def test_the_published_chinese_reads_without_a_note(data: Path, tmp_path: Path) -> None:
    """The extension of 2020 has the form of COCO-CN's own file, which is given on request only."""
    path = data / "annotations" / "coco-cn" / "coco-cn_ext.icap2020.txt.gz"
    (tmp_path / "imageid.human-written-caption.txt.gz").symlink_to(path)
    (tmp_path / "all.txt.gz").symlink_to(path)
    from babelreel.corpora.annotations import Annotations

    ids = {line.partition("#")[0] for _, line in Annotations(tmp_path, "c").lines("all.txt")}
    corpus, notes = read("coco-cn", put(tmp_path, {"coco-cn_train.txt": tuple(sorted(ids))}))
    assert (len(corpus), sum(len(i.captions) for i in corpus.items), notes) == (4573, 4712, [])
