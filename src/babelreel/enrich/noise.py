"""Which translations are no translations: the signs that a machine has failed, each by a plain rule.

    empty        nothing came out
    unfinished   the model came to no end, or reads no text of that length
    copy         the source came out again
    loop         something is said over and over that the source does not say over and over
    language     the text is in another language than asked for
    length       far longer or shorter than the other translations into that language
    round trip   translated back, it no longer resembles its source (doubles the work, so only where asked for)

Lengths are compared with the median of the same run, since a Chinese text has a third of an English one's characters
and a German one more: no table of languages is needed, and a corpus of a few captions is not judged by it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import regex

from babelreel.enrich.models import Translation
from babelreel.language import likelihood

REASONS = ("empty", "unfinished", "copy", "loop", "language", "length", "round trip")
_LOOP = regex.compile(r"(\w)\1{7}|(.{2,60}?)\2{3}", regex.DOTALL)
_WORDS = regex.compile(r"[\p{L}\p{M}\p{N}]+")


@dataclass(frozen=True, slots=True)
class Limits:
    """Where noise begins. Measured on captions that people wrote, in docs/translate.md.

    `likely` is the least likelihood of the wanted language, as a share of the likeliest one's; `ratio` the most that a
    length may differ from the median, times or divided; `enough` how many translations make a median; `copied` the chrF
    from which a text counts as its source; `returned` the least chrF of a text that was translated back, None for no
    such test.
    """

    likely: float = 0.1
    ratio: float = 3.0
    enough: int = 20
    copied: float = 90.0
    returned: float | None = None


def find_noise(
    sources: Sequence[str], translations: Sequence[Translation], target: str, limits: Limits
) -> list[str | None]:
    """What is wrong with each of N translations into the language `target`: the first reason that holds, or None."""
    reasons = [_alone(s, t, target, limits) for s, t in zip(sources, translations, strict=True)]
    ratios = [len(t.text) / len(s) for s, t in zip(sources, translations, strict=True)]
    sound = [ratio for ratio, reason in zip(ratios, reasons, strict=True) if reason is None]
    if len(sound) < limits.enough:
        return reasons
    middle = median(sound)
    return [
        "length" if reason is None and not 1 / limits.ratio <= ratio / middle <= limits.ratio else reason
        for ratio, reason in zip(ratios, reasons, strict=True)
    ]


def _alone(source: str, made: Translation, target: str, limits: Limits) -> str | None:
    """What is wrong with one translation, whatever the others are."""
    if not _WORDS.search(made.text):
        return "empty"
    if not made.finished:
        return "unfinished"
    if _plain(source) == _plain(made.text) or chrf(made.text, source) >= limits.copied:
        return "copy"
    if _LOOP.search(made.text.casefold()) and not _LOOP.search(source.casefold()):
        return "loop"
    likely = likelihood(made.text, target)
    return "language" if likely is not None and likely < limits.likely else None


def _plain(text: str) -> str:
    return "".join(_WORDS.findall(text.casefold()))


def chrf(text: str, reference: str, order: int = 6, beta: float = 2.0) -> float:
    """How much of the reference's character n-grams a text has, 0 to 100: chrF of one sentence (Popović 2015, 2017).

    Spaces do not count; the n-grams' precision and recall are averaged over those orders that both texts are long
    enough for, then recall weighs `beta` times as much.
    """
    pairs = []
    for n in range(1, order + 1):
        mine, theirs = _grams(text, n), _grams(reference, n)
        if mine and theirs:
            shared = (mine & theirs).total()
            pairs.append((shared / mine.total(), shared / theirs.total()))
    if not pairs:
        return 0.0
    precision, recall = (math.fsum(values) / len(pairs) for values in zip(*pairs, strict=True))
    if precision + recall == 0:
        return 0.0
    return 100 * (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


def _grams(text: str, n: int) -> Counter[str]:
    letters = "".join(text.split())
    return Counter(letters[k : k + n] for k in range(len(letters) - n + 1))
