"""A table as LaTeX with booktabs. `\\input` it in a document that has \\usepackage{booktabs}."""

from __future__ import annotations

from babelreel.report.table import Table

_SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "†": r"\textdagger{}", "±": r"$\pm$", "[": "{[}", "]": "{]}",
}  # fmt: skip


def as_latex(table: Table) -> str:
    """A `table` environment with caption and notes; what is ours is set in bold."""
    form = "l" * table.words + "r" * (len(table.columns) - table.words)
    lines = [_row(table.columns), r"\midrule", *(_row(row, n in table.ours) for n, row in enumerate(table.rows))]
    notes = [rf"\par\footnotesize {escaped(note)}" for note in table.notes]
    return "\n".join([
        r"\begin{table}", r"\centering", rf"\caption{{{escaped(table.title)}}}",
        rf"\begin{{tabular}}{{@{{}}{form}@{{}}}}", r"\toprule", *lines, r"\bottomrule", r"\end{tabular}",
        *notes, r"\end{table}",
    ]) + "\n"  # fmt: skip


def escaped(text: str) -> str:
    """Text as LaTeX prints it as it is."""
    return "".join(_SIGNS.get(sign, sign) for sign in text)


def _row(cells: tuple[str, ...], bold: bool = False) -> str:
    shown = (escaped(cell) for cell in cells)
    return " & ".join(rf"\textbf{{{cell}}}" if bold and cell else cell for cell in shown) + r" \\"
