"""The index in a folder: LanceDB, the default. One row an entry, one commit a write.

    index.json            what the index is, written when it is created
    notes.json            what was noted
    entries.lance/        the table, made by the first `add`: metadata, `pooled`, and every other field as bytes

A commit is whole or absent, and readers in other processes look for the newest one before each answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from torch import Tensor

from babelreel.atomic import atomic_path
from babelreel.errors import IndexStoreError, MissingIndexError
from babelreel.extras import require
from babelreel.index.arrow import any_of, as_entries, as_rows, as_table, filtered, metadata, schema_of
from babelreel.index.pack import Layout, bytes_below, dump_info, in_order, load_info, newest, refuse_missing
from babelreel.index.store import Entry, Filter, IndexInfo, Stats
from babelreel.types import Representation

TABLE = "entries"
PAGE = 8192  # entries read or deleted at a time
GRACE = timedelta(minutes=10)  # how long a reader may go on with a version that was replaced
APPROXIMATE_FROM = 50_000  # entries; below, reading all pooled vectors takes 30 ms or less at 512 numbers each
PARTITION = 1000  # entries a partition of the approximate index, about
PROBES = 40  # partitions that a query reads at least
REFINE = 3  # times k candidates whose full vectors are compared
COMPACT_AFTER = (256, 2048)  # commits at first, and at most: each commit lists all fragments, compacting rewrites them


class LanceIndex:
    """A `VectorIndex` in a folder; `create` makes it, the constructor opens it.

    Raises:
        IndexStoreError: when there is none, it is damaged, or a newer version wrote it.
    """

    def __init__(self, folder: str | Path) -> None:
        lancedb = require("lancedb")
        self.folder = Path(folder).expanduser().absolute()
        try:
            self.info: IndexInfo = load_info((self.folder / "index.json").read_text(encoding="utf-8"), str(self.folder))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise MissingIndexError(
                f"There is no index in {self.folder}. Make one with `babelreel index PATHS --model MODEL --index DIR`."
            ) from error
        self._database = lancedb.connect(str(self.folder), read_consistency_interval=timedelta(0))
        self._opened: tuple[Any, Layout] | None = None
        self._commits, self._compact_at = 0, COMPACT_AFTER[0]
        self._table()

    @classmethod
    def create(cls, folder: str | Path, info: IndexInfo) -> LanceIndex:
        """Make an empty index.

        Raises:
            IndexStoreError: when the folder holds something already.
        """
        require("lancedb")
        folder = Path(folder).expanduser().absolute()
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise IndexStoreError(f"{folder} is there already and not an empty folder. Give the index a new one.")
        with atomic_path(folder / "index.json") as temporary:
            temporary.write_text(dump_info(info), encoding="utf-8")
        return cls(folder)

    def __len__(self) -> int:
        table = self._table()
        with self._explained():
            return 0 if table is None else int(table[0].count_rows())

    def add(self, entries: Sequence[Entry], rows: Sequence[Mapping[str, Tensor]]) -> None:
        """Write N entries with their rows; those whose id is there are replaced.

        Raises:
            IndexStoreError: when the rows do not look like those that are there.
        """
        new = newest(entries, rows)
        if not new:
            return
        table, layout = self._table() or (None, Layout.of(new[0][1]))
        layout.check([row for _, row in new])
        with self._explained():
            if table is None:
                table = self._database.create_table(TABLE, schema=schema_of(layout))
            data = as_table(new, layout)
            table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(data)
            self._commits += 1
            if self._commits >= self._compact_at:
                table.optimize(cleanup_older_than=GRACE)
                self._commits, self._compact_at = 0, min(2 * self._compact_at, COMPACT_AFTER[1])

    def remove(self, ids: Sequence[str]) -> None:
        """Delete entries; unknown ids are passed over."""
        table = self._table()
        if table is None:
            return
        with self._explained():
            for start in range(0, len(ids), PAGE):
                table[0].delete(any_of(ids[start : start + PAGE]))

    def entries(self, where: Filter | None = None, thumbnails: bool = False) -> Iterator[list[Entry]]:
        """All entries that pass, as they are now, some at a time."""
        for page in self._scan(metadata(thumbnails), PAGE, where):
            yield as_entries(page)

    def get(self, ids: Sequence[str], thumbnails: bool = False) -> list[Entry]:
        """Entries by id, in that order.

        Raises:
            IndexStoreError: when one is not there.
        """
        found = {entry.id: entry for page in self._find(ids, metadata(thumbnails)) for entry in as_entries(page)}
        refuse_missing(ids, found)
        return [found[name] for name in ids]

    def nearest(self, queries: Tensor, k: int, where: Filter | None = None) -> list[tuple[list[str], list[float]]]:
        """For each of Q vectors (Q, D) the ids and dot products of about the `k` largest pooled ones; ties by id.

        With an approximate index its candidates are compared by their full vectors, and what was added since it was
        built is searched exhaustively.

        Raises:
            IndexStoreError: when the vectors are of another width.
        """
        table = self._table()
        if table is None:
            return [([], []) for _ in queries]
        table[1].check_queries(queries)
        return [self._nearest(table[0], query, k, where) for query in queries.float().cpu().numpy()]

    def rows(self, ids: Sequence[str], fields: Sequence[str] | None = None) -> Representation:
        """The representations of N entries, at least one, in that order, padded to the longest.

        Raises:
            IndexStoreError: when one is not there.
        """
        found: dict[str, dict[str, Tensor]] = {}
        if (table := self._table()) is not None:
            names = table[1].names(fields)
            for page in self._find(ids, ["id", *names]):
                found |= zip(page["id"].to_pylist(), as_rows(page, table[1], names), strict=True)
        return in_order(ids, found, self.info.fingerprint)

    def blocks(
        self, size: int, fields: Sequence[str] | None = None, where: Filter | None = None
    ) -> Iterator[tuple[list[str], Representation]]:
        """Every entry's id and representation, as they are now, at most `size` at a time."""
        if (table := self._table()) is not None:
            names = table[1].names(fields)
            for page in self._scan(["id", *names], size, where):
                ids = page["id"].to_pylist()
                found = dict(zip(ids, as_rows(page, table[1], names), strict=True))
                yield ids, in_order(ids, found, self.info.fingerprint)

    def note(self, name: str, value: Any) -> None:
        """Keep a plain value with the index."""
        with atomic_path(self.folder / "notes.json") as temporary:
            temporary.write_text(json.dumps(self.notes() | {name: value}, ensure_ascii=False), encoding="utf-8")

    def notes(self) -> dict[str, Any]:
        """What was noted, by name."""
        try:
            return dict(json.loads((self.folder / "notes.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise IndexStoreError(f"{self.folder / 'notes.json'} is damaged ({error}). Delete that file.") from error

    def optimize(self, force: bool = False) -> bool:
        """Compact what was written, and build or refresh the approximate index where it pays, or by `force`.

        Versions that were replaced less than ten minutes ago stay, since a reader may still be at one: so an index that
        was just compacted takes up to twice its space, until the next time.
        """
        opened = self._table()
        if opened is None:
            return False
        table = opened[0]
        with self._explained():
            count = table.count_rows()
            indices = {index.columns[0]: index.name for index in table.list_indices()}
            if count >= APPROXIMATE_FROM or (force and count):
                stats = table.index_stats(indices["pooled"]) if "pooled" in indices else None
                # The partitions are laid out anew when a third of the entries came later.
                if force or stats is None or 3 * stats.num_unindexed_rows > count:
                    config = require("lancedb.index").IvfSq(
                        distance_type="dot", num_partitions=max(1, count // PARTITION)
                    )
                    table.create_index("pooled", config=config, replace=True)
                    indices["pooled"] = "built"
            if "id" not in indices and count:
                table.create_index("id", config=require("lancedb.index").BTree())
            table.optimize(cleanup_older_than=GRACE)
        return "pooled" in indices

    def stats(self) -> Stats:
        """How much there is; all bytes of the folder."""
        size = bytes_below(self.folder)
        if (table := self._table()) is None:
            return Stats(0, size, "")
        with self._explained():
            kinds = [index.index_type for index in table[0].list_indices() if index.columns == ["pooled"]]
        return Stats(len(self), size, kinds[0] if kinds else "")

    def close(self) -> None:
        """Let go of the files."""
        self._opened = None

    def _table(self) -> tuple[Any, Layout] | None:
        """The table and its layout, or None as long as nothing was added."""
        if self._opened is None:
            table_folder = self.folder / f"{TABLE}.lance"
            # Killed while it was made, a table is a folder without a version or data: nothing was added.
            if not any(table_folder.glob("_versions/*.manifest")) and not any(table_folder.glob("data/*")):
                return None
            with self._explained():
                table = self._database.open_table(TABLE)
                self._opened = table, Layout.loads(table.schema.metadata[b"layout"])
        return self._opened

    def _nearest(self, table: Any, query: Any, k: int, where: Filter | None) -> tuple[list[str], list[float]]:
        with self._explained():
            # Enough partitions to hold several times k; more are read when a filter leaves fewer than k in these.
            ask = table.search(query, vector_column_name="pooled").distance_type("dot").limit(k).refine_factor(REFINE)
            ask = ask.minimum_nprobes(max(PROBES, k // 5)).maximum_nprobes(0).select(["id", "_distance"])
            found = filtered(ask, where).to_arrow()
        pairs = zip(found["id"].to_pylist(), found["_distance"].to_pylist(), strict=True)
        best = sorted(((1 - distance, name) for name, distance in pairs), key=lambda pair: (-pair[0], pair[1]))
        return [name for _, name in best], [score for score, _ in best]

    def _find(self, ids: Sequence[str], columns: list[str]) -> Iterator[Any]:
        """Entries by id, in any order, as Arrow tables."""
        if (table := self._table()) is not None:
            for start in range(0, len(ids), PAGE):
                some = ids[start : start + PAGE]
                with self._explained():
                    yield table[0].search().where(any_of(some)).limit(len(some)).select(columns).to_arrow()

    def _scan(self, columns: list[str], size: int, where: Filter | None) -> Iterator[Any]:
        """Every entry that passes, of the version that is the newest now, as Arrow tables of at most `size` rows."""
        if self._table() is None:
            return
        with self._explained():
            snapshot = self._database.open_table(TABLE)
            snapshot.checkout(snapshot.version)  # row ids hold for one version
            count = max(1, snapshot.count_rows())
            ask = filtered(snapshot.search().with_row_id(True).limit(count), where).select(["kind"])
            places = ask.to_arrow()["_rowid"]
        for start in range(0, len(places), size):
            with self._explained():
                yield snapshot.take_row_ids(places[start : start + size].to_pylist()).select(columns).to_arrow()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """LanceDB raises RuntimeError, OSError and ValueError alike when it cannot read or write its files."""
        try:
            yield
        except (RuntimeError, OSError, ValueError, KeyError) as error:
            raise IndexStoreError(
                f"The index in {self.folder} could not be read or written: {str(error).splitlines()[0]}. Check that "
                "the disk is not full and the folder is whole; if it is damaged, build it again in a new folder."
            ) from error
