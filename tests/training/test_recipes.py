"""recipes/: every one of them is read without a mistake, and chooses on validation data."""

from __future__ import annotations

from pathlib import Path

import pytest

from babelreel.config import load_toml
from babelreel.training.recipe import Recipe, method_config

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "recipes").glob("*.toml"))
DEMO = sorted((ROOT / "src/babelreel/demo").glob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_is_whole(path: Path) -> None:
    recipe = load_toml(path, Recipe)
    assert method_config(recipe.method) is not None
    assert (recipe.data.train, recipe.data.validate) == ("train", "val")
    assert f"babelreel train recipes/{path.name} -o runs/{path.stem}" in path.read_text()


@pytest.mark.parametrize("path", [*RECIPES, *DEMO], ids=lambda path: path.stem)
def test_every_value_of_a_sweep_fits_its_recipe(path: Path) -> None:
    base = load_toml(path, Recipe)
    plain = method_config(base.method)
    for key, values in base.sweep.items():
        whole = []
        for value in values:
            changed = load_toml(path, Recipe, {key: value})
            whole.append((method_config(changed.method), changed.data))
        assert len(set(map(repr, whole))) == len(values), f"{key}: two values mean the same"
        assert whole[0] == (plain, base.data), f"{key}: the first value is the recipe as it is"


def test_the_ablations_of_the_papers_are_lines() -> None:
    """The DCM, the branch, languages and their mixing, heads, similarity, frames and their mode."""
    lines = load_toml(ROOT / "src/babelreel/demo/mumur.toml", Recipe).sweep
    assert lines.keys() >= {
        "method.dcm", "method.multilingual", "method.english", "method.heads", "method.similarity",
        "method.sampling.frames", "method.sampling.mode", "data.langs", "data.mixing",
    }  # fmt: skip
