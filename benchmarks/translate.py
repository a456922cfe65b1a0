"""Translating captions: transformers in float32 beside CTranslate2 in float32 and int8, the same random weights.

    python benchmarks/translate.py [--quick] [--json FILE]

The model has M2M100-418M's sizes (Fan et al. 2021). A random model comes to no end, so that every text costs the same:
16 ids in, 16 out. Goal: int8 is at least twice as fast as transformers.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import torch
from harness import arguments, in_turn, peak_gb, report
from transformers import M2M100Config, M2M100ForConditionalGeneration

from babelreel.enrich.engines import STORED, CTranslate2Engine, Engine, TransformersEngine, convert

TOKENS = 16


def random_model(width: int, layers: int, vocabulary: int) -> Any:
    config = M2M100Config(
        vocab_size=vocabulary, d_model=width, encoder_layers=layers, decoder_layers=layers,
        encoder_ffn_dim=4 * width, decoder_ffn_dim=4 * width, encoder_attention_heads=width // 64,
        decoder_attention_heads=width // 64, init_std=0.1,
    )  # fmt: skip
    torch.manual_seed(0)
    return M2M100ForConditionalGeneration(config)


def measure(model: Any, batch: int, beam: int, repeats: int, engines: dict[str, Engine]) -> list[dict[str, Any]]:
    rng = random.Random(0)
    texts = [[*rng.choices(range(4, model.config.vocab_size), k=TOKENS - 1), 2] for _ in range(batch)]
    seconds = in_turn(
        {name: lambda engine=engine: engine(texts, 5, TOKENS, beam) for name, engine in engines.items()}, repeats
    )
    return [
        {"engine": name, "batch": batch, "beam": beam, "texts/s": batch / s, "times": seconds["transformers"] / s}
        for name, s in seconds.items()
    ]


def main() -> None:
    given = arguments(__doc__ or "")
    model = random_model(*((256, 2, 4_000) if given.quick else (1024, 12, 128_112)))
    engines: dict[str, Engine] = {"transformers": TransformersEngine(model, "cpu")}
    with tempfile.TemporaryDirectory() as folder:
        for name, stored in STORED.items():
            place = convert(lambda: model, "m2m_100", 3, Path(folder) / stored, stored)
            engines[name] = CTranslate2Engine(place, stored, "cpu")
        rows = []
        for batch, beam in ((8, 1), (8, 4)) if given.quick else ((1, 1), (32, 1), (32, 4)):
            rows += measure(model, batch, beam, 1 if given.quick else 3, engines)
    report(rows, given.json, given.quick)
    print(f"peak {peak_gb():.1f} GB")


if __name__ == "__main__":
    main()
