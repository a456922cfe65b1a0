"""The JSON files of Karpathy and Fei-Fei 2015, such as `dataset_coco.json`: images, their parts and captions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from babelreel.corpora.annotations import Annotations

KEYS = ("filename", "split", "sentences")


def karpathy_images(folder: Annotations, file: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The images of such a file with their places in it, from 1.

    Raises:
        CorpusError: when the file is missing, or not in that form.
    """
    images = folder.json(file, dict).get("images")
    if not isinstance(images, list):
        raise folder.wrong(file, 1, "has no list 'images'", "Give the file of Karpathy's caption_datasets.zip.")
    for number, image in enumerate(images, start=1):
        folder.values(image, KEYS, file, number)
        yield number, image


def add_captions(folder: Annotations, id: str, image: dict[str, Any], file: str, number: int) -> None:
    """Add an image's English captions, as they were written, not split into words."""
    for sentence in image["sentences"]:
        (text,) = folder.values(sentence, ("raw",), file, number)
        folder.caption(id, text, "en", file, number)
