"""A query in an added language beside the same query in the model's own: what acquirers cost, on disk as well.

    python benchmarks/adapters.py [--quick] [--json FILE]

Two towers of real size with random weights, a bag of grams and a CLIP text tower of 12 layers of 512, each with two
languages added. The sentences are the same in all languages, so that only the way through the model differs. The goal
is at most 15 % on top of the base; switching the language from query to query costs nothing.
"""

from __future__ import annotations

import random
import tempfile
from functools import partial
from itertools import cycle
from pathlib import Path

import torch
from harness import arguments, in_turn, report

from babelreel.data.grams import learn_grams
from babelreel.encoders.acquirers import AcquirerConfig
from babelreel.encoders.grams import GramConfig, GramEncoder
from babelreel.encoders.media import MediaTower
from babelreel.encoders.small import write_small_clip
from babelreel.encoders.vocabularies import VocabularyConfig
from babelreel.media.video import Sampling
from babelreel.methods.clip4clip import CLIP4Clip
from babelreel.methods.mla import MLA, MLAConfig
from babelreel.model import Model
from babelreel.runs import save_run
from babelreel.training.sources import Sources
from babelreel.types import Caption

LANGS = ("de", "fr")
GRAMS = 8000


def sentences(count: int) -> list[str]:
    """Ten words each, out of 3,000."""
    draw = random.Random(0)
    words = ["".join(draw.choices("etaoinshrdlucmfwyp", k=draw.randint(2, 9))) for _ in range(3000)]
    return [" ".join(draw.choices(words, k=10)) for _ in range(count)]


def bases(root: Path, texts: list[str], quick: bool) -> dict[str, Path]:
    width, layers = (128, 2) if quick else (512, 12)
    clip = write_small_clip(root / "clip", texts[:500], width=width, layers=layers, image_size=32, patch_size=16)
    media = MediaTower(CLIP4Clip.zero_shot(clip, clip, Sampling()).media.vision)
    text = GramEncoder(learn_grams(texts, GRAMS), width, GramConfig(width=width, hidden=width))
    save_run(CLIP4Clip(media, text, Sampling()), root / "grams")
    return {"grams": root / "grams", "clip": clip}


def measure(name: str, base: Path, texts: list[str], root: Path, quick: bool) -> list[dict[str, object]]:
    captions = [Caption(text, lang) for lang in LANGS for text in texts]
    config = MLAConfig(
        str(base),
        LANGS,
        vocabulary=VocabularyConfig(size=GRAMS),
        acquirer=AcquirerConfig(64 if name == "grams" else 256),
    )
    method = MLA.from_config(config, Sources(captions))
    for parameter in method.adapters.parameters():
        torch.nn.init.normal_(parameter.data, std=0.02)
    model = Model(method, {"source": "benchmark"}, torch.device("cpu"))
    asked, langs = cycle(texts[:200]), cycle(LANGS)
    rows: list[dict[str, object]] = []
    for size, repeats in ((1, 20 if quick else 300), (64, 2 if quick else 10)):

        def ask(lang: str | None, size: int = size) -> None:
            model.encode_text([next(asked) for _ in range(size)], lang or next(langs))

        variants = {"base": partial(ask, "en"), "added": partial(ask, "de"), "added, by turns": partial(ask, None)}
        seconds = in_turn(variants, repeats)
        rows += [
            {"tower": name, "queries": size, "variant": variant, "ms": 1000 * s / size, "of base": s / seconds["base"]}
            for variant, s in seconds.items()
        ]
    method.save_language("de", root / name)
    size_mb = sum(file.stat().st_size for file in (root / name).rglob("*") if file.is_file()) / 1e6
    return [*rows, {"tower": name, "variant": "a language on disk", "MB": size_mb}]


def main() -> None:
    options = arguments(__doc__ or "")
    torch.set_num_threads(1)
    texts = sentences(100 if options.quick else 1000)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for tower, base in bases(root, texts, options.quick).items():
            rows += measure(tower, base, texts, root / "saved", options.quick)
    report(rows, options.json, options.quick)


if __name__ == "__main__":
    main()
