"""Checkpoints: all that the loop needs to go on as if it had never stopped, written whole or not at all.

    checkpoints/step-000120/   model.safetensors  optimizer.safetensors  [average.safetensors]  state.json

A folder gets its name by one rename when all of it is on disk; then older ones go. Nothing is pickled.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from babelreel.errors import ModelError
from babelreel.methods.base import Method
from babelreel.runs import load_weights

FORMAT = 1


@dataclass(slots=True)
class Progress:
    """Where a training stands: steps done, the best validation and its step, validations since without a better one."""

    step: int = 0
    best: float = float("-inf")
    best_step: int = 0
    waiting: int = 0
    seconds: float = 0.0
    validations: list[dict[str, float]] = field(default_factory=list)


def save_checkpoint(
    folder: Path, method: Method, optimizer: torch.optim.Optimizer, average: AveragedModel | None, progress: Progress,
    recipe: dict[str, Any],
) -> None:  # fmt: skip
    """Write a checkpoint of this step below `folder`, then remove the older ones.

    Raises:
        ModelError: when it cannot be written, for want of space as an example; the older checkpoint stays.
    """
    path = folder / f"step-{progress.step:09d}"
    temporary = folder / f".{path.name}.{os.getpid()}.tmp"
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        save_file(_plain(method), temporary / "model.safetensors")
        if average is not None:
            save_file(_plain(average), temporary / "average.safetensors")
        save_file(_optimizer_tensors(optimizer), temporary / "optimizer.safetensors")
        state = {"format": FORMAT, "progress": asdict(progress), "recipe": recipe}
        (temporary / "state.json").write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(path, ignore_errors=True)
        temporary.rename(path)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise ModelError(
            f"The checkpoint {path} cannot be written: {error}. The last one stands; make room and use --resume."
        ) from error
    for old in folder.glob("step-*"):
        if old != path:
            shutil.rmtree(old, ignore_errors=True)


def latest_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint, or None."""
    return max(folder.glob("step-*"), default=None)


def load_checkpoint(
    path: Path, method: Method, optimizer: torch.optim.Optimizer, average: AveragedModel | None, recipe: dict[str, Any]
) -> Progress:
    """Put method, optimizer and random numbers back to where the checkpoint left them.

    Raises:
        ModelError: when it is damaged, a newer version wrote it, or the recipe or architecture is another.
    """
    try:
        state = json.loads((path / "state.json").read_text(encoding="utf-8"))
        version, progress, old = state["format"], Progress(**state["progress"]), state["recipe"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The checkpoint {path} is damaged: {error!r}. Remove it to begin anew.") from error
    if version > FORMAT:
        raise ModelError(f"The checkpoint {path} has format {version}; this version reads up to {FORMAT}.")
    changed = [key for key in sorted(old.keys() | recipe.keys()) if old.get(key) != recipe.get(key)]
    if changed:
        raise ModelError(
            f"The recipe has changed in [{'], ['.join(changed)}] since the checkpoint {path}. Resume with the recipe "
            "it began with, or train into another folder."
        )
    load_weights(method, path / "model.safetensors")
    try:
        if average is not None:
            average.load_state_dict(load_file(path / "average.safetensors"))
        _restore(optimizer, load_file(path / "optimizer.safetensors"))
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise ModelError(f"The checkpoint {path} is damaged: {error}. Remove it to begin anew.") from error
    return progress


def _plain(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimizer's state of parameter n as "n.name", and torch's random state on every device."""
    tensors = {"random.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        tensors |= {f"random.cuda.{n}": state for n, state in enumerate(torch.cuda.get_rng_state_all())}
    for number, parameter in enumerate(_parameters(optimizer)):
        for name, value in optimizer.state.get(parameter, {}).items():
            tensors[f"{number}.{name}"] = torch.as_tensor(value).detach().cpu().clone().contiguous()
    return tensors


def _restore(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    torch.set_rng_state(tensors.pop("random.cpu"))
    cuda = [tensors.pop(name) for name in sorted(tensors) if name.startswith("random.cuda.")]
    if cuda and len(cuda) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(cuda)
    parameters = _parameters(optimizer)
    for name, value in tensors.items():
        number, _, key = name.partition(".")
        parameter = parameters[int(number)]
        # Steps stay on the CPU, as the optimizer keeps them; moments live beside their parameter.
        optimizer.state[parameter][key] = value if value.ndim == 0 else value.to(parameter.device)
