"""What moves the weights: parameter groups, the learning rate's course, and the average of the weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from babelreel.errors import ConfigError
from babelreel.methods.base import Method
from babelreel.training.recipe import TrainingConfig


def rate(step: int, steps: int, warmup: float) -> float:
    """The share of the learning rate at a step: linear warm-up, then a cosine to 0."""
    rising = warmup * steps
    if step < rising:
        return (step + 1) / (rising + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1.0, steps - rising)))


def groups(method: Method, config: TrainingConfig) -> list[dict[str, Any]]:
    """Parameter groups: matrices decay, vectors and norms do not, the learned scale has a rate of its own, and so has
    what `rates` name.

    Raises:
        ConfigError: when `rates` name no parameter that is trained.
    """
    trained = {name: parameter for name, parameter in method.named_parameters() if parameter.requires_grad}
    idle = [start for start in config.rates if not any(_begins(name, start) for name in trained)]
    if idle:
        tops = sorted({".".join(name.split(".")[:2]) for name in trained})
        raise ConfigError(f"rates: nothing trained is called {', '.join(idle)}. Names begin with: {', '.join(tops)}.")
    usual = [(config.lr, config.weight_decay), (config.lr, 0.0)]
    found: dict[tuple[float, float], list[Tensor]] = {key: [] for key in usual}
    scale: list[Tensor] = []
    for name, parameter in trained.items():
        start = max((start for start in config.rates if _begins(name, start)), key=len, default=None)
        lr = config.lr * (1.0 if start is None else config.rates[start])
        key = (lr, config.weight_decay if parameter.ndim > 1 else 0.0)
        (scale if name.endswith("log_scale") else found.setdefault(key, [])).append(parameter)
    every = [*found.items(), ((config.scale_lr or config.lr, 0.0), scale)]
    return [{"params": own, "lr": lr, "base_lr": lr, "weight_decay": decay} for (lr, decay), own in every if own]


def _begins(name: str, start: str) -> bool:
    return name == start or name.startswith(f"{start}.")


def averaged(method: Method, decay: float) -> AveragedModel:
    """The exponential moving average of a method's weights: `update_parameters(method)` after every step.

    The decay of the n-th update is at most (1 + n) / (10 + n), or a short training would be the average of its start.
    """

    def move(averages: Sequence[Tensor], weights: Sequence[Tensor], count: Tensor | int) -> None:
        done = int(count)
        torch._foreach_lerp_(list(averages), list(weights), 1 - min(decay, (1 + done) / (10 + done)))

    return AveragedModel(method, multi_avg_fn=torch.no_grad()(move))
