"""evaluate.py: every caption and every item of a language is a query, failed media too, and each row says how many."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import babelreel
from babelreel import scoring
from babelreel.encoders.small import write_small_clip
from babelreel.errors import CorpusError, ScoreError
from babelreel.evaluate import Evaluation, Header, breakdown, evaluate, evaluate_model
from babelreel.metrics import measure
from babelreel.protocol.conditions import commit
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
    assert result.ranks["en", "t2i"].query_ids == ("i0#en.0", "i0#en.1", "i1#en.0", "i2#en.0", "i3#en.0")
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


def test_a_breakdown_is_by_the_items_names_not_their_places() -> None:
    found = corpus()
    silent = MediaItem("silent", "s.x", "image", tags={"parity": "wrong"})
    result = perfect(found, [1, 2, 3])
    wider = replace(found, items=(silent, *found.items[::-1]))  # such as before items without captions were left out
    for direction, key in (("t2i", ("en", "t2i")), ("i2t", ("en", "i2t"))):
        one, two = (breakdown(result, c, "parity", "en", direction) for c in (found, wider))  # type: ignore[arg-type]
        assert {v: r.query_ids for v, r in one.items()} == {v: r.query_ids for v, r in two.items()}
        assert {q for part in one.values() for q in part.query_ids} == set(result.ranks[key].query_ids)  # type: ignore[index]
    with pytest.raises(CorpusError, match="no item 'i0'"):
        breakdown(result, replace(found, items=found.items[1:]), "parity", "en", "t2i")
    with pytest.raises(ScoreError, match=r"'fr' was not measured.*de t2i"):
        breakdown(result, found, "parity", "fr", "t2i")


def test_a_row_that_was_not_measured() -> None:
    with pytest.raises(ScoreError, match="'en' was not measured in the direction 't2v'"):
        perfect(corpus(), [0]).row("en", "t2v")


def test_a_mixed_corpus_has_the_directions_of_video() -> None:
    found = corpus()
    found = replace(found, items=(*found.items[:3], replace(found.items[3], kind="video"), found.items[4]))
    assert {(r.lang, r.direction) for r in perfect(found, [0, 1, 2, 3]).rows} == {
        ("de", "t2v"), ("de", "v2t"), ("en", "t2v"), ("en", "v2t"),
    }  # fmt: skip


def test_a_language_none_of_whose_items_could_be_read() -> None:
    result = perfect(corpus(), [1, 3])
    assert result.header.failed == 2
    assert result.failures == {item: "it has no representation" for item in ("i0", "i2")}
    for direction in ("t2i", "i2t"):
        assert result.ranks["de", direction].ranks.tolist() == [3, 3]  # type: ignore[index]
        assert result.row("de", direction).measures["R@1"] == 0  # type: ignore[arg-type]


def test_the_failed_are_counted_and_named_with_the_reason() -> None:
    found = corpus()
    texts = one_hot([n for n, item in enumerate(found.items) for _ in item.captions])
    result = evaluate(
        scoring.dot, found, texts, one_hot([1, 2, 4]), ["i1", "i2", "elsewhere"], HEADER, {"i0": "gone", "i9": "?"}
    )
    assert result.header.failed == 2
    assert result.failures == {"i0": "gone", "i3": "it has no representation"}


def test_what_does_not_fit() -> None:
    found = corpus()
    texts = one_hot([n for n, item in enumerate(found.items) for _ in item.captions])
    with pytest.raises(ScoreError, match="has 7 captions, but 6 texts"):
        evaluate(scoring.dot, found, texts[:6], one_hot([0]), ["i0"], HEADER)
    with pytest.raises(ScoreError, match="2 media came with 1 ids"):
        evaluate(scoring.dot, found, texts, one_hot([0, 1]), ["i0"], HEADER)
    with pytest.raises(ScoreError, match="2 media came with 2 ids, 1 of them different"):
        evaluate(scoring.dot, found, texts, one_hot([0, 1]), ["i0", "i0"], HEADER)
    with pytest.raises(CorpusError, match="no captions here"):
        evaluate(scoring.dot, replace(found, items=found.items[4:]), texts[:0], one_hot([4]), ["i4"], HEADER)
    broken = one_hot([0, 1, 2, 3])
    broken.pooled[2, 0] = float("nan")  # type: ignore[index]
    with pytest.raises(ScoreError, match=r"for query 'i0#de\.0' and candidate 'i2'"):  # de is measured first
        evaluate(scoring.dot, found, texts, broken, ["i0", "i1", "i2", "i3"], HEADER)


def test_collapsed_towers_find_nothing() -> None:
    items = tuple(MediaItem(f"i{n}", f"{n}.x", "video", captions=(Caption("x", "en"),) * 3) for n in range(31))
    vectors = torch.nn.functional.normalize(torch.randn(124, 65, generator=torch.Generator().manual_seed(0)), dim=-1)
    own = {"texts": vectors[:93], "media": vectors[93:]}
    for collapsed in (("texts", "media"), ("media",), ("texts",)):
        towers = {n: Representation(v[:1].repeat(len(v), 1) if n in collapsed else v) for n, v in own.items()}
        result = evaluate(
            scoring.dot, Corpus("c", Path(), items), towers["texts"], towers["media"], [i.id for i in items], HEADER
        )
        if "media" in collapsed:
            assert (result.ranks["en", "t2v"].ranks == 31).all()
        if "texts" in collapsed:
            assert (result.ranks["en", "v2t"].ranks == 91).all()  # 90 irrelevant captions before the first of its own


@given(seed=st.integers(0, 2**16))
@settings(max_examples=12, deadline=None)
def test_equals_the_protocol_word_for_word(seed: int) -> None:
    rng = np.random.default_rng(seed)
    own = [rng.choice(["en", "de", "sw"], rng.integers(0, 4)).tolist() for _ in range(8)] + [["en"]]
    items = tuple(
        MediaItem(f"i{n}", f"{n}.x", "image", captions=tuple(Caption("x", lang) for lang in langs))
        for n, langs in enumerate(own)
    )
    captions = [(n, k, lang) for n, langs in enumerate(own) for k, lang in enumerate(langs)]
    texts, media = (torch.from_numpy(rng.integers(-2, 3, (n, 4))).float() for n in (len(captions), 9))
    kept = rng.permutation(9)[: rng.integers(1, 10)].tolist()
    result = evaluate(
        scoring.dot, Corpus("c", Path(), items), Representation(texts), Representation(media[kept]),
        [f"i{n}" for n in kept], HEADER,
    )  # fmt: skip
    scores = texts @ media.T
    for lang in {lang for _, _, lang in captions}:
        queries = [(row, n, k) for row, (n, k, spoken) in enumerate(captions) if spoken == lang]
        candidates = sorted({n for _, n, _ in queries})
        forward, backward = result.ranks[lang, "t2i"], result.ranks[lang, "i2t"]
        assert forward.query_ids == tuple(f"i{n}#{lang}.{own[n][:k].count(lang)}" for _, n, k in queries)
        assert forward.ranks.tolist() == [
            1 + sum(c != n and c in kept and bool(scores[row, c] >= scores[row, n]) for c in candidates)
            if n in kept else len(candidates) + 1
            for row, n, _ in queries
        ]  # fmt: skip
        assert backward.query_ids == tuple(f"i{n}" for n in candidates)
        expected = []
        for c in candidates:
            best = max(float(scores[row, c]) for row, n, _ in queries if n == c)
            ahead = 1 + sum(n != c and float(scores[row, c]) >= best for row, n, _ in queries)
            expected.append(ahead if c in kept else len(queries) + 1)
        assert backward.ranks.tolist() == expected
        assert (forward.candidates, backward.candidates) == (len(candidates), len(queries))


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
    again = evaluate_model(babelreel.load(tmp_path / "model", text=tmp_path / "model"), found, cache=tmp_path / "cache")
    assert again.rows == result.rows
    assert again.header.model == f"{model.source} with the text tower {tmp_path / 'model'}"  # it decides the figures
    with pytest.raises(CorpusError, match="no captions here"):
        evaluate_model(model, replace(found, items=found.items[4:]))
    with pytest.raises(CorpusError, match="None of the 1 items could be read"):
        evaluate_model(model, replace(found, items=found.items[:1]), cache=tmp_path / "cache")


def test_the_commit_is_named() -> None:
    assert len(commit()) >= 5
