"""Entries and rows as Milvus keeps them, and filters in its language."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

from babelreel.errors import IndexStoreError
from babelreel.index.milvus_client import PIECE, PIECES, quoted
from babelreel.index.pack import Layout, conditions, pooled
from babelreel.index.store import Entry, Filter

KINDS = {"size": "whole"} | {name: "number" for name in ("start", "end", "duration", "modified")}
METADATA = {field.name: KINDS.get(field.name, "text") for field in fields(Entry)}  # field of an entry: its kind
IMAGE = -1.0  # `start` and `end` of what has none: Milvus 2.3 has no absent values


def as_tensors(row: Mapping[str, Any], layout: Layout, names: list[str]) -> dict[str, Tensor]:
    """The named fields of a row that `as_row` made."""
    values: dict[str, Tensor] = {}
    if set(names) - {"pooled"}:
        values |= layout.part(b64decode("".join(row[piece] for piece in PIECES)))
    if "pooled" in names:
        values["pooled"] = torch.tensor(row["pooled"], dtype=torch.float32)  # (D,)
    return {name: values[name] for name in names}


def as_row(entry: Entry, row: Mapping[str, Tensor], layout: Layout) -> dict[str, Any]:
    """What Milvus keeps of an entry: each field of `METADATA`, `pooled`, and the pieces of the rest.

    Raises:
        IndexStoreError: when that is more than Milvus takes.
    """
    values = {name: getattr(entry, name) for name in METADATA}
    values |= {name: IMAGE for name in ("start", "end") if values[name] is None}
    values["thumbnail"] = b64encode(entry.thumbnail).decode()
    text = b64encode(layout.join(row)).decode()
    for name, held, most in (("vectors", text, PIECE * len(PIECES)), ("thumbnail", values["thumbnail"], PIECE)):
        if len(held) > most:
            raise IndexStoreError(
                f"Milvus keeps {most * 3 // 4:,} bytes of {name} an entry, {entry.path} has {len(held) * 3 // 4:,}. "
                "Use fewer frames, smaller tokens or float16, or an index in a folder."
            )
    pieces = {piece: text[n * PIECE : (n + 1) * PIECE] for n, piece in enumerate(PIECES)}
    return values | pieces | {"pooled": pooled(row).tolist()}


def as_entry(row: Mapping[str, Any]) -> Entry:
    """The entry of a row, without a thumbnail where that was not asked for."""
    values = {name: row[name] for name in METADATA if name in row}
    values |= {name: None for name in ("start", "end") if values[name] == IMAGE}
    values["thumbnail"] = b64decode(values.get("thumbnail", ""))
    return Entry(**values)


def expression(where: Filter | None) -> str:
    """A filter in the language of Milvus."""
    return " and ".join(conditions(where, "==", quoted))
