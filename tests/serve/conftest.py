"""One small library, indexed: pictures and clips in folders, some of a kind that browsers do not show."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from seen import serving
from shelf import HOME, TEXTS, index_of, write_files

import babelreel
from babelreel.corpora.playground.generate import generate
from babelreel.encoders.small import write_small_clip
from babelreel.index.build import build_index, describe_index
from babelreel.index.open import create_index
from babelreel.index.query import Answer, Query
from babelreel.index.search import Searcher
from babelreel.media.windows import Windows
from babelreel.model import Model
from babelreel.serve.app import create_app
from babelreel.serve.settings import Settings

CHROMIUM = shutil.which("chromium")
STILLS = 30  # more than a page of hits


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


@pytest.fixture(scope="session")
def library(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("page")
    generate(root / "films", 6, 0, ("en",))
    (root / "stills").mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (STILLS, 12, 16, 3), dtype=np.uint8)
    for n in range(STILLS):
        name = f"a photograph with a long name {n:02}.png"
        Image.fromarray(pixels[n]).resize((160, 120)).save(root / "stills" / name)
    index = create_index(root / "index", describe_index(model, Windows(length=1.0)))
    build_index([root / "films", root / "stills"], model, index)
    index.close()
    return root


@pytest.fixture(scope="session")
def address(library: Path, model: Model, settings: Settings) -> Iterator[str]:
    with serving(library / "index", model, settings) as address:
        yield address


@pytest.fixture(scope="session")
def ask(library: Path, model: Model) -> Callable[..., Answer]:
    """What the page shall show: the first 24 of an answer."""
    searcher = Searcher(library / "index", model)
    return lambda text=None, k=24, **more: searcher.search(Query(text, k=k, **more))


@pytest.fixture(scope="module")  # while it runs, no other event loop can in this thread: other files want theirs
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: make browser")
    with sync_playwright() as playwright:
        # Without a zygote, which now and then spun forever on a small virtual machine.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--no-zygote"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens pages; in the end, nothing that they said was an error, so that also no policy was violated."""
    contexts, said = [], []

    def open_page(path: str = "/", base: str = address, **options: Any) -> Page:
        context = browser.new_context(base_url=base, **{"reduced_motion": "reduce"} | options)
        contexts.append(context)
        context.set_default_timeout(8000)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [line for line in said if not line.startswith("Failed to load resource")] == []
