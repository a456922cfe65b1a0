"""Evaluations that are measured, in the shell: beside each other, beside published tables, tested against another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from babelreel.commands.shared import write_text
from babelreel.progress import progress_bar

report_app = typer.Typer()


@report_app.command("report")
def report_command(
    evaluations: Annotated[list[Path] | None, typer.Argument(help="what `babelreel eval --json` wrote")] = None,
    against: Annotated[list[str] | None, typer.Option(help="a published table, such as mumur-table-7")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="write .html (with plots), .md, .tex or .txt; default: print")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="list the published tables")] = False,
) -> None:
    """Evaluations in one report, beside published tables where one is named."""
    from babelreel.errors import ConfigError
    from babelreel.published import find, published
    from babelreel.report.document import read_evaluation, report_tables, report_text, write_report

    if listed:
        for table in published().values():
            print(f"{table.name}\n    {table.about}\n    {table.source}")
        return
    if not evaluations and not against:
        raise ConfigError("There is nothing to report. Give files that `babelreel eval --json` wrote, or --list.")
    found = [read_evaluation(path) for path in evaluations or ()]
    tables = [find(name) for name in against or ()]
    if output is None:
        print(report_text(report_tables(found, tables), ".txt"), end="")
    else:
        write_report(output, found, tables)


@report_app.command("compare")
def compare_command(
    files: Annotated[
        list[Path],
        typer.Argument(help="what `eval --json` wrote of A and of B; again of both for each further seed"),
    ],
    measure: Annotated[str, typer.Option(help="R@1, R@5, R@10, MdR, MnR or MRR")] = "R@1",
    draws: Annotated[int, typer.Option(min=100, help="bootstrap draws")] = 10_000,
    markdown: Annotated[Path | None, typer.Option(help="write the table as Markdown")] = None,
) -> None:
    """Whether one model is better than another on the same queries: a paired test, language by language."""
    from babelreel.compare import compare, to_table
    from babelreel.errors import ConfigError
    from babelreel.report.document import read_evaluation
    from babelreel.report.table import as_markdown, as_text

    if len(files) % 2:
        raise ConfigError(
            f"Two models are compared, each by one file a seed: A0 B0 A1 B1 ... Found {len(files)}, an odd number."
        )
    with progress_bar("comparing", "tests") as progress:
        read = [read_evaluation(file) for file in files]
        (one, two), *more = zip(read[::2], read[1::2], strict=True)
        found = compare(one, two, measure, draws, progress=progress, more=more)
    table = to_table(found)
    print(as_text(table))
    if markdown is not None:
        write_text(markdown, as_markdown(table))
