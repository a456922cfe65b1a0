"""Multilingual Flickr8k: photographs with captions in seven languages and more, read from one JSON-lines file.

Layout below the root: `captions/flickr8k_multilingual.jsonl.gz` and `images/flickr8k/`. A line an image: `image`,
`split`, `captions` {key: [sentences]}. The keys `en zh ar pt de` were written by people about the image, `m30k_*` are
translations of one English sentence (Multi30k), `xfc_*` come from xFlickrCO. Photographs are Flickr users', for
research and education only (Hodosh et al. 2013).

The *seven languages* are en zh ar pt de in people's own captions, and fr cs from Multi30k. The other readings have a
name of their own: `flickr8k-all` (the seven with Multi30k's German and Portuguese too), `flickr8k-m30k` (parallel text
in five languages) and `flickr8k-xfc` (eight languages for zero-shot tests; images of Multi30k's test part, whose other
captions a training run must not have seen).
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

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
READINGS = {"flickr8k": SEVEN, "flickr8k-all": ALL, "flickr8k-m30k": M30K, "flickr8k-xfc": XFC}


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
            items.append(MediaItem(image, item_path, "image", split=record["split"], captions=captions, tags=tags))
    return Corpus(name, Path(root), tuple(items))
