"""index/milvus.py: addresses, limits, and what is refused; that it stores is in test_stores.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from worlds import INFO, WIDTH, entry, row, same_row

from babelreel.data.rows import split
from babelreel.errors import IndexStoreError
from babelreel.index.milvus import MilvusIndex
from babelreel.index.milvus_client import Address


def test_addresses() -> None:
    assert Address.of("http://localhost:1234") == Address("http://localhost:1234", "babelreel")
    assert Address.of("https://me:p%40ss@db.example/films") == Address(
        "https://db.example:19530", "films", "me", "p@ss"
    )
    assert Address.of("http://[::1]:7/x_1/").uri == "http://[::1]:7"
    assert Address.of("some/index.db").local
    assert str(Address.of("https://me:secret@db.example/films")) == "https://db.example:19530/films"
    for wrong in ("http://", "http://host:port/x", "http://me:secret@host/my-films", "http://host/a/b"):
        with pytest.raises(IndexStoreError, match="HOST") as caught:
            Address.of(wrong)
        assert "secret" not in str(caught.value)


def test_rows_of_many_pieces(tmp_path: Path) -> None:
    index = MilvusIndex.create(str(tmp_path / "index.db"), INFO)
    rows = []
    for length in (1, 700, 40):
        tokens = torch.randn(length, 256)
        rows.append({"pooled": torch.randn(WIDTH), "tokens": tokens, "mask": torch.ones(length, dtype=torch.bool)})
    index.add([entry(n) for n in range(3)], rows)
    for one, expected in zip(split(index.rows([entry(n).id for n in range(3)])), rows, strict=True):
        assert same_row(one, expected)
    huge = {name: value.repeat(3, *[1] * (value.ndim - 1)) for name, value in rows[1].items() if name != "pooled"}
    with pytest.raises(IndexStoreError, match="vectors an entry"):
        index.add([entry(3)], [{"pooled": rows[1]["pooled"], **huge}])
    index.close()


def test_what_milvus_cannot_keep_is_refused(tmp_path: Path) -> None:
    index = MilvusIndex.create(str(tmp_path / "index.db"), INFO)
    picture = replace(entry(1), thumbnail=bytes(50_000))
    with pytest.raises(IndexStoreError, match="thumbnail an entry"):
        index.add([picture], [row(1)])
    with pytest.raises(IndexStoreError, match="65535 bytes"):
        index.note("long", "x" * 70_000)
    index.close()


def test_what_is_not_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexStoreError, match="There is no index"):
        MilvusIndex(str(tmp_path / "nothing.db"))
    (tmp_path / "other.db").write_text("SQLite, perhaps")
    with pytest.raises(IndexStoreError, match="could not do that"):
        MilvusIndex(str(tmp_path / "other.db"))
    assert (tmp_path / "other.db").read_text() == "SQLite, perhaps"
    MilvusIndex.create(str(tmp_path / "index.db"), INFO).close()
    with pytest.raises(IndexStoreError, match="already"):
        MilvusIndex.create(str(tmp_path / "index.db"), INFO)


def test_nobody_answers() -> None:
    with pytest.raises(IndexStoreError, match=r"http://127\.0\.0\.1:9/babelreel could not do that"):
        MilvusIndex("http://127.0.0.1:9")


def test_a_server_without_the_index(new_url: Callable[[str], str]) -> None:
    url = new_url("milvus-server")
    with pytest.raises(IndexStoreError, match="There is no index"):
        MilvusIndex(url)
    MilvusIndex.create(url, INFO).close()
    with pytest.raises(IndexStoreError, match="already"):
        MilvusIndex.create(url, INFO)
    writer, reader = MilvusIndex(url), MilvusIndex(url)
    writer.add([entry(1)], [row(1)])
    assert len(reader) == 1
    assert same_row(split(reader.rows([entry(1).id]))[0], row(1))
    writer.close()
    reader.close()
