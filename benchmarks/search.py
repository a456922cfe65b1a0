"""Two-stage search in LanceDB, candidates and then exact scores, beside exhaustive exact scoring.

    python benchmarks/search.py [--quick] [--json FILE]

The goal: of the ten best by exact score at least 98 % are found, for 100,000 windows with 8 tokens of 256 numbers and
for 1,000,000 with pooled vectors alone; a whole query takes a small multiple of the store's own.

The windows are generated: each shows one of many themes in its own way, and each of its tokens does in its own way
again. A query asks for one token of a window, blurred, so that the pooled score and the exact one, which counts the
best token, disagree.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from harness import arguments, report
from torch import Tensor
from torch.nn.functional import normalize

from babelreel.data.rows import split
from babelreel.index.open import create_index
from babelreel.index.store import Entry, IndexInfo, VectorIndex
from babelreel.types import Representation

WIDTH, TOKENS, BLOCK = 256, 8, 10_000
CANDIDATES = (100, 200, 500)
FIRST = 10


def windows(count: int, tokens: int) -> Iterator[tuple[list[Entry], Representation]]:
    """Windows in blocks: `pooled` is the mean of the tokens (float16), or a vector of its own without tokens."""
    generator = torch.Generator().manual_seed(0)
    # Variance falls off over the directions, as it does in real towers: about 60 of the 256 matter.
    spread = torch.arange(1, WIDTH + 1).float().rsqrt()
    themes = torch.randn(max(10, count // 50), WIDTH, generator=generator)
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        own = themes[torch.randint(len(themes), (size,), generator=generator)]
        own = (own + 0.7 * torch.randn(size, WIDTH, generator=generator)) * spread
        ids = [
            Entry(f"{n:09d}", "", f"/v/{n}.mp4", "video", 0.0, 8.0, 60.0, 0.0, 1) for n in range(start, start + size)
        ]
        if not tokens:
            yield ids, Representation(normalize(own, dim=-1))
            continue
        frames = own.unsqueeze(1) + 0.5 * spread * torch.randn(size, tokens, WIDTH, generator=generator)
        frames = normalize(frames, dim=-1)
        mask = torch.ones(size, tokens, dtype=torch.bool)
        yield ids, Representation(normalize(frames.mean(1), dim=-1), frames.half(), mask)


def asked(index: VectorIndex, count: int) -> Tensor:
    """(Q, D) queries, each near a token of some window, or near its pooled vector."""
    generator = torch.Generator().manual_seed(1)
    some = torch.randint(len(index), (count,), generator=generator).tolist()
    rows = index.rows([f"{n:09d}" for n in some])
    targets = rows.pooled if rows.tokens is None else rows.tokens[:, 0].float()
    assert targets is not None
    spread = torch.arange(1, WIDTH + 1).float().rsqrt()
    noise = normalize(spread * torch.randn(count, WIDTH, generator=generator), dim=-1)
    return normalize(targets + 0.7 * noise, dim=-1)


def exact(queries: Tensor, rows: Representation) -> Tensor:
    """(Q, N) the best token's dot product with a half of the pooled one; the pooled one alone without tokens."""
    pooled = queries @ rows.pooled.T  # type: ignore[union-attr]
    if rows.tokens is None:
        return pooled
    best = torch.einsum("qd,nld->qnl", queries, rows.tokens.float()).amax(2)
    return best + pooled / 2


def truth(index: VectorIndex, queries: Tensor) -> list[set[str]]:
    """For each query the ids of the first by exact score, exhaustively."""
    best = torch.full((len(queries), FIRST), -torch.inf)
    names = np.empty((len(queries), FIRST), dtype=object)
    for ids, rows in index.blocks(BLOCK):
        scores = torch.cat([best, exact(queries, rows)], dim=1)
        best, places = scores.topk(FIRST, dim=1)
        both = np.concatenate([names, np.tile(np.array(ids, dtype=object), (len(queries), 1))], axis=1)
        names = np.take_along_axis(both, places.numpy(), axis=1)
    return [set(row) for row in names]


def search(index: VectorIndex, query: Tensor, candidates: int) -> tuple[set[str], float, float]:
    """The first by exact score among the candidates; seconds of the store's query and of all."""
    began = time.perf_counter()
    ids = index.nearest(query, candidates)[0][0]
    asked = time.perf_counter() - began
    scores = exact(query, index.rows(ids))[0]
    found = {ids[n] for n in scores.topk(min(FIRST, len(ids))).indices}
    return found, asked, time.perf_counter() - began


def case(count: int, tokens: int, queries: int, folder: Path) -> list[dict[str, object]]:
    index = create_index(folder / str(count), IndexInfo(1, {}, "benchmark"))
    began = time.perf_counter()
    for entries, rows in windows(count, tokens):
        index.add(entries, split(rows))
    written = time.perf_counter() - began
    texts = asked(index, queries)
    expected = truth(index, texts)
    table = []
    for build in (False, True):
        began = time.perf_counter()
        if build:
            index.optimize(force=True)
        built = time.perf_counter() - began
        for candidates in CANDIDATES:
            search(index, texts[:1], candidates)  # opens files
            some = texts if build else texts[:20]  # without the approximate index all find the same, slowly
            done = [search(index, text.unsqueeze(0), candidates) for text in some]
            shares = [len(a & one[0]) / FIRST for a, one in zip(expected, done, strict=False)]
            raw, whole = (np.array([one[n] for one in done]) * 1000 for n in (1, 2))
            table.append({
                "windows": f"{count:,}", "tokens": tokens, "approximate": index.stats().approximate or "none",
                "candidates": candidates, "queries": len(some),
                "recall@10": float(np.mean(shares)),
                "median_ms": float(np.median(whole)), "p99_ms": float(np.percentile(whole, 99)),
                "store_ms": float(np.median(raw)), "times_store": float(np.median(whole) / np.median(raw)),
                "bytes_a_window": index.stats().bytes / count, "write_s": written, "build_s": built,
            })  # fmt: skip
    index.close()
    return table  # type: ignore[return-value]


def main() -> None:
    options = arguments(__doc__ or "")
    sizes = [(5_000, TOKENS)] if options.quick else [(100_000, TOKENS), (1_000_000, 0)]
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            row for count, tokens in sizes for row in case(count, tokens, 20 if options.quick else 200, Path(folder))
        ]
    report(rows, options.json, options.quick)


if __name__ == "__main__":
    main()
