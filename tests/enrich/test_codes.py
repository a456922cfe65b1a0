"""enrich/codes.py: every language of the three families is found by its BCP 47 code, and no other."""

from __future__ import annotations

import pytest
from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES as M2M100
from transformers.models.mbart50.tokenization_mbart50 import FAIRSEQ_LANGUAGE_CODES as MBART50
from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES as NLLB

from babelreel.enrich.codes import model_languages, token_of
from babelreel.errors import ModelError
from babelreel.types import Caption

TOKENS = {"m2m100": [f"__{code}__" for code in M2M100["m2m100"]], "mbart50": MBART50, "nllb": NLLB}
# What three tokenizers call a language, written down by hand.
NAMES = {
    "de": ("__de__", "de_DE", "deu_Latn"),
    "pt-BR": ("__pt__", "pt_XX", "por_Latn"),
    "zh": ("__zh__", "zh_CN", "zho_Hans"),
    "zh-Hans-CN": ("__zh__", "zh_CN", "zho_Hans"),
    "zh-TW": (None, None, "zho_Hant"),
    "zh-hant": (None, None, "zho_Hant"),
    "ar": ("__ar__", "ar_AR", "arb_Arab"),
    "fa": ("__fa__", "fa_IR", "pes_Arab"),
    "sw": ("__sw__", "sw_KE", "swh_Latn"),
    "ms": ("__ms__", None, "zsm_Latn"),
    "nb": ("__no__", None, "nob_Latn"),
    "no": ("__no__", None, "nob_Latn"),
    "iw": ("__he__", "he_IL", "heb_Hebr"),
    "lv": ("__lv__", "lv_LV", "lvs_Latn"),
    "mn": ("__mn__", "mn_MN", "khk_Cyrl"),
    "nso": ("__ns__", None, "nso_Latn"),
    "ceb": ("__ceb__", None, "ceb_Latn"),
    "deu": ("__de__", "de_DE", "deu_Latn"),
    "ks": (None, None, "kas_Arab"),
    "ks-Deva": (None, None, "kas_Deva"),
    "taq": (None, None, "taq_Latn"),
}


@pytest.mark.parametrize("lang", NAMES)
def test_three_families_names(lang: str) -> None:
    for (family, tokens), expected in zip(TOKENS.items(), NAMES[lang], strict=True):
        known = model_languages(tokens)
        if expected is None:
            with pytest.raises(ModelError, match="does not know the language"):
                token_of(lang, known, family)
        else:
            assert token_of(lang, known, family) == expected


@pytest.mark.parametrize("family", TOKENS)
def test_every_token_has_a_code_that_a_caption_may_have(family: str) -> None:
    known = model_languages([*TOKENS[family], "</s>", "▁de", "de", "Latn"])
    assert set(known.values()) == set(TOKENS[family])
    for lang, token in known.items():
        assert token_of(Caption("a", lang).lang, known, family) == token


def test_two_letters_where_there_are_two() -> None:
    """BCP 47 wants the shortest code; M2M100 and mBART-50 name their languages by it, NLLB has nearly all of them."""
    short = model_languages(TOKENS["m2m100"]).keys() | model_languages(TOKENS["mbart50"]).keys()
    missing = {lang for lang in short if lang not in model_languages(NLLB)}
    assert missing == {"br", "fy", "no"}  # NLLB has no Breton and no Frisian; its Norwegian is nb


def test_an_unknown_language_lists_what_is_near_and_what_there_is() -> None:
    known = model_languages(TOKENS["mbart50"])
    with pytest.raises(
        ModelError, match=r"a-model does not know the language 'zh-Hant'. Nearest: zh-Hans. It knows: af,"
    ):
        token_of("zh-Hant", known, "a-model")
    with pytest.raises(ModelError, match=r"'eo'. Nearest: .* It knows: af, ar, az"):
        token_of("eo", known, "a-model")
    with pytest.raises(ModelError, match=r"'qqq'. It knows: af"):
        token_of("qqq", known, "a-model")
