"""Rows of representations, ragged and padded: apart for a store, stacked for scoring, one below the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from babelreel.types import Representation, pairs


def split(rows: Representation) -> list[dict[str, Tensor]]:
    """Each row's tensors by the names of the fields, without padding: (D,) pooled, (l, D) tokens, and so on.

    Real tokens must come first. The tensors are views.
    """
    fields = rows.fields()
    lengths = [0] * len(rows) if rows.mask is None else rows.mask.sum(1).tolist()
    return [
        {name: _cut(name, tensor[n], length) for name, tensor in fields.items()} for n, length in enumerate(lengths)
    ]


def stack(rows: Sequence[Mapping[str, Tensor]], fingerprint: str = "") -> Representation:
    """The inverse of `split`: N rows of any lengths, padded with zeros to the longest."""
    fields = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        fields[name] = torch.stack(values) if name == "pooled" else pad_sequence(values, batch_first=True)
    return Representation(**fields, fingerprint=fingerprint)


def concatenate(parts: Sequence[Representation]) -> Representation:
    """Rows of several representations below each other; what has an entry a token is padded to the longest."""
    fields: dict[str, Tensor] = {}
    for name in parts[0].fields():
        tensors = [part.fields()[name] for part in parts]
        if name != "pooled":
            longest = max(t.shape[1] for t in tensors)
            tensors = [pad(t, (0, 0) * (t.ndim - 2) + (0, longest - t.shape[1])) for t in tensors]
        fields[name] = torch.cat(tensors)
    return Representation(**fields, fingerprint=parts[0].fingerprint)


def _cut(name: str, row: Tensor, length: int) -> Tensor:
    if name == "pooled":
        return row
    return row[: pairs(length)] if name == "constants" else row[:length]
