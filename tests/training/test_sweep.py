"""training/sweep.py: each value trained once, compared by hand-checked numbers, and gone on with when interrupted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from babelreel.cli import app
from babelreel.config import load_toml
from babelreel.corpora.manifest import read_manifest, write_manifest
from babelreel.encoders.small import write_small_clip
from babelreel.errors import ConfigError
from babelreel.evaluate import evaluate_model
from babelreel.model import load
from babelreel.training.recipe import Recipe
from babelreel.training.sweep import Trial, sweep, to_markdown, transfer
from babelreel.types import Caption, Corpus, MediaItem


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sweep")
    generator = np.random.default_rng(0)
    items = []
    for n in range(20):
        Image.fromarray(generator.integers(0, 255, (2, 2, 3), np.uint8)).resize((32, 32)).save(root / f"{n}.png")
        captions = (Caption(f"picture {n}", "en"), Caption(f"Bild {n}", "de"))
        items.append(MediaItem(f"i{n}", f"{n}.png", "image", split="val" if n % 2 else "train", captions=captions))
    corpus = Corpus("numbers", root, tuple(items))
    write_manifest(corpus, root / "m.jsonl")
    texts = [caption.text for item in items for caption in item.captions]
    write_small_clip(root / "clip", texts, width=32, image_size=32, vocab_size=120)
    path = root / "r.toml"
    path.write_text(
        f"""
        [method]
        name = "clip4clip"
        vision = {{source = "{root / "clip"}"}}
        text = {{layers = 1, width = 32, heads = 2, vocabulary = 60, max_length = 16}}
        head = {{kind = "linear", width = 16}}
        [data]
        corpus = "{root / "m.jsonl"}"
        [training]
        epochs = 2
        batch_size = 5
        lr = 0.01
        [sweep]
        "method.head.width" = [16, 8]
        "training.lr" = [0.01, 1e-6]
        """
    )
    return path


def test_every_value_is_trained_once_and_compared(recipe: Path, tmp_path: Path) -> None:
    notes: list[str] = []
    trials = sweep(recipe, tmp_path, seeds=2, cache=tmp_path / "cache", report=lambda d, t, note="": notes.append(note))
    assert [(t.key, t.value) for t in trials] == [
        ("method.head.width", 16), ("method.head.width", 8), ("training.lr", 0.01), ("training.lr", 1e-6)
    ]  # fmt: skip
    # Both lines begin with the recipe as it is: six trainings, not eight.
    runs = sorted(path for path in tmp_path.iterdir() if (path / "run.json").exists())
    assert len(runs) == 6
    assert notes[-1].startswith("training 6/6, loss ")
    assert trials[0].recalls == trials[2].recalls
    # The numbers are those of the run folders, measured again.
    corpus = read_manifest(recipe.parent / "m.jsonl").select("val")
    wide = [run for run in runs if "width_8" in run.name or "width=8" in run.name]
    found = [evaluate_model(load(run), corpus, cache=tmp_path / "cache") for run in wide]
    for lang in ("de", "en"):
        own = [one.row(lang, "t2i").measures["R@5"] for one in found]
        assert sorted(seed[lang]["R@5"] for seed in trials[1].recalls) == pytest.approx(sorted(own))
    mean, spread = trials[1].mean("R@5")
    by_seed = [np.mean([seed[lang]["R@5"] for lang in ("de", "en")]) for seed in trials[1].recalls]
    assert mean == pytest.approx(np.mean(by_seed))
    assert spread == pytest.approx(np.std(by_seed, ddof=1))
    # The difference is over all queries of all seeds; here each language has as many.
    assert trials[0].versus_first is None
    difference = trials[1].versus_first
    assert difference is not None
    assert difference.value == pytest.approx(trials[1].mean("R@1")[0] - trials[0].mean("R@1")[0])
    assert difference.low <= difference.value <= difference.high
    table = to_markdown(trials, "val")
    assert table.count("\n|") + 1 == 2 * 4
    assert "From text on 'val', percent, 2 seeds" in table
    assert len(json.loads((tmp_path / "sweep.json").read_text())) == 4


def test_a_sweep_goes_on_where_it_stopped(recipe: Path, tmp_path: Path) -> None:
    only = ["training.lr"]
    calls = 0

    def stop(done: int, total: int, note: str = "") -> None:
        nonlocal calls
        calls += 1
        if "2/2" in note:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(recipe, tmp_path, only=only, cache=tmp_path / "cache", report=stop)
    (done,) = (path for path in tmp_path.iterdir() if (path / "run.json").exists())
    before = (done / "model.safetensors").stat().st_mtime_ns
    steps: list[str] = []
    sweep(recipe, tmp_path, only=only, cache=tmp_path / "cache", report=lambda d, t, note="": steps.append(note))
    assert (done / "model.safetensors").stat().st_mtime_ns == before
    assert not any("1/2" in note and "loss" in note for note in steps)
    assert any("2/2" in note for note in steps)


def test_languages_to_train_on_make_a_matrix_of_transfer(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BABELREEL_CACHE", str(tmp_path / "cache"))
    command = ["sweep", str(recipe), "-o", str(tmp_path / "out"), "--set", "training.epochs=1"]
    lines = "sweep={'data.langs' = [['en'], ['de', 'en'], ['de']]}"
    done = CliRunner().invoke(app, [*command, "--set", lines, "--plot", str(tmp_path / "matrix.svg")])
    assert done.exit_code == 0, done.output
    rows = [line.replace("|", " ").split("  ") for line in done.output.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert [row[0] for row in rows if row[0] in ("en", "de", "de, en")] == ["en", "de, en", "de"]
    starred = {row[0]: [cell.endswith("*") for cell in row[1:3]] for row in rows[2:]}
    assert starred == {"en": [False, True], "de, en": [False, False], "de": [True, False]}  # columns are en, de
    assert "* zero-shot: the training had no caption in this language." in done.output
    found = json.loads((tmp_path / "out" / "sweep.json").read_text())
    assert [trial["trained"] for trial in found] == [["en"], ["de", "en"], ["de"]]
    drawn = (tmp_path / "matrix.svg").read_text()
    assert all(f">{label}<" in drawn for label in ("en", "de", "de, en", "test language"))
    assert f">{found[2]['recalls'][0]['en']['R@1']:.1f}<" in drawn


def test_a_matrix_is_made_of_means_over_seeds() -> None:
    def trial(key: str, value: object, trained: tuple[str, ...], *english: float) -> Trial:
        return Trial(key, value, tuple({"en": {"R@1": e}, "de": {"R@1": 2.0}} for e in english), None, trained)

    trials = [
        trial("seed", 1, (), 9.0),
        trial("data.langs", ["en"], ("en",), 1.0, 2.0),
        trial("data.langs", ["de", "en"], ("de", "en"), 5.0, 7.0),
    ]
    matrix, rows, columns = transfer(trials)
    assert (matrix.tolist(), rows, columns) == ([[1.5, 2.0], [6.0, 2.0]], ["en", "de, en"], ["en", "de"])
    with pytest.raises(ConfigError, match=r"needs the line 'data.langs' in \[sweep\]; swept was seed"):
        transfer(trials[:1])


def test_what_does_not_fit_is_told_before_any_training(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no line method.heads in \[sweep\]. It has: method.head.width, training.lr"):
        sweep(recipe, tmp_path, only=["method.heads"])
    with pytest.raises(ConfigError, match="haed: unknown key; did you mean 'head'"):
        sweep(recipe, tmp_path, overrides={"sweep": {"method.haed.width": [1, 2]}})
    with pytest.raises(ConfigError, match="expected int, found 'wide'"):
        sweep(recipe, tmp_path, overrides={"sweep": {"method.head.width": [8, "wide"]}})
    with pytest.raises(ConfigError, match="needs two values or more"):
        load_toml(recipe, Recipe, {"sweep": {"seed": [1]}})
    with pytest.raises(ConfigError, match="no line at all"):
        sweep(recipe, tmp_path, overrides={"sweep": {}})
    assert not list(tmp_path.iterdir())


def test_the_command_prints_the_table(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BABELREEL_CACHE", str(tmp_path / "cache"))
    command = ["sweep", str(recipe), "-o", str(tmp_path / "out"), "--only", "seed", "--set", "sweep.seed=[0, 1]"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "seed | de R@1 | en R@1 | mean R@1" in done.output
    assert (tmp_path / "out" / "sweep.md").read_text() in done.output
