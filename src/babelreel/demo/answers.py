"""Queries in five languages, answered from the demo's index, right or wrong."""

from __future__ import annotations

from pathlib import Path

from babelreel.index.search import Searcher
from babelreel.model import Model
from babelreel.types import Corpus

ASKED = ("de", "zh", "ar", "sw", "fr")
FIRST = 3


def ask(index: Path, model: Model, test: Corpus) -> str:
    """Five test captions, each of another clip and in another language, with the first hits of each.

    The clips are spread over those with a near twin of another colour: what a frame shows can be found.
    """
    searcher = Searcher(index, model)
    lines = []
    seen = [item for item in test.items if "colour" in item.tags["differs_in"].split(",")] or list(test.items)
    for number, lang in enumerate(ASKED):
        item = seen[number * len(seen) // len(ASKED)]
        query = next(c for c in item.captions if c.lang == lang)
        english = next(c for c in item.captions if c.lang == "en" and c.group == query.group)
        hits = searcher.search(query.text, len(test), lang).hits
        path = str(test.path(item).absolute())
        rank = next(hit.rank for hit in hits if hit.path == path)
        lines += [f"    {lang}: {query.text}", f"        ({english.text})"]
        for hit in hits[:FIRST]:
            right = "  <- it was this one" if hit.path == path else ""
            span = f"{hit.start or 0:.1f} to {hit.end or 0:.1f} s, best at {hit.moment or 0:.1f} s"
            lines.append(f"        {hit.score:6.2f}  {_short(hit.path)}  {span}{right}")
        if rank > FIRST:
            lines.append(f"        the right clip stands in place {rank} of {len(test)}")
    return "\n".join(lines)


def _short(path: str) -> Path:
    """The path as it is called from here."""
    here = Path.cwd()
    return Path(path).relative_to(here) if Path(path).is_relative_to(here) else Path(path)
