"""Parity of languages: the gap to English, the weakest language, how far languages disagree in their ranks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from babelreel.language import family
from babelreel.types import Corpus, Direction, Ranks


class Gap(NamedTuple):
    """How far a language is from the reference: `points` of a percentage, below 0 where it is worse, and `ratio`."""

    points: float
    ratio: float


class Disagreement(NamedTuple):
    """Mean rank variance: over `queries` asked in several languages, the variance of their ranks between languages.

    0 where every language finds the same. The measure is that of Nie et al. 2024 (arXiv 2406.18254), "MRV"; the ranks
    here are tie-safe and not cut off.
    """

    variance: float
    queries: int


def gaps(values: Mapping[str, float], reference: str = "en") -> dict[str, Gap]:
    """Each language's gap to the reference in one measure; empty where the reference was not measured.

    A ratio to 0 is infinite, and 1 where both are 0.
    """
    if reference not in values:
        return {}
    own = values[reference]
    return {
        lang: Gap(value - own, value / own if own else (float("inf") if value else 1.0))
        for lang, value in values.items()
        if lang != reference
    }


def weakest(values: Mapping[str, float]) -> tuple[str, float]:
    """The language with the lowest value, the first of several."""
    lang = min(values, key=values.__getitem__)
    return lang, values[lang]


def by_family(langs: Sequence[str]) -> dict[str, list[str]]:
    """The languages by family and branch, in the order in which they come; empty unless there are two families.

    A language of no known family stands under "other".
    """
    out: dict[str, list[str]] = {}
    for lang in langs:
        out.setdefault(family(lang) or "other", []).append(lang)
    return out if len(out) > 1 else {}


def disagreement(
    ranks: Mapping[tuple[str, Direction], Ranks], corpus: Corpus, direction: Direction
) -> Disagreement | None:
    """The mean rank variance in one direction; None where nothing is asked in two languages.

    Media ask the same in every language; captions do where they share a `group`, which says that they translate each
    other. Languages with other numbers of candidates than most are left out: their ranks lie on another scale.
    """
    tables = [r for (_, way), r in ranks.items() if way == direction]
    sizes = [table.candidates for table in tables]
    common = max(set(sizes), key=sizes.count, default=0)
    same = _groups(corpus) if direction in ("t2v", "t2i") else None
    keys: list[str] = []
    values: list[np.ndarray] = []
    for table in tables:
        if table.candidates != common:
            continue
        rows = [n for n, query in enumerate(table.query_ids) if same is None or query in same]
        keys += [table.query_ids[n] if same is None else same[table.query_ids[n]] for n in rows]
        values.append(table.ranks[rows])
    return _mean_variance(keys, np.concatenate(values).astype(float)) if keys else None


def _mean_variance(keys: Sequence[str], ranks: np.ndarray) -> Disagreement | None:
    _, code = np.unique(keys, return_inverse=True)
    count = np.bincount(code)
    mean = np.bincount(code, ranks) / count
    variance = np.bincount(code, (ranks - mean[code]) ** 2) / count
    several = count > 1
    return Disagreement(float(variance[several].mean()), int(several.sum())) if several.any() else None


def _groups(corpus: Corpus) -> dict[str, str]:
    """Captions that translate another, by their ids in `Ranks`, and what they share with it."""
    return dict(_grouped(corpus))


def _grouped(corpus: Corpus) -> Iterator[tuple[str, str]]:
    for item in corpus.items:
        for caption_id, caption in zip(item.caption_ids, item.captions, strict=True):
            if caption.group:
                yield caption_id, f"{item.id}\n{caption.group}"
