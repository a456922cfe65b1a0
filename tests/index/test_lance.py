"""index/lance.py: other processes read while one writes, a killed writer loses nothing, odd folders are refused."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
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

# Writes batches without end, replacing some of what is there, and prints each batch that was acknowledged.
WRITER = """
import sys
from worlds import entry, row
from babelreel.index.lance import LanceIndex

index = LanceIndex(sys.argv[1])
for batch in range(int(sys.argv[2]), 10_000):
    numbers = range(4 * batch, 4 * batch + 8)
    index.add([entry(n) for n in numbers], [row(n) for n in numbers])
    if batch % 5 == 4:
        index.optimize(force=batch % 10 == 9)
    print(batch, flush=True)
"""


def start_writer(folder: Path, first: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), str(first)]
    paths = {"PYTHONPATH": ":".join(filter(None, [str(Path(__file__).parent), *sys.path]))}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=paths)


def wait_for(writer: subprocess.Popen[str], batches: int) -> int:
    assert writer.stdout is not None
    last = -1
    for _ in range(batches):
        line = writer.stdout.readline()
        assert line, "the writer died"
        last = int(line)
    return last


def test_another_process_sees_what_is_written_while_it_reads(tmp_path: Path) -> None:
    LanceIndex.create(tmp_path / "index", INFO).close()
    reader = LanceIndex(tmp_path / "index")  # before there is a table
    assert len(reader) == 0
    writer = start_writer(tmp_path / "index", 0)
    try:
        last = wait_for(writer, 3)
        for _ in range(8):
            assert len(reader) >= 4 * last + 8
            newest = 4 * last + 7
            assert entry(newest).id in reader.nearest(row(newest)["pooled"].unsqueeze(0), 2)[0][0]
            assert same_row(split(reader.rows([entry(newest).id]))[0], row(newest))
            before = len(reader)
            seen = []
            for ids, found in reader.blocks(5):  # one version, though the writer compacts on the way
                seen += ids
                assert all(same_row(r, row(int(i[3:]))) for i, r in zip(ids, split(found), strict=True))
                last = wait_for(writer, 1) if len(seen) == 5 else last
            assert len(seen) == len(set(seen)) >= before
            last = wait_for(writer, 1)
    finally:
        writer.kill()
        writer.wait()


def test_a_killed_writer_loses_no_acknowledged_row_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    LanceIndex.create(folder, INFO).close()
    first = 0
    for turn in range(3):
        writer = start_writer(folder, first)
        last = wait_for(writer, 2 + turn)
        time.sleep(0.005 * turn)  # somewhere within a write
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        index = LanceIndex(folder)
        present = sorted(int(e.id[3:]) for page in index.entries() for e in page)
        assert present == list(range(len(present)))
        assert len(present) >= 4 * last + 8
        assert len(present) % 4 == 0  # batches are whole
        found = index.rows([entry(n).id for n in present])
        assert all(same_row(r, row(n)) for r, n in zip(split(found), present, strict=True))
        first = last + 1


def test_many_small_writes_are_compacted_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lance, "COMPACT_AFTER", (4, 8))
    monkeypatch.setattr(lance, "GRACE", timedelta(milliseconds=1))
    index = LanceIndex.create(tmp_path / "index", INFO)
    for n in range(30):
        index.add([entry(n)], [row(n)])
    assert len(index) == 30
    fragments = list((tmp_path / "index" / "entries.lance" / "data").iterdir())
    assert len(fragments) <= 10
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
