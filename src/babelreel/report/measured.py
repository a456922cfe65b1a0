"""An evaluation as a table that says what was measured, and on how many queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babelreel.evaluate import Evaluation, Header, Row
from babelreel.metrics import MEASURES
from babelreel.parity import by_family, gaps, weakest
from babelreel.report.table import Table, as_markdown, as_text

COLUMNS = ("lang", "dir", "queries", "candidates", *MEASURES, "R@1 95 % interval", "chance R@1")

ZERO_SHOT = "*"


def to_text(evaluation: Evaluation) -> str:
    """A plain table for the terminal."""
    return as_text(to_table(evaluation))


def to_markdown(evaluation: Evaluation) -> str:
    """The same table for a page."""
    return as_markdown(to_table(evaluation))


def to_table(evaluation: Evaluation) -> Table:
    """Every language in every direction, and their means."""
    notes = tuple(_notes(evaluation))
    return Table(title(evaluation.header), COLUMNS, tuple(_cells(evaluation)), notes, words=2)


def title(header: Header) -> str:
    """What stands above every table: which model, on what, by which code."""
    split = f" ({header.split})" if header.split else ""
    corrected = f"corrected by {header.correction}" if header.correction else ""
    conditions = "".join(f", {said}" for said in (header.protocol, corrected, header.sampling) if said)
    seeds = f"seed{'s' * (len(header.seeds) > 1)} {' and '.join(map(str, header.seeds))}" if header.seeds else ""
    training = ", ".join(filter(None, (seeds, header.trained_at and f"commit {header.trained_at}")))
    return (
        f"{header.model} [{header.fingerprint}]{training and f' trained with {training},'} on {header.corpus}{split}, "
        f"measured at commit {header.commit}, draws with seed {header.seed}, {header.failed} media failed{conditions}"
    )


def _cells(evaluation: Evaluation) -> list[tuple[str, ...]]:
    mark = {row.lang: row.lang + ZERO_SHOT * evaluation.header.zero_shot(row.lang) for row in evaluation.rows}
    rows = [
        (
            mark[row.lang], row.direction, str(row.queries), str(row.candidates), *_numbers(row.measures),
            f"{row.ci95['R@1'][0]:.1f} to {row.ci95['R@1'][1]:.1f}", f"{row.chance['R@1']:.2f}",
        )
        for row in evaluation.rows
    ]  # fmt: skip
    for direction in dict.fromkeys(row.direction for row in evaluation.rows):
        own = [row for row in evaluation.rows if row.direction == direction]
        if len(own) > 1:
            rows.append(_mean("mean", own))
        langs = [row.lang for row in own]
        new = [lang for lang in langs if evaluation.header.zero_shot(lang)]
        if 0 < len(new) < len(langs):
            rows.append(_mean("mean trained", [row for row in own if row.lang not in new]))
            rows.append(_mean("mean zero-shot", [row for row in own if row.lang in new]))
        rows += [_mean(name, [row for row in own if row.lang in some]) for name, some in by_family(langs).items()]
    return rows


def _mean(name: str, rows: Sequence[Row]) -> tuple[str, ...]:
    mean = {m: sum(row.measures[m] for row in rows) / len(rows) for m in MEASURES}
    return (name, rows[0].direction, str(sum(row.queries for row in rows)), "", *_numbers(mean), "", "")


def _numbers(measures: Any) -> list[str]:
    return [f"{measures[m]:.3f}" if m == "MRR" else f"{measures[m]:.1f}" for m in MEASURES]


def _notes(evaluation: Evaluation) -> Sequence[str]:
    notes = []
    summaries = evaluation.summaries()
    if summaries:
        said = ", ".join(f"{lang} {total:.1f} / {mean:.1f}" for lang, (total, mean) in summaries.items())
        notes.append(f"SumR / mAR: {said}")
    notes.append("R@k: percent of queries with a relevant candidate in the first k; ties count against the model.")
    notes += _conditions(evaluation)
    notes += _between_languages(evaluation)
    weak = sum(row.ci95["R@1"][0] <= row.chance["R@1"] for row in evaluation.rows)
    if weak:
        notes.append(
            f"R@1 is not above chance in {weak} of {len(evaluation.rows)} rows: their intervals reach down to it."
        )
    return notes


def _conditions(evaluation: Evaluation) -> list[str]:
    """What of the header a reader of the figures must know."""
    header, notes = evaluation.header, []
    if header.correction:
        whose = (
            "queries of the training split" if header.correction.startswith("querybank") else "the other test queries"
        )
        notes.append(f"Corrected scores have seen {whose}, which a plain search does not: {header.correction}.")
    if header.cut:
        notes.append(f"{header.cut} captions are longer than the model reads; they are cut.")
    new = [lang for lang in dict.fromkeys(row.lang for row in evaluation.rows) if header.zero_shot(lang)]
    if new:
        before = [lang for lang in new if lang in header.earlier]
        said = f"; an earlier stage had {', '.join(before)}" if before else ""
        notes.append(f"{ZERO_SHOT} zero-shot: the model's training had no caption in this language{said}.")
    return notes


def _between_languages(evaluation: Evaluation) -> list[str]:
    """What the languages say together, a line a direction."""
    notes = []
    for way in dict.fromkeys(row.direction for row in evaluation.rows):
        values = {row.lang: row.measures["R@1"] for row in evaluation.rows if row.direction == way}
        if len(values) < 2:
            continue
        lang, value = weakest(values)
        said = [f"{way} R@1: weakest {lang} {value:.1f}"]
        far = gaps(values)
        if far:
            told = ", ".join(f"{lang} {gap.points:+.1f} (x {gap.ratio:.2f})" for lang, gap in far.items())
            said.append(f"gap to English {told}")
        if way in evaluation.disagreement:
            variance, queries = evaluation.disagreement[way]
            said.append(f"mean rank variance between languages {variance:.1f} over {queries} queries")
        notes.append("; ".join(said))
    return notes
