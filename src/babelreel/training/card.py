"""The model card of a run: what was trained on what, how good it is and on what, and how to use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from babelreel import __version__
from babelreel.atomic import atomic_path
from babelreel.methods import method_name
from babelreel.methods.base import Method
from babelreel.training.recipe import Recipe


def write_card(folder: Path, recipe: Recipe, method: Method, made: dict[str, Any], langs: list[str]) -> None:
    """Write README.md into a run folder, with the front matter that the hub reads; `langs` were trained on."""
    with atomic_path(folder / "README.md") as temporary:
        temporary.write_text(card(recipe, method, made, langs), encoding="utf-8")


def card(recipe: Recipe, method: Method, made: dict[str, Any], langs: list[str]) -> str:
    """The text of the card. It names no licence: that depends on the data and on the backbone."""
    from huggingface_hub import ModelCardData

    name, data = method_name(method), recipe.data
    front = ModelCardData(language=langs, library_name="babelreel", tags=[name, "text-to-video", "cross-lingual"])
    found = ", ".join(f"{key} {value:.1f}" for key, value in made["validation"].items())
    weights = sum(p.numel() for p in method.parameters())
    corpus = Path(data.corpus).name  # a path tells a reader nothing, and more of its owner than they want to tell
    settings = json.dumps(made["recipe"], indent=1, ensure_ascii=False)
    return f"""---
{front.to_yaml()}
---

# {name} on {corpus}

Finds videos and images by text. Method `{name}`, {weights / 1e6:.1f} million weights, trained with babelreel
{__version__} on the split `{data.train}` of `{corpus}`, captions in {", ".join(langs)}, seed {recipe.seed}.

    import babelreel
    model = babelreel.load("this folder")
    texts = model.encode_text(["ein Hund springt ins Wasser"])
    media = model.encode_media(["holiday.mp4"])
    model.score(texts, media.representation)

## How good it is

On the split `{data.validate}`, which chose this checkpoint (step {made["step"]}), from text to media (to the sentence's
translation, where the corpus is text alone), in percent, mean over languages: {found}. A number for a report needs a
split that chose nothing (`babelreel eval FOLDER --split test`).
Languages not named above were not trained on here; measure before relying on them.

## Recipe

```json
{settings}
```
"""
