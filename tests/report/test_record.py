"""report/record.py: the JSON of an evaluation reads back without loss, ranks included, and holds what tools read."""

from __future__ import annotations

import json

import numpy as np
import pytest
from random_evaluations import evaluation

from babelreel.errors import CorpusError
from babelreel.metrics import MEASURES, paired
from babelreel.report import from_json, to_json, to_text


def test_json_reads_back_without_loss() -> None:
    result = evaluation(failed=3)
    assert result.failures["i0"] == "gone"
    text = to_json(result)
    assert from_json(text) == result
    assert to_json(from_json(text)) == text
    assert to_text(from_json(text)) == to_text(result)


def test_json_has_the_fields_that_other_tools_read() -> None:
    result = evaluation(failed=3)
    content = json.loads(to_json(result))
    assert content["header"].items() >= {
        "model": "some/model", "fingerprint": "f00d", "corpus": "corpus", "split": "test", "seed": 7,
        "commit": "c0ffee", "failed": 3,
    }.items()  # fmt: skip
    assert len(content["rows"]) == 6
    for record in content["rows"]:
        row = result.row(record["lang"], record["direction"])
        assert (record["queries"], record["candidates"]) == (40, 40)
        assert {m: record[m] for m in MEASURES} == row.measures
        assert record["R@1"] == pytest.approx(100 * (result.ranks[row.lang, row.direction].ranks == 1).mean())
        assert {m: tuple(record["ci95"][m]) for m in MEASURES} == row.ci95
    assert content["summary"]["de"]["mAR"] == pytest.approx(content["summary"]["de"]["SumR"] / 6)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"header": {}, "rows": [], "failures": {}}',
     '{"header": 1, "rows": [1], "failures": {}}'],
)  # fmt: skip
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(CorpusError, match="not the JSON of an evaluation"):
        from_json(text)


def test_damaged_rows_are_refused() -> None:
    for damage in ([], {"R@1": []}, {"R@1": None}):
        content = json.loads(to_json(evaluation(items=5)))
        content["rows"][0]["ci95"] = damage
        with pytest.raises(CorpusError, match="not the JSON of an evaluation"):
            from_json(json.dumps(content))


def test_ranks_come_back_so_that_tests_can_be_made_from_files() -> None:
    one, two = evaluation(failed=3, captions=2), evaluation(captions=2, noise=2.0)
    text = to_json(one)
    again, other = from_json(text), from_json(to_json(two))
    assert list(again.ranks) == list(one.ranks)
    for key, ranks in one.ranks.items():
        back = again.ranks[key]
        assert (back.lang, back.direction, back.candidates) == (*key, ranks.candidates)
        assert back.query_ids == ranks.query_ids
        for name in ("ranks", "groups"):
            assert np.array_equal(getattr(back, name), getattr(ranks, name))
            assert getattr(back, name).dtype == np.int64
        assert paired(back, other.ranks[key], draws=50) == paired(ranks, two.ranks[key], draws=50)
    assert len(text.splitlines()) < 400  # a line a table of ranks


def test_a_file_of_before_the_ranks_is_read() -> None:
    content = json.loads(to_json(evaluation()))
    del content["ranks"]
    assert from_json(json.dumps(content)).ranks == {}


def test_what_the_header_may_not_hold_is_named() -> None:
    content = json.loads(to_json(evaluation()))
    content["header"]["comit"] = content["header"].pop("commit")
    with pytest.raises(CorpusError, match="comit: unknown key; did you mean 'commit'"):
        from_json(json.dumps(content))


def test_damaged_ranks_are_refused() -> None:
    content = json.loads(to_json(evaluation()))
    content["ranks"][0]["ranks"].pop()
    with pytest.raises(CorpusError, match="one entry a query"):
        from_json(json.dumps(content))
