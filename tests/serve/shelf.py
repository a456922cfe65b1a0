"""What the tests of the server share: files to index, an index of them, and a gate that holds searches up."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from babelreel.index.build import build_index, describe_index
from babelreel.index.open import create_index
from babelreel.index.query import Answer, Query
from babelreel.index.search import Searcher
from babelreel.media.windows import Windows
from babelreel.media.write import write_video
from babelreel.model import Model

TEXTS = ["a red circle", "ein roter Kreis", "一个红色的圆"]
HOME = "http://localhost"


def write_files(root: Path) -> Path:
    rng = np.random.default_rng(0)
    (root / "stills" / "deep").mkdir(parents=True)
    (root / "clips").mkdir()
    for n in range(5):
        pixels = rng.integers(0, 255, (40, 50, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "stills" / ("deep" if n > 2 else ".") / f"{n}.png")
    Image.fromarray(rng.integers(0, 255, (40, 50, 3), dtype=np.uint8)).save(root / "stills" / "print.tif")
    for n, seconds in ((0, 2), (1, 2), (2, 8)):
        base = rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)
        write_video(root / "clips" / f"{n}.mp4", [np.roll(base, 9 * t, 0) for t in range(10 * seconds)], 10)
    with av.open(str(root / "clips" / "old.avi"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for t in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 12 * t, np.uint8), format="rgb24")
            frame.pts, frame.time_base = t, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return root


def index_of(model: Model, files: Path, where: Path) -> Path:
    index = create_index(where, describe_index(model, Windows(length=4)))
    build_index([files], model, index)
    index.close()
    return where


class Gate:
    """Holds the searches of a searcher up until `open` is set; `reached` says that one waits."""

    def __init__(self, searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open, self.reached, self._search = threading.Event(), threading.Event(), searcher.search_many
        monkeypatch.setattr(searcher, "search_many", self)

    def __call__(self, queries: Sequence[Query]) -> list[Answer]:
        self.reached.set()
        assert self.open.wait(60)
        return self._search(queries)
