"""ActivityNet Captions (Krishna et al. 2017): long YouTube videos, each sentence with its span.

Two readings: *paragraphs*, all sentences of a video joined, one query a video; and *moments*, each sentence with its
span. Papers report on the first validation set (`val_1.json`, 4,917 videos), which is therefore called "test" here. The
second one describes the same videos anew: it is no validation part, and not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.entry import Entry
from babelreel.types import Corpus

FILES = {"test": "val_1.json", "train": "train.json"}


def read_paragraphs(folder: Annotations) -> Corpus:
    """One item a video, all its sentences as one caption."""
    for split, file, number, video, record in _records(folder):
        folder.item(video, split, _path(folder, video))
        folder.caption(video, " ".join(str(s).strip() for s in record["sentences"]), "en", file, number)
    return folder.corpus()


def read_moments(folder: Annotations) -> Corpus:
    """One item a span; a span is put in order and cut at the video's end, and left out where nothing remains."""
    for split, file, number, video, record in _records(folder):
        if len(record["timestamps"]) != len(record["sentences"]):
            found = f"has {len(record['timestamps'])} spans and {len(record['sentences'])} sentences for {video}"
            raise folder.wrong(file, None, found, "Fetch it again.")
        for times, text in zip(record["timestamps"], record["sentences"], strict=True):
            try:
                start, end = sorted(min(max(float(t), 0.0), float(record["duration"])) for t in times)
            except (TypeError, ValueError) as error:
                found = f"gives {video} the span {times!r}"
                raise folder.wrong(file, None, found, "It must be two numbers of seconds.") from error
            if start == end:
                folder.notes.append(f"{file}, {number}: the span {times} of {video} is empty and left out")
                continue
            id = f"{video}#{start:g}-{end:g}"
            folder.item(id, split, _path(folder, video), span=(start, end))
            folder.caption(id, text, "en", file, number)
    return folder.corpus()


def _records(folder: Annotations) -> Iterator[tuple[str, str, int, str, dict]]:  # type: ignore[type-arg]
    for split, file in FILES.items():
        if folder.has(file):
            for number, (video, record) in enumerate(folder.json(file, dict).items(), start=1):
                folder.values(record, ("duration", "timestamps", "sentences"), file, number)
                yield split, file, number, video, record


def _path(folder: Annotations, video: str) -> str:
    return folder.media(video, video.removeprefix("v_"), default=f"videos/{video}.mp4")


_entry = partial(
    Entry,
    files=tuple(FILES.values()),
    media="the videos, named v_<YouTube id> or <YouTube id> (.mp4, .mkv, .webm, ...)",
    source="cs.stanford.edu/people/ranjaykrishna/densevid (captions.zip), videos from activity-net.org",
    licence="research only; videos from YouTube",
)
CORPORA = {
    "activitynet-paragraphs": _entry(
        read_paragraphs,
        "ActivityNet Captions, all sentences of a video as one query, en; test is the first validation set",
        published={("train", "en"): (10009, 10009), ("test", "en"): (4917, 4917)},
        figures="Liu et al. 2019, collaborative experts",
    ),
    "activitynet-moments": _entry(
        read_moments,
        "ActivityNet Captions, each sentence with its span, en; test is the first validation set",
        published={("train", "en"): (None, 37421), ("test", "en"): (None, 17505)},
        figures="Krishna et al. 2017",
    ),
}
