"""report/html.py: a page that a parser reads back cell by cell, that loads nothing, and whose tables come first."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from random_evaluations import HEADER, evaluation

from babelreel.published import find
from babelreel.report.document import report_plots, report_tables
from babelreel.report.html import as_html
from babelreel.report.table import Table

VOID = {"meta"}


class Page(HTMLParser):
    """Cells by table and row, the order of what is on the page, ids, and everything that would load something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.rows_ours: list[str] = []
        self.order: list[str] = []
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        found = dict(attrs)
        self.ids += [found["id"]] if found.get("id") else []
        self.loads += [f"{tag} {n} {v}" for n, v in attrs if n in ("src", "href", "xlink:href") and v and v[0] != "#"]
        if tag in ("table", "svg"):
            self.order.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
            self.rows_ours += [found["class"]] if found.get("class") else []
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data


def test_every_cell_reads_back() -> None:
    odd = Table("<script>x</script>", ("a<b", "n & m"), (("<td>", '"1"'), ("&amp;", "2")), ("see <b>",), ours=(1,))
    page = Page(as_html("t & <t>", [odd]))
    assert page.tables == [[["a<b", "n & m"], ["<td>", '"1"'], ["&amp;", "2"]]]
    assert page.rows_ours == ["ours"]
    assert {"<script>x</script>", "see <b>", "t & <t>"} <= set(page.words)


@pytest.fixture(scope="module")
def page() -> tuple[Page, str, list[Table]]:
    """Two models in two languages beside a published table, with plots."""
    heads = [replace(HEADER, model=f"runs/<{name}>$") for name in "ab"]
    both = [evaluation(20, langs=("en", "de"), header=head, seed=n) for n, head in enumerate(heads)]
    found = [replace(one, rows=tuple(row for row in one.rows if row.direction == "t2v")) for one in both]
    tables = report_tables(found, [find("leccr-table-2")])
    text = as_html("Report", tables, list(report_plots(found)))
    return Page(text), text, tables


def test_tables_first_then_plots(page: tuple[Page, str, list[Table]]) -> None:
    read, _, tables = page
    assert read.order == ["table"] * 3 + ["svg"] * 5  # recall, gap, matrix, and a curve a model
    for cells, table in zip(read.tables, tables, strict=True):
        assert cells == [list(table.columns), *map(list, table.rows)]


def test_the_page_needs_nothing_else(page: tuple[Page, str, list[Table]]) -> None:
    read, text, _ = page
    assert all(load.startswith("image xlink:href data:image/png;base64") for load in read.loads)
    assert len(read.loads) == 1  # the heat map
    assert "<script" not in text
    assert "@import" not in text
    assert "url(" not in text.replace("url(#", "")
    assert len(read.ids) == len(set(read.ids)) > 20


def test_plots_are_words_in_the_pages_colour(page: tuple[Page, str, list[Table]]) -> None:
    read, text, _ = page
    assert {"en", "de", "<a>$", "<b>$", "R@1 (%)", "R@k (%)", "chance"} <= {word.strip() for word in read.words}
    assert "currentColor" in text
    assert "#010203" not in text
    assert "color-scheme: light dark" in text
