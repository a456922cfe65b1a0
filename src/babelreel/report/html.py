"""Tables and plots as one page that needs nothing else: no script, no other file; it follows a light or dark system."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from babelreel.report.table import Table

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem;
  background: Canvas; color: CanvasText; }
section { overflow-x: auto; margin-bottom: 2.5rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: left; border-bottom: 1px solid GrayText; white-space: nowrap; }
th { border-bottom-width: 2px; }
.n { text-align: right; }
.ours { font-weight: 600; background: color-mix(in srgb, Highlight 15%, Canvas); }
ul { padding-left: 1.2rem; font-size: .9rem; max-width: 60rem; }
figure { margin: 0 0 2rem; } svg { max-width: 100%; height: auto; }
"""


def as_html(title: str, tables: Sequence[Table], plots: Sequence[tuple[str, str]] = ()) -> str:
    """A whole page: `tables` first, then `plots`, each a caption and its SVG."""
    body = "\n".join([*map(_section, tables), *(_figure(caption, svg) for caption, svg in plots)])
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )


def _section(table: Table) -> str:
    head = "".join(f'<th scope="col"{_kind(table, n)}>{escape(name)}</th>' for n, name in enumerate(table.columns))
    rows = "\n".join(_row(table, number, row) for number, row in enumerate(table.rows))
    notes = "".join(f"<li>{escape(note)}</li>" for note in table.notes)
    return (
        f"<section>\n<h2>{escape(table.title)}</h2>\n<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n"
        f"</table>\n" + (f"<ul>{notes}</ul>\n" if notes else "") + "</section>"
    )


def _row(table: Table, number: int, row: tuple[str, ...]) -> str:
    cells = "".join(f"<td{_kind(table, n)}>{escape(cell)}</td>" for n, cell in enumerate(row))
    return f'<tr class="ours">{cells}</tr>' if number in table.ours else f"<tr>{cells}</tr>"


def _kind(table: Table, column: int) -> str:
    return "" if column < table.words else ' class="n"'


def _figure(caption: str, svg: str) -> str:
    return f"<figure>\n<figcaption>{escape(caption)}</figcaption>\n{svg}</figure>"
