"""Under which conditions a model is measured: frames read, captions cut, languages seen, the code that measures."""

from __future__ import annotations

import copy
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from babelreel import __version__
from babelreel.media.video import Sampling
from babelreel.model import Model
from babelreel.runs import Training, is_run, read_run_info, training
from babelreel.types import Caption


def count_cut(model: Model, captions: Sequence[Caption]) -> int:
    """How many captions are longer than the text tower that reads their language takes."""
    by_role: dict[str, list[Caption]] = defaultdict(list)
    for caption in captions:
        by_role[model.method.route(caption.lang)].append(caption)
    cut = 0
    for role, own in by_role.items():
        reader = model.method.texts[role]
        if reader.limit is not None:
            lengths = reader.lengths([caption.text for caption in own], [caption.lang for caption in own])
            cut += sum(length > reader.limit for length in lengths)
    return cut


def resampled(model: Model, frames: int | None = None, mode: str | None = None, seed: int = 0) -> Model:
    """The model reading other frames of a video than it was made with; its fingerprint then is another one.

    `seed` draws the frames of "random".

    Raises:
        MediaError: when there is no such mode, or not even one frame is asked for.
    """
    if frames is None and mode is None:
        return model
    changes: dict[str, Any] = {"frames": frames, "mode": mode}
    if mode == "random":
        changes["seed"] = seed
    method = copy.copy(model.method)  # the weights are shared
    method.sampling = replace(method.sampling, **{name: to for name, to in changes.items() if to is not None})
    return Model(method, model.opened_with, model.device)


def describe_sampling(sampling: Sampling) -> str:
    """Which frames of a video are read, in words, such as "at most 12 frames, uniform"."""
    count = "all frames" if sampling.frames is None else f"at most {sampling.frames} frames"
    rate = "" if sampling.rate is None else f" at {sampling.rate:g} a second"
    seed = f" (seed {sampling.seed})" if sampling.mode == "random" else ""
    return f"{count}{rate}, {sampling.mode}{seed}"


def training_of(model: Model) -> Training:
    """How a run was trained; empty where that is not known, as of a model of the hub."""
    folder = Path(model.source)
    return training(read_run_info(folder).made) if is_run(folder) else Training()


def commit() -> str:
    """The commit of the code that measured, with a "+" where it has been changed since; outside git the version."""
    folder = Path(__file__).parents[1]

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "evaluate.py")  # an installed package may lie inside someone else's checkout
        return git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return __version__
