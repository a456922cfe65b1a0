"""Text to token ids: one tokenizer class for pretrained vocabularies and for those trained on a corpus.

What a tower expects of its input is easy to get wrong without an error (SigLIP 2 reads lower-cased text padded to 64;
a missing end token costs points), so a `TextPolicy` states it and travels with the tokenizer.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from babelreel.errors import ModelError
from babelreel.types import TextBatch

SPECIAL = ("<pad>", "<s>", "<unk>", "</s>", "<mask>")  # an end id of 2 would have CLIP pool at the largest id


@dataclass(frozen=True, slots=True)
class TextPolicy:
    """How texts are prepared: at most `max_length` tokens with the special ones, padded to the longest of a batch or
    always to `max_length`, lower-cased first or not, with `prompt` before each."""

    max_length: int = 64
    padding: Literal["longest", "max_length"] = "longest"
    lower: bool = False
    prompt: str = ""


class TextReader(Protocol):
    """What a text tower asks of its tokenizer, whatever the kind: `Tokenizer` here, `data.grams.GramTokenizer`, or
    one for several languages, `data.languages.LanguageReader`."""

    def __call__(self, texts: Sequence[str], langs: Sequence[str] = (), role: str = "query") -> TextBatch:
        """B texts for the tower of a role."""

    def lengths(self, texts: Sequence[str], langs: Sequence[str] = ()) -> list[int]:
        """How many ids each text has, so that texts of like length are batched."""

    @property
    def vocab_size(self) -> int:
        """How many ids there are."""

    @property
    def limit(self) -> int | None:
        """How many ids of a text are read at most; None where there is no limit worth a word."""

    @property
    def fingerprint(self) -> str:
        """Changes with whatever decides the ids."""

    def save(self, folder: Path) -> None:
        """Write it whole into a folder."""


class Tokenizer:
    """A `tokenizers` vocabulary with a `TextPolicy`; calling it gives a `TextBatch`.

    `backend` is a transformers fast tokenizer.
    """

    def __init__(self, backend: Any, policy: TextPolicy) -> None:
        if backend.pad_token_id is None:
            raise ModelError("The tokenizer has no padding token, so texts cannot be batched. Set pad_token in it.")
        self.backend = backend
        self.policy = policy
        self._special = special_pattern(backend)

    def __call__(self, texts: Sequence[str], langs: Sequence[str] = (), role: str = "query") -> TextBatch:
        """Tokenise B texts for the tower of a role; too long ones are cut, keeping their end token.

        Raises:
            ModelError: when a text is empty or is not a string.
        """
        with warnings.catch_warnings():
            # Some towers' vocabularies advise against padding=longest; the policy has decided that already.
            warnings.simplefilter("ignore")
            coded = self.backend(
                [self._plain(t) for t in texts],
                max_length=self.policy.max_length,
                truncation=True,
                padding=self.policy.padding,
                return_attention_mask=True,
                return_token_type_ids=False,
                return_tensors="pt",
            )
        return TextBatch(coded["input_ids"].long(), coded["attention_mask"].bool(), tuple(langs), role)

    def lengths(self, texts: Sequence[str], langs: Sequence[str] = ()) -> list[int]:
        """How many tokens each text has before cutting, special ones included."""
        coded = self.backend(
            [self.policy.prompt + text for text in texts],
            return_attention_mask=False,
            return_token_type_ids=False,
            split_special_tokens=True,
            verbose=False,
        )
        return [len(ids) for ids in coded["input_ids"]]

    def _plain(self, text: str) -> str:
        """The text as the vocabulary shall read it."""
        text, prompt = refuse_empty(text), self.policy.prompt
        if self.policy.lower:  # before special tokens are looked for: lower-cased it may be one
            text, prompt = text.lower(), prompt.lower()
        return prompt + without_special(text, self._special)

    @property
    def vocab_size(self) -> int:
        """How many ids there are, special ones included."""
        return len(self.backend)

    @property
    def limit(self) -> int | None:
        """How many tokens of a text are read, special ones included."""
        return self.policy.max_length

    @property
    def fingerprint(self) -> str:
        """Changes when the vocabulary, its rules or the policy change."""
        if self.backend.is_fast:
            rules = self.backend.backend_tokenizer.to_str()
        else:  # SentencePiece, as of the first SigLIP
            rules = type(self.backend).__name__ + json.dumps(self.backend.get_vocab(), sort_keys=True)
        policy = {name: value for name, value in asdict(self.policy).items() if name != "prompt" or value}
        return hashlib.sha256((rules + json.dumps(policy, sort_keys=True)).encode()).hexdigest()[:16]

    def save(self, folder: Path) -> None:
        """Write the vocabulary in the hub's format, and the policy beside it."""
        folder.mkdir(parents=True, exist_ok=True)
        self.backend.save_pretrained(folder)
        (folder / "text_policy.json").write_text(json.dumps(asdict(self.policy), indent=2) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Tokenizer:
        """Read back what `save` wrote."""
        from transformers import AutoTokenizer

        policy = TextPolicy(**json.loads((folder / "text_policy.json").read_text()))
        return cls(AutoTokenizer.from_pretrained(folder), policy)


def refuse_empty(text: str) -> str:
    """The text in composed form (NFC), as vocabularies know it, or ModelError where there is none."""
    if not isinstance(text, str) or not text.strip():
        raise ModelError(f"A query or caption needs text, found {text!r}.")
    return unicodedata.normalize("NFC", text)


def special_pattern(backend: Any) -> re.Pattern[str]:
    """What finds the special tokens of a transformers tokenizer in a text."""
    return re.compile("|".join(map(re.escape, sorted(backend.all_special_tokens, key=len, reverse=True))))


def without_special(text: str, special: re.Pattern[str]) -> str:
    """The text with a gap in each special token: "</s>" in a caption is four characters, not the end."""
    return special.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


def train_tokenizer(
    texts: Iterable[str],
    vocab_size: int,
    policy: TextPolicy,
    kind: Literal["unigram", "bpe"] = "unigram",
) -> Tokenizer:
    """Learn a vocabulary of at most `vocab_size` pieces from `texts`, for a tower trained from scratch.

    Unigram pieces over NFKC text with `▁` for spaces, as in SentencePiece, or byte-level BPE, which knows no unknown
    piece. Ids 0 to 4 are padding, begin, unknown, end and mask; every text is framed by begin and end.

    Raises:
        ModelError: when there is no text, or the vocabulary is too small for the alphabet of the texts.
    """
    import tokenizers as tk
    from transformers import PreTrainedTokenizerFast

    lines = [t for t in texts if t.strip()]
    if not lines:
        raise ModelError("A vocabulary cannot be learned from no text. Check the corpus and its languages.")
    special = list(SPECIAL)
    trainer: Any
    if kind == "unigram":
        alphabet = {c for line in lines for c in tk.normalizers.NFKC().normalize_str(line) if not c.isspace()}
        if vocab_size <= len(alphabet) + len(special):
            raise ModelError(
                f"The texts use {len(alphabet)} different characters, more than a vocabulary of {vocab_size} can hold. "
                f"Ask for at least {2 * len(alphabet) + 100}, or take kind='bpe'."
            )
        raw = tk.Tokenizer(tk.models.Unigram())
        raw.normalizer = tk.normalizers.NFKC()
        raw.pre_tokenizer = tk.pre_tokenizers.Metaspace()
        raw.decoder = tk.decoders.Metaspace()
        trainer = tk.trainers.UnigramTrainer(
            vocab_size=vocab_size, special_tokens=special, unk_token="<unk>", show_progress=False,
            initial_alphabet=sorted(alphabet),
        )  # fmt: skip
    else:
        raw = tk.Tokenizer(tk.models.BPE())
        raw.normalizer = tk.normalizers.NFKC()
        raw.pre_tokenizer = tk.pre_tokenizers.ByteLevel(add_prefix_space=True)
        raw.decoder = tk.decoders.ByteLevel()
        trainer = tk.trainers.BpeTrainer(
            vocab_size=vocab_size, special_tokens=special, show_progress=False,
            initial_alphabet=tk.pre_tokenizers.ByteLevel.alphabet(),
        )  # fmt: skip
    raw.train_from_iterator(lines, trainer)
    if kind == "unigram":
        raw.model = _ordered(raw, special)
    ids = {token: raw.token_to_id(token) for token in special}
    raw.post_processor = tk.processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", ids["<s>"]), ("</s>", ids["</s>"])]
    )
    backend = PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        mask_token="<mask>",
    )  # fmt: skip
    return Tokenizer(backend, policy)


def _ordered(raw: Any, special: list[str]) -> Any:
    """The learned Unigram model with its pieces in alphabetical order; the trainer's own order changes every time."""
    import tokenizers as tk

    scores = {piece: round(score, 6) for piece, score in json.loads(raw.to_str())["model"]["vocab"]}
    pieces = special + sorted(scores.keys() - set(special))
    return tk.models.Unigram([(piece, scores[piece]) for piece in pieces], special.index("<unk>"), False)
