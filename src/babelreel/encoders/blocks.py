"""Small layers that towers share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from babelreel.distributed import total

LIMIT = 6.0  # standard deviations


class Standardise(nn.Module):
    """(..., D) to mean 0 and deviation 1 in each channel, cut at 6 deviations.

    Means and deviations are those of the first batch of the training, over all processes, and stay: data-dependent
    initialisation as in ActNorm (Kingma & Dhariwal 2018). Unlike in batch normalisation, a row never depends on the
    rest of its batch. Where a batch is encoded in chunks, the first chunk decides.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.deviation: Tensor
        self.known: Tensor
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))
        self.register_buffer("known", torch.tensor(False))

    def forward(self, values: Tensor) -> Tensor:
        """`values` (..., D); rows of zeros are padding and do not count."""
        if self.training and not self.known:
            real = values[values.any(-1)].detach().float()
            count = total(real.new_tensor(len(real)))
            self.mean.copy_(total(real.sum(0)) / count)
            self.deviation.copy_((total((real - self.mean).square().sum(0)) / count).sqrt() + 1e-4)
            self.known.fill_(True)
        return ((values - self.mean) / self.deviation).clamp(-LIMIT, LIMIT)


class LinearAndNetwork(nn.Module):
    """(..., Din) to (..., D): a linear layer, and a network of one hidden layer for what is not linear."""

    def __init__(self, source: int, hidden: int, width: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(source, width)
        self.network = nn.Sequential(
            nn.Linear(source, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width)
        )

    def forward(self, values: Tensor) -> Tensor:
        """The sum of both paths."""
        return self.linear(values) + self.network(values)
