"""Flickr30k (Young et al. 2014) in Karpathy's parts, five captions an image; and Flickr30k-CN (Lan et al. 2017).

Flickr30k-CN has Chinese for the same images: those of the test part were translated by people, those of the training
and validation part by machine. A line is `1009692167#zhm#1`, a tab or space, and the sentence (`zhm`: translated by a
person); in the files for training and validation some lines have the bare image name.
"""

from __future__ import annotations

from functools import partial

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.entry import Entry
from babelreel.corpora.karpathy import add_captions, karpathy_images
from babelreel.types import Corpus

DATA = "dataset_flickr30k.json"
CHINESE = {split: f"flickr30k-cn/{split}.txt" for split in ("test", "val", "train")}


def read_flickr30k(folder: Annotations) -> Corpus:
    """English."""
    for number, image in karpathy_images(folder, DATA):
        name = image["filename"].rpartition(".")[0]
        folder.item(name, image["split"], _path(folder, name), "image")
        add_captions(folder, name, image, DATA, number)
    return folder.corpus()


def read_flickr30k_cn(folder: Annotations) -> Corpus:
    """Chinese."""
    for split, file in CHINESE.items():
        if not folder.has(file):
            continue
        for line, text in folder.lines(file):
            fields = text.split(maxsplit=1)
            if len(fields) != 2:
                raise folder.wrong(file, line, f"holds {text[:60]!r}", "A line is an image's name, a tab, a sentence.")
            name, *tag = fields[0].split("#")
            name = name.removesuffix(".jpg")
            folder.item(name, split, _path(folder, name), "image")
            origin = "human" if "zhm" in tag or split == "test" else "translated"
            folder.caption(name, fields[1], "zh", file, line, origin)
    return folder.corpus()


def _path(folder: Annotations, name: str) -> str:
    return folder.media(name, default=f"flickr30k-images/{name}.jpg")


_entry = partial(
    Entry,
    media="the photographs, such as 1000092795.jpg",
    licence="research and education only; photographs by Flickr users",
)
CORPORA = {
    "flickr30k": _entry(
        read_flickr30k,
        "Flickr30k in Karpathy's parts, five captions an image, en",
        (DATA,),
        source="caption_datasets.zip (Karpathy, Stanford), photographs from shannon.cs.illinois.edu/DenotationGraph",
        published={("train", "en"): (29000, 145000), ("val", "en"): (1014, 5070), ("test", "en"): (1000, 5000)},
        figures="Karpathy and Fei-Fei 2015",
    ),
    "flickr30k-cn": _entry(
        read_flickr30k_cn,
        "Flickr30k-CN: Chinese for the same images, zh; the test part by people, the rest by machine",
        tuple(CHINESE.values()),
        source="github.com/li-xirong/cross-lingual-cap; {train,val,test}.txt in the folder flickr30k-cn",
        published={("val", "zh"): (1000, 5000), ("test", "zh"): (1000, 5000)},
        figures="Lan et al. 2017",
    ),
}
