"""report/latex.py: every sign that means something to LaTeX is printed, and columns stay as many as they are."""

from __future__ import annotations

import re

from babelreel.report.latex import as_latex, escaped
from babelreel.report.table import Table


def test_signs() -> None:
    assert escaped("50% & a_b #1 {x} $") == r"50\% \& a\_b \#1 \{x\} \$"
    assert escaped("~^\\") == r"\textasciitilde{}\textasciicircum{}\textbackslash{}"
    assert escaped("<a|b>") == r"\textless{}a\textbar{}b\textgreater{}"
    assert escaped("20.1 [19, 21]") == "20.1 {[}19, 21{]}"  # at a row's beginning [x] would be an argument of \\
    assert escaped("± † Ж 犬") == r"$\pm$ \textdagger{} Ж 犬"


def test_a_table() -> None:
    table = Table(r"50 % of \x", ("a&b", "n"), (("x_y", "1"), ("m & m", "2")), ("see #3",), words=1, ours=(1,))
    lines = as_latex(table).splitlines()
    assert r"\caption{50 \% of \textbackslash{}x}" in lines
    assert r"\begin{tabular}{@{}lr@{}}" in lines
    first, last = lines.index(r"\toprule"), lines.index(r"\bottomrule")
    rows = [line for line in lines[first + 1 : last] if line != r"\midrule"]
    assert rows == [r"a\&b & n \\", r"x\_y & 1 \\", r"\textbf{m \& m} & \textbf{2} \\"]
    assert all(len(re.findall(r"(?<!\\)&", row)) == 1 for row in rows)
    assert r"\par\footnotesize see \#3" in lines
    opened = re.findall(r"\\begin\{(\w+)\}", "\n".join(lines))
    assert opened == list(reversed(re.findall(r"\\end\{(\w+)\}", "\n".join(lines))))
