"""Entries and rows for the stores' tests, made from numbers, so that another process can make the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import pytest
import torch
from torch import Tensor

from babelreel.index.store import Entry, IndexInfo

WIDTH = 16
INFO = IndexInfo(1, {"source": "somewhere", "frames": 12}, "f00d", {"window": 8.0, "über": "文"})

# One folder's name is the beginning of another's; and each character that means something to SQL, LIKE or Milvus.
FOLDERS = [
    "/v/cat", "/v/cats", "/v/cat/deep", "/v/O'Brien", '/v/say "hi"', "/v/100%", "/v/1000", "/v/a_b", "/v/axb",
    "/v/back\\slash", "/v/文件夹/ünï", "/v/star*?", "/v/-- drop", "/v/new\nline", "/v/🎬",
]  # fmt: skip


def entry(n: int) -> Entry:
    image = n % 3 == 0
    return Entry(
        id=f"id-{n:05d}",
        file=f"{n:064x}",
        path=f"{FOLDERS[n % len(FOLDERS)]}/{n}.{'jpg' if image else 'mp4'}",
        kind="image" if image else "video",
        start=None if image else n / 8,
        end=None if image else n / 8 + 8.1,
        duration=0.0 if image else 10.0 + n,
        modified=1.7e9 + n / 7,
        size=(1 << 40) + n,
        thumbnail=b"" if n % 5 == 0 else bytes(range(256)) * (n % 7),
    )


def row(n: int, version: int = 0) -> dict[str, Tensor]:
    """A ragged row in four dtypes; rows n and n + 500 have the same pooled vector, so that they tie."""
    length = n % 6 + 1
    shared = torch.Generator().manual_seed(n % 500 + 10_000 * version)
    generator = torch.Generator().manual_seed(n + 10_000 * version)
    return {
        "pooled": torch.nn.functional.normalize(torch.randn(WIDTH, generator=shared), dim=0),
        "tokens": torch.randn(length, 4, generator=generator).bfloat16(),
        "mask": torch.ones(length, dtype=torch.bool),
        "times": torch.rand(length, generator=generator),
        "constants": torch.randn(length * (length + 1) // 2, 3, generator=generator).half(),
    }


def bare(e: Entry) -> Entry:
    return replace(e, thumbnail=b"")


def below(e: Entry, folder: str) -> bool:
    return PurePosixPath(folder) in PurePosixPath(e.path).parents


def same_row(found: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    return list(found) == list(expected) and all(
        found[name].dtype == value.dtype and torch.equal(found[name], value) for name, value in expected.items()
    )


def check_nearest(
    found: Sequence[tuple[list[str], list[float]]],
    queries: Tensor,
    entries: Sequence[Entry],
    k: int,
) -> None:
    """Against the obvious way, every dot product, sorted; what is equal but for rounding may stand in any order."""
    assert len(found) == len(queries)
    for (ids, scores), query in zip(found, queries, strict=True):
        true = {e.id: float(query.dot(row(int(e.id[3:]))["pooled"])) for e in entries}
        assert scores == pytest.approx(sorted(true.values(), reverse=True)[:k], abs=1e-6)
        assert scores == pytest.approx([true[name] for name in ids], abs=1e-6)
        assert len(set(ids)) == len(ids)
