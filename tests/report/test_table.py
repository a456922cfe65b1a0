"""report/table.py: columns stand below each other, and what a cell holds never becomes another cell."""

from __future__ import annotations

import pytest

from babelreel.report.table import Table, as_markdown, as_text

ODD = Table("a | <title>", ("name", "n"), (("x|y *z*", "1"), ("`long` name\\", "22")), ("note <b>",), words=1)


def test_text() -> None:
    lines = as_text(ODD).splitlines()
    assert lines[0] == "a | <title>"
    assert lines[2] == "        name   n"
    assert lines[4:6] == ["     x|y *z*   1", "`long` name\\  22"]
    assert lines[-1] == "note <b>"


def test_markdown() -> None:
    lines = as_markdown(ODD).splitlines()
    assert lines[0] == r"a \| \<title>"
    assert lines[2:4] == ["| name | n |", "| --- | ---: |"]
    assert lines[4:6] == [r"| x\|y \*z\* | 1 |", r"| \`long\` name\\ | 22 |"]
    assert lines[-1] == r"- note \<b>"


def test_a_row_of_another_length_is_our_bug() -> None:
    with pytest.raises(AssertionError, match="2 columns, but a row of 1"):
        Table("t", ("a", "b"), (("only",),))
