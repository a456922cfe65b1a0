"""A caption's language (BCP 47: "de", "zh-Hant") and the name that a translation model has for it.

M2M100 says `__de__`, mBART-50 `de_DE`, NLLB-200 `deu_Latn`: the language, by ISO 639-3, and the script. A model's own
names are read from its vocabulary, so that a smaller or larger one is understood as well.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from babelreel.errors import ModelError

# What BCP 47 writes with two letters (RFC 5646, 2.2.1: the shortest code), by FLORES-200's three (NLLB Team 2022, table
# 1). Where FLORES names one language of a group, such as Standard Arabic or Northern Uzbek, the group's code is meant.
_SHORT = """
    afr af aka ak als sq amh am arb ar asm as ayr ay azj az bak ba bam bm bel be ben bn bod bo bos bs bul bg cat ca
    ces cs cym cy dan da deu de dzo dz ell el eng en epo eo est et eus eu ewe ee fao fo fij fj fin fi fra fr fuv ff
    gaz om gla gd gle ga glg gl grn gn guj gu hat ht hau ha heb he hin hi hrv hr hun hu hye hy ibo ig ind id isl is
    ita it jav jv jpn ja kan kn kas ks kat ka kaz kk khk mn khm km kik ki kin rw kir ky kmr ku knc kr kon kg kor ko
    lao lo lim li lin ln lit lt ltz lb lug lg lvs lv mal ml mar mr mkd mk mlt mt mri mi mya my nld nl nno nn nob nb
    npi ne nya ny oci oc ory or pan pa pbt ps pes fa plt mg pol pl por pt quy qu ron ro run rn rus ru sag sg san sa
    sin si slk sk slv sl smo sm sna sn snd sd som so sot st spa es srd sc srp sr ssw ss sun su swe sv swh sw tam ta
    tat tt tel te tgk tg tgl tl tha th tir ti tsn tn tso ts tuk tk tur tr twi tw uig ug ukr uk urd ur uzn uz vie vi
    wol wo xho xh ydd yi yor yo zho zh zsm ms zul zu
""".split()
SHORT = dict(zip(_SHORT[::2], _SHORT[1::2], strict=True)) | {"ns": "nso"}  # M2M100's own name for Northern Sotho
ALIASES = {"no": "nb", "nb": "no", "fil": "tl", "tl": "fil", "iw": "he"}  # two codes of one language
TRADITIONAL = ("TW", "HK", "MO")  # where Chinese is written with traditional characters

_TOKEN = re.compile(r"__([a-z]{2,3})__|([a-z]{2})_[A-Z]{2}|([a-z]{3})_([A-Z][a-z]{3})")


def model_languages(tokens: Iterable[str]) -> dict[str, str]:
    """A model's language tokens by BCP 47 code; what is no language token is passed over.

    Where a model writes a language in several scripts, the plain code means the simplified one for Chinese, the Latin
    one elsewhere; each script has its own code besides ("zh-Hant").
    """
    known: dict[str, str] = {}
    scripts: dict[str, dict[str, str]] = {}
    for token in sorted(tokens):
        found = _TOKEN.fullmatch(token)
        if not found:
            continue
        code = next(part for part in found.groups() if part)
        lang = SHORT.get(code, code)
        if script := found[4]:
            scripts.setdefault(lang, {})[script] = token
        else:
            known[lang] = token
    for lang, written in scripts.items():
        plain = "Hans" if lang == "zh" else "Latn"
        known[lang] = written.get(plain) or next(iter(written.values()))
        if len(written) > 1:
            known |= {f"{lang}-{script}": token for script, token in written.items()}
    if "zh" in known:
        known.setdefault("zh-Hans", known["zh"])
    return known


def token_of(lang: str, known: Mapping[str, str], model: str) -> str:
    """The token of a BCP 47 language among `known`, as `model_languages` gives them; a region changes nothing but how
    Chinese is written.

    Raises:
        ModelError: when the model does not have the language; those that look alike are listed, then all.
    """
    first, *rest = lang.split("-")
    base = SHORT.get(first.lower(), first.lower())
    script = next((f"-{part.title()}" for part in rest if len(part) == 4 and part.isalpha()), "")
    if base == "zh" and not script and any(part.upper() in TRADITIONAL for part in rest):
        script = "-Hant"
    for name in (base, ALIASES.get(base, base)):
        token = known.get(name + script)
        if token is not None:
            return token
    near = difflib.get_close_matches(lang, known, n=3) or sorted(k for k in known if k[:1] == base[:1])[:3]
    hint = f" Nearest: {', '.join(near)}." if near else ""
    raise ModelError(f"{model} does not know the language {lang!r}.{hint} It knows: {', '.join(sorted(known))}.")
