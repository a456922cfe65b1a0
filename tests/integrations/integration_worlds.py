"""Small corpora of real photographs and clips, with a caption each."""

from __future__ import annotations

from pathlib import Path

from babelreel.types import Caption, Corpus, MediaItem

TITLES = [
    "a brown dog", "two children", "a man on a bicycle", "grass", "the water", "a red car", "snow", "a street at night",
    "people dance", "a white horse", "a boat", "somebody cooks", "a ball", "a tree", "a cat", "mountains",
]  # fmt: skip


def corpus_of(data: Path, kind: str) -> Corpus:
    """Sixteen photographs, or twelve clips, each with a caption of its own."""
    folder, pattern, count = ("images/flickr8k", "*.jpg", 16) if kind == "image" else ("clips", "*.mp4", 12)
    small = sorted((data / folder).glob(pattern), key=lambda path: path.stat().st_size)[:count]
    items = [
        MediaItem(path.name, f"{folder}/{path.name}", kind, captions=(Caption(title, "en"),))  # type: ignore[arg-type]
        for path, title in zip(small, TITLES, strict=False)
    ]
    return Corpus(f"small {kind}", data, tuple(items))
