"""Languages by their codes: which one a query is in where nobody says, and which are related."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import Any

from babelreel.errors import ConfigError

# Of the languages that py3langid tells apart, those that XLM-R was trained on (Conneau et al. 2020, appendix A): rare
# ones only win where a query is too short to tell.
CANDIDATES = (
    "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi hr hu hy id is it "
    "ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps pt ro ru sa si sk sl so sq sr "
    "sv sw ta te th tl tr ug uk ur uz vi xh zh"
).split()
# ISO 639-1, and of the longer codes of ISO 639-3 those of languages with parallel text and none of the former
CODES = frozenset(
    (
        "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee "
        "el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is "
        "it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms "
        "mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si "
        "sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh "
        "yi yo za zh zu acm acq aeb ajp apc ars ary arz ast awa ayr azb bem ber bho bjn bug ceb chr ckb cmn dik dsb "
        "dyu fil fon fur fuv gaz gsw haw hmn hne hsb ilo kab kac kam kbp kea kmb kmr knc lij lmo ltg lua luo lus mag "
        "mai min mni mos nds nso nus pag pap pbt pes plt pnb prs quy quz sat scn shn szl taq tpi tum tzm umb vec war "
        "wuu yue zgh zsm"
    ).split()
)
MISTAKEN = {"cz": "cs", "jp": "ja", "cn": "zh", "gr": "el", "dk": "da", "vn": "vi", "ua": "uk", "iw": "he", "in": "id"}
_SHAPE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
CONFIDENCE = 0.2  # below it stand single words such as "dog", where the best guess is mostly wrong


def is_code(text: str) -> bool:
    """Whether a text is a BCP 47 code of a language that is known here, such as "cs" or "pt-BR"."""
    return _SHAPE.fullmatch(text) is not None and text.partition("-")[0] in CODES


def require_code(text: str) -> str:
    """The code of a language, as it was given.

    Raises:
        ConfigError: when it is none.
    """
    if not is_code(text):
        meant = MISTAKEN.get(text.lower().partition("-")[0])
        advice = f"Did you mean {meant!r}?" if meant else "Codes are those of BCP 47, such as 'cs' or 'pt-BR'."
        raise ConfigError(f"{text!r} is no code of a language that is known here. {advice}")
    return text


def detect(text: str) -> str | None:
    """The ISO 639-1 code of a text's language, or None where it is too short, or too odd, to tell."""
    lang, _ = _identifier().classify(text)
    return None if lang == "und" else str(lang)


def closest(lang: str | None, among: Collection[str]) -> str | None:
    """Which of some BCP 47 codes reads a text in `lang`, or None.

    The same code, else what is left of it without region and script ("pt-BR" is read as "pt"), else the only variety
    of the same language ("pt" by "pt-BR").

    >>> closest("pt-BR", ["cs", "pt"]), closest("zh", ["zh-Hant"]), closest("sk", ["cs"])
    ('pt', 'zh-Hant', None)
    """
    if not lang or lang in among:
        return lang or None
    known = {code.lower(): code for code in among}
    parts = lang.lower().split("-")
    for length in range(len(parts), 0, -1):
        if (shorter := "-".join(parts[:length])) in known:
            return known[shorter]
    varieties = [code for lower, code in known.items() if lower.partition("-")[0] == parts[0]]
    return varieties[0] if len(varieties) == 1 else None


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
