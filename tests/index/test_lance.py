"""index/lance.py: what is compacted and approximated when, and what is refused; that it stores is in test_stores.py."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from worlds import INFO, WIDTH, entry, row, same_row

import babelreel.index.lance as lance
from babelreel.data.rows import split
from babelreel.errors import IndexStoreError
from babelreel.index.lance import LanceIndex
from babelreel.index.store import Filter


def test_many_small_writes_are_compacted_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lance, "COMPACT_AFTER", (4, 8))
    monkeypatch.setattr(lance, "GRACE", timedelta(milliseconds=1))
    index = LanceIndex.create(tmp_path / "index", INFO)
    for n in range(30):
        index.add([entry(n)], [row(n)])
    assert len(index) == 30
    fragments = list((tmp_path / "index" / "entries.lance" / "data").iterdir())
    assert len(fragments) <= 15  # those of the last compaction may still be within the grace
    assert same_row(split(index.rows([entry(13).id]))[0], row(13))


def test_the_approximate_index_comes_when_there_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lance, "APPROXIMATE_FROM", 20)
    monkeypatch.setattr(lance, "PARTITION", 10)
    index = LanceIndex.create(tmp_path / "index", INFO)
    assert not index.optimize()
    for start, expected in ((0, False), (15, True), (18, True), (60, True)):
        numbers = range(start, start + 15)
        index.add([entry(n) for n in numbers], [row(n) for n in numbers])
        assert index.optimize() == expected
        assert bool(index.stats().approximate) == expected
        for n in numbers:
            assert index.nearest(row(n)["pooled"].unsqueeze(0), 1)[0][0] == [entry(n).id]
    # With a filter that few pass, all partitions are read until there are enough.
    found = index.nearest(torch.ones(1, WIDTH), 10, Filter(folder="/v/cats"))[0][0]
    assert sorted(found) == [entry(n).id for n in (1, 16, 31, 61)]


def test_killed_while_the_table_was_made_nothing_is_lost(tmp_path: Path) -> None:
    whole = LanceIndex.create(tmp_path / "whole", INFO)
    whole.add([entry(0)], [row(0)])
    LanceIndex.create(tmp_path / "index", INFO)
    made, half = (tmp_path / name / "entries.lance" for name in ("whole", "index"))
    shutil.copytree(made / "_transactions", half / "_transactions")
    (half / "_versions").mkdir()
    (half / "data").mkdir()
    index = LanceIndex(tmp_path / "index")
    assert len(index) == 0
    index.add([entry(1)], [row(1)])
    assert len(LanceIndex(tmp_path / "index")) == 1
    shutil.rmtree(made / "_versions")  # data without a version is no such thing: it is damage
    with pytest.raises(IndexStoreError, match="damaged"):
        LanceIndex(tmp_path / "whole")


def test_what_cannot_be_an_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo.jpg").write_bytes(b"x")
    with pytest.raises(IndexStoreError, match="not an empty folder"):
        LanceIndex.create(tmp_path / "mine", INFO)
    with pytest.raises(IndexStoreError, match="not an empty folder"):
        LanceIndex.create(tmp_path / "mine" / "photo.jpg", INFO)
    for nothing in (tmp_path / "mine", tmp_path / "nowhere", tmp_path / "mine" / "photo.jpg"):
        with pytest.raises(IndexStoreError, match="There is no index"):
            LanceIndex(nothing)
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["photo.jpg"]


def test_damaged_and_newer_indices_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    index = LanceIndex.create(folder, INFO)
    index.add([entry(n) for n in range(20)], [row(n) for n in range(20)])
    whole = (folder / "index.json").read_text()
    newer = json.dumps(json.loads(whole) | {"format": 99})
    for text, message in {"{": "damaged", "[]": "damaged", '{"format": 1}': "damaged", newer: "format 99"}.items():
        (folder / "index.json").write_text(text)
        with pytest.raises(IndexStoreError, match=message):
            LanceIndex(folder)
    (folder / "index.json").write_text(whole)
    (folder / "notes.json").write_text("{")
    with pytest.raises(IndexStoreError, match=r"notes\.json is damaged"):
        LanceIndex(folder).notes()

    for data in (folder / "entries.lance" / "data").iterdir():
        data.write_bytes(data.read_bytes()[:50])
    with pytest.raises(IndexStoreError, match="could not be read"):
        LanceIndex(folder).rows([entry(3).id])
    shutil.rmtree(folder / "entries.lance" / "_versions")
    with pytest.raises(IndexStoreError, match="could not be read"):
        len(LanceIndex(folder))
