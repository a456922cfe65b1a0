"""Losses as pure functions on tensors. Each gives a scalar; lower is better.

Gathering across processes happens before a loss, in `training/`, so that a loss on a joint batch is the same function
on one process as on many.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import log_softmax, normalize


def contrastive(scores: Tensor, positive: Tensor | None = None) -> Tensor:
    """Symmetric InfoNCE: half of the query-to-item and half of the item-to-query cross entropy.

    `scores` (B, N) are scaled similarities, higher is better. `positive` (B, N) bool says which pairs belong together;
    by default the diagonal. A row with several positives has the mean of their negative log-likelihoods, where the
    other positives are left out of the denominator: an image's other captions are not its negatives. Every row and
    every column needs a positive.

    van den Oord et al. 2018; the symmetric form as in CLIP (Radford et al. 2021) and CLIP4Clip (Luo et al. 2021).
    """
    if positive is None:
        return (_diagonal(scores) + _diagonal(scores.T)) / 2
    return (_several(scores, positive) + _several(scores.T, positive.T)) / 2


def _diagonal(scores: Tensor) -> Tensor:
    return -log_softmax(scores.float(), dim=1).diagonal().mean()


def _several(scores: Tensor, positive: Tensor) -> Tensor:
    """Mean over rows of the mean over a row's positives p of -log(e^p / (e^p + sum of e^negative))."""
    scores = scores.float()
    negative = scores.masked_fill(positive, float("-inf")).logsumexp(dim=1, keepdim=True)  # (B, 1)
    each = torch.logaddexp(scores, negative) - scores  # (B, N)
    weight = positive / positive.sum(dim=1, keepdim=True)
    return (each.masked_fill(~positive, 0.0) * weight).sum(dim=1).mean()


def l2_distillation(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean over rows of the Euclidean distance between (B, D) vectors: eq. 5 of Zhang et al. 2023 (MKD)."""
    return torch.linalg.vector_norm((student - teacher).float(), dim=-1).mean()


def mse_distillation(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared error over all entries of (B, D): what the published M-CLIP towers were trained with."""
    return (student - teacher).float().square().mean()


def cosine_distillation(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean over rows of 1 - cosine of (B, D) vectors: direction only, which is what ranking sees."""
    return (1 - (normalize(student.float(), dim=-1) * normalize(teacher.float(), dim=-1)).sum(-1)).mean()
