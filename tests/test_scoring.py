"""scoring.py: text-conditioned scores are those of pooling every pair as written, in any blocks, order and padding."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import normalize, pad

from babelreel import scoring
from babelreel.errors import ScoreError
from babelreel.methods.crossmodal import CrossModal
from babelreel.types import Representation, pairs

WIDTH = 16


def trained(heads: int, seed: int = 0) -> CrossModal:
    """Every weight and bias away from where it starts, layer norm included."""
    torch.manual_seed(seed)
    module = CrossModal(WIDTH, heads, 0.4).eval().requires_grad_(False)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.4)
    return module


def as_written(module: CrossModal, texts: Tensor, items: Representation, cosine: bool) -> Tensor:
    """The reference: a vector for every pair, in float64."""
    assert items.tokens is not None
    assert items.mask is not None
    double = CrossModal(WIDTH, module.heads, 0.0).double().eval()
    double.load_state_dict(module.state_dict())
    with torch.no_grad():
        pooled = double(texts.double(), items.tokens.double(), items.mask)
    pooled = normalize(pooled, dim=-1) if cosine else pooled
    return torch.einsum("qd,qnd->qn", texts.double(), pooled)


def case(module: CrossModal, queries: int, count: int, length: int, cosine: bool) -> tuple[Tensor, Representation]:
    generator = torch.Generator().manual_seed(queries + 7 * count + 31 * length)
    texts = torch.randn(queries, WIDTH, generator=generator)
    tokens = torch.randn(count, length, WIDTH, generator=generator)
    mask = torch.arange(length) < torch.randint(1, length + 1, (count, 1), generator=generator)
    tokens = tokens * mask[..., None]
    return texts, Representation(None, tokens, mask, None, module.constants(tokens, mask, cosine))


def score(module: CrossModal, texts: Tensor, items: Representation, cosine: bool) -> Tensor:
    return scoring.text_conditioned(module.ask(texts, cosine), items)


def close(found: Tensor, expected: Tensor, share: float = 1e-4) -> None:
    torch.testing.assert_close(found.double(), expected.double(), rtol=0, atol=share * float(expected.abs().max()))


@settings(max_examples=60, deadline=None)
@given(
    heads=st.sampled_from([1, 2, 4]), cosine=st.booleans(), queries=st.integers(1, 9), count=st.integers(1, 12),
    length=st.integers(1, 6), tile=st.sampled_from([1, 40, 700, 1 << 19]), seed=st.integers(0, 3),
)  # fmt: skip
def test_folded_scores_are_the_modules(
    heads: int, cosine: bool, queries: int, count: int, length: int, tile: int, seed: int
) -> None:
    module = trained(heads, seed)
    texts, items = case(module, queries, count, length, cosine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "TILE", {"cpu": tile})
        close(score(module, texts, items, cosine), as_written(module, texts, items, cosine))


@pytest.mark.parametrize("cosine", [True, False])
@pytest.mark.parametrize("heads", [1, 2])
def test_order_and_padding_change_nothing(heads: int, cosine: bool) -> None:
    module = trained(heads)
    texts, items = case(module, 5, 9, 4, cosine)
    expected = score(module, texts, items, cosine)
    order = torch.randperm(9, generator=torch.Generator().manual_seed(0))
    close(score(module, texts, items[order], cosine), expected[:, order], 1e-6)
    assert items.tokens is not None
    assert items.mask is not None
    assert items.constants is not None
    junk = torch.where(items.mask[..., None], items.tokens, torch.full_like(items.tokens, 9.0))
    longer = Representation(
        None, pad(junk, (0, 0, 0, 3), value=5.0), pad(items.mask, (0, 3)), None,
        pad(items.constants, (0, 0, 0, pairs(7) - pairs(4))),
    )  # fmt: skip
    close(score(module, texts, longer, cosine), expected, 1e-6)
    assert longer.tokens is not None
    assert longer.mask is not None
    again = module.constants(longer.tokens, longer.mask, cosine)
    torch.testing.assert_close(again, longer.constants)  # what padding holds is in no constant


@pytest.mark.parametrize("cosine", [True, False])
@pytest.mark.parametrize(("dtype", "share"), [(torch.bfloat16, 1e-2), (torch.float16, 2e-3)])
def test_tokens_of_half_the_size(dtype: torch.dtype, share: float, cosine: bool) -> None:
    module = trained(2)
    texts, items = case(module, 20, 30, 5, cosine)
    assert items.tokens is not None
    found = score(
        module, texts, Representation(None, items.tokens.to(dtype), items.mask, None, items.constants), cosine
    )
    assert found.dtype == torch.float32
    close(found, as_written(module, texts, items, cosine), share)


@pytest.mark.parametrize("cosine", [True, False])
@pytest.mark.parametrize("heads", [1, 4])
def test_gradients_are_the_modules(heads: int, cosine: bool) -> None:
    """Of every weight, of the texts and of the tokens, in float64."""
    module = trained(heads).double().requires_grad_(True)
    texts, items = case(module.float(), 6, 5, 3, cosine)
    module.double()
    assert items.tokens is not None
    assert items.mask is not None
    given = [texts.double().requires_grad_(), items.tokens.double().requires_grad_(), *module.parameters()]
    constants = module.constants(given[1], items.mask, cosine)
    folded = score(module, given[0], Representation(None, given[1], items.mask, None, constants), cosine)
    pooled = module(given[0], given[1], items.mask)
    plain = torch.einsum("qd,qnd->qn", given[0], normalize(pooled, dim=-1) if cosine else pooled)
    weights = torch.randn(plain.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = torch.autograd.grad((folded * weights).sum(), given)
    expected = torch.autograd.grad((plain * weights).sum(), given)
    names = ["texts", "tokens", *(name for name, _ in module.named_parameters())]
    for name, one, two in zip(names, found, expected, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-9, atol=1e-9 * float(two.abs().max()), msg=name)


def test_attention_is_the_modules() -> None:
    module = trained(2)
    texts, items = case(module, 5, 6, 4, True)
    assert items.tokens is not None
    assert items.mask is not None
    found = scoring.attention(module.ask(texts, True).weigh, items)  # (Q, H, N, L)
    torch.testing.assert_close(found.transpose(1, 2), module.weights(texts, items.tokens, items.mask))
    torch.testing.assert_close(found.sum(-1), torch.ones(5, 2, 6))
    assert not found[:, :, ~items.mask].any()


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_slots_are_one_global_and_the_best_local_vector(weight: float) -> None:
    generator = torch.Generator().manual_seed(3)
    texts, pooled = torch.randn(4, 8, generator=generator), torch.randn(5, 8, generator=generator)
    slots = torch.randn(5, 3, 8, generator=generator)
    mask = torch.tensor([[True, True, False]] * 4 + [[True, True, True]])
    found = scoring.global_and_local(Representation(texts), Representation(pooled, slots, mask), weight)
    for q in range(4):
        for n in range(5):
            best = max(float(texts[q] @ slots[n, s]) for s in range(3) if mask[n, s])
            expected = weight * float(texts[q] @ pooled[n]) + (1 - weight) * best
            assert float(found[q, n]) == pytest.approx(expected, abs=1e-5)


def broken(items: Representation, **changed: Tensor) -> Representation:
    return Representation(**(items.fields() | changed))


def test_what_cannot_be_scored_is_refused() -> None:
    module = trained(1)
    texts, items = case(module, 3, 4, 3, True)
    assert items.tokens is not None
    assert items.mask is not None
    assert items.constants is not None
    for odd in (float("nan"), float("inf"), float("-inf")):
        tokens = items.tokens.clone()
        tokens[2, 0, 5] = odd
        with pytest.raises(ScoreError, match=r"tokens of item 2 \(counted from 0\) hold numbers that are not finite"):
            score(module, texts, broken(items, tokens=tokens), True)
        constants = items.constants.clone()
        constants[1, 0] = odd
        with pytest.raises(ScoreError, match="constants of item 1"):
            score(module, texts, broken(items, constants=constants), True)
        with pytest.raises(ScoreError, match="score of query 1 and item 0"):
            score(module, torch.where(torch.arange(3)[:, None] == 1, odd, texts), items, True)
    mask = items.mask.clone()
    mask[3] = False
    with pytest.raises(ScoreError, match=r"Item 3 .* has no real token"):
        score(module, texts, broken(items, mask=mask), True)
    with pytest.raises(ScoreError, match=f"width 8, the items {WIDTH}"):
        scoring.text_conditioned(CrossModal(8, 1, 0.0).ask(torch.randn(2, 8), True), items)
    with pytest.raises(ScoreError, match="the items have tokens, mask alone"):
        score(module, texts, Representation(None, items.tokens, items.mask), True)
    with pytest.raises(ScoreError, match="width 3, the items 4"):
        scoring.dot(Representation(torch.zeros(1, 3)), Representation(torch.zeros(1, 4)))
