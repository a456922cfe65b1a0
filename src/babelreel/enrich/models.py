"""A translator: M2M100 (Fan et al. 2021), NLLB-200 (NLLB Team 2022), mBART-50 (Tang et al. 2021), by hub id or folder.

All three read `language, tokens, end` and begin their output with the language it is in; they differ in vocabularies
and in what they call a language. `Translator` is what the rest sees of them, whichever engine computes.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from babelreel.enrich.codes import model_languages, token_of
from babelreel.enrich.engines import (
    ENGINES,
    STORED,
    CTranslate2Engine,
    Engine,
    TransformersEngine,
    convert,
    load_model,
)
from babelreel.enrich.journal import content_key
from babelreel.errors import ModelError
from babelreel.hub import FILES, loading, read_json, require_safetensors, resolve

log = logging.getLogger(__name__)

# The tokenizers that go with a configuration's model_type; without one of them a model is no translator. Where a folder
# does not say which it has, M2M100's is meant: so transformers reads it too.
TOKENIZERS = {"m2m_100": ("M2M100Tokenizer", "NllbTokenizer"), "mbart": ("MBart50Tokenizer",)}
GROWTH, SPARE = 2, 16  # an output has at most twice as many tokens as its source, and some: more is a loop


class Translation(NamedTuple):
    """`finished` is False where the model came to no end, or reads no source of that length."""

    text: str
    finished: bool


class Translator:
    """A translation model: its tokenizer, and the engine that computes.

    `name` is what users call it; `method` names the engine; `beam` hypotheses are followed, 1 is greedy search;
    `positions` is how many tokens the model reads or writes at most.
    """

    def __init__(
        self, name: str, fingerprint: str, tokenizer: Any, engine: Engine, method: str, beam: int, positions: int
    ) -> None:
        self.name, self.fingerprint, self.method, self.beam = name, fingerprint, method, beam
        self._tokenizer, self._engine, self._positions = tokenizer, engine, positions
        tokens = getattr(tokenizer, "lang_token_to_id", None) or tokenizer.get_vocab()
        self.languages = model_languages(tokens)
        self._ids: dict[str, int] = {token: tokenizer.convert_tokens_to_ids(token) for token in self.languages.values()}
        self._special = {*tokenizer.all_special_ids, *self._ids.values()}

    @property
    def made(self) -> dict[str, str]:
        """What a caption's provenance says of its translator."""
        return {"model": self.name, "fingerprint": self.fingerprint, "engine": self.method, "beam": str(self.beam)}

    def token(self, lang: str) -> str:
        """The model's own name of a BCP 47 language.

        Raises:
            ModelError: when the model does not have it.
        """
        return token_of(lang, self.languages, self.name)

    def key(self, text: str, source: str, target: str) -> str:
        """A hash of all that decides a translation: text, languages, model, engine and its options."""
        options = [self.method, self.beam, GROWTH, SPARE]
        return content_key(text, self.token(source), self.token(target), self.fingerprint, options)

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, so that texts of like length are translated together."""
        return [len(ids) for ids in self._encode(texts)]

    def __call__(self, texts: Sequence[str], source: str, target: str) -> list[Translation]:
        """Translate N texts as one batch.

        Raises:
            ModelError: when the model does not have one of the languages.
        """
        begin, end = self._ids[self.token(source)], self._tokenizer.eos_token_id
        sources = [[begin, *ids, end] for ids in self._encode(texts)]
        limits = [min(GROWTH * len(ids) + SPARE, self._positions - 2) for ids in sources]
        rows = [n for n, ids in enumerate(sources) if len(ids) <= self._positions]
        done = [Translation("", False)] * len(texts)
        if not rows:
            return done
        longest = max(limits[n] for n in rows)
        made = self._engine([sources[n] for n in rows], self._ids[self.token(target)], longest, self.beam)
        for n, ids in zip(rows, made, strict=True):
            ids = ids[: limits[n]]  # so that the others of a batch play no part
            text = self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
            done[n] = Translation(text.strip(), end in ids)
        return done

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids without special ones: "</s>" or "de_DE" in a caption is no end and no language, but an unknown word."""
        if not texts:
            return []
        coded = self._tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False)
        unknown = self._tokenizer.unk_token_id
        return [[unknown if n in self._special else n for n in ids] for ids in coded["input_ids"]]


def load_translator(
    source: str | Path, *, cache: Path, engine: str | None = None, beam: int = 4, device: str | None = None
) -> Translator:
    """Open a translation model by its hub id or folder.

    `engine` is one of `ENGINES`; without it, the fastest that is installed and can run the model: CTranslate2 with int8
    weights, else transformers. What CTranslate2 runs is converted once, below `cache`.

    Raises:
        ModelError: when the model is no translator, does not load, or the engine cannot run it.
        MissingExtraError: when the engine is not installed.
    """
    if engine is not None and engine not in ENGINES:
        raise ModelError(f"There is no engine {engine!r}. There are: {', '.join(ENGINES)}.")
    folder = resolve(source)
    config = read_json(folder, "config.json")
    kind = config.get("model_type", "")
    tokenizer = _tokenizer(folder, kind, config)
    require_safetensors(folder)
    fingerprint = _fingerprint(folder)
    method = engine or (ENGINES[-1] if importlib.util.find_spec("ctranslate2") else ENGINES[0])
    opened: Engine
    if method in STORED:
        place = cache / "converted" / f"{fingerprint}-{STORED[method]}"
        try:
            convert(partial(load_model, folder, kind), kind, tokenizer.unk_token_id, place, STORED[method])
            opened = CTranslate2Engine(place, STORED[method], device)
        except ModelError as error:
            if engine is not None:
                raise
            log.warning("Going on with transformers: %s", error)
            method = ENGINES[0]
    if method not in STORED:
        opened = TransformersEngine(load_model(folder, kind), device)
    name = folder.name if Path(source).expanduser().is_dir() else str(source)
    positions = int(config.get("max_position_embeddings", 1024))
    return Translator(name, fingerprint, tokenizer, opened, method, beam, positions)


def _tokenizer(folder: Path, kind: str, config: dict[str, Any]) -> Any:
    import transformers

    described = read_json(folder, "tokenizer_config.json") if (folder / "tokenizer_config.json").is_file() else {}
    said = described.get("tokenizer_class") or config.get("tokenizer_class")
    name = str(said or ("M2M100Tokenizer" if kind == "m2m_100" else None)).removesuffix("Fast")
    if name not in TOKENIZERS.get(kind, ()):
        raise ModelError(
            f"{folder} is no translator that is known here: its config.json says {kind!r}, its tokenizer {name}. "
            "Give a M2M100, NLLB-200 or mBART-50 model."
        )
    with loading(folder, "a tokenizer"):
        return getattr(transformers, name).from_pretrained(folder)


def _fingerprint(folder: Path) -> str:
    """16 hexadecimal digits over the model's files: known without loading it, as a converted one needs it."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in FILES for path in folder.glob(pattern)}):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
