"""corpora/audit.py, registry.py: every planted fault of a corpus is found and named, and a sound corpus has none."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from official import put

from babelreel.corpora.audit import EXAMPLES, Finding, audit, audit_named
from babelreel.corpora.registry import CORPORA, open_corpus
from babelreel.errors import CorpusError
from babelreel.types import Caption, Corpus, MediaItem

HEADER = "key,vid_key,video_id,sentence"


def corpus(root: Path, count: int = 8) -> Corpus:
    """A sound corpus: half of it to train on, half to test, each with a file and a caption of its own."""
    items = []
    for n in range(count):
        split = "train" if n % 2 else "test"
        (root / f"{n}.mp4").write_bytes(b"%d" % n)
        captions = (Caption(f"Caption number {n}.", "en"), Caption(f"Die {n}. schöne Überschrift", "de"))
        items.append(MediaItem(f"i{n}", f"{n}.mp4", "video", split=split, captions=captions, tags={"source": f"s{n}"}))
    return Corpus("c", root, tuple(items))


def changed(sound: Corpus, n: int, **fields: object) -> Corpus:
    """The corpus with another item n."""
    items = list(sound.items)
    items[n] = replace(items[n], **fields)  # type: ignore[arg-type]
    return replace(sound, items=tuple(items))


def only(findings: list[Finding]) -> Finding:
    """The one finding there is."""
    assert len(findings) == 1, [str(f) for f in findings]
    return findings[0]


def test_a_sound_corpus_has_no_findings(tmp_path: Path) -> None:
    assert audit(corpus(tmp_path)) == []


def test_missing_media_are_counted_and_named(tmp_path: Path) -> None:
    sound = corpus(tmp_path, 20)
    for n in range(7):
        (tmp_path / f"{n}.mp4").unlink()
    found = only(audit(sound))
    assert (found.kind, found.fault, len(found.examples)) == ("missing media", True, EXAMPLES)
    assert found.text.startswith("7 of 20 items have no file")
    assert "i0: 0.mp4" in str(found)


def test_one_file_under_two_ids(tmp_path: Path) -> None:
    sound = corpus(tmp_path)
    found = only(audit(changed(sound, 0, path="2.mp4")))
    assert (found.kind, found.examples) == ("same file", ("2.mp4: i0, i2",))
    (tmp_path / "0.mp4").write_bytes((tmp_path / "4.mp4").read_bytes())
    copy = only(audit(sound))
    assert (copy.kind, copy.examples) == ("same file", ("0.mp4: i0, i4",))
    (tmp_path / "0.mp4").write_bytes(b"0")
    spans = changed(changed(sound, 0, path="2.mp4", start=0.0, end=1.0), 2, start=1.0, end=2.0)
    assert audit(spans) == []  # two spans of one file are two items


def test_captions_that_are_none_repeated_or_garbled(tmp_path: Path) -> None:
    sound = corpus(tmp_path)
    assert only(audit(changed(sound, 0, captions=()))).kind == "no caption"
    twice = only(
        audit(changed(sound, 0, captions=(Caption("a dog", "en"), Caption("a dog", "en"), Caption("a dog", "de"))))
    )
    assert (twice.kind, twice.fault, twice.examples) == ("repeated caption", False, ("i0 (en): a dog",))
    for text in ("schÃ¶n", "l\u00e2\u20ac\u2122eau", "caf\ufffd", "ç\u008b\u0097"):
        garbled = only(audit(changed(sound, 0, captions=(Caption(text, "en"),))))
        assert (garbled.kind, garbled.fault) == ("wrong encoding", True)
    for text in ("Ça, c’est l'été à Göteborg", "čekají", "一只狗", "Ã", "кот", "naïve – “so”"):
        assert audit(changed(sound, 0, captions=(Caption(text, "fr"),))) == [], text


def test_leaks_by_file_by_source_and_by_text(tmp_path: Path) -> None:
    sound = corpus(tmp_path)
    file = only(audit(changed(changed(sound, 0, path="1.mp4", start=0.0, end=1.0), 1, start=2.0, end=3.0)))
    assert (file.kind, file.fault, file.examples) == ("leak", True, ("i0",))
    (tmp_path / "4.mp4").write_bytes((tmp_path / "3.mp4").read_bytes())  # a copy under another name
    kinds = {finding.kind: finding for finding in audit(sound)}
    assert kinds.keys() == {"same file", "leak"}
    assert (kinds["leak"].text, kinds["leak"].examples) == ("1 items of test lie in files that train has too", ("i4",))
    (tmp_path / "4.mp4").write_bytes(b"4")
    chosen = changed(sound, 0, split="val", path="2.mp4", start=0.0, end=1.0)  # nothing of it is in train
    assert only(audit(changed(chosen, 2, start=1.0))).text == "1 items of test lie in files that val has too"
    source = only(audit(changed(sound, 0, tags={"source": "s3"})))
    assert (source.text, source.examples) == (
        "1 of 4 items of test are cut from sources that train has clips of",
        ("i0 of s3",),
    )
    text = only(
        audit(changed(sound, 0, captions=(Caption("caption NUMBER 1", "en"), Caption("Caption number 3.", "de"))))
    )
    assert (text.text, text.fault) == ("1 of 4 captions of test in en are in train, word for word", False)
    assert text.examples == ("i0: caption NUMBER 1",)
    assert audit(replace(sound, items=tuple(replace(i, split="test") for i in sound.items))) == []


def test_captions_that_stand_at_several_items_of_a_test_part(tmp_path: Path) -> None:
    sound = corpus(tmp_path)
    captions = (Caption("A dog.", "en"), Caption("a DOG", "en"))
    twice = changed(changed(sound, 0, captions=captions), 2, captions=captions[:1])
    found = only(audit(twice))
    assert (found.kind, found.fault, found.examples) == ("ambiguous caption", False, ("i0, i2 (en): A dog.",))
    other = changed(twice, 2, captions=(Caption("A dog.", "de"),))
    assert audit(other) == []
    training = changed(changed(sound, 1, captions=captions[:1]), 3, captions=captions[:1])
    assert audit(training) == []


def test_odd_lines_of_annotation_files_are_told_by_kind(tmp_path: Path) -> None:
    files = {
        "Flickr_8k.testImages.txt": ("a.jpg", "b.jpg"),
        "Flickr_8k.trainImages.txt": ("c.jpg", "a.jpg"),
        "Flickr8k.token.txt": ("a.jpg#0\ta dog", "b.jpg#0\t", "c.jpg#0\ta cat", "d.jpg#0\ta cow"),
    }
    put(tmp_path, files)
    told = {f.kind: f for f in audit_named("flickr8k-official", tmp_path)[1]}
    assert told["overlapping splits"].examples == ("a is in test and in train; it is left in test",)
    assert told["empty caption"].examples == ("Flickr8k.token.txt, 2: the caption of b in en is empty and left out",)
    assert told["unlisted item"].examples == (
        "Flickr8k.token.txt, 4: the caption of d, which no split lists, is left out",
    )


def test_a_named_corpus_is_measured_against_the_published_figures(tmp_path: Path) -> None:
    rows = [f"ret{n},msr{n},video{n},a caption of {n}" for n in range(999)]
    put(tmp_path, {"MSRVTT_JSFUSION_test.csv": (HEADER, *rows, "ret999,msr999,video998, "), "v/video5.mp4": b""})
    found, findings = audit_named("msrvtt-1ka-9k", tmp_path)
    kinds = [finding.kind for finding in findings]
    assert len(found) == 999
    assert kinds == ["missing file", "missing file", "count", "count", "empty caption", "missing media"]
    told = "\n".join(map(str, findings))
    assert "MSRVTT_train.9k.csv is not below" in told
    assert "test in en has 999 items and 999 captions, published are 1,000 items and 1,000 captions" in told
    assert "train in en has 0 items and 0 captions, published are 9,000 items and 180,000 captions" in told
    assert "MSRVTT_JSFUSION_test.csv, 1001: the caption of video998 in en is empty" in told
    assert "998 of 999 items have no file" in told


def test_a_figure_that_was_not_published_is_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, {"captions.jsonl": '{"image/key": "1", "en": {"caption": ["a dog", "dogs"]}}\n', "1.jpg": b"x"})
    for published, found in (((1, None), []), ((None, 2), []), ((2, None), ["published are 2 items (T"])):
        monkeypatch.setitem(CORPORA, "xm3600", replace(CORPORA["xm3600"], published={("test", "en"): published}))
        counts = [finding.text for finding in audit_named("xm3600", tmp_path)[1]]
        assert len(counts) == len(found)
        assert all(part in text for part, text in zip(found, counts, strict=True))


def test_a_manifest_is_audited_too(tmp_path: Path) -> None:
    put(tmp_path, {"m.jsonl": '{"path": "a.mp4", "captions": [{"text": "a dog", "lang": "en"}]}\n'})
    assert [finding.kind for finding in audit_named(str(tmp_path / "m.jsonl"))[1]] == ["missing media"]
    with pytest.raises(CorpusError, match="needs its folder"):
        audit_named("msvd")


def test_opening_says_what_is_not_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(tmp_path, {"MSRVTT_JSFUSION_test.csv": (HEADER, "ret0,msr0,video0,a dog", "ret1,msr1,video0,")})
    with caplog.at_level(logging.WARNING):
        assert len(open_corpus("msrvtt-1ka-7k", tmp_path)) == 1
    assert "is read without MSRVTT_train.7k.csv, MSRVTT_data.json or" in caplog.text
    assert "the caption of video0 in en is empty and left out" in caplog.text
    put(tmp_path / "lists", {"MSRVTT_train.7k.csv": ("video_id", "video0")})
    with pytest.raises(CorpusError, match=r"msrvtt-1ka-7k has no items below .* without MSRVTT_JSFUSION_test\.csv"):
        open_corpus("msrvtt-1ka-7k", tmp_path / "lists")


def test_many_files_of_a_folder_are_told_in_short() -> None:
    assert "task2/raw/ (30 files, test_2016.1.en to train.5.de)" in CORPORA["multi30k-task2"].needs
    assert "how2_zh.json" in CORPORA["howto100m-multilingual"].needs  # there is no folder to name


@pytest.mark.parametrize("name", CORPORA)
def test_every_corpus_says_what_it_needs_and_whose_it_is(name: str, tmp_path: Path) -> None:
    entry = CORPORA[name]
    assert all((entry.about, entry.files, entry.media, entry.source, entry.licence))
    assert bool(entry.published) == bool(entry.figures)
    with pytest.raises(CorpusError, match=f"{name} needs .* is not there") as told:
        open_corpus(name, tmp_path)
    assert Path(entry.files[0]).name in str(told.value)
    assert entry.source in str(told.value)
