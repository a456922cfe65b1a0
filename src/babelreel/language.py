"""Which language a query is in, where nobody says; and which languages are related."""

from __future__ import annotations

from functools import cache
from typing import Any

# Of the languages that py3langid tells apart, those that XLM-R was trained on (Conneau et al. 2020, appendix A): rare
# ones only win where a query is too short to tell.
CANDIDATES = (
    "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi hr hu hy id is it "
    "ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps pt ro ru sa si sk sl so sq sr "
    "sv sw ta te th tl tr ug uk ur uz vi xh zh"
).split()
CONFIDENCE = 0.2  # below it stand single words such as "dog", where the best guess is mostly wrong


def detect(text: str) -> str | None:
    """The ISO 639-1 code of a text's language, or None where it is too short, or too odd, to tell."""
    lang, _ = _identifier().classify(text)
    return None if lang == "und" else str(lang)


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True, min_confidence=CONFIDENCE)
    identifier.set_languages(CANDIDATES)
    return identifier


# As Glottolog groups them (Hammarström et al., glottolog.org), under common names; Romance takes in Latin. A planned
# language belongs to none.
FAMILIES = {
    "Afro-Asiatic/Cushitic": "om so",
    "Afro-Asiatic/Semitic": "am ar he mt ti",
    "Afro-Asiatic/Chadic": "ha",
    "Austroasiatic/Khmeric": "km",
    "Austroasiatic/Vietic": "vi",
    "Austronesian/Malayo-Polynesian": "ceb fil id jv mg mi ms su tl",
    "Basque": "eu",
    "Dravidian/South Dravidian": "kn ml ta te",
    "Indo-European/Albanian": "sq",
    "Indo-European/Armenian": "hy",
    "Indo-European/Baltic": "lt lv",
    "Indo-European/Celtic": "br cy ga gd",
    "Indo-European/Germanic": "af da de en fy is lb nb nl nn no sv yi",
    "Indo-European/Greek": "el",
    "Indo-European/Indo-Aryan": "as bn gu hi mr ne or pa sa sd si ur",
    "Indo-European/Iranian": "fa ku ps tg",
    "Indo-European/Romance": "ca es fr gl it la oc pt ro",
    "Indo-European/Slavic": "be bg bs cs hr mk pl ru sk sl sr uk",
    "Japonic": "ja",
    "Kartvelian": "ka",
    "Koreanic": "ko",
    "Mongolic": "mn",
    "Niger-Congo/Bantu": "lg rw sn st sw xh zu",
    "Niger-Congo/Volta-Niger": "ig yo",
    "Quechuan": "qu quz",
    "Sino-Tibetan/Burmish": "my",
    "Sino-Tibetan/Sinitic": "yue zh",
    "Tai-Kadai/Tai": "lo th",
    "Turkic": "az kk ky tk tr tt ug uz",
    "Uralic/Finnic": "et fi",
    "Uralic/Hungarian": "hu",
}
_FAMILY_OF = {lang: name for name, langs in FAMILIES.items() for lang in langs.split()}


def family(code: str) -> str | None:
    """Family and branch of a language by its BCP 47 code, such as "Indo-European/Germanic"; None where it is unknown.

    Only the primary subtag counts: "pt-BR" is as "pt".
    """
    return _FAMILY_OF.get(code.partition("-")[0].lower())
