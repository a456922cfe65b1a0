"""A trained method as a folder that `babelreel.load` opens: self-contained, without code, without pickles.

run.json             method, architecture, versions, fingerprint, and how it was made
model.safetensors    every weight
texts/<role>/        a vocabulary for each text role, or for each language of it
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from babelreel import __version__
from babelreel.atomic import atomic_path
from babelreel.encoders.towers import load_tokenizer
from babelreel.errors import ModelError
from babelreel.methods import method_class, method_name
from babelreel.methods.base import Method

FORMAT = 1


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What `run.json` says; `made` is whatever the training wants to keep: recipe, results, seed.

    Its "trained" are the languages whose captions the training read, its "earlier" those of the runs it started from.
    """

    format: int
    version: str
    method: str
    description: dict[str, Any]
    fingerprint: str
    made: dict[str, Any] = field(default_factory=dict)


def is_run(folder: Path) -> bool:
    """Whether a folder is a run, rather than a model of the hub."""
    return (folder / "run.json").is_file()


def save_run(method: Method, folder: Path, made: dict[str, Any] | None = None) -> None:
    """Write the run; `run.json` comes last, so its presence says that the rest is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for role, tokenizer in method.texts.items():
        tokenizer.save(folder / "texts" / role)
    with atomic_path(folder / "model.safetensors") as temporary:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in method.state_dict().items()}, temporary)
    fingerprint = method.media_fingerprint()
    info = RunInfo(FORMAT, __version__, method_name(method), method.describe(), fingerprint, made or {})
    with atomic_path(folder / "run.json") as temporary:
        temporary.write_text(json.dumps(asdict(info), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_run_info(folder: Path) -> RunInfo:
    """Read `run.json`.

    Raises:
        ModelError: when it is missing, damaged, or a newer version wrote it.
    """
    try:
        info = RunInfo(**json.loads((folder / "run.json").read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        raise ModelError(f"{folder} is not a whole run folder: run.json: {error}.") from error
    if info.format > FORMAT:
        raise ModelError(
            f"{folder} was written by babelreel {info.version} in format {info.format}; this version, {__version__}, "
            f"reads up to {FORMAT}. Install a newer babelreel."
        )
    return info


class Training(NamedTuple):
    """Languages whose captions a run's training read, those of earlier stages, its seeds (of several, where they are
    joined) and the commit of the code; empty where `made` does not say."""

    trained: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    commit: str = ""


def training(made: Mapping[str, Any]) -> Training:
    """What `run.json` says of the training."""
    seeds = [made["recipe"]["seed"]] if "seed" in made.get("recipe", ()) else made.get("seeds", ())
    return Training(
        tuple(made.get("trained", ())), tuple(made.get("earlier", ())), tuple(seeds), made.get("commit", "")
    )


def languages_of(folders: Iterable[str | Path]) -> list[str]:
    """The languages that the trainings behind some runs read, sorted; a folder that is no run adds none."""
    found: set[str] = set()
    for folder in map(Path, folders):
        if is_run(folder):
            found.update(*training(read_run_info(folder).made)[:2])
    return sorted(found)


def load_run(folder: Path) -> Method:
    """Build the method of a run and load its weights.

    Raises:
        ModelError: when something is missing, damaged, or does not fit together.
    """
    info = read_run_info(folder)
    roles = sorted(path.name for path in (folder / "texts").glob("*"))
    tokenizers = {role: load_tokenizer(folder / "texts" / role) for role in roles}
    method = method_class(info.method).from_description(info.description, tokenizers)
    load_weights(method, folder / "model.safetensors")
    if method.media_fingerprint() != info.fingerprint:
        raise ModelError(f"{folder} does not hold the weights that its run.json speaks of. Copy or train it again.")
    return method


def load_weights(method: Method, path: Path) -> None:
    """Load every weight of a method from a safetensors file, no more and no fewer.

    Raises:
        ModelError: when the file is missing or damaged, or belongs to another architecture.
    """
    try:
        weights = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"The weights {path} cannot be read: {error}.") from error
    own = method.state_dict()
    odd = [name for name in own if name not in weights or weights[name].shape != own[name].shape]
    extra = [name for name in weights if name not in own]
    if odd or extra:
        raise ModelError(
            f"{path} belongs to another architecture: {len(odd)} weights are missing or of another shape, "
            f"{len(extra)} are too many, such as {(odd + extra)[0]}."
        )
    method.load_state_dict(weights)
