"""language.py: queries in the playground's twelve languages are told apart, and what cannot be told is not guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from babelreel.corpora.manifest import read_manifest
from babelreel.corpora.registry import CORPORA
from babelreel.errors import ConfigError
from babelreel.language import CANDIDATES, FAMILIES, closest, detect, family, is_code, require_code

CLIPS = Path(__file__).resolve().parents[1] / "recipes" / "clips.jsonl"

QUERIES = {
    "en": "a dog jumps into the water", "de": "ein Hund springt ins Wasser", "fr": "un chien saute dans l'eau",
    "cs": "pes skáče do vody", "es": "un perro salta al agua", "pt": "um cachorro pula na água",
    "ru": "собака прыгает в воду", "zh": "一只狗跳进水里", "ja": "犬が水に飛び込む",
    "vi": "một con chó nhảy xuống nước", "sw": "mbwa anaruka majini", "ar": "كلب يقفز في الماء",
}  # fmt: skip


@pytest.mark.parametrize("lang", QUERIES)
def test_queries_are_told_apart(lang: str) -> None:
    assert lang in CANDIDATES
    assert detect(QUERIES[lang]) == lang


def test_english_is_rarely_missed_and_almost_never_seen_where_it_is_not() -> None:
    """What routing needs: on 623 sentences of seven languages. A language's own accuracy matters less."""
    captions = [c for item in read_manifest(CLIPS).items for c in item.captions]
    seen = [(c.lang, detect(c.text)) for c in captions]
    assert sum(found == "en" for lang, found in seen if lang == "en") >= 86  # of 89
    assert sum(found == "en" for lang, found in seen if lang != "en") <= 1  # of 534


@pytest.mark.parametrize("text", ["dog", "🐕", "12345", "?!"])
def test_what_cannot_be_told_is_not_guessed(text: str) -> None:
    assert detect(text) is None


def test_the_loaded_identifier_knows_every_candidate() -> None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    assert set(CANDIDATES) <= set(LanguageIdentifier.from_model_file(MODEL_FILE).labels)
    assert len(CANDIDATES) == len(set(CANDIDATES))


@pytest.mark.parametrize(
    ("lang", "among", "found"),
    [
        ("pt-BR", ["cs", "pt"], "pt"), ("pt-BR", ["pt", "pt-BR"], "pt-BR"), ("PT-br", ["pt-BR"], "pt-BR"),
        ("pt", ["pt-BR"], "pt-BR"), ("pt", ["pt-BR", "pt-PT"], None), ("pt-AO", ["pt-BR", "pt-PT"], None),
        ("zh-Hant-TW", ["zh", "zh-Hant"], "zh-Hant"), ("sk", ["cs"], None), ("p", ["pt"], None), ("", ["pt"], None),
        (None, ["pt"], None),
    ],
)  # fmt: skip
def test_a_code_is_read_by_the_closest(lang: str | None, among: list[str], found: str | None) -> None:
    assert closest(lang, among) == found


def test_every_language_of_a_corpus_has_a_family() -> None:
    published = {lang for entry in CORPORA.values() for _, lang in entry.published}
    assert len(published) >= 36
    assert {lang for lang in published if family(lang) is None} == set()
    assert {lang for lang in CANDIDATES if family(lang) is None} == {"eo"}  # planned


def test_families_by_hand() -> None:
    for family_name, langs in {
        "Indo-European/Germanic": "en de nl sv", "Indo-European/Romance": "fr pt-BR es it ro",
        "Indo-European/Slavic": "cs ru PL", "Afro-Asiatic/Semitic": "ar he", "Sino-Tibetan/Sinitic": "zh zh-Hant",
        "Turkic": "tr", "Japonic": "ja", "Niger-Congo/Bantu": "sw", "Uralic/Hungarian": "hu",
        "Austronesian/Malayo-Polynesian": "id fil mi", "Quechuan": "quz",
    }.items():  # fmt: skip
        assert {family(lang) for lang in langs.split()} == {family_name}
    assert family("xx") is None


def test_no_language_has_two_families() -> None:
    every = [lang for langs in FAMILIES.values() for lang in langs.split()]
    assert len(every) == len(set(every))


def test_codes_are_told_from_words_and_mistakes() -> None:
    assert all(map(is_code, CANDIDATES))
    assert all(is_code(lang) for langs in FAMILIES.values() for lang in langs.split())
    assert not any(map(is_code, ["", "cz", "jp", "the", "dog", "EN", "english", "pt_BR", "en-", "e"]))
    assert require_code("zh-Hant-TW") == "zh-Hant-TW"
    with pytest.raises(ConfigError, match="Did you mean 'ja'"):
        require_code("jp")
    with pytest.raises(ConfigError, match="such as 'cs' or 'pt-BR'"):
        require_code("Czech")
