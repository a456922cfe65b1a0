"""plots.py: pictures are drawn, words stand in them as words, and what stands inline in a page takes its colours."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from random_evaluations import HEADER, evaluation

from babelreel.errors import ConfigError, MissingExtraError
from babelreel.plots import plot_recall


@pytest.mark.parametrize("count", [1, 3, 36])
def test_a_plot_is_drawn(tmp_path: Path, count: int) -> None:
    result = evaluation(langs=tuple(f"{a}{b}" for a in "abcdef" for b in "ghijkl")[:count], failed=3)
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
