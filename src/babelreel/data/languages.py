"""One reader for several languages: each text is tokenised by the vocabulary of its language.

Languages may share a vocabulary. Ids count within a text's own vocabulary, so a tower tells rows apart by their
language, which is why the languages travel with the batch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from babelreel.data.tokenizers import TextReader
from babelreel.errors import ModelError
from babelreel.language import closest
from babelreel.types import TextBatch

FILE = "languages.json"


class LanguageReader:
    """`languages` {code: name of its vocabulary}, `readers` {name: its tokenizer}; a `TextReader` itself."""

    def __init__(self, languages: Mapping[str, str], readers: Mapping[str, TextReader]) -> None:
        self.languages, self.readers = dict(languages), dict(readers)

    def __call__(self, texts: Sequence[str], langs: Sequence[str] = (), role: str = "query") -> TextBatch:
        """B texts in the languages `langs`; the batch's own `langs` are the codes of `languages`.

        Raises:
            ModelError: when a text is empty, or is in a language that is not among them.
        """
        known = self._known(texts, langs)
        by_name = self._rows(known)
        if len(by_name) == 1:
            return replace(self.readers[by_name[0][0]](texts, (), role), langs=tuple(known))
        read = {name: (rows, self.readers[name]([texts[row] for row in rows])) for name, rows in by_name}
        longest = max([1, *(batch.input_ids.shape[1] for _, batch in read.values())])
        ids = torch.zeros(len(texts), longest, dtype=torch.long)
        mask = torch.zeros(len(texts), longest, dtype=torch.bool)
        for rows, batch in read.values():
            ids[rows, : batch.input_ids.shape[1]] = batch.input_ids
            mask[rows, : batch.input_ids.shape[1]] = batch.mask
        return TextBatch(ids, mask, tuple(known), role)

    def lengths(self, texts: Sequence[str], langs: Sequence[str] = ()) -> list[int]:
        """How many ids each text has in its language's vocabulary."""
        found = [0] * len(texts)
        for name, rows in self._rows(self._known(texts, langs)):
            for row, length in zip(rows, self.readers[name].lengths([texts[row] for row in rows]), strict=True):
                found[row] = length
        return found

    def _known(self, texts: Sequence[str], langs: Sequence[str]) -> list[str]:
        if not langs and len(self.languages) == 1:
            langs = [*self.languages] * len(texts)
        if len(langs) != len(texts):
            raise ModelError(f"{len(texts)} texts need a language each to be read, found {len(langs)}.")
        found = {lang: closest(lang, self.languages) for lang in set(langs)}
        known = [found[lang] for lang in langs]
        if None in known:
            raise ModelError(
                f"A text in {langs[known.index(None)]!r} cannot be read: this model's added languages are "
                f"{', '.join(self.languages) or 'none'}."
            )
        return [lang for lang in known if lang is not None]

    def _rows(self, known: Sequence[str]) -> list[tuple[str, list[int]]]:
        """For each vocabulary that is needed, the texts that it reads."""
        names = [self.languages[lang] for lang in known]
        return [(name, [row for row, found in enumerate(names) if found == name]) for name in dict.fromkeys(names)]

    @property
    def vocab_size(self) -> int:
        """How many ids there are in all vocabularies together."""
        return sum(reader.vocab_size for reader in self.readers.values())

    @property
    def limit(self) -> int | None:
        """How many ids of a text are read at most, in the language where they are fewest."""
        return min((reader.limit for reader in self.readers.values() if reader.limit is not None), default=None)

    @property
    def fingerprint(self) -> str:
        """Changes with the languages and with each vocabulary."""
        said = [sorted(self.languages.items()), sorted((n, r.fingerprint) for n, r in self.readers.items())]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]

    def save(self, folder: Path) -> None:
        """Write which vocabulary each language has, and every vocabulary into a folder of its name."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, reader in self.readers.items():
            reader.save(folder / name)
        (folder / FILE).write_text(json.dumps(self.languages, indent=1) + "\n", encoding="utf-8")
