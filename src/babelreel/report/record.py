"""An evaluation as JSON with the ranks behind it: tests, curves and reports can be made from the file alone."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from babelreel.config import from_dict
from babelreel.errors import ConfigError, CorpusError
from babelreel.evaluate import Evaluation, Header, Row
from babelreel.metrics import MEASURES
from babelreel.parity import Disagreement
from babelreel.types import Ranks


def to_json(evaluation: Evaluation) -> str:
    """Header, rows, failures and ranks; recalls in percent. `from_json` reads it back without loss."""
    summary = {lang: {"SumR": total, "mAR": mean} for lang, (total, mean) in evaluation.summaries().items()}
    content: dict[str, Any] = {
        "header": asdict(evaluation.header),
        "rows": [_row_record(row) for row in evaluation.rows],
        "summary": summary,
        "mean_rank_variance": {way: found._asdict() for way, found in evaluation.disagreement.items()},
        "failures": dict(evaluation.failures),
    }
    text = json.dumps(content, indent=1, ensure_ascii=False)
    ranks = ",\n  ".join(json.dumps(_ranks_record(one), ensure_ascii=False) for one in evaluation.ranks.values())
    return f'{text[:-2]},\n "ranks": [\n  {ranks}\n ]\n}}\n'  # a line a table of ranks, not a line a number


def from_json(text: str) -> Evaluation:
    """Read back what `to_json` gave; a file without ranks gives an evaluation without.

    Raises:
        CorpusError: when it is something else.
    """
    try:
        content = json.loads(text)
        header = from_dict(Header, content["header"], "its header")
        rows = tuple(map(_row, content["rows"]))
        apart = {way: Disagreement(**found) for way, found in content.get("mean_rank_variance", {}).items()}
        ranks = {(one.lang, one.direction): one for one in map(_ranks, content.get("ranks", []))}
        return Evaluation(header, rows, content["failures"], apart, ranks)
    except (ConfigError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        told = str(error) if isinstance(error, ConfigError) else repr(error)
        raise CorpusError(
            f"This is not the JSON of an evaluation ({told}). `babelreel eval --json` of this version writes it."
        ) from error


def _row_record(row: Row) -> dict[str, Any]:
    """A row with its measures beside its other fields, as other tools read it."""
    record = asdict(row)
    record |= record.pop("measures")
    return record | {"ci95": {name: list(span) for name, span in row.ci95.items()}}


def _row(record: dict[str, Any]) -> Row:
    measures = {name: record[name] for name in MEASURES}
    spans = {name: (low, high) for name, (low, high) in record["ci95"].items()}
    rest = {field.name: record[field.name] for field in fields(Row) if field.name in record}
    return Row(**rest | {"measures": measures, "ci95": spans})


def _ranks_record(ranks: Ranks) -> dict[str, Any]:
    lists = {"query_ids": list(ranks.query_ids), "ranks": ranks.ranks.tolist(), "groups": ranks.groups.tolist()}
    return {"lang": ranks.lang, "direction": ranks.direction, "candidates": ranks.candidates, **lists}


def _ranks(record: dict[str, Any]) -> Ranks:
    numbers = {name: np.array(record[name], np.int64) for name in ("ranks", "groups")}
    return Ranks(**record | numbers | {"query_ids": tuple(record["query_ids"])})
