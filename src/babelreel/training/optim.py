"""What moves the weights: parameter groups, the learning rate's course, and the average of the weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from babelreel.methods.base import Method
from babelreel.training.recipe import TrainingConfig


def rate(step: int, steps: int, warmup: float) -> float:
    """The share of the learning rate at a step: linear warm-up, then a cosine to 0."""
    rising = warmup * steps
    if step < rising:
        return (step + 1) / (rising + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1.0, steps - rising)))


def groups(method: Method, config: TrainingConfig) -> list[dict[str, Any]]:
    """Parameter groups: matrices decay, vectors and norms do not, the learned scale has a rate of its own."""
    scale: list[Tensor] = []
    decayed: list[Tensor] = []
    plain: list[Tensor] = []
    for name, parameter in method.named_parameters():
        if parameter.requires_grad:
            into = scale if name.endswith("log_scale") else decayed if parameter.ndim > 1 else plain
            into.append(parameter)
    found = [
        {"params": decayed, "weight_decay": config.weight_decay, "base_lr": config.lr},
        {"params": plain, "weight_decay": 0.0, "base_lr": config.lr},
        {"params": scale, "weight_decay": 0.0, "base_lr": config.scale_lr or config.lr},
    ]
    return [group | {"lr": group["base_lr"]} for group in found if group["params"]]


def averaged(method: Method, decay: float) -> AveragedModel:
    """The exponential moving average of a method's weights: `update_parameters(method)` after every step.

    The decay of the n-th update is at most (1 + n) / (10 + n), or a short training would be the average of its start.
    """

    def move(averages: Sequence[Tensor], weights: Sequence[Tensor], count: Tensor | int) -> None:
        done = int(count)
        torch._foreach_lerp_(list(averages), list(weights), 1 - min(decay, (1 + done) / (10 + done)))

    return AveragedModel(method, multi_avg_fn=torch.no_grad()(move))
