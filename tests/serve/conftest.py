"""One small library, indexed: pictures and clips in folders, some of a kind that browsers do not show."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

import babelreel
from babelreel.encoders.small import write_small_clip
from babelreel.index.build import build_index, describe_index
from babelreel.index.open import create_index
from babelreel.index.query import Answer, Query
from babelreel.index.search import Searcher
from babelreel.media.windows import Windows
from babelreel.media.write import write_video
from babelreel.model import Model
from babelreel.serve.app import create_app
from babelreel.serve.settings import Settings

TEXTS = ["a red circle", "ein roter Kreis", "一个红色的圆"]
HOME = "http://localhost"


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return babelreel.load(write_small_clip(tmp_path_factory.mktemp("m"), TEXTS, width=32, image_size=32), frames=4)


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


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("library") / "Holidays")


def index_of(model: Model, files: Path, where: Path) -> Path:
    index = create_index(where, describe_index(model, Windows(length=4)))
    build_index([files], model, index)
    index.close()
    return where


@pytest.fixture(scope="session")
def index(model: Model, files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_of(model, files, tmp_path_factory.mktemp("i") / "index")


@pytest.fixture(scope="session")
def searcher(index: Path, model: Model) -> Searcher:
    return Searcher(index, model)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(cache=tmp_path_factory.mktemp("copies"))


@pytest.fixture(scope="session")
def client(searcher: Searcher, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(searcher, settings), base_url=HOME, raise_server_exceptions=False) as client:
        yield client


class Gate:
    """Holds the searches of a searcher up until `open` is set; `reached` says that one waits."""

    def __init__(self, searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open, self.reached, self._search = threading.Event(), threading.Event(), searcher.search_many
        monkeypatch.setattr(searcher, "search_many", self)

    def __call__(self, queries: Sequence[Query]) -> list[Answer]:
        self.reached.set()
        assert self.open.wait(60)
        return self._search(queries)
