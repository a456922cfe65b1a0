"""data/rows.py: rows taken apart come together as they were, whatever their lengths."""

from __future__ import annotations

import torch

from babelreel.data.rows import concatenate, split, stack
from babelreel.types import Representation, pairs


def rows(lengths: list[int], padded: int) -> Representation:
    generator = torch.Generator().manual_seed(0)
    mask = torch.arange(padded) < torch.tensor(lengths)[:, None]
    known = torch.arange(pairs(padded)) < torch.tensor([pairs(length) for length in lengths])[:, None]
    tokens = torch.randn(len(lengths), padded, 4, generator=generator) * mask[..., None]
    constants = torch.randn(len(lengths), pairs(padded), 2, generator=generator) * known[..., None]
    times = torch.rand(len(lengths), padded, generator=generator) * mask
    pooled = torch.randn(len(lengths), 3, generator=generator)
    return Representation(pooled, tokens, mask, times, constants, "abc")


def test_split_and_stack_are_inverse() -> None:
    given = rows([2, 5, 1], 5)
    parts = split(given)
    assert [part["tokens"].shape for part in parts] == [(2, 4), (5, 4), (1, 4)]
    assert [len(part["constants"]) for part in parts] == [3, 15, 1]
    again = stack(parts, "abc")
    assert again.fingerprint == "abc"
    for name, tensor in given.fields().items():
        assert torch.equal(again.fields()[name], tensor), name
    shorter = stack([parts[2], parts[0]])  # not padded to what was longest before
    assert shorter.constants is not None
    assert shorter.constants.shape == (2, 3, 2)


def test_concatenated_rows_are_padded_to_the_longest() -> None:
    short, long = rows([2, 1], 2), rows([4, 3], 4)
    joined = concatenate([short, long])
    assert joined.fingerprint == "abc"
    for before, after in zip(split(short) + split(long), split(joined), strict=True):
        for name, tensor in before.items():
            assert torch.equal(after[name], tensor), name
    assert joined.constants is not None
    assert not joined.constants[0, pairs(2) :].any()
