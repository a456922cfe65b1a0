"""Which language a query is in, where nobody says."""

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


def likelihood(text: str, lang: str) -> float | None:
    """How likely a text is in a language (BCP 47, by its first part), as a share of the likeliest one's probability.

    A share, since of a few words nothing is likely: what is left of it then tells no language from another. None where
    that language is not told apart.
    """
    base = lang.partition("-")[0]
    if base not in CANDIDATES:
        return None
    ranked = dict(_identifier().rank(text))
    return float(ranked[base] / max(ranked.values()))


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True, min_confidence=CONFIDENCE)
    identifier.set_languages(CANDIDATES)
    return identifier
