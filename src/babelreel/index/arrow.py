"""Entries and rows as Arrow tables, and filters as SQL: what LanceDB reads and writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from torch import Tensor

from babelreel.extras import require
from babelreel.index.pack import Layout, conditions, pack, pooled
from babelreel.index.store import Entry, Filter

METADATA = [field.name for field in fields(Entry)]


def schema_of(layout: Layout) -> Any:
    """The columns of an index, with the layout of its rows."""
    pa = require("pyarrow")
    text, number, data = pa.string(), pa.float64(), pa.binary()
    types = {"kind": text, "id": text, "file": text, "path": text, "size": pa.int64(), "thumbnail": data}
    columns = [(name, types.get(name, number)) for name in METADATA]
    columns += [("pooled", pa.list_(pa.float32(), layout.width)), *((name, data) for name in layout.fields)]
    return pa.schema(columns, metadata={"layout": layout.dumps()})


def as_table(new: Sequence[tuple[Entry, Mapping[str, Tensor]]], layout: Layout) -> Any:
    """N entries with their rows as an Arrow table."""
    pa = require("pyarrow")
    columns: dict[str, Any] = {name: [getattr(entry, name) for entry, _ in new] for name in METADATA}
    vectors = np.concatenate([pooled(row) for _, row in new])
    columns["pooled"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors), layout.width)
    columns |= {name: [pack(row[name]) for _, row in new] for name in layout.fields}
    return pa.table(columns, schema=schema_of(layout))


def as_entries(page: Any) -> list[Entry]:
    """The entries of an Arrow table."""
    return [Entry(**values) for values in page.to_pylist()]


def as_rows(page: Any, layout: Layout, names: Sequence[str]) -> list[dict[str, Tensor]]:
    """The rows of an Arrow table by the names of the fields."""
    rows: list[dict[str, Tensor]] = [{} for _ in range(page.num_rows)]
    for name in names:
        if name == "pooled":
            flat = page[name].combine_chunks().flatten().to_numpy(zero_copy_only=False)
            values = list(torch.from_numpy(flat.copy()).view(-1, layout.width))  # (N, D)
        else:
            values = [layout.unpack(name, data) for data in page[name].to_pylist()]
        for row, value in zip(rows, values, strict=True):
            row[name] = value
    return rows


def metadata(thumbnails: bool) -> list[str]:
    """The columns that an entry needs."""
    return [name for name in METADATA if thumbnails or name != "thumbnail"]


def any_of(ids: Sequence[str]) -> str:
    """The SQL for "one of these"."""
    return f"id IN ({', '.join(_quoted(name) for name in ids)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def filtered(ask: Any, where: Filter | None) -> Any:
    """A query, restricted to what passes the filter."""
    found = conditions(where, "=", _quoted)
    return ask.where(" AND ".join(found)) if found else ask
