"""Which language a query is in, where nobody says."""

from __future__ import annotations

from collections.abc import Collection
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
