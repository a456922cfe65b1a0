"""Reading annotation files beside parsing them: files of COCO's form and size, read by the real reader.

    python benchmarks/corpora.py [--quick] [--json FILE]

Goal: the time of a corpus grows as its files do (no quadratic join), and is at most twice that of `json.loads` alone.
"""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from typing import Any

from harness import arguments, in_turn, report

from babelreel.corpora.annotations import Annotations
from babelreel.corpora.coco import DATA, STAIR
from babelreel.corpora.registry import read_named

COCO = 123_287  # images; five captions each in English and in Japanese


def write(root: Path, count: int) -> None:
    """Karpathy's file with its words and ids, and STAIR's."""
    rng = random.Random(0)
    words = [f"word{n}" for n in range(5000)]
    images, japanese = [], []
    for n in range(count):
        split = "test" if n < count // 25 else "train"
        sentences = []
        for _ in range(5):
            tokens = rng.choices(words, k=10)
            sentences.append({"tokens": tokens, "raw": " ".join(tokens), "imgid": n, "sentid": len(japanese)})
            text = f"ランナーがホームに帰ってきた{len(japanese)}"
            japanese.append({"id": len(japanese), "image_id": n, "caption": text, "tokenized_caption": text})
        name = f"COCO_val2014_{n:012d}.jpg"
        images.append({"filepath": "val2014", "filename": name, "cocoid": n, "split": split, "sentences": sentences})
    (root / DATA).write_text(json.dumps({"images": images, "dataset": "coco"}))
    (root / STAIR[0]).write_text(json.dumps({"annotations": japanese}))


def parse(root: Path) -> None:
    for file in (DATA, STAIR[0]):
        json.loads((root / file).read_text())


def measure(count: int, repeats: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, count)
        corpus = read_named(Annotations(root, "coco-5k"))
        captions = sum(len(item.captions) for item in corpus.items)
        assert (len(corpus), captions) == (count, 10 * count)
        del corpus
        seconds = in_turn(
            {"parse": lambda: parse(root), "read": lambda: read_named(Annotations(root, "coco-5k"))}, repeats
        )
        megabytes = sum(path.stat().st_size for path in root.iterdir()) / 2**20
    return {
        "images": count,
        "captions": captions,
        "MiB": megabytes,
        "json.loads s": seconds["parse"],
        "reader s": seconds["read"],
        "reader / json.loads": seconds["read"] / seconds["parse"],
        "reader us a caption": 1e6 * seconds["read"] / captions,
    }


def main() -> None:
    given = arguments(__doc__ or "")
    sizes = (2_000, 4_000) if given.quick else (COCO // 4, COCO // 2, COCO)
    report([measure(size, 1 if given.quick else 3) for size in sizes], given.json, given.quick)


if __name__ == "__main__":
    main()
