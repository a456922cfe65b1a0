"""Multi30K (Elliott et al. 2016, 2017; Barrault et al. 2018): Flickr30k's photographs with several languages.

Line i of a caption file belongs to line i of the list of images. Three readings:
- `multi30k`, task 1: one English sentence an image and its translations by people (German, French, Czech; Portuguese
  where the files of Framed Multi30K are there), so all captions of an image are parallel;
- `multi30k-task2`: five descriptions an image in English and five in German, written apart from each other;
- `multi30k-retrieval`, what papers on multilingual retrieval report (after Huang et al. 2019): task 2 in English and
  German, task 1 in French and Czech.

"test" is the test of 2016; later tests of task 1 are splits of their own, test_2017_mscoco has COCO's images.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.entry import Entry
from babelreel.types import Corpus

TASK1 = {
    "test": "test_2016_flickr",
    "test_2017_flickr": "test_2017_flickr",
    "test_2018_flickr": "test_2018_flickr",
    "test_2017_mscoco": "test_2017_mscoco",
    "val": "val",
    "train": "train",
}
TASK2 = {"test": "test_2016", "val": "val", "train": "train"}
LANGS1, LANGS2 = ("en", "de", "fr", "cs", "pt"), ("en", "de")
OFFICIAL = LANGS1[:4]
DESCRIPTIONS = 5


def read_task1(folder: Annotations) -> Corpus:
    """Parallel text."""
    _task1(folder, TASK1, LANGS1)
    return folder.corpus()


def read_task2(folder: Annotations) -> Corpus:
    """Independent descriptions."""
    _task2(folder)
    return folder.corpus()


def read_retrieval(folder: Annotations) -> Corpus:
    """Five captions in English and German, one in French and Czech."""
    _task2(folder)
    _task1(folder, {split: TASK1[split] for split in TASK2}, ("fr", "cs"))
    return folder.corpus()


def _task1(folder: Annotations, splits: dict[str, str], langs: Sequence[str]) -> None:
    for split, name in splits.items():
        images = f"task1/image_splits/{name}.txt"
        files = [(lang, f"task1/raw/{name}.{lang}") for lang in langs]
        _add(folder, split, images, [(lang, file) for lang, file in files if folder.has(file)], "task1")


def _task2(folder: Annotations) -> None:
    for split, name in TASK2.items():
        images = f"task2/image_splits/{name}_images.txt"
        files = [(lang, f"task2/raw/{name}.{n}.{lang}") for lang in LANGS2 for n in range(1, DESCRIPTIONS + 1)]
        _add(folder, split, images, [(lang, file) for lang, file in files if folder.has(file)], "")


def _add(folder: Annotations, split: str, images: str, files: list[tuple[str, str]], group: str) -> None:
    if not files or not folder.has(images):
        return
    ids = [line.partition("#")[0].removesuffix(".jpg") for line in folder.rows(images)]
    for id in ids:
        folder.item(id, split, folder.media(id, default=f"flickr30k-images/{id}.jpg"), "image")
    for lang, file in files:
        texts = folder.rows(file)
        if len(texts) != len(ids):
            found = f"has {len(texts)} lines, and {images} has {len(ids)}"
            raise folder.wrong(file, None, found, "Line i of one belongs to line i of the other: fetch both again.")
        for line, (id, text) in enumerate(zip(ids, texts, strict=True), start=1):
            folder.caption(id, text, lang, file, line, group=group)


def _files1(splits: dict[str, str], langs: Sequence[str]) -> tuple[str, ...]:
    lists = tuple(f"task1/image_splits/{name}.txt" for name in splits.values())
    # The official repository has no Czech for the tests of 2017.
    texts = [(n, lang) for n in splits.values() for lang in langs if not (lang == "cs" and n.startswith("test_2017"))]
    return (*lists, *(f"task1/raw/{name}.{lang}" for name, lang in texts))


def _files2() -> tuple[str, ...]:
    lists = tuple(f"task2/image_splits/{name}_images.txt" for name in TASK2.values())
    texts = [(n, i, lang) for n in TASK2.values() for i in range(1, DESCRIPTIONS + 1) for lang in LANGS2]
    return (*lists, *(f"task2/raw/{name}.{i}.{lang}" for name, i, lang in texts))


IMAGES = {"train": 29000, "val": 1014, "test": 1000}
LATER = {"test_2017_flickr": 1000, "test_2018_flickr": 1071, "test_2017_mscoco": 461}
_ONE = {(s, lang): (n, n) for s, n in (IMAGES | LATER).items() for lang in OFFICIAL}
_ONE = {k: n for k, n in _ONE.items() if not (k[1] == "cs" and k[0].startswith("test_2017"))}
_FIVE = {(s, lang): (n, DESCRIPTIONS * n) for s, n in IMAGES.items() for lang in LANGS2}
_entry = partial(
    Entry,
    media="Flickr30k's photographs, such as 1000092795.jpg (and for test_2017_mscoco COCO's)",
    source="github.com/multi30k/dataset, the folder data",
    licence="none stated in the repository; photographs by Flickr users, research and education only",
    figures="github.com/multi30k/dataset; Elliott et al. 2016",
)
CORPORA = {
    "multi30k": _entry(
        read_task1,
        "Multi30K task 1, one sentence an image in en de fr cs (and pt), translations of each other",
        _files1(TASK1, OFFICIAL),
        published=_ONE,
    ),
    "multi30k-task2": _entry(
        read_task2,
        "Multi30K task 2, five descriptions an image in en and de",
        _files2(),
        published=_FIVE,
    ),
    "multi30k-retrieval": _entry(
        read_retrieval,
        "Multi30K as retrieval papers use it: five captions an image in en and de, one in fr and cs",
        (*_files2(), *_files1({s: TASK1[s] for s in TASK2}, ("fr", "cs"))),
        published=_FIVE | {(s, lang): (n, n) for s, n in IMAGES.items() for lang in ("fr", "cs")},
    ),
}
