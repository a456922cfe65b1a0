"""A report in one file: published tables with our rows, evaluations, in HTML the plots; its ending says the kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from babelreel.atomic import atomic_path
from babelreel.errors import ConfigError, CorpusError
from babelreel.evaluate import Evaluation
from babelreel.plots import draw_curves, draw_gaps, draw_matrix, draw_recall, inline_svg, labels
from babelreel.published import Published
from babelreel.report.beside import beside
from babelreel.report.html import as_html
from babelreel.report.latex import as_latex
from babelreel.report.measured import to_table
from babelreel.report.record import from_json
from babelreel.report.table import Table, as_markdown, as_text
from babelreel.types import Direction

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Retrieval, language by language"
KINDS: Mapping[str, Callable[[Table], str]] = {".txt": as_text, ".md": as_markdown, ".tex": as_latex}
ENDINGS = (*KINDS, ".html")


def read_evaluation(path: Path) -> Evaluation:
    """The evaluation in a file that `babelreel eval --json` wrote.

    Raises:
        CorpusError: when the file cannot be read, or holds something else.
    """
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"Cannot read {path}: {error}. Give a file that `babelreel eval --json` wrote.") from error
    except CorpusError as error:
        raise CorpusError(f"{path}: {error}") from error


def report_tables(evaluations: Sequence[Evaluation], against: Sequence[Published] = ()) -> list[Table]:
    """The published tables with our rows, then each evaluation whole."""
    own = list(evaluations)
    return [beside(table, own) for table in against] + [to_table(evaluation) for evaluation in own]


def report_text(tables: Sequence[Table], kind: str) -> str:
    """Tables in one of the kinds of `KINDS`, one below the other."""
    return "\n\n".join(KINDS[kind](table).rstrip("\n") for table in tables) + "\n"


def write_report(path: Path, evaluations: Sequence[Evaluation], against: Sequence[Published] = ()) -> None:
    """Write a report whole or not at all: .txt, .md, .tex or .html, which holds the plots too.

    Raises:
        ConfigError: when the path ends otherwise.
        MissingExtraError: when it is HTML and matplotlib is not installed.
    """
    kind = path.suffix.lower()
    if kind not in ENDINGS:
        raise ConfigError(f"A report is written as {', '.join(ENDINGS)}, found {path.name!r}. Give it such an ending.")
    tables = report_tables(evaluations, against)
    page = kind == ".html"
    content = as_html(TITLE, tables, list(report_plots(evaluations))) if page else report_text(tables, kind)
    with atomic_path(path) as temporary:
        temporary.write_text(content, encoding="utf-8")


def report_plots(evaluations: Sequence[Evaluation]) -> Iterator[tuple[str, str]]:
    """Captions and SVGs: R@1 by language, the gap to English, the matrix of models by languages, recall curves.

    What was measured on other corpora, splits or protocols has plots of its own: such bars are of different questions.
    """
    asked: dict[str, list[Evaluation]] = {}
    for one in evaluations:
        question = " ".join(filter(None, (one.header.corpus, one.header.split, one.header.protocol)))
        asked.setdefault(question, []).append(one)
    for number, (question, same) in enumerate(asked.items()):
        yield from _plots(same, f"{number}", f" ({question})" if len(asked) > 1 else "")


def _plots(evaluations: Sequence[Evaluation], place: str, of: str) -> Iterator[tuple[str, str]]:
    for way in dict.fromkeys(row.direction for evaluation in evaluations for row in evaluation.rows):
        own = [one for one in evaluations if any(row.direction == way for row in one.rows)]
        mark = f"{place}-{way}"
        langs = list(dict.fromkeys(row.lang for one in own for row in one.rows if row.direction == way))
        yield f"R@1 by language, {way}, with 95 % intervals{of}", inline_svg(draw_recall(own, way), f"recall-{mark}")
        if "en" in langs and len(langs) > 1:
            yield f"The gap to English in R@1, {way}{of}", inline_svg(draw_gaps(own, way), f"gap-{mark}")
        if len(own) > 1 and len(langs) > 1:
            yield (
                f"R@1 of every model in every language, {way}{of}",
                inline_svg(_matrix(own, langs, way), f"matrix-{mark}"),
            )
        for n, (name, one) in enumerate(zip(labels(own), own, strict=True)):
            if any(direction == way for _, direction in one.ranks):
                yield f"Recall over k, {name}, {way}{of}", inline_svg(draw_curves(one, way), f"curve-{n}-{mark}")


def _matrix(evaluations: Sequence[Evaluation], langs: Sequence[str], direction: Direction) -> Figure:
    """R@1 of each evaluation (row) in each language (column); a row is named by the languages of its training."""
    matrix = np.full((len(evaluations), len(langs)), np.nan)
    for n, evaluation in enumerate(evaluations):
        for row in evaluation.rows:
            if row.direction == direction:
                matrix[n, langs.index(row.lang)] = row.measures["R@1"]
    trained = [", trained on " * bool(one.header.trained) + " ".join(one.header.trained) for one in evaluations]
    names = [name + seen for name, seen in zip(labels(evaluations), trained, strict=True)]
    return draw_matrix(matrix, names, langs, f"R@1 (%), {direction}")
