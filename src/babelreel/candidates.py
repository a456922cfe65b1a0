"""Two stages of a search: the C candidates nearest by pooled vectors, then exact scores; and what that loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from babelreel.errors import ConfigError, CorpusError
from babelreel.model import Model
from babelreel.ranking import in_blocks, top_k
from babelreel.scoring import dot
from babelreel.types import Corpus, Representation

BEST = 10


def candidate_recall(
    exact: Sequence[Sequence[str]], candidates: Sequence[Sequence[str]], sizes: Sequence[int]
) -> dict[int, float]:
    """The share of the `exact` best, in percent, that are among the first C candidates, for each C in `sizes`.

    Both hold ids by query, best first. Exact scores order what was kept, so this is the recall of both stages together.
    """
    wanted = sum(len(ids) for ids in exact)
    kept = {c: sum(len(set(e) & set(f[:c])) for e, f in zip(exact, candidates, strict=True)) for c in sizes}
    return {c: 100 * found / wanted if wanted else 100.0 for c, found in kept.items()}


def first_stage(
    model: Model, corpus: Corpus, sizes: Sequence[int], k: int = BEST, cache: str | Path | None = None
) -> dict[str, dict[int, float]]:
    """`candidate_recall` of the `k` best of exhaustive exact scoring, by language: every caption asks for every item.

    Raises:
        CorpusError: when no file can be read.
    """
    media = model.encode_media(corpus, cache, None, ("pooled", *model.method.scored))
    if media.representation is None:
        raise CorpusError(f"None of the {len(corpus)} items could be read.")
    rows, found = media.representation, {}
    pooled = Representation(rows.pooled)
    for lang in corpus.langs:
        texts = model.encode_text([c.text for i in corpus.items for c in i.captions if c.lang == lang], lang)
        exact = top_k(model.score, texts, in_blocks(media.ids, rows), k)
        near = top_k(dot, texts, in_blocks(media.ids, pooled), max(sizes))
        found[lang] = candidate_recall([ids for ids, _ in exact], [ids for ids, _ in near], sizes)
    return found


def read_sizes(text: str) -> list[int]:
    """Numbers of candidates from "20,50,100", ascending.

    Raises:
        ConfigError: when it is something else.
    """
    try:
        sizes = sorted({int(part) for part in text.split(",")})
    except ValueError:
        sizes = []
    if not sizes or sizes[0] < 1:
        raise ConfigError(f"Numbers of candidates are whole, at least 1, with commas between, found {text!r}.")
    return sizes


def to_table(recalls: Mapping[str, Mapping[int, float]], k: int = BEST) -> str:
    """What `first_stage` found, as text."""
    sizes = list(next(iter(recalls.values())))
    width = max(7, *(len(str(c)) + 2 for c in sizes))
    lines = [f"Recall in % of the {k} best by exact scores among the first C candidates by pooled vectors"]
    lines.append("lang  C:" + "".join(f"{c:>{width}}" for c in sizes))
    lines += [f"{lang:<8}" + "".join(f"{row[c]:>{width}.1f}" for c in sizes) for lang, row in recalls.items()]
    return "\n".join(lines)
