"""Queries in five languages, answered from the demo's index, right or wrong."""

from __future__ import annotations

from pathlib import Path

from babelreel.index.search import Searcher
from babelreel.media.video import probe
from babelreel.model import Model
from babelreel.types import Corpus

ASKED = ("de", "zh", "ar", "sw", "fr")
FIRST = 3


def ask(index: Path, model: Model, test: Corpus) -> str:
    """Five test captions, each of another clip and in another language, with the first hits of each."""
    searcher = Searcher(index, model)
    lines = []
    step = len(test) // len(ASKED)
    for number, lang in enumerate(ASKED):
        item = test.items[number * step]
        query = next(c for c in item.captions if c.lang == lang)
        english = next(c for c in item.captions if c.lang == "en" and c.group == query.group)
        hits = searcher.search(query.text, len(test), lang)
        rank = next(hit.rank for hit in hits if hit.item_id == item.id)
        lines += [f"    {lang}: {query.text}", f"        ({english.text})"]
        for hit in hits[:FIRST]:
            end = hit.end if hit.end is not None else probe(hit.path).duration
            right = "  <- it was this one" if hit.item_id == item.id else ""
            span = f"{hit.start or 0:.1f} to {end:.1f} s, best at {hit.moment or 0:.1f} s"
            lines.append(f"        {hit.score:6.2f}  {hit.path}  {span}{right}")
        if rank > FIRST:
            lines.append(f"        the right clip stands in place {rank} of {len(test)}")
    return "\n".join(lines)
