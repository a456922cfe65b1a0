"""Where the arithmetic runs: one place that chooses the device and whether lower precision pays there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch

from babelreel.errors import ModelError


def choose_device(name: str | None = None) -> torch.device:
    """The device called `name`, or the best at hand: CUDA, Apple's MPS, else the CPU.

    Raises:
        ModelError: when the named device is not there.
    """
    if name is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps") if torch.backends.mps.is_available() else torch.device("cpu")
    try:
        return torch.zeros(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"The device {name!r} cannot be used here ({reason}). Leave --device out.") from error


@cache
def multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for it; without them it is some twenty times slower than float32."""
    able = torch.cpu.get_capabilities()
    return any(able.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))


@contextmanager
def inference(device: torch.device) -> Iterator[None]:
    """No gradients; bfloat16 autocast on CUDA, where it gains, and plain float32 elsewhere."""
    with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
        yield
