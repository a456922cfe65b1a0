"""plots.py: pictures are drawn, words stand in them as words, and what stands inline in a page takes its colours."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from random_evaluations import HEADER, evaluation
from typer.testing import CliRunner

from babelreel.cli import app
from babelreel.errors import ConfigError, MissingExtraError
from babelreel.plots import (
    draw_curves,
    draw_gaps,
    draw_matrix,
    draw_recall,
    inline_svg,
    labels,
    plot_matrix,
    plot_recall,
)


@pytest.mark.parametrize("count", [1, 3, 36])
def test_a_plot_is_drawn(tmp_path: Path, count: int) -> None:
    langs = [f"{a}{b}" for a in "abcdef" for b in "ghijkl"][:count]
    result = evaluation(langs=("en",), failed=3)
    result = replace(result, rows=tuple(replace(row, lang=lang) for lang in langs for row in result.rows))
    path = tmp_path / "new folder" / "plot.png"
    plot_recall(result, path)
    picture = np.asarray(Image.open(path).convert("L"))
    assert picture.std() > 10
    assert picture.shape[1] == max(1200, 75 * count)  # 36 labels do not overlap
    assert [p.name for p in path.parent.iterdir()] == ["plot.png"]


def test_a_plot_as_svg_whatever_the_names(tmp_path: Path) -> None:
    path = tmp_path / "plot.svg"
    plot_recall(replace(evaluation(), header=replace(HEADER, model=r"a$\\b$c", corpus="50% & more")), path)
    assert ElementTree.parse(path).getroot().tag.endswith("svg")


def test_a_plot_of_no_known_kind(tmp_path: Path) -> None:
    for name in ("plot", "plot.xyz"):
        with pytest.raises(ConfigError, match=r"\.png, \.svg, \.pdf"):
            plot_recall(evaluation(items=3), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_plot_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match="report"):
        plot_recall(evaluation(items=3), tmp_path / "plot.png")


@pytest.mark.parametrize("command", [["eval", "nowhere", "--corpus", "none"], ["sweep", "none.toml", "-o", "none"]])
def test_an_ending_is_refused_before_the_work(command: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"found 'plot\.xyz'"):
        CliRunner().invoke(app, [*command, "--plot", "plot.xyz"], catch_exceptions=False)


def words(svg: str) -> set[str]:
    """The texts of an SVG, which must be well formed."""
    return {
        "".join(text.itertext()).strip() for text in ElementTree.fromstring(svg).iter() if text.tag.endswith("text")
    }


def test_words_stand_in_plots_as_words() -> None:
    one, two = (evaluation(header=replace(HEADER, model=f"runs/{name}_$x$")) for name in "ab")
    found = words(inline_svg(draw_recall([one, two], "v2t"), "p"))
    assert {"de", "en", "zh", "R@1 (%)", "a_$x$", "b_$x$", "chance", "a_$x$, b_$x$ on corpus test, v2t"} <= found
    assert {"de", "zh", "R@1 minus English's (points)", "a_$x$"} <= words(inline_svg(draw_gaps([one, two], "t2v"), "p"))
    found = words(inline_svg(draw_curves(one, "t2v"), "p"))
    assert {"de", "en", "zh", "k", "R@k (%)", "1", "10", "20"} <= found


def test_a_matrix_shows_its_values_and_leaves_out_what_there_is_not(tmp_path: Path) -> None:
    matrix = np.array([[10.04, np.nan], [55.5, 99.0]])
    found = words(inline_svg(draw_matrix(matrix, ["en", "de"], ["sw", "zh"], "title"), "p"))
    assert found == {"10.0", "55.5", "99.0", "en", "de", "sw", "zh", "test language", "title"}
    plot_matrix(matrix, ["en", "de"], ["sw", "zh"], tmp_path / "m.svg")
    assert {"10.0", "99.0", "zh"} <= words((tmp_path / "m.svg").read_text(encoding="utf-8"))
    nothing = words(inline_svg(draw_matrix(np.full((1, 1), np.nan), ["en"], ["de"]), "p"))
    assert {"en", "de"} <= nothing


def test_bars_and_curves_are_as_high_as_what_was_measured() -> None:
    result = evaluation()
    axes = draw_recall([result]).axes[0]
    heights = {round(bar.get_height(), 6) for bar in axes.patches}
    assert heights == {round(row.measures["R@1"], 6) for row in result.rows}
    assert len(axes.patches) == 6
    for line, lang in zip(draw_curves(result, "t2v").axes[0].lines, ("de", "en", "zh"), strict=True):
        assert line.get_label() == lang
        assert list(line.get_xdata()) == list(range(1, 41))  # of 40 candidates
        for k in (1, 5, 10):
            assert line.get_ydata()[k - 1] == pytest.approx(result.row(lang, "t2v").measures[f"R@{k}"])
    gaps = [bar.get_height() for bar in draw_gaps([result], "t2v").axes[0].patches]
    english = result.row("en", "t2v").measures["R@1"]
    assert gaps == pytest.approx([result.row(lang, "t2v").measures["R@1"] - english for lang in ("de", "zh")])


def test_inline_plots_share_no_ids_and_take_the_pages_colour() -> None:
    figure = draw_curves(evaluation(), "t2v")
    one, two = inline_svg(figure, "one"), inline_svg(figure, "two")
    own = [{node.get("id") for node in ElementTree.fromstring(svg).iter()} - {None} for svg in (one, two)]
    assert own[0]
    assert not own[0] & own[1]
    used = set(re.findall(r"(?:url\(|href=\")#([^)\"]+)", one))
    assert used
    assert used <= own[0]
    assert "currentColor" in one
    assert "#010203" not in one
    assert one.startswith("<svg")
    assert inline_svg(draw_curves(evaluation(), "t2v"), "one") == one  # the same again, without a date


def test_labels_tell_models_apart() -> None:
    """By the last part of their names; by fingerprint where that is the same; by number where the model is the same."""
    heads = [("a/best", "1"), ("b/best", "2"), ("org/other", "3"), ("a/best", "1")]
    found = [evaluation(header=replace(HEADER, model=model, fingerprint=mark)) for model, mark in heads]
    assert labels(found[:1]) == ["best"]
    assert labels(found[:3]) == ["best [1]", "best [2]", "other"]
    assert labels(found) == ["best [1] (1)", "best [2]", "other", "best [1] (2)"]
