"""The index in Milvus: one client for Milvus Lite (a local `*.db`), a server, or a cluster behind a URL.

    NAME          one row an entry: metadata, `pooled`, and everything else as text
    NAME_info     what the index is and what was noted: names and JSON values

Milvus 2.3 allows one vector field a collection, no binary fields, and 65,535 bytes a text field. So what exact scoring
needs (tokens, mask, times, constants) is one run of bytes, in base64, cut into pieces for as many text fields as there
are, most of them empty. All of it is in the entry's own row: written at once, replaced at once, deleted at once.

A server decides by itself when a segment of the collection is worth its HNSW graph; smaller ones, and what was just
written, it searches exhaustively. Milvus Lite always does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from babelreel.errors import IndexStoreError, MissingIndexError
from babelreel.index.milvus_client import PIECES, Address, Connection
from babelreel.index.milvus_rows import METADATA, as_entry, as_row, as_tensors, expression
from babelreel.index.pack import Layout, bytes_below, dump_info, in_order, load_info, newest, refuse_missing
from babelreel.index.store import Entry, Filter, IndexInfo, Stats
from babelreel.types import Representation

SETTLED = 10.0  # seconds after a write in which a process waits for the newest state, a tick of the clock of Milvus
READ = 256  # entries read or deleted at a time
SENT = 8 << 20  # bytes sent at a time, about
MOST = 16_384  # what Milvus finds at most


class MilvusIndex:
    """A `VectorIndex` in Milvus; `create` makes it, the constructor opens it.

    `url` is http(s)://[USER:PASSWORD@]HOST:PORT[/NAME], or the path of a local `*.db`. A token is taken from
    $BABELREEL_MILVUS_TOKEN. Another process sees what was written within a second; this one at once.

    Raises:
        IndexStoreError: when there is none, it is damaged, a newer version wrote it, or nobody answers at the URL.
    """

    def __init__(self, url: str) -> None:
        address = Address.of(url)
        if address.local and not Path(address.uri).exists():
            raise _none_at(address)
        self._at = Connection(address)
        self._layout: Layout | None = None
        self._wrote = time.monotonic()  # what another process wrote before counts like one's own
        try:
            told = self._at.read_info()
            if "info" not in told:
                raise _none_at(address)
            self.info: IndexInfo = load_info(told["info"], str(address))
        except IndexStoreError:
            self.close()
            raise

    @classmethod
    def create(cls, url: str, info: IndexInfo) -> MilvusIndex:
        """Make an empty index.

        Raises:
            IndexStoreError: when there is one already, or nobody answers at the URL.
        """
        address = Address.of(url)
        if address.local:
            Path(address.uri).parent.mkdir(parents=True, exist_ok=True)
        at = Connection(address)
        try:
            if at.has(at.entries) or "info" in at.read_info():
                raise IndexStoreError(f"There is an index at {address} already. Give the new one another name.")
            at.create_info()
            at.write_info("info", dump_info(info))
        finally:
            at.close()
        return cls(url)

    def __len__(self) -> int:
        return 0 if self._rows_look() is None else self._at.count()

    def add(self, entries: Sequence[Entry], rows: Sequence[Mapping[str, Tensor]]) -> None:
        """Write N entries with their rows; those whose id is there are replaced.

        Raises:
            IndexStoreError: when the rows do not look like those that are there, or are larger than Milvus takes.
        """
        new = newest(entries, rows)
        if not new:
            return
        layout = self._rows_look() or Layout.of(new[0][1])
        layout.check([row for _, row in new])
        ready = [as_row(entry, row, layout) for entry, row in new]
        if self._layout is None:
            self._at.write_info("layout", layout.dumps())
            self._at.create_entries(layout.width, {name: kind for name, kind in METADATA.items() if name != "id"})
            self._layout = layout
        size = sum(len(row[name]) for row in ready for name in (*PIECES, "thumbnail")) + 4 * layout.width * len(ready)
        count = max(1, len(ready) * SENT // max(size, SENT))
        self._wrote = time.monotonic()
        for start in range(0, len(ready), count):
            self._at.ask("upsert", self._at.entries, ready[start : start + count])

    def remove(self, ids: Sequence[str]) -> None:
        """Delete entries; unknown ids are passed over."""
        if self._rows_look() is not None:
            self._wrote = time.monotonic()
            for start in range(0, len(ids), READ):
                self._at.ask("delete", self._at.entries, ids=list(ids[start : start + READ]))

    def entries(self, where: Filter | None = None, thumbnails: bool = False) -> Iterator[list[Entry]]:
        """All entries that pass, some at a time."""
        names = [name for name in METADATA if thumbnails or name != "thumbnail"]
        for page in self._list(where, names):
            yield [as_entry(row) for row in page]

    def get(self, ids: Sequence[str], thumbnails: bool = False) -> list[Entry]:
        """Entries by id, in that order.

        Raises:
            IndexStoreError: when one is not there.
        """
        names = [name for name in METADATA if thumbnails or name != "thumbnail"]
        found = {row["id"]: as_entry(row) for row in self._find(ids, names, "Strong")}
        refuse_missing(ids, found)
        return [found[name] for name in ids]

    def nearest(self, queries: Tensor, k: int, where: Filter | None = None) -> list[tuple[list[str], list[float]]]:
        """For each of Q vectors (Q, D) the ids and dot products of about the `k` largest pooled ones; ties by id.

        At most 16,384, which is what Milvus gives.

        Raises:
            IndexStoreError: when the vectors are of another width.
        """
        layout = self._rows_look()
        if layout is None:
            return [([], []) for _ in queries]
        layout.check_queries(queries)
        k = min(k, MOST)
        found = self._at.ask(
            "search", self._at.entries, data=queries.float().cpu().tolist(), limit=k, filter=expression(where),
            output_fields=["id"], search_params={"params": {"ef": min(max(2 * k, 128), 32_768)}},
            consistency_level=self._freshness(),
        )  # fmt: skip
        hits = [sorted(((hit["distance"], hit["id"]) for hit in one), key=lambda h: (-h[0], h[1])) for one in found]
        return [([name for _, name in one], [score for score, _ in one]) for one in hits]

    def rows(self, ids: Sequence[str], fields: Sequence[str] | None = None) -> Representation:
        """The representations of N entries, at least one, in that order, padded to the longest.

        Raises:
            IndexStoreError: when one is not there.
        """
        return in_order(ids, self._tensors(ids, fields, self._freshness()), self.info.fingerprint)

    def blocks(
        self, size: int, fields: Sequence[str] | None = None, where: Filter | None = None
    ) -> Iterator[tuple[list[str], Representation]]:
        """Every entry's id and representation, at most `size` at a time; what is removed on the way is left out."""
        everything = [row["id"] for page in self._list(where, ["id"]) for row in page]
        for start in range(0, len(everything), size):
            found = self._tensors(everything[start : start + size], fields, "Strong")
            ids = [name for name in everything[start : start + size] if name in found]
            if ids:
                yield ids, in_order(ids, found, self.info.fingerprint)

    def note(self, name: str, value: Any) -> None:
        """Keep a plain value with the index.

        Raises:
            IndexStoreError: when it is longer than Milvus takes.
        """
        self._at.write_info(f"note:{name}", json.dumps(value, ensure_ascii=False))

    def notes(self) -> dict[str, Any]:
        """What was noted, by name."""
        told = self._at.read_info()
        return {name.removeprefix("note:"): json.loads(value) for name, value in told.items() if name[:5] == "note:"}

    def optimize(self, force: bool = False) -> bool:
        """Have Milvus write out what is in its memory; compacting and graphs are its own business."""
        if self._rows_look() is not None:
            self._at.ask("flush", self._at.entries)
        return bool(self.stats().approximate)

    def stats(self) -> Stats:
        """How much there is; bytes of a local index only."""
        if self._at.address.local:
            return Stats(len(self), bytes_below(Path(self._at.address.uri)), "")
        return Stats(len(self), 0, "" if self._rows_look() is None else "HNSW")

    def close(self) -> None:
        """Let go of the connection."""
        self._at.close()

    def _rows_look(self) -> Layout | None:
        """The layout of the rows, or None as long as nothing was added."""
        if self._layout is None and self._at.has(self._at.entries):
            self._at.make_ready()
            self._layout = Layout.loads(self._at.read_info()["layout"])
        return self._layout

    def _freshness(self) -> str:
        """How new an answer must be: the "Session" of pymilvus knows nothing of what was deleted in it."""
        return "Strong" if time.monotonic() < self._wrote + SETTLED else "Eventually"

    def _list(self, where: Filter | None, names: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
        if self._rows_look() is not None:
            yield from self._at.pages(expression(where), names)

    def _find(self, ids: Sequence[str], names: Sequence[str], consistency: str) -> Iterator[dict[str, Any]]:
        if self._rows_look() is not None:
            for start in range(0, len(ids), READ):
                yield from self._at.find(ids[start : start + READ], names, consistency)

    def _tensors(
        self, ids: Sequence[str], fields: Sequence[str] | None, consistency: str
    ) -> dict[str, dict[str, Tensor]]:
        """Rows by id, of those that are there."""
        layout = self._rows_look()
        if layout is None:
            return {}
        names = layout.names(fields)
        columns = ["id", *(["pooled"] if "pooled" in names else []), *(PIECES if set(names) - {"pooled"} else [])]
        return {row["id"]: as_tensors(row, layout, names) for row in self._find(ids, columns, consistency)}


def _none_at(address: Address) -> IndexStoreError:
    return MissingIndexError(
        f"There is no index at {address}. Make one with `babelreel index PATHS --model MODEL --index URL`."
    )
