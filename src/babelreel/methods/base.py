"""The method contract: four verbs. A method is one file that subclasses `Method` and one line in `METHODS`."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from babelreel import scoring
from babelreel.data.tokenizers import Tokenizer
from babelreel.encoders.fingerprint import fingerprint
from babelreel.media.transforms import ImageSpec
from babelreel.media.video import Sampling
from babelreel.types import Batch, MediaBatch, Representation, TextBatch


class Method(nn.Module):
    """What every method gives, and what it asks of the data side.

    `texts` says which texts a step reads, by role ("query", "pivot", "description"), and with which tokenizer;
    queries at search time are prepared as "query". `spec` and `sampling` say how media are prepared. `scored` names
    the fields of an item's representation that `score` reads.
    """

    scored: tuple[str, ...] = ("pooled",)
    texts: dict[str, Tokenizer]
    spec: ImageSpec
    sampling: Sampling

    def forward(self, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Named scalar losses, which the loop sums; `progress` runs from 0 to 1 over the training."""
        raise TypeError(f"{type(self).__name__} has nothing to train")

    def encode_text(self, batch: TextBatch) -> Representation:
        """B texts to B rows."""
        raise TypeError(f"{type(self).__name__} must say how it encodes text")

    def encode_media(self, batch: MediaBatch) -> Representation:
        """B items to B rows."""
        raise TypeError(f"{type(self).__name__} must say how it encodes media")

    def score(self, queries: Representation, items: Representation) -> Tensor:
        """(Q, N) scores, higher is better. The default is the dot product of pooled vectors."""
        return scoring.dot(queries, items)

    def frame_scores(self, queries: Representation, items: Representation) -> Tensor:
        """(Q, N, L): which frame of an item matches a query best; -inf on padding."""
        return scoring.frame_scores(queries, items)

    def media_modules(self) -> nn.Module:
        """What decides the stored media representations; the text side may change without re-indexing."""
        raise TypeError(f"{type(self).__name__} must say what its media side is")

    def media_settings(self) -> dict[str, Any]:
        """Plain values that decide the stored media representations beside the weights."""
        return {"method": type(self).__name__, "spec": self.spec, "sampling": self.sampling}

    def media_fingerprint(self) -> str:
        """Names the media side: an index holds it, and another media side is refused by it."""
        return fingerprint(self.media_modules(), self.media_settings())
