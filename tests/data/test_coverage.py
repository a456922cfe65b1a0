"""data/coverage.py: what a vocabulary lacks is counted letter by letter, for every kind of vocabulary."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
import tokenizers as tk
from sentencepiece import SentencePieceTrainer
from transformers import BertTokenizerFast, PreTrainedTokenizerFast, SiglipTokenizer

from babelreel.data.coverage import coverage, everyday
from babelreel.data.grams import grams, learn_grams
from babelreel.data.tokenizers import TextPolicy, Tokenizer, train_tokenizer
from babelreel.errors import ModelError

EUROPE = [text for lang in ("en", "de", "es", "cs") for text in everyday()[lang]]


def test_everyday_sentences_are_there_in_many_languages_and_in_their_script() -> None:
    assert len(everyday()) >= 26
    for lang, sentences in everyday().items():
        assert len(set(sentences)) == len(everyday()["en"]), lang
        assert all(unicodedata.normalize("NFC", text) == text and text.strip() == text for text in sentences), lang
    assert len({text for sentences in everyday().values() for text in sentences}) == sum(map(len, everyday().values()))


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_a_vocabulary_knows_the_languages_it_was_learned_from(kind: str) -> None:
    tokenizer = train_tokenizer(EUROPE, 500, TextPolicy(), kind)  # type: ignore[arg-type]
    for lang in ("en", "de", "es", "cs"):
        found = coverage(tokenizer, everyday()[lang])
        assert (found.texts, found.unknown, found.unread) == (4, 0, 0), lang
        apart = unicodedata.normalize("NFKD", "".join(everyday()[lang]))
        assert found.units == sum(unicodedata.category(c)[0] in "LMN" for c in apart)


def test_a_missing_script_is_unknown_to_pieces_and_bytes_to_byte_level_ones() -> None:
    unigram = coverage(train_tokenizer(EUROPE, 500, TextPolicy()), everyday()["hi"])
    assert (unigram.unknown_share, unigram.byte_share, unigram.unread_share) == (1, 0, 1)
    level = coverage(train_tokenizer(EUROPE, 500, TextPolicy(), "bpe"), everyday()["hi"])
    assert (level.unknown_share, level.byte_share, level.unread_share) == (0, 1, 0)


def test_one_foreign_word_counts_its_letters_however_its_pieces_are_fused() -> None:
    found = coverage(train_tokenizer(EUROPE, 500, TextPolicy()), ["A dog собака."])
    assert (found.units, found.unknown, found.unread) == (10, 6, 0)


def test_a_slow_tokenizer_is_measured_too(tmp_path: Path) -> None:
    SentencePieceTrainer.train(
        sentence_iterator=iter(EUROPE), model_prefix=str(tmp_path / "spiece"), vocab_size=120, minloglevel=2,
        character_coverage=1.0, pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
    )  # fmt: skip
    found = coverage(Tokenizer(SiglipTokenizer(str(tmp_path / "spiece.model")), TextPolicy()), ["A dog собака."])
    assert (found.units, found.unknown, found.unread) == (10, 6, 0)


def test_byte_fallback_counts_as_bytes() -> None:
    pieces = [("<unk>", 0.0), *((f"<0x{byte:02X}>", -9.0) for byte in range(256)), ("▁", -2.0)]
    pieces += [(letter, -3.0) for letter in "bcdefghijklmnopqrstuvwxyz"]
    raw = tk.Tokenizer(tk.models.Unigram(pieces, 0, byte_fallback=True))
    raw.pre_tokenizer = tk.pre_tokenizers.Metaspace()
    backend = PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="<unk>", pad_token="<unk>")
    found = coverage(Tokenizer(backend, TextPolicy(lower=True)), ["Dog пёс a"])
    assert (found.units, found.unknown, found.bytes) == (8, 0, 5), "ё is two units, and a is not among the pieces"


def test_wordpiece_loses_whole_words() -> None:
    vocab = {piece: n for n, piece in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "dog", "##s", "a"])}
    backend = BertTokenizerFast(vocab=vocab, do_lower_case=True)
    found = coverage(Tokenizer(backend, TextPolicy()), ["A dog", "dogs cat"])
    assert (found.texts, found.units, found.unknown) == (2, 11, 3)
    vowels = coverage(Tokenizer(BertTokenizerFast(vocab=vocab | {"क": 8}, do_lower_case=True), TextPolicy()), ["कु"])
    assert (vowels.units, vowels.unknown) == (2, 1), "the vowel sign is stripped as if it were an accent"


def test_grams_count_grams() -> None:
    tokenizer = learn_grams(EUROPE * 2, 3000)
    own, other = coverage(tokenizer, everyday()["de"]), coverage(tokenizer, everyday()["nl"])
    assert (own.unknown, own.units) == (0, sum(len(grams(text)) for text in everyday()["de"]))
    assert 0.3 < other.unknown_share < 1
    assert other.unread == 0
    none = coverage(tokenizer, everyday()["th"])
    assert (none.unknown_share, none.unread_share, none.byte_share) == (1, 1, 0)


def test_composed_and_decomposed_text_count_alike() -> None:
    tokenizer = train_tokenizer(EUROPE, 500, TextPolicy())
    decomposed = [unicodedata.normalize("NFD", text) for text in everyday()["cs"]]
    assert coverage(tokenizer, decomposed) == coverage(tokenizer, everyday()["cs"])


def test_nothing_and_empty_texts() -> None:
    tokenizer = learn_grams(EUROPE, 300)
    nothing = coverage(tokenizer, [])
    assert (nothing.unknown_share, nothing.byte_share, nothing.unread_share) == (1, 0, 1)
    assert coverage(tokenizer, ["!?"]).unread == 1
    with pytest.raises(ModelError, match="needs text"):
        coverage(tokenizer, ["a dog", " "])
