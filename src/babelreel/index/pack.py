"""What the persistent stores share: tensors as bytes, exactly as they came, and `IndexInfo` as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from babelreel.data.rows import stack
from babelreel.errors import IndexStoreError, MissingEntryError
from babelreel.index.store import FORMAT, Entry, Filter, IndexInfo
from babelreel.types import Representation


@dataclass(frozen=True, slots=True)
class Layout:
    """What every row of an index looks like: the `width` of `pooled`, and of each other field the name, the dtype and
    the shape of one token's part. All rows of one model agree in it; how many tokens there are is each row's own."""

    width: int
    fields: Mapping[str, tuple[torch.dtype, tuple[int, ...]]]

    @classmethod
    def of(cls, row: Mapping[str, Tensor]) -> Layout:
        """The layout of one row of `data.rows.split`.

        Raises:
            IndexStoreError: when the row has no pooled vector.
        """
        if "pooled" not in row:
            raise IndexStoreError(
                f"An index needs pooled vectors to search, but the rows have only {', '.join(row) or 'nothing'}. "
                "Index with a model that gives pooled vectors; this one can only rerank another model's hits."
            )
        others = {name: (value.dtype, tuple(value.shape[1:])) for name, value in row.items() if name != "pooled"}
        return cls(len(row["pooled"]), others)

    def check(self, rows: Sequence[Mapping[str, Tensor]]) -> None:
        """Raise IndexStoreError unless all rows have this layout, and pooled vectors of finite numbers."""
        for row in rows:
            found = Layout.of(row)
            if found != self:
                raise IndexStoreError(
                    f"The index holds rows of {self}, found a row of {found}. Rows of one index come from one model, "
                    "with the same precision."
                )
            if not row["pooled"].isfinite().all():
                raise IndexStoreError(
                    "A pooled vector holds NaN or infinity: the model's weights or its input are damaged."
                )

    def check_queries(self, queries: Tensor) -> None:
        """Raise IndexStoreError unless the vectors (Q, D) are as wide as those of the index."""
        if queries.ndim != 2 or queries.shape[1] != self.width:
            raise IndexStoreError(
                f"The index's vectors have {self.width} numbers, found queries of shape {tuple(queries.shape)}. "
                "Search with the model that wrote the index."
            )

    def names(self, fields: Sequence[str] | None) -> list[str]:
        """Which of the fields are there, `pooled` first; all without `fields`."""
        return [name for name in ("pooled", *self.fields) if fields is None or name in fields]

    def unpack(self, name: str, data: bytes) -> Tensor:
        """The inverse of `pack`: a field's tensor, of its own length."""
        dtype, shape = self.fields[name]
        if not data:
            return torch.zeros(0, *shape, dtype=dtype)
        return torch.frombuffer(bytearray(data), dtype=dtype).view(-1, *shape)  # (L, ...)

    def join(self, row: Mapping[str, Tensor]) -> bytes:
        """All fields of a row but `pooled` in one, each after its number of bytes (uint64)."""
        parts = [pack(row[name]) for name in self.fields]
        return b"".join(len(part).to_bytes(8, "little") + part for part in parts)

    def part(self, data: bytes) -> dict[str, Tensor]:
        """The inverse of `join`."""
        row, at = {}, 0
        for name in self.fields:
            size = int.from_bytes(data[at : at + 8], "little")
            row[name] = self.unpack(name, data[at + 8 : at + 8 + size])
            at += 8 + size
        return row

    def dumps(self) -> str:
        """The layout as JSON."""
        fields = {name: [_name(dtype), shape] for name, (dtype, shape) in self.fields.items()}
        return json.dumps({"width": self.width, "fields": fields})

    @classmethod
    def loads(cls, text: str | bytes) -> Layout:
        """The inverse of `dumps`."""
        told: dict[str, Any] = json.loads(text)
        fields = {name: (getattr(torch, dtype), tuple(shape)) for name, (dtype, shape) in told["fields"].items()}
        return cls(told["width"], fields)

    def __str__(self) -> str:
        parts = [
            f"{name} {str(dtype).removeprefix('torch.')} {list(shape)}" for name, (dtype, shape) in self.fields.items()
        ]
        return ", ".join([f"pooled [{self.width}]", *parts])


def newest(entries: Sequence[Entry], rows: Sequence[Mapping[str, Tensor]]) -> list[tuple[Entry, Mapping[str, Tensor]]]:
    """Entries with their rows; of several with one id the last."""
    return list({entry.id: (entry, row) for entry, row in zip(entries, rows, strict=True)}.values())


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def pack(value: Tensor) -> bytes:
    """A tensor's bytes, of any dtype."""
    # A dimension of size 1 may have any stride and counts as contiguous; its bytes are only seen with the usual one.
    plain = value.detach().cpu().clone(memory_format=torch.contiguous_format).reshape(-1)
    return plain.view(torch.uint8).numpy().tobytes()


def pooled(row: Mapping[str, Tensor]) -> np.ndarray:
    """A row's pooled vector (D,) as float32."""
    return row["pooled"].detach().float().cpu().numpy()


def conditions(where: Filter | None, equals: str, quoted: Callable[[str], str]) -> list[str]:
    """What an entry that passes a filter fulfils, all of it, as a store writes comparisons and texts."""
    if where is None:
        return []
    found = []
    if where.kind is not None:
        found.append(f"kind {equals} {quoted(where.kind)}")
    if where.folder is not None:
        # Everything that starts so, as a range: LIKE would need its own escapes. "0" comes after "/".
        below = where.folder.rstrip("/")
        found += [f"path >= {quoted(below + '/')}", f"path < {quoted(below + '0')}"]
    bounds = {"duration >=": where.shortest, "duration <=": where.longest}
    bounds |= {"modified >=": where.after, "modified <=": where.before}
    return found + [f"{bound} {float(value)!r}" for bound, value in bounds.items() if value is not None]


def in_order(ids: Sequence[str], found: Mapping[str, Mapping[str, Tensor]], fingerprint: str) -> Representation:
    """The rows of N ids, padded and stacked in the order of the ids.

    Raises:
        IndexStoreError: when one was not found.
    """
    refuse_missing(ids, found)
    return stack([found[name] for name in ids], fingerprint)


def refuse_missing(ids: Sequence[str], found: Mapping[str, Any]) -> None:
    """Raise MissingEntryError when one of the ids was not found, or none was asked for."""
    missing = [name for name in ids if name not in found]
    if missing:
        raise MissingEntryError(
            f"{len(missing)} of {len(ids)} entries are not in the index, such as {missing[0]!r}. "
            "They may have been removed since: search again."
        )


def bytes_below(folder: Path) -> int:
    """The bytes of all files below a folder; those that a writer deletes meanwhile do not count."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                size += os.lstat(os.path.join(place, name)).st_size
    return size


def dump_info(info: IndexInfo) -> str:
    """What an index says of itself, as JSON."""
    return json.dumps(asdict(info), ensure_ascii=False)


def load_info(text: str, where: str) -> IndexInfo:
    """The inverse of `dump_info`; `where` is for the message.

    Raises:
        IndexStoreError: when it is damaged, or of another format.
    """
    try:
        told = json.loads(text)
        form = told["format"]
        if form == FORMAT:
            return IndexInfo(**told)
    except (KeyError, TypeError, ValueError) as error:
        raise IndexStoreError(
            f"The index in {where} is damaged, or older than this version can read: what it says of itself does not "
            f"fit ({error}). Index into a new folder."
        ) from error
    raise IndexStoreError(
        f"The index in {where} has format {form}; this version reads {FORMAT}. Open it with a newer babelreel."
    )
