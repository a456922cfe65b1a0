"""Twelve grammars, each of which puts the same meaning into its own words: one file a language."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from babelreel.corpora.playground.scene import Plan, Scene
from babelreel.errors import CorpusError

MODULES = {
    "en": "babelreel.corpora.playground.grammar.en",
    "de": "babelreel.corpora.playground.grammar.de",
    "fr": "babelreel.corpora.playground.grammar.fr",
    "cs": "babelreel.corpora.playground.grammar.cs",
    "es": "babelreel.corpora.playground.grammar.es",
    "pt": "babelreel.corpora.playground.grammar.pt",
    "ru": "babelreel.corpora.playground.grammar.ru",
    "zh": "babelreel.corpora.playground.grammar.zh",
    "ja": "babelreel.corpora.playground.grammar.ja",
    "vi": "babelreel.corpora.playground.grammar.vi",
    "sw": "babelreel.corpora.playground.grammar.sw",
    "ar": "babelreel.corpora.playground.grammar.ar",
}


def realise(scene: Scene, plan: Plan, lang: str) -> str:
    """Say in the language `lang` what `plan` tells of `scene`; the same arguments always give the same sentence.

    The parts of `scene` that `plan` passes over leave no trace, but for `scene.seed`, which chooses among paraphrases.

    Raises:
        CorpusError: when there is no grammar for `lang`.
    """
    if lang not in MODULES:
        raise CorpusError(
            f"The playground has no grammar for the language {lang!r}. Choose one of the twelve: {', '.join(MODULES)}."
        )
    speak = cast(Callable[[Scene, Plan], str], import_module(MODULES[lang]).realise)
    return speak(scene, plan)
