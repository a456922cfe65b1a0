"""An evaluation with all measures and intervals, plain and corrected, beside the obvious way: the whole matrix, sorted.

    python benchmarks/evaluate.py [--quick] [--json FILE]

The goal: 1,000 x 1,000 under 2 s, 5,000 items x 25,000 captions under 60 s and 2 GB, on two cores.
"""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from harness import arguments, in_turn, peak_gb, report

from babelreel import scoring
from babelreel.corrections import Correction
from babelreel.evaluate import Header, evaluate
from babelreel.types import Caption, Corpus, MediaItem, Representation

WIDTH = 512


def towers(items: int, captions: int) -> tuple[Representation, Representation, np.ndarray]:
    """Random vectors in which a caption lies near its item; `owner` (captions,) says which that is."""
    generator = torch.Generator().manual_seed(0)
    media = torch.randn(items, WIDTH, generator=generator)
    owner = np.arange(captions) * items // captions
    texts = media[owner] + 3 * torch.randn(captions, WIDTH, generator=generator)
    one, two = (Representation(torch.nn.functional.normalize(t, dim=-1)) for t in (texts, media))
    return one, two, owner


def ours(
    texts: Representation, media: Representation, owner: np.ndarray, correction: Correction | None = None
) -> dict[str, float]:
    """The whole evaluation: both directions, every measure, intervals, what the languages say together."""
    own = np.bincount(owner)
    items = tuple(
        MediaItem(str(n), f"{n}.jpg", "image", captions=(Caption("a photograph", "en"),) * int(count))
        for n, count in enumerate(own)
    )
    header = Header("random vectors", "", "benchmark", "test", 0, "")
    ids = [item.id for item in items]
    found = evaluate(scoring.dot, Corpus("benchmark", Path(), items), texts, media, ids, header, None, correction)
    return {f"{row.direction} {name}": value for row in found.rows for name, value in row.measures.items()}


def corrected(texts: Representation, media: Representation, owner: np.ndarray) -> dict[str, float]:
    """The same with scores corrected by the other queries, which are scored twice for it."""
    return ours(texts, media, owner, Correction("dual-softmax"))


def obvious(texts: Representation, media: Representation, owner: np.ndarray) -> dict[str, float]:
    """The whole matrix, a full sort each way, and no intervals: what most evaluation scripts do."""
    scores = (texts.pooled @ media.pooled.T).numpy()  # type: ignore[operator,union-attr]
    order = np.argsort(-scores, axis=1)
    forward = 1 + np.argmax(order == owner[:, None], axis=1)
    back = np.argsort(-scores.T, axis=1)
    hit = owner[back] == np.arange(len(scores.T))[:, None]
    return {"t2i R@1": 100 * float((forward == 1).mean()), "i2t R@1": 100 * float(hit[:, 0].mean())}


VARIANTS = {"obvious, without": obvious, "ours, with intervals": ours, "ours, corrected": corrected}


def small(repeats: int) -> list[dict[str, object]]:
    case = towers(1000, 1000)
    one, two = ours(*case), obvious(*case)
    assert all(abs(one[name] - value) < 1e-9 for name, value in two.items()), (one, two)
    seconds = in_turn({name: partial(function, *case) for name, function in VARIANTS.items()}, repeats)
    base = seconds["obvious, without"]
    size = "1,000 x 1,000"
    return [{"size": size, "variant": v, "seconds": s, "ratio_to_obvious": s / base} for v, s in seconds.items()]


def large(items: int, captions: int) -> list[dict[str, object]]:
    """Each in a process of its own, so that the peak memory is its own."""
    rows: list[dict[str, object]] = []
    for variant in VARIANTS:
        done = subprocess.run(
            [sys.executable, __file__, "--case", variant, str(items), str(captions)], capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        seconds, gigabytes = map(float, done.stdout.split())
        rows.append({"size": f"{items:,} x {captions:,}", "variant": variant, "seconds": seconds, "peak_gb": gigabytes})
    for row in rows:
        row["ratio_to_obvious"] = row["seconds"] / rows[0]["seconds"]  # type: ignore[operator]
    return rows


def one_case(variant: str, items: int, captions: int) -> None:
    """Print seconds and the process's peak memory in GB, of which the libraries are about 0.3."""
    case = towers(items, captions)
    began = time.perf_counter()
    VARIANTS[variant](*case)
    print(time.perf_counter() - began, peak_gb())


def main() -> None:
    if len(sys.argv) == 5 and sys.argv[1] == "--case":
        one_case(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
        return
    options = arguments(__doc__ or "")
    rows = small(1 if options.quick else 5)
    rows += large(1000, 5000) if options.quick else large(5000, 25_000)
    report(rows, options.json, options.quick)


if __name__ == "__main__":
    main()
