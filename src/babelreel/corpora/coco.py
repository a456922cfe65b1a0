"""MSCOCO captions (Lin et al. 2014) in Karpathy's parts, with STAIR's Japanese, and COCO-CN's Chinese.

- `coco-5k`: 113,287 images to train on ("train" and "restval" of the file), 5,000 to validate, 5,000 to test.
- `coco-1k`: the same, the test in five folds of 1,000 images, `test1` to `test5`; papers give the mean of the five.
STAIR Captions (Yoshikawa et al. 2017) were written by people for the same images; they are read where they are there.

COCO-CN (Li et al. 2019) has parts of its own: 18,341 images to train on, 1,000 and 1,000. `coco-cn` has what people
wrote in Chinese, as papers report; `coco-cn-translated` five English captions of each test image, translated by people.
"""

from __future__ import annotations

from functools import partial

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.entry import Entry
from babelreel.corpora.karpathy import add_captions, karpathy_images
from babelreel.types import Corpus

DATA = "dataset_coco.json"
STAIR = tuple(f"stair_captions_v1.2_{part}.json" for part in ("train", "val"))
SPLITS = {"train": "train", "restval": "train", "val": "val", "test": "test"}
FOLD = 1000
LISTS = {split: f"coco-cn_{split}.txt" for split in ("test", "val", "train")}
WRITTEN, TRANSLATED = "imageid.human-written-caption.txt", "imageid.manually-translated-caption.txt"


def read_coco(folder: Annotations, folds: bool = False) -> Corpus:
    """Karpathy's parts; with `folds` the test is cut into thousands, in the order of the file."""
    names: dict[int, str] = {}
    tested = 0
    for number, image in karpathy_images(folder, DATA):
        if image["split"] not in SPLITS:
            found = f"has at image {number} the split {image['split']!r}"
            raise folder.wrong(DATA, None, found, f"Known are {', '.join(SPLITS)}.")
        (cocoid,) = folder.values(image, ("cocoid",), DATA, number)
        split = SPLITS[image["split"]]
        if split == "test":
            tested += 1
            split = f"test{(tested - 1) // FOLD + 1}" if folds else "test"
        name = names[cocoid] = image["filename"].rpartition(".")[0]
        folder.item(name, split, _path(folder, name), "image")
        add_captions(folder, name, image, DATA, number)
    for file in STAIR:
        if folder.has(file):
            annotations = folder.json(file, dict).get("annotations", [])
            for number, annotation in enumerate(annotations, start=1):
                cocoid, text = folder.values(annotation, ("image_id", "caption"), file, number)
                if cocoid in names:  # STAIR has captions of images that Karpathy's parts leave out
                    folder.caption(names[cocoid], text, "ja", file, number)
    return folder.corpus()


def read_coco_cn(folder: Annotations, file: str = WRITTEN) -> Corpus:
    """Chinese; a line is `COCO_val2014_000000217153#0`, a tab, and the sentence."""
    for split, listed in LISTS.items():
        if folder.has(listed) and (file == WRITTEN or split == "test"):
            for _, line in folder.lines(listed):
                name = line.removesuffix(".jpg")
                folder.item(name, split, _path(folder, name), "image")
    for number, text in folder.lines(file):
        key, separator, caption = text.partition("\t")
        if not separator:
            found = f"holds {text[:60]!r}"
            raise folder.wrong(file, number, found, "A line is an image's name with #n, a tab, a sentence.")
        folder.caption(key.partition("#")[0], caption, "zh", file, number)
    return folder.corpus()


def _path(folder: Annotations, name: str) -> str:
    part = name.split("_")[1] if name.count("_") == 2 else "images"
    return folder.media(name, default=f"{part}/{name}.jpg")


_MEDIA = "COCO 2014's photographs, such as COCO_val2014_000000000042.jpg"
_LICENCE = "captions CC BY 4.0; photographs by Flickr users under their own terms"
_entry = partial(
    Entry,
    files=(DATA, *STAIR),
    media=_MEDIA,
    source="caption_datasets.zip (Karpathy, Stanford); github.com/STAIR-Lab-CIT/STAIR-captions; cocodataset.org",
    licence=_LICENCE,
    figures="Karpathy and Fei-Fei 2015; Yoshikawa et al. 2017 (five captions an image)",
)
_TRAIN = {("train", "en"): (113287, 566747), ("val", "en"): (5000, 25010), ("train", "ja"): (113287, None)} | {
    ("val", "ja"): (5000, 25000)
}
CORPORA = {
    "coco-5k": _entry(
        read_coco,
        "MSCOCO in Karpathy's parts, 5,000 test images, en, and ja of STAIR Captions",
        published=_TRAIN | {("test", "en"): (5000, 25010), ("test", "ja"): (5000, 25000)},
    ),
    "coco-1k": _entry(
        lambda folder: read_coco(folder, folds=True),
        "the same, tested in five folds of 1,000 images (test1 to test5), whose mean papers report",
        published=_TRAIN | {(f"test{n}", "ja"): (FOLD, 5 * FOLD) for n in range(1, 6)}
        | {(f"test{n}", "en"): (FOLD, None) for n in range(1, 6)},
    ),
    "coco-cn": Entry(
        read_coco_cn,
        "COCO-CN, Chinese captions that people wrote, zh",
        (*LISTS.values(), WRITTEN),
        _MEDIA,
        source="github.com/li-xirong/coco-cn (on request)",
        licence="research only; photographs by Flickr users",
        published={("train", "zh"): (18341, None), ("val", "zh"): (1000, None), ("test", "zh"): (1000, None)},
        figures="Li et al. 2019, release 201805 (22,218 written sentences)",
    ),
    "coco-cn-translated": Entry(
        lambda folder: read_coco_cn(folder, TRANSLATED),
        "COCO-CN's test images with five English captions each translated by people, zh",
        (LISTS["test"], TRANSLATED),
        _MEDIA,
        source="github.com/li-xirong/coco-cn (on request)",
        licence="research only; photographs by Flickr users",
        published={("test", "zh"): (1000, 5000)},
        figures="Li et al. 2019",
    ),
}  # fmt: skip
