"""The demo: the papers' story on a generated world, trained and measured within minutes on two cores.

A small CLIP learns from stills with English captions. MKD carries its text tower into twelve languages by parallel
text alone. Then clips come, with captions in English and French, and the question is what the other ten languages gain.
Each training is a recipe of this folder (`*.toml`) for the one loop; the demo copies them beside what it makes.

Every stage is kept: what is finished is not repeated, and a training that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babelreel.config import load_toml
from babelreel.corpora.playground.generate import generate
from babelreel.corpora.playground.stills import generate_stills
from babelreel.demo.answers import ask
from babelreel.demo.compare import measure_runs, tables
from babelreel.demo.state import State
from babelreel.encoders.small import write_small_backbone
from babelreel.index.build import build_index, prepare_index
from babelreel.model import load
from babelreel.progress import progress_bar
from babelreel.training.loop import train
from babelreel.training.recipe import Recipe
from babelreel.types import Corpus

STILLS = 3  # for every clip
# run -> what its training is for
TRAININGS = {
    "clip": "2/7 A small CLIP, from scratch: stills and their English captions",
    "mkd": "3/7 MKD: its text tower distilled into one for twelve languages, from parallel text, without a picture",
    "clip4clip": "4/7 CLIP4Clip: the clips with English captions",
    "mumur": "    MuMUR: the clips with English and French captions",
    "mumur-english": "    MuMUR without its multilingual branch: English captions alone",
    "mumur-mean": "    MuMUR without its DCM: frames are averaged",
}


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo below `folder`. `overrides` are dotted keys that win over those of every recipe."""

    folder: Path
    clips: int = 1200
    seed: int = 0
    overrides: Mapping[str, Any] = field(default_factory=dict)


def run_demo(demo: Demo) -> None:
    """Run the whole way below the folder, or the rest of it.

    Raises:
        ConfigError: when the folder holds a demo with other parameters.
    """
    began = time.monotonic()
    folder = demo.folder
    state = State.open(folder, {"clips": demo.clips, "seed": demo.seed, "overrides": dict(demo.overrides)})
    test = _playground(demo, state)
    for name, title in TRAININGS.items():
        _train(demo, state, name, title)
    _measure(state, test)
    print("6/7 An index of the test clips, and queries in five languages")
    model = load(folder / "runs" / "mumur")
    with progress_bar("indexing", "clips") as progress:
        clips = [test.path(item) for item in test.items]
        build_index(clips, model, prepare_index(folder / "index", model), progress=progress)
    print(ask(folder / "index", model, test))
    print(_next(folder))
    print(f"Done in {time.monotonic() - began:.0f} s.")


def _playground(demo: Demo, state: State) -> Corpus:
    print(f"1/7 The playground: {demo.clips} clips and {STILLS * demo.clips} stills of other scenes", flush=True)
    began, folder = time.monotonic(), demo.folder / "playground"
    with progress_bar("clips", "clips") as progress:
        corpus = generate(folder, demo.clips, demo.seed, progress=progress)
    test = corpus.select("test")
    if "playground" in state.done:
        print(f"    kept: {folder}")
        return test
    asked = frozenset(c.text for item in test.items for c in item.captions if c.lang == "en")
    with progress_bar("stills", "stills") as progress:
        generate_stills(folder, STILLS * demo.clips, demo.seed, without=asked, progress=progress)
    write_small_backbone(demo.folder / "backbone", seed=demo.seed)
    state.finish("playground", f"captions in {len(corpus.langs)} languages: {folder}", time.monotonic() - began)
    return test


def _train(demo: Demo, state: State, name: str, title: str) -> None:
    print(title, flush=True)
    run = demo.folder / "runs" / name
    if name in state.done:
        print(f"    kept: {state.done[name]}")
        return
    recipe = load_toml(demo.folder / "recipes" / f"{name}.toml", Recipe, demo.overrides)
    began = time.monotonic()
    with progress_bar(name, "steps") as progress:
        outcome = train(recipe, run, resume=True, cache=demo.folder / "cache", report=progress)
    chosen = f"step {outcome.best_step} of {outcome.steps}, mean recall {outcome.best:.1f} on val"
    state.finish(name, f"{run}, {chosen}", time.monotonic() - began)


def _measure(state: State, test: Corpus) -> None:
    print("5/7 Every model on the test clips, in every language, both ways", flush=True)
    table = state.folder / "table.txt"
    if "table" not in state.done:
        began = time.monotonic()
        with progress_bar("measuring", "models") as progress:
            found = measure_runs(state.folder, list(TRAININGS), test, progress)
        table.write_text(tables(found, test) + "\n", encoding="utf-8")
        state.finish("table", str(table), time.monotonic() - began)
    print(f"\n{table.read_text(encoding='utf-8')}")


def _next(folder: Path) -> str:
    return f"""7/7 What to try next, after `source .venv/bin/activate`
    babelreel search 'ein roter Kreis bewegt sich nach links' --index {folder / "index"}
    babelreel data show {folder / "playground" / "manifest.jsonl"}
    babelreel train {folder / "recipes" / "mumur.toml"} --set 'data.langs=["sw"]' -o my-run  # Swahili, not French
    babelreel eval my-run --corpus {folder / "playground" / "manifest.jsonl"} --split test
    babelreel index ~/Videos --model openai/clip-vit-base-patch32 --index my-index  # your own"""
