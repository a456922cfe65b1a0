"""The kinds of text tower, and how a run's vocabulary and description become one again."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from babelreel.data.grams import FILE, GramTokenizer
from babelreel.data.tokenizers import TextReader, Tokenizer
from babelreel.encoders.grams import GramEncoder
from babelreel.encoders.text import TextEncoder
from babelreel.errors import ModelError

TextTower = TextEncoder | GramEncoder


class Kind(NamedTuple):
    """A tower with its tokenizer; `file` is what the tokenizer writes and no other does."""

    file: str
    tokenizer: type[Any]
    tower: type[Any]


# the first kind whose file is there; a description without "kind" is a transformer's
KINDS = {
    "grams": Kind(FILE, GramTokenizer, GramEncoder),
    "transformer": Kind("text_policy.json", Tokenizer, TextEncoder),
}


def load_tokenizer(folder: Path) -> TextReader:
    """Read the tokenizer that was saved into a folder, of whatever kind.

    Raises:
        ModelError: when there is none.
    """
    for kind in KINDS.values():
        if (folder / kind.file).is_file():
            found: TextReader = kind.tokenizer.load(folder)
            return found
    raise ModelError(f"{folder} holds no vocabulary: none of {', '.join(kind.file for kind in KINDS.values())}.")


def tower_from(description: dict[str, Any], tokenizer: TextReader) -> TextTower:
    """The text tower that `describe` spoke of, with random weights.

    Raises:
        ModelError: when the tokenizer is of another kind.
    """
    kind = KINDS[description.get("kind", "transformer")]
    if not isinstance(tokenizer, kind.tokenizer):
        raise ModelError(f"A {kind.tower.__name__} does not read what a {type(tokenizer).__name__} writes.")
    tower: TextTower = kind.tower.from_description(description, tokenizer)
    return tower
