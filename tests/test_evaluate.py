"""evaluate.py and report.py: the protocol counts every query, failed media too, and a table reads back without loss."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import babelreel
from babelreel import scoring
from babelreel.encoders.small import write_small_clip
from babelreel.errors import CorpusError
from babelreel.evaluate import Evaluation, Header, breakdown, commit, evaluate, evaluate_model
from babelreel.metrics import measure
from babelreel.report import from_json, plot_recall, to_json, to_markdown, to_text
from babelreel.types import Caption, Corpus, MediaItem, Representation

HEADER = Header("model", "f00d", "corpus", "test", 0, "c0ffee")


def corpus(kind: str = "image") -> Corpus:
    """Four items: en for all (two captions for the first), de for two, one item without any caption."""
    captions = [
        [("one", "en"), ("eins", "de"), ("first", "en")],
        [("two", "en")],
        [("drei", "de"), ("three", "en")],
        [("four", "en")],
        [],
    ]
    items = tuple(
        MediaItem(
            f"i{n}",
            f"{n}.x",
            kind,
            captions=tuple(Caption(t, lang) for t, lang in own),
            tags={"parity": ["e", "o", "e,x"][n % 3]},
        )  # type: ignore[arg-type]
        for n, own in enumerate(captions)
    )
    return Corpus("c", Path(), items)


def one_hot(positions: list[int]) -> Representation:
    return Representation(torch.eye(5)[positions])


def perfect(found: Corpus, kept: list[int]) -> Evaluation:
    texts = one_hot([n for n, item in enumerate(found.items) for _ in item.captions])
    return evaluate(scoring.dot, found, texts, one_hot(kept), [found.items[n].id for n in kept], HEADER)


def test_queries_and_candidates_of_each_language() -> None:
    result = perfect(corpus(), [0, 1, 2, 3, 4])
    counts = {(r.lang, r.direction): (r.queries, r.candidates) for r in result.rows}
    assert counts == {("en", "t2i"): (5, 4), ("en", "i2t"): (4, 5), ("de", "t2i"): (2, 2), ("de", "i2t"): (2, 2)}
    for row in result.rows:
        assert row.measures["R@1"] == 100
        assert row.measures["MdR"] == 1
    assert result.summaries() == {"de": (600.0, 100.0), "en": (600.0, 100.0)}
    assert result.ranks["en", "t2i"].query_ids == ("i0#0", "i0#2", "i1#0", "i2#1", "i3#0")
    assert result.ranks["en", "t2i"].groups.tolist() == [0, 0, 1, 2, 3]


def test_videos_are_named_so() -> None:
    assert {r.direction for r in perfect(corpus("video"), [0, 1, 2, 3]).rows} == {"t2v", "v2t"}


def test_a_failed_item_fails_its_queries_and_stays_in_the_count() -> None:
    result = perfect(corpus(), [1, 2, 3])  # item 0 could not be read
    text_to_image, image_to_text = result.row("en", "t2i"), result.row("en", "i2t")
    assert (text_to_image.queries, text_to_image.candidates) == (5, 4)
    assert text_to_image.measures["R@1"] == pytest.approx(60)
    assert result.ranks["en", "t2i"].ranks.tolist() == [5, 5, 1, 1, 1]
    assert image_to_text.measures["R@1"] == pytest.approx(75)
    assert result.ranks["en", "i2t"].ranks.tolist() == [6, 1, 1, 1]


def test_order_of_media_changes_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    found = corpus()
    texts = Representation(torch.randn(7, 8, generator=generator))
    media = Representation(torch.randn(5, 8, generator=generator))
    ids = [item.id for item in found.items]
    order = [3, 0, 4, 2, 1]
    one = evaluate(scoring.dot, found, texts, media, ids, HEADER)
    two = evaluate(scoring.dot, found, texts, media[order], [ids[n] for n in order], HEADER)
    assert one.rows == two.rows
    scores = scoring.dot(texts, media)
    english = [0, 2, 3, 5, 6]
    expected = [
        1 + int((scores[q, [0, 1, 2, 3]] > scores[q, i]).sum()) for q, i in zip(english, [0, 0, 1, 2, 3], strict=True)
    ]
    assert one.ranks["en", "t2i"].ranks.tolist() == expected


def test_a_breakdown_parts_the_queries() -> None:
    found = corpus()
    result = perfect(found, [1, 2, 3])
    parts = breakdown(result, found, "parity", "en", "t2i")
    assert {value: len(part) for value, part in parts.items()} == {"e": 4, "o": 1, "x": 1}  # item 2 stands under both
    assert measure(parts["o"])["R@1"] == 100
    assert measure(parts["e"])["R@1"] == pytest.approx(50)
    assert set(breakdown(result, found, "no such tag", "en", "t2i")) == {"-"}


def test_read_back_without_loss_and_percent() -> None:
    result = perfect(corpus(), [1, 2, 3])
    result = replace(result, failures={"i0": "gone"})
    text = to_json(result)
    assert from_json(text) == result
    content = json.loads(text)
    row = next(r for r in content["rows"] if (r["lang"], r["direction"]) == ("en", "t2i"))
    assert row["R@1"] == pytest.approx(60)
    assert row["ci95"]["R@1"][0] <= 60 <= row["ci95"]["R@1"][1]
    assert content["header"]["fingerprint"] == "f00d"
    with pytest.raises(CorpusError, match="not the JSON of an evaluation"):
        from_json("{}")


def test_tables_say_what_they_count() -> None:
    result = perfect(corpus(), [1, 2, 3])
    for text in (to_text(result), to_markdown(result)):
        for part in ("f00d", "c0ffee", "test", "t2i", "i2t", "60.0", "mean", "SumR / mAR", "seed 0"):
            assert part in text
        assert "not above chance" not in text


def test_chance_level_is_said() -> None:
    generator = torch.Generator().manual_seed(1)
    items = tuple(MediaItem(f"i{n}", f"{n}.x", "video", captions=(Caption("x", "en"),)) for n in range(200))
    texts, media = (Representation(torch.randn(200, 4, generator=generator)) for _ in range(2))
    result = evaluate(scoring.dot, Corpus("c", Path(), items), texts, media, [i.id for i in items], HEADER)
    assert result.row("en", "t2v").chance["R@1"] == pytest.approx(0.5)
    assert "not above chance" in to_text(result)


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_a_plot_is_drawn(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"plot{suffix}"
    plot_recall(perfect(corpus(), [1, 2, 3]), path)
    if suffix == ".png":
        assert np.asarray(Image.open(path).convert("L")).std() > 10
    else:
        assert "R@1" in path.read_text() or "<path" in path.read_text()


def test_a_model_on_files(tmp_path: Path) -> None:
    model = babelreel.load(write_small_clip(tmp_path / "model", ["one two three four"], width=32, image_size=32))
    for n in (1, 2, 3, 4):
        Image.new("RGB", (40, 40), (60 * n, 255 - 60 * n, 0)).save(tmp_path / f"{n}.x", "PNG")
    found = replace(corpus(), media_root=tmp_path)
    result = evaluate_model(model, found, split="s", cache=tmp_path / "cache")
    assert list(result.failures) == ["i0"]
    assert result.header.failed == 1
    assert (result.header.model, result.header.fingerprint) == (model.source, model.fingerprint)
    assert result.row("en", "t2i").queries == 5
    with pytest.raises(CorpusError, match="no captions here"):
        evaluate_model(model, replace(found, items=found.items[4:]))
    with pytest.raises(CorpusError, match="None of the 1 items could be read"):
        evaluate_model(model, replace(found, items=found.items[:1]), cache=tmp_path / "cache")


def test_the_commit_is_named() -> None:
    assert len(commit()) >= 5
