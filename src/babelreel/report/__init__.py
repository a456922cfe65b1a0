"""Evaluations as tables and pages, beside each other and beside what was published.

table.py      a table, whatever it says, as text and as Markdown
measured.py   one evaluation as a table: every table says what was measured, and on how many queries
record.py     one evaluation as JSON, and back without loss
beside.py     evaluations beside a published table, and where the two differ in what they measured
document.py   all of these and their plots in one file: text, Markdown, HTML (html.py) or LaTeX (latex.py)
"""

from babelreel.report.measured import to_markdown, to_text
from babelreel.report.record import from_json, to_json

__all__ = ["from_json", "to_json", "to_markdown", "to_text"]
