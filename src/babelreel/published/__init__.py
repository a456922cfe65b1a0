"""What others published, as data: a TOML file a paper, with the figures exactly as they stand there and their source.

    [paper]                      about, and arxiv or doi where known; seed: the text that the figures were read in
    [[tables]]
    name = "mumur-table-7"       what `babelreel report --against` calls it
    corpora = ["msvd"]           our corpora that hold the same test; empty where none does
    columns = ["de t2v R@1"]     language, direction, measure; "mean" of languages, "both" directions (SumR, mAR)
    rows = [{method = "MuMUR", values = "27.4", own = true, setting = "zero-shot"}]

Figures stay words, so that they are shown with the digits they were printed with; "-" is none. A row is the paper's
`own`, or one that it prints of another's method; `taken` says where it has these from. None of this is ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

from babelreel.config import load_toml
from babelreel.errors import ConfigError
from babelreel.metrics import MEASURES

# What of the corpus's captions a model was trained on: none; English; machine translations of the English; those of the
# language that is tested, a model a language; all languages. "" is not said.
Setting = Literal["", "zero-shot", "English", "translated", "each", "all"]
SUMS = ("SumR", "mAR")
MEAN, BOTH, NONE = "mean", "both", "-"
_COLUMN = re.compile(
    rf"(?P<lang>[a-z]{{2,3}}|{MEAN}) (?:(?P<direction>t2v|v2t|t2i|i2t) (?P<measure>{'|'.join(MEASURES)})|"
    rf"(?P<both>{BOTH}) (?P<sum>{'|'.join(SUMS)}))"
)
_FIGURE = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Paper:
    """Where tables come from; `taken` says so of all of its rows where it only collects."""

    about: str
    arxiv: str = ""
    doi: str = ""
    seed: str = ""
    taken: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One method's figures, in the order of the table's columns."""

    method: str
    values: str
    own: bool = False
    setting: Setting = ""
    note: str = ""

    @property
    def figures(self) -> tuple[str, ...]:
        """As they were printed."""
        return tuple(self.values.split())


@dataclass(frozen=True, slots=True)
class Column:
    """What a column holds: a language or "mean", a direction or "both", a measure."""

    lang: str
    direction: str
    measure: str


@dataclass(frozen=True, slots=True)
class Published:
    """One table.

    `candidates` counts the media that a text is sought for among, `mean_of` the languages of a mean; None is not said.
    """

    name: str
    number: str
    about: str
    corpora: tuple[str, ...]
    split: str
    columns: tuple[str, ...]
    rows: tuple[Line, ...]
    candidates: int | None = None
    mean_of: int | None = None
    protocol: str = ""
    taken: str = ""
    note: str = ""
    paper: Paper = Paper("")

    def __post_init__(self) -> None:
        odd = [column for column in self.columns if not _COLUMN.fullmatch(column)]
        if odd:
            raise ConfigError(f'{self.name}: a column reads "de t2v R@1" or "de both SumR", found {odd[0]!r}')
        for row in self.rows:
            wrong = [f for f in row.figures if f != NONE and not _FIGURE.fullmatch(f)]
            if wrong or len(row.figures) != len(self.columns):
                raise ConfigError(
                    f"{self.name}: {row.method} needs {len(self.columns)} figures (or -), found {row.values!r}"
                )

    @property
    def keys(self) -> tuple[Column, ...]:
        """What the columns hold."""
        found = [_COLUMN.fullmatch(column) for column in self.columns]
        return tuple(
            Column(m["lang"], m["direction"] or m["both"], m["measure"] or m["sum"]) for m in found if m is not None
        )

    @property
    def source(self) -> str:
        """Paper, identifier and table, for the line below it."""
        paper = self.paper
        known = [f"arXiv {paper.arxiv}"] * bool(paper.arxiv) + [f"doi {paper.doi}"] * bool(paper.doi)
        return ", ".join([paper.about, *known, self.number])


@dataclass(frozen=True, slots=True)
class _File:
    paper: Paper
    tables: tuple[Published, ...]


@cache
def published() -> Mapping[str, Published]:
    """Every table by its name, paper by paper."""
    tables = [table for path in sorted(Path(__file__).parent.glob("*.toml")) for table in read_tables(path)]
    return {table.name: table for table in tables}


def read_tables(path: Path) -> tuple[Published, ...]:
    """The tables of one file.

    Raises:
        ConfigError: when the file is not of this form; all mistakes are listed.
    """
    file = load_toml(path, _File)
    return tuple(replace(table, paper=file.paper, taken=table.taken or file.paper.taken) for table in file.tables)


def find(name: str) -> Published:
    """A table by its name.

    Raises:
        ConfigError: when there is none of that name.
    """
    tables = published()
    if name not in tables:
        raise ConfigError(f"There is no published table {name!r}. There is: {', '.join(tables)}.")
    return tables[name]
