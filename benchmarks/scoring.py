"""Text-conditioned pooling, folded, beside the module as it is written and beside MaxSim over the same frames.

    python benchmarks/scoring.py [--quick] [--json FILE]

Goals: 1,000 x 1,000 x 16 frames x 512 on two cores at least 40 times faster than the module, at most 2.5 times MaxSim,
with an error of at most 1e-4 in float32 and 1e-2 in bfloat16, relative to the largest score; 100 queries against
100,000 items with a peak memory under 1.5 times the stored frames. All variants are checked against the module in
float64.
"""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial
from typing import Any

import torch
from harness import arguments, in_turn, peak_gb, report
from torch import Tensor
from torch.nn.functional import normalize

from babelreel import scoring
from babelreel.methods.crossmodal import CrossModal
from babelreel.ranking import in_blocks, top_k
from babelreel.types import Representation

Row = dict[str, Any]


def trained(width: int, heads: int) -> CrossModal:
    """Away from the identity that it starts as, so that attention is uneven and every bias counts."""
    torch.manual_seed(0)
    module = CrossModal(width, heads, 0.4).eval().requires_grad_(False)
    for parameter in module.parameters():
        parameter.add_(torch.randn_like(parameter) * 0.02)
    module.query.weight.mul_(width**0.5 * 5)
    return module


def unit(*shape: int, seed: int = 0) -> Tensor:
    return normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def as_written(
    module: CrossModal, texts: Tensor, tokens: Tensor, mask: Tensor, queries: int, items: int, cosine: bool
) -> Tensor:
    """Every pair pooled by the module, `queries` x `items` pairs at a time."""
    out = torch.empty(len(texts), len(tokens), dtype=texts.dtype)
    for q in range(0, len(texts), queries):
        asked = texts[q : q + queries]
        for n in range(0, len(tokens), items):
            pooled = module(asked, tokens[n : n + items], mask[n : n + items])
            pooled = normalize(pooled, dim=-1) if cosine else pooled
            out[q : q + queries, n : n + items] = torch.einsum("qd,qnd->qn", asked, pooled)
    return out


def best_chunking(module: CrossModal, texts: Tensor, tokens: Tensor, mask: Tensor) -> tuple[int, int]:
    """The chunk in which the module is fastest here, tried on a part of the pairs."""
    texts, tokens, mask = texts[:256], tokens[:64], mask[:64]
    shapes = [(256, 1), (256, 4), (256, 16), (64, 16), (64, 64), (16, 64)]
    runs = {shape: partial(as_written, module, texts, tokens, mask, *shape, True) for shape in shapes}
    seconds = in_turn(runs, 2)  # type: ignore[arg-type]
    return min(seconds, key=seconds.__getitem__)  # type: ignore[return-value]


def folded(module: CrossModal, texts: Tensor, items: Representation, cosine: bool) -> Tensor:
    return scoring.text_conditioned(module.ask(texts, cosine), items)


def error(module: CrossModal, texts: Tensor, items: Representation, tokens: Tensor, cosine: bool) -> float:
    """The largest error of a sample of pairs against the module in float64, relative to the largest score."""
    some, rows = texts[:50], slice(0, 40)
    double = CrossModal(texts.shape[1], module.heads, 0.0).double().eval().requires_grad_(False)
    double.load_state_dict(module.state_dict())
    assert items.mask is not None
    expected = as_written(double, some.double(), tokens[rows].double(), items.mask[rows], 50, 1, cosine)
    found = folded(module, some, items[rows], cosine)
    return float((found - expected).abs().max() / expected.abs().max())


def main_table(count: int, repeats: int) -> list[Row]:
    """One head, 16 frames of 512: module, MaxSim, and the fold in three precisions."""
    length, width = 16, 512
    module = trained(width, 1)
    texts, tokens = unit(count, width), unit(count, length, width, seed=1)
    mask = torch.ones(count, length, dtype=torch.bool)
    chunk = best_chunking(module, texts, tokens, mask)
    plain = Representation(None, tokens, mask)
    variants: dict[str, Any] = {
        f"module, chunks of {chunk[0]} x {chunk[1]}": partial(as_written, module, texts, tokens, mask, *chunk, True),
        "MaxSim": partial(scoring.global_and_local, Representation(texts), plain, 0.0),
    }
    errors: dict[str, float] = {}
    for cosine in (True, False):
        constants = module.constants(tokens, mask, cosine)
        for dtype in (torch.float32, torch.bfloat16, torch.float16):
            items = Representation(None, tokens.to(dtype), mask, None, constants)
            name = f"folded, {'cosine' if cosine else 'dot'}, {str(dtype).removeprefix('torch.')}"
            variants[name] = partial(folded, module, texts, items, cosine)
            errors[name] = error(module, texts, items, tokens, cosine)
    slow = next(iter(variants))
    seconds = {slow: in_turn({slow: variants.pop(slow)}, 1)[slow]} | in_turn(variants, repeats)
    size = f"{count:,} x {count:,} x {length} x {width}"
    return [
        {
            "size": size, "variant": name, "seconds": s, "ratio_to_module": seconds[slow] / s,
            "ratio_to_maxsim": s / seconds["MaxSim"], "max_rel_err": errors.get(name, ""),
        }
        for name, s in seconds.items()
    ]  # fmt: skip


def growth(repeats: int) -> list[Row]:
    """Time by size, as multiply-adds a second beside those of one matrix product of the machine."""
    base = {"Q": 500, "N": 500, "L": 16, "D": 512, "H": 1}
    changes: list[dict[str, int]] = [
        {}, {"Q": 1, "N": 20_000}, {"Q": 16, "N": 4000}, {"Q": 2000}, {"N": 2000}, {"L": 4}, {"L": 49},
        {"D": 256}, {"D": 1024}, {"H": 4}, {"H": 8},
    ]  # fmt: skip
    left, right = torch.randn(1024, 512), torch.randn(512, 8192)
    rows: list[Row] = []
    for change in changes:
        q, n, length, width, heads = (base | change).values()
        module, texts = trained(width, heads), unit(q, width)
        tokens, mask = unit(n, length, width, seed=1), torch.ones(n, length, dtype=torch.bool)
        items = Representation(None, tokens, mask, None, module.constants(tokens, mask, True))
        plain = Representation(None, tokens, mask)
        runs: dict[str, Any] = {
            "fold": partial(folded, module, texts, items, True),
            "maxsim": partial(scoring.global_and_local, Representation(texts), plain, 0.0),
            "product": partial(torch.mm, left, right),
        }
        seconds = in_turn(runs, repeats)
        adds = q * n * (2 * heads * length * width + 2 * (heads * length) ** 2)
        rate, peak = 2e-9 * adds / seconds["fold"], 2e-9 * left.numel() * right.shape[1] / seconds["product"]
        rows.append(
            {
                "size": f"Q {q} N {n} L {length} D {width} H {heads}", "variant": "folded, cosine, float32",
                "seconds": seconds["fold"], "ratio_to_maxsim": seconds["fold"] / seconds["maxsim"], "gflop_s": rate,
                "share_of_product": rate / peak,
            }
        )  # fmt: skip
    return rows


def memory(count: int) -> Row:
    """100 queries against many items, in a process of its own, so that the peak is its own."""
    done = subprocess.run([sys.executable, __file__, "--memory", str(count)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    seconds, before, peak, stored = map(float, done.stdout.split())
    return {
        "size": f"100 x {count:,} x 16 x 512, the 10 best", "variant": "folded, cosine, float32", "seconds": seconds,
        "frames_gb": stored, "peak_gb": peak - before, "peak_to_frames": (peak - before) / stored,
    }  # fmt: skip


def memory_case(count: int) -> None:
    """Print seconds, the memory before anything is stored, the peak, and what the frames take, in GB."""
    length, width = 16, 512
    before = peak_gb()
    module, texts = trained(width, 1), unit(100, width)
    tokens = torch.empty(count, length, width)
    mask = torch.ones(count, length, dtype=torch.bool)
    constants = torch.empty(count, length * (length + 1) // 2, 2)
    for start in range(0, count, 1000):
        rows = slice(start, min(start + 1000, count))
        tokens[rows] = unit(rows.stop - start, length, width, seed=start)
        constants[rows] = module.constants(tokens[rows], mask[rows], True)
    items = Representation(None, tokens, mask, None, constants)
    began = time.perf_counter()
    found = top_k(
        lambda q, i: folded(module, q.pooled, i, True),  # type: ignore[arg-type]
        Representation(texts), in_blocks([f"{n:06d}" for n in range(count)], items), 10,
    )  # fmt: skip
    assert len(found) == 100
    seconds = time.perf_counter() - began
    print(seconds, before, peak_gb(), tokens.nbytes / 2**30)


def main() -> None:
    if len(sys.argv) == 3 and sys.argv[1] == "--memory":
        with torch.inference_mode():
            memory_case(int(sys.argv[2]))
        return
    options = arguments(__doc__ or "")
    with torch.inference_mode():
        rows = main_table(200 if options.quick else 1000, 2 if options.quick else 7)
        if not options.quick:
            rows += growth(5)
    rows.append(memory(2000 if options.quick else 100_000))
    report(rows, options.json, options.quick)


if __name__ == "__main__":
    main()
