"""recipes/clips.jsonl: one sentence in seven languages for each real clip of the development data, in its own words."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from babelreel.corpora.manifest import read_manifest
from babelreel.types import Corpus

MANIFEST = Path(__file__).resolve().parents[2] / "recipes" / "clips.jsonl"
# What a language's letters fit in: gb2312 has simplified characters alone, iso8859-6 Arabic, iso8859-2 Czech.
CODECS = {
    "en": "ascii",
    "zh": "gb2312",
    "ar": "iso8859-6",
    "pt": "latin-1",
    "de": "latin-1",
    "fr": "cp1252",
    "cs": "iso8859-2",
}
LETTERS = {"zh": "[一-鿿]", "ar": "[ء-ي]"}


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return read_manifest(MANIFEST)


@pytest.fixture(scope="module")
def listed(data: Path) -> list[dict]:
    """What the development data says of its clips."""
    return json.loads((data / "clips" / "clips.json").read_text(encoding="utf-8"))


def test_each_clip_has_one_sentence_a_language_all_translations_of_each_other(corpus: Corpus) -> None:
    for item in corpus.items:
        assert (item.kind, item.split) == ("video", "test"), item.id
        assert [caption.lang for caption in item.captions] == list(CODECS), item.id
        assert {caption.group for caption in item.captions} == {"a"}, item.id


def test_no_two_clips_share_a_sentence(corpus: Corpus) -> None:
    count = Counter((caption.lang, caption.text.casefold()) for item in corpus.items for caption in item.captions)
    assert [key for key, times in count.items() if times > 1] == []


def test_sentences_are_written_in_the_script_of_their_language(corpus: Corpus) -> None:
    for item in corpus.items:
        for caption in item.captions:
            assert caption.text == caption.text.strip()
            caption.text.encode(CODECS[caption.lang])  # raises for a letter of another alphabet
            assert len(re.findall(LETTERS.get(caption.lang, "[A-Za-z]"), caption.text)) > 5, caption.text


def test_a_twin_has_its_twin(corpus: Corpus) -> None:
    twins = Counter(item.tags["twin"] for item in corpus.items if "twin" in item.tags)
    assert twins
    assert min(twins.values()) > 1


def test_every_clip_of_the_development_data_is_in_it_once(corpus: Corpus, listed: list[dict], data: Path) -> None:
    assert sorted(item.path for item in corpus.items) == sorted(clip["file"] for clip in listed)
    assert [item.path for item in corpus.items if not (data / "clips" / item.path).is_file()] == []


def test_no_sentence_is_a_caption_or_label_of_the_development_data(corpus: Corpus, listed: list[dict]) -> None:
    taken = {clip["label_en"] for clip in listed}
    taken |= {text for clip in listed for texts in clip["captions"].values() for text in texts}
    taken = {_plain(text) for text in taken}
    assert len(taken) > len(listed)
    assert [c.text for item in corpus.items for c in item.captions if _plain(c.text) in taken] == []


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
