"""Charades (Sigurdsson et al. 2016): 9,848 videos of people at home; Charades-STA (Gao et al. 2017): their moments.

`descriptions` holds what people wrote who saw the video, separated by semicolons; each is a caption. `script` is what
the actors were told, and is no caption.
"""

from __future__ import annotations

from functools import partial

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.entry import Entry
from babelreel.types import Corpus

VIDEOS = {split: f"Charades_v1_{split}.csv" for split in ("test", "train")}
MOMENTS = {split: f"charades_sta_{split}.txt" for split in ("test", "train")}


def read_charades(folder: Annotations) -> Corpus:
    """Whole videos."""
    for split, file in VIDEOS.items():
        if not folder.has(file):
            continue
        for line, row in folder.table(file, ("id", "descriptions")):
            folder.item(row["id"], split, _path(folder, row["id"]))
            for text in row["descriptions"].split(";"):
                if text.strip():
                    folder.caption(row["id"], text, "en", file, line)
    return folder.corpus()


def read_moments(folder: Annotations) -> Corpus:
    """Spans; a line is `3MSZA 24.3 30.4##person turn a light on.`"""
    for split, file in MOMENTS.items():
        if not folder.has(file):
            continue
        for line, text in folder.lines(file):
            where, separator, sentence = text.partition("##")
            try:
                video, start, end = where.split()
                span = (float(start), float(end))
            except ValueError as error:
                found = f"holds {text[:60]!r}"
                raise folder.wrong(file, line, found, "A line is `3MSZA 24.3 30.4##person turn a light on.`") from error
            if not separator or span[1] <= span[0]:
                folder.notes.append(f"{file}, {line}: {where} is no span with a sentence, and left out")
                continue
            id = f"{video}#{start}-{end}"
            folder.item(id, split, _path(folder, video), span=span)
            folder.caption(id, sentence, "en", file, line)
    return folder.corpus()


def _path(folder: Annotations, video: str) -> str:
    return folder.media(video, default=f"videos/{video}.mp4")


_entry = partial(
    Entry,
    media="the videos under their ids, such as 46GP8.mp4",
    licence="non-commercial use (Allen Institute for AI, Charades licence)",
)
CORPORA = {
    "charades": _entry(
        read_charades,
        "Charades, whole videos with one to three descriptions, en",
        tuple(VIDEOS.values()),
        source="prior.allenai.org/projects/charades",
        published={("train", "en"): (7985, 11593), ("test", "en"): (1863, None)},
        figures="Sigurdsson et al. 2016 for videos; training captions counted in the published file",
    ),
    "charades-moments": _entry(
        read_moments,
        "Charades-STA, sentences with their spans, en",
        tuple(MOMENTS.values()),
        source="github.com/jiyanggao/TALL",
        published={("train", "en"): (None, 12408), ("test", "en"): (None, 3720)},
        figures="Gao et al. 2017",
    ),
}
