"""A model on a corpus, language by language, in both directions.

The protocol: the candidates of a language are the items that have a caption in it; every caption is a query, with one
relevant item; the other way every item is a query, with all its captions of the language relevant. An item whose file
cannot be read stays in the count: its captions fail as queries, it never vanishes.
"""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from torch import Tensor

from babelreel import __version__
from babelreel.errors import CorpusError
from babelreel.metrics import chance, intervals, mean_recall, measure, sum_of_recalls
from babelreel.model import Model, Progress
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

    `failures` says of each item that could not be read why.
    """

    header: Header
    rows: tuple[Row, ...]
    failures: Mapping[str, str] = field(default_factory=dict)
    ranks: Mapping[tuple[str, Direction], Ranks] = field(default_factory=dict, repr=False, compare=False)

    def row(self, lang: str, direction: Direction) -> Row:
        """The row of one language and direction."""
        return next(r for r in self.rows if (r.lang, r.direction) == (lang, direction))

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
    progress: Progress | None = None,
) -> Evaluation:
    """Encode the corpus with the model and measure it; `split` names what the corpus was selected by.

    Raises:
        CorpusError: when no item has a caption, or no file can be read.
    """
    captioned = tuple(item for item in corpus.items if item.captions)
    if not captioned:
        raise CorpusError(f"The corpus {corpus.name!r} has no captions here, so there is no query to measure with.")
    corpus = replace(corpus, items=captioned)
    media = model.encode_media(corpus, cache, progress)
    if media.representation is None:
        listed = "".join(f"\n  {item}: {why}" for item, why in list(media.failures.items())[:5])
        raise CorpusError(f"None of the {len(corpus)} items could be read.{listed}")
    captions = [caption for item in corpus.items for caption in item.captions]
    texts = model.encode_text([c.text for c in captions], [c.lang for c in captions])
    header = Header(model.source, model.fingerprint, corpus.name, split, seed, commit(), len(media.failures))
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

    `score(texts, media)` gives (Q', N') scores, higher is better.
    """
    rows: list[Row] = []
    ranks: dict[tuple[str, Direction], Ranks] = {}
    for lang in corpus.langs:
        for found, relevant in _rank_language(score, corpus, lang, texts, media, media_ids):
            expected = chance(found.candidates, relevant)
            rows.append(
                Row(lang, found.direction, len(found), found.candidates, measure(found),
                    intervals(found, header.seed), expected)
            )  # fmt: skip
            ranks[lang, found.direction] = found
    return Evaluation(header, tuple(rows), dict(failures or {}), ranks)


def breakdown(evaluation: Evaluation, corpus: Corpus, tag: str, lang: str, direction: Direction) -> dict[str, Ranks]:
    """The ranks of one row by the values of an item tag, such as what a distractor differs in.

    A tag may hold several values with commas between; its queries then stand under each. Those without it are "-".
    """
    ranks = evaluation.ranks[lang, direction]
    values = [(corpus.items[group].tags.get(tag) or "-").split(",") for group in ranks.groups]
    out = {}
    for value in sorted({v for own in values for v in own}):
        rows = np.array([row for row, own in enumerate(values) if value in own])
        ids = tuple(ranks.query_ids[r] for r in rows)
        out[value] = replace(ranks, query_ids=ids, ranks=ranks.ranks[rows], groups=ranks.groups[rows])
    return out


def _rank_language(
    score: Score, corpus: Corpus, lang: str, texts: Representation, media: Representation, media_ids: Sequence[str]
) -> list[tuple[Ranks, np.ndarray]]:
    """The ranks of one language both ways, each with the number of relevant candidates (Q,) of its queries."""
    row_of = {item: row for row, item in enumerate(media_ids)}
    caption_rows: list[int] = []  # rows of `texts`
    caption_items: list[int] = []  # positions in `items`
    caption_ids: list[str] = []
    items: list[tuple[int, MediaItem]] = []  # (position in the corpus, item)
    row = 0
    for position, item in enumerate(corpus.items):
        own = [(row + n, n) for n, c in enumerate(item.captions) if c.lang == lang]
        row += len(item.captions)
        if own:
            caption_rows += [r for r, _ in own]
            caption_items += [len(items)] * len(own)
            caption_ids += [f"{item.id}#{n}" for _, n in own]
            items.append((position, item))
    readable = [n for n, (_, item) in enumerate(items) if item.id in row_of]
    column = {n: c for c, n in enumerate(readable)}
    queries = texts[caption_rows]
    candidates = media[[row_of[items[n][1].id] for n in readable]]
    groups = np.array([items[n][0] for n in caption_items])

    relevant = [[column[n]] if n in column else [] for n in caption_items]
    ranks = rank(score, queries, candidates, relevant, missing=len(items) + 1)
    to_media, to_text = _directions([item for _, item in items])
    forward = Ranks(lang, to_media, tuple(caption_ids), ranks, groups, len(items))

    captions_of: dict[int, list[int]] = defaultdict(list)
    for query, n in enumerate(caption_items):
        captions_of[n].append(query)
    backward_ranks = np.full(len(items), len(queries) + 1)
    relevant = [captions_of[n] for n in readable]
    backward_ranks[readable] = rank(_transposed(score), candidates, queries, relevant)
    positions = np.array([position for position, _ in items])
    ids = tuple(item.id for _, item in items)
    backward = Ranks(lang, to_text, ids, backward_ranks, positions, len(queries))
    several = np.array([len(captions_of[n]) for n in range(len(items))])
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
