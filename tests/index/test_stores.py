"""index/: every store gives back what it was given, finds what exhaustive search finds, and loses nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from conftest import STORES
from worlds import FOLDERS, INFO, WIDTH, bare, below, check_nearest, entry, row, same_row

from babelreel.data.rows import split
from babelreel.errors import IndexStoreError
from babelreel.index.exact import ExactIndex
from babelreel.index.open import create_index, open_index
from babelreel.index.store import Entry, Filter, VectorIndex

COUNT = 60
TWINS = [500, 501]  # tie with 0 and 1
NUMBERS = [*range(COUNT), *TWINS]
ENTRIES = [entry(n) for n in NUMBERS]
QUERIES = torch.nn.functional.normalize(torch.randn(3, WIDTH, generator=torch.Generator().manual_seed(1)), dim=1)


@pytest.fixture(scope="module", params=STORES)
def place(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def filled(place: str, new_url: Callable[[str], str]) -> Iterator[VectorIndex]:
    """For reading: written in three parts, opened again where that is possible."""
    url = new_url(place)
    index = create_index(url, INFO)
    for start in range(0, len(NUMBERS), 25):
        some = NUMBERS[start : start + 25]
        index.add([entry(n) for n in some], [row(n) for n in some])
    if place != "memory":
        index.close()
        index = open_index(url)
    yield index
    index.close()


@pytest.fixture(scope="module")
def _shared(place: str, new_url: Callable[[str], str]) -> Iterator[VectorIndex]:
    index = create_index(new_url(place), INFO)
    yield index
    index.close()


@pytest.fixture
def empty(_shared: VectorIndex) -> VectorIndex:
    """For writing: a server takes seconds to make an index, so one is emptied instead."""
    _shared.remove([e.id for page in _shared.entries() for e in page])
    assert len(_shared) == 0
    return _shared


def everything(index: VectorIndex, where: Filter | None = None, thumbnails: bool = False) -> list[Entry]:
    return sorted((e for page in index.entries(where, thumbnails) for e in page), key=lambda e: e.id)


def test_entries_come_back_as_they_were(filled: VectorIndex) -> None:
    assert filled.info == INFO
    assert len(filled) == len(ENTRIES)
    assert everything(filled, thumbnails=True) == ENTRIES
    assert everything(filled) == [bare(e) for e in ENTRIES]
    some = [ENTRIES[n] for n in (17, 3, 41, 0)]
    assert filled.get([e.id for e in some], thumbnails=True) == some
    assert filled.get([e.id for e in some]) == [bare(e) for e in some]
    assert filled.get([]) == []


FILTERS = {
    "kind": (Filter(kind="image"), lambda e: e.kind == "image"),
    "shortest": (Filter(shortest=20.0), lambda e: e.duration >= 20),
    "longest": (Filter(longest=20.0), lambda e: e.duration <= 20),
    "after": (Filter(after=ENTRIES[30].modified), lambda e: e.modified >= ENTRIES[30].modified),
    "before": (Filter(before=ENTRIES[30].modified), lambda e: e.modified <= ENTRIES[30].modified),
    "several": (
        Filter(kind="video", folder="/v", shortest=15.0, longest=50.0, after=1.7e9 + 1, before=1.7e9 + 6),
        lambda e: e.kind == "video" and 15 <= e.duration <= 50 and 1.7e9 + 1 <= e.modified <= 1.7e9 + 6,
    ),
    "nothing": (Filter(folder="/elsewhere"), lambda e: False),
    "root": (Filter(folder="/"), lambda e: True),
    "closing slash": (Filter(folder="/v/cat/"), lambda e: below(e, "/v/cat")),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters(filled: VectorIndex, name: str) -> None:
    where, passes = FILTERS[name]
    expected = [bare(e) for e in ENTRIES if passes(e)]
    assert everything(filled, where) == expected
    for ids, scores in filled.nearest(QUERIES[:1], 100, where):
        assert sorted(ids) == [e.id for e in expected]
        assert scores == sorted(scores, reverse=True)
    assert sorted(name for ids, _ in filled.blocks(7, ("pooled",), where) for name in ids) == [e.id for e in expected]


def test_folders_of_any_name(filled: VectorIndex) -> None:
    for folder in FOLDERS:
        expected = [bare(e) for e in ENTRIES if below(e, folder)]
        assert expected
        assert everything(filled, Filter(folder=folder)) == expected, folder


@pytest.mark.parametrize("k", [1, 10, len(ENTRIES), 1000])
def test_nearest_is_what_exhaustive_search_finds(filled: VectorIndex, k: int) -> None:
    check_nearest(filled.nearest(QUERIES, k), QUERIES, ENTRIES, k)
    videos = [e for e in ENTRIES if e.kind == "video"]
    check_nearest(filled.nearest(QUERIES, k, Filter(kind="video")), QUERIES, videos, k)
    cats = [e for e in ENTRIES if below(e, "/v/cat")]
    check_nearest(filled.nearest(QUERIES, k, Filter(folder="/v/cat")), QUERIES, cats, k)


def test_equal_vectors_are_both_found(filled: VectorIndex) -> None:
    ids, scores = filled.nearest(row(0)["pooled"].unsqueeze(0), 2)[0]
    assert sorted(ids) == ["id-00000", "id-00500"]
    assert scores == pytest.approx([1, 1], abs=1e-6)


def test_dot_products_of_vectors_of_any_length(empty: VectorIndex) -> None:
    rows = [row(n) | {"pooled": row(n)["pooled"] * (n + 1)} for n in range(10)]
    empty.add(ENTRIES[:10], rows)
    query = 3 * QUERIES[:1]
    expected = torch.stack([r["pooled"] for r in rows]) @ query[0]
    ids, scores = empty.nearest(query, 10)[0]
    assert ids == [ENTRIES[n].id for n in expected.argsort(descending=True)]
    assert scores == pytest.approx(expected.sort(descending=True).values.tolist(), rel=1e-5)


def test_queries_of_another_width_are_refused(filled: VectorIndex) -> None:
    with pytest.raises(IndexStoreError, match=r"16"):
        filled.nearest(torch.zeros(1, WIDTH + 1), 3)


def test_rows_come_in_the_order_asked_and_exactly(filled: VectorIndex) -> None:
    numbers = [5, 0, 44, 500, 5, 12]
    found = filled.rows([entry(n).id for n in numbers])
    assert found.fingerprint == INFO.fingerprint
    for one, n in zip(split(found), numbers, strict=True):
        assert same_row(one, row(n))


def test_only_the_fields_asked_for(filled: VectorIndex) -> None:
    ids = [ENTRIES[n].id for n in (3, 1)]
    assert list(filled.rows(ids, ("pooled",)).fields()) == ["pooled"]
    assert list(filled.rows(ids, ("tokens", "mask")).fields()) == ["tokens", "mask"]
    for _, found in filled.blocks(50, ("pooled",)):
        assert list(found.fields()) == ["pooled"]


@pytest.mark.parametrize("size", [1, 7, 62, 100])
def test_blocks_cover_everything_once(filled: VectorIndex, size: int) -> None:
    seen: dict[str, Any] = {}
    for ids, found in filled.blocks(size):
        assert 0 < len(ids) == len(found) <= size
        assert found.fingerprint == INFO.fingerprint
        assert not seen.keys() & set(ids)
        seen |= zip(ids, split(found), strict=True)
    assert seen.keys() == {e.id for e in ENTRIES}
    assert all(same_row(seen[entry(n).id], row(n)) for n in NUMBERS)


def test_what_is_not_there_is_an_error(filled: VectorIndex) -> None:
    with pytest.raises(IndexStoreError, match=r"1 of 2 .*'nobody'"):
        filled.get([ENTRIES[0].id, "nobody"])
    with pytest.raises(IndexStoreError, match=r"1 of 2 .*'nobody'"):
        filled.rows(["nobody", ENTRIES[0].id])


def test_an_empty_store_answers(empty: VectorIndex) -> None:
    assert everything(empty) == []
    assert empty.nearest(QUERIES, 5) == [([], [])] * len(QUERIES)
    assert list(empty.blocks(5)) == []
    empty.remove(["nobody"])
    empty.add([], [])
    assert empty.stats().entries == 0
    with pytest.raises(IndexStoreError, match="nobody"):
        empty.rows(["nobody"])


def test_adding_replaces_and_removing_removes(empty: VectorIndex) -> None:
    empty.add(ENTRIES[:10], [row(n) for n in range(10)])
    moved = replace(ENTRIES[4], path="/v/new/4.mp4", thumbnail=b"new")
    # Of two with one id the last counts.
    empty.add([ENTRIES[4], moved, ENTRIES[10]], [row(4), row(5, version=1), row(10)])
    assert len(empty) == 11
    assert empty.get([moved.id], thumbnails=True) == [moved]
    assert same_row(split(empty.rows([moved.id]))[0], row(5, version=1))
    assert empty.nearest(row(5, version=1)["pooled"].unsqueeze(0), 1)[0][0] == [moved.id]
    empty.remove([ENTRIES[0].id, "nobody", moved.id])
    assert everything(empty) == [bare(ENTRIES[n]) for n in (1, 2, 3, 5, 6, 7, 8, 9, 10)]
    assert moved.id not in empty.nearest(row(5, version=1)["pooled"].unsqueeze(0), 20)[0][0]
    empty.add([ENTRIES[4]], [row(4)])
    assert same_row(split(empty.rows([ENTRIES[4].id]))[0], row(4))


def test_notes(empty: VectorIndex) -> None:
    empty.note("recall", 0.99)
    empty.note("recall", {"en": 0.98, "文": [1, 2, None]})
    empty.note("other", "x")
    assert empty.notes() == {"recall": {"en": 0.98, "文": [1, 2, None]}, "other": "x"}


def test_optimizing_changes_nothing_that_is_found(place: str, empty: VectorIndex) -> None:
    empty.add(ENTRIES[:40], [row(n) for n in range(40)])
    approximate = empty.optimize(force=True)
    assert approximate == bool(empty.stats().approximate) == (place in ("lance", "milvus-server"))
    empty.add(ENTRIES[40:50], [row(n) for n in range(40, 50)])  # later than the approximate index
    empty.remove([ENTRIES[0].id])
    kept = ENTRIES[1:50]
    for _ in range(2):  # before and after the next time
        assert everything(empty, thumbnails=True) == kept
        check_nearest(empty.nearest(QUERIES, 49), QUERIES, kept, 49)
        assert same_row(split(empty.rows([ENTRIES[45].id]))[0], row(45))
        empty.optimize(force=place == "lance")
    stats = empty.stats()
    assert stats.entries == len(empty) == 49
    assert (stats.bytes > 0) == (place != "milvus-server")


@pytest.mark.parametrize("place", STORES[1:], indirect=True, scope="module")  # memory keeps what it is given
def test_rows_of_another_kind_are_refused(empty: VectorIndex) -> None:
    empty.add(ENTRIES[:1], [row(0)])
    for wrong, message in {
        "width": (row(1) | {"pooled": torch.zeros(3)}, r"pooled \[16\].*pooled \[3\]"),
        "dtype": (row(1) | {"tokens": row(1)["tokens"].float()}, "tokens bfloat16.*tokens float32"),
        "fields": ({"pooled": row(1)["pooled"]}, "tokens"),
        "no pooled": ({"tokens": row(1)["tokens"]}, "needs pooled vectors"),
        "nan": (row(1) | {"pooled": torch.full((WIDTH,), torch.nan)}, "NaN"),
    }.values():
        with pytest.raises(IndexStoreError, match=message):
            empty.add(ENTRIES[1:3], [row(2), wrong])
    assert len(empty) == 1


def test_any_order_of_operations_ends_as_in_memory(place: str, empty: VectorIndex) -> None:
    chance = random.Random(place)
    model = ExactIndex(INFO)
    for step in range(10 if place == "milvus-server" else 40):
        some = chance.sample(range(30), chance.randint(1, 8))
        match chance.choice(["add", "add", "remove", "optimize"]):
            case "add":
                for index in (empty, model):
                    index.add([replace(entry(n), size=step) for n in some], [row(n, version=step) for n in some])
            case "remove":
                for index in (empty, model):
                    index.remove([entry(n).id for n in some])
            case "optimize" if place != "milvus-server":  # writing out takes it seconds
                empty.optimize(force=chance.random() < 0.3)
        for found, expected in zip(empty.nearest(QUERIES, 5), model.nearest(QUERIES, 5), strict=True):
            assert found[0] == expected[0]
    assert everything(empty, thumbnails=True) == everything(model, thumbnails=True)
    ids = [e.id for e in everything(model)]
    for one, other in zip(split(empty.rows(ids)), split(model.rows(ids)), strict=True):
        assert same_row(one, other)
