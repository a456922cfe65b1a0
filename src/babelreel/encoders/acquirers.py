"""Language acquirers: small residual networks after each layer of a frozen text tower, one set a language.

Zhang et al. 2023 (Machine Intelligence Research, section 3.2.2): "bottleneck MLPs", inserted after all layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import linear, relu

from babelreel.errors import ConfigError


@dataclass(frozen=True, slots=True)
class AcquirerConfig:
    """`hidden` is the bottleneck's width; with `norm` a layer norm stands before it. `start` "identity" begins with
    what the frozen tower gives, "random" with random weights throughout, as the paper."""

    hidden: int = 256
    norm: bool = False
    start: Literal["identity", "random"] = "identity"

    def __post_init__(self) -> None:
        if self.hidden < 1:
            raise ConfigError(f"An acquirer's hidden must be at least 1, found {self.hidden}.")


class Acquirer(nn.Module):
    """(..., D) to (..., D): x + up(relu(down(x)))."""

    def __init__(self, width: int, config: AcquirerConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width) if config.norm else None
        self.down = nn.Linear(width, config.hidden)
        self.up = nn.Linear(config.hidden, width)
        if config.start == "identity":
            nn.init.zeros_(self.up.weight)
            nn.init.zeros_(self.up.bias)

    def forward(self, values: Tensor) -> Tensor:
        """The values, and what the bottleneck adds to them; on one query the number of calls is what costs."""
        source = values if self.norm is None else self.norm(values)
        hidden = relu(linear(source, self.down.weight, self.down.bias))
        return values + linear(hidden, self.up.weight, self.up.bias)


class Acquirers(nn.ModuleList):
    """One language's acquirers: the n-th stands after the n-th layer, of width `widths[n]`."""

    def __init__(self, widths: Sequence[int], config: AcquirerConfig) -> None:
        super().__init__(Acquirer(width, config) for width in widths)
        self.config = config
