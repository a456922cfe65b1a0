"""Representations of a corpus to ranks, language by language, in both directions.

The candidates of a language are the items that have a caption in it; every caption is a query, with one relevant item;
the other way every item is a query, with all its captions of the language relevant: the best of them counts. An item
whose file cannot be read stays in the count: its captions fail as queries, it never vanishes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from babelreel.corrections import Correction
from babelreel.ranking import Score, rank
from babelreel.types import Corpus, Direction, MediaItem, Ranks, Representation


def rank_corpus(
    score: Score,
    corpus: Corpus,
    texts: Representation,
    media: Representation,
    media_ids: Sequence[str],
    correction: Correction | None = None,
) -> Iterator[tuple[Ranks, np.ndarray]]:
    """Ranks of every language both ways, as `evaluate` counts them, and how many relevant candidates each query has.

    A correction that knows one direction alone gives that direction alone.
    """
    for lang in corpus.langs:
        yield from _rank_language(score, corpus, _asked(corpus, lang), texts, media, media_ids, correction)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The captions of one language, and their items in order."""

    lang: str
    items: tuple[MediaItem, ...]  # (N,)
    positions: np.ndarray  # (N,) of the items in the corpus
    rows: np.ndarray  # (Q,) of the captions among all captions
    owners: np.ndarray  # (Q,) of the captions' items in `items`
    caption_ids: tuple[str, ...]  # (Q,)


def _asked(corpus: Corpus, lang: str) -> _Asked:
    items: list[MediaItem] = []
    positions: list[int] = []
    rows: list[int] = []
    owners: list[int] = []
    ids: list[str] = []
    row = 0
    for position, item in enumerate(corpus.items):
        own = [n for n, caption in enumerate(item.captions) if caption.lang == lang]
        if own:
            rows += [row + n for n in own]
            owners += [len(items)] * len(own)
            names = item.caption_ids
            ids += [names[n] for n in own]
            items.append(item)
            positions.append(position)
        row += len(item.captions)
    return _Asked(lang, tuple(items), np.array(positions), np.array(rows), np.array(owners), tuple(ids))


def _rank_language(
    score: Score, corpus: Corpus, asked: _Asked, texts: Representation, media: Representation, media_ids: Sequence[str],
    correction: Correction | None,
) -> Iterator[tuple[Ranks, np.ndarray]]:  # fmt: skip
    """The ranks of one language both ways, each with the number of relevant candidates (Q,) of its queries."""
    count, owners, lang = len(asked.items), asked.owners, asked.lang
    item_ids = tuple(item.id for item in asked.items)
    row_of = {item: row for row, item in enumerate(media_ids)}
    readable = np.array([n for n, item in enumerate(item_ids) if item in row_of], np.int64)
    column = np.full(count, -1)
    column[readable] = np.arange(len(readable))
    queries, candidates = texts[asked.rows], media[[row_of[item_ids[n]] for n in readable]]
    readable_ids = [item_ids[n] for n in readable]
    to_media, to_text = directions(corpus.items)

    relevant = [[c] if c >= 0 else [] for c in column[owners]]
    adjust = None if correction is None else correction.adjust(score, queries, candidates, lang)
    ranks = rank(
        score, queries, candidates, relevant, adjust=adjust, query_ids=asked.caption_ids, candidate_ids=readable_ids
    )
    ranks[column[owners] < 0] = count + 1
    yield Ranks(lang, to_media, asked.caption_ids, ranks, asked.positions[owners], count), np.ones_like(ranks)

    if correction is not None and not correction.both_ways:
        return
    captions = np.split(np.arange(len(owners)), np.flatnonzero(np.diff(owners)) + 1)  # of each item; owners ascend
    ranks = np.full(count, len(queries) + 1)
    back = _transposed(score)
    adjust = None if correction is None else correction.adjust(back, candidates, queries, lang)
    ranks[readable] = rank(
        back, candidates, queries, [captions[n] for n in readable],
        adjust=adjust, query_ids=readable_ids, candidate_ids=asked.caption_ids,
    )  # fmt: skip
    yield Ranks(lang, to_text, item_ids, ranks, asked.positions, len(queries)), np.array([len(c) for c in captions])


def directions(items: Sequence[MediaItem]) -> tuple[Direction, Direction]:
    """From text to media and back, by what the media are: images where all are."""
    if all(item.kind == "image" for item in items):
        return "t2i", "i2t"
    return "t2v", "v2t"


def _transposed(score: Score) -> Callable[[Representation, Representation], Tensor]:
    """A score function always reads (texts, media); this one reads (media, texts)."""
    return lambda media, texts: score(texts, media).T
