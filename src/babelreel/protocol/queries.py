"""Which captions are queries. Each is one unless an option says otherwise; then a table's header names the option."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from babelreel.errors import CorpusError
from babelreel.types import ORIGINS, Caption, Corpus, MediaItem

PROTOCOLS = ("caption", "paragraph")


def ask(corpus: Corpus, way: str = "caption", captions: int | None = None) -> tuple[Corpus, str]:
    """The corpus with the captions that are queries, and a word for a table's header, empty for the default.

    "caption" asks with every caption, or with the first `captions` of each item and language; "paragraph" with all
    captions of a video joined.

    Raises:
        CorpusError: when there is no such way, or `captions` is below 1 or asked for together with paragraphs.
    """
    if way not in PROTOCOLS:
        raise CorpusError(f"There is no protocol {way!r}. There are: {', '.join(PROTOCOLS)}.")
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
