"""The filter for noise on translations by people: what it drops of them, and what it finds of faults put among them.

    python benchmarks/noise.py [--quick] [--json FILE]

Captions of the committed clips, and Multi30k's of the Flickr8k images where the development data lies beside. One in
ten is spoiled, in five ways. Goal: at most 1 % of good ones is dropped; copies, English and loops are all found.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness import arguments, report

from babelreel.corpora.registry import open_corpus
from babelreel.enrich.models import Translation
from babelreel.enrich.noise import Limits, find_noise
from babelreel.types import Corpus

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"


def parallel(corpus: Corpus) -> dict[str, list[tuple[str, str]]]:
    """English and translated captions of one group, by language."""
    found = defaultdict(list)
    for item in corpus.items:
        english = {c.group: c.text for c in item.captions if c.lang == "en" and c.group}
        for caption in item.captions:
            if caption.lang != "en" and caption.group in english:
                found[caption.lang].append((english[caption.group], caption.text))
    return found


def measure(name: str, lang: str, pairs: list[tuple[str, str]]) -> dict[str, Any]:
    sources, texts = [list(column) for column in zip(*pairs, strict=True)]
    spoiled = len(pairs) // 10
    unspaced = lang in ("zh", "ja")

    def dropped(spoil: Callable[[int], str] | None, count: int) -> float:
        made = [spoil(n) if spoil and n < count else text for n, text in enumerate(texts)]
        reasons = find_noise(sources, [Translation(text, True) for text in made], lang, Limits())
        return 100 * sum(reason is not None for reason in reasons[:count]) / count

    def looped(n: int) -> str:
        return texts[n] + (texts[n][-4:] if unspaced else " " + " ".join(texts[n].split()[-2:])) * 5

    return {
        "captions": name,
        "lang": lang,
        "pairs": len(pairs),
        "good dropped %": dropped(None, len(pairs)),
        "copies found %": dropped(lambda n: sources[n], spoiled),
        "English found %": dropped(lambda n: sources[n + spoiled], spoiled),
        "loops found %": dropped(looped, spoiled),
        "quarters found %": dropped(lambda n: texts[n][: len(texts[n]) // 4], spoiled),
        "fours found %": dropped(lambda n: " ".join(texts[n : n + 4]), spoiled),
    }


def main() -> None:
    given = arguments(__doc__ or "")
    corpora = {"clips": open_corpus(str(ROOT / "recipes" / "clips.jsonl"))}
    if DATA.is_dir() and not given.quick:
        corpora["Multi30k"] = open_corpus("flickr8k-m30k", DATA)
    rows = []
    for name, corpus in corpora.items():
        for lang, pairs in parallel(corpus).items():
            random.Random(0).shuffle(pairs)
            rows.append(measure(name, lang, pairs[:2000]))
    report(rows, given.json, given.quick)


if __name__ == "__main__":
    main()
