"""Two evaluations of the same queries: by how much one is better, language by language, and how sure that is.

The test is a paired bootstrap that draws items with all their queries (`metrics.paired_mean`). Many languages are many
tests, so their p values are corrected (Holm 1979); the mean over languages is one test, in which an item is drawn in
all of its languages at once. Several seeds of both models are compared as their means, and an item is drawn in all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from babelreel.errors import CorpusError
from babelreel.evaluate import Evaluation, Header
from babelreel.metrics import Difference, holm, measure, paired_mean
from babelreel.progress import Report
from babelreel.report.measured import title
from babelreel.report.table import Table
from babelreel.types import Direction, Ranks

DRAWS = 10_000
SAME = ("corpus", "split", "protocol")  # of the header: without these two evaluations are of different questions
OWN = ("model", "fingerprint", "commit", "failed", "seeds", "trained_at")  # what may differ, or is told anyway
MEAN = "mean"
Pair = tuple[Ranks, Ranks]


@dataclass(frozen=True, slots=True)
class Compared:
    """One language, or "mean" for the mean over all, in one direction: both values, and the first minus the second.

    `corrected` is the p value after Holm's correction over the languages of the direction; None for the mean. `by_seed`
    are the differences of each pair of evaluations; their mean is the difference.
    """

    lang: str
    direction: Direction
    queries: int
    values: tuple[float, float]
    difference: Difference
    by_seed: tuple[float, ...]
    corrected: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared, a pair of headers for each seed, and every row; `apart` are languages and directions that not
    all evaluations have."""

    headers: tuple[tuple[Header, Header], ...]
    measure: str
    draws: int
    rows: tuple[Compared, ...]
    apart: tuple[str, ...] = ()


def compare(
    one: Evaluation,
    two: Evaluation,
    name: str = "R@1",
    draws: int = DRAWS,
    seed: int = 0,
    progress: Report | None = None,
    more: Sequence[tuple[Evaluation, Evaluation]] = (),
) -> Comparison:
    """The first minus the second in one measure, in every language and direction that both have.

    `more` are the same two models trained with further seeds: values and differences are means over all pairs, and the
    interval is that of this mean over other items, not over other seeds.

    Raises:
        CorpusError: when they are of other corpora, splits, protocols, queries or candidates, or hold no ranks.
        ScoreError: when there is no such measure.
    """
    every = [(one, two), *more]
    all_of_them = [each for pair in every for each in pair]
    for each in all_of_them:
        _check_headers(one, each)
    keys = [key for key in one.ranks if all(key in each.ranks for each in all_of_them)]
    if not keys:
        has = "; ".join(", ".join(" ".join(key) for key in each.ranks) for each in all_of_them)
        raise CorpusError(f"These have no language and direction in common: {has}.")
    pairs = {
        key: [(_aligned(one.ranks[key], a.ranks[key]), _aligned(one.ranks[key], b.ranks[key])) for a, b in every]
        for key in keys
    }
    directions = list(dict.fromkeys(way for _, way in keys))
    rows: list[Compared] = []

    def tell(note: str) -> None:
        if progress is not None:
            progress(len(rows), len(keys) + len(directions), note)

    for way in directions:
        own = {lang: pair for (lang, direction), pair in pairs.items() if direction == way}
        first = len(rows)
        for lang, pair in own.items():
            tell(f"{lang} {way}")
            rows.append(_compared(lang, [pair], name, draws, seed))
        corrected = holm({row.lang: row.difference.p for row in rows[first:]})
        rows[first:] = [replace(row, corrected=corrected[row.lang]) for row in rows[first:]]
        if len(own) > 1:
            tell(f"{MEAN} {way}")
            rows.append(_compared(MEAN, list(own.values()), name, draws, seed))
    apart = tuple(dict.fromkeys(" ".join(key) for each in all_of_them for key in each.ranks if key not in pairs))
    return Comparison(tuple((a.header, b.header) for a, b in every), name, draws, tuple(rows), apart)


def _compared(lang: str, langs: list[list[Pair]], name: str, draws: int, seed: int) -> Compared:
    """`langs`: for each language, the pairs of all seeds."""
    difference = paired_mean([pair for pairs in langs for pair in pairs], name, seed, draws)
    values = [[[measure(ranks)[name] for ranks in pair] for pair in pairs] for pairs in langs]
    found = np.mean(values, axis=0)  # (S, 2)
    by_seed = tuple(map(float, found[:, 0] - found[:, 1]))
    first, second = map(float, found.mean(0))
    queries = sum(len(pairs[0][0]) for pairs in langs)
    return Compared(lang, langs[0][0][0].direction, queries, (first, second), difference, by_seed)


def to_table(found: Comparison) -> Table:
    """The comparison as a table: A is the first, B the second."""
    name = found.measure
    columns = ("lang", "dir", "queries", f"A {name}", f"B {name}", "A - B", "95 % interval", "p", "p (Holm)")
    return Table(f"{name}: A beside B", columns, tuple(map(_cells, found.rows)), tuple(_notes(found)), words=2)


def _check_headers(one: Evaluation, two: Evaluation) -> None:
    heads = [asdict(each.header) for each in (one, two)]
    odd = [name for name in SAME if heads[0][name] != heads[1][name]]
    if odd:
        told = "; ".join(f"{name} {heads[0][name]!r} and {heads[1][name]!r}" for name in odd)
        raise CorpusError(f"Only evaluations of the same queries can be compared, these differ in: {told}.")
    for each in (one, two):
        if not each.ranks:
            raise CorpusError(
                f"The evaluation of {each.header.model} holds no ranks, so it cannot be paired with another. "
                "Measure it again with `babelreel eval --json`."
            )


def _aligned(one: Ranks, two: Ranks) -> Ranks:
    """The second in the order of the first, with its groups, whose numbers count items of its own corpus."""
    place = {query: n for n, query in enumerate(two.query_ids)}
    lacking = [query for query in one.query_ids if query not in place]
    extra = set(two.query_ids).difference(one.query_ids)
    if lacking or extra:
        example = (lacking or sorted(extra))[0]
        raise CorpusError(
            f"The two were asked other queries in {one.lang} {one.direction}: {len(lacking)} are in the first alone, "
            f"{len(extra)} in the second alone, such as {example!r}. Measure both on the same corpus."
        )
    if one.candidates != two.candidates:
        raise CorpusError(
            f"The two searched among other candidates in {one.lang} {one.direction}: "
            f"{one.candidates} and {two.candidates}. Measure both on the same corpus."
        )
    order = [place[query] for query in one.query_ids]
    return replace(two, query_ids=one.query_ids, ranks=two.ranks[order], groups=one.groups)


def _cells(row: Compared) -> tuple[str, ...]:
    told = row.difference
    numbers = (*(f"{value:.2f}" for value in row.values), f"{told.value:+.2f}")
    corrected = "" if row.corrected is None else f"{row.corrected:.4f}"
    span = f"{told.low:+.2f} to {told.high:+.2f}"
    return (row.lang, row.direction, str(row.queries), *numbers, span, f"{told.p:.4f}", corrected)


def _notes(found: Comparison) -> Iterator[str]:
    for pair in found.headers:
        yield from (f"{letter}: {title(header)}" for letter, header in zip("AB", pair, strict=True))
    yield (
        f"A minus B on the same queries; paired bootstrap, {found.draws} draws of items with all their queries; p is "
        f"at least {2 / (found.draws + 1):.2g}. p (Holm): corrected for the number of languages of a direction."
    )
    if found.measure in ("MdR", "MnR"):
        yield f"Of {found.measure} less is better: below 0, A is better."
    if len(found.headers) > 1:
        yield f"Means of {len(found.headers)} pairs; the interval is over items, not over seeds. A - B of each pair:"
        yield "; ".join(
            f"{row.lang} {row.direction} " + ", ".join(f"{each:+.2f}" for each in row.by_seed) for row in found.rows
        )
    first, second = map(asdict, found.headers[0])
    other = [name for name in first if name not in (*SAME, *OWN) and first[name] != second[name]]
    if other:
        yield "They differ too in " + "; ".join(f"{n}: {_said(first[n])} and {_said(second[n])}" for n in other) + "."
    if found.apart:
        yield f"Left out, as not all have it: {', '.join(found.apart)}."


def _said(value: object) -> str:
    """A field of a header in words."""
    return (" ".join(map(str, value)) if isinstance(value, tuple) else str(value)) or "none"
