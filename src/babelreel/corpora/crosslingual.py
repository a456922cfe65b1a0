"""Images with captions in many languages, to test alone: XTD10, xFlickrCO and Crossmodal-3600.

XTD10 (Aggarwal and Kale 2020) and xFlickrCO (Bugliarello et al. 2022, IGLUE) are parallel: captions of an image
translate one English sentence, but for XTD10's Japanese, which STAIR's annotators wrote from the picture. Their images
are COCO's and Flickr30k's; XTD10 takes 800 of its 1,000 from COCO's training images, which a model trained on COCO has
seen. Crossmodal-3600 (Thapliyal et al. 2022) was written in each of its 36 languages apart.
"""

from __future__ import annotations

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.entry import Entry
from babelreel.types import Corpus

XTD_IMAGES = "XTD10/test_image_names.txt"
XTD = {lang: f"XTD10/test_1kcaptions_{lang}.txt" for lang in ("en", "es", "it", "ko", "pl", "ru", "tr", "zh")} | {
    "de": "MIC/test_1kcaptions_de.txt",
    "fr": "MIC/test_1kcaptions_fr.txt",
    "ja": "STAIR/test_1kcaptions_jp.txt",
}
XFLICKRCO = "xflickrco.json"
XFLICKRCO_LANGS = ("de", "en", "es", "id", "ja", "ru", "tr", "zh")
XM3600 = "captions.jsonl"
XM3600_LANGS = (
    "ar bn cs da de el en es fa fi fil fr he hi hr hu id it ja ko mi nl no pl pt quz ro ru sv sw te th tr uk vi zh"
).split()


def read_xtd10(folder: Annotations) -> Corpus:
    """Line i of each language belongs to image i."""
    ids = [name.removesuffix(".jpg") for name in folder.rows(XTD_IMAGES)]
    for id in ids:
        _declare(folder, id)
    for lang, file in XTD.items():
        if not folder.has(file):
            continue
        texts = folder.rows(file)
        if len(texts) != len(ids):
            found = f"has {len(texts)} lines, and {XTD_IMAGES} has {len(ids)}"
            raise folder.wrong(file, None, found, "Line i of one belongs to line i of the other: fetch both again.")
        for line, (id, text) in enumerate(zip(ids, texts, strict=True), start=1):
            folder.caption(id, text, lang, file, line, group="" if lang == "ja" else "xtd")
    return folder.corpus()


def read_xflickrco(folder: Annotations) -> Corpus:
    """One JSON file {"images": [name, ...], "captions": {lang: [[caption], ...]}}."""
    images, captions = folder.values(folder.json(XFLICKRCO, dict), ("images", "captions"), XFLICKRCO, 1)
    ids = [name.removesuffix(".jpg") for name in images]
    for id in ids:
        _declare(folder, id)
    for lang, texts in captions.items():
        if len(texts) != len(ids):
            found = f"has {len(texts)} captions in {lang} for {len(ids)} images"
            raise folder.wrong(XFLICKRCO, None, found, "Fetch it again.")
        for number, (id, of_image) in enumerate(zip(ids, texts, strict=True), start=1):
            for n, text in enumerate(of_image):
                folder.caption(id, text, lang, XFLICKRCO, number, group=f"{n}")
    return folder.corpus()


def read_xm3600(folder: Annotations) -> Corpus:
    """One JSON object a line: the image's key, and for each language a list of captions."""
    for line, record in folder.jsonl(XM3600):
        if "image/key" not in record:
            raise folder.wrong(XM3600, line, "lacks 'image/key'", "Give captions.jsonl of captions.zip.")
        id = record["image/key"]
        folder.item(id, "test", folder.media(id, default=f"images/{id}.jpg"), "image")
        for lang in XM3600_LANGS:
            for text in record.get(lang, {}).get("caption", ()):
                folder.caption(id, text, lang, XM3600, line)
    return folder.corpus()


def _declare(folder: Annotations, id: str) -> None:
    folder.item(id, "test", folder.media(id, default=f"images/{id}.jpg"), "image")


CORPORA = {
    "xtd10": Entry(
        read_xtd10,
        "XTD10, 1,000 images of COCO, one caption each in de en es fr it ja ko pl ru tr zh",
        (XTD_IMAGES, *XTD.values()),
        "COCO 2014's photographs, such as COCO_train2014_000000061844.jpg",
        source="github.com/adobe-research/Cross-lingual-Test-Dataset-XTD10",
        licence="Adobe Research licence, non-commercial; photographs by Flickr users",
        published={("test", lang): (1000, 1000) for lang in XTD},
        figures="Aggarwal and Kale 2020",
    ),
    "xflickrco": Entry(
        read_xflickrco,
        "xFlickrCO, 1,000 images of Flickr30k and 1,000 of COCO, one caption each in de en es id ja ru tr zh",
        (XFLICKRCO,),
        "the photographs of Flickr30k and COCO 2014",
        source="xflickrco.json of github.com/gregor-ge/Babel-ImageNet, from github.com/e-bug/iglue",
        licence="research only; photographs by Flickr users",
        published={("test", lang): (2000, 2000) for lang in XFLICKRCO_LANGS},
        figures="Bugliarello et al. 2022, IGLUE",
    ),
    "xm3600": Entry(
        read_xm3600,
        "Crossmodal-3600, 3,600 images with captions in 36 languages",
        (XM3600,),
        "the photographs under their keys (.jpg)",
        source="google.github.io/crossmodal-3600",
        licence="captions CC BY 4.0; photographs of Open Images, CC BY 2.0",
        published={("test", lang): (3600, None) for lang in XM3600_LANGS},
        figures="Thapliyal et al. 2022 (261,375 captions)",
    ),
}
