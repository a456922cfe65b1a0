"""What is asked of an index, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from babelreel.errors import QueryError
from babelreel.index.store import Filter
from babelreel.types import Hit

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for: a text, a picture, an entry of the index ("more like this"), or several of them at once.

    `lang` is the language of both texts, where it is known. `image` is the path of a photograph or a clip, an image
    file's bytes, or a picture. `like` is the id of a hit, which is not found again. `unlike` is a text: what fits it
    sinks. `k` files are wanted, after the first `offset`. With `threshold` (0 to 1) hits of less confidence are left
    out, so that there may be none.

    Raises:
        QueryError: when nothing is asked, or a number makes no sense.
    """

    text: str | None = None
    lang: str | None = None
    image: bytes | Path | Image | None = None
    like: str | None = None
    unlike: str | None = None
    where: Filter = field(default_factory=Filter)
    k: int = 10
    offset: int = 0
    threshold: float | None = None

    def __post_init__(self) -> None:
        if self.text is None and self.image is None and self.like is None:
            alone = " beside 'unlike'" if self.unlike is not None else ""
            raise QueryError(f"Nothing is asked for. Give a text, an image, or the id of a hit{alone}.")
        for name, text in (("query", self.text), ("negative text", self.unlike)):
            if text is not None and not text.strip():
                raise QueryError(f"The {name} needs text, found {text!r}.")
        if self.k < 1:
            raise QueryError(f"At least one hit must be asked for, found k = {self.k}.")
        if self.offset < 0:
            raise QueryError(f"The offset must be 0 or more, found {self.offset}.")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise QueryError(f"The threshold must lie between 0 and 1, found {self.threshold}.")


@dataclass(frozen=True, slots=True)
class Answer:
    """The hits of a query, best first: a sequence of them.

    `lang` is the query's language, given or detected, and `role` the text tower that read it: None without a text.
    """

    hits: tuple[Hit, ...]
    lang: str | None = None
    role: str | None = None

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, place: int) -> Hit:
        return self.hits[place]
