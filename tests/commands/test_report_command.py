"""commands/report.py: from two evaluations of a real model on photographs to a report and a test, in the shell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from babelreel.cli import app
from babelreel.corpora.manifest import write_manifest
from babelreel.encoders.small import write_small_clip
from babelreel.errors import ConfigError, CorpusError
from babelreel.types import Caption, Corpus, MediaItem


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small models measured on twelve pictures with captions in two languages, one of them on German alone."""
    root = tmp_path_factory.mktemp("report")
    generator, items = np.random.default_rng(0), []
    for n in range(12):
        Image.fromarray(generator.integers(0, 255, (32, 32, 3), np.uint8)).save(root / f"{n}.png")
        captions = (Caption(f"picture {n}", "en"), Caption(f"Bild {n}", "de"))
        items.append(MediaItem(f"i{n}", f"{n}.png", "image", split="test", captions=captions))
    write_manifest(Corpus("m", root, tuple(items)), root / "m.jsonl")
    texts = [caption.text for item in items for caption in item.captions]
    for seed, name, langs in ((0, "one", ()), (1, "two", ("--langs", "de"))):
        write_small_clip(root / name, texts, width=32, image_size=32, seed=seed)
        done = run(
            "eval", root / name, "--corpus", root / "m.jsonl", "--split", "test", "--cache", root / "cache",
            "--json", root / f"{name}.json", *langs,
        )  # fmt: skip
        assert done.exit_code == 0, done.output
    return root


def test_a_report_beside_a_published_table(files: Path, tmp_path: Path) -> None:
    both = (files / "one.json", files / "two.json")
    done = run("report", *both, "--against", "leccr-table-1-multi30k", "--against", "mumur-table-8")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    ours = [line for line in lines if "  measured here  " in line]
    assert [line.split()[0] for line in ours] == ["one", "two"] * 2
    assert all("corpus, candidates" in line for line in ours)
    assert any("CCLM* (XLMR-L)  published, not its own" in line for line in lines)
    assert "theirs multi30k-retrieval" in done.output
    for name in ("r.html", "r.md"):
        assert run("report", *both, "--against", "mumur-table-8", "-o", tmp_path / name).exit_code == 0
    assert "<svg" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "| one | measured here |" in (tmp_path / "r.md").read_text(encoding="utf-8")


def test_the_published_tables_are_listed() -> None:
    done = run("report", "--list")
    assert done.exit_code == 0
    assert "mumur-table-7\n    multilingual MSR-VTT, R@1\n    Madasu et al. 2023" in done.output
    assert done.output.count("\n    ") == 2 * 37


def test_a_published_table_alone() -> None:
    done = run("report", "--against", "leccr-table-3")
    assert done.exit_code == 0
    assert "LECCR" in done.output
    assert "measured here" not in done.output


def test_two_models_are_compared_where_both_were_measured(files: Path, tmp_path: Path) -> None:
    done = run(
        "compare", files / "one.json", files / "two.json", "--measure", "MRR", "--draws", 200, "--markdown",
        tmp_path / "c.md",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    rows = [line.split() for line in done.output.splitlines() if line.split()[:1] == ["de"]]
    assert [row[1:3] for row in rows] == [["t2i", "12"], ["i2t", "12"]]
    assert "Left out, as not all have it: en t2i, en i2t." in done.output
    assert "| de | t2i | 12 |" in (tmp_path / "c.md").read_text(encoding="utf-8")
    pair = files / "one.json", files / "two.json"
    done = run("compare", *pair, *pair, *pair, "--draws", 100)
    assert "Means of 3 pairs" in done.output
    same = run("compare", files / "one.json", files / "one.json", "--draws", 100)
    assert {line.split()[5] for line in same.output.splitlines() if line.split()[1:2] in (["t2i"], ["i2t"])} == {
        "+0.00"
    }


def test_what_goes_wrong_is_told(files: Path) -> None:
    assert isinstance(run("report").exception, ConfigError)
    assert "nothing to report" in str(run("report").exception)
    assert isinstance(run("report", files / "one.json", "--against", "x").exception, ConfigError)
    assert isinstance(run("report", files / "m.jsonl").exception, CorpusError)
    assert run("compare", files / "one.json", files / "one.json", "--draws", 5).exit_code == 2
    assert "an odd number" in str(run("compare", *[files / "one.json"] * 3).exception)
