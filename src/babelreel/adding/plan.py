"""What is asked for, checked against the model before any work; and the recipes that do it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from babelreel.config import load_toml
from babelreel.corpora.pairs import as_text, is_pairs, read_pairs, with_splits
from babelreel.corpora.registry import open_corpus
from babelreel.errors import ConfigError, CorpusError
from babelreel.language import family, require_code
from babelreel.methods.base import Method
from babelreel.methods.clip4clip import CLIP4Clip
from babelreel.training.recipe import Recipe
from babelreel.types import Corpus

PIVOT = "en"
STEPS = 4  # batches an epoch at the least, however few pairs there are
RECIPES = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Addition:
    """Which languages a model gets, and from what.

    `pairs` is a file of parallel text, or a corpus whose items have captions in English and in the languages;
    `captions` a corpus with media to go on with (mla); `test` one to measure on. Both, and `pairs` where it is a
    corpus, lie below `media_root`. `first` limits the pairs that are trained on. `tower` is a hub folder: mkd's
    student, or for mla a tokenizer with word vectors. `start_from` is an added language to start from, "none", or
    "auto", a related one. `settings` are dotted keys of the recipe that learns from pairs.

    Raises:
        ConfigError: when what is asked for does not go together.
    """

    langs: tuple[str, ...]
    pairs: str
    method: Literal["mla", "mkd"] = "mla"
    captions: str | None = None
    test: str | None = None
    media_root: Path | None = None
    first: int | None = None
    tower: str = ""
    start_from: str = "auto"
    replace: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for lang in self.langs:
            require_code(lang)
            if lang.partition("-")[0] == PIVOT:
                raise ConfigError("English is the model's own language: name the language that is to be added.")
        if not self.langs or len(set(self.langs)) < len(self.langs):
            raise ConfigError(f"Name each language to add once, found {', '.join(self.langs) or 'none'}.")
        if self.method == "mkd" and self.captions is not None:
            raise ConfigError("mkd learns from text pairs alone. Leave --captions out, or take --method mla.")
        if self.method == "mkd" and self.start_from not in ("auto", "none"):
            raise ConfigError("mkd has one tower for all languages, so there is none to start from: take --method mla.")
        if self.first is not None and self.first < 1:
            raise ConfigError(f"At least one pair must be trained on, found --first {self.first}.")

    def plain(self) -> dict[str, Any]:
        """As values that JSON keeps, so that the same request is known again."""
        return json.loads(json.dumps(asdict(self), default=str))


def open_pairs(addition: Addition) -> Corpus:
    """The pairs as a corpus of text alone with the splits train, val and test; of train the first that are asked for.

    Raises:
        CorpusError: when there is none, or a language is missing in it.
    """
    path = Path(addition.pairs)
    if path.is_file() and is_pairs(path):
        corpus = read_pairs(path, (PIVOT, *addition.langs))
    else:
        corpus = as_text(open_corpus(addition.pairs, addition.media_root))
    corpus = _in_parts(corpus.select(langs=(PIVOT, *addition.langs)))
    if addition.first is None:
        return corpus
    train = [item for item in corpus.items if item.split == "train"]
    left_out = {item.id for item in train[addition.first :]}
    return Corpus(corpus.name, corpus.media_root, tuple(i for i in corpus.items if i.id not in left_out))


def _in_parts(corpus: Corpus) -> Corpus:
    """The corpus with a part to choose by: where it has none, some of what is trained on."""
    if {"train", "val"} <= set(corpus.splits):
        return corpus
    if corpus.splits == ("",):
        return with_splits(corpus)
    if "train" not in corpus.splits:
        raise CorpusError(
            f"{corpus.name!r} has the parts {', '.join(corpus.splits)} and none to train on. Give pairs with a part "
            "'train', or without parts."
        )
    held = tuple(item for item in corpus.items if item.split == "test")
    return replace(corpus, items=with_splits(corpus.select("train")).items + held)


def open_test(addition: Addition) -> Corpus | None:
    """What the model is measured on beside the pairs: the test part of `test`, or else of `captions`.

    Raises:
        CorpusError: when it has no captions in one of the languages.
    """
    named = addition.test or addition.captions
    if named is None:
        return None
    corpus = open_corpus(named, addition.media_root)
    split = next((name for name in ("test", "val") if name in corpus.splits), None)
    there = [lang for lang in (PIVOT, *addition.langs) if lang in corpus.select(split).langs]
    if there in ([], [PIVOT]):
        raise CorpusError(f"{named} has no captions in {', '.join(addition.langs)} to measure on.")
    return corpus.select(split, there)


def refuse(addition: Addition, method: Method) -> None:
    """Raise ConfigError unless the languages can be added to this model."""
    from babelreel.methods.mla import MLA

    kind = type(method).__name__
    fits = (CLIP4Clip, MLA) if addition.method == "mla" else (CLIP4Clip,)
    if not isinstance(method, fits):
        advice = "Start from the English model that it was made of"
        if addition.method == "mkd":
            advice += "; mkd trains one tower for all its languages together: --lang de,fr with all columns in --pairs"
        raise ConfigError(f"{addition.method} adds languages to a CLIP4Clip model, found {kind}. {advice}.")
    there = [lang for lang in addition.langs if lang in method.languages]
    if there and not addition.replace:
        raise ConfigError(f"The model reads {', '.join(there)} already. Use --replace to train anew.")
    if addition.start_from not in ("auto", "none", *method.languages):
        found = ", ".join(method.languages) or "none"
        raise ConfigError(f"The model has no added language {addition.start_from!r} to start from. It has: {found}.")


def related(lang: str, among: Sequence[str]) -> str | None:
    """The first of some languages that is of the same family and branch, or None."""
    own = family(lang)
    return next((other for other in among if own is not None and family(other) == own), None)


def pairs_recipe(addition: Addition, base: Path, corpus: Path, pairs: int, start_from: str = "") -> Recipe:
    """The recipe that learns from `pairs` pairs in the manifest `corpus`, over the run `base`."""
    name = f"{addition.method}-tower" if addition.tower else addition.method
    values: dict[str, Any] = {"data.corpus": str(corpus), "data.langs": list(addition.langs)}
    if addition.method == "mkd":
        values |= {"method.teacher": str(base)} | ({"method.student.source": addition.tower} if addition.tower else {})
    else:
        values |= {"method.base": str(base), "method.langs": list(addition.langs), "method.start_from": start_from}
        values["method.anew"] = addition.replace
        values |= {"method.vocabulary.source": addition.tower} if addition.tower else {}
    return _fitting(name, values | dict(addition.settings), pairs)


def captions_recipe(addition: Addition, base: Path) -> Recipe:
    """The recipe that goes on from captions with media, over the run that the pairs gave.

    Raises:
        CorpusError: when the corpus has no training part, or no captions in the languages there.
    """
    assert addition.captions is not None
    values: dict[str, Any] = {
        "data.corpus": addition.captions, "data.langs": list(addition.langs), "method.langs": list(addition.langs),
        "method.base": str(base),
    }  # fmt: skip
    if addition.media_root is not None:
        values["data.media_root"] = str(addition.media_root)
    train = open_corpus(addition.captions, addition.media_root).select("train", addition.langs)
    return _fitting("mla-captions", values, sum(bool(item.captions) for item in train.items))


def _fitting(name: str, values: dict[str, Any], items: int) -> Recipe:
    """A recipe of this package with batches small enough for so many items."""
    recipe = load_toml(RECIPES / f"{name}.toml", Recipe, values)
    size = max(2, min(recipe.training.batch_size, items // STEPS))
    return load_toml(RECIPES / f"{name}.toml", Recipe, {"training.batch_size": size} | values)
