"""corpora/manifest.py, folder.py, flickr8k.py: to a manifest and back without loss, and every mistake by its line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from babelreel.corpora.check import check, statistics
from babelreel.corpora.flickr8k import read_flickr8k
from babelreel.corpora.folder import read_folder
from babelreel.corpora.manifest import read_manifest, write_manifest
from babelreel.corpora.registry import open_corpus
from babelreel.errors import CorpusError
from babelreel.types import ORIGINS, Caption, Corpus, MediaItem

words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20).filter(str.strip)
captions = st.builds(
    Caption, words, st.sampled_from(["en", "pt-BR", "zh"]), st.sampled_from(ORIGINS), st.just("") | words
)
seconds = st.none() | st.floats(0, 1e6)


@st.composite
def items(draw: st.DrawFn) -> MediaItem:
    kind = draw(st.sampled_from(["video", "image"]))
    start = draw(seconds) if kind == "video" else None
    end = None if kind == "image" or draw(st.booleans()) else (start or 0.0) + draw(st.floats(0.01, 100))
    name = draw(words.filter(lambda w: "/" not in w and w not in (".", "..")))
    caps = tuple(draw(st.lists(captions, max_size=3)))
    return MediaItem(
        draw(words),
        name,
        kind,
        start,
        end,
        draw(st.just("") | words),
        caps,
        draw(st.dictionaries(words, words, max_size=2)),
    )


@given(st.lists(items(), min_size=1, max_size=6, unique_by=lambda i: i.id))
@settings(max_examples=100, deadline=None)
def test_there_and_back_without_loss(tmp_path_factory: pytest.TempPathFactory, found: list[MediaItem]) -> None:
    root = tmp_path_factory.mktemp("m")
    corpus = Corpus("m", root, tuple(found))
    write_manifest(corpus, root / "m.jsonl")
    assert read_manifest(root / "m.jsonl") == corpus


def test_a_line_needs_only_a_path(tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_text('{"path": "a/b.JPG"}\n\n{"path": "c.mp4"}\n')
    first, second = read_manifest(tmp_path / "m.jsonl", tmp_path / "media").items
    assert (first.id, first.kind, second.kind) == ("a/b.JPG", "image", "video")
    assert read_manifest(tmp_path / "m.jsonl").media_root == tmp_path


def test_every_mistake_by_its_line(tmp_path: Path) -> None:
    good = '{"id": "a", "path": "a.mp4", "kind": "video"}'
    lines = [
        good,
        '{"id": "b", "path": "b.mp4", "knd": "video"}',
        good,
        '{"id": "d", "path": "../secret.mp4"}',
        '{"id": "e", "path": "e.mp4", "captions": [{"text": "x"}]}',
        '{"id": "f", "path": "f.mp4", "captions": [{"text": "x", "lang": "klingon!"}]}',
        '{"id": "g", "path": ',
        '["not an object"]',
        '{"id": "i"}',
        '{"path": "j.mp4", "start": "2"}',
        '{"path": "k.mp4", "captions": "none"}',
        '{"path": "l.mp4", "tags": {"a": 1}}',
        '{"path": "m.mp4", "split": 1}',
        '{"path": "n.mp4", "captions": [3]}',
    ]
    (tmp_path / "m.jsonl").write_text("\n".join(lines))
    with pytest.raises(CorpusError) as caught:
        read_manifest(tmp_path / "m.jsonl")
    message = str(caught.value)
    assert "13 mistake(s)" in message
    for part in (
        "line 2: an item has no field 'knd'; did you mean 'kind'?",
        "line 3: the id 'a' was already used in line 1",
        "line 4: Item 'd' has the path '../secret.mp4', which leaves the media root",
        "line 5: a caption lacks 'lang'",
        "line 6: A caption's 'lang' must be a BCP 47 code",
        "line 7: not valid JSON",
        "line 8: expected an object",
        "line 9: the field 'path' is missing",
        "line 10: Item 'j.mp4': 'start' must be seconds",
        "line 11: 'captions' must be a list",
        "line 12: 'tags' must be an object of strings",
        "line 13: 'split' must be a string",
        "line 14: a caption must be an object",
    ):
        assert part in message
    (tmp_path / "many.jsonl").write_text("{\n" * 50)
    with pytest.raises(CorpusError, match="and 30 more"):
        read_manifest(tmp_path / "many.jsonl")


def test_unreadable_manifests(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="Cannot read"):
        read_manifest(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n\n")
    with pytest.raises(CorpusError, match="holds no items"):
        read_manifest(tmp_path / "empty.jsonl")
    (tmp_path / "latin.jsonl").write_bytes('{"path": "ä.mp4"}'.encode("latin-1"))
    with pytest.raises(CorpusError, match="not UTF-8"):
        read_manifest(tmp_path / "latin.jsonl")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    item = MediaItem("a", "a.mp4", "video")
    write_manifest(Corpus("m", tmp_path, (item,)), path)
    before = path.read_text()
    broken = MediaItem("b", "b.mp4", "video", tags={"x": object()})  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        write_manifest(Corpus("m", tmp_path, (item, broken)), path)
    assert path.read_text() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.jsonl"]


def test_a_folder_lists_what_it_cannot_use(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a" / "good.png")
    (tmp_path / "bad.jpg").write_text("<html>")
    (tmp_path / "notes.txt").write_text("not media")
    corpus, failures = read_folder([tmp_path])
    assert [(i.id, i.kind) for i in corpus.items] == [("a/good.png", "image")]
    assert list(failures) == ["bad.jpg"]
    with pytest.raises(CorpusError, match=r"1 file\(s\) that cannot be read"):
        read_folder([tmp_path / "bad.jpg"])
    with pytest.raises(CorpusError, match="There is no file or folder"):
        read_folder([tmp_path / "nowhere"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="no file with a media extension"):
        read_folder([tmp_path / "empty"])
    with pytest.raises(CorpusError, match="No folder was given"):
        read_folder([])


def test_missing_and_unreadable_media_are_reported(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    found = [MediaItem(n, n, "image") for n in ("good.png", "bad.png", "gone.png")]
    problems = check(Corpus("c", tmp_path, tuple(found)))
    assert set(problems) == {"bad.png", "gone.png"}
    assert all(problems.values())


def test_statistics_count_items_and_captions(tmp_path: Path) -> None:
    two = (Caption("ab", "en"), Caption("abcd", "en"), Caption("ab", "de"))
    corpus = Corpus(
        "c",
        tmp_path,
        (MediaItem("1", "1.png", "image", split="t", captions=two), MediaItem("2", "2.png", "image", split="t")),
    )
    rows = {(r.split, r.lang): (r.items, r.captions, r.characters) for r in statistics(corpus)}
    assert rows == {("t", "en"): (1, 2, 3.0), ("t", "de"): (1, 1, 2.0), ("t", "-"): (1, 0, 0.0)}


def test_corpora_by_name(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="There is no corpus 'flickr9k'"):
        open_corpus("flickr9k")
    with pytest.raises(CorpusError, match="needs its folder"):
        open_corpus("flickr8k")
    with pytest.raises(CorpusError, match="is not there"):
        open_corpus("flickr8k", tmp_path)
    path = tmp_path / "captions" / "flickr8k_multilingual.jsonl.gz"
    path.parent.mkdir()
    path.write_bytes(b"not gzip")
    with pytest.raises(CorpusError, match="is damaged"):
        open_corpus("flickr8k", tmp_path)
    record = {
        "image": "a.jpg",
        "split": "test",
        "captions": {"en": ["a dog"], "m30k_fr": ["un chien"], "m30k_pt": ["um cão"], "xfc_ja": ["犬"]},
    }
    path.write_bytes(gzip.compress(json.dumps(record).encode()))
    assert [c.lang for c in open_corpus("flickr8k", tmp_path).items[0].captions] == ["en", "fr"]
    assert [c.lang for c in open_corpus("flickr8k-all", tmp_path).items[0].captions] == ["en", "fr", "pt"]
    assert [c.lang for c in open_corpus("flickr8k-xfc", tmp_path).items[0].captions] == ["ja"]
    records = [
        record | {"image": f"{s}.jpg", "split": s, "multi30k_split": "test_2016_flickr"} for s in ("train", "test")
    ]
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, [record, *records])).encode()))
    assert [i.id for i in open_corpus("flickr8k-less-xfc", tmp_path).items] == ["a.jpg", "test.jpg"]
    assert {i.split for i in open_corpus("flickr8k-xfc", tmp_path).items} == {"test"}
    write_manifest(open_corpus("flickr8k", tmp_path), tmp_path / "manifest.jsonl")
    assert len(open_corpus(str(tmp_path))) == 3


def test_the_real_file(data: Path) -> None:
    corpus = read_flickr8k(data)
    assert len(corpus) == 7091
    counts = {split: sum(i.split == split for i in corpus.items) for split in corpus.splits}
    assert counts == {"test": 1000, "train": 5605, "val": 486}
    test = corpus.select("test")
    having = {lang: sum(any(c.lang == lang for c in i.captions) for i in test.items) for lang in corpus.langs}
    assert having == {"ar": 1000, "cs": 934, "de": 934, "en": 1000, "fr": 934, "pt": 1000, "zh": 1000}
    assert all(corpus.path(i).is_file() for i in corpus.items)
    zero_shot, less = read_flickr8k(data, "flickr8k-xfc"), read_flickr8k(data, "flickr8k-less-xfc")
    assert (len(zero_shot), zero_shot.splits) == (213, ("test",))
    assert zero_shot.langs == ("de", "en", "es", "id", "ja", "ru", "tr", "zh")
    trained = {item.id for item in less.items if item.split != "test"}
    assert not trained & {item.id for item in zero_shot.items}
    assert len(trained) == 5605 + 486 - 158 - 19
    assert less.select("test").langs == test.langs
    parallel = read_flickr8k(data, "flickr8k-m30k")
    assert all(c.group == "m30k" for i in parallel.items for c in i.captions)
