"""A model on a corpus, language by language, in both directions.

The protocol: the candidates of a language are the items that have a caption in it; every caption is a query, with one
relevant item; the other way every item is a query, with all its captions of the language relevant. An item whose file
cannot be read stays in the count: its captions fail as queries, it never vanishes.
"""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from torch import Tensor

from babelreel import __version__
from babelreel.errors import CorpusError, ScoreError
from babelreel.metrics import chance, intervals, mean_recall, measure, sum_of_recalls
from babelreel.model import Model
from babelreel.parity import Disagreement, disagreement
from babelreel.progress import Report
from babelreel.ranking import Score, rank
from babelreel.types import Corpus, Direction, MediaItem, Ranks, Representation


@dataclass(frozen=True, slots=True)
class Header:
    """What stands above every table: which model, on what, chosen how."""

    model: str
    fingerprint: str
    corpus: str
    split: str
    seed: int
    commit: str
    failed: int = 0


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
) -> Evaluation:
    """Encode the corpus with the model and measure it; `split` names what the corpus was selected by.

    Raises:
        CorpusError: when no item has a caption, or no file can be read.
    """
    corpus = _captioned(corpus)
    media = model.encode_media(corpus, cache, progress, model.method.scored)
    if media.representation is None:
        listed = "".join(f"\n  {item}: {why}" for item, why in list(media.failures.items())[:5])
        raise CorpusError(f"None of the {len(corpus)} items could be read.{listed}")
    captions = [caption for item in corpus.items for caption in item.captions]
    texts = model.encode_text([c.text for c in captions], [c.lang for c in captions])
    header = Header(model.title, model.fingerprint, corpus.name, split, seed, commit())
    return evaluate(model.score, corpus, texts, media.representation, media.ids, header, media.failures)


def evaluate(
    score: Score,
    corpus: Corpus,
    texts: Representation,
    media: Representation,
    media_ids: Sequence[str],
    header: Header,
    failures: Mapping[str, str] | None = None,
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
    header = replace(header, failed=len(failed))
    rows: list[Row] = []
    ranks: dict[tuple[str, Direction], Ranks] = {}
    for found, relevant in rank_corpus(score, corpus, texts, media, media_ids):
        expected = chance(found.candidates, relevant)
        spread = intervals(found, header.seed)
        rows.append(Row(found.lang, found.direction, len(found), found.candidates, measure(found), spread, expected))
        ranks[found.lang, found.direction] = found
    apart = {way: disagreement(ranks, corpus, way) for way in _directions(corpus.items)}
    return Evaluation(header, tuple(rows), failed, {way: d for way, d in apart.items() if d is not None}, ranks)


def rank_corpus(
    score: Score, corpus: Corpus, texts: Representation, media: Representation, media_ids: Sequence[str]
) -> Iterator[tuple[Ranks, np.ndarray]]:
    """Ranks of every language both ways, as `evaluate` counts them, and how many relevant candidates each query has."""
    for lang in corpus.langs:
        yield from _rank_language(score, corpus, lang, texts, media, media_ids)


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
    asked = [q.rpartition("#")[0] for q in ranks.query_ids] if direction in ("t2v", "t2i") else ranks.query_ids
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


@dataclass(frozen=True, slots=True)
class _Asked:
    """The captions of one language, and their items in order."""

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
            ids += [f"{item.id}#{n}" for n in own]
            items.append(item)
            positions.append(position)
        row += len(item.captions)
    return _Asked(tuple(items), np.array(positions), np.array(rows), np.array(owners), tuple(ids))


def _rank_language(
    score: Score, corpus: Corpus, lang: str, texts: Representation, media: Representation, media_ids: Sequence[str]
) -> list[tuple[Ranks, np.ndarray]]:
    """The ranks of one language both ways, each with the number of relevant candidates (Q,) of its queries."""
    asked = _asked(corpus, lang)
    count, owners = len(asked.items), asked.owners
    item_ids = tuple(item.id for item in asked.items)
    row_of = {item: row for row, item in enumerate(media_ids)}
    readable = np.array([n for n, item in enumerate(item_ids) if item in row_of], np.int64)
    column = np.full(count, -1)
    column[readable] = np.arange(len(readable))
    queries, candidates = texts[asked.rows], media[[row_of[item_ids[n]] for n in readable]]
    readable_ids = [item_ids[n] for n in readable]
    to_media, to_text = _directions(corpus.items)

    relevant = [[c] if c >= 0 else [] for c in column[owners]]
    ranks = rank(
        score, queries, candidates, relevant, missing=count + 1, query_ids=asked.caption_ids, candidate_ids=readable_ids
    )
    forward = Ranks(lang, to_media, asked.caption_ids, ranks, asked.positions[owners], count)

    captions = np.split(np.arange(len(owners)), np.flatnonzero(np.diff(owners)) + 1)  # of each item; owners ascend
    ranks = np.full(count, len(queries) + 1)
    ranks[readable] = rank(
        _transposed(score), candidates, queries, [captions[n] for n in readable],
        query_ids=readable_ids, candidate_ids=asked.caption_ids,
    )  # fmt: skip
    backward = Ranks(lang, to_text, item_ids, ranks, asked.positions, len(queries))
    several = np.array([len(own) for own in captions])
    return [(forward, np.ones(len(queries), np.int64)), (backward, several)]


def _directions(items: Sequence[MediaItem]) -> tuple[Direction, Direction]:
    if all(item.kind == "image" for item in items):
        return "t2i", "i2t"
    return "t2v", "v2t"


def _transposed(score: Score) -> Callable[[Representation, Representation], Tensor]:
    """A score function always reads (texts, media); this one reads (media, texts)."""
    return lambda media, texts: score(texts, media).T


def commit() -> str:
    """The commit of the code that measured, with a "+" where it has been changed since; outside git the version."""
    folder = Path(__file__).parent

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "evaluate.py")  # an installed package may lie inside someone else's checkout
        return git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return __version__
