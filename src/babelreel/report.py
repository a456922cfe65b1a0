"""An evaluation as text, Markdown, JSON and a plot; every table says what was measured, and on how many queries."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from babelreel.atomic import atomic_path
from babelreel.errors import ConfigError, CorpusError
from babelreel.evaluate import Evaluation, Header, Row
from babelreel.extras import require
from babelreel.metrics import MEASURES
from babelreel.parity import Disagreement, gaps, weakest

PLOTS = (".png", ".svg", ".pdf")
COLUMNS = ("lang", "dir", "queries", "candidates", *MEASURES, "R@1 95 % interval", "chance R@1")


def to_text(evaluation: Evaluation) -> str:
    """A plain table for the terminal."""
    cells = [COLUMNS, *_cells(evaluation)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(COLUMNS))]
    lines = ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in cells]
    rule = "-" * len(lines[0])
    notes = [line for note in _notes(evaluation) for line in textwrap.wrap(note, max(60, len(rule)))]
    return "\n".join([_title(evaluation.header), rule, lines[0], rule, *lines[1:], rule, *notes])


def to_markdown(evaluation: Evaluation) -> str:
    """The same table for a page."""
    rows = [COLUMNS, tuple(["---", "---", *["---:"] * (len(COLUMNS) - 2)]), *_cells(evaluation)]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    notes = "\n".join(f"- {note}" for note in _notes(evaluation))
    return f"{_title(evaluation.header)}\n\n{table}\n\n{notes}\n"


def to_json(evaluation: Evaluation) -> str:
    """Header, rows and failures; recalls in percent. `from_json` reads it back without loss, ranks excepted."""
    rows = []
    for row in evaluation.rows:
        record: dict[str, Any] = {"lang": row.lang, "direction": row.direction}
        record |= {"queries": row.queries, "candidates": row.candidates, **row.measures}
        rows.append(record | {"ci95": {k: list(v) for k, v in row.ci95.items()}, "chance": dict(row.chance)})
    summary = {lang: {"SumR": total, "mAR": mean} for lang, (total, mean) in evaluation.summaries().items()}
    apart = {way: found._asdict() for way, found in evaluation.disagreement.items()}
    content = {"header": asdict(evaluation.header), "rows": rows, "summary": summary, "mean_rank_variance": apart}
    return json.dumps(content | {"failures": dict(evaluation.failures)}, indent=1, ensure_ascii=False) + "\n"


def from_json(text: str) -> Evaluation:
    """Read back what `to_json` gave.

    Raises:
        CorpusError: when it is something else.
    """
    try:
        content = json.loads(text)
        rows = tuple(
            Row(
                r["lang"], r["direction"], r["queries"], r["candidates"], {m: r[m] for m in MEASURES},
                {k: (v[0], v[1]) for k, v in r["ci95"].items()}, r["chance"],
            )
            for r in content["rows"]
        )  # fmt: skip
        apart = {way: Disagreement(**found) for way, found in content.get("mean_rank_variance", {}).items()}
        return Evaluation(Header(**content["header"]), rows, content["failures"], apart)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise CorpusError(
            f"This is not the JSON of an evaluation ({error!r}). `babelreel eval --json` writes it."
        ) from error


def plot_recall(evaluation: Evaluation, path: str | Path) -> None:
    """Bars of R@1 by language, both directions, with 95 % intervals and the level of chance; .png, .svg or .pdf.

    Raises:
        ConfigError: when the path ends otherwise.
        MissingExtraError: when matplotlib is not installed.
    """
    path = Path(path)
    if path.suffix.lower() not in PLOTS:
        raise ConfigError(
            f"A plot is written as {', '.join(PLOTS)}, found {path.name!r}. Give it one of these endings."
        )
    langs = list(dict.fromkeys(row.lang for row in evaluation.rows))
    width = max(8.0, 0.5 * len(langs))
    figure = require("matplotlib.figure").Figure(figsize=(width, 4), layout="constrained")
    axes = figure.add_subplot()
    directions = list(dict.fromkeys(row.direction for row in evaluation.rows))
    for n, direction in enumerate(directions):
        rows = [row for row in evaluation.rows if row.direction == direction]
        places = [langs.index(row.lang) + 0.4 * n - 0.2 * (len(directions) - 1) for row in rows]
        heights = [row.measures["R@1"] for row in rows]
        spans = [
            [max(0.0, row.measures["R@1"] - row.ci95["R@1"][0]) for row in rows],
            [max(0.0, row.ci95["R@1"][1] - row.measures["R@1"]) for row in rows],
        ]
        axes.bar(places, heights, 0.38, label=direction.upper(), yerr=spans, capsize=2)
        axes.plot(places, [row.chance["R@1"] for row in rows], "k_", markersize=12, label="chance" if n == 0 else None)
    axes.set_xticks(range(len(langs)), langs)
    axes.set_ylabel("R@1 (%)")
    header = evaluation.header
    title = f"{Path(header.model).name} on {header.corpus} {header.split}".strip()
    axes.set_title(title, fontsize=10, parse_math=False)  # a name may hold a dollar
    axes.legend()
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=150)


def _title(header: Header) -> str:
    split = f" ({header.split})" if header.split else ""
    return (
        f"{header.model} [{header.fingerprint}] on {header.corpus}{split}, seed {header.seed}, commit {header.commit}, "
        f"{header.failed} media failed"
    )


def _cells(evaluation: Evaluation) -> list[tuple[str, ...]]:
    rows = [
        (
            row.lang, row.direction, str(row.queries), str(row.candidates), *_numbers(row.measures),
            f"{row.ci95['R@1'][0]:.1f} to {row.ci95['R@1'][1]:.1f}", f"{row.chance['R@1']:.2f}",
        )
        for row in evaluation.rows
    ]  # fmt: skip
    for direction in dict.fromkeys(row.direction for row in evaluation.rows):
        own = [row for row in evaluation.rows if row.direction == direction]
        if len(own) > 1:
            mean = {m: sum(row.measures[m] for row in own) / len(own) for m in MEASURES}
            rows.append(("mean", direction, str(sum(row.queries for row in own)), "", *_numbers(mean), "", ""))
    return rows


def _numbers(measures: Any) -> list[str]:
    return [f"{measures[m]:.3f}" if m == "MRR" else f"{measures[m]:.1f}" for m in MEASURES]


def _notes(evaluation: Evaluation) -> Sequence[str]:
    notes = []
    summaries = evaluation.summaries()
    if summaries:
        said = ", ".join(f"{lang} {total:.1f} / {mean:.1f}" for lang, (total, mean) in summaries.items())
        notes.append(f"SumR / mAR: {said}")
    notes.append("R@k: percent of queries with a relevant candidate in the first k; ties count against the model.")
    notes += _between_languages(evaluation)
    weak = sum(row.ci95["R@1"][0] <= row.chance["R@1"] for row in evaluation.rows)
    if weak:
        notes.append(
            f"R@1 is not above chance in {weak} of {len(evaluation.rows)} rows: their intervals reach down to it."
        )
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
