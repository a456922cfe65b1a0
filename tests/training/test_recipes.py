"""recipes/: every one of them is read without a mistake, and chooses on validation data."""

from __future__ import annotations

from pathlib import Path

import pytest

from babelreel.config import load_toml
from babelreel.training.recipe import Recipe, method_config

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_is_whole(path: Path) -> None:
    recipe = load_toml(path, Recipe)
    assert method_config(recipe.method) is not None
    assert (recipe.data.train, recipe.data.validate) == ("train", "val")
    assert f"babelreel train recipes/{path.name} -o runs/{path.stem}" in path.read_text()
