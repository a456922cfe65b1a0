"""A table, whatever it says: a title, columns, rows of words, and notes; as plain text and as Markdown."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

# What would begin or end something else in a cell of Markdown; names of models and methods hold such signs.
_SPECIAL = re.compile(r"([\\|*`<])")
NARROWEST = 60


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words below `columns`; the first `words` columns are words, the others numbers.

    `ours` holds the positions of rows that are shown as our own, among others'.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    words: int = 1
    ours: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        wrong = next((row for row in self.rows if len(row) != len(self.columns)), None)
        assert wrong is None, f"{len(self.columns)} columns, but a row of {len(wrong or ())}: {wrong}"


def as_text(table: Table) -> str:
    """A plain table for the terminal."""
    cells = [table.columns, *table.rows]
    widths = [max(len(row[n]) for row in cells) for n in range(len(table.columns))]
    lines = ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in cells]
    rule = "-" * len(lines[0])
    notes = [line for note in table.notes for line in textwrap.wrap(note, max(NARROWEST, len(rule)))]
    return "\n".join([table.title, rule, lines[0], rule, *lines[1:], rule, *notes])


def as_markdown(table: Table) -> str:
    """The same table for a page."""
    rules = ["---"] * table.words + ["---:"] * (len(table.columns) - table.words)
    rows = [tuple(map(escaped, table.columns)), rules, *(tuple(map(escaped, row)) for row in table.rows)]
    lines = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    notes = "\n".join(f"- {escaped(note)}" for note in table.notes)
    return f"{escaped(table.title)}\n\n{lines}\n" + (f"\n{notes}\n" if notes else "")


def escaped(text: str) -> str:
    """Text as Markdown shows it as it is."""
    return _SPECIAL.sub(r"\\\1", text)
