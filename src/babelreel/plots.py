"""Plots of evaluations: R@1 by language, the gap to English, recall over k, a matrix of languages.

A `plot_` function writes a file, a `draw_` function gives matplotlib's figure, and `inline_svg` turns that into SVG for
a page, whose text and lines take the page's own colour.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from babelreel.atomic import atomic_path
from babelreel.errors import ConfigError
from babelreel.evaluate import Evaluation, Row
from babelreel.extras import require
from babelreel.parity import gaps
from babelreel.types import Direction

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDINGS = (".png", ".svg", ".pdf")
LONGEST = 100  # recall is drawn for the first so many candidates
PAGE_COLOUR = "#010203"  # of no series: `inline_svg` gives what has it the colour of the page's text
# Okabe and Ito's colours, which people with any colour vision tell apart; black is left out, a dark page swallows it.
SERIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b3a800")


def plot_recall(evaluation: Evaluation, path: str | Path) -> None:
    """Bars of R@1 by language, both directions, with 95 % intervals and the level of chance; .png, .svg or .pdf.

    Raises:
        ConfigError: when the path ends otherwise.
        MissingExtraError: when matplotlib is not installed.
    """
    save(lambda: draw_recall([evaluation]), path)


def plot_matrix(
    matrix: np.ndarray, rows: Sequence[str], columns: Sequence[str], path: str | Path, title: str = ""
) -> None:
    """A heat map of `matrix` (rows, columns), such as R@1 by training and test language; NaN stays empty.

    Raises:
        ConfigError: when the path ends otherwise than .png, .svg or .pdf.
        MissingExtraError: when matplotlib is not installed.
    """
    save(lambda: draw_matrix(matrix, rows, columns, title), path)


def draw_recall(evaluations: Sequence[Evaluation], direction: Direction | None = None) -> Figure:
    """Bars of R@1 by language with 95 % intervals: a series a direction, or, of one direction, a series a model."""
    series = [
        (name if direction else way.upper(), [row for row in evaluation.rows if row.direction == way])
        for name, evaluation in zip(labels(evaluations), evaluations, strict=True)
        for way in ([direction] if direction else dict.fromkeys(row.direction for row in evaluation.rows))
    ]
    langs = _langs(evaluations)
    figure, axes = _figure(max(8.0, 0.5 * len(langs)))
    width = 0.8 / max(1, len(series))
    for n, (label, rows) in enumerate(series):
        places = [langs.index(row.lang) + width * (n - (len(series) - 1) / 2) for row in rows]
        heights = [row.measures["R@1"] for row in rows]
        axes.bar(places, heights, 0.95 * width, label=label, yerr=_spans(rows), capsize=2, ecolor=PAGE_COLOUR)
        chance = [row.chance["R@1"] for row in rows]
        axes.plot(places, chance, "_", color=PAGE_COLOUR, markersize=12, label="chance" if n == 0 else None)
    axes.set_xticks(range(len(langs)), langs)
    _finish(axes, "R@1 (%)", evaluations, direction)
    return figure


def draw_gaps(evaluations: Sequence[Evaluation], direction: Direction) -> Figure:
    """How far each language's R@1 is from English's, in points: a series a model."""
    found = [(name, gaps(_recalls(one, direction))) for name, one in zip(labels(evaluations), evaluations, strict=True)]
    langs = sorted({lang for _, gap in found for lang in gap})
    figure, axes = _figure(max(8.0, 0.5 * len(langs)))
    width = 0.8 / max(1, len(found))
    for n, (label, gap) in enumerate(found):
        places = [langs.index(lang) + width * (n - (len(found) - 1) / 2) for lang in gap]
        axes.bar(places, [each.points for each in gap.values()], 0.95 * width, label=label)
    axes.axhline(0, color=PAGE_COLOUR, linewidth=0.8)
    axes.set_xticks(range(len(langs)), langs)
    _finish(axes, "R@1 minus English's (points)", evaluations, direction)
    return figure


def draw_curves(evaluation: Evaluation, direction: Direction) -> Figure:
    """R@k over k, a line a language, from the evaluation's ranks."""
    tables = [ranks for (_, way), ranks in evaluation.ranks.items() if way == direction]
    figure, axes = _figure(8.0)
    marks = ("-", "--", ":", "-.")
    for n, ranks in enumerate(tables):
        first = np.arange(1, min(LONGEST, ranks.candidates) + 1)
        share = 100 * np.searchsorted(np.sort(ranks.ranks), first, side="right") / len(ranks)
        axes.plot(first, share, marks[n // len(SERIES) % len(marks)], label=ranks.lang)
    axes.set_xscale("log")
    axes.set_xticks([1, 2, 5, 10, 20, 50, LONGEST], ["1", "2", "5", "10", "20", "50", str(LONGEST)])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("k")
    axes.set_ylim(0, 100)
    _finish(axes, "R@k (%)", [evaluation], direction)
    return figure


def draw_matrix(
    matrix: np.ndarray, rows: Sequence[str], columns: Sequence[str], title: str = "", across: str = "test language"
) -> Figure:
    """A heat map with the value in every cell."""
    matrix = np.asarray(matrix, float)
    longest = max(map(len, rows), default=0)
    figure, axes = _figure(max(5.0, 0.7 * len(columns) + 0.09 * longest + 1), max(3.0, 0.5 * len(rows) + 1.5))
    axes.imshow(matrix, cmap="cividis", aspect="auto")
    low, high = (np.nanmin(matrix), np.nanmax(matrix)) if np.isfinite(matrix).any() else (0.0, 0.0)
    for row, column in np.argwhere(np.isfinite(matrix)):
        bright = matrix[row, column] > (low + high) / 2
        said = f"{matrix[row, column]:.1f}"
        axes.text(column, row, said, ha="center", va="center", color="#222222" if bright else "#ffffff", fontsize=9)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows, parse_math=False)
    axes.set_xlabel(across)
    axes.set_title(title, fontsize=10, parse_math=False)
    return figure


def save(draw: Any, path: str | Path) -> None:
    """Write the figure that `draw()` gives, whole or not at all.

    Raises:
        ConfigError: when the path ends otherwise than .png, .svg or .pdf; nothing is drawn then.
        MissingExtraError: when matplotlib is not installed.
    """
    refuse_plot(path)
    with require("matplotlib").rc_context({"svg.fonttype": "none"}), atomic_path(Path(path)) as temporary:
        draw().savefig(temporary, dpi=150)


def refuse_plot(path: str | Path) -> None:
    """What `save` would raise, before the work whose result is to be drawn.

    Raises:
        ConfigError: when the path ends otherwise than .png, .svg or .pdf.
        MissingExtraError: when matplotlib is not installed.
    """
    if Path(path).suffix.lower() not in ENDINGS:
        raise ConfigError(
            f"A plot is written as {', '.join(ENDINGS)}, found {Path(path).name!r}. Give it one of these endings."
        )
    require("matplotlib")


def inline_svg(figure: Figure, name: str) -> str:
    """The figure as SVG to stand in a page: words stay words, and `name` keeps its ids apart from other plots'."""
    out = io.StringIO()
    with require("matplotlib").rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    svg = out.getvalue()[out.getvalue().index("<svg") :]
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    return svg.replace(PAGE_COLOUR, "currentColor")


def labels(evaluations: Sequence[Evaluation]) -> list[str]:
    """A short name for each: the last part of a model's path or hub id, and what tells it from the others if it must.

    That is the fingerprint, and where one model was measured in two ways a number.
    """
    names = [Path(evaluation.header.model).name for evaluation in evaluations]
    marked = [f"{name} [{one.header.fingerprint}]" for name, one in zip(names, evaluations, strict=True)]
    names = [mark if names.count(name) > 1 else name for name, mark in zip(names, marked, strict=True)]
    return [f"{name} ({names[:n].count(name) + 1})" if names.count(name) > 1 else name for n, name in enumerate(names)]


def _figure(width: float, height: float = 4.0) -> tuple[Figure, Any]:
    figure = require("matplotlib.figure").Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_prop_cycle(color=SERIES)
    for spine in axes.spines.values():
        spine.set_color(PAGE_COLOUR)
    axes.tick_params(colors=PAGE_COLOUR)
    for text in (axes.xaxis.label, axes.yaxis.label, axes.title):
        text.set_color(PAGE_COLOUR)
    return figure, axes


def _finish(axes: Any, label: str, evaluations: Sequence[Evaluation], direction: Direction | None) -> None:
    axes.set_ylabel(label)
    heads = [evaluation.header for evaluation in evaluations]
    models = labels(evaluations)
    where = list(dict.fromkeys(f"{head.corpus} {head.split}".strip() for head in heads))
    told = f"{', '.join(models) if len(models) < 3 else f'{len(models)} models'} on {', '.join(where)}"
    axes.set_title(f"{told}, {direction}" if direction else told, fontsize=10, parse_math=False)
    if axes.get_legend_handles_labels()[1]:
        beside = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}  # a page's plot has no ground to cover bars with
        legend = axes.legend(**beside, framealpha=0, labelcolor=PAGE_COLOUR, fontsize=9)
        for text in legend.get_texts():
            text.set_parse_math(False)  # a name may hold a dollar


def _langs(evaluations: Sequence[Evaluation]) -> list[str]:
    return list(dict.fromkeys(row.lang for evaluation in evaluations for row in evaluation.rows))


def _recalls(evaluation: Evaluation, direction: Direction) -> dict[str, float]:
    return {row.lang: row.measures["R@1"] for row in evaluation.rows if row.direction == direction}


def _spans(rows: Sequence[Row]) -> list[list[float]]:
    """How far the interval reaches below and above each R@1."""
    pairs = [(row.measures["R@1"], *row.ci95["R@1"]) for row in rows]
    return [[max(0.0, value - low) for value, low, _ in pairs], [max(0.0, high - value) for value, _, high in pairs]]
