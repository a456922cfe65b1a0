"""The demo itself at a small size: interrupted, gone on with, not repeated, and refused with other parameters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from babelreel import demo as module
from babelreel.config import load_toml
from babelreel.demo import TRAININGS, Demo, run_demo
from babelreel.demo.compare import NAMES
from babelreel.demo.state import State, recipe_texts
from babelreel.errors import ConfigError
from babelreel.training.loop import Outcome, train
from babelreel.training.recipe import Recipe, method_config

SMALL = {
    "training.epochs": 1, "training.batch_size": 16, "training.validate_every": 1, "training.checkpoint_seconds": 0.0,
}  # fmt: skip


def _steps(run: Path) -> list[int]:
    records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [record["step"] for record in records if "losses" in record]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "here"


def test_every_recipe_of_the_demo_is_read_and_has_a_name_in_the_table(tmp_path: Path) -> None:
    texts = recipe_texts(tmp_path)
    assert texts.keys() == TRAININGS.keys() == NAMES.keys()
    for name, text in texts.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        recipe = load_toml(tmp_path / f"{name}.toml", Recipe)
        method_config(recipe.method)  # its settings have no mistakes
        assert '"demo/' not in text
        assert str(tmp_path) in recipe.data.corpus
        assert recipe.data.validate == "val"
        zero_shot = set(recipe.data.langs) - {"en", "fr"}
        assert not zero_shot, f"{name} trains on pictures with captions in {zero_shot}"


def test_interrupted_it_goes_on_and_what_is_finished_is_not_repeated(
    world: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = Demo(world, clips=36, overrides=SMALL)

    def stop_midway(recipe: Recipe, folder: Path, **named: Any) -> Outcome:
        def report(done: int, total: int, note: str = "", /) -> None:
            if folder.name == "mkd" and note and done == 3:
                raise KeyboardInterrupt

        return train(recipe, folder, **named | {"report": report})

    monkeypatch.setattr(module, "train", stop_midway)
    with pytest.raises(KeyboardInterrupt):
        run_demo(small)
    monkeypatch.undo()
    assert set(json.loads((world / "demo.json").read_text())["done"]) == {"playground", "clip"}
    assert len(_steps(world / "runs" / "mkd")) == 3
    weights = (world / "runs" / "clip" / "model.safetensors").stat().st_mtime_ns
    capsys.readouterr()
    run_demo(small)
    said = capsys.readouterr().out
    assert said.count("kept:") == 2
    steps = _steps(world / "runs" / "mkd")
    assert len(steps) > 5
    assert steps == list(range(1, len(steps) + 1)), "it went on, and repeated no step"
    assert (world / "runs" / "clip" / "model.safetensors").stat().st_mtime_ns == weights
    for number in range(1, 8):
        assert f"{number}/7" in said
    table = (world / "table.txt").read_text()
    assert table.strip() in said
    rows = [line[:22].strip() for line in table.splitlines() if "  |" in line]
    for name in NAMES.values():
        assert rows.count(name) == 2, "a row for each direction"
    assert all(f" {lang}" in table for lang in ("de", "cs", "es", "pt", "ru", "zh", "ja", "vi", "sw", "ar"))
    for lang in ("de", "zh", "ar", "sw", "fr"):
        assert f"    {lang}: " in said
    assert said.count(" s, best at ") == 15  # a span and a moment for three hits of five queries
    run_demo(small)
    again = capsys.readouterr().out
    assert again.count("kept:") == 1 + len(TRAININGS)
    assert table.strip() in again


def test_other_parameters_or_an_edited_recipe_are_refused(world: Path) -> None:
    before = (world / "demo.json").read_bytes()
    with pytest.raises(ConfigError, match="clips was 36 and is 61"):
        run_demo(Demo(world, clips=61, overrides=SMALL))
    recipe = world / "recipes" / "mkd.toml"
    kept = recipe.read_text()
    recipe.write_text(kept + "# mine\n")
    with pytest.raises(ConfigError, match=r"mkd\.toml is not the demo's own"):
        run_demo(Demo(world, clips=36, overrides=SMALL))
    recipe.write_text(kept)
    assert (world / "demo.json").read_bytes() == before


def test_a_damaged_or_unwritable_folder_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("{")
    with pytest.raises(ConfigError, match="is damaged"):
        State.open(tmp_path, {})
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"damaged|cannot be written"):
        State.open(tmp_path / "file" / "below", {})
