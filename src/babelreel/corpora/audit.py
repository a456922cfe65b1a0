"""Whether a corpus is what its papers had: missing files, counts beside the published ones, odd captions, leaks.

Nothing is decoded here; `check.py` does that. Each finding says what it is about; a fault is one that changes results.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.check import statistics
from babelreel.corpora.entry import Entry
from babelreel.corpora.registry import CORPORA, open_corpus, read_named
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
    if folder.notes:
        found.append(_some("note", f"{len(folder.notes)} about the annotation files", folder.notes, fault=False))
    return corpus, found + audit(corpus)


def audit(corpus: Corpus) -> list[Finding]:
    """What can be said of any corpus: missing media, odd captions, and what of its other parts training would see."""
    return [*_media(corpus), *_captions(corpus), *_leaks(corpus)]


def _counts(corpus: Corpus, entry: Entry) -> Iterator[Finding]:
    found = {(row.split, row.lang): (row.items, row.captions) for row in statistics(corpus)}
    for (split, lang), published in entry.published.items():
        here = found.get((split, lang), (0, 0))
        if any(p is not None and p != h for p, h in zip(published, here, strict=True)):
            wanted = " and ".join(f"{p:,} {w}" for p, w in zip(published, ("items", "captions"), strict=True) if p)
            text = f"{split} in {lang} has {here[0]:,} items and {here[1]:,} captions, published are {wanted}"
            yield Finding("count", f"{text} ({entry.figures})")


def _media(corpus: Corpus) -> Iterator[Finding]:
    there: dict[str, bool] = {}
    missing, whole = [], defaultdict(list)
    for item in corpus.items:
        if item.kind == "text":
            continue
        if item.path not in there:
            there[item.path] = corpus.path(item).is_file()
        if not there[item.path]:
            missing.append(f"{item.id}: {item.path}")
        if item.start is None and item.end is None:
            whole[item.path].append(item.id)
    if missing:
        text = f"{len(missing):,} of {len(corpus):,} items have no file below {corpus.media_root}; their queries fail"
        yield _some("missing media", text, missing)
    twice = [f"{path}: {', '.join(ids)}" for path, ids in whole.items() if len(ids) > 1]
    if twice:
        yield _some("same file", f"{len(twice):,} files are whole items under several ids", twice)


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


def _leaks(corpus: Corpus) -> Iterator[Finding]:
    """What of the other parts the training part holds: files, sources of clips, and sentences word for word."""
    train = [item for item in corpus.items if item.split == "train"]
    for split in corpus.splits:
        held = [item for item in corpus.items if item.split == split]
        if split == "train" or not train or not held:
            continue
        paths = {item.path for item in train if item.path}
        shared = [item.id for item in held if item.path in paths]
        if shared:
            yield _some("leak", f"{len(shared):,} items of {split} lie in files that train has too", shared)
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
