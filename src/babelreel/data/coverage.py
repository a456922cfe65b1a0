"""How much of a language a tokenizer can read: what it does not know, and what it only knows byte by byte.

A vocabulary that lacks a script gives no error: it gives unknown pieces, and every text of that language becomes much
the same vector.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import regex

from babelreel.data.grams import GramTokenizer, grams
from babelreel.data.tokenizers import TextReader, Tokenizer, refuse_empty

LETTERS = regex.compile(r"[\p{L}\p{M}\p{N}]")
BYTE = regex.compile(r"<0x([0-9A-F]{2})>")  # SentencePiece's byte fallback


@dataclass(frozen=True, slots=True)
class Coverage:
    """What became of some texts.

    Units are letters, marks and digits for a vocabulary of pieces, each accent by itself, and grams for one of grams.
    `unknown` of them lie in no known piece, or are no known gram; `bytes` of them are known only byte by byte. `unread`
    texts have no unit that is known.
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
    texts = [refuse_empty(text) for text in sentences]
    if isinstance(tokenizer, GramTokenizer):
        rows = [_grams(tokenizer, text) for text in texts]
    else:
        backend = getattr(tokenizer, "backend", None)
        assert backend is not None, "every other reader holds a tokenizer of transformers"
        if isinstance(tokenizer, Tokenizer) and tokenizer.policy.lower:
            texts = [text.lower() for text in texts]
        byte_level = _alphabet().keys() <= backend.get_vocab().keys()
        rows = [_pieces(backend, text, byte_level) for text in texts]
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


def _pieces(backend: Any, text: str, byte_level: bool) -> tuple[int, int, int]:
    """Units, unknown units, and units known only byte by byte of one text.

    Letters are counted in what the known pieces spell: not every tokenizer tells where in the text a piece stood.
    """
    ids = backend(text, add_special_tokens=False, verbose=False)["input_ids"]
    whole, parts = "", b""
    for piece in backend.convert_ids_to_tokens([number for number in ids if number != backend.unk_token_id]):
        text_of, bytes_of = _spelled(piece, byte_level)
        whole += text_of
        parts += bytes_of
    units, known, in_parts = _letters(text), _letters(whole), _letters(parts.decode(errors="ignore"))
    return units, max(0, units - known - in_parts), in_parts


def _spelled(piece: str, byte_level: bool) -> tuple[str, bytes]:
    """What a piece stands for: text, or bytes that are no whole character by themselves."""
    piece = piece.removesuffix("</w>")
    if found := BYTE.fullmatch(piece):
        return "", bytes([int(found[1], 16)])
    if not byte_level:
        return piece, b""
    raw = bytes(_alphabet().get(letter, 0) for letter in piece)
    try:
        return raw.decode(), b""
    except UnicodeDecodeError:
        return "", raw


def _letters(text: str) -> int:
    """Letters, marks and digits; taken apart, since some tokenizers compose them and others take them apart."""
    return len(LETTERS.findall(unicodedata.normalize("NFKD", text)))


@cache
def _alphabet() -> dict[str, int]:
    """The byte of each letter of GPT-2's alphabet: printable ones stand for themselves, the others from 256 on."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + place): byte for place, byte in enumerate(others)}
