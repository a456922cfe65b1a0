"""Evaluations of random vectors, for what is tested on evaluations."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import torch

from babelreel import scoring
from babelreel.evaluate import Evaluation, Header, evaluate
from babelreel.types import Caption, Corpus, MediaItem, Representation

HEADER = Header("some/model", "f00d", "corpus", "test", 7, "c0ffee")
LANGS = ("en", "de", "zh")


def evaluation(
    items: int = 40, noise: float = 1.0, langs: tuple[str, ...] = LANGS, failed: int = 0, *, seed: int = 0,
    captions: int = 1, kind: str = "video", header: Header = HEADER,
) -> Evaluation:  # fmt: skip
    """Random vectors; a caption lies nearer to its item the less noise there is. Another seed has other noise."""
    found = _measured(items, noise, langs, failed, seed, captions, kind)
    return replace(found, header=replace(header, failed=found.header.failed))


@cache
def _measured(
    items: int, noise: float, langs: tuple[str, ...], failed: int, seed: int, captions: int, kind: str
) -> Evaluation:
    media = torch.randn(items, 16, generator=torch.Generator().manual_seed(0))
    own = tuple(Caption("x", lang) for lang in langs for _ in range(captions))
    owner = torch.arange(items).repeat_interleave(len(own))
    texts = media[owner] + noise * torch.randn(len(owner), 16, generator=torch.Generator().manual_seed(1 + seed))
    named = tuple(MediaItem(f"i{n}", f"{n}.x", kind, captions=own) for n in range(items))  # type: ignore[arg-type]
    ids = [f"i{n}" for n in range(failed, items)]
    rows = Representation(texts), Representation(media[failed:])
    return evaluate(scoring.dot, Corpus("corpus", Path(), named), *rows, ids, HEADER, {"i0": "gone"})
