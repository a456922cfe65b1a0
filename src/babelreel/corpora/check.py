"""What a corpus holds, and what of it is missing or cannot be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from babelreel.errors import MediaError
from babelreel.media.files import read_item
from babelreel.media.video import Sampling
from babelreel.types import Corpus, MediaItem


@dataclass(frozen=True, slots=True)
class Statistics:
    """One row a split and language: how many items have captions in it, how many captions, how long they are."""

    split: str
    lang: str
    items: int
    captions: int
    characters: float  # mean length of a caption


def statistics(corpus: Corpus) -> list[Statistics]:
    """Count items and captions by split and language; items without any caption count under the language "-"."""
    items: Counter[tuple[str, str]] = Counter()
    captions: Counter[tuple[str, str]] = Counter()
    characters: Counter[tuple[str, str]] = Counter()
    for item in corpus.items:
        for lang in {c.lang for c in item.captions} or {"-"}:
            items[item.split, lang] += 1
        for caption in item.captions:
            captions[item.split, caption.lang] += 1
            characters[item.split, caption.lang] += len(caption.text)
    return [
        Statistics(split, lang, count, captions[split, lang], characters[split, lang] / max(1, captions[split, lang]))
        for (split, lang), count in sorted(items.items())
    ]


def check(corpus: Corpus, workers: int = 2, progress: Callable[[int, int], None] | None = None) -> dict[str, str]:
    """Decode a frame of every item; what is missing or unreadable comes back as {item id: why}. Text has no frames."""

    def problem(item: MediaItem) -> str | None:
        if item.kind == "text":
            return None
        try:
            read_item(corpus.path(item), item.kind, Sampling(frames=1), None, item.start, item.end)
        except MediaError as error:
            return str(error)
        return None

    found: dict[str, str] = {}
    with ThreadPoolExecutor(workers) as pool:
        results: Iterable[str | None] = pool.map(problem, corpus.items)
        for done, (item, why) in enumerate(zip(corpus.items, results, strict=True), start=1):
            if why is not None:
                found[item.id] = why
            if progress is not None:
                progress(done, len(corpus))
    return found
