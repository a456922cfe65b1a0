"""AudioSet (Gemmeke et al. 2017): ten seconds of YouTube videos with the sounds that people heard in them.

It has labels and no sentences: the caption is the labels' names, joined with commas, and `tags["labels"]` holds their
ids. The names come from `class_labels_indices.csv` or `ontology.json`. A file named `<YouTube id>` is the whole video
and the item a span of it; a file `<YouTube id>_<start>_<end>` (seconds or milliseconds) is cut already.
"""

from __future__ import annotations

import csv

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.entry import Entry
from babelreel.types import Corpus

FILES = {
    "test": "eval_segments.csv",
    "train": "balanced_train_segments.csv",
    "unbalanced": "unbalanced_train_segments.csv",
}
INDICES, ONTOLOGY = "class_labels_indices.csv", "ontology.json"
NAMES = f"{INDICES} or {ONTOLOGY}"


def read_audioset(folder: Annotations) -> Corpus:
    """All segments of the files that are there."""
    names = _names(folder)
    for split, file in FILES.items():
        if not folder.has(file):
            continue
        for line, text in folder.lines(file):
            if text.startswith("#"):
                continue
            fields = next(csv.reader([text], skipinitialspace=True))
            try:
                video, start, end, labels = fields
                span = (float(start), float(end))
            except ValueError as error:
                found = f"holds {text[:60]!r}"
                do = 'A line is `-0RWZT-miFs, 420.000, 430.000, "/m/03v3yw,/m/0k4j"`.'
                raise folder.wrong(file, line, found, do) from error
            ids = labels.split(",")
            unknown = [id for id in ids if id not in names]
            if unknown:
                raise folder.wrong(file, line, f"has the label {unknown[0]}", f"No name of it is in {NAMES}.")
            path, span_of_file = _path(folder, video, span)
            folder.item(video, split, path, span=span_of_file, tags={"labels": labels})
            folder.caption(video, ", ".join(names[id] for id in ids), "en", file, line)
    return folder.corpus()


def _names(folder: Annotations) -> dict[str, str]:
    if folder.has(INDICES):
        return {row["mid"]: row["display_name"] for _, row in folder.table(INDICES, ("mid", "display_name"))}
    records = enumerate(folder.json(ONTOLOGY), start=1)
    return dict(tuple(folder.values(record, ("id", "name"), ONTOLOGY, n)) for n, record in records)


def _path(folder: Annotations, video: str, span: tuple[float, float]) -> tuple[str, tuple[float, float] | None]:
    start, end = span
    cut = folder.media(
        f"{video}_{start:.3f}_{end:.3f}", f"{video}_{start:g}_{end:g}", f"{video}_{1000 * start:.0f}_{1000 * end:.0f}",
        default="",
    )  # fmt: skip
    return (cut, None) if cut else (folder.media(video, default=f"videos/{video}.mp4"), span)


CORPORA = {
    "audioset": Entry(
        read_audioset,
        "AudioSet, ten-second segments with the names of their sounds, en; balanced training part and evaluation part",
        (FILES["test"], FILES["train"], NAMES),
        "the videos or segments, named <YouTube id> or <YouTube id>_<start>_<end>",
        source="research.google.com/audioset/download.html; unbalanced_train_segments.csv is read too, if there",
        licence="segments CC BY 4.0, ontology CC BY-SA 4.0; videos from YouTube",
        published={("train", "en"): (22160, 22160), ("test", "en"): (20371, 20371)},
        figures="the headers of the published files",
    )
}
