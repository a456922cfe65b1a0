"""data/grams.py: which grams a text has, and that a list of them is kept whole."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from babelreel.data.grams import MOST, GramTokenizer, grams, learn_grams
from babelreel.errors import ModelError

TEXTS = ["ein roter Kreis", "ein blauer Kreis", "一个红色的圆", "一个蓝色的圆", "دائرة حمراء", "دائرة زرقاء"]


@pytest.fixture(scope="module")
def tokenizer() -> GramTokenizer:
    return learn_grams(TEXTS, 500)


def test_words_are_framed_and_unspaced_scripts_are_not() -> None:
    assert grams("Ab a") == ["<ab>", "<ab", "ab>", "<a>"]
    assert grams("红色圆") == ["红", "色", "圆", "红色", "色圆", "红色圆"]
    assert set(grams("犬と walk")) == {"犬", "と", "犬と", *grams("walk")}
    assert grams("CAFE\u0301, ｗａｌｋ!") == grams("café walk")  # composed, of plain width, without punctuation
    assert grams("!?") == []
    assert len(grams("x" * 10_000)) < 60  # one word, cut
    assert len(grams(" ".join(map(str, range(10_000))))) == MOST


def test_vowel_signs_stay_and_points_go() -> None:
    assert "<कुत्ता>" in grams("एक कुत्ता")
    assert "<কুকুর>" in grams("একটি কুকুর")
    assert grams("שָׁלוֹם") == grams("שלום")
    assert grams("كَلْبٌ") == grams("كلب") == grams("كـلب")
    assert grams("می‌دود") == grams("میدود")


def test_the_grams_of_most_texts_are_learned(tokenizer: GramTokenizer) -> None:
    assert {"<ein>", "<kreis>", "一个", "的圆", "<دائرة>"} <= set(tokenizer.vocabulary)
    assert "<roter>" not in tokenizer.vocabulary  # in one text alone
    weight = tokenizer.weights[tokenizer.vocabulary.index("<ein>")]
    assert weight == pytest.approx(math.log(6 / 2), abs=1e-4)
    few = learn_grams([*TEXTS, "ein Kreis"], 3)
    assert few.vocab_size == 4
    assert few.vocabulary == learn_grams([*TEXTS, "ein Kreis"][::-1], 3).vocabulary


def test_a_batch_holds_each_known_gram_once(tokenizer: GramTokenizer) -> None:
    batch = tokenizer(["ein ein Kreis", "слон"], ["de", "ru"], "pivot")
    assert (batch.langs, batch.role) == (("de", "ru"), "pivot")
    found = [tokenizer.vocabulary[n - 1] for n in batch.input_ids[0][batch.mask[0]]]
    assert sorted(found) == sorted(gram for gram in grams("ein Kreis") if gram in tokenizer.vocabulary)
    assert not batch.mask[1].any()
    assert tokenizer.lengths(["ein ein Kreis", "слон"]) == batch.mask.sum(1).tolist()
    assert tokenizer(["слон"]).input_ids.shape == (1, 1)


def test_saved_and_loaded_it_is_the_same(tokenizer: GramTokenizer, tmp_path: Path) -> None:
    tokenizer.save(tmp_path)
    loaded = GramTokenizer.load(tmp_path)
    assert loaded.fingerprint == tokenizer.fingerprint
    assert loaded(TEXTS).input_ids.equal(tokenizer(TEXTS).input_ids)
    assert learn_grams(TEXTS[:4], 500).fingerprint != tokenizer.fingerprint


def test_what_cannot_be_read_or_learned(tokenizer: GramTokenizer) -> None:
    with pytest.raises(ModelError, match="needs text"):
        tokenizer([" "])
    with pytest.raises(ModelError, match="0 texts that share none"):
        learn_grams([], 10)
    with pytest.raises(ModelError, match="2 grams and 1 weights"):
        GramTokenizer(["a", "b"], [1.0])
