"""corrections.py: each equals its formula on the whole matrix, in any blocks and any order, and ties stay ties."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import babelreel
from babelreel import ranking, scoring
from babelreel.corrections import KINDS, Correction, correct
from babelreel.encoders.small import write_small_clip
from babelreel.errors import CorpusError, ScoreError
from babelreel.evaluate import Header, evaluate
from babelreel.ranking import rank
from babelreel.types import Caption, Corpus, MediaItem, Representation

ROUNDING = 1e-4  # a share of a softmax that float32 scores over a temperature of 0.02 leave open
HEADER = Header("model", "f00d", "corpus", "test", 0, "c0ffee")


def dense(kind: str, scores: np.ndarray, bank: np.ndarray, temperature: float) -> np.ndarray:
    """The formulas as the papers print them, products and quotients of exponentials, in float64."""
    powers, seen = np.exp(scores / temperature), np.exp(bank / temperature)
    over_queries = powers / powers.sum(0)
    if kind == "inverted-softmax":
        return over_queries
    if kind == "dual-softmax":
        return over_queries * (powers / powers.sum(1, keepdims=True))
    out = scores.copy()
    hubs = {int(row.argmax()) for row in bank}
    for query, row in enumerate(scores):
        if int(row.argmax()) in hubs:
            out[query] = powers[query] / seen.sum(0)
    return out


def case(seed: int, queries: int = 12, candidates: int = 9, bank: int = 15) -> tuple[Representation, ...]:
    generator = torch.Generator().manual_seed(seed)
    sizes = (queries, candidates, bank)
    return tuple(
        Representation(torch.nn.functional.normalize(torch.randn(n, 6, generator=generator), dim=-1)) for n in sizes
    )


def ranked(
    kind: str, parts: tuple[Representation, ...], relevant: list[list[int]], temperature: float, rows: int = 64
) -> list[int]:
    """Ranks of corrected scores, `rows` queries at a time."""
    queries, candidates, bank = parts
    correction = Correction(kind, temperature, {"en": bank}, "train")  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "BLOCK_BYTES", 1)
        patch.setattr(ranking, "BLOCK_ROWS", rows)
        adjust = correction.adjust(scoring.dot, queries, candidates, "en")
        return rank(scoring.dot, queries, candidates, relevant, adjust=adjust).tolist()


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 999), rows=st.sampled_from([1, 5, 64]), temperature=st.sampled_from([0.02, 0.3]))
@settings(max_examples=40, deadline=None)
def test_ranks_are_those_of_the_formula(kind: str, seed: int, rows: int, temperature: float) -> None:
    parts = case(seed)
    queries, candidates, bank = (part.pooled.double().numpy() for part in parts)  # type: ignore[union-attr]
    corrected = dense(kind, queries @ candidates.T, bank @ candidates.T, temperature)
    relevant = [[int(n)] for n in np.random.default_rng(seed).integers(0, 9, 12)]
    own = np.take_along_axis(corrected, np.array(relevant), 1)
    best, worst = (1 + (corrected > own).sum(1), (corrected > own - ROUNDING * abs(own)).sum(1))
    found = np.array(ranked(kind, parts, relevant, temperature, rows))
    assert (best <= found).all()
    assert (found <= worst).all()
    assert (best == worst).mean() >= 0.75  # near 1 a softmax cannot be told apart, elsewhere it is


def test_a_hub_is_held_down_by_hand() -> None:
    """The third item is nearest to all; each correction gives the first two queries their own."""
    scores = torch.tensor([[0.5, 0.1, 0.6], [0.1, 0.5, 0.6], [0.1, 0.1, 0.6]])
    queries, candidates = Representation(torch.eye(3)), Representation(scores.T.contiguous())
    relevant = [[0], [1], [2]]
    assert rank(scoring.dot, queries, candidates, relevant).tolist() == [2, 2, 1]
    for kind in KINDS:
        assert ranked(kind, (queries, candidates, queries), relevant, 0.1) == [1, 1, 1], kind
    # A bank whose queries find other items knows no hub: nothing is corrected.
    elsewhere = Representation(torch.linalg.solve(scores, torch.tensor([[1.0, 0.2, 0.1], [0.1, 1.0, 0.2]]), left=False))
    assert ranked("querybank", (queries, candidates, elsewhere), relevant, 0.1) == [2, 2, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_order_changes_nothing(kind: str) -> None:
    parts = case(3)
    order = np.random.default_rng(0).permutation(9)
    place = np.argsort(order)
    relevant = [[n % 9] for n in range(12)]
    moved = (parts[0], parts[1][torch.from_numpy(order)], parts[2])
    assert ranked(kind, parts, relevant, 0.05) == ranked(kind, moved, [[int(place[r[0]])] for r in relevant], 0.05)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [1.0, 30.0])
def test_a_collapsed_tower_finds_no_more_than_without(kind: str, length: float) -> None:
    """Rounding parts equal scores, of texts above all: what is left after the correction is near 0 for all."""
    generator = torch.Generator().manual_seed(0)
    vectors = length * torch.nn.functional.normalize(torch.randn(124, 65, generator=generator), dim=-1)
    one = vectors[:1].repeat(93, 1)
    items = tuple(MediaItem(f"i{n}", f"{n}.x", "video", captions=(Caption("x", "en"),) * 3) for n in range(31))
    for texts, media in ((one, vectors[93:]), (vectors[:93], one[:31])):
        correction = Correction(kind, 0.05, {"en": Representation(texts)}, "train")  # type: ignore[arg-type]
        result = evaluate(
            scoring.dot, Corpus("c", Path(), items), Representation(texts), Representation(media),
            [i.id for i in items], HEADER, None, correction,
        )  # fmt: skip
        found = result.ranks["en", "t2v"].ranks
        if kind == "dual-softmax" and texts is one:  # the product still holds the score: the one text finds one item
            assert sorted(set(found)) == list(range(1, 32))
        else:
            assert (found == 31).all()


def test_both_directions_are_corrected_and_failed_media_stay_in_the_count() -> None:
    parts = case(5, queries=8, candidates=8)
    items = tuple(MediaItem(f"i{n}", f"{n}.x", "image", captions=(Caption("x", "en"),)) for n in range(8))
    corpus, kept = Corpus("c", Path(), items), [0, 1, 3, 4, 5, 6, 7]
    texts, media = parts[0], parts[1][kept]
    scores = scoring.dot(texts, media).double().numpy()
    for kind in ("dual-softmax", "inverted-softmax"):
        result = evaluate(
            scoring.dot, corpus, texts, media, [f"i{n}" for n in kept], HEADER, None, Correction(kind, 0.1)
        )
        assert result.header.correction == f"{kind} (temperature 0.1)"
        for way, matrix in (("t2i", scores), ("i2t", scores.T)):
            corrected = dense(kind, matrix, matrix, 0.1)
            own = [(q, c) if way == "t2i" else (c, q) for c, q in enumerate(kept)]
            expected = {q if way == "t2i" else kept[q]: 1 + int((corrected[q] > corrected[q, c]).sum()) for q, c in own}
            expected[2] = 9
            assert result.ranks["en", way].ranks.tolist() == [expected[n] for n in range(8)]  # type: ignore[index]


def test_a_bank_corrects_text_to_media_alone_and_must_speak_the_language() -> None:
    parts = case(6, queries=9)
    items = tuple(MediaItem(f"i{n}", f"{n}.x", "image", captions=(Caption("x", "en"),)) for n in range(9))
    corpus, ids = Corpus("c", Path(), items), [f"i{n}" for n in range(9)]
    bank = Correction("querybank", 0.05, {"en": parts[2]}, "train")
    result = evaluate(scoring.dot, corpus, parts[0], parts[1], ids, HEADER, None, bank)
    assert [row.direction for row in result.rows] == ["t2i"]
    assert result.header.correction == "querybank (temperature 0.05, 15 queries of train)"
    assert result.summaries() == {}
    with pytest.raises(ScoreError, match="bank of train has no query in en; it has de"):
        evaluate(scoring.dot, corpus, parts[0], parts[1], ids, HEADER, None, replace(bank, bank={"de": parts[2]}))


def test_what_does_not_fit() -> None:
    with pytest.raises(ScoreError, match="no correction 'csls'"):
        Correction("csls")  # type: ignore[arg-type]
    for temperature in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ScoreError, match="must be above 0"):
            Correction("dual-softmax", temperature)
    parts = case(0)
    parts[1].pooled[4, 0] = float("nan")  # type: ignore[index]
    with pytest.raises(ScoreError, match="not finite"):
        ranked("inverted-softmax", parts, [[0]] * 12, 0.05)


def test_a_bank_is_the_captions_of_another_split(tmp_path: Path) -> None:
    model = babelreel.load(write_small_clip(tmp_path, ["one two three four eins zwei"], width=32, image_size=32))
    items = tuple(
        MediaItem(f"{split}{n}", f"{split}{n}.x", "image", split=split, captions=(Caption(en, "en"), Caption(de, "de")))
        for split in ("train", "test")
        for n, (en, de) in enumerate([("one", "eins"), ("two", "zwei")])
    )
    corpus = Corpus("c", tmp_path, items)
    assert correct(None, None, model, corpus, "train", "test") is None
    assert correct("dual-softmax", 0.01, model, corpus, "train", None) == Correction("dual-softmax", 0.01)
    bank = correct("querybank", None, model, corpus, "train", "test")
    assert bank is not None
    assert torch.equal(bank.bank["de"].pooled, model.encode_text(["eins", "zwei"], "de").pooled)  # type: ignore[arg-type]
    assert str(bank) == "querybank (temperature 0.05, 4 queries of train)"
    for tested in (None, "train"):
        with pytest.raises(ScoreError, match="test on a split that is not 'train'"):
            correct("querybank", None, model, corpus, "train", tested)
    with pytest.raises(CorpusError, match="no split 'extra'"):
        correct("querybank", None, model, corpus, "extra", "test")
    with pytest.raises(ScoreError, match="A temperature belongs to a correction"):
        correct(None, 0.1, model, corpus, "train", "test")
