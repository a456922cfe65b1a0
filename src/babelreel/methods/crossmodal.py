"""The dual cross-modal encoder (DCM) of MuMUR: as it is written, and as what scoring folds of it.

Madasu et al. 2023, eq. 1-3 (`CrossModal.weights`) and eq. 4-5 (`CrossModal.forward`); `scoring.text_conditioned` says
how the rest follows from these.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from babelreel import scoring
from babelreel.errors import ModelError


class CrossModal(nn.Module):
    """The dual cross-modal encoder: pools an item's tokens with a text, LN(FC(r) + r)."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise ModelError(f"A width of {width} cannot be split into {heads} attention heads.")
        self.heads = heads
        self.query, self.value, self.out = (nn.Linear(width, width) for _ in range(3))
        self.key = nn.Linear(width, width, bias=False)
        self.fc = nn.Linear(width, width)
        self.drop = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(width)
        for linear in (self.query, self.key, self.value, self.out):
            nn.init.eye_(linear.weight)
            if linear.bias is not None:
                nn.init.zeros_(linear.bias)
        nn.init.zeros_(self.fc.weight)
        nn.init.zeros_(self.fc.bias)

    def weights(self, texts: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
        """Attention (Q, N, H, L) of texts (Q, D) over the tokens (N, L, D) of every item; 0 on padding."""
        query = self.query(texts).unflatten(-1, (self.heads, -1))  # (Q, H, D / H)
        key = self.key(tokens).unflatten(-1, (self.heads, -1))  # (N, L, H, D / H)
        logits = torch.einsum("qhd,nlhd->qnhl", query, key) / query.shape[-1] ** 0.5
        logits = logits.masked_fill(~mask[None, :, None, :], float("-inf"))
        return logits.softmax(-1)

    def forward(self, texts: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
        """Every item pooled with every text: (Q, N, D)."""
        weights = self.weights(texts, tokens, mask)
        value = self.value(tokens).unflatten(-1, (self.heads, -1))  # (N, L, H, D / H)
        pooled = torch.einsum("qnhl,nlhd->qnhd", weights, value).flatten(-2)  # (Q, N, D)
        return self._mapped(pooled)

    def evenly(self, mean: Tensor) -> Tensor:
        """Items pooled with equal weights, (N, D), from the mean of their tokens (N, D)."""
        return self._mapped(self.value(mean))

    def _mapped(self, pooled: Tensor) -> Tensor:
        pooled = self.out(pooled)
        return self.norm(self.drop(self.fc(pooled)) + pooled)

    def ask(self, texts: Tensor, cosine: bool) -> scoring.Asked:
        """What texts (Q, D) ask of every item, at inference, where there is no dropout: `scoring.text_conditioned`."""
        query = self.query(texts).unflatten(-1, (self.heads, -1))  # (Q, H, D / H)
        weigh = torch.einsum("qhd,hde->qhe", query, self._by_head(self.key)) / query.shape[-1] ** 0.5
        gamma, beta = self.norm.weight, self.norm.bias
        norm = scoring.Norm(self.norm.eps)
        if cosine:
            across = self._from_pooled((gamma * beta)[None])[0]
            norm = scoring.Norm(self.norm.eps, across, (gamma * beta) @ self._bias(), beta.square().sum())
        scaled = gamma * texts
        return scoring.Asked(weigh, self._from_pooled(scaled), scaled @ self._bias(), texts @ beta, norm)

    def constants(self, tokens: Tensor, mask: Tensor, cosine: bool) -> Tensor:
        """What scoring needs of items' tokens (N, L, D) and computes once: `scoring.pair_constants`."""
        value = torch.einsum("hde,nle->nhld", self._by_head(self.value), tokens)  # (N, H, L, D / H)
        pooled = torch.einsum("ehd,nhld->nhle", self._out_by_head(), value)
        values = _centred(pooled + pooled @ self.fc.weight.T) + self._bias() / self.heads
        return scoring.pair_constants(values, mask, self.norm.weight if cosine else None)

    def _from_pooled(self, vectors: Tensor) -> Tensor:
        """The transpose of what happens to tokens at each head until they are pooled and centred, (X, D) to (X, H, D).

        A dot product of such a vector with a pooled item is one with its tokens then.
        """
        vectors = _centred(vectors)
        vectors = vectors + vectors @ self.fc.weight
        value = torch.einsum("ehd,xe->xhd", self._out_by_head(), vectors)
        return torch.einsum("xhd,hde->xhe", value, self._by_head(self.value))

    def _bias(self) -> Tensor:
        """What biases add to every pooled item, centred, (D,)."""
        bias = self.out(self.value.bias)
        return _centred(bias + self.fc(bias))

    def _by_head(self, linear: nn.Linear) -> Tensor:
        return linear.weight.view(self.heads, -1, linear.in_features)  # (H, D / H, D)

    def _out_by_head(self) -> Tensor:
        return self.out.weight.view(self.out.out_features, self.heads, -1)  # (D, H, D / H)


def _centred(vectors: Tensor) -> Tensor:
    return vectors - vectors.mean(-1, keepdim=True)
