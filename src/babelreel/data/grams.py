"""Texts as bags of grams: words and runs of characters, for towers that learn from few captions in many languages.

A word is a gram, framed by "<" and ">", and so are its runs of 3 to 5 characters, which tie a word's forms together
without a stemmer. Scripts written without spaces (Chinese, Japanese, Thai ...) give runs of 1 to 3 characters. A gram's
weight is its inverse document frequency, ln(texts / texts with it).

Vowel signs belong to their word (Hindi, Bengali, Tamil ...); the points of Arabic and Hebrew, which few write, the
stroke that stretches an Arabic word, and invisible joiners are passed over.

The same interface as `data.tokenizers.Tokenizer`; ids have no order and no end token, id 0 is padding.
"""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import regex
import torch
from torch import Tensor

from babelreel.data.tokenizers import refuse_empty
from babelreel.errors import ModelError
from babelreel.types import TextBatch

FILE = "grams.json"
RUNS = range(3, 6)
UNSPACED_RUNS = range(1, 4)
LONGEST = 60  # characters of a word; a longer one is cut, or a pasted address would fill the batch
MOST = 2000  # grams of a text
# Thai, Lao, Myanmar, Khmer; kana; Han; Hangul stays with the spaced scripts
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
PIECES = regex.compile(rf"([{UNSPACED}]+)|((?:(?![{UNSPACED}])[\w\p{{M}}])+)")
# The points of Hebrew and Arabic, the stroke that stretches an Arabic word, and the invisible joiners
UNREAD = regex.compile(
    "[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u200c\u200d]"
)


def grams(text: str) -> list[str]:
    """The different grams of a text, in the order in which they first occur.

    >>> grams("Ein Hund")
    ['<ein>', '<ei', 'ein', 'in>', '<ein', 'ein>', '<hund>', '<hu', 'hun', 'und', 'nd>', '<hun', 'hund', 'und>', \
'<hund', 'hund>']
    """
    found: list[str] = []
    for unspaced, word in PIECES.findall(UNREAD.sub("", unicodedata.normalize("NFKC", text).lower())):
        piece, runs = (unspaced, UNSPACED_RUNS) if unspaced else (f"<{word[:LONGEST]}>", RUNS)
        if word:
            found.append(piece)
        found += [piece[at : at + size] for size in runs for at in range(len(piece) - size + 1)]
        if len(found) > 10 * MOST:
            break
    return list(dict.fromkeys(found))[:MOST]


class GramTokenizer:
    """A list of grams with a weight each; calling it gives a `TextBatch` of their ids, 1 + the place in the list.

    Grams that are not in the list are passed over; a text of such grams alone has no id at all.
    """

    def __init__(self, vocabulary: Sequence[str], weights: Sequence[float]) -> None:
        if len(vocabulary) != len(weights) or not vocabulary:
            raise ModelError(f"Every gram needs a weight: found {len(vocabulary)} grams and {len(weights)} weights.")
        self.vocabulary = tuple(vocabulary)
        self.weights = tuple(weights)
        self._ids = {gram: place for place, gram in enumerate(vocabulary, start=1)}
        self._known = lru_cache(1 << 17)(self._look_up)  # a training reads its captions again every epoch

    def __call__(self, texts: Sequence[str], langs: Sequence[str] = (), role: str = "query") -> TextBatch:
        """The grams of B texts for the tower of a role.

        Raises:
            ModelError: when a text is empty or is not a string.
        """
        rows = [self._known(refuse_empty(text)) for text in texts]
        longest = max([1, *map(len, rows)])
        ids = torch.zeros(len(rows), longest, dtype=torch.long)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = row
        return TextBatch(ids, ids > 0, tuple(langs), role)

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """How many known grams each text has."""
        return [len(self._known(text)) for text in texts]

    def _look_up(self, text: str) -> Tensor:
        return torch.tensor([self._ids[gram] for gram in grams(text) if gram in self._ids], dtype=torch.int32)

    @property
    def vocab_size(self) -> int:
        """How many ids there are, padding included."""
        return len(self.vocabulary) + 1

    @property
    def limit(self) -> int | None:
        """Every gram of a query is read."""
        return None

    @property
    def fingerprint(self) -> str:
        """Changes when the grams or their weights change."""
        return hashlib.sha256(self._written().encode()).hexdigest()[:16]

    def save(self, folder: Path) -> None:
        """Write grams and weights as one JSON file."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(self._written() + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> GramTokenizer:
        """Read back what `save` wrote."""
        said = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return cls(said["grams"], said["weights"])

    def _written(self) -> str:
        return json.dumps({"grams": self.vocabulary, "weights": self.weights}, ensure_ascii=False)


def learn_grams(texts: Iterable[str], size: int) -> GramTokenizer:
    """The `size` grams that stand in most of the texts, at least in two of them.

    Raises:
        ModelError: when there is no text, or no gram is in two texts.
    """
    counts: Counter[str] = Counter()
    total = 0
    for text in texts:
        counts.update(grams(text))
        total += 1
    found = sorted(((gram, count) for gram, count in counts.items() if count > 1), key=lambda e: (-e[1], e[0]))[:size]
    if not found:
        raise ModelError(
            f"Grams cannot be learned from {total} texts that share none. Check the corpus and its languages."
        )
    return GramTokenizer([gram for gram, _ in found], [round(math.log(total / count), 4) for _, count in found])
