"""protocol/queries.py: every caption, the first few, or all of a video in the order of time, language by language."""

from __future__ import annotations

from pathlib import Path

import pytest

from babelreel.errors import CorpusError
from babelreel.protocol.queries import ask, first_captions, paragraphs
from babelreel.types import Caption, Corpus, MediaItem


def item(id: str, path: str, *captions: Caption, start: float | None = None, end: float | None = None) -> MediaItem:
    return MediaItem(id, path, "video", start, end, "test", captions)


def said(found: MediaItem) -> list[tuple[str, str]]:
    return [(caption.lang, caption.text) for caption in found.captions]


def test_spans_of_a_file_become_its_paragraph_in_the_order_of_time() -> None:
    corpus = Corpus(
        "c", Path(),
        (
            item("late", "a.mp4", Caption("Then it swims.", "en"), Caption("Dann schwimmt er.", "de"), start=5, end=9),
            item("b", "b.mp4", Caption(" A cat. ", "en"), Caption("It sleeps.", "en")),
            item("long", "a.mp4", Caption("All the while people watch.", "en"), start=0),
            item("early", "a.mp4", Caption("Ein Hund springt.", "de"), Caption("A dog jumps.", "en"), start=0, end=5),
        ),
    )  # fmt: skip
    whole, other = paragraphs(corpus).items
    assert (whole.id, whole.path, whole.start, whole.end, whole.split) == ("a.mp4#test", "a.mp4", None, None, "test")
    assert sorted(said(whole)) == [
        ("de", "Ein Hund springt. Dann schwimmt er."),
        ("en", "A dog jumps. All the while people watch. Then it swims."),
    ]
    assert (other.id, said(other)) == ("b", [("en", "A cat. It sleeps.")])
    assert paragraphs(paragraphs(corpus)) == paragraphs(corpus)


def test_a_single_span_stays_one_and_splits_stay_apart() -> None:
    corpus = Corpus("c", Path(), (
        item("a", "a.mp4", Caption("x", "en"), start=1.0, end=2.0),
        MediaItem("b", "b.mp4", "video", 0.0, 1.0, "train", (Caption("y", "en"),)),
        MediaItem("c", "b.mp4", "video", 1.0, 2.0, "val", (Caption("z", "en"),)),
        item("silent", "s.mp4"),
    ))  # fmt: skip
    assert paragraphs(corpus) == corpus


def test_paragraphs_of_translations_translate_each_other_and_origins_are_not_improved() -> None:
    first = [Caption("A dog.", "en", "human", "0"), Caption("Un chien.", "fr", "translated", "0")]
    second = [Caption("It runs.", "en", "human", "1"), Caption("Il court.", "fr", "human", "1"),
              Caption("Hund.", "de", "human", "0"), Caption("Er läuft.", "de")]  # fmt: skip
    (found,) = paragraphs(Corpus("c", Path(), (item("a", "a.mp4", *first, *second),))).items
    groups = {caption.lang: (caption.group, caption.origin) for caption in found.captions}
    assert groups == {"en": ("0 1", "human"), "fr": ("0 1", "translated"), "de": ("", "human")}


def test_the_first_captions_of_each_language() -> None:
    captions = [Caption(text, lang) for text, lang in (("1", "en"), ("eins", "de"), ("2", "en"), ("1", "en"))]
    corpus = Corpus("c", Path(), (item("a", "a.mp4", *captions), item("b", "b.mp4")))
    assert said(first_captions(corpus, 2).items[0]) == [("en", "1"), ("de", "eins"), ("en", "2")]
    assert said(first_captions(corpus, 1).items[0]) == [("en", "1"), ("de", "eins")]
    assert len(first_captions(corpus, 1)) == 2


def test_asking_names_what_differs_from_the_default() -> None:
    corpus = Corpus("c", Path(), (item("a", "a.mp4", Caption("x", "en"), Caption("y", "en")),))
    assert ask(corpus) == (corpus, "")
    assert ask(corpus, captions=1) == (first_captions(corpus, 1), "the first 1 of an item's captions")
    assert ask(corpus, "paragraph") == (paragraphs(corpus), "paragraphs")
    with pytest.raises(CorpusError, match=r"no protocol 'moments'\. There are: caption, paragraph"):
        ask(corpus, "moments")
    with pytest.raises(CorpusError, match="At least one caption"):
        ask(corpus, captions=0)
    with pytest.raises(CorpusError, match="leave out the number"):
        ask(corpus, "paragraph", 2)
