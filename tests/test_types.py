"""types.py: the words validate themselves, and a corpus selects without losing items."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from babelreel.errors import CorpusError
from babelreel.types import Caption, Corpus, MediaItem, Ranks, Representation


@pytest.mark.parametrize(
    ("text", "lang", "origin"),
    [("", "en", "human"), ("  ", "en", "human"), ("a", "english", "human"), ("a", "", "human"), ("a", "en", "guessed"),
     (3, "en", "human"), ("a", "e n", "human")],
)  # fmt: skip
def test_a_caption_refuses_what_is_not_one(text: str, lang: str, origin: str) -> None:
    with pytest.raises(CorpusError):
        Caption(text, lang, origin)


@pytest.mark.parametrize("lang", ["en", "pt-BR", "zh-Hans", "zh-Hant-TW", "quz", "sr-Latn"])
def test_bcp47_codes(lang: str) -> None:
    assert Caption("a", lang).lang == lang


@pytest.mark.parametrize(
    "fields",
    [
        {"id": ""},
        {"path": ""},
        {"path": "/etc/passwd"},
        {"path": "../up.mp4"},
        {"path": "a/../../b.mp4"},
        {"path": "a\0b"},
        {"kind": "audio"},
        {"start": -1.0},
        {"start": float("nan")},
        {"start": float("inf")},
        {"start": True},
        {"end": 0},
        {"start": 3.0, "end": 2.0},
        {"kind": "image", "start": 1.0},
    ],
)
def test_an_item_refuses_what_is_not_one(fields: dict[str, object]) -> None:
    with pytest.raises(CorpusError):
        MediaItem(**({"id": "a", "path": "a.mp4", "kind": "video"} | fields))  # type: ignore[arg-type]


def _corpus() -> Corpus:
    both = (Caption("a dog", "en"), Caption("ein Hund", "de"))
    items = (
        MediaItem("1", "1.mp4", "video", split="train", captions=both),
        MediaItem("2", "2.mp4", "video", split="test", captions=both[:1]),
        MediaItem("3", "3.mp4", "video", split="test"),
    )
    return Corpus("c", Path("root"), items)


def test_select_keeps_items_without_captions() -> None:
    corpus = _corpus()
    assert corpus.splits == ("test", "train")
    assert corpus.langs == ("de", "en")
    chosen = corpus.select("test", ["en"])
    assert [(i.id, len(i.captions)) for i in chosen.items] == [("2", 1), ("3", 0)]
    assert corpus.path(corpus.items[0]) == Path("root/1.mp4")
    with pytest.raises(CorpusError, match="It has: 'test', 'train'"):
        corpus.select("val")
    with pytest.raises(CorpusError, match="no captions in sw"):
        corpus.select(None, ["en", "sw"])


def test_ids_are_unique() -> None:
    item = MediaItem("1", "1.mp4", "video")
    with pytest.raises(CorpusError, match="the id '1' twice"):
        Corpus("c", Path(), (item, item))


def test_representations_check_their_shapes() -> None:
    tokens, mask = torch.zeros(2, 3, 4), torch.ones(2, 3, dtype=torch.bool)
    rows = Representation(torch.arange(8.0).reshape(2, 4), tokens, mask, torch.zeros(2, 3))
    assert len(rows) == 2
    assert rows[[1]].pooled.tolist() == [[4.0, 5.0, 6.0, 7.0]]  # type: ignore[union-attr]
    assert set(rows[0:1].fields()) == {"pooled", "tokens", "mask", "times"}
    for wrong in (
        {},
        {"pooled": torch.zeros(3)},
        {"tokens": tokens},
        {"tokens": tokens, "mask": mask[:, :2]},
        {"pooled": torch.zeros(3, 4), "tokens": tokens, "mask": mask},
        {"pooled": torch.zeros(3, 4), "times": torch.zeros(3, 2)},
    ):
        with pytest.raises(ValueError, match=r"."):
            Representation(**wrong)


def test_ranks_start_at_one_and_match_their_queries() -> None:
    with pytest.raises(ValueError, match="start at 1"):
        Ranks("en", "t2v", ("q",), np.array([0]), np.array([0]), 3)
    with pytest.raises(ValueError, match="one entry a query"):
        Ranks("en", "t2v", ("q", "r"), np.array([1]), np.array([0]), 3)


def test_captions_are_numbered_within_their_language() -> None:
    """Leaving a language out renames no caption of the others."""
    langs = ("en", "de", "en", "pt-BR", "de")
    item = MediaItem("a#1", "a.png", "image", captions=tuple(Caption(f"{n}", lang) for n, lang in enumerate(langs)))
    assert item.caption_ids == ("a#1#en.0", "a#1#de.0", "a#1#en.1", "a#1#pt-BR.0", "a#1#de.1")
    (german,) = Corpus("c", Path(), (item,)).select(langs=["de"]).items
    assert german.caption_ids == ("a#1#de.0", "a#1#de.1")
    named = dict(zip(item.caption_ids, item.captions, strict=True))
    assert [named[i] for i in german.caption_ids] == list(german.captions)
