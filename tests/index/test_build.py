"""index/build.py, encode.py: what is new is encoded once, what moved keeps its vectors, a kill loses a batch."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
import torch
from library import LONG, TEXTS, WINDOWS, build, entries, load_small, memory, spans, write_library
from PIL import Image

from babelreel.errors import IndexStoreError, MediaError
from babelreel.index import encode
from babelreel.index.build import build_index, describe_index, find_media_below, prepare_index
from babelreel.index.search import Searcher
from babelreel.index.upkeep import verify
from babelreel.media.windows import Windows
from babelreel.model import Model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_small(tmp_path_factory.mktemp("m"))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return write_library(tmp_path / "files")


@pytest.fixture
def encoded(model: Model, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids that the model encodes, as it does."""
    ids: list[str] = []
    original = model.encode_batch
    monkeypatch.setattr(model, "encode_batch", lambda batch: (ids.extend(batch.ids), original(batch))[1])
    return ids


def test_every_file_is_cut_encoded_and_listed(model: Model, files: Path) -> None:
    index = memory(model)
    report = build(model, index, files)
    assert report.files["new"] == 7
    assert (report.encoded, report.entries) == (10, 10)
    assert list(report.failures) == [str(files / "broken.mp4")]
    assert [span for name, *span in spans(index) if name == "long.mp4"] == [
        [0.0, 2.0], [2.0, 4.0], [4.0, 6.0], [6.0, LONG],
    ]  # fmt: skip
    for entry in entries(index).values():
        assert max(Image.open(BytesIO(entry.thumbnail)).size) > 30
        assert (entry.duration == 0) == (entry.kind == "image")
    rows = index.rows(list(entries(index)))
    assert rows.tokens is not None
    assert rows.mask is not None
    assert rows.mask.sum(1).max() == 4
    assert verify(index) == {}


def test_a_window_holds_what_the_model_gives_for_that_span(model: Model, files: Path) -> None:
    index = memory(model)
    build(model, index, files)
    for entry in entries(index).values():
        if Path(entry.path).name not in ("0.png", "a.mp4"):
            continue
        alone = model.encode_media([entry.path]).representation
        held = index.rows([entry.id])
        assert alone is not None
        for name, tensor in alone.fields().items():
            torch.testing.assert_close(held.fields()[name], tensor, rtol=1e-4, atol=1e-5)
    third = next(e.id for e in entries(index).values() if e.start == 4.0)
    times = index.rows([third]).times
    assert times is not None
    assert 4.0 <= float(times.min()) <= float(times.max()) < 6.0


@pytest.mark.parametrize(("precision", "dtype"), [("float16", torch.float16), ("bfloat16", torch.bfloat16)])
def test_tokens_are_kept_in_the_precision_asked_for(
    model: Model, files: Path, precision: str, dtype: torch.dtype
) -> None:
    index = memory(model, precision)
    build(model, index, files / "a.mp4")
    rows = index.rows(list(entries(index)))
    assert rows.tokens is not None
    assert rows.pooled is not None
    assert rows.tokens.dtype == dtype
    assert rows.pooled.dtype == torch.float32
    assert len(Searcher(index, model).search(TEXTS[0])) == 1
    with pytest.raises(IndexStoreError, match="float16, bfloat16, float32"):
        describe_index(model, precision="int8")


def test_a_second_build_encodes_nothing(model: Model, files: Path, encoded: list[str]) -> None:
    index = memory(model)
    build(model, index, files)
    assert len(encoded) == 10
    before = entries(index)
    encoded.clear()
    report = build(model, index, files)
    assert encoded == []
    assert report.encoded == 0
    assert report.files["same"] == 7
    assert list(report.failures) == [str(files / "broken.mp4")]
    assert entries(index) == before


def test_moved_copied_touched_changed_and_gone(model: Model, files: Path, encoded: list[str]) -> None:
    index = memory(model)
    build(model, index, files)
    old = {Path(e.path).name: index.rows([e.id]).pooled for e in entries(index).values() if e.start in (None, 0.0)}
    encoded.clear()
    (files / "sub").mkdir()
    (files / "long.mp4").rename(files / "sub" / "moved.mp4")
    shutil.copy(files / "a.mp4", files / "copy.mp4")
    os.utime(files / "0.png", (1e9, 1e9))
    shutil.copy(files / "2.png", files / "1.png")  # changed to what is known
    Image.new("RGB", (30, 30), "red").save(files / "3.png")
    (files / "b.mp4").unlink()
    report = build(model, index, files)
    assert len(encoded) == 1  # 3.png
    told = {name: count for name, count in report.files.items() if count}
    assert told == {"changed": 2, "copied": 1, "moved": 1, "touched": 1, "same": 2, "gone": 1, "failed": 1}
    held = {Path(e.path).name: e for e in entries(index).values() if e.start in (None, 0.0)}
    assert set(held) == {"0.png", "1.png", "2.png", "3.png", "a.mp4", "copy.mp4", "moved.mp4", "b.mp4"}
    for new, known in (("moved.mp4", "long.mp4"), ("copy.mp4", "a.mp4"), ("0.png", "0.png"), ("1.png", "2.png")):
        torch.testing.assert_close(index.rows([held[new].id]).pooled, old[known])
        assert held[new].thumbnail
    assert sum(name == "moved.mp4" for name, *_ in spans(index)) == 4
    assert held["0.png"].modified == 1e9
    assert not torch.equal(index.rows([held["3.png"].id]).pooled, old["3.png"])  # type: ignore[arg-type]
    again = build(model, index, files, prune=True)
    assert again.files["removed"] == 1
    assert "b.mp4" not in {name for name, *_ in spans(index)}
    assert len(encoded) == 1
    shutil.rmtree(files / "sub")
    assert list(verify(index)) == [str(files / "sub" / "moved.mp4")]


def test_new_files_that_are_alike_are_encoded_once(model: Model, files: Path, encoded: list[str]) -> None:
    shutil.copy(files / "long.mp4", files / "twin.mp4")
    shutil.copy(files / "broken.mp4", files / "broken too.mp4")
    index = memory(model)
    report = build(model, index, files)
    assert len(encoded) == 10
    assert report.entries == 14
    assert set(report.failures) == {str(files / "broken.mp4"), str(files / "broken too.mp4")}


def test_a_file_that_turned_bad_loses_its_entries(model: Model, files: Path) -> None:
    index = memory(model)
    build(model, index, files)
    (files / "a.mp4").write_bytes(b"gone bad")
    report = build(model, index, files)
    assert str(files / "a.mp4") in report.failures
    assert "a.mp4" not in {name for name, *_ in spans(index)}


def test_windows_that_cannot_be_read_are_told_and_asked_for_again(
    model: Model, files: Path, encoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    index = memory(model)
    original = encode.read_item

    def damaged(path: str, kind: str, sampling: object, spec: object, start: float | None, *rest: object) -> object:
        if start == 2.0:
            raise MediaError("damaged there")
        return original(path, kind, sampling, spec, start, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(encode, "read_item", damaged)
    report = build(model, index, files / "long.mp4")
    assert report.failures == {str(files / "long.mp4"): "From 2.0 to 4.0 s: damaged there"}
    assert report.encoded == 3
    assert "2.0 of 7.0 s" in verify(index)[str(files / "long.mp4")]
    monkeypatch.setattr(encode, "read_item", original)
    encoded.clear()
    assert build(model, index, files / "long.mp4").failures == {}
    assert len(encoded) == 1
    assert verify(index) == {}


def test_a_move_that_was_interrupted_is_finished(model: Model, files: Path) -> None:
    index = memory(model)
    build(model, index, files)
    (files / "long.mp4").rename(files / "moved.mp4")
    remove, index.remove = index.remove, lambda ids: None  # type: ignore[method-assign]
    build(model, index, files)
    assert len(spans(index)) == 14
    index.remove = remove  # type: ignore[method-assign]
    build(model, index, files)
    assert {name for name, *_ in spans(index)} == {"0.png", "1.png", "2.png", "3.png", "a.mp4", "b.mp4", "moved.mp4"}
    assert len(spans(index)) == 10


def test_what_an_interrupted_run_left_out_at_its_end_is_made_up_for(model: Model, files: Path) -> None:
    index = memory(model)
    optimize, index.optimize = index.optimize, interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        build(model, index, files)
    index.note("sample", [])
    index.optimize = optimize  # type: ignore[method-assign]
    assert build(model, index, files).encoded == 0
    assert set(index.notes()["sample"]) == set(entries(index))
    index.note("sample", ["kept"])
    build(model, index, files)
    assert index.notes()["sample"] == ["kept"]  # nothing was left to do


def interrupted(force: bool = False) -> bool:
    raise KeyboardInterrupt


def test_other_models_settings_and_empty_folders_are_refused(model: Model, files: Path, tmp_path: Path) -> None:
    other = load_small(tmp_path / "other", seed=5)
    index = memory(model)
    with pytest.raises(IndexStoreError, match="index into another folder"):
        build(other, index, files)
    with pytest.raises(MediaError, match="There is no file or folder"):
        build(model, index, tmp_path / "none")
    with pytest.raises(IndexStoreError, match="None of the 1 files could be read"):
        build(model, index, files / "broken.mp4")
    (tmp_path / "empty").mkdir()
    with pytest.raises(IndexStoreError, match="No file was found"):
        build(model, index, tmp_path / "empty")
    with pytest.raises(MediaError, match="Nothing usable below"):
        find_media_below([tmp_path / "empty"])
    where = tmp_path / "index"
    prepare_index(where, model, WINDOWS)
    assert prepare_index(where, model).info.settings == describe_index(model, WINDOWS).settings
    with pytest.raises(IndexStoreError, match="was made with windows"):
        prepare_index(where, model, Windows(length=9.0))
    with pytest.raises(IndexStoreError, match="was made with precision float16, not float32"):
        prepare_index(where, model, precision="float32")
    with pytest.raises(IndexStoreError, match="Search it with its own model"):
        prepare_index(where, other)


BUILDER = """
import sys
from babelreel.index import encode
from babelreel.index.build import build_index, prepare_index
from babelreel.media.windows import Windows
import babelreel
encode.WRITE_ENTRIES, encode.BATCH_FRAMES = 2, 4
model = babelreel.load(sys.argv[3], frames=4)
index = prepare_index(sys.argv[2], model, Windows(length=2.0))
add = index.add

def told(entries, rows):
    print("adding", flush=True)
    add(entries, rows)
    print("added", flush=True)
    sys.stdin.readline()  # goes on when whoever watches has looked

index.add = told
build_index([sys.argv[1]], model, index)
print("done", flush=True)
"""


def test_killed_at_any_moment_nothing_is_lost_or_twice(model: Model, files: Path, tmp_path: Path) -> None:
    """A real process over a LanceDB folder, killed before, in or after a write; then the same work to its end."""
    whole = memory(model, "float16")
    build(model, whole, files)
    where, rng = tmp_path / "index", Random()
    command = [sys.executable, "-c", BUILDER, str(files), str(where), model.source]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(rng.randint(1, 8))]
        time.sleep(rng.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
    assert "adding\n" in told
    assert "done\n" not in told
    build(model, prepare_index(where, model, WINDOWS), files)
    index = prepare_index(where, model)
    assert spans(index) == spans(whole)
    assert {e.file for e in entries(index).values()} == {e.file for e in entries(whole).values()}
    assert verify(index) == {}
    for name in entries(whole):
        torch.testing.assert_close(index.rows([name]).pooled, whole.rows([name]).pooled, rtol=1e-4, atol=1e-5)
    assert json.loads(json.dumps(index.notes()["sample"])) == whole.notes()["sample"]


def test_a_second_process_searches_while_the_first_indexes(model: Model, files: Path, tmp_path: Path) -> None:
    where = tmp_path / "index"
    build_index([files / "a.mp4"], model, prepare_index(where, model, WINDOWS))
    searcher = Searcher(where, model)
    assert [Path(hit.path).name for hit in searcher.search(TEXTS[0])] == ["a.mp4"]
    command = [sys.executable, "-c", BUILDER, str(files), str(where), model.source]
    seen = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in process.stdout:
            seen.append(len(searcher.search(TEXTS[0])))
            if line == "added\n":
                process.stdin.write("\n")
                process.stdin.flush()
    assert process.returncode == 0
    assert len(set(seen)) > 2  # it grew before our eyes
    seen.append(len(searcher.search(TEXTS[0])))
    assert seen == sorted(seen)
    assert seen[-1] == 7
