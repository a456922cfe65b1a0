"""Steps of training: our loop against a bare torch loop on the same model and batches, and two processes against one.

The bare loop has its batches in memory before it starts and does nothing but forward, backward, clipping and the
optimizer's step. Ours reads stored features, tokenises, checks the loss, logs and reports. The limit is the bare loop.

Two processes share the batch of one over gloo, with one thread each; the limit is twice one process's steps.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch
from harness import arguments, report
from PIL import Image

from babelreel.config import load_toml
from babelreel.corpora.manifest import write_manifest
from babelreel.corpora.registry import open_corpus
from babelreel.data.sampler import CaptionSampler
from babelreel.device import choose_device
from babelreel.encoders.small import write_small_clip
from babelreel.training.feed import Feed, compute_features
from babelreel.training.loop import train
from babelreel.training.optim import groups, rate
from babelreel.training.recipe import Recipe, build_method, method_config
from babelreel.types import Caption, Corpus, MediaItem

WARM = 3  # first steps that do not count
WORDS = "red green blue round square small large dog cat bird runs sleeps jumps over under near the a old young".split()

RECIPE = """
[method]
name = "{method}"
vision = {{source = "{root}/clip", grid = true}}
head = {{kind = "{head}", width = 256}}
text = {{layers = 2, width = 256, heads = 4, vocabulary = 400}}
[data]
corpus = "{root}/m.jsonl"
langs = ["de"]
[training]
epochs = 1
batch_size = {batch}
validate_every = 1000
checkpoint_seconds = 1e9
"""


def write_world(root: Path, count: int) -> None:
    """`count` noise pictures to train on, with captions in two languages, and a few to validate on."""
    generator = np.random.default_rng(0)
    items = []
    for n in range(count + 8):
        Image.fromarray(generator.integers(0, 255, (64, 64, 3), np.uint8)).save(root / f"{n}.png")
        captions = tuple(Caption(" ".join(generator.choice(WORDS, 10)), lang) for lang in ("en", "de"))
        split = "train" if n < count else "val"
        items.append(MediaItem(f"i{n}", f"{n}.png", "image", split=split, captions=captions))
    write_manifest(Corpus("noise", root, tuple(items)), root / "m.jsonl")
    texts = [caption.text for item in items for caption in item.captions]
    write_small_clip(root / "clip", texts, width=128, image_size=64, vocab_size=300)


def ours(recipe: Recipe, root: Path) -> float:
    """Seconds a step, the median over the counted ones, as a user's training takes them."""
    times: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        train(recipe, Path(folder) / "run", cache=root / "cache", report=lambda *_: times.append(time.perf_counter()))
    return median(np.diff(times[-recipe_steps(recipe) :])[WARM:])


def bare(recipe: Recipe, root: Path) -> float:
    """The same with what cannot be left out."""
    device = choose_device()
    corpus = open_corpus(recipe.data.corpus).select("train")
    torch.manual_seed(0)
    method = build_method(method_config(recipe.method), (c for i in corpus.items for c in i.captions)).to(device)
    method.backbone().requires_grad_(False)
    pivot = "en" if method.reads_pivot else None
    sampler = CaptionSampler(corpus, recipe.training.batch_size, langs=["de"], pivot=pivot)
    features = compute_features(method, corpus, device, root / "cache")
    batches = [b.to(device) for b in Feed(method, corpus, sampler, features, 0, recipe.data.augment).epoch(0, 0, 0, 1)]
    optimizer = torch.optim.AdamW(groups(method, recipe.training))
    method.train()
    times = []
    for step, batch in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = group["base_lr"] * rate(step, len(batches), 0.05)
        loss = torch.stack(list(method(batch, 0.0).values())).sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(method.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()
        times.append(time.perf_counter())
    return median(np.diff(times)[WARM:])


def recipe_steps(recipe: Recipe) -> int:
    corpus = open_corpus(recipe.data.corpus).select("train")
    return len(corpus) // recipe.training.batch_size


def launched(recipe: Path, root: Path, processes: int) -> tuple[float, list[float]]:
    """Seconds a step and the losses of a training by torchrun, one thread a process."""
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", str(processes)] if processes > 1 else []
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            *launcher,
            "-m",
            "babelreel",
            "train",
            str(recipe),
            "-o",
            folder,
            "--cache",
            str(root),
        ]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
        subprocess.run(command, check=True, capture_output=True, env=environment)
        lines = [json.loads(line) for line in (Path(folder) / "log.jsonl").read_text().splitlines()]
    steps = [line for line in lines if "losses" in line]
    return median(np.diff([line["seconds"] for line in steps])[WARM:]), [sum(line["losses"].values()) for line in steps]


def main() -> None:
    options = arguments(__doc__ or "")
    steps, batch, repeats = (8, 32, 1) if options.quick else (20, 128, 3)
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        write_world(root, steps * batch)
        for method, head in (("clip4clip", "attention"), ("mumur", "linear")):
            path = root / f"{method}.toml"
            path.write_text(RECIPE.format(method=method, head=head, root=root, batch=batch))
            recipe = load_toml(path, Recipe)
            recipe = replace(recipe, method=recipe.method | ({"dropout": 0.0} if method == "mumur" else {}))
            pairs = [(bare(recipe, root), ours(recipe, root)) for _ in range(repeats)]
            plain, loop = (median(column) for column in zip(*pairs, strict=True))
            rows.append({"what": method, "variant": "bare loop", "ms a step": 1e3 * plain, "ratio": 1.0})
            rows.append({"what": method, "variant": "our loop", "ms a step": 1e3 * loop, "ratio": loop / plain})
        still = (root / "clip4clip.toml").read_text().replace("width = 256}", "width = 256, dropout = 0.0}", 1)
        still = still.replace("vocabulary = 400", "vocabulary = 400, dropout = 0.0")
        (root / "still.toml").write_text(still)
        run = partial(launched, root / "still.toml", root / "cache")
        pairs2 = [(run(1), run(2)) for _ in range(repeats)]
        one, two = (median(part[0] for part in column) for column in zip(*pairs2, strict=True))
        apart = max(abs(a - b) / abs(a) for (_, x), (_, y) in pairs2 for a, b in zip(x, y, strict=True))
        rows.append({"what": "clip4clip", "variant": "1 process, 1 thread", "ms a step": 1e3 * one, "ratio": 1.0})
        rows.append({"what": "clip4clip", "variant": "2 processes, 1 thread each", "ms a step": 1e3 * two,
                     "ratio": two / one, "speed-up": one / two, "losses apart": apart})  # fmt: skip
    report(rows, options.json, options.quick)


if __name__ == "__main__":
    main()
