"""index/upkeep.py: an index is verified against files and vectors, files are forgotten, its recall is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from library import build, entries, load_small, memory, spans, write_library
from torch import Tensor

from babelreel.errors import IndexStoreError
from babelreel.index.exact import ExactIndex
from babelreel.index.upkeep import draw_sample, measure_recall, remove, verify
from babelreel.model import Model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_small(tmp_path_factory.mktemp("m"))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return write_library(tmp_path / "files")


@pytest.fixture
def index(model: Model, files: Path) -> ExactIndex:
    index = memory(model)
    build(model, index, files)
    return index


def row_of(index: ExactIndex, name: str) -> dict[str, Tensor]:
    return {field: tensor[0] for field, tensor in index.rows([name]).fields().items()}


def test_files_that_changed_or_went(index: ExactIndex, files: Path) -> None:
    assert verify(index) == {}
    (files / "a.mp4").unlink()
    (files / "b.mp4").write_bytes(b"other")
    wrong = verify(index)
    assert set(wrong) == {str(files / "a.mp4"), str(files / "b.mp4")}
    assert "There is no file" in wrong[str(files / "a.mp4")]
    assert "not what was indexed" in wrong[str(files / "b.mp4")]


def test_windows_that_are_missing(index: ExactIndex, files: Path) -> None:
    last = next(e.id for e in entries(index).values() if e.start == 6.0)
    index.remove([last])
    assert "6.0 of 7.0 s" in verify(index)[str(files / "long.mp4")]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_vectors_that_are_no_numbers_or_zero(index: ExactIndex, value: float) -> None:
    name, entry = next(iter(entries(index).items()))
    index.add([entry], [row_of(index, name) | {"pooled": torch.full((32,), value)}])
    assert verify(index) == {name: "its vectors are not numbers, or zero"}


class Lossy(ExactIndex):
    """An index that lost the vectors of one entry, and one entry of its vectors: a damaged store."""

    lost = orphan = ""

    def entries(self, *arguments: object, **named: object):  # type: ignore[no-untyped-def]
        for page in super().entries(*arguments, **named):  # type: ignore[arg-type]
            yield [entry for entry in page if entry.id != self.orphan]

    def blocks(self, *arguments: object, **named: object):  # type: ignore[no-untyped-def]
        for ids, rows in super().blocks(*arguments, **named):  # type: ignore[arg-type]
            kept = [n for n, name in enumerate(ids) if name != self.lost]
            yield [ids[n] for n in kept], rows[kept]


def test_entries_and_vectors_without_each_other(index: ExactIndex) -> None:
    images = sorted(e.id for e in entries(index).values() if e.kind == "image")
    damaged = Lossy(index.info)
    damaged.add(list(entries(index).values()), [row_of(index, name) for name in entries(index)])
    damaged.lost, damaged.orphan = images[:2]
    assert verify(damaged) == {images[0]: "it has no vectors", images[1]: "its vectors belong to no entry"}


def test_files_and_folders_are_forgotten(index: ExactIndex, files: Path) -> None:
    assert remove(index, [files / "long.mp4"]) == [str(files / "long.mp4")]
    assert "long.mp4" not in {name for name, *_ in spans(index)}
    assert set(index.notes()["sample"]) == set(entries(index))
    with pytest.raises(IndexStoreError, match="holds nothing at or below"):
        remove(index, [files / "long.mp4"])
    with pytest.raises(IndexStoreError, match="holds nothing at or below"):
        remove(index, [files / "0"])  # the beginning of a name is no folder
    assert len(remove(index, [files])) == 6
    assert len(index) == 0
    assert (files / "0.png").exists()


def test_the_sample_is_spread_and_the_same_for_the_same_ids() -> None:
    ids = [f"{n:04d}" for n in range(2000)]
    drawn = draw_sample(ids)
    assert drawn == draw_sample(reversed(ids))
    assert len(set(drawn)) == 512
    assert 800 < sum(map(int, drawn)) / len(drawn) < 1200


class Approximate(ExactIndex):
    """Finds every second of the nearest only."""

    def nearest(self, *arguments: object):  # type: ignore[no-untyped-def]
        queries, k, *rest = arguments
        found = super().nearest(queries, 2 * k, *rest)  # type: ignore[arg-type,operator]
        return [(ids[::2], scores[::2]) for ids, scores in found]

    def optimize(self, force: bool = False) -> bool:
        return True


def test_the_recall_of_an_approximate_index_is_measured_and_noted(model: Model, index: ExactIndex, files: Path) -> None:
    assert measure_recall(index, model) == 1.0
    assert "recall" not in index.notes()
    some = Approximate(index.info)
    rng = torch.Generator().manual_seed(0)
    held = list(entries(index).values())
    many = [replace(held[0], id=f"{n:016x}-000000000", path=f"/x/{n}.png") for n in range(200)]
    rows: Sequence[Mapping[str, Tensor]] = [
        row_of(index, held[0].id) | {"pooled": torch.randn(32, generator=rng)} for _ in many
    ]
    some.add(many, rows)
    build(model, some, files)
    assert some.notes()["recall"] == pytest.approx(0.5, abs=0.02)
