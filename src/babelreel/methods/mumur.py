"""MuMUR / MKTVR: text-conditioned pooling, and a multilingual branch beside the English one.

Madasu et al. 2023 (Machine Learning, "MuMUR"; ECIR 2023, "MKTVR").

- Eq. 1-3, the dual cross-modal encoder (DCM): the text is the query, frames are keys and values: `CrossModal.weights`.
- Eq. 4-5, LN(FC(r) + r): `CrossModal.forward`. One DCM serves both branches; the papers use one set of symbols.
- Eq. 6-10, L = L_E + L_M, each both ways: `MuMUR.forward`.
- Section 3.2.5, inference: English queries take the English branch, others the multilingual one: `MuMUR.route`.

Stated differences, each with a switch that gives the paper's letter:
- Every candidate is pooled with *this* query's text, in training as in search. Pooling a video with its own caption, as
  eq. 7-10 can be read, leaks the answer and cannot be done at search time; there is no switch for it.
- `similarity` "cosine" with a learned scale, clamped to 100, trains; "dot" is the papers' bare dot product.
- `heads` is 1: the papers do not say.
- `over` "tokens" pools every token of the backbone, such as patches; "frames" one vector a frame, as in the papers.
- `dropout` is 0.4; at 0 training scores pairs as inference does, with the same gradients, many times faster.
- The keys have no bias: it would move all weights of a text alike, which a softmax does not see.
- The DCM starts as the identity: a mean of the tokens as they are, weighed by their likeness to the text. From random
  weights it would first have to find the space again that a pretrained image tower and its texts share already.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from babelreel import scoring
from babelreel.data.tokenizers import TextReader
from babelreel.distributed import gather
from babelreel.encoders.heads import HeadConfig
from babelreel.encoders.media import MediaTower, VisionConfig
from babelreel.encoders.towers import TextConfig, TextTower, tower_from
from babelreel.errors import ModelError
from babelreel.losses import contrastive
from babelreel.media.video import Sampling
from babelreel.methods.base import Method, Parts, positives
from babelreel.methods.chunks import in_chunks
from babelreel.methods.crossmodal import CrossModal
from babelreel.types import Batch, MediaBatch, Representation, TextBatch

MAX_SCALE = 100.0


@dataclass(frozen=True, slots=True)
class MuMURConfig:
    """A recipe's [method]; `english` "shared" lets one tower read every language."""

    vision: VisionConfig
    head: HeadConfig | None = None
    text: TextConfig = field(default_factory=TextConfig)
    english: TextConfig | Literal["shared"] = "shared"
    sampling: Sampling = field(default_factory=Sampling)
    multilingual: bool = True
    dcm: bool = True
    heads: int = 1
    dropout: float = 0.4
    similarity: Literal["cosine", "dot"] = "cosine"
    over: Literal["tokens", "frames"] = "tokens"


class MuMUR(Method):
    """A media tower, an English and a multilingual text tower, and the DCM between them.

    `text` reads every language, or with `english` every language but English; without `multilingual` in training only
    the pivot's loss is taken, and without `dcm` frames are averaged (the papers' ablations).
    """

    Config = MuMURConfig
    languages = ("en",)

    def __init__(
        self,
        media: MediaTower,
        text: TextTower,
        sampling: Sampling,
        *,
        english: TextTower | None = None,
        multilingual: bool = True,
        dcm: bool = True,
        heads: int = 1,
        dropout: float = 0.4,
        similarity: Literal["cosine", "dot"] = "cosine",
        over: Literal["tokens", "frames"] = "tokens",
    ) -> None:
        super().__init__()
        for tower in (text, english):
            if tower is not None and tower.width != media.width:
                raise ModelError(f"The media side has width {media.width}, a text side {tower.width}: no common space.")
        self.media, self.text, self.english = media, text, english
        self.multilingual, self.similarity, self.over = multilingual, similarity, over
        self.heads, self.dropout = heads, dropout
        self.dcm = CrossModal(media.width, heads, dropout) if dcm else None
        self.scored = ("tokens", "mask", "constants") if dcm else ("pooled",)
        self.texts = {"query": text.tokenizer, "pivot": (english or text).tokenizer}
        self.spec, self.sampling = media.vision.spec, sampling
        self.log_scale = nn.Parameter(torch.tensor(1 / 0.07).log())

    def forward(self, batch: Batch, progress: float) -> dict[str, Tensor]:
        """L_E over the pivots and L_M over the other captions, each with every item pooled by every text."""
        items = self._candidates(self.media_rows(batch))
        positive = positives(batch)
        roles = {"english": "pivot", "multilingual": "query"} if self.multilingual else {"english": "pivot"}
        losses = {}
        for name, role in roles.items():
            texts = self.text_rows(batch, role).pooled
            assert texts is not None
            scores = in_chunks(partial(self._against, items), Representation(gather(texts)), self.chunk).pooled
            assert scores is not None
            losses[name] = contrastive(scores, positive)
        return losses

    def _candidates(self, media: Representation) -> Representation:
        """The items of all processes, as training scores them."""
        if self.dcm is None:
            assert media.pooled is not None
            return Representation(gather(media.pooled))
        assert media.tokens is not None
        assert media.mask is not None
        tokens, mask = gather(media.tokens), gather(media.mask)
        if self.dcm.drop.p:  # what is dropped of a pair's vector differs from pair to pair
            return Representation(None, tokens, mask)
        return Representation(None, tokens, mask, None, self.dcm.constants(tokens, mask, self.similarity == "cosine"))

    def _against(self, items: Representation, texts: Representation) -> Representation:
        """Scores of some texts with every item, (Q, N) in the place of vectors: pooled pairs fill memory first."""
        if self.dcm is None or items.constants is not None:
            return Representation(self.score(texts, items))
        assert texts.pooled is not None
        assert items.tokens is not None
        assert items.mask is not None
        pooled = self.dcm(texts.pooled, items.tokens, items.mask)  # (Q, N, D)
        if self.similarity == "dot":
            return Representation(torch.einsum("qd,qnd->qn", texts.pooled, pooled))
        return Representation(self._scale() * torch.einsum("qd,qnd->qn", texts.pooled, normalize(pooled, dim=-1)))

    def encode_text(self, batch: TextBatch) -> Representation:
        """(B, D), normalised for the cosine."""
        pooled = self.text_tower(batch.role)(batch).pooled.float()
        return Representation(normalize(pooled, dim=-1) if self.similarity == "cosine" else pooled)

    def encode_features(self, features: Representation) -> Representation:
        """Tokens or frames (B, L, D), normalised, and what scoring them takes beside.

        `pooled` vectors are for a first search: their scores are those of a text that weighs all tokens alike.
        """
        found = self.media.tokens if self.over == "tokens" else self.media.frames
        tokens, mask, times = found(features)
        tokens = normalize(tokens.float(), dim=-1) * mask.unsqueeze(-1)
        if self.dcm is not None and self.training:
            return Representation(None, tokens, mask, times)
        cosine = self.similarity == "cosine"
        pooled = scoring.masked_mean(tokens, mask)
        if self.dcm is not None:
            pooled = self.dcm.evenly(pooled)
        pooled = normalize(pooled, dim=-1) if cosine else pooled
        if self.dcm is None:
            return Representation(pooled, tokens, mask, times)
        return Representation(pooled, tokens, mask, times, self.dcm.constants(tokens, mask, cosine))

    def score(self, queries: Representation, items: Representation) -> Tensor:
        """(Q, N): every item pooled with every query, folded (`scoring.text_conditioned`)."""
        if self.dcm is None:
            scores = scoring.dot(queries, items)
            return scores * self._scale() if self.similarity == "cosine" else scores
        assert queries.pooled is not None
        cosine = self.similarity == "cosine"
        scores = scoring.text_conditioned(self.dcm.ask(queries.pooled.float(), cosine), items)
        return scores * self._scale() if cosine else scores

    def frame_scores(self, queries: Representation, items: Representation) -> Tensor:
        """(Q, N, L): the attention weights, mean over heads; -inf on padding."""
        if self.dcm is None:
            return scoring.frame_scores(queries, items)
        assert queries.pooled is not None
        assert items.mask is not None
        asked = self.dcm.ask(queries.pooled.float(), self.similarity == "cosine")
        return scoring.attention(asked.weigh, items).mean(1).masked_fill(~items.mask, float("-inf"))

    def _scale(self) -> Tensor:
        return self.log_scale.exp().clamp(max=MAX_SCALE)

    def route(self, lang: str | None) -> str:
        """English takes the English branch."""
        return "pivot" if lang is not None and lang.partition("-")[0] == "en" else "query"

    def backbone_features(self, batch: MediaBatch) -> Representation:
        """The vision backbone's tokens, (B, T * G, Ds)."""
        return self.media.backbone_features(batch)

    def backbone(self) -> nn.Module:
        """The vision backbone."""
        return self.media.vision

    def media_modules(self) -> nn.Module:
        """The vision backbone, its head, and the DCM, whose constants an index may hold."""
        return nn.ModuleList([self.media] if self.dcm is None else [self.media, self.dcm])

    def media_tower(self) -> MediaTower:
        """The vision backbone and its head, without the DCM."""
        return self.media

    def text_tower(self, role: str) -> TextTower:
        """The English tower for the pivot where there is one of its own, else the multilingual one."""
        return self.english if role == "pivot" and self.english is not None else self.text

    def describe(self) -> dict[str, Any]:
        """Towers and settings as plain values."""
        return {
            "media": self.media.describe(), "text": self.text.describe(), "sampling": asdict(self.sampling),
            "english": None if self.english is None else self.english.describe(), "multilingual": self.multilingual,
            "dcm": self.dcm is not None, "heads": self.heads, "dropout": self.dropout, "similarity": self.similarity,
            "over": self.over,
        }  # fmt: skip

    @classmethod
    def from_config(cls, config: MuMURConfig, parts: Parts) -> MuMUR:
        """The method that a recipe describes."""
        media = parts.media(config.vision, config.head)
        english = None if config.english == "shared" else parts.text(config.english, media.width, "pivot")
        return cls(
            media, parts.text(config.text, media.width), config.sampling, english=english,
            multilingual=config.multilingual, dcm=config.dcm, heads=config.heads, dropout=config.dropout,
            similarity=config.similarity, over=config.over,
        )  # fmt: skip

    @classmethod
    def from_description(cls, description: dict[str, Any], tokenizers: dict[str, TextReader]) -> MuMUR:
        """The architecture that `describe` spoke of, with random weights."""
        rest = dict(description)
        media = MediaTower.from_description(rest.pop("media"))
        text = tower_from(rest.pop("text"), tokenizers["query"])
        english = rest.pop("english")
        tower = None if english is None else tower_from(english, tokenizers["pivot"])
        return cls(media, text, Sampling(**rest.pop("sampling")), english=tower, **rest)
