"""An index is looked after: what it holds is verified, paths are removed, its recall is measured."""

from __future__ import annotations

import heapq
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from hashlib import blake2b
from itertools import cycle
from pathlib import Path

import torch
from torch import Tensor

from babelreel.corpora.playground.scene import LANGS
from babelreel.corpora.playground.text import parallel_text
from babelreel.data.batches import read_ahead
from babelreel.errors import IndexStoreError, MediaError
from babelreel.index.ask import SAMPLE
from babelreel.index.store import Entry, VectorIndex
from babelreel.media.files import content_hash
from babelreel.model import Model
from babelreel.progress import Report

BLOCK = 1024
ASKED = 64  # texts, and as many vectors of the index, that the recall is measured with
FIRST = 10


def draw_sample(ids: Iterable[str]) -> list[str]:
    """`SAMPLE` of the ids, the same of the same ids, spread over all files."""
    return heapq.nsmallest(SAMPLE, ids, key=lambda name: blake2b(name.encode(), digest_size=8).digest())


def remove(index: VectorIndex, paths: Sequence[str | Path]) -> list[str]:
    """Forget files, and all files below folders; gives the paths of those that the index held.

    Raises:
        IndexStoreError: when the index holds nothing at or below a path.
    """
    held = defaultdict(list)
    for page in index.entries():
        for entry in page:
            held[entry.path].append(entry.id)
    chosen: dict[str, list[str]] = {}
    for path in paths:
        root = os.path.abspath(Path(path).expanduser())
        found = {p: ids for p, ids in held.items() if p == root or p.startswith(os.path.join(root, ""))}
        if not found:
            raise IndexStoreError(f"The index holds nothing at or below {root}. `babelreel stats` tells what it holds.")
        chosen |= found
    # First the sample, so that whoever searches meanwhile finds all of it.
    index.note("sample", draw_sample(i for p, ids in held.items() if p not in chosen for i in ids))
    index.remove([name for ids in chosen.values() for name in ids])
    return sorted(chosen)


def verify(index: VectorIndex, workers: int = 2, progress: Report | None = None) -> dict[str, str]:
    """What is wrong with an index: {path or entry id: what}. Every file is read and hashed, every row looked at."""
    held: dict[str, list[Entry]] = defaultdict(list)
    for page in index.entries():
        for entry in page:
            held[entry.path].append(entry)
    wrong: dict[str, str] = {}
    looks = read_ahead(partial(_look, held), held, workers, 4 * workers)
    for done, (path, why) in enumerate(looks, start=1):
        if why:
            wrong[path] = why
        if progress is not None:
            progress(done, len(held))
    width = 0
    rowed: set[str] = set()
    for ids, rows in index.blocks(BLOCK):
        rowed.update(ids)
        assert rows.pooled is not None
        width = width or rows.pooled.shape[1]
        fields = rows.fields().values()
        finite = torch.stack([t.reshape(len(ids), -1).float().isfinite().all(1) for t in fields]).all(0)
        for name, whole in zip(ids, (finite & (rows.pooled.norm(dim=1) > 0)).tolist(), strict=True):
            if not whole:
                wrong[name] = "its vectors are not numbers, or zero"
        if rows.pooled.shape[1] != width:
            wrong |= {name: f"its vectors have {rows.pooled.shape[1]} numbers, others {width}" for name in ids}
    listed = {entry.id for own in held.values() for entry in own}
    wrong |= {name: "it has no vectors" for name in listed - rowed}
    wrong |= {name: "its vectors belong to no entry" for name in rowed - listed}
    return wrong


def _look(held: dict[str, list[Entry]], path: str) -> tuple[str, str]:
    """What is wrong with a file, or ""."""
    entries = sorted(held[path], key=lambda entry: entry.start or 0.0)
    try:
        if content_hash(path) != entries[0].file:
            return path, "the file is not what was indexed: index it again"
    except MediaError as error:
        return path, str(error)
    reached = 0.0
    for entry in entries:
        if (entry.start or 0.0) > reached + 0.01:
            break
        reached = max(reached, entry.end or 0.0)
    if reached < entries[0].duration - 0.01:
        return path, f"only its first {reached:.1f} of {entries[0].duration:.1f} s are indexed: index it again"
    return path, ""


def measure_recall(index: VectorIndex, model: Model) -> float:
    """Recall@10 of `nearest` against exact search, over vectors of the index and texts of the playground."""
    queries = _queries(index, model)  # (Q, D)
    best = torch.zeros(len(queries), 0)
    names: list[list[str]] = [[] for _ in queries]
    for ids, rows in index.blocks(BLOCK, ("pooled",)):
        assert rows.pooled is not None
        scores = torch.cat([best, queries @ rows.pooled.float().T], dim=1)  # (Q, K + N)
        best, places = scores.topk(min(FIRST, scores.shape[1]), dim=1)
        names = [[(own + ids)[n] for n in row] for own, row in zip(names, places.tolist(), strict=True)]
    found = index.nearest(queries, FIRST)
    hits = sum(len(set(own) & set(ids)) for own, (ids, _) in zip(names, found, strict=True))
    return hits / sum(map(len, names))


def _queries(index: VectorIndex, model: Model) -> Tensor:
    """Vectors (Q, D) to search with: half of them of the index, half of texts in many languages."""
    texts = [text[lang] for text, lang in zip(parallel_text(ASKED, 0), cycle(LANGS), strict=False)]
    asked = model.encode_text(texts).pooled
    own = index.rows((index.notes().get("sample") or [])[:ASKED], ("pooled",)).pooled
    assert asked is not None
    assert own is not None
    return torch.cat([asked.float(), own.float()])
