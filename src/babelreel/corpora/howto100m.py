"""HowTo100M (Miech et al. 2019): a million instructional videos, narrated; and Multi-HowTo100M in nine languages.

A narration is speech recognised by machine, so its captions are "generated"; the other languages (Huang et al. 2021)
are "translated". Each caption belongs to a span. The whole has 136 million spans and does not fit in memory: only
videos that `HowTo100M_v1.csv` lists are read, so cut its lines down to those you have. The caption files are read one
video at a time.
"""

from __future__ import annotations

from functools import partial

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.entry import Entry
from babelreel.types import Corpus

LIST = "HowTo100M_v1.csv"
CAPTIONS = "caption.json"
LANGS = ("en", "de", "fr", "cs", "es", "ru", "vi", "sw", "zh")
KEYS = ("start", "end", "text")


def read_howto100m(folder: Annotations) -> Corpus:
    """English."""
    return _read(folder, {"en": CAPTIONS})


def read_multilingual(folder: Annotations) -> Corpus:
    """Nine languages; captions of one span are translations of each other."""
    return _read(folder, {lang: _file(lang) for lang in LANGS if folder.has(_file(lang))})


def _file(lang: str) -> str:
    return f"how2_{lang}.json"


def _read(folder: Annotations, files: dict[str, str]) -> Corpus:
    wanted = {row["video_id"]: row for _, row in folder.table(LIST, ("video_id", "category_1", "task_id"))}
    for lang, file in files.items():
        origin = "generated" if lang == "en" else "translated"
        for number, (video, record) in enumerate(folder.json_items(file), start=1):
            if video not in wanted:
                continue
            starts, ends, texts = folder.values(record, KEYS, file, number)
            if not len(starts) == len(ends) == len(texts):
                found = f"has {len(starts)} starts, {len(ends)} ends and {len(texts)} texts for {video}"
                raise folder.wrong(file, None, found, "Fetch it again.")
            path = folder.media(video, default=f"videos/{video}.mp4")
            row = wanted[video]
            tags = {"category": row["category_1"], "task": row["task_id"]}
            for start, end, text in zip(starts, ends, texts, strict=True):
                if not 0 <= start < end:
                    folder.notes.append(f"{file}, {number}: the span {start} to {end} of {video} is left out")
                    continue
                id = f"{video}#{start:g}-{end:g}"
                folder.item(id, "train", path, span=(float(start), float(end)), tags=tags)
                folder.caption(id, text, lang, file, number, origin, "narration")
    return folder.corpus()


_entry = partial(
    Entry,
    media="the videos under their YouTube ids (.mp4, .webm, .mkv, ...)",
    licence="none stated for the captions (the authors' code is Apache-2.0); videos from YouTube",
)
CORPORA = {
    "howto100m": _entry(
        read_howto100m,
        "HowTo100M, narration with spans of the listed videos, en; for training",
        (LIST, CAPTIONS),
        source="www.di.ens.fr/willow/research/howto100m (HowTo100M.zip)",
    ),
    "howto100m-multilingual": _entry(
        read_multilingual,
        f"Multi-HowTo100M, the narration in {' '.join(LANGS)}, translated but for en; for training",
        (LIST, *(_file(lang) for lang in LANGS)),
        source="github.com/berniebear/Multi-HT100M",
    ),
}
