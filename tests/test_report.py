"""report.py: a table says what it measured and on how many queries, and its JSON reads back without loss."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from babelreel import scoring
from babelreel.errors import ConfigError, CorpusError, MissingExtraError
from babelreel.evaluate import Evaluation, Header, evaluate
from babelreel.metrics import MEASURES
from babelreel.report import from_json, plot_recall, to_json, to_markdown, to_text
from babelreel.types import Caption, Corpus, MediaItem, Representation

HEADER = Header("some/model", "f00d", "corpus", "test", 7, "c0ffee")
LANGS = ("en", "de", "zh")


def evaluation(items: int = 40, noise: float = 1.0, langs: tuple[str, ...] = LANGS, failed: int = 0) -> Evaluation:
    """Random vectors; a caption lies nearer to its item the less noise there is."""
    generator = torch.Generator().manual_seed(0)
    media = torch.randn(items, 16, generator=generator)
    owner = torch.arange(items).repeat_interleave(len(langs))
    texts = media[owner] + noise * torch.randn(len(owner), 16, generator=generator)
    own = tuple(Caption("x", lang) for lang in langs)
    corpus = Corpus("corpus", Path(), tuple(MediaItem(f"i{n}", f"{n}.x", "video", captions=own) for n in range(items)))
    ids = [f"i{n}" for n in range(failed, items)]
    return evaluate(
        scoring.dot, corpus, Representation(texts), Representation(media[failed:]), ids, HEADER, {"i0": "gone"}
    )


def test_json_reads_back_without_loss() -> None:
    result = evaluation(failed=3)
    assert result.failures["i0"] == "gone"
    text = to_json(result)
    assert from_json(text) == result
    assert to_json(from_json(text)) == text
    assert to_text(from_json(text)) == to_text(result)


def test_json_has_the_fields_that_other_tools_read() -> None:
    result = evaluation(failed=3)
    content = json.loads(to_json(result))
    assert content["header"] == {
        "model": "some/model", "fingerprint": "f00d", "corpus": "corpus", "split": "test", "seed": 7,
        "commit": "c0ffee", "failed": 3,
    }  # fmt: skip
    assert len(content["rows"]) == 6
    for record in content["rows"]:
        row = result.row(record["lang"], record["direction"])
        assert (record["queries"], record["candidates"]) == (40, 40)
        assert {m: record[m] for m in MEASURES} == row.measures
        assert record["R@1"] == pytest.approx(100 * (result.ranks[row.lang, row.direction].ranks == 1).mean())
        assert {m: tuple(record["ci95"][m]) for m in MEASURES} == row.ci95
    assert content["summary"]["de"]["mAR"] == pytest.approx(content["summary"]["de"]["SumR"] / 6)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"header": {}, "rows": [], "failures": {}}',
     '{"header": 1, "rows": [1], "failures": {}}'],
)  # fmt: skip
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(CorpusError, match="not the JSON of an evaluation"):
        from_json(text)


def test_damaged_rows_are_refused() -> None:
    for damage in ([], {"R@1": []}, {"R@1": None}):
        content = json.loads(to_json(evaluation(items=5)))
        content["rows"][0]["ci95"] = damage
        with pytest.raises(CorpusError, match="not the JSON of an evaluation"):
            from_json(json.dumps(content))


def test_a_table_says_what_it_counts() -> None:
    result = evaluation(failed=3)
    row = result.row("zh", "t2v")
    for text in (to_text(result), to_markdown(result)):
        title = text.splitlines()[0]
        for part in ("some/model", "f00d", "corpus", "test", "seed 7", "c0ffee", "3 media failed"):
            assert part in title
        line = next(li for li in text.splitlines() if li.strip("| ").startswith("zh") and "t2v" in li)
        cells = line.replace("|", " ").split()
        assert cells[:4] == ["zh", "t2v", "40", "40"]
        assert cells[4] == f"{row.measures['R@1']:.1f}"
        assert cells[-1] == "2.50"  # one of 40, by chance
        mean = sum(result.row(lang, "v2t").measures["R@5"] for lang in LANGS) / 3
        line = next(li for li in text.splitlines() if "mean" in li and "v2t" in li)
        cells = line.replace("|", " ").split()
        assert cells[:3] == ["mean", "v2t", "120"]
        assert cells[4] == f"{mean:.1f}"
        total, average = result.summaries()["en"]
        assert f"en {total:.1f} / {average:.1f}" in text


def test_columns_stand_below_each_other() -> None:
    lines = to_text(evaluation()).splitlines()
    rules = [n for n, line in enumerate(lines) if set(line) == {"-"}]
    assert len(rules) == 3
    assert len({len(line) for line in lines[rules[0] : rules[2] + 1]}) == 1
    table = [line for line in to_markdown(evaluation()).splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1


def test_one_language_needs_no_mean() -> None:
    assert "mean" not in to_text(evaluation(langs=("en",)))


def test_a_random_model_is_recognised() -> None:
    random, learned = to_text(evaluation(items=200, noise=1e6)), to_text(evaluation(items=200, noise=0.1))
    said = next(line for line in random.splitlines() if "not above chance" in line)
    assert int(said.split(" in ")[1].split()[0]) >= 5
    assert "of 6 rows" in said
    assert "not above chance" not in learned


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
