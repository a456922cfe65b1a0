"""report/document.py: the ending of the file says what is written, whole or not at all."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from random_evaluations import HEADER, evaluation

from babelreel.errors import ConfigError, CorpusError, MissingExtraError
from babelreel.published import find
from babelreel.report import to_json
from babelreel.report.document import read_evaluation, report_plots, write_report


def test_each_kind(tmp_path: Path) -> None:
    found, against = [evaluation(langs=("en",))], [find("mumur-table-2")]
    for ending, marks in (
        (".txt", ("mumur-table-2: MSR-VTT", "measured here", "some/model [f00d]")),
        (".md", ("| MuMUR | published | translated |", "| en | t2v | 40 | 40 |")),
        (".tex", (r"\toprule", r"MuMUR & published & translated", r"{[}f00d{]}")),
    ):
        path = tmp_path / "new" / f"report{ending}"
        write_report(path, found, against)
        text = path.read_text(encoding="utf-8")
        assert all(mark in text for mark in marks), ending
        assert text.index(marks[0]) < text.index(marks[-1])
    assert len(list((tmp_path / "new").iterdir())) == 3


def test_other_endings(tmp_path: Path) -> None:
    for name in ("report", "report.pdf"):
        with pytest.raises(ConfigError, match=rf"\.txt, \.md, \.tex, \.html, found '{name}'"):
            write_report(tmp_path / name, [evaluation()])
    assert not list(tmp_path.iterdir())


def test_a_page_needs_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match="report"):
        write_report(tmp_path / "r.html", [evaluation()])
    assert not list(tmp_path.iterdir())


def test_only_plots_that_say_something() -> None:
    """No gap without English or with English alone, no matrix of one model, no curve without ranks."""

    def captions(*found: object) -> list[str]:
        return [caption.split(",")[0] for caption, _ in report_plots(found)]  # type: ignore[arg-type]

    one = evaluation(langs=("en",), header=replace(HEADER, model="one"))
    assert captions(replace(one, rows=one.rows[:1])) == ["R@1 by language", "Recall over k"]
    both = evaluation(langs=("de", "sw"))
    assert captions(replace(both, ranks={}, rows=both.rows[::2]), replace(one, ranks={}, rows=one.rows[:1])) == [
        "R@1 by language", "The gap to English in R@1", "R@1 of every model in every language",
    ]  # fmt: skip


def test_plots_never_mix_questions() -> None:
    """What was measured on another corpus or split is not drawn beside it."""
    models = [replace(HEADER, model=name) for name in ("one", "two")]
    other = evaluation(header=replace(HEADER, model="three", split="val"))
    found = dict(report_plots([evaluation(header=header) for header in models] + [other]))
    for way in ("t2v", "v2t"):
        together = found[f"R@1 by language, {way}, with 95 % intervals (corpus test)"]
        assert ">one<" in together
        assert ">two<" in together
        assert ">three<" not in together
        assert f"R@1 by language, {way}, with 95 % intervals (corpus val)" in found
        assert f"R@1 of every model in every language, {way} (corpus test)" in found
        assert f"R@1 of every model in every language, {way} (corpus val)" not in found
    ids = re.findall(r' id="([^"]+)"', "".join(found.values()))
    assert len(ids) == len(set(ids)) > 100


def test_files_that_are_no_evaluation(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    path.write_text(to_json(evaluation()), encoding="utf-8")
    assert read_evaluation(path) == evaluation()
    with pytest.raises(
        CorpusError, match=r"Cannot read .*none\.json: .*Give a file that `babelreel eval --json` wrote"
    ):
        read_evaluation(tmp_path / "none.json")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CorpusError, match=r"Cannot read .*e\.json"):
        read_evaluation(path)
    path.write_text("{}")
    with pytest.raises(CorpusError, match=r"e\.json: This is not the JSON of an evaluation"):
        read_evaluation(path)
