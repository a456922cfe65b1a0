"""How a corpus is asked: which captions are queries, which frames are read, which languages the model has seen.

Every caption is a query unless an option says otherwise. Whatever differs from that is named above every table.
"""

from __future__ import annotations

import copy
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from babelreel import __version__
from babelreel.errors import CorpusError
from babelreel.media.video import Sampling
from babelreel.model import Model
from babelreel.runs import is_run, languages, read_run_info
from babelreel.types import ORIGINS, Caption, Corpus, MediaItem

Asked = Literal["caption", "paragraph"]


def ask(corpus: Corpus, way: Asked = "caption", captions: int | None = None) -> tuple[Corpus, str]:
    """The corpus with the captions that are queries, and a word for a table's header, empty for the default.

    "caption" asks with every caption, or with the first `captions` of each item and language; "paragraph" with all
    captions of a video joined.

    Raises:
        CorpusError: when `captions` is below 1, or is asked for together with paragraphs.
    """
    if way == "paragraph":
        if captions is not None:
            raise CorpusError("A paragraph joins all captions of a video: leave out the number of captions.")
        return paragraphs(corpus), "paragraphs"
    if captions is None:
        return corpus, ""
    if captions < 1:
        raise CorpusError(f"At least one caption of an item must be asked for, found {captions}.")
    return first_captions(corpus, captions), f"the first {captions} of an item's captions"


def paragraphs(corpus: Corpus) -> Corpus:
    """One item a file, with all captions of a language joined in the order of time into one.

    Spans of one file in one split become the whole file, their captions ordered by start and end; captions of one span
    keep their order. Paragraphs share a group, that of translations, where all their captions do, one by one.
    """
    files: dict[tuple[str, str], list[MediaItem]] = defaultdict(list)
    for item in corpus.items:
        files[item.path or item.id, item.split].append(item)
    return replace(corpus, items=tuple(_whole(spans) for spans in files.values()))


def _whole(spans: Sequence[MediaItem]) -> MediaItem:
    """The file of one item, or of several spans, as one item."""
    ordered = sorted(spans, key=lambda item: (item.start or 0.0, item.end if item.end is not None else float("inf")))
    captions: dict[str, list[Caption]] = defaultdict(list)
    for item in ordered:
        for caption in item.captions:
            captions[caption.lang].append(caption)
    joined = tuple(_paragraph(own) for own in captions.values())
    if len(spans) == 1:
        return replace(spans[0], captions=joined)
    whole = spans[0]
    id = f"{whole.path}#{whole.split}" if whole.split else whole.path
    return replace(whole, id=id, start=None, end=None, captions=joined)


def _paragraph(captions: Sequence[Caption]) -> Caption:
    """Captions of one language as one; what is least a person's own says where it comes from."""
    groups = [caption.group for caption in captions]
    origin = max((caption.origin for caption in captions), key=ORIGINS.index)
    text = " ".join(caption.text.strip() for caption in captions)
    return Caption(text, captions[0].lang, origin, " ".join(groups) if all(groups) else "")


def first_captions(corpus: Corpus, count: int) -> Corpus:
    """The first `count` captions of each item in each language."""
    items = []
    for item in corpus.items:
        kept: dict[str, list[Caption]] = defaultdict(list)
        for caption in item.captions:
            if len(kept[caption.lang]) < count:
                kept[caption.lang].append(caption)
        chosen = {id(caption) for own in kept.values() for caption in own}
        items.append(replace(item, captions=tuple(c for c in item.captions if id(c) in chosen)))
    return replace(corpus, items=tuple(items))


def count_cut(model: Model, captions: Sequence[Caption]) -> int:
    """How many captions are longer than the text tower that reads their language takes."""
    by_role: dict[str, list[str]] = defaultdict(list)
    for caption in captions:
        by_role[model.method.route(caption.lang)].append(caption.text)
    cut = 0
    for role, texts in by_role.items():
        reader = model.method.texts[role]
        if reader.limit is not None:
            cut += sum(length > reader.limit for length in reader.lengths(texts))
    return cut


def resampled(
    model: Model, frames: int | None = None, mode: Literal["uniform", "random", "head"] | None = None, seed: int = 0
) -> Model:
    """The model reading other frames of a video than it was made with; its fingerprint then is another one.

    `seed` draws the frames of "random".
    """
    if frames is None and mode is None:
        return model
    old = model.method.sampling
    method = copy.copy(model.method)  # the weights are shared
    mode = mode or old.mode
    method.sampling = replace(
        old, frames=frames or old.frames, mode=mode, seed=seed if mode == "random" else old.seed
    )
    return Model(method, model.opened_with, model.device)


def describe_sampling(sampling: Sampling) -> str:
    """Which frames of a video are read, in words, such as "at most 12 frames, uniform"."""
    count = "all frames" if sampling.frames is None else f"at most {sampling.frames} frames"
    rate = "" if sampling.rate is None else f" at {sampling.rate:g} a second"
    seed = f" (seed {sampling.seed})" if sampling.mode == "random" else ""
    return f"{count}{rate}, {sampling.mode}{seed}"


def seen_languages(model: Model) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The languages of the captions that a run's last training read, and those that earlier stages read.

    Both are empty where that is not known, as of a model of the hub.
    """
    folder = Path(model.source)
    return languages(read_run_info(folder).made) if is_run(folder) else ((), ())


def commit() -> str:
    """The commit of the code that measured, with a "+" where it has been changed since; outside git the version."""
    folder = Path(__file__).parent

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "protocol.py")  # an installed package may lie inside someone else's checkout
        return git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return __version__
