"""A short name for exactly these weights and settings: what keeps an index from being searched with another model."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import torch
from torch import nn


def fingerprint(module: nn.Module, settings: Any) -> str:
    """16 hexadecimal digits over every parameter and buffer of `module` (name, shape, dtype, bytes) and `settings`.

    `settings` are plain values. The device plays no part.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        plain = tensor.detach().cpu().contiguous()
        digest.update(plain.reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()[:16]
