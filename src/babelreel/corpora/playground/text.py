"""A clip's captions in every language, and parallel text without clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from random import Random

from babelreel.corpora.playground.grammar import realise
from babelreel.corpora.playground.sample import Clip, draw_plan, draw_scene
from babelreel.corpora.playground.scene import LANGS, STYLES
from babelreel.types import Caption


def captions(clip: Clip, langs: Sequence[str] = LANGS) -> tuple[Caption, ...]:
    """One caption a plan and language; those of one plan share the group "p0", "p1", ...: they are translations.

    Raises:
        CorpusError: when a language is unknown.
    """
    return tuple(
        Caption(realise(clip.scene, plan, lang), lang, origin="generated", group=f"p{number}")
        for number, plan in enumerate(clip.plans)
        for lang in langs
    )


def parallel_text(n: int, seed: int, langs: Sequence[str] = LANGS) -> Iterator[dict[str, str]]:
    """Yield `n` sentences, each in all of `langs` as {lang: text}, no two alike; the same arguments give the same text.

    It is drawn without regard to any generated corpus, so some of it also describes clips of a test split.

    Raises:
        CorpusError: when a language is unknown.
    """
    rng = Random(f"{seed}:parallel")
    seen: set[bytes] = set()
    while len(seen) < n:
        scene = draw_scene(rng)
        plan = draw_plan(scene, rng.randrange(STYLES), rng)
        texts = {lang: realise(scene, plan, lang) for lang in langs}
        digest = blake2b("\n".join(texts.values()).encode(), digest_size=12).digest()
        if digest not in seen:
            seen.add(digest)
            yield texts
