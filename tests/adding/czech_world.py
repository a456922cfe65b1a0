"""Small models and pairs for the tests of adding a language: a gram model of colours, a random CLIP, Czech pairs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from babelreel.corpora.manifest import write_manifest
from babelreel.data.grams import learn_grams
from babelreel.data.tokenizers import TextPolicy, train_tokenizer
from babelreel.encoders.grams import GramConfig, GramEncoder
from babelreel.encoders.heads import HeadConfig
from babelreel.encoders.media import MediaTower
from babelreel.encoders.small import write_small_clip
from babelreel.encoders.vision import VisionEncoder
from babelreel.media.video import Sampling
from babelreel.methods.clip4clip import CLIP4Clip
from babelreel.runs import save_run
from babelreel.types import Caption, Corpus, MediaItem

ANIMALS = {"dog": "pes", "cat": "kočka", "horse": "kůň", "bird": "pták", "child": "dítě", "woman": "žena"}
GERMAN = {"dog": "Hund", "cat": "Katze", "horse": "Pferd", "bird": "Vogel", "child": "Kind", "woman": "Frau"}
ACTS = {
    "runs across the green field behind the house": ("běží přes zelené pole za domem", "läuft über das Feld am Haus"),
    "sleeps": ("spí", "schläft"), "eats an apple": ("jí jablko", "isst einen Apfel"),
    "looks out of the window of a train": ("se dívá z okna vlaku", "schaut aus dem Fenster eines Zuges"),
    "jumps into the cold water of the lake": ("skáče do studené vody jezera", "springt in das kalte Wasser des Sees"),
}  # fmt: skip
TIMES = {
    "in the morning": ("ráno", "am Morgen"), "in the evening": ("večer", "am Abend"),
    "in summer": ("v létě", "im Sommer"),
}  # fmt: skip


def triples() -> list[tuple[str, str, str]]:
    """90 sentences in English, Czech and German."""
    return [
        (f"The {one} {does} {when}.", f"{eins} {tut[0]} {wann[0]}.".capitalize(), f"{GERMAN[one]} {tut[1]} {wann[1]}.")
        for one, eins in ANIMALS.items() for does, tut in ACTS.items() for when, wann in TIMES.items()
    ]  # fmt: skip


def write_pairs(path: Path, columns: str = "en cs", header: bool = True) -> Path:
    """Some of the three columns as TSV."""
    places = {"en": 0, "cs": 1, "de": 2}
    names = columns.split()
    lines = ["\t".join(names)] * header + ["\t".join(row[places[name]] for name in names) for row in triples()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_clip(folder: Path) -> Path:
    """A random CLIP of 32 numbers, whose tokenizer knows every byte."""
    return write_small_clip(folder, [row[0] for row in triples()], width=32, image_size=32, vocab_size=400)


def write_run(folder: Path) -> Path:
    """A run over grams: a random CLIP's pictures, and English sentences that are apart from each other."""
    torch.manual_seed(0)
    vision = VisionEncoder.load(write_clip(folder.with_name(f"{folder.name}-clip")))
    text = GramEncoder(learn_grams([row[0] for row in triples()], 500), 16, GramConfig(500, 24, 32))
    save_run(CLIP4Clip(MediaTower(vision, HeadConfig("linear", 16)), text, Sampling(frames=2)), folder, {"step": 1})
    return folder


def write_pictures(folder: Path, count: int = 24) -> Corpus:
    """Pictures of noise with captions in English and Czech, as a manifest with three parts."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    items = []
    for n, (english, czech, _) in enumerate(triples()[:count]):
        Image.fromarray(generator.integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(folder / f"{n}.png")
        captions = (Caption(f"{english} ({n})", "en"), Caption(f"{czech} ({n})", "cs"))
        split = ("train", "train", "train", "val", "test")[n % 5]
        items.append(MediaItem(f"i{n}", f"{n}.png", "image", split=split, captions=captions))
    corpus = Corpus("pictures", folder, tuple(items))
    write_manifest(corpus, folder / "pictures.jsonl")
    return corpus


def write_mclip(folder: Path, width: int, texts: Sequence[str] = ()) -> Path:
    """A random tower in the layout of the published ones, its vocabulary of Czech and English, or of `texts`."""
    from safetensors.torch import save_file
    from transformers import XLMRobertaConfig, XLMRobertaModel

    texts = texts or [text for row in triples() for text in row]
    tokenizer = train_tokenizer(texts, 200, TextPolicy(32))
    settings = XLMRobertaConfig(
        vocab_size=tokenizer.vocab_size, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=66, pad_token_id=0, bos_token_id=1, eos_token_id=3,
    )  # fmt: skip
    torch.manual_seed(1)
    backbone, head = XLMRobertaModel(settings), torch.nn.Linear(32, width)
    weights = {f"transformer.{name}": value for name, value in backbone.state_dict().items()}
    weights |= {f"LinearTransformation.{name}": value.detach() for name, value in head.state_dict().items()}
    settings.save_pretrained(folder / "base")
    save_file(weights, folder / "model.safetensors")
    tokenizer.backend.save_pretrained(folder)
    config = {"model_type": "M-CLIP", "modelBase": "base", "numDims": width, "transformerDimensions": 32}
    (folder / "config.json").write_text(json.dumps(config))
    return folder
