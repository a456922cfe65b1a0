"""The demo: a generated world of clips, searched in five languages and measured in twelve.

The model is a small CLIP with random weights, so its numbers are those of chance; the report says so.
"""

from __future__ import annotations

from pathlib import Path

from babelreel.corpora.playground.generate import generate
from babelreel.encoders.small import write_small_clip
from babelreel.evaluate import evaluate_model
from babelreel.index.build import build_index
from babelreel.index.search import Searcher
from babelreel.model import load
from babelreel.progress import progress_bar
from babelreel.report import to_text

ASKED = ("en", "de", "zh", "ar", "sw")


def run_demo(folder: Path, clips: int, seed: int) -> None:
    """Run the whole way below `folder`: generate, encode, measure, index, search. What is there already is kept."""
    with progress_bar("1/4 generating clips", "clips") as progress:
        corpus = generate(folder / "playground", clips, seed, progress=progress)
    print(f"1. {len(corpus)} clips with captions in {len(corpus.langs)} languages: {folder / 'playground'}")

    texts = [caption.text for item in corpus.items if item.split == "train" for caption in item.captions]
    model_folder = write_small_clip(folder / "model", texts, seed=seed)
    model = load(model_folder, frames=8)
    print(f"2. A small CLIP with random weights, in the hub's format: {model_folder}")

    test = corpus.select("test")
    with progress_bar("3/4 encoding") as progress:
        result = evaluate_model(model, test, split="test", cache=folder / "cache", progress=progress)
    print(f"3. Measured on the test clips:\n\n{to_text(result)}\n")
    print("   Nothing was trained, so these are the numbers of chance; a trained model is what to compare with them.")

    with progress_bar("4/4 indexing") as progress:
        build_index(test, model, folder / "index", progress)
    searcher = Searcher(folder / "index", model)
    print(f"4. An index of the test clips: {folder / 'index'}")
    item = test.items[0]
    for lang in ASKED:
        query = next(caption.text for caption in item.captions if caption.lang == lang)
        hit = searcher.search(query, 1, lang)[0]
        print(f"   {lang}: {query}\n       {hit.path} at {hit.moment or 0:.1f} s, score {hit.score:.3f}")
    print(
        "\nTry next (after `source .venv/bin/activate`):\n"
        f"   babelreel search 'a red circle moves to the left' --index {folder / 'index'}\n"
        "   babelreel index ~/Videos --model openai/clip-vit-base-patch32 -o my-index\n"
        f"   babelreel data show {folder / 'playground' / 'manifest.jsonl'}"
    )
