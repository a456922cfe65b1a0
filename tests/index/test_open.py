"""index/open.py: a URL means a store, and what it needs is named when it is missing."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import pytest
from worlds import INFO, entry, row

from babelreel.errors import IndexStoreError, MissingExtraError
from babelreel.index.exact import ExactIndex
from babelreel.index.lance import LanceIndex
from babelreel.index.milvus import MilvusIndex
from babelreel.index.open import create_index, open_index


def test_a_url_means_a_store(tmp_path: Path) -> None:
    kinds = {"memory:": ExactIndex, str(tmp_path / "folder"): LanceIndex, str(tmp_path / "file.db"): MilvusIndex}
    for url, kind in kinds.items():
        index = create_index(url, INFO)
        assert type(index) is kind
        index.close()
        if kind is not ExactIndex:
            again = open_index(url)
            assert type(again) is kind
            assert again.info == INFO
            again.close()
    with pytest.raises(IndexStoreError, match="memory: keeps nothing"):
        open_index("memory:")
    with pytest.raises(IndexStoreError, match=r"127\.0\.0\.1:9"):
        open_index("http://127.0.0.1:9/films")

    with pytest.raises(IndexStoreError, match="An index is a folder"):
        create_index("s3://bucket/index", INFO)


@pytest.mark.parametrize("name", ["文件 ünï", "100%20#1?", 'O\'Brien: "me"'])
@pytest.mark.parametrize("suffix", ["", ".db"])
def test_places_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, suffix: str) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(create_index(f"in/{name}{suffix}", INFO)) as index:
        index.add([entry(1)], [row(1)])
        index.note("a", 1)
        monkeypatch.chdir("/")  # a relative path keeps its meaning
        assert len(index) == 1
        assert index.notes() == {"a": 1}
    assert [p.name for p in (tmp_path / "in").iterdir()] == [name + suffix]
    with closing(open_index(tmp_path / "in" / (name + suffix))) as index:
        assert len(index) == 1


@pytest.mark.parametrize(("package", "name"), [("lancedb", "folder"), ("pymilvus", "x.db"), ("milvus_lite", "x.db")])
def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, name: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"{package}.*babelreel\[index\]"):
        create_index(tmp_path / name, INFO)
    assert not (tmp_path / name).exists()
