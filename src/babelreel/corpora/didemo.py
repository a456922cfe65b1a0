"""DiDeMo (Hendricks et al. 2017): Flickr videos, descriptions of their moments, in steps of five seconds.

Two readings: *paragraphs*, all sentences of a video joined in the order of the file, one query a video (what retrieval
papers report, after Zhang et al. 2018); and *moments*, each description a caption of its span. Four or more people
marked each moment; the span is the one most of them gave, and of equally many the one that comes first.

The files name 29 and 33 videos twice, under two extensions or none. They are one video here (1,065 and 1,004 in
the validation and test part, as published), so a paragraph holds the sentences under either name. CLIP4Clip's loader
drops those under the name that its list lacks.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.entry import Entry
from babelreel.types import Corpus

FILES = {split: f"{split}_data.json" for split in ("test", "val", "train")}
STEP = 5.0  # seconds a segment; what lies after 30 seconds was not shown to the annotators
SHOWN = 30.0


def read_paragraphs(folder: Annotations) -> Corpus:
    """One item a video, its first thirty seconds, with all its sentences as one caption."""
    for split, file in FILES.items():
        sentences: dict[str, list[str]] = {}
        for number, (video, text, _) in enumerate(_records(folder, split, file), start=1):
            id = _id(video)
            folder.item(id, split, _path(folder, video), span=(0.0, SHOWN))
            if isinstance(text, str) and text.strip():
                sentences.setdefault(id, []).append(text.strip())
            else:
                folder.caption(id, text, "en", file, number)  # notes that it is empty
        for number, (id, texts) in enumerate(sentences.items(), start=1):
            folder.caption(id, " ".join(texts), "en", file, number)
    return folder.corpus()


def read_moments(folder: Annotations) -> Corpus:
    """One item a described moment; descriptions of one span are captions of one item."""
    for split, file in FILES.items():
        for number, (video, text, times) in enumerate(_records(folder, split, file), start=1):
            try:
                (first, last), _ = min(Counter((int(a), int(b)) for a, b in times).items(), key=lambda c: (-c[1], c[0]))
            except (TypeError, ValueError, OverflowError) as error:
                found = f"has at entry {number} the times {times!r}"
                raise folder.wrong(file, None, found, "They must be pairs of segments, such as [[1, 2]].") from error
            span = (STEP * first, STEP * (last + 1))
            id = f"{_id(video)}#{first}-{last}"
            folder.item(id, split, _path(folder, video), span=span)
            folder.caption(id, text, "en", file, number)
    return folder.corpus()


def _records(folder: Annotations, split: str, file: str) -> list[list[Any]]:
    if not folder.has(file):
        return []
    keys = ("video", "description", "times")
    return [folder.values(r, keys, file, n) for n, r in enumerate(folder.json(file), start=1)]


def _id(video: str) -> str:
    """Owner and photograph: what two names of one video share."""
    return "_".join(video.split("_")[:2])


def _path(folder: Annotations, video: str) -> str:
    stem = video.rpartition(".")[0]
    return folder.media(stem, video, f"{stem}.", default=f"videos/{video}")


_entry = partial(
    Entry,
    files=tuple(FILES.values()),
    media="the videos under their Flickr names (.mov, .mp4, .avi, ...)",
    source="github.com/LisaAnne/LocalizingMoments",
    licence="none stated for the descriptions; videos by Flickr users, each under its own licence",
)
CORPORA = {
    "didemo-paragraphs": _entry(
        read_paragraphs,
        "DiDeMo, all sentences of a video as one query, en",
        published={("train", "en"): (8395, 8395), ("val", "en"): (1065, 1065), ("test", "en"): (1004, 1004)},
        figures="Hendricks et al. 2017; Liu et al. 2019, collaborative experts",
    ),
    "didemo-moments": _entry(
        read_moments,
        "DiDeMo, each description with its span, en",
        published={("train", "en"): (None, 33005), ("val", "en"): (None, 4180), ("test", "en"): (None, 4021)},
        figures="Hendricks et al. 2017",
    ),
}
