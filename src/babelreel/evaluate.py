"""A model on a corpus, language by language, in both directions.

What is a query, what are its candidates, and what becomes of a file that cannot be read, `protocol.ranks` says; of
parallel text `bitext` does, which has one direction, from each language to the pivot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from babelreel.bitext import rank_translations
from babelreel.corrections import Correction
from babelreel.errors import CorpusError, ScoreError
from babelreel.metrics import chance, intervals, mean_recall, measure, sum_of_recalls
from babelreel.model import Model
from babelreel.parity import Disagreement, disagreement
from babelreel.progress import Report
from babelreel.protocol.conditions import commit, count_cut, describe_sampling, training_of
from babelreel.protocol.ranks import directions, rank_corpus
from babelreel.ranking import Score
from babelreel.types import Corpus, Direction, Ranks, Representation


@dataclass(frozen=True, slots=True)
class Header:
    """What stands above every table: which model, on what, chosen how.

    `protocol`, `correction` and `sampling` name what differs from every caption as a query, from plain scores, and from
    images. `cut` queries are longer than the model reads. `seed` is that of the draws, `commit` the code that measured.
    `trained` are the languages of the model's last training, `earlier` those of the stages before it, `seeds` and
    `trained_at` the seed (of several that were joined, each) and the commit of it; empty where that is not known.
    """

    model: str
    fingerprint: str
    corpus: str
    split: str
    seed: int
    commit: str
    failed: int = 0
    protocol: str = ""
    correction: str = ""
    sampling: str = ""
    cut: int = 0
    trained: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    trained_at: str = ""

    def zero_shot(self, lang: str) -> bool:
        """Whether the model's last training read no caption in the language, as far as is known."""
        return bool(self.trained) and lang not in self.trained


@dataclass(frozen=True, slots=True)
class Row:
    """One language in one direction. `measures` and `ci95` by the names of `metrics.MEASURES`, recalls in percent."""

    lang: str
    direction: Direction
    queries: int
    candidates: int
    measures: Mapping[str, float]
    ci95: Mapping[str, tuple[float, float]]
    chance: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The table, and behind it the ranks (by language and direction), for paired tests and breakdowns.

    `failures` says of each item that could not be read why; `disagreement` how far languages rank apart.
    """

    header: Header
    rows: tuple[Row, ...]
    failures: Mapping[str, str] = field(default_factory=dict)
    disagreement: Mapping[Direction, Disagreement] = field(default_factory=dict)
    ranks: Mapping[tuple[str, Direction], Ranks] = field(default_factory=dict, repr=False, compare=False)

    def row(self, lang: str, direction: Direction) -> Row:
        """The row of one language and direction.

        Raises:
            ScoreError: when it was not measured.
        """
        found = {(r.lang, r.direction): r for r in self.rows}
        if (lang, direction) not in found:
            there = ", ".join(" ".join(key) for key in found) or "nothing"
            raise ScoreError(f"{lang!r} was not measured in the direction {direction!r}. There is: {there}.")
        return found[lang, direction]

    def summaries(self) -> dict[str, tuple[float, float]]:
        """SumR and mAR of each language that was measured in both directions."""
        by_lang: dict[str, list[Mapping[str, float]]] = defaultdict(list)
        for row in self.rows:
            by_lang[row.lang].append(row.measures)
        pairs = {lang: (dict(m[0]), dict(m[1])) for lang, m in by_lang.items() if len(m) == 2}
        return {lang: (sum_of_recalls(pair), mean_recall(pair)) for lang, pair in pairs.items()}


def evaluate_model(
    model: Model,
    corpus: Corpus,
    *,
    split: str = "",
    cache: str | Path | None = None,
    seed: int = 0,
    progress: Report | None = None,
    correction: Correction | None = None,
    protocol: str = "",
) -> Evaluation:
    """Encode the corpus with the model and measure it; `split` names what the corpus was selected by.

    `protocol` names how `protocol.ask` has changed the corpus; `correction` changes the scores.

    Raises:
        CorpusError: when no item has a caption, or no file can be read.
    """
    corpus = _captioned(corpus)
    captions = [caption for item in corpus.items for caption in item.captions]
    texts = model.encode_text([c.text for c in captions], [c.lang for c in captions])
    header = replace(describe(model, corpus, split, seed), protocol=protocol)
    if corpus.text_only:
        if correction is not None:
            raise CorpusError(f"{corpus.name!r} is text alone, and corrections are for media. Leave --correction out.")
        return _tabulated(header, rank_translations(corpus, texts))
    media = model.encode_media(corpus, cache, progress, model.method.scored)
    if media.representation is None:
        listed = "".join(f"\n  {item}: {why}" for item, why in list(media.failures.items())[:5])
        raise CorpusError(f"None of the {len(corpus)} items could be read.{listed}")
    return evaluate(model.score, corpus, texts, media.representation, media.ids, header, media.failures, correction)


def describe(model: Model, corpus: Corpus, split: str, seed: int = 0) -> Header:
    """What a table says of a model on a corpus that was selected by `split`."""
    moving = any(item.kind == "video" for item in corpus.items)
    trained, earlier, seeds, trained_at = training_of(model)
    return Header(
        model.title, model.fingerprint, corpus.name, split, seed, commit(),
        sampling=describe_sampling(model.method.sampling) if moving else "",
        cut=count_cut(model, [caption for item in corpus.items for caption in item.captions]),
        trained=trained, earlier=earlier, seeds=seeds, trained_at=trained_at,
    )  # fmt: skip


def evaluate(
    score: Score,
    corpus: Corpus,
    texts: Representation,
    media: Representation,
    media_ids: Sequence[str],
    header: Header,
    failures: Mapping[str, str] | None = None,
    correction: Correction | None = None,
) -> Evaluation:
    """Measure representations: `texts` of all captions in the corpus's order, `media` of the items `media_ids`.

    `score(texts, media)` gives (Q', N') scores, higher is better. Items of the corpus that `media_ids` lacks have
    failed; the header counts them, and `failures` may say why. Media that the corpus lacks are left out. A corpus of
    images is measured in the directions t2i and i2t, any other in t2v and v2t.

    Raises:
        CorpusError: when no item has a caption.
        ScoreError: when representations and corpus do not fit, or a score is no finite number.
    """
    corpus = _captioned(corpus)
    _check_rows(corpus, texts, media, media_ids)
    there, reasons = set(media_ids), failures or {}
    failed = {i.id: reasons.get(i.id, "it has no representation") for i in corpus.items if i.id not in there}
    header = replace(header, failed=len(failed), correction="" if correction is None else str(correction))
    table = _tabulated(header, rank_corpus(score, corpus, texts, media, media_ids, correction))
    apart = {way: disagreement(table.ranks, corpus, way) for way in directions(corpus.items)}
    return replace(table, failures=failed, disagreement={way: d for way, d in apart.items() if d is not None})


def _tabulated(header: Header, ranked: Iterable[tuple[Ranks, np.ndarray]]) -> Evaluation:
    """Ranks, each with the number of relevant candidates (Q,) of its queries, as a table."""
    rows: list[Row] = []
    ranks: dict[tuple[str, Direction], Ranks] = {}
    for found, relevant in ranked:
        expected = chance(found.candidates, relevant)
        spread = intervals(found, header.seed)
        rows.append(Row(found.lang, found.direction, len(found), found.candidates, measure(found), spread, expected))
        ranks[found.lang, found.direction] = found

    return Evaluation(header, tuple(rows), ranks=ranks)


def breakdown(evaluation: Evaluation, corpus: Corpus, tag: str, lang: str, direction: Direction) -> dict[str, Ranks]:
    """The ranks of one row by the values of an item tag, such as what a distractor differs in.

    A tag may hold several values with commas between; its queries then stand under each. Those without it are "-".

    Raises:
        ScoreError: when the row was not measured.
        CorpusError: when the corpus is not the one that was measured.
    """
    evaluation.row(lang, direction)
    ranks = evaluation.ranks[lang, direction]
    tags = {item.id: item.tags for item in corpus.items}
    asked = [q.rpartition("#")[0] for q in ranks.query_ids] if direction in ("t2v", "t2i", "t2t") else ranks.query_ids
    unknown = next((item for item in asked if item not in tags), None)
    if unknown is not None:
        raise CorpusError(
            f"The corpus {corpus.name!r} has no item {unknown!r}, which was measured. Break down by the same corpus."
        )
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, item in enumerate(asked):
        for value in dict.fromkeys((tags[item].get(tag) or "-").split(",")):
            rows_of[value].append(row)
    return {value: _some(ranks, rows) for value, rows in sorted(rows_of.items())}


def _some(ranks: Ranks, rows: list[int]) -> Ranks:
    ids = tuple(ranks.query_ids[row] for row in rows)
    return replace(ranks, query_ids=ids, ranks=ranks.ranks[rows], groups=ranks.groups[rows])


def _captioned(corpus: Corpus) -> Corpus:
    """The corpus without the items that nothing asks for."""
    items = tuple(item for item in corpus.items if item.captions)
    if not items:
        raise CorpusError(f"The corpus {corpus.name!r} has no captions here, so there is no query to measure with.")
    return replace(corpus, items=items)


def _check_rows(corpus: Corpus, texts: Representation, media: Representation, media_ids: Sequence[str]) -> None:
    captions = sum(len(item.captions) for item in corpus.items)
    if len(texts) != captions:
        raise ScoreError(
            f"The corpus {corpus.name!r} has {captions} captions, but {len(texts)} texts were encoded. "
            "Encode every caption, in the corpus's order."
        )
    if not len(media) == len(media_ids) == len(set(media_ids)):
        raise ScoreError(
            f"{len(media)} media came with {len(media_ids)} ids, {len(set(media_ids))} of them different. "
            "Give each row its own id."
        )
