"""A corpus with captions in one language becomes one with captions in several: parallel text, and where it came from.

Each distinct text is translated once; what was translated before, in this corpus or another, comes from the journal.
What looks like noise is left out of the corpus and told with its reason (`noise.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean, median
from typing import NamedTuple

from babelreel.enrich.journal import Journal, uninterrupted
from babelreel.enrich.models import Translation, Translator
from babelreel.enrich.noise import Limits, chrf, find_noise
from babelreel.errors import CorpusError
from babelreel.progress import Report
from babelreel.types import Caption, Corpus, MediaItem

BATCH = 32


class Dropped(NamedTuple):
    """A translation that was left out, and why."""

    item: str
    lang: str
    source: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Statistics:
    """One language: of `captions` to translate there are `texts` different ones, `new` of them translated in this run.

    `kept` captions were added, the others `dropped`, by reason. `ratio` is the median length beside the source's in
    characters, `returned` the mean chrF of the texts that were translated back; None where there is nothing to tell.
    """

    lang: str
    captions: int
    texts: int
    new: int
    kept: int
    dropped: dict[str, int]
    ratio: float | None
    returned: float | None


@dataclass(frozen=True, slots=True)
class Translated:
    """A corpus with its translations, what was left out, and a row of figures for each language."""

    corpus: Corpus
    dropped: list[Dropped]
    statistics: list[Statistics]


class Verdict(NamedTuple):
    """A distinct text's translation; `reason` says what is wrong with it."""

    text: str
    reason: str | None
    returned: float | None


@dataclass
class Work:
    """What turns texts into texts: a model, the journal of what it has done, and a word on how far it is."""

    translator: Translator
    journal: Journal
    batch: int = BATCH
    progress: Report | None = None
    new: Counter[str] = field(default_factory=Counter)  # by target language

    def translate(self, texts: Iterable[str], source: str, target: str) -> dict[str, Translation]:
        """Every distinct text's translation, from the journal or made now."""
        keys = {text: self.translator.key(text, source, target) for text in texts}
        missing = [text for text, key in keys.items() if key not in self.journal]
        lengths = dict(zip(missing, self.translator.lengths(missing), strict=True))
        missing.sort(key=lengths.__getitem__, reverse=True)  # what needs most memory comes first
        self._tell(len(keys) - len(missing), len(keys), f"{source} to {target}")
        for begin in range(0, len(missing), self.batch):
            rows = missing[begin : begin + self.batch]
            with uninterrupted():
                made = self.translator(rows, source, target)
                self.journal.add({keys[text]: t._asdict() for text, t in zip(rows, made, strict=True)})
            self.new[target] += len(rows)
            self._tell(len(keys) - len(missing) + begin + len(rows), len(keys), f"{source} to {target}")
        return {text: Translation(**self.journal[key]) for text, key in keys.items()}

    def _tell(self, done: int, total: int, note: str) -> None:
        if self.progress is not None:
            self.progress(done, total, note)


def translate_corpus(
    corpus: Corpus, work: Work, targets: Sequence[str], source: str = "en", limits: Limits | None = None
) -> Translated:
    """Add translations of the captions in the language `source` into each of `targets`.

    A translation has the origin "translated" and the group of its original, which is given one where it has none. A
    group that has a caption in a target language already is not translated into it again.

    Raises:
        CorpusError: when no caption is in `source`, or a target is the source or named twice.
        ModelError: when the model does not have one of the languages.
        JournalError: when finished work cannot be kept.
    """
    limits = limits or Limits()
    _check(corpus, work.translator, targets, source)
    items = [replace(item, captions=_grouped(item.captions, source)) for item in corpus.items]
    added: dict[str, list[Caption]] = {item.id: list(item.captions) for item in items}
    dropped, statistics = [], []
    for target in targets:
        wanted = [(item.id, caption) for item in items for caption in _wanted(item, source, target)]
        before = work.new[target]
        verdicts = _judged(work, {caption.text for _, caption in wanted}, source, target, limits)
        for item_id, caption in wanted:
            verdict = verdicts[caption.text]
            if verdict.reason is None:
                made = work.translator.made | {
                    "from": source,
                    "key": work.translator.key(caption.text, source, target),
                }
                added[item_id].append(Caption(verdict.text, target, "translated", caption.group, made))
            else:
                dropped.append(Dropped(item_id, target, caption.text, verdict.text, verdict.reason))
        statistics.append(_statistics(target, wanted, verdicts, work.new[target] - before))
    complete = tuple(replace(item, captions=tuple(added[item.id])) for item in items)
    return Translated(replace(corpus, items=complete), dropped, statistics)


def _check(corpus: Corpus, translator: Translator, targets: Sequence[str], source: str) -> None:
    if not targets:
        raise CorpusError("There is no language to translate into. Name some, such as --to fr,de.")
    for lang in (source, *targets):
        translator.token(lang)
    if source in targets:
        raise CorpusError(f"{source!r} is both the source and a target. Leave it out of the targets.")
    twice = [lang for lang, count in Counter(targets).items() if count > 1]
    if twice:
        raise CorpusError(f"The target {twice[0]!r} is named twice.")
    corpus.select(langs=[source])


def _grouped(captions: Sequence[Caption], source: str) -> tuple[Caption, ...]:
    """The captions, where each in the source language has a group."""
    taken = {caption.group for caption in captions}
    free = (name for n in range(len(captions) + len(taken)) if (name := f"t{n}") not in taken)
    return tuple(
        replace(caption, group=next(free)) if caption.lang == source and not caption.group else caption
        for caption in captions
    )


def _wanted(item: MediaItem, source: str, target: str) -> list[Caption]:
    there = {caption.group for caption in item.captions if caption.lang == target}
    return [caption for caption in item.captions if caption.lang == source and caption.group not in there]


def _judged(work: Work, texts: set[str], source: str, target: str, limits: Limits) -> dict[str, Verdict]:
    """Every distinct text's translation with what is wrong with it."""
    made = work.translate(sorted(texts), source, target)
    reasons = dict(zip(made, find_noise(list(made), list(made.values()), target, limits), strict=True))
    returned: dict[str, float] = {}
    if limits.returned is not None:
        sound = {text: t.text for text, t in made.items() if reasons[text] is None}
        back = work.translate(sound.values(), target, source)
        for text, translation in sound.items():
            returned[text] = chrf(back[translation].text, text)
            if returned[text] < limits.returned:
                reasons[text] = "round trip"
    return {text: Verdict(t.text, reasons[text], returned.get(text)) for text, t in made.items()}


def _statistics(lang: str, wanted: Sequence[tuple[str, Caption]], verdicts: dict[str, Verdict], new: int) -> Statistics:
    reasons = Counter(verdicts[caption.text].reason for _, caption in wanted)
    kept = reasons.pop(None, 0)
    ratios = [len(v.text) / len(text) for text, v in verdicts.items() if v.reason is None]
    returned = [v.returned for v in verdicts.values() if v.returned is not None]
    return Statistics(
        lang,
        len(wanted),
        len(verdicts),
        new,
        kept,
        {str(reason): count for reason, count in sorted(reasons.items(), key=str)},
        median(ratios) if ratios else None,
        fmean(returned) if returned else None,
    )
