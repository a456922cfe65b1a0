"""A model before and after on the same queries: how well it finds translations, and pictures where there are some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from babelreel.evaluate import Row, evaluate_model
from babelreel.model import Model
from babelreel.progress import Report
from babelreel.types import Corpus

Measured = list[tuple[str, Row]]  # what was measured on, and a row of its table


@dataclass(frozen=True, slots=True)
class Change:
    """One language on one corpus: a row of the table before, and after."""

    what: str
    before: Row
    after: Row

    def __str__(self) -> str:
        low, high = self.after.ci95["R@1"]
        said = ", ".join(f"{k} {self.before.measures[k]:.1f} -> {self.after.measures[k]:.1f}" for k in ("R@1", "R@10"))
        row = self.after
        doubt = "; no better than chance: do both sides of the pairs belong together?" * (low <= row.chance["R@1"])
        return (
            f"{row.lang} {row.direction} on {self.what}, {row.queries:,} queries among {row.candidates:,}: {said} "
            f"(R@1 95 % interval {low:.1f} to {high:.1f}{doubt})"
        )


def measure(model: Model, corpora: Sequence[tuple[str, Corpus]], cache: Path | None, report: Report | None) -> Measured:
    """A model on several corpora by their names: every language, from text."""
    tables = [(name, evaluate_model(model, corpus, cache=cache, progress=report)) for name, corpus in corpora]
    return [(name, row) for name, table in tables for row in table.rows if row.direction in ("t2v", "t2i", "t2t")]


def compare(before: Measured, after: Measured) -> tuple[Change, ...]:
    """Each row of one beside the same of the other."""
    return tuple(Change(what, old, new) for (what, old), (_, new) in zip(before, after, strict=True))
