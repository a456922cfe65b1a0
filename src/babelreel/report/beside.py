"""Evaluations beside a published table: theirs first and marked as published, ours below, and where the two differ.

A number here and a number there are of the same question only where corpus, split, candidates and protocol agree. Where
they do not, the row says so, and the notes say how.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from babelreel.evaluate import Evaluation, Row
from babelreel.plots import labels
from babelreel.published import BOTH, MEAN, NONE, Column, Published
from babelreel.report.measured import title
from babelreel.report.table import Table

OURS, THEIRS = "measured here", "published"
TO_MEDIA = ("t2v", "t2i")


def beside(published: Published, evaluations: list[Evaluation]) -> Table:
    """One published table with our rows below it; a cell of ours holds the value and its 95 % interval."""
    columns = ("method", "figures", "trained on", "differs in", *published.columns)
    marked = THEIRS if not published.taken else f"{THEIRS}, not its own"
    rows = [(line.method, THEIRS if line.own else marked, line.setting, "", *line.figures) for line in published.rows]
    told = [differences(published, evaluation) for evaluation in evaluations]
    for name, evaluation, found in zip(labels(evaluations), evaluations, told, strict=True):
        cells = (_cell(evaluation, key) for key in published.keys)
        rows.append((name, OURS, " ".join(evaluation.header.trained), ", ".join(found) or "nothing known", *cells))
    ours = tuple(range(len(published.rows), len(rows)))
    notes = tuple(_notes(published, evaluations, told))
    return Table(f"{published.name}: {published.about}", columns, tuple(rows), notes, words=4, ours=ours)


def differences(published: Published, evaluation: Evaluation) -> dict[str, str]:
    """In what an evaluation is of another question than the table: a word for each, and the sentence behind it."""
    header, out = evaluation.header, {}
    if header.corpus not in published.corpora:
        theirs = " or ".join(published.corpora) or f"{published.about}, which is no corpus here"
        out["corpus"] = f"ours is {header.corpus}, theirs {theirs}"
    if header.split != published.split:
        out["split"] = f"ours is {header.split or 'all items'}, theirs {published.split}"
    rows = [row for key in published.keys for row in _rows(evaluation, key) if row.direction in TO_MEDIA]
    sizes = {row.candidates for row in rows}
    if sizes and sizes != {published.candidates}:
        out["candidates"] = f"ours are {_spoken(sizes)}, theirs {published.candidates or 'are not said'}"
    means = {len({row.lang for row in _rows(evaluation, key)}) for key in published.keys if key.lang == MEAN}
    if means - {published.mean_of}:
        out["mean"] = f"ours is over {_spoken(means)} languages, theirs over {published.mean_of or 'an unknown number'}"
    asked = "paragraphs" if header.corpus.endswith("-paragraphs") else header.protocol
    if asked != published.protocol:
        out["protocol"] = f"ours is {asked or 'plain'}, theirs {published.protocol or 'plain, as far as is said'}"
    if header.correction:
        out["scores"] = f"ours are corrected by {header.correction}, theirs plain, as far as is said"
    return out


def _spoken(numbers: set[int]) -> str:
    return " and ".join(map(str, sorted(numbers))) or "none"


def _rows(evaluation: Evaluation, key: Column) -> list[Row]:
    """Our rows behind one cell; a table of images and one of videos ask in the same two directions."""
    to_media = key.direction in TO_MEDIA
    return [
        row
        for row in evaluation.rows
        if key.lang in (row.lang, MEAN) and (key.direction == BOTH or (row.direction in TO_MEDIA) == to_media)
    ]


def _cell(evaluation: Evaluation, key: Column) -> str:
    rows = _rows(evaluation, key)
    if key.direction == BOTH:
        found = [summary for lang, summary in evaluation.summaries().items() if key.lang in (lang, MEAN)]
        return f"{np.mean([s[key.measure == 'mAR'] for s in found]):.1f}" if found else NONE
    if not rows:
        return NONE
    value = f"{np.mean([row.measures[key.measure] for row in rows]):.1f}"
    if len(rows) > 1:
        return value
    low, high = rows[0].ci95[key.measure]
    return f"{value} [{low:.1f}, {high:.1f}]"


def _notes(published: Published, evaluations: list[Evaluation], told: list[dict[str, str]]) -> Iterator[str]:
    yield f"Published: {published.source}; exactly as printed there, not ours, and not measured again here."
    if published.taken:
        yield f"Published, not its own: {published.taken}."
    if published.note:
        yield published.note
    for note in dict.fromkeys(line.note for line in published.rows if line.note):
        told_of = [line for line in published.rows if line.note == note]
        names = dict.fromkeys(line.method + (f" ({line.setting})" if line.setting else "") for line in told_of)
        yield f"{', '.join(names)}: {note}."
    for name, evaluation, found in zip(labels(evaluations), evaluations, told, strict=True):
        where = "".join(f" Differs in {word}: {sentence}." for word, sentence in found.items())
        yield f"{name}, measured here: {title(evaluation.header)}.{where}"
    if evaluations:
        yield "Brackets are 95 % bootstrap intervals, of ours alone; in ours, ties count against the model."
