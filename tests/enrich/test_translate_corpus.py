"""enrich/translate.py: a corpus gets captions in more languages, each tied to its original, none made twice."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from translators import LEARNED, PARALLEL

from babelreel.corpora.manifest import read_manifest, write_manifest
from babelreel.enrich.journal import Journal
from babelreel.enrich.models import Translator, load_translator
from babelreel.enrich.noise import REASONS, Limits
from babelreel.enrich.translate import Work, translate_corpus
from babelreel.errors import CorpusError, ModelError
from babelreel.types import Caption, Corpus, MediaItem


@pytest.fixture(scope="module")
def translator(learned: Path, converted: Path) -> Translator:
    return load_translator(learned, cache=converted, engine="ctranslate2", beam=1)


@pytest.fixture
def work(translator: Translator, tmp_path: Path) -> Work:
    return Work(translator, Journal(tmp_path / "j.jsonl", translator.fingerprint))


def corpus(*captions: tuple[Caption, ...]) -> Corpus:
    items = tuple(MediaItem(f"i{n}", f"{n}.mp4", "video", captions=own) for n, own in enumerate(captions))
    return Corpus("c", Path("media"), items)


def english(n: int, group: str = "") -> Caption:
    return Caption(LEARNED[n]["en"], "en", group=group)


def test_translations_are_tied_to_their_originals(work: Work, tmp_path: Path) -> None:
    french = Caption("Deux chiens courent dans la neige", "fr")
    given = corpus((english(0), french, english(1, "p")), (english(2, "t0"), english(3)), ())
    done = translate_corpus(given, work, ["de"])
    first, second, third = done.corpus.items
    assert first.captions[:3] == (replace(english(0), group="t0"), french, english(1, "p"))
    made = [(c.text, c.lang, c.origin, c.group) for item in (first, second) for c in item.captions if c.lang == "de"]
    groups = ("t0", "p", "t0", "t1")
    assert made == [(LEARNED[n]["de"], "de", "translated", groups[n]) for n in range(4)]
    assert second.captions[1].group == "t1"  # t0 was taken
    assert third == given.items[2]
    assert (done.dropped, done.corpus.name, done.corpus.media_root) == ([], "c", Path("media"))
    write_manifest(done.corpus, tmp_path / "c.jsonl")
    assert read_manifest(tmp_path / "c.jsonl").items == done.corpus.items


def test_a_translation_tells_where_it_comes_from(work: Work) -> None:
    caption = translate_corpus(corpus((english(0),)), work, ["de"]).corpus.items[0].captions[1]
    expected = {"engine": "ctranslate2", "beam": "1", "from": "en", "fingerprint": work.translator.fingerprint}
    assert caption.made.items() >= expected.items()
    assert caption.made["key"] == work.translator.key(LEARNED[0]["en"], "en", "de")
    assert caption.made["model"] == work.translator.name
    assert caption.made["key"] in work.journal


def test_the_same_caption_is_translated_once(work: Work) -> None:
    given = corpus((english(0), english(0)), (english(0), english(1)))
    done = translate_corpus(given, work, ["de"])
    assert len(work.journal) == 2
    (row,) = done.statistics
    assert (row.captions, row.texts, row.new, row.kept) == (4, 2, 2, 4)
    again = Work(work.translator, Journal(work.journal.path, work.translator.fingerprint))
    repeated = translate_corpus(given, again, ["de"])
    assert repeated.corpus == done.corpus
    assert repeated.statistics[0].new == 0
    assert len(Journal(work.journal.path, work.translator.fingerprint)) == 2


def test_what_is_translated_already_is_left(work: Work) -> None:
    done = translate_corpus(corpus((english(0), english(1))), work, ["de"])
    written = Caption("Von Hand", "de", group="t1")
    partly = replace(done.corpus.items[0], captions=(*done.corpus.items[0].captions[:2], written))
    again = translate_corpus(replace(done.corpus, items=(partly,)), work, ["de"])
    assert [(c.text, c.group) for c in again.corpus.items[0].captions if c.lang == "de"] == [
        ("Von Hand", "t1"),
        (LEARNED[0]["de"], "t0"),
    ]
    assert translate_corpus(again.corpus, work, ["de"]).corpus == again.corpus


def test_noise_is_left_out_and_told(work: Work) -> None:
    given = corpus((english(0), Caption(PARALLEL[30]["en"], "en")), (Caption(LEARNED[0]["de"], "en"),))
    done = translate_corpus(given, work, ["de", "fr"])
    kept = [c for item in done.corpus.items for c in item.captions if c.origin == "translated"]
    assert kept[0].text == LEARNED[0]["de"]
    german, french = done.statistics
    for row in (german, french):
        assert row.kept + sum(row.dropped.values()) == row.captions == 3
    assert len(kept) == german.kept + french.kept
    assert len(done.dropped) == sum((german.dropped | {}).values()) + sum(french.dropped.values())
    in_french = [d for d in done.dropped if d.lang == "fr" and d.source == LEARNED[0]["en"]]
    assert [d.item for d in in_french] == ["i0"], "it has learned German alone"
    assert {d.reason for d in done.dropped} <= set(REASONS)


def test_a_round_trip_drops_what_does_not_come_back(work: Work) -> None:
    good = Limits(returned=99.0)
    done = translate_corpus(corpus((english(0), english(1))), work, ["de"], limits=good)
    (row,) = done.statistics
    assert (row.kept, row.returned) == (2, 100.0)
    assert (row.new, work.new["en"]) == (2, 2)
    strict = translate_corpus(corpus((english(0), english(1))), work, ["de"], limits=Limits(returned=101.0))
    assert [(d.text, d.reason) for d in strict.dropped] == [(LEARNED[n]["de"], "round trip") for n in range(2)]
    assert (strict.statistics[0].kept, strict.statistics[0].dropped) == (0, {"round trip": 2})
    assert strict.statistics[0].new == 0


def test_a_hundred_captions_interrupted_at_37_go_on_at_38(work: Work, translator: Translator) -> None:
    texts = [f"a dog {n}" for n in range(100)]
    given = corpus(tuple(Caption(text, "en") for text in texts))
    told: list[int] = []

    def tell(done: int, total: int, note: str = "", /) -> None:
        assert total == 100
        assert note == "en to de"
        told.append(done)
        if done == 37:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        translate_corpus(given, replace(work, batch=1, progress=tell), ["de"])
    assert told == list(range(38))
    assert len(Journal(work.journal.path, translator.fingerprint)) == 37
    told.clear()
    again = Work(translator, Journal(work.journal.path, translator.fingerprint), 1, lambda *a: told.append(a[0]))
    done = translate_corpus(given, again, ["de"])
    assert told == list(range(37, 101))
    assert done.statistics[0].new == 63
    assert len(work.journal.path.read_text().splitlines()) == 101  # with the header: none was written twice


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_the_size_of_a_batch_changes_nothing(work: Work, batch: int) -> None:
    texts = [f"{PARALLEL[n]['en']}" for n in range(10)]
    given = corpus(tuple(Caption(text, "en") for text in texts))
    verdicts = replace(work, batch=batch).translate(texts, "en", "de")
    assert list(verdicts) == texts
    assert verdicts == dict(zip(texts, work.translator(texts, "en", "de"), strict=True))
    assert translate_corpus(given, work, ["de"]).statistics[0].new == 0


@pytest.mark.parametrize(
    ("targets", "source", "error", "words"),
    [
        (["de", "xx"], "en", ModelError, "does not know the language 'xx'"),
        (["de"], "xx", ModelError, "does not know the language 'xx'"),
        (["fr", "en"], "en", CorpusError, "'en' is both the source and a target"),
        (["de", "de"], "en", CorpusError, "The target 'de' is named twice"),
        ([], "en", CorpusError, "There is no language to translate into"),
        (["de"], "cs", CorpusError, "has no captions in cs. It has: en"),
    ],
)
def test_what_cannot_be_asked(work: Work, targets: list[str], source: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        translate_corpus(corpus((english(0),)), work, targets, source)
    assert len(work.journal) == 0
