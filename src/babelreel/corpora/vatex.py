"""VATEX (Wang et al. 2019): ten English and ten Chinese captions a clip, all written by people; ten seconds of YouTube.

Of the ten, the first five were written from the clip alone in each language; the last five are translations of each
other, so they share a group. Retrieval papers split the validation clips in two (Chen et al. 2020, HGR): 1,500 to
validate and 1,500 to test, by lists. Without the lists `vatex-hgr` has its training part only; `vatex` has the
parts as published, its test captions in English alone.
"""

from __future__ import annotations

from functools import partial

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.entry import Entry
from babelreel.types import Corpus

TRAIN, VAL = "vatex_training_v1.0.json", "vatex_validation_v1.0.json"
TEST = "vatex_public_test_english_v1.1.json"
LISTS = {"test": "test_list.txt", "val": "val_list.txt"}
KEYS = {"en": "enCap", "zh": "chCap"}
ALONE = 5  # captions before the parallel ones


def read_vatex(folder: Annotations) -> Corpus:
    """The parts as published."""
    for split, file in (("test", TEST), ("val", VAL), ("train", TRAIN)):
        if folder.has(file):
            _read(folder, file, split)
    return folder.corpus()


def read_hgr(folder: Annotations) -> Corpus:
    """The validation clips split in two by lists of their ids."""
    parts: dict[str, str] = {}
    for split, file in LISTS.items():
        if folder.has(file):
            for line, id in folder.lines(file):
                if id in parts:
                    folder.notes.append(f"{file}, {line}: {id} is in {parts[id]} already")
                parts.setdefault(id, split)
    if parts and folder.has(VAL):
        _read(folder, VAL, parts)
    if folder.has(TRAIN):
        _read(folder, TRAIN, "train")
    return folder.corpus()


def _read(folder: Annotations, file: str, split: str | dict[str, str]) -> None:
    for number, record in enumerate(folder.json(file), start=1):
        (id,) = folder.values(record, ("videoID",), file, number)
        part = split if isinstance(split, str) else split.get(id)
        if part is None:
            folder.notes.append(f"{file}, {number}: {id} is in no list and left out")
            continue
        folder.item(id, part, folder.media(id, default=f"videos/{id}.mp4"), tags={"source": id.rsplit("_", 2)[0]})
        for lang, key in KEYS.items():
            for n, text in enumerate(record.get(key, ())):
                group = f"{n}" if n >= ALONE and KEYS["zh"] in record else ""
                folder.caption(id, text, lang, file, number, group=group)


_entry = partial(
    Entry,
    media="the clips, named <YouTube id>_<start>_<end> (.mp4, .mkv, .webm, ...)",
    source="eric-xw.github.io/vatex-website",
    licence="captions CC BY 4.0; clips from YouTube",
)
_TRAIN = {("train", lang): (25991, 259910) for lang in KEYS}
CORPORA = {
    "vatex": _entry(
        read_vatex,
        "VATEX as published, en and zh; the public test captions in en alone",
        (TRAIN, VAL, TEST),
        published=_TRAIN | {("val", lang): (3000, 30000) for lang in KEYS} | {("test", "en"): (6000, 60000)},
        figures="Wang et al. 2019",
    ),
    "vatex-hgr": _entry(
        read_hgr,
        "VATEX with its validation clips split in two as retrieval papers do, en and zh",
        (TRAIN, VAL, *LISTS.values()),
        published=_TRAIN | {(split, lang): (1500, 15000) for split in LISTS for lang in KEYS},
        figures="Chen et al. 2020, HGR; Dong et al. 2021, hybrid space",
    ),
}
