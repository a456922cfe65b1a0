"""Several processes as one: what a loss needs to see the joint batch, and nothing more. One process pays nothing."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist


def processes() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def process() -> int:
    """Which of the processes this is, from 0."""
    return dist.get_rank() if processes() > 1 else 0


def gather(tensor: Tensor) -> Tensor:
    """Rows of all processes below each other, in the order of their ranks: (B, ...) to (P * B, ...), with gradients.

    Every process computes the loss of the joint batch from the result. The gradient of a process's own rows is then the
    sum over the processes' (equal) losses, P times that of one; the mean that data-parallel training takes over
    processes makes it the gradient of one process on the joint batch.

    Every process must bring the same number of rows.
    """
    return _Gather.apply(tensor) if processes() > 1 else tensor  # type: ignore[no-untyped-call]


def total(tensor: Tensor) -> Tensor:
    """The sum over all processes, without gradients."""
    if processes() == 1:
        return tensor.detach()
    summed = tensor.detach().clone()
    dist.all_reduce(summed)
    return summed


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        parts = [torch.empty_like(tensor) for _ in range(processes())]
        dist.all_gather(parts, tensor.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        gradient = gradients[0].contiguous()
        dist.all_reduce(gradient)
        rows = gradient.shape[0] // processes()
        return gradient[dist.get_rank() * rows : (dist.get_rank() + 1) * rows]
