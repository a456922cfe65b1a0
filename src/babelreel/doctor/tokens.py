"""A text's way to the tower: the ids that arrive, beside the checkpoint's own tokenizer and what its family wants.

Every tokenizer of a method is looked at. A bag of grams has no order, no end and no padding that could be wrong.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from babelreel.data.coverage import everyday
from babelreel.doctor.finding import Finding, Verdict, fault, passed, unknown
from babelreel.doctor.subject import Side, Subject
from babelreel.types import TextBatch

# SigLIP 2's tokenizers; its checkpoints of a fixed resolution call themselves "siglip", as the first version's
GEMMA = ("GemmaTokenizer", "GemmaTokenizerFast", "Siglip2Tokenizer")
POOLED_AT_THE_END = ("clip_text_model", "siglip_text_model", "siglip2_text_model", "metaclip_2_text_model")
OFFSET = ("roberta", "xlm-roberta", "camembert", "roberta-prelayernorm")  # positions begin behind the padding's number
FAIR = 64  # tokens that a tower should read of a text, where its positions reach that far
PLAIN = "a dog runs on the grass"


def lower_case(subject: Subject) -> Finding:
    """Lower-cased where the family wants it, and only there."""

    def look(side: Side) -> Finding:
        role, tokenizer = side.role, side.reader
        kind, published = subject.text_kind(role), subject.published
        gemma = type(tokenizer.backend).__name__ in GEMMA
        wanted = kind.startswith("siglip2") or (kind.startswith("siglip") and gemma) or published.lower
        texts = [PLAIN.upper(), PLAIN]
        upper, lower = rows(tokenizer(texts))
        alike = upper == lower
        if wanted and not alike:
            return fault(f"{PLAIN.upper()!r} and {PLAIN!r} give different ids", "Lower-case texts: it was trained so.")
        if wanted or not alike:
            return passed("texts are lower-cased, as the family wants" if wanted else "upper and lower case differ")
        if published.run:
            return passed("this run's vocabulary knows no case")
        upper, lower = (subject.tokenizer(text)["input_ids"] for text in texts)
        if upper != lower:
            return fault("texts are lower-cased, but the checkpoint's own tokenizer tells case", "Leave case as it is.")
        return passed("the checkpoint's own tokenizer lower-cases")

    return _each(subject, look)


def padding_length(subject: Subject) -> Finding:
    """SigLIP was trained attending to its padding, and needs all of it."""

    def look(side: Side) -> Finding:
        role, tokenizer = side.role, side.reader
        if not subject.text_kind(role).startswith("siglip"):
            return passed("padded to the longest text of a batch")
        length, wanted = tokenizer(["a dog"]).input_ids.shape[1], positions(subject, role)
        if length != wanted:
            return fault(
                f"a short text is padded to {length} tokens, not to {wanted}",
                f"Pad every text to {wanted} tokens (padding='max_length'): the tower reads its padding.",
            )
        return passed(f"every text is padded to {wanted} tokens")

    return _each(subject, look)


def padding_side(subject: Subject) -> Finding:
    """Texts begin at position 0 of a tower that counts positions from there."""

    def look(side: Side) -> Finding:
        role, tokenizer = side.role, side.reader
        mask = tokenizer(["dog", " ".join([PLAIN] * 2)]).mask[0]
        if bool(mask.all()):
            return unknown("nothing is padded")
        if not bool(mask[0]) and not subject.text_kind(role):
            return passed("texts are padded on the left, as language models are")
        if not bool(mask[0]):
            return fault("texts are padded on the left", "Set padding_side='right': positions count from the first id.")
        return passed("texts are padded on the right")

    return _each(subject, look)


def end_token(subject: Subject) -> Finding:
    """Every text ends with the end token, which stands nowhere else, and where the tower looks for it."""

    def look(side: Side, end: int) -> Finding:
        role, tokenizer = side.role, side.reader
        if (wrong := _ends(tokenizer(everyday()["en"]), end)) is not None:
            return fault(wrong, "Add the end token once, behind the text (add_special_tokens, or the post-processor).")
        if subject.text_kind(role) in ("clip_text_model", "metaclip_2_text_model"):
            config = subject.config(role)
            # CLIP's first checkpoints state 2, and are pooled at the largest number instead.
            largest = int(tokenizer(everyday()["en"]).input_ids.max()) == end
            if config.eos_token_id != end and not (config.eos_token_id == 2 and largest):
                return fault(
                    f"texts end with the token {end}, but the tower is pooled at the token {config.eos_token_id}",
                    "Set eos_token_id of the text configuration to the tokenizer's.",
                )
        return passed("every text ends with its end token, and holds no other")

    return _each_with_end(subject, look)


def end_after_cut(subject: Subject) -> Finding:
    """A text that is too long keeps its end token."""

    def look(side: Side, end: int) -> Finding:
        batch = side.reader([_long(side.reader)])
        if (wrong := _ends(batch, end)) is not None:
            return fault(f"of a text that is cut, {wrong}", "Cut the text first, and add the end token then.")
        return passed(f"a text that is cut to {batch.input_ids.shape[1]} tokens keeps its end token")

    return _each_with_end(subject, look)


def text_length(subject: Subject) -> Finding:
    """Texts are cut where the tower's positions end, and not much before."""

    def look(side: Side) -> Finding:
        role, tokenizer = side.role, side.reader
        reach, length = positions(subject, role), tokenizer([_long(tokenizer)]).input_ids.shape[1]
        if reach is None:
            return unknown("the tower does not say how many positions it has")
        if length > reach:
            return fault(
                f"texts have up to {length} tokens, but the tower only {reach} positions",
                f"Set max_length to {reach} in the text policy.",
            )
        fair = min(reach, subject.published.max_length or tokenizer.backend.model_max_length, FAIR)
        if length < fair:
            return fault(f"texts are cut after {length} tokens, though {fair} could be read", "Raise max_length.")
        return passed(f"texts are cut after {length} tokens, of {reach} positions")

    return _each(subject, look)


def special_tokens(subject: Subject) -> Finding:
    """A special token that is written in a caption is text."""

    def look(side: Side) -> Finding:
        tokenizer, backend = side.reader, side.reader.backend
        special = _special(backend)
        usual = _count(tokenizer([PLAIN]), special)
        written = [token for token in backend.all_special_tokens if token.strip()]
        wrong = [
            token
            for token in dict.fromkeys([*written, *map(str.upper, written)])
            if _count(tokenizer([f"a dog {token} runs on the grass"]), special) != usual
        ]
        if wrong:
            return fault(f"{wrong[0]!r} in a caption is read as a special token", "Split special tokens of captions.")
        return passed(f"{', '.join(written)} in a caption are text")

    return _each(subject, look)


def published_pieces(subject: Subject) -> Finding:
    """The same pieces as the checkpoint's own tokenizer gives."""
    if subject.published.run:
        return unknown("a run's vocabulary is its own, and nothing stands beside it")

    def look(side: Side) -> Finding:
        role, tokenizer = side.role, side.reader
        if not subject.text_kind(role):
            return unknown("the model's own library prepares its texts")
        own, special = subject.tokenizer, _special(tokenizer.backend)
        texts = [unicodedata.normalize("NFC", text).lower() for text in subject.readable(side)[:40]]
        coded = own([tokenizer.policy.prompt + text for text in texts], add_special_tokens=False, verbose=False)
        for text, *pair in zip(texts, rows(tokenizer(texts)), coded["input_ids"], strict=True):
            found, wanted = (_inside(row, special) for row in pair)
            if found != wanted[: len(found)] or not found:
                return fault(
                    f"{text!r} is read as other pieces than by the checkpoint's tokenizer",
                    "Use the tokenizer of the checkpoint's folder.",
                )
        return passed(f"{len(texts)} texts are read as the same pieces as by the checkpoint's tokenizer")

    return _each(subject, look)


def _each(subject: Subject, look: Callable[[Side], Finding]) -> Finding:
    """The first fault among the method's tokenizers, else what was found last."""
    found = passed("a bag of grams has no order, no end and no padding")
    for side in subject.sides:
        if not hasattr(side.reader, "backend"):
            continue
        found = look(side)
        if found.verdict is Verdict.FAULT:
            return found
    return found


def _each_with_end(subject: Subject, look: Callable[[Side, int], Finding]) -> Finding:
    """The same for the tokenizers whose texts end with a token."""

    def known(side: Side) -> Finding:
        end = _end(subject, side.role, side.reader)
        return unknown("nothing says that its texts end with a token") if end is None else look(side, end)

    return _each(subject, known)


def _end(subject: Subject, role: str, tokenizer: Any) -> int | None:
    """The id that ends texts: of a decoder it is only wanted where the checkpoint's own tokenizer gives it too."""
    backend = tokenizer.backend
    if not subject.text_kind(role):
        return None  # a chat template frames texts as it likes
    if backend.sep_token_id is not None:
        return int(backend.sep_token_id)
    end = backend.eos_token_id
    if end is None or subject.text_kind(role) in POOLED_AT_THE_END or subject.published.run:
        return None if end is None else int(end)
    return int(end) if subject.tokenizer(PLAIN)["input_ids"][-1] == end else None


def _ends(batch: TextBatch, end: int) -> str | None:
    """What is wrong with the end token of some rows, None for nothing."""
    for real in rows(batch):
        if end not in real:
            return "the end token is missing"
        if real.count(end) > 1:
            return f"the end token stands {real.count(end)} times"
        if real[-1] != end:
            return f"the end token stands at place {real.index(end)}, not at the end"
    return None


def positions(subject: Subject, role: str) -> int | None:
    """How many tokens the tower has positions for."""
    config = subject.config(role)
    found = getattr(config, "max_position_embeddings", None)
    if found is None:
        return None
    return int(found) - (int(config.pad_token_id or 0) + 1 if config.model_type in OFFSET else 0)


def _long(tokenizer: Any) -> str:
    return " ".join([PLAIN] * max(20, (tokenizer.limit or 0) // 4))


def rows(batch: TextBatch) -> list[list[int]]:
    """The real ids of each row."""
    return [ids[mask].tolist() for ids, mask in zip(batch.input_ids, batch.mask, strict=True)]


def _special(backend: Any) -> set[int]:
    """The ids of special tokens, without the unknown one unless it is another one too, as CLIP's end token is."""
    named = (backend.eos_token_id, backend.sep_token_id, backend.pad_token_id)
    return set(backend.all_special_ids) - ({backend.unk_token_id} - set(named))


def _inside(ids: list[int], special: set[int]) -> list[int]:
    """Without the special ids in front and behind."""
    places = [place for place, number in enumerate(ids) if number not in special]
    return ids[places[0] : places[-1] + 1] if places else []


def _count(batch: TextBatch, special: set[int]) -> int:
    return sum(number in special for number in batch.input_ids[batch.mask].tolist())
