"""Batches larger than memory: rows are encoded some at a time, and the loss still sees them all.

Gradient caching (Gao et al. 2021, arXiv 2101.06983): encode chunk by chunk without keeping activations, take the loss
over all rows, then encode each chunk again for its gradient. A checkpoint around each chunk does just that, with the
random numbers of the first pass replayed, inside one forward pass, so that data-parallel wrappers work as ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from babelreel.data.rows import concatenate
from babelreel.types import MediaBatch, Representation, TextBatch

Rows = TypeVar("Rows", MediaBatch, TextBatch, Representation)


def in_chunks(encode: Callable[[Rows], Representation], rows: Rows, chunk: int) -> Representation:
    """`encode(rows)`, `chunk` rows at a time; 0 takes them all at once. Gradients are those of the whole.

    The memory of activations is one chunk's, for a second pass through the encoder.
    """
    if not chunk or len(rows) <= chunk:
        return encode(rows)
    parts = []
    for start in range(0, len(rows), chunk):
        part, anchor = _part(rows, start, start + chunk)
        # The anchor tells the checkpoint which device's random numbers to replay.
        parts.append(checkpoint(lambda _, part: encode(part), anchor, part, use_reentrant=False))
    return concatenate(parts)


def _part(rows: Rows, start: int, stop: int) -> tuple[Rows, Tensor]:
    """Rows `start` to `stop`, and one of their tensors."""
    cut: dict[str, Any] = {}
    for field in fields(rows):
        value = getattr(rows, field.name)
        if isinstance(value, Tensor | tuple) and len(value):
            cut[field.name] = value[start:stop]
    return replace(rows, **cut), next(value for value in cut.values() if torch.is_tensor(value))
