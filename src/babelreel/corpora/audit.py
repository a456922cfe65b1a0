"""Whether a corpus is what its papers had: missing files, counts beside the published ones, odd captions, leaks.

Nothing is decoded here; `check.py` does that. Each finding says what it is about; a fault is one that changes results.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.check import statistics
from babelreel.corpora.entry import Entry
from babelreel.corpora.registry import CORPORA, open_corpus, read_named
from babelreel.errors import MediaError
from babelreel.media.files import content_hash
from babelreel.types import Caption, Corpus, MediaItem

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of an audit: what kind, what was found, the first few examples; a fault changes results."""

    kind: str
    text: str
    examples: tuple[str, ...] = ()
    fault: bool = True

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}" + "".join(f"\n    {example}" for example in self.examples)


def audit_named(name: str, root: str | Path | None = None) -> tuple[Corpus, list[Finding]]:
    """Open a corpus as `open_corpus` does and audit it; one of the registry with its annotation files and counts.

    Raises:
        CorpusError: when it cannot be opened.
    """
    if name not in CORPORA or root is None:
        corpus = open_corpus(name, root)
        return corpus, audit(corpus)
    folder = Annotations(root, name)
    entry = CORPORA[name]
    corpus = read_named(folder)
    missing = [file for file in entry.files if not folder.has(file)]
    found = [Finding("missing file", f"{file} is not below {root}; from {entry.source}") for file in missing]
    found += _counts(corpus, entry)
    told = {text for texts in folder.kinds.values() for text in texts}
    kinds = folder.kinds | {"note": [text for text in folder.notes if text not in told]}
    found += [_some(k, f"{len(t):,} in the annotation files", t, fault=False) for k, t in kinds.items() if t]
    return corpus, found + audit(corpus)


def audit(corpus: Corpus) -> list[Finding]:
    """What can be said of any corpus: missing media, odd captions, and what of its other parts training would see."""
    content = _contents(corpus)
    return [*_media(corpus, content), *_captions(corpus), *_ambiguous(corpus), *_leaks(corpus, content)]


def _counts(corpus: Corpus, entry: Entry) -> Iterator[Finding]:
    found = {(row.split, row.lang): (row.items, row.captions) for row in statistics(corpus)}
    for (split, lang), published in entry.published.items():
        here = found.get((split, lang), (0, 0))
        if any(p is not None and p != h for p, h in zip(published, here, strict=True)):
            wanted = " and ".join(f"{p:,} {w}" for p, w in zip(published, ("items", "captions"), strict=True) if p)
            text = f"{split} in {lang} has {here[0]:,} items and {here[1]:,} captions, published are {wanted}"
            yield Finding("count", f"{text} ({entry.figures})")


def _contents(corpus: Corpus) -> dict[str, str]:
    """The media files that are there, by path, and for each the first path with the same content, often its own."""
    paths = list(dict.fromkeys(item.path for item in corpus.items))
    by_size: dict[int, list[str]] = defaultdict(list)
    for path in paths:
        file = corpus.media_root / path
        if file.is_file():
            by_size[file.stat().st_size].append(path)
    first: dict[str, str] = {}
    content: dict[str, str] = {}
    for size, alike in by_size.items():
        for path in alike:
            name = path
            if size and len(alike) > 1:  # only what is as long as another file is read
                with suppress(MediaError):  # whoever decodes it tells why it cannot be read
                    name = content_hash(corpus.media_root / path)
            content[path] = first.setdefault(name, path)
    return content


def _media(corpus: Corpus, content: dict[str, str]) -> Iterator[Finding]:
    missing, whole = [], defaultdict(list)
    for item in corpus.items:
        if item.kind == "text":
            continue
        if item.path not in content:
            missing.append(f"{item.id}: {item.path}")
        if item.start is None and item.end is None:
            whole[content.get(item.path, item.path)].append(item.id)
    if missing:
        text = f"{len(missing):,} of {len(corpus):,} items have no file below {corpus.media_root}; their queries fail"
        yield _some("missing media", text, missing)
    twice = [f"{path}: {', '.join(ids)}" for path, ids in whole.items() if len(ids) > 1]
    if twice:
        yield _some("same file", f"{len(twice):,} files, by name or by content, are items under several ids", twice)


def _captions(corpus: Corpus) -> Iterator[Finding]:
    none = [item.id for item in corpus.items if not item.captions]
    if none:
        yield _some("no caption", f"{len(none):,} items have none: they are candidates, and never sought", none)
    repeated, garbled = [], []
    for item in corpus.items:
        counts = Counter((c.lang, c.text) for c in item.captions)
        repeated += [f"{item.id} ({lang}): {text}" for (lang, text), n in counts.items() if n > 1]
        garbled += [f"{item.id} ({c.lang}): {c.text}" for c in item.captions if _is_garbled(c.text)]
    if repeated:
        yield _some("repeated caption", f"{len(repeated):,} stand more than once at one item", repeated, fault=False)
    if garbled:
        yield _some("wrong encoding", f"{len(garbled):,} captions were decoded with the wrong one once", garbled)


def _is_garbled(text: str) -> bool:
    """Whether the text holds a replacement character, or is UTF-8 that was read as Latin-1 or as Windows-1252."""
    if text.isascii():
        return False
    if "\ufffd" in text:
        return True
    for codec in ("cp1252", "latin-1"):
        try:
            text.encode(codec).decode("utf-8")
        except UnicodeError:
            continue
        return True
    return False


def _ambiguous(corpus: Corpus) -> Iterator[Finding]:
    """Captions of several items of a part that is tested on: whichever a model finds, it is wrong for the others."""
    for split in corpus.splits:
        if split == "train":
            continue
        asked: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for item in corpus.items:
            for caption in item.captions if item.split == split else ():
                asked[caption.lang, _words(caption)].setdefault(item.id, caption.text)
        several = [
            f"{', '.join(list(texts)[:3])} ({lang}): {next(iter(texts.values()))}"
            for (lang, _), texts in asked.items()
            if len(texts) > 1
        ]
        if several:
            text = f"{len(several):,} captions of {split} stand at several items, word for word"
            yield _some("ambiguous caption", text, several, fault=False)


def _leaks(corpus: Corpus, content: dict[str, str]) -> Iterator[Finding]:
    """What parts share: files, and with the training part sources of clips, and sentences word for word."""
    files: dict[str, set[str]] = defaultdict(set)
    for item in corpus.items:
        if item.kind != "text":
            files[item.split].add(content.get(item.path, item.path))
    # What is trained on comes first, then what is chosen on.
    order = sorted(corpus.splits, key=lambda split: (split != "train", split.startswith("test"), split))
    train = [item for item in corpus.items if item.split == "train"]
    for place, split in enumerate(order):
        held = [item for item in corpus.items if item.split == split]
        for other in order[:place]:
            shared = [i.id for i in held if content.get(i.path, i.path) in files[other]]
            if shared:
                yield _some("leak", f"{len(shared):,} items of {split} lie in files that {other} has too", shared)
        if split == "train" or not train:
            continue
        sources = {source for item in train if (source := item.tags.get("source"))}
        shared = [f"{i.id} of {i.tags['source']}" for i in held if i.tags.get("source") in sources]
        if shared:
            text = f"{len(shared):,} of {len(held):,} items of {split} are cut from sources that train has clips of"
            yield _some("leak", text, shared, fault=False)
        yield from _leaked_captions(train, held, split)


def _leaked_captions(train: list[MediaItem], held: list[MediaItem], split: str) -> Iterator[Finding]:
    seen = {(c.lang, _words(c)) for item in train for c in item.captions}
    total: Counter[str] = Counter()
    leaked = defaultdict(list)
    for item in held:
        for caption in item.captions:
            total[caption.lang] += 1
            if (caption.lang, _words(caption)) in seen:
                leaked[caption.lang].append(f"{item.id}: {caption.text}")
    for lang, captions in leaked.items():
        text = f"{len(captions):,} of {total[lang]:,} captions of {split} in {lang} are in train, word for word"
        yield _some("leak", text, captions, fault=False)


def _words(caption: Caption) -> str:
    """The caption without case, punctuation and space."""
    return "".join(filter(str.isalnum, caption.text.casefold()))


def _some(kind: str, text: str, examples: Iterable[str], fault: bool = True) -> Finding:
    return Finding(kind, text, tuple(examples)[:EXAMPLES], fault)
