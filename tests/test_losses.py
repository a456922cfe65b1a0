"""losses.py and distributed.py: equal to the formula written out, and two processes equal one on the joint batch."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp
from torch import Tensor, nn

from babelreel.distributed import gather
from babelreel.encoders.blocks import Standardise
from babelreel.losses import contrastive, cosine_distillation, l2_distillation, mse_distillation


def plain(scores: Tensor, positive: Tensor) -> float:
    """Row by row and column by column, as one would write it on paper."""

    def one_way(matrix: list[list[float]], own: list[list[bool]]) -> float:
        total = 0.0
        for row, yes in zip(matrix, own, strict=True):
            negative = sum(math.exp(s) for s, y in zip(row, yes, strict=True) if not y)
            terms = [-math.log(math.exp(s) / (math.exp(s) + negative)) for s, y in zip(row, yes, strict=True) if y]
            total += sum(terms) / len(terms)
        return total / len(matrix)

    there = one_way(scores.tolist(), positive.tolist())
    return (there + one_way(scores.T.tolist(), positive.T.tolist())) / 2


def test_one_positive_is_symmetric_cross_entropy() -> None:
    scores = torch.randn(7, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 3
    target = torch.arange(7)
    expected = (nn.functional.cross_entropy(scores, target) + nn.functional.cross_entropy(scores.T, target)) / 2
    assert float(contrastive(scores)) == pytest.approx(float(expected), rel=1e-6)
    assert float(contrastive(scores, torch.eye(7, dtype=torch.bool))) == pytest.approx(float(expected), rel=1e-6)


def test_several_positives_are_not_each_others_negatives() -> None:
    generator = torch.Generator().manual_seed(1)
    owner = torch.tensor([0, 0, 1, 2, 2, 2])
    positive = owner[:, None] == torch.arange(3)
    scores = torch.randn(6, 3, generator=generator) * 2
    assert float(contrastive(scores, positive)) == pytest.approx(plain(scores, positive), rel=1e-5)
    # Raising one caption's score must not raise the loss of its sibling.
    scores = torch.zeros(6, 3, requires_grad=True)
    contrastive(scores, positive).backward()
    assert scores.grad is not None
    assert (scores.grad[positive] < 0).all()
    assert (scores.grad[~positive] > 0).all()


def test_large_scores_neither_overflow_nor_stop_gradients() -> None:
    scores = torch.tensor([[500.0, -500.0], [-500.0, 500.0]], requires_grad=True)
    assert float(contrastive(scores, torch.eye(2, dtype=torch.bool)).detach()) == 0
    contrastive(-scores, torch.eye(2, dtype=torch.bool)).backward()
    assert torch.isfinite(scores.grad).all()  # type: ignore[arg-type]


def test_distillation() -> None:
    student, teacher = torch.tensor([[3.0, 4.0], [1.0, 0.0]]), torch.tensor([[0.0, 0.0], [0.0, 1.0]])
    assert float(l2_distillation(student, teacher)) == pytest.approx((5 + math.sqrt(2)) / 2)
    assert float(mse_distillation(student, teacher)) == pytest.approx((9 + 16 + 1 + 1) / 4)
    assert float(cosine_distillation(student[1:], teacher[1:])) == pytest.approx(1.0)
    assert float(cosine_distillation(student[:1], 7 * student[:1])) == pytest.approx(0.0, abs=1e-6)


def _towers() -> tuple[nn.Linear, nn.Linear, Tensor, Tensor]:
    torch.manual_seed(0)
    return nn.Linear(6, 4), nn.Linear(5, 4), torch.randn(8, 6), torch.randn(8, 5)


def _step(texts: nn.Module, media: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    scores = gather(nn.functional.normalize(texts(x), dim=-1)) @ gather(nn.functional.normalize(media(y), dim=-1)).T
    return contrastive(10 * scores)


def _process(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=2)
    texts, media, x, y = _towers()
    own = slice(4 * rank, 4 * rank + 4)
    both = nn.parallel.DistributedDataParallel(nn.ModuleDict({"t": texts, "m": media}))
    loss = _step(both.module["t"], both.module["m"], x[own], y[own])  # the wrapper's hooks average the gradients
    both.reducer.prepare_for_backward([loss])
    loss.backward()
    scale = Standardise(6)
    scale.train()(x[own])
    gradients = (p.grad for p in both.module.parameters())
    torch.save([loss.detach(), *gradients, scale.mean, scale.deviation], f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


def test_two_processes_equal_one_on_the_joint_batch(tmp_path: Path) -> None:
    mp.spawn(_process, (str(tmp_path),), nprocs=2)
    texts, media, x, y = _towers()
    loss = _step(texts, media, x, y)
    loss.backward()
    scale = Standardise(6)
    scale.train()(x)
    gradients = (p.grad for p in nn.ModuleDict({"t": texts, "m": media}).parameters())
    expected = [loss.detach(), *gradients, scale.mean, scale.deviation]
    for rank in (0, 1):
        for got, want in zip(torch.load(tmp_path / f"{rank}.pt"), expected, strict=True):
            torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-6)
