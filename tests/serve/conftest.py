"""One small library, indexed: pictures and clips in folders, some of a kind that browsers do not show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from shelf import HOME, TEXTS, index_of, write_files

import babelreel
from babelreel.encoders.small import write_small_clip
from babelreel.index.search import Searcher
from babelreel.model import Model
from babelreel.serve.app import create_app
from babelreel.serve.settings import Settings


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return babelreel.load(write_small_clip(tmp_path_factory.mktemp("m"), TEXTS, width=32, image_size=32), frames=4)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("library") / "Holidays")


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
