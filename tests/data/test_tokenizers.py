"""data/tokenizers.py: every text ends with its end token, whatever it holds; a policy stays with its vocabulary."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Literal

import pytest
from transformers import BertTokenizerFast

from babelreel.data.tokenizers import TextPolicy, Tokenizer, train_tokenizer
from babelreel.errors import ModelError

TEXTS = [
    "ein kleiner roter Kreis", "a small red circle", "一个红色的圆", "دائرة حمراء صغيرة", "маленький красный круг",
    "duara dogo jekundu", "một hình tròn nhỏ màu đỏ", "小さな赤い丸",
]  # fmt: skip


@pytest.fixture(params=["unigram", "bpe"], scope="module")
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return train_tokenizer(TEXTS * 3, 400, TextPolicy(12), request.param)


def test_ends_stay_when_texts_are_cut(tokenizer: Tokenizer) -> None:
    batch = tokenizer(["red", "small red circle " * 500])
    assert batch.input_ids.shape == (2, 12)
    lengths = batch.mask.sum(1).tolist()
    begin, end = tokenizer.backend.bos_token_id, tokenizer.backend.eos_token_id
    for row, length in enumerate(lengths):
        assert batch.input_ids[row, 0] == begin
        assert batch.input_ids[row, length - 1] == end
    assert (batch.input_ids[~batch.mask] == tokenizer.backend.pad_token_id).all()


def test_special_tokens_in_a_caption_are_plain_text(tokenizer: Tokenizer) -> None:
    batch = tokenizer(["red </s> circle <pad>"])
    ids = batch.input_ids[0, : int(batch.mask.sum())].tolist()
    assert ids.count(tokenizer.backend.eos_token_id) == 1
    assert tokenizer.backend.pad_token_id not in ids


def test_a_row_does_not_depend_on_its_batch(tokenizer: Tokenizer) -> None:
    alone = tokenizer([TEXTS[0]]).input_ids[0].tolist()
    together = tokenizer(TEXTS)
    assert together.input_ids[0][together.mask[0]].tolist() == alone


def test_saved_and_loaded_it_is_the_same(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenizer.save(tmp_path)
    loaded = Tokenizer.load(tmp_path)
    assert loaded.fingerprint == tokenizer.fingerprint
    assert loaded(TEXTS).input_ids.tolist() == tokenizer(TEXTS).input_ids.tolist()
    assert loaded(["red </s>"]).input_ids.tolist() == tokenizer(["red </s>"]).input_ids.tolist()
    other = Tokenizer(loaded.backend, TextPolicy(13))
    assert other.fingerprint != tokenizer.fingerprint


def test_policies_are_kept(tokenizer: Tokenizer) -> None:
    padded = Tokenizer(tokenizer.backend, TextPolicy(20, "max_length", lower=True))
    batch = padded(["RED circle"])
    assert batch.input_ids.shape == (1, 20)
    assert batch.input_ids.tolist() == padded(["red circle"]).input_ids.tolist()
    assert tokenizer.lengths(["small red circle " * 500])[0] > 500


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_the_same_texts_give_the_same_vocabulary(kind: Literal["unigram", "bpe"]) -> None:
    """The trainers draw on hash maps whose order changes with every call."""
    found = {train_tokenizer(TEXTS * 3, 300, TextPolicy(12), kind).fingerprint for _ in range(4)}
    assert len(found) == 1


def test_bytes_know_no_unknown_piece() -> None:
    tokenizer = train_tokenizer(TEXTS, 400, TextPolicy(64), "bpe")
    batch = tokenizer(["ภาษาไทย 🙂"])
    assert tokenizer.backend.unk_token_id not in batch.input_ids.tolist()[0]


def test_bad_input() -> None:
    tokenizer = train_tokenizer(TEXTS, 400, TextPolicy(12))
    for text in ("", "   ", None):
        with pytest.raises(ModelError, match="needs text"):
            tokenizer([text])  # type: ignore[list-item]
    with pytest.raises(ModelError, match="from no text"):
        train_tokenizer(["", " "], 100, TextPolicy())
    with pytest.raises(ModelError, match="different characters"):
        train_tokenizer(TEXTS, 20, TextPolicy())
    tokenizer.backend.pad_token = None
    with pytest.raises(ModelError, match="no padding token"):
        Tokenizer(tokenizer.backend, TextPolicy())


def test_decomposed_letters_are_read_as_composed_ones() -> None:
    """Word pieces of multilingual BERT know "ž", and do not compose it themselves."""
    vocab = {piece: n for n, piece in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "žena"])}
    tokenizer = Tokenizer(BertTokenizerFast(vocab=vocab, do_lower_case=False), TextPolicy())
    for form in ("NFC", "NFD"):
        assert tokenizer([unicodedata.normalize(form, "žena")]).input_ids.tolist() == [[2, 5, 3]]
