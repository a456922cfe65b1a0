"""Multilingual Flickr8k: photographs with captions in seven languages and more, read from one JSON-lines file.

Layout below the root: `captions/flickr8k_multilingual.jsonl.gz` and `images/flickr8k/`. A line an image: `image`,
`split`, `captions` {key: [sentences]}. The keys `en zh ar pt de` were written by people about the image, `m30k_*` are
translations of one English sentence (Multi30k), `xfc_*` come from xFlickrCO. Photographs are Flickr users', for
research and education only (Hodosh et al. 2013).

The *seven languages* are en zh ar pt de in people's own captions, and fr cs from Multi30k. The other readings have a
name of their own: `flickr8k-all` (the seven with Multi30k's German and Portuguese too), `flickr8k-m30k` (parallel text
in five languages), `flickr8k-xfc` (eight languages for zero-shot tests, on photographs of Multi30k's test part, all of
them "test" here), and `flickr8k-less-xfc` (as `flickr8k-all`, but nothing is trained or validated on photographs that
`flickr8k-xfc` tests on).

`flickr8k-official` reads the files as their authors publish them: English in Flickr8k.token.txt, Chinese of Flickr8k-CN
(Li et al. 2016; `zhc` written by people, `zhm` translations of the English test captions by people) and Arabic (ElJundi
et al. 2020), with the official parts.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.entry import Entry
from babelreel.errors import CorpusError
from babelreel.types import Caption, Corpus, MediaItem

FILE = Path("captions/flickr8k_multilingual.jsonl.gz")
IMAGES = Path("images/flickr8k")

# caption key in the file -> (language, group); captions of one item in one group are translations of each other
SEVEN = {
    "en": ("en", ""), "zh": ("zh", ""), "ar": ("ar", ""), "pt": ("pt", ""), "de": ("de", ""),
    "m30k_fr": ("fr", "m30k"), "m30k_cs": ("cs", "m30k"),
}  # fmt: skip
M30K = {f"m30k_{lang}": (lang, "m30k") for lang in ("en", "de", "fr", "cs", "pt")}
XFC = {f"xfc_{lang}": (lang, "") for lang in ("de", "en", "es", "id", "ja", "ru", "tr", "zh")}
ALL = SEVEN | {"m30k_de": ("de", "m30k"), "m30k_pt": ("pt", "m30k")}
ENGLISH, ARABIC = "Flickr8k.token.txt", "Flickr8k.arabic.full.txt"
CHINESE, CHINESE_TEST = "flickr8kzhc.caption.txt", "flickr8kzhmtest.captions.txt"
LISTS = {"test": "Flickr_8k.testImages.txt", "val": "Flickr_8k.devImages.txt", "train": "Flickr_8k.trainImages.txt"}
XFC_PART = "test_2016_flickr"  # the part of Multi30k that xFlickrCO's photographs of Flickr30k are
READINGS = {
    "flickr8k": SEVEN, "flickr8k-all": ALL, "flickr8k-m30k": M30K, "flickr8k-xfc": XFC, "flickr8k-less-xfc": ALL,
}  # fmt: skip


def read_flickr8k(root: str | Path, name: str = "flickr8k") -> Corpus:
    """Read one of the readings above; items without a caption in it are left out.

    `tags["multi30k_split"]` tells where Multi30k puts the image: its splits cross Flickr8k's.

    Raises:
        CorpusError: when the file is not below `root`, or is damaged.
    """
    path = Path(root) / FILE
    keys = READINGS[name]
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            records = [json.loads(line) for line in file]
    except FileNotFoundError as error:
        raise CorpusError(f"{name} needs {FILE} below {Path(root)}, and it is not there. Give its root.") from error
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CorpusError(f"{path} is damaged ({error}). Fetch it again.") from error
    items = []
    for record in records:
        split = "test" if name == "flickr8k-xfc" else record["split"]
        if name == "flickr8k-less-xfc" and split != "test" and record.get("multi30k_split") == XFC_PART:
            continue
        captions = tuple(
            Caption(text, lang, "human", group)
            for key, (lang, group) in keys.items()
            for text in record["captions"].get(key, ())
            if text.strip()
        )
        if captions:
            image = record["image"]
            tags = {"multi30k_split": record["multi30k_split"]} if record.get("multi30k_split") else {}
            item_path = str(IMAGES / image)
            items.append(MediaItem(image, item_path, "image", split=split, captions=captions, tags=tags))
    return Corpus(name, Path(root), tuple(items))


def read_official(folder: Annotations) -> Corpus:
    """The official files; a line is `<image>.jpg#<n>`, a tab or space, and the caption."""
    for split, listed in LISTS.items():
        if folder.has(listed):
            for _, line in folder.lines(listed):
                name = line.removesuffix(".jpg")
                folder.item(name, split, folder.media(name, default=f"Flicker8k_Dataset/{name}.jpg"), "image")
    for file, lang in ((ENGLISH, "en"), (ARABIC, "ar"), (CHINESE, "zh"), (CHINESE_TEST, "zh")):
        if not folder.has(file):
            continue
        for number, image, n, text in _lines(folder, file):
            group = n if file in (ENGLISH, CHINESE_TEST) else ""
            folder.caption(image, text, lang, file, number, group=group)
    return folder.corpus()


def _lines(folder: Annotations, file: str) -> Iterator[tuple[int, str, str, str]]:
    """Line number, image, number of the caption, caption. A line without a name goes on with the caption before it."""
    whole: list[tuple[int, str]] = []
    for number, text in folder.lines(file):
        if ".jpg" in text.partition("#")[0]:
            whole.append((number, text))
        elif whole:
            folder.notes.append(f"{file}, {number}: no image is named, so {text!r} goes on with the line before")
            whole[-1] = (whole[-1][0], whole[-1][1] + text)
        else:
            raise folder.wrong(file, number, f"holds {text[:60]!r}", "A line is an image's name with #n and a caption.")
    for number, text in whole:
        key, *caption = text.split(maxsplit=1)
        image, *_, n = key.split("#")
        yield number, image.partition(".jpg")[0], n, "".join(caption)


def _reading(name: str, about: str) -> Entry:
    return Entry(
        lambda folder: read_flickr8k(folder.root, name),
        about,
        (FILE.as_posix(),),
        f"{IMAGES.as_posix()}/",
        source="put together from the official files of Flickr8k, its translations and Multi30K",
        licence="research and education only",
    )


CORPORA = {
    "flickr8k": _reading("flickr8k", "7,091 photographs, captions in en zh ar pt de fr cs"),
    "flickr8k-all": _reading(
        "flickr8k-all",
        "the same in the same languages, with Multi30k's German and Portuguese captions too, to train on",
    ),
    "flickr8k-m30k": _reading("flickr8k-m30k", "the same photographs, Multi30k's parallel captions in en de fr cs pt"),
    "flickr8k-xfc": _reading(
        "flickr8k-xfc", "213 of the photographs, xFlickrCO's captions in de en es id ja ru tr zh, to test on alone"
    ),
    "flickr8k-less-xfc": _reading(
        "flickr8k-less-xfc", "as flickr8k-all, without those 213 in train and val: train here, test on flickr8k-xfc"
    ),
    "flickr8k-official": Entry(
        read_official,
        "Flickr8k from its official files in its official parts, en zh ar",
        (*LISTS.values(), ENGLISH, CHINESE, CHINESE_TEST, ARABIC),
        "the photographs, such as 1000268201_693b08cb0e.jpg",
        source="Flickr8k_text.zip (Hodosh et al. 2013); github.com/li-xirong/flickr8kcn; Arabic of ElJundi et al. 2020",
        licence="research and education only",
        published={(s, "en"): (n, 5 * n) for s, n in (("train", 6000), ("val", 1000), ("test", 1000))}
        | {("train", "zh"): (6000, 30000), ("val", "zh"): (1000, 5000), ("test", "zh"): (1000, 10000)}
        | {(s, "ar"): (n, 3 * n) for s, n in (("train", 6000), ("val", 1000), ("test", 1000))},
        figures="Hodosh et al. 2013; Li et al. 2016; ElJundi et al. 2020",
    ),
}
