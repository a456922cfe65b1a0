"""MSR-VTT (Xu et al. 2016): 10,000 clips, twenty English sentences each; its Chinese and nine-language versions.

The parts that papers report on:
- *1k-A* (Yu et al. 2018, JSFusion): 1,000 test clips with the one sentence of `MSRVTT_JSFUSION_test.csv` each. Trained
  on the other 9,000 clips (`9k`) or on the official training and validation clips, 7,010 (`7k`). No validation part.
- *full*: the official parts, 6,513, 497 and 2,990 clips with all twenty sentences, every sentence a query.

Multilingual MSR-VTT (Huang et al. 2021) is the 1k-A test and its training in nine languages, eight of them translated
by machine. MSR-VTT-CN (Wang et al. 2022) has training captions translated by machine, test captions by people.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.entry import Entry
from babelreel.types import Corpus

TEST = "MSRVTT_JSFUSION_test.csv"
DATA = "MSRVTT_data.json or train_val_videodatainfo.json"
OFFICIAL_TEST = "test_videodatainfo.json"  # beside train_val_videodatainfo.json; MSRVTT_data.json holds all
PARTS = {"train": "train", "validate": "val", "test": "test"}
LANGS = ("en", "de", "fr", "cs", "zh", "ru", "vi", "sw", "es")
CN = "TextData/msrvttcn"


def read_1ka(folder: Annotations, train: str) -> Corpus:
    """1k-A: `train` is "9k" or "7k"."""
    if folder.has(TEST):
        for line, row in folder.table(TEST, ("video_id", "sentence")):
            _declare(folder, row["video_id"], "test")
            folder.caption(row["video_id"], row["sentence"], "en", TEST, line)
    if folder.has(DATA) and folder.has(_list(train)):
        trained = _train_ids(folder, train)
        for file, number, sentence in _sentences(folder):
            video, text = folder.values(sentence, ("video_id", "caption"), file, number)
            if video in trained:
                folder.caption(video, text, "en", file, number)
    return folder.corpus()


def read_full(folder: Annotations) -> Corpus:
    """The official parts with all sentences."""
    for file in _files(folder):
        whole = folder.json(file, dict)
        for number, record in enumerate(whole.get("videos", []), start=1):
            video, split = folder.values(record, ("video_id", "split"), file, number)
            if split not in PARTS:
                raise folder.wrong(
                    file, None, f"puts {video} into the split {split!r}", "Give train, validate or test."
                )
            _declare(folder, video, PARTS[split], record)
        for number, sentence in enumerate(whole.get("sentences", []), start=1):
            video, text = folder.values(sentence, ("video_id", "caption"), file, number)
            folder.caption(video, text, "en", file, number)
    return folder.corpus()


def read_multilingual(folder: Annotations, train: str) -> Corpus:
    """The 1k-A test and its training in nine languages; caption n of a clip is the same sentence in all of them."""
    for lang, file in ((lang, f"multilingual_test/test_{lang}.json") for lang in LANGS):
        if folder.has(file):
            captions = folder.json(file, dict)
            for video in captions:
                _declare(folder, _id(video), "test")
            _add_language(folder, file, lang, captions, {_id(video) for video in captions})
    trained = _train_ids(folder, train) if folder.has(_list(train)) else set()
    for lang, file in ((lang, f"multilingual_train/ref_captions_{lang}.json") for lang in LANGS):
        if folder.has(file):
            _add_language(folder, file, lang, folder.json(file, dict), trained)
    return folder.corpus()


def read_cn(folder: Annotations) -> Corpus:
    """English and Chinese; a line is `video0#enc#0 a sentence`, and the same number means the same sentence."""
    for split in ("test", "val", "train"):
        for ending, lang, origin in (
            ("", "en", "human"), ("_zh", "zh", "human"), ("_google_enc2zh", "zh", "translated")
        ):  # fmt: skip
            file = f"{CN}{split}{ending}.caption.txt"
            if not folder.has(file) or (ending == "_google_enc2zh" and folder.has(f"{CN}{split}_zh.caption.txt")):
                continue
            for line, text in folder.lines(file):
                key, _, caption = text.partition(" ")
                video, _, number = key.partition("#")[0], "", key.rpartition("#")[2]
                _declare(folder, video, split)
                folder.caption(video, caption, lang, file, line, origin, number)
    return folder.corpus()


def _declare(folder: Annotations, video: str, split: str, record: dict[str, Any] | None = None) -> None:
    tags = {"source": record["url"].partition("?v=")[2]} if record and "?v=" in record.get("url", "") else {}
    folder.item(video, split, folder.media(video, default=f"videos/{video}.mp4"), tags=tags)


def _id(video: str) -> str:
    return video.removesuffix(".mp4")


def _add_language(folder: Annotations, file: str, lang: str, captions: dict[str, Any], wanted: set[str]) -> None:
    """Add {"video0.mp4": [caption, ...]}; where another number is translated than another language has, no group."""
    for number, (video, texts) in enumerate(captions.items(), start=1):
        id = _id(video)
        if id not in wanted:
            continue
        if not isinstance(texts, list):
            found = f"gives {video} a {type(texts).__name__}, not a list of captions"
            raise folder.wrong(file, None, found, "Fetch it again.")
        count = folder.count(id)
        if count not in (0, len(texts)):
            note = f"{id} has {len(texts)} captions in {lang} and {count} before, so they are parallel to no others"
            folder.notes.append(f"{file}, {number}: {note}")
        for n, text in enumerate(texts):
            group = f"{n}" if count in (0, len(texts)) else ""
            folder.caption(id, text, lang, file, number, "human" if lang == "en" else "translated", group)


def _list(train: str) -> str:
    return f"MSRVTT_train.{train}.csv"


def _train_ids(folder: Annotations, train: str) -> set[str]:
    ids = {row["video_id"] for _, row in folder.table(_list(train), ("video_id",))}
    for id in sorted(ids, key=lambda i: (len(i), i)):
        _declare(folder, id, "train")
    return ids


def _files(folder: Annotations) -> list[str]:
    found = folder.find(DATA)
    whole = found is not None and found.name.startswith("MSRVTT_data")
    return [DATA] if whole or not folder.has(OFFICIAL_TEST) else [DATA, OFFICIAL_TEST]


def _sentences(folder: Annotations) -> Iterator[tuple[str, int, Any]]:
    for file in _files(folder):
        for number, sentence in enumerate(folder.json(file, dict).get("sentences", []), start=1):
            yield file, number, sentence


_CLIPS = "the clips video0 to video9999 (.mp4, .webm, ...)"
_entry = partial(Entry, media=_CLIPS, licence="research only (Microsoft Research); clips from YouTube")
_SOURCE = (
    "msrvtt_data.zip of the CLIP4Clip release (github.com/ArrowLuo/CLIP4Clip), clips from ms-multimedia-challenge.com"
)
_CE = "Liu et al. 2019, collaborative experts"


def _published(train: int, captions: int, langs: tuple[str, ...]) -> dict[tuple[str, str], tuple[int, int]]:
    return {(split, lang): n for lang in langs for split, n in (("train", (train, captions)), ("test", (1000, 1000)))}


CORPORA = {
    f"msrvtt-1ka-{train}": _entry(
        lambda folder, train=train: read_1ka(folder, train),  # type: ignore[misc]
        f"MSR-VTT 1k-A: 1,000 test clips with one caption, {videos:,} to train on, en; no validation part",
        (TEST, _list(train), DATA),
        source=_SOURCE,
        published=_published(videos, 20 * videos, ("en",)),
        figures=f"{_CE}; Luo et al. 2021, CLIP4Clip",
    )
    for train, videos in (("9k", 9000), ("7k", 7010))
} | {
    "msrvtt-full": _entry(
        read_full,
        "MSR-VTT's official parts, 20 captions a clip, en",
        (DATA,),
        source=f"{_SOURCE}; or train_val_videodatainfo.json with test_videodatainfo.json, as published",
        published={("train", "en"): (6513, 130260), ("val", "en"): (497, 9940), ("test", "en"): (2990, 59800)},
        figures=f"{_CE}; Dong et al. 2021, hybrid space",
    ),
    "msrvtt-cn": _entry(
        read_cn,
        "MSR-VTT-CN: English and Chinese; training captions in zh by machine, test captions by people",
        tuple(f"{CN}{part}.caption.txt" for part in ("train", "train_google_enc2zh", "test", "test_zh")),
        source="the link to cn_caption in github.com/LiJiaBei-7/nrccr",
        published={(s, "en"): n for s, n in (("train", (9000, 180000)), ("test", (1000, 1000)))},
        figures="Wang et al. 2022, NRCCR (9,000 and 1,000 clips)",
    ),
} | {
    f"msrvtt-multilingual-{train}": _entry(
        lambda folder, train=train: read_multilingual(folder, train),  # type: ignore[misc]
        f"multilingual MSR-VTT: 1k-A with {videos:,} clips to train on in {' '.join(LANGS)}; translated but for en",
        (
            _list(train),
            *(f"multilingual_test/test_{lang}.json" for lang in LANGS),
            *(f"multilingual_train/ref_captions_{lang}.json" for lang in LANGS),
        ),
        source="the authors of github.com/berniebear/Multi-HT100M, laid out as by github.com/ludanruan/MCLIP4VLA",
        published=_published(videos, 20 * videos, LANGS),
        figures="Huang et al. 2021, MMP",
    )
    for train, videos in (("9k", 9000), ("7k", 7010))
}  # fmt: skip
