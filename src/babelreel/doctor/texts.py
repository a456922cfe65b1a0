"""Texts as a tower reads them: padding without a say, letters in any form, and the languages that the model knows."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import torch
from torch import Tensor

from babelreel.data.coverage import everyday
from babelreel.doctor.finding import Finding, fault, passed, unknown
from babelreel.doctor.frames import SAME
from babelreel.doctor.subject import HALF, Side, Subject
from babelreel.doctor.tokens import PLAIN, positions, rows
from babelreel.types import TextBatch

ADDED = 5  # tokens of padding


def text_padding(subject: Subject) -> Finding:
    """Padding has no say in a text's vector."""
    for side in subject.sides:
        if subject.text_kind(side.role).startswith("siglip"):
            return passed("padding is read, as the tower was trained; its length is another check")
        batch = subject.tokens([PLAIN], side)
        reach = positions(subject, side.role)
        if reach is not None and batch.input_ids.shape[1] + ADDED > reach:
            return unknown("there is no room for padding behind a text")
        before, change = subject.text(batch), 0.0
        for number in _fillers(side, batch):
            change = max(change, _change(subject.text(_padded(batch, number)), before))
        if change > SAME:
            return fault(
                f"{ADDED} tokens of padding change a text's vector by {change:.1%}",
                "Give the tower the attention mask, and leave padding out of the mean.",
            )
    return passed("padding changes no vector")


def unicode_forms(subject: Subject) -> Finding:
    """Composed and decomposed letters are the same text."""
    count = 0
    for side in subject.sides:
        texts = [text for text in subject.readable(side) if unicodedata.normalize("NFD", text) != text]
        forms = [[unicodedata.normalize(form, text) for text in texts] for form in ("NFC", "NFD")]
        composed, decomposed = (rows(side.reader(form)) if form else [] for form in forms)
        apart = [text for text, a, b in zip(texts, composed, decomposed, strict=True) if a != b]
        count += len(texts)
        if apart:
            return fault(
                f"{len(apart)} of {len(texts)} texts are read otherwise when decomposed (NFD), such as {apart[0]!r}",
                "Normalise texts to NFC before they are tokenised.",
            )
    if not count:
        return unknown("the model reads no language whose letters come in two forms")
    return passed(f"{count} texts are read alike, composed or decomposed")


def languages(subject: Subject) -> Finding:
    """The vocabulary knows the languages that are asked for, or that the model's card names."""
    asked = subject.langs or subject.published.langs
    known = [lang for lang in asked if lang in everyday()]
    judged = known or list(everyday())
    lacking, bytewise, read = [], [], []
    for lang in judged:
        found = subject.known(subject.side_of(lang))[lang]
        if found.unknown_share > HALF:
            lacking.append(f"{lang} ({found.unknown_share:.0%} unknown)")
        elif found.byte_share > HALF:
            bytewise.append(lang)
        else:
            read.append(lang)
    told = f"read: {', '.join(read) or 'none'}"
    told += f"; byte by byte: {', '.join(bytewise)}" if bytewise else ""
    told += f"; hardly: {', '.join(lacking)}" if lacking else ""
    if not known and asked:
        return unknown(f"there are no sentences in {', '.join(asked)} to measure with")
    if (lacking and known) or not (read or bytewise):
        return fault(told, "Search in the languages that are read, or add the others with a vocabulary of their own.")
    return passed(told)


def routing(subject: Subject) -> Finding:
    """Every language, and an unknown one, has a text side that reads it."""
    for lang in (*everyday(), None):
        role = subject.method.route(lang)
        if role not in subject.method.texts:
            return fault(
                f"queries in {lang or 'an unknown language'} go to {role!r}, which is none of "
                f"{', '.join(subject.method.texts)}",
                "Let `route` give a role of `texts` for every language.",
            )
    return passed("every language has a text side that reads it")


def _fillers(side: Side, batch: TextBatch) -> list[int]:
    """What may stand in padding: of word pieces any id, of grams 0, which tells padding there."""
    backend = getattr(side.reader, "backend", None)
    return [0] if backend is None else [int(backend.pad_token_id), int(batch.input_ids[0, 0])]


def _padded(batch: TextBatch, number: int) -> TextBatch:
    """With ADDED masked ids behind each row."""
    more = torch.full((len(batch), ADDED), number)
    return replace(
        batch,
        input_ids=torch.cat([batch.input_ids, more], 1),
        mask=torch.cat([batch.mask, torch.zeros_like(more).bool()], 1),
    )


def _change(after: Tensor, before: Tensor) -> float:
    return float(((after - before).norm(dim=1) / before.norm(dim=1).clamp(min=1e-6)).max())
