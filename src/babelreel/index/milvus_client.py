"""The connection to Milvus: addresses, the two collections of an index, and errors that a user can mend."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from babelreel.errors import IndexStoreError
from babelreel.extras import require

PIECE = 65_532  # characters of base64 in a text field: the largest multiple of 4 that Milvus takes
PIECES = [f"piece_{n}" for n in range(32)]  # 1.5 MB an entry
LONGEST = 65_535  # bytes of a text field
PAGE = 4096  # rows listed at a time
SECONDS = 20.0  # to wait for a connection


@dataclass(frozen=True, slots=True)
class Address:
    """Where an index is: what the client is given, and the name of the index there."""

    uri: str
    name: str = "babelreel"
    user: str = ""
    password: str = ""

    @classmethod
    def of(cls, url: str) -> Address:
        """Read http(s)://[USER:PASSWORD@]HOST[:PORT][/NAME], or the path of a local `*.db`.

        Raises:
            IndexStoreError: when the URL names no host, or no index as Milvus can name one.
        """
        if not url.startswith(("http://", "https://")):
            return cls(str(Path(url).expanduser().resolve()))
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or 19530
        except ValueError:
            host = None
        name = parts.path.strip("/") or "babelreel" if host else ""
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,200}", name):
            raise IndexStoreError(
                f"A Milvus index is http(s)://[USER:PASSWORD@]HOST[:PORT][/NAME], the name of letters, digits and _; "
                f"found {_without_password(url)!r}."
            )
        shown = f"[{host}]" if ":" in str(host) else host
        return cls(
            f"{parts.scheme}://{shown}:{port}", name, unquote(parts.username or ""), unquote(parts.password or "")
        )

    @property
    def local(self) -> bool:
        """Whether it is a file of Milvus Lite."""
        return not self.uri.startswith("http")

    def __str__(self) -> str:
        return self.uri if self.local else f"{self.uri}/{self.name}"


class Connection:
    """A client with the collections of one index: NAME for entries, NAME_info for names and JSON values."""

    def __init__(self, address: Address) -> None:
        milvus = require("pymilvus")
        if address.local:
            require("milvus_lite")
        for name in ("pymilvus", "milvus_lite"):  # they log what they raise, and we tell the user
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.address = address
        self.entries, self.info = address.name, f"{address.name}_info"
        self._kinds = milvus.DataType
        token = os.environ.get("BABELREEL_MILVUS_TOKEN", "")
        login = {"user": address.user, "password": address.password} if address.user else {"token": token}
        self._client: Any = None
        try:
            self._client = milvus.MilvusClient(address.uri, timeout=SECONDS, **({} if address.local else login))
        except Exception as error:
            raise self._explained(error) from error

    def ask(self, verb: str, *args: Any, **options: Any) -> Any:
        """Call a method of the client.

        Raises:
            IndexStoreError: when Milvus refuses or does not answer.
        """
        try:
            return getattr(self._client, verb)(*args, **options)
        except Exception as error:  # pymilvus passes on errors of gRPC and of Milvus Lite, of many kinds
            raise self._explained(error) from error

    def has(self, collection: str) -> bool:
        """Whether a collection is there."""
        return bool(self.ask("has_collection", collection))

    def find(self, ids: Sequence[str], fields: Sequence[str], consistency: str) -> list[dict[str, Any]]:
        """Entries by id, in any order."""
        listed = ", ".join(quoted(name) for name in ids)
        return list(
            self.ask(
                "query", self.entries, filter=f"id in [{listed}]", output_fields=list(fields),
                consistency_level=consistency,
            )
        )  # fmt: skip

    def count(self) -> int:
        """How many entries there are."""
        found = self.ask("query", self.entries, filter="", output_fields=["count(*)"], consistency_level="Strong")
        return int(found[0]["count(*)"])

    def pages(self, expression: str, fields: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
        """All entries that an expression lets through, some at a time."""
        options = {"batch_size": PAGE, "output_fields": list(fields), "consistency_level": "Strong"}
        iterator = self.ask("query_iterator", self.entries, filter=expression, **options)
        try:
            while page := self._next(iterator):
                yield list(page)
        finally:
            iterator.close()

    def create_entries(self, width: int, metadata: Mapping[str, str]) -> None:
        """Make the collection of entries; `metadata` are its other fields, "text", "number" or "whole"."""
        kinds = {
            "text": {"datatype": self._kinds.VARCHAR, "max_length": LONGEST},
            "number": {"datatype": self._kinds.DOUBLE},
            "whole": {"datatype": self._kinds.INT64},
        }
        fields = {name: kinds[kind] for name, kind in metadata.items()} | {name: kinds["text"] for name in PIECES}
        # A graph, which a server makes of each segment that is large enough; Milvus Lite is small and stays exact.
        graph = {"index_type": "HNSW", "params": {"M": 24, "efConstruction": 200}}
        kind = {"index_type": "FLAT"} if self.address.local else graph
        self._create(self.entries, fields, "pooled", width, {"metric_type": "IP", **kind})

    def create_info(self) -> None:
        """Make the collection of names and values; each collection must have a vector."""
        value = {"value": {"datatype": self._kinds.VARCHAR, "max_length": LONGEST}}
        self._create(self.info, value, "nothing", 2, {"metric_type": "IP", "index_type": "FLAT"})

    def make_ready(self) -> None:
        """Have the server hold the entries in memory, as searching needs."""
        self.ask("load_collection", self.entries)

    def read_info(self) -> dict[str, str]:
        """The values by name; none where there is no index."""
        if not self.has(self.info):
            return {}
        self.ask("load_collection", self.info)
        options = {"output_fields": ["id", "value"], "limit": 1000, "consistency_level": "Strong"}
        return {row["id"]: row["value"] for row in self.ask("query", self.info, filter='id != ""', **options)}

    def write_info(self, name: str, value: str) -> None:
        """Keep a value by name.

        Raises:
            IndexStoreError: when it is longer than Milvus takes.
        """
        if len(value.encode()) > LONGEST:
            raise IndexStoreError(
                f"Milvus keeps texts of at most {LONGEST} bytes, but {name!r} has {len(value.encode())}. "
                "Keep a shorter value with the index."
            )
        self.ask("upsert", self.info, [{"id": name, "value": value, "nothing": [0.0, 1.0]}])

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _create(
        self, name: str, fields: Mapping[str, Mapping[str, Any]], vector: str, width: int, index: Mapping[str, Any]
    ) -> None:
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", self._kinds.VARCHAR, is_primary=True, max_length=512)
        for field, options in fields.items():
            schema.add_field(field, **options)
        schema.add_field(vector, self._kinds.FLOAT_VECTOR, dim=width)
        indices = self._client.prepare_index_params()
        indices.add_index(vector, **index)
        if not self.has(name):
            self.ask("create_collection", name, schema=schema, consistency_level="Strong")
        if not self.ask("list_indexes", name):  # of a process that died in between
            self.ask("create_index", name, indices)
        self.ask("load_collection", name)

    def _next(self, iterator: Any) -> Any:
        try:
            return iterator.next()
        except Exception as error:
            raise self._explained(error) from error

    def _explained(self, error: Exception) -> IndexStoreError:
        why = (str(getattr(error, "message", "")) or str(error) or type(error).__name__).splitlines()[0]
        advice = (
            "Check that the path is one of Milvus Lite and no other process has it open."
            if self.address.local
            else "Check the URL, that the server runs, and the token in $BABELREEL_MILVUS_TOKEN where it wants one."
        )
        return IndexStoreError(f"Milvus at {self.address} could not do that: {why}. {advice}")


def quoted(text: str) -> str:
    """A text in an expression of Milvus, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _without_password(url: str) -> str:
    return re.sub(r"//[^@/]*@", "//...@", url)
