"""Translation models for the tests: random ones of each kind, and one that has learned four sentences both ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from babelreel.enrich.engines import load_model
from babelreel.enrich.models import load_translator
from babelreel.enrich.small import write_small_translator
from babelreel.hub import quiet

CLIPS = Path(__file__).resolve().parents[2] / "recipes" / "clips.jsonl"
# Captions of real clips in seven languages, one dict an item: parallel text.
PARALLEL: list[dict[str, str]] = [
    {caption["lang"]: caption["text"] for caption in json.loads(line)["captions"]}
    for line in CLIPS.read_text(encoding="utf-8").splitlines()
]
TEXTS = [text for texts in PARALLEL for text in texts.values()]
LEARNED = [
    {"en": "Two dogs run through the snow", "de": "Zwei Hunde rennen durch den Schnee"},
    {"en": "A woman plays the guitar", "de": "Eine Frau spielt Gitarre"},
    {"en": "Children swim in the blue sea", "de": "Kinder schwimmen im blauen Meer"},
    {"en": "The black horse jumps over a fence", "de": "Das schwarze Pferd springt über einen Zaun"},
]


def write_learned(folder: Path) -> Path:
    """An M2M100 that turns the English sentences of `LEARNED` into the German ones, and back."""
    write_small_translator(
        folder, [text for texts in LEARNED for text in texts.values()], width=64, vocab_size=120, spread=0.02
    )
    tokenizer = load_translator(folder, cache=folder, engine="transformers")._tokenizer
    model = load_model(folder, "m2m_100").train()
    for module in model.modules():
        if isinstance(getattr(module, "dropout", None), float):
            module.dropout = 0.0
    pairs = [(a, b, texts[a], texts[b]) for texts in LEARNED for a, b in (("en", "de"), ("de", "en"))]
    sources, targets = [], []
    for source, target, text, wanted in pairs:
        tokenizer.src_lang = source
        sources.append(tokenizer(text).input_ids)
        tokenizer.src_lang = target  # the same form: language, tokens, end
        targets.append(tokenizer(wanted).input_ids)
    ids = padded(sources, tokenizer.pad_token_id)
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(300):
        if step == 60:
            optimiser.param_groups[0]["lr"] = 2e-3
        loss = model(input_ids=ids, attention_mask=ids != tokenizer.pad_token_id, labels=padded(targets, -100)).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if loss.item() < 0.04:
            break
    with quiet():
        model.save_pretrained(folder)
    return folder


def padded(rows: list[list[int]], filler: int) -> Any:
    """Rows of ids as one tensor (B, L)."""
    longest = max(map(len, rows))
    return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])
