"""LSMDC (Rohrbach et al. 2017): short clips of movies with what an audio description says, 118,081 clips.

Lines are tab-separated without a header: clip, start and end of the sentence, start and end of the clip, sentence. A
clip may have several sentences. Clips are cut already, so items have no span. Papers report on the 1,000 test
clips of the 2016 challenge.
"""

from __future__ import annotations

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.entry import Entry
from babelreel.types import Corpus

FILES = {
    "test": "LSMDC16_challenge_1000_publictect.csv",
    "val": "LSMDC16_annos_val.csv",
    "train": "LSMDC16_annos_training.csv",
}
FIELDS = 6


def read_lsmdc(folder: Annotations) -> Corpus:
    """Every sentence a caption of its clip."""
    for split, file in FILES.items():
        if not folder.has(file):
            continue
        for line, text in folder.lines(file):
            fields = text.split("\t")
            if len(fields) not in (FIELDS, FIELDS - 1):  # an empty sentence leaves five
                found = f"has {len(fields)} fields between tabs, not {FIELDS}"
                raise folder.wrong(file, line, found, "Mend the line, or fetch the file again.")
            clip = fields[0]
            movie = clip.rpartition("_")[0]
            folder.item(clip, split, folder.media(clip, default=f"{movie}/{clip}.avi"), tags={"source": movie})
            folder.caption(clip, fields[5] if len(fields) == FIELDS else "", "en", file, line)
    return folder.corpus()


CORPORA = {
    "lsmdc": Entry(
        read_lsmdc,
        "LSMDC 2016, clips of movies, en; 1,000 test clips",
        tuple(FILES.values()),
        "the clips under their names, such as 0001_American_Beauty_00.00.51.926-00.00.54.129.avi",
        source="sites.google.com/site/describingmovies (after permission by MPII)",
        licence="research only, on permission by MPII",
        published={("train", "en"): (None, 101079), ("val", "en"): (None, 7408), ("test", "en"): (1000, 1000)},
        figures="Liu et al. 2019, collaborative experts; Luo et al. 2021, CLIP4Clip",
    )
}
