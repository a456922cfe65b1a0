"""Pairs looked at before anything is trained: what is left out and why, and what must be mended first.

A `Finding` that is a fault stops the work; any other is told, and what it is about is left out where that is safe.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from babelreel.corpora.audit import Finding
from babelreel.data.coverage import coverage
from babelreel.data.tokenizers import TextReader
from babelreel.language import CANDIDATES, detect
from babelreel.types import Caption, Corpus, MediaItem

LEAST = 20  # pairs to train on: fewer cannot be anything but a mistake
MOST = 1000  # pairs to train on that bring most of what 5,000 bring, as measured: docs/add-language.md
TOGETHER = 5  # captions that are read together to tell their language: one alone is often too short
READ = 100  # such groups at most
CLEAR = 0.5  # share of groups in one language that decides
SURE = 0.8  # ... below which it is worth a word
RATIO = 4.0  # how many times longer or shorter than most a translation may be
ALIGNED = 0.1  # correlation of both sides' lengths; sentences that belong together have 0.5 to 0.95
LONGEST = 1000  # characters
UNKNOWN = 0.2  # share of a language's letters that a tokenizer may not know

# What the detector calls some languages, and what it cannot tell apart
CALLED = {
    "nb": "no", "nn": "no", "fil": "tl", "cmn": "zh", "yue": "zh", "wuu": "zh", "arz": "ar", "ary": "ar", "pes": "fa",
    "prs": "fa", "zsm": "ms", "ckb": "ku", "quy": "qu", "quz": "qu",
}  # fmt: skip
ALIKE = ({"bs", "hr", "sr"}, {"id", "ms"}, {"da", "no"})

REASONS = {
    "empty": "have no text on one side",
    "copy": "say the same on both sides",
    "duplicate": "are there already",
    "length": f"are {RATIO:g} times longer or shorter than most, beside the other side",
    "long": f"have more than {LONGEST} characters",
    "test": "stand in the test corpus",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left of the pairs, as a corpus of text alone, and what was found."""

    corpus: Corpus
    findings: tuple[Finding, ...]

    @property
    def faults(self) -> list[Finding]:
        """What must be mended first."""
        return [finding for finding in self.findings if finding.fault]

    def count(self, split: str) -> int:
        """How many items a split has."""
        return sum(item.split == split for item in self.corpus.items)


def check_pairs(corpus: Corpus, langs: Sequence[str], pivot: str = "en", test: Corpus | None = None) -> Checked:
    """Look at the captions in `langs` beside those in the pivot language, and leave out what teaches nothing.

    What `test` says in one of these languages is left out of the parts that are learned from, train and val. Other
    languages are passed over.
    """
    findings: list[Finding] = []
    for lang in langs:
        findings += _languages(corpus, lang, pivot)
        findings += _alignment(corpus, lang, pivot)
    kept, dropped = _clean(corpus, langs, pivot, _said(test, {pivot, *langs}))
    for reason, examples in dropped.items():
        text = f"{len(examples):,} pairs {REASONS[reason]}; they are left out"
        findings.append(Finding(reason, text, tuple(examples[:3]), fault=False))
    left = Checked(Corpus(corpus.name, corpus.media_root, tuple(kept)), tuple(findings))
    for lang in langs:
        findings += _quantity(left.corpus, lang, len(dropped["copy"]))
    return Checked(left.corpus, tuple(findings))


def check_reading(reader: TextReader, lang: str, sentences: Sequence[str]) -> Finding:
    """Whether a tokenizer can write a language: the share of its letters, or grams, that are unknown."""
    found = coverage(reader, sentences)
    text = (
        f"{100 * found.unknown_share:.1f} % of {lang} is unknown to the tokenizer, and {found.unread} of {found.texts}"
    )
    text += " sentences wholly"
    if found.byte_share > UNKNOWN:
        text += f"; {100 * found.byte_share:.0f} % is known byte by byte only, which learns slowly"
    if found.unknown_share > UNKNOWN:
        text += (
            f", over the limit of {100 * UNKNOWN:.0f} %. Take a tower whose tokenizer writes it (--tower, such as an "
            "XLM-R or M-CLIP), or one that is learned from the pairs (leave --tower out)"
        )
    return Finding("tokenizer", text, fault=found.unknown_share > UNKNOWN)


def _languages(corpus: Corpus, lang: str, pivot: str) -> Iterator[Finding]:
    both = [item for item in corpus.items if {lang, pivot} <= {caption.lang for caption in item.captions}]
    if not both:
        return
    own, other = (_shares([c.text for i in both for c in i.captions if c.lang == each]) for each in (lang, pivot))
    if _share(own, pivot) >= CLEAR and _share(other, lang) >= CLEAR:
        text = f"what stands under {lang} reads as {pivot}, and the other way round: swap the columns or their names"
        yield Finding("swapped columns", text, _examples(both, (lang, pivot)))
        return
    for each, shares in ((lang, own), (pivot, other)):
        if _called(each) not in CANDIDATES:
            yield Finding("language", f"whether this is {each} cannot be told: look yourself", fault=False)
            continue
        share, (most, top) = _share(shares, each), shares.most_common(1)[0]
        if share >= SURE:
            continue
        text = (
            f"{100 * share:.0f} % of what stands under {each} reads as it, {100 * top / shares.total():.0f} % as {most}"
        )
        wrong = share < CLEAR <= top / shares.total()
        yield Finding("language", text + (": check column and code" if wrong else ""), _examples(both, (each,)), wrong)


def _shares(texts: Sequence[str]) -> Counter[str]:
    """How often which language is detected in groups of captions, spread over all of them."""
    groups = [texts[n : n + TOGETHER] for n in range(0, len(texts), TOGETHER)]
    return Counter(detect(" ".join(group)) or "?" for group in groups[:: -(-len(groups) // READ)])


def _share(found: Counter[str], lang: str) -> float:
    called = _called(lang)
    same = next((group for group in ALIKE if called in group), {called})
    return sum(found[each] for each in same) / found.total()


def _called(lang: str) -> str:
    primary = lang.partition("-")[0]
    return CALLED.get(primary, primary)


def _alignment(corpus: Corpus, lang: str, pivot: str) -> Iterator[Finding]:
    """Long sentences have long translations: where lengths do not go together, the lines do not either."""
    lengths = np.array([(len(one.text), len(two.text)) for one, two in _parallel(corpus, lang, pivot)], float)
    if len(lengths) < READ:
        return
    logarithms = np.log(lengths)
    if logarithms.std(0).min() < 0.1:
        return  # all are of one length
    together = float(np.corrcoef(logarithms.T)[0, 1])
    if together < ALIGNED:
        text = f"the lengths of both sides in {lang} have nothing to do with each other (correlation {together:.2f}): "
        yield Finding("alignment", text + "a line is missing on one side, or the order is another")


def _parallel(corpus: Corpus, lang: str, pivot: str) -> Iterator[tuple[Caption, Caption]]:
    for item in corpus.items:
        pivots = [caption for caption in item.captions if caption.lang == pivot]
        for caption in item.captions:
            if caption.lang == lang and (other := _translated(caption, pivots)):
                yield caption, other


def _translated(caption: Caption, pivots: Iterable[Caption]) -> Caption | None:
    return next((pivot for pivot in pivots if caption.group and caption.group == pivot.group), None)


def _clean(
    corpus: Corpus, langs: Sequence[str], pivot: str, tested: set[str]
) -> tuple[list[MediaItem], defaultdict[str, list[str]]]:
    """The items that are left, without media, and examples of what was dropped by reason."""
    dropped: defaultdict[str, list[str]] = defaultdict(list)
    judges = {lang: _judge(corpus, lang, pivot, tested) for lang in langs}
    items = []
    for item in corpus.items:
        pivots = [caption for caption in item.captions if caption.lang == pivot]
        kept = []
        for lang in langs:
            own = [caption for caption in item.captions if caption.lang == lang]
            if not own or not pivots:
                dropped["empty"].append(f"{item.id}: nothing in {pivot if own else lang}")
                continue
            for caption in own:
                reason = judges[lang](caption, pivots, item.split)
                if reason:
                    dropped[reason].append(f"{item.id}: {caption.text[:80]}")
                else:
                    kept.append(caption)
        if kept:
            items.append(MediaItem(item.id, "", "text", split=item.split, captions=(*pivots, *kept)))
    return items, dropped


def _judge(corpus: Corpus, lang: str, pivot: str, tested: set[str]) -> Callable[[Caption, Sequence[Caption], str], str]:
    """Tells why a caption is left out, "" where it is not; it remembers what it has seen."""
    ratios = [np.log(len(one.text) / len(two.text)) for one, two in _parallel(corpus, lang, pivot)]
    usual = float(np.median(ratios)) if ratios else 0.0
    seen: set[tuple[str, ...]] = set()

    def reason(caption: Caption, pivots: Sequence[Caption], split: str) -> str:
        other = _translated(caption, pivots)
        said = (_plain(caption.text), *(_plain(each.text) for each in ([other] if other else pivots)))
        if said[0] in said[1:]:
            return "copy"
        if said in seen:
            return "duplicate"
        seen.add(said)
        if split != "test" and tested.intersection(said):
            return "test"
        if max(len(caption.text), *(len(each.text) for each in pivots)) > LONGEST:
            return "long"
        if other and abs(np.log(len(caption.text) / len(other.text)) - usual) > np.log(RATIO):
            return "length"
        return ""

    return reason


def _quantity(corpus: Corpus, lang: str, copies: int) -> Iterator[Finding]:
    pairs = sum(c.lang == lang for item in corpus.items if item.split == "train" for c in item.captions)
    expect = f"100 give little, {MOST:,} most of what 5,000 give"
    if pairs < LEAST:
        found = f"{pairs} pairs in {lang} are left to train on, and {LEAST} are the least; {expect}"
        yield Finding("too few", found)
    elif pairs < MOST:
        yield Finding("few", f"{pairs} pairs in {lang} to train on; {expect}", fault=False)
    if copies > max(pairs, LEAST):
        yield Finding("copy", f"more pairs say the same on both sides ({copies:,}) than do not: is {lang} translated?")
    missing = [split for split in ("val", "test") if not any(_has(i, split, lang) for i in corpus.items)]
    if missing and pairs >= LEAST:
        yield Finding("split", f"no pair in {lang} is left in {' and '.join(missing)}, which chooses and measures")


def _has(item: MediaItem, split: str, lang: str) -> bool:
    return item.split == split and any(caption.lang == lang for caption in item.captions)


def _said(corpus: Corpus | None, langs: set[str]) -> set[str]:
    if corpus is None:
        return set()
    return {_plain(caption.text) for item in corpus.items for caption in item.captions if caption.lang in langs}


def _plain(text: str) -> str:
    """What is left of a sentence without case, punctuation and double spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in folded).split())


def _examples(items: Sequence[MediaItem], langs: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{c.lang}: {c.text[:80]}" for item in items[:2] for c in item.captions if c.lang in langs)
