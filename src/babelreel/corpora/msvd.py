"""MSVD (Chen and Dolan 2011): 1,970 clips with some forty sentences each, every sentence a query; and MSVD-CN.

The parts are those of Venugopalan et al. 2015: 1,200, 100 and 670 clips, by lists, or as they stand in
`youtube_mapping.txt`, whose order the lists follow. A clip is named `<YouTube id>_<start>_<end>`, and the published
files are cut already, so items have no span. Captions come from `raw-captions.pkl`, split into words, as the papers use
them, or from the table of the corpus, whose English rows are taken.

MSVD-CN (Chen et al. 2020) has Chinese captions that people wrote for the same clips.
"""

from __future__ import annotations

from functools import partial

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.entry import Entry
from babelreel.types import Corpus

MAPPING = "youtube_mapping.txt"
LISTS = {split: f"{split}_list.txt or {MAPPING}" for split in ("test", "val", "train")}
PICKLE, TABLE = "raw-captions.pkl", "video_corpus.csv"
CAPTIONS = f"{PICKLE} or {TABLE}"
CHINESE = "msvd_cn_captions_release_utf8.csv"
ENDS = {"train": (1, 1200), "val": (1201, 1300), "test": (1301, 1970)}  # vid1 to vid1970 of the mapping


def read_msvd(folder: Annotations) -> Corpus:
    """English."""
    _declare(folder)
    if not folder.has(PICKLE):
        for line, row in folder.table(TABLE, ("VideoID", "Start", "End", "Language", "Description")):
            if row["Language"] == "English":
                clip = f"{row['VideoID']}_{row['Start']}_{row['End']}"
                folder.caption(clip, row["Description"], "en", TABLE, line)
        return folder.corpus()
    captions = folder.pickle(PICKLE)
    if not isinstance(captions, dict):
        found = f"holds a {type(captions).__name__}, not {{clip: captions}}"
        raise folder.wrong(PICKLE, None, found, "Give the file of the CLIP4Clip release.")
    for number, (clip, sentences) in enumerate(captions.items(), start=1):
        for words in sentences:
            text = words if isinstance(words, str) else " ".join(words)
            folder.caption(clip, text, "en", PICKLE, number)
    return folder.corpus()


def read_msvd_cn(folder: Annotations) -> Corpus:
    """Chinese; `vid1.mp4` of its table is a line of the mapping."""
    clips = {vid: clip for clip, vid in _mapping(folder)}
    _declare(folder)
    for line, row in folder.table(CHINESE, ("video_id", "sentence")):
        vid = row["video_id"].partition(".")[0]
        folder.caption(clips.get(vid, vid), row["sentence"], "zh", CHINESE, line)
    return folder.corpus()


def _mapping(folder: Annotations) -> list[tuple[str, str]]:
    pairs = []
    for line, text in folder.lines(MAPPING):
        fields = text.split()
        if len(fields) != 2 or not fields[1].removeprefix("vid").isdigit():
            found = f"holds {text[:60]!r}, not a clip and its number"
            raise folder.wrong(MAPPING, line, found, "A line is `-4wsuPCjDBc_5_15 vid1`.")
        pairs.append((fields[0], fields[1]))
    return pairs


def _declare(folder: Annotations) -> None:
    for split, file in LISTS.items():
        numbers = {}
        if folder.has(MAPPING):
            numbers = dict(_mapping(folder))
        if folder.has(f"{split}_list.txt"):
            clips = [text for _, text in folder.lines(f"{split}_list.txt")]
        elif folder.has(file):
            first, last = ENDS[split]
            clips = [clip for clip, vid in numbers.items() if first <= int(vid[3:]) <= last]
        else:
            continue
        for clip in clips:
            stems = (clip, numbers[clip]) if clip in numbers else (clip,)
            source = clip.rsplit("_", 2)[0]
            folder.item(clip, split, folder.media(*stems, default=f"videos/{clip}.avi"), tags={"source": source})


_entry = partial(
    Entry,
    media="the clips, named <YouTube id>_<start>_<end> (.avi, ...) or vid1 to vid1970",
    licence="research only (Microsoft Research Video Description Corpus); clips from YouTube",
)
CORPORA = {
    "msvd": _entry(
        read_msvd,
        "MSVD, every caption a query, en",
        (*LISTS.values(), CAPTIONS),
        source="msvd_data.zip of the CLIP4Clip release, clips from www.cs.utexas.edu/users/ml/clamp/videoDescription",
        published={("train", "en"): (1200, 48774), ("val", "en"): (100, 4290), ("test", "en"): (670, 27763)},
        figures="Luo et al. 2021, CLIP4Clip, as its loader counts",
    ),
    "msvd-cn": _entry(
        read_msvd_cn,
        "MSVD-CN: the same clips with Chinese captions, zh",
        (CHINESE, MAPPING),
        source="github.com/mcislab-machine-learning/MSVD-CN",
        published={("train", "zh"): (1200, 7194), ("val", "zh"): (100, 584), ("test", "zh"): (670, 3980)},
        figures="counted in the published file (11,758 captions of 1,970 clips)",
    ),
}
