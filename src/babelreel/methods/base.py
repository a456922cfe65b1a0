"""The method contract: four verbs. A method is one file that subclasses `Method` and one line in `METHODS`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from babelreel import scoring
from babelreel.data.tokenizers import TextReader
from babelreel.distributed import gather
from babelreel.distributed import process as process_number
from babelreel.encoders.fingerprint import fingerprint
from babelreel.encoders.heads import HeadConfig
from babelreel.encoders.media import MediaTower, VisionConfig
from babelreel.encoders.towers import TextConfig, TextTower
from babelreel.errors import ModelError
from babelreel.media.transforms import ImageSpec
from babelreel.media.video import Sampling
from babelreel.methods.chunks import in_chunks
from babelreel.types import Batch, MediaBatch, Representation, TextBatch


class Parts(Protocol):
    """Where a method's towers come from when a recipe builds it: see `training.sources`."""

    def media(self, vision: VisionConfig, head: HeadConfig | None) -> MediaTower:
        """The media side; without `head`, a run's own or none."""

    def text(self, config: TextConfig, width: int, role: str = "query") -> TextTower:
        """A text tower whose vectors have `width`; of a run, the one that reads `role`."""

    def run(self, folder: str) -> Method:
        """A trained method."""


class Method(nn.Module):
    """What every method gives, and what it asks of the data side.

    The four verbs are `forward` (the losses), `encode_text`, `encode_media` and `score`. `texts` says which texts a
    step reads, by role ("query", "pivot", "description"), and with which tokenizer; `route` says which of them reads
    a query in a language. `spec` and `sampling` say how media are prepared. `scored` names the fields of an item's
    representation that `score` reads. `reads_media` is False where training needs texts alone.
    """

    scored: tuple[str, ...] = ("pooled",)
    reads_media = True
    chunk = 0  # rows that training encodes at a time, see `methods.chunks`; 0 is all of them
    Config: type  # a frozen dataclass: what a recipe's [method] may say
    texts: dict[str, TextReader]
    spec: ImageSpec
    sampling: Sampling

    def forward(self, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Named scalar losses, which the loop sums; `progress` runs from 0 to 1 over the training."""
        raise TypeError(f"{type(self).__name__} has nothing to train")

    def encode_text(self, batch: TextBatch) -> Representation:
        """B texts to B rows; `batch.role` says which tower they were tokenised for."""
        raise TypeError(f"{type(self).__name__} must say how it encodes text")

    def encode_media(self, batch: MediaBatch) -> Representation:
        """B items to B rows: the backbone, then the rest."""
        return self.encode_features(self.backbone_features(batch))

    def score(self, queries: Representation, items: Representation) -> Tensor:
        """(Q, N) scores, higher is better. The default is the dot product of pooled vectors."""
        return scoring.dot(queries, items)

    def frame_scores(self, queries: Representation, items: Representation) -> Tensor:
        """(Q, N, L): which frame of an item matches a query best; -inf on padding."""
        return scoring.frame_scores(queries, items)

    def route(self, lang: str | None) -> str:
        """The role that reads a query in this language; None is an unknown language."""
        return "query"

    def backbone_features(self, batch: MediaBatch) -> Representation:
        """What the vision backbone alone gives; where it is frozen this is computed once and kept."""
        raise TypeError(f"{type(self).__name__} must say what its backbone gives")

    def encode_features(self, features: Representation) -> Representation:
        """Backbone features to rows: the part of the media side that is trained when the backbone is frozen."""
        raise TypeError(f"{type(self).__name__} must say how it encodes features")

    def media_rows(self, batch: Batch) -> Representation:
        """The media of a training batch, encoded: from given backbone features, or from frames."""
        if batch.features is not None:
            return in_chunks(self.encode_features, batch.features, self.chunk)
        assert batch.media is not None, "a batch of a method that reads media brings frames or features"
        return in_chunks(self.encode_media, batch.media, self.chunk)

    def text_rows(self, batch: Batch, role: str = "query") -> Representation:
        """The texts of a role of a training batch, encoded."""
        return in_chunks(self.encode_text, batch.texts[role], self.chunk)

    def backbone(self) -> nn.Module:
        """The vision backbone, which a recipe may freeze."""
        raise TypeError(f"{type(self).__name__} must say what its backbone is")

    def media_modules(self) -> nn.Module:
        """What decides the stored media representations; the text side may change without re-indexing."""
        raise TypeError(f"{type(self).__name__} must say what its media side is")

    def describe(self) -> dict[str, Any]:
        """Plain values from which `from_description` builds the same architecture."""
        raise TypeError(f"{type(self).__name__} must describe itself")

    @classmethod
    def from_config(cls, config: Any, parts: Parts) -> Method:
        """The method that a recipe describes, `config` a `Config`, with its pretrained towers from `parts`."""
        raise TypeError(f"{cls.__name__} must say how a recipe builds it")

    @classmethod
    def from_description(cls, description: dict[str, Any], tokenizers: dict[str, TextReader]) -> Method:
        """The architecture that `describe` spoke of, with random weights; `tokenizers` by role."""
        raise TypeError(f"{cls.__name__} must say how it is built again")

    def media_tower(self) -> MediaTower:
        """The media side, from which another method may start.

        Raises:
            ModelError: when the method has none of its own.
        """
        raise ModelError(f"A {type(self).__name__} has no media side that another method could start from.")

    def text_tower(self, role: str) -> TextTower:
        """The text tower that reads a role, "query" or "pivot", from which another method may start.

        Raises:
            ModelError: when the method has none.
        """
        raise ModelError(
            f"A {type(self).__name__} has no text tower for {role!r} that another method could start from."
        )

    def media_fingerprint(self) -> str:
        """Names the media side: an index holds it, and another media side is refused by it."""
        return fingerprint(self.media_modules(), self._media_settings())

    def features_fingerprint(self) -> str:
        """Names the backbone alone: what the store of its features holds."""
        settings = {
            "features": self.media_tower().feature_settings(),
            "spec": asdict(self.spec),
            "sampling": self.sampling.settings(),
        }
        return fingerprint(self.backbone(), settings)

    def _media_settings(self) -> dict[str, Any]:
        return {"method": type(self).__name__, "spec": asdict(self.spec), "sampling": self.sampling.settings()}


def positives(batch: Batch) -> Tensor | None:
    """Which text belongs to which item, (Q, N) bool over the joint batch of all processes; None is the diagonal."""
    if batch.owners is None:
        return None
    items = len(batch.features if batch.features is not None else batch.media or ())
    # Every process counts its own items from 0, so texts and items are told apart by a number of their process.
    process = torch.full_like(batch.owners[:1], process_number())
    owner = gather(torch.stack([process.expand_as(batch.owners), batch.owners], dim=1))
    own_items = torch.arange(items, device=batch.owners.device)
    item = gather(torch.stack([process.expand_as(own_items), own_items], dim=1))
    return (owner.unsqueeze(1) == item.unsqueeze(0)).all(-1)
