"""Parallel text to ranks: of each sentence, where its translation stands among all in the pivot language.

The direction "t2t". A pivot sentence that several items share is one candidate: the model cannot tell them apart, and
need not. Both sides are compared by the cosine of their vectors, whatever a method does with media.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch.nn.functional import normalize

from babelreel.errors import CorpusError
from babelreel.ranking import rank
from babelreel.scoring import dot
from babelreel.types import Corpus, Ranks, Representation

PIVOT = "en"


def rank_translations(corpus: Corpus, texts: Representation, pivot: str = PIVOT) -> Iterator[tuple[Ranks, np.ndarray]]:
    """Ranks of every language but the pivot, and how many relevant candidates each query has.

    `texts` are all captions in the corpus's order. Of a language's items those count that have a caption in the pivot
    language: it is the candidate, or they are.

    Raises:
        CorpusError: when no language has such items.
    """
    assert texts.pooled is not None
    vectors = Representation(normalize(texts.pooled.float(), dim=-1))
    found = [each for lang in corpus.langs if lang != pivot for each in _rank_language(corpus, lang, vectors, pivot)]
    if not found:
        raise CorpusError(
            f"The corpus {corpus.name!r} has no items with captions in {pivot} and in another language, so no "
            f"translation can be sought. It has: {', '.join(corpus.langs) or 'no captions at all'}."
        )
    yield from found


def _rank_language(
    corpus: Corpus, lang: str, vectors: Representation, pivot: str
) -> Iterator[tuple[Ranks, np.ndarray]]:
    place: dict[str, int] = {}  # of each different pivot sentence among the candidates
    candidate_rows: list[int] = []
    queries: list[int] = []
    ids: list[str] = []
    groups: list[int] = []
    relevant: list[list[int]] = []
    row = 0
    for position, item in enumerate(corpus.items):
        own = [n for n, caption in enumerate(item.captions) if caption.lang == lang]
        pivots = [n for n, caption in enumerate(item.captions) if caption.lang == pivot]
        if own and pivots:
            for n in pivots:
                if place.setdefault(item.captions[n].text, len(place)) == len(candidate_rows):
                    candidate_rows.append(row + n)
            queries += [row + n for n in own]
            ids += [item.caption_ids[n] for n in own]
            groups += [position] * len(own)
            relevant += [sorted({place[item.captions[n].text] for n in pivots})] * len(own)
        row += len(item.captions)
    if queries:
        ranks = rank(dot, vectors[queries], vectors[candidate_rows], relevant, query_ids=ids)
        several = np.array([len(each) for each in relevant])
        yield Ranks(lang, "t2t", tuple(ids), ranks, np.array(groups), len(candidate_rows)), several
