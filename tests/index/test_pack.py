"""index/pack.py: tensors to bytes, whatever their strides and dtypes."""

from __future__ import annotations

import pytest
import torch

from babelreel.index.pack import pack


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.bool])
def test_bytes_do_not_depend_on_strides(dtype: torch.dtype) -> None:
    """One row of a wider tensor: its size of 1 counts as contiguous with a stride of 2."""
    values = torch.arange(12).view(3, 4).to(dtype)
    for odd in (values[0, ::2][:1], values[:1, ::2], values.T, values[1:2].T):
        assert pack(odd) == pack(torch.tensor(odd.tolist(), dtype=dtype))
