"""How much of a language a tokenizer can read: what it does not know, and what it only knows byte by byte.

A vocabulary that lacks a script gives no error: it gives unknown pieces, and every text of that language becomes much
the same vector. Text is measured as given, in composed form (NFC), after what the tokenizer does to all text.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import regex

from babelreel.data.grams import GramTokenizer, grams
from babelreel.data.tokenizers import TextReader, Tokenizer, refuse_empty

LETTERS = regex.compile(r"[\p{L}\p{M}\p{N}]")
BYTE = regex.compile(r"<0x[0-9A-F]{2}>")  # SentencePiece's byte fallback


@dataclass(frozen=True, slots=True)
class Coverage:
    """What became of some texts.

    Units are letters, marks and digits for a vocabulary of pieces, grams for one of grams. `unknown` of them lie in no
    known piece, or are no known gram; `bytes` of them are known only byte by byte. `unread` texts have no unit that is
    known.
    """

    texts: int
    units: int
    unknown: int
    bytes: int
    unread: int

    @property
    def unknown_share(self) -> float:
        """The share of units that are unknown, 0 to 1; 1 where there is no unit."""
        return self.unknown / self.units if self.units else 1.0

    @property
    def byte_share(self) -> float:
        """The share of units known only byte by byte, 0 to 1."""
        return self.bytes / self.units if self.units else 0.0

    @property
    def unread_share(self) -> float:
        """The share of texts of which nothing is known, 0 to 1."""
        return self.unread / self.texts if self.texts else 1.0


def coverage(tokenizer: TextReader, sentences: Sequence[str]) -> Coverage:
    """What a tokenizer knows of some texts of a language.

    Raises:
        ModelError: when a text is empty.
    """
    texts = [unicodedata.normalize("NFC", refuse_empty(text)) for text in sentences]
    if isinstance(tokenizer, GramTokenizer):
        rows = [_grams(tokenizer, text) for text in texts]
    else:
        assert isinstance(tokenizer, Tokenizer), "there are two kinds of tokenizer"
        rows = [_pieces(tokenizer, text) for text in texts]
    units, unknown, spelled = (sum(row[n] for row in rows) for n in range(3))
    return Coverage(len(rows), units, unknown, spelled, sum(row[0] == row[1] for row in rows))


@cache
def everyday() -> dict[str, tuple[str, ...]]:
    """The same few sentences about everyday scenes by language: what a tokenizer is measured on without a corpus."""
    said = json.loads((Path(__file__).parent / "sentences.json").read_text(encoding="utf-8"))
    return {lang: tuple(sentences) for lang, sentences in said.items()}


def _grams(tokenizer: GramTokenizer, text: str) -> tuple[int, int, int]:
    units = len(grams(text))
    return units, units - tokenizer.lengths([text])[0], 0


def _pieces(tokenizer: Tokenizer, text: str) -> tuple[int, int, int]:
    """Units, unknown units, and units known byte by byte of one text."""
    backend = tokenizer.backend
    text = tokenizer.plain(text)
    coded = backend(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    byte_level = '"type":"ByteLevel"' in backend.backend_tokenizer.to_str()  # as in the vocabularies of GPT-2 and CLIP
    known, spelled = [False] * len(text), [False] * len(text)
    for number, (start, end) in zip(coded["input_ids"], coded["offset_mapping"], strict=True):
        if number == backend.unk_token_id:
            continue
        piece = _written(backend.convert_ids_to_tokens(number), byte_level)
        if piece is None:
            spelled[start:end] = [True] * (end - start)
        elif LETTERS.search(piece):  # a lone mark for a space claims the letter behind it
            known[start:end] = [True] * (end - start)
    letters = [place for place, letter in enumerate(text) if LETTERS.match(letter)]
    lost = sum(not known[place] and not spelled[place] for place in letters)
    return len(letters), lost, sum(spelled[place] for place in letters)


def _written(piece: str, byte_level: bool) -> str | None:
    """A piece as it would be written, or None where it is less than a whole character."""
    if not byte_level:
        return None if BYTE.fullmatch(piece) else piece
    try:
        return bytes(_alphabet().get(letter, 0) for letter in piece.removesuffix("</w>")).decode()
    except UnicodeDecodeError:
        return None


@cache
def _alphabet() -> dict[str, int]:
    """The byte of each letter of GPT-2's alphabet: printable ones stand for themselves, the others from 256 on."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + place): byte for place, byte in enumerate(others)}
