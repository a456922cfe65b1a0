"""index/calibrate.py: confidence rises with the score, falls with the number of entries, knows its language."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from library import build, load_small, memory, write_library
from PIL import Image

import babelreel
from babelreel.data.grams import learn_grams
from babelreel.encoders.grams import GramConfig, GramEncoder
from babelreel.errors import CorpusError
from babelreel.index.calibrate import Calibration, calibrate, examples, fit, likeness, read_calibration
from babelreel.index.query import Query
from babelreel.index.search import Searcher
from babelreel.methods.clip4clip import CLIP4Clip
from babelreel.model import Model
from babelreel.runs import save_run
from babelreel.types import Caption, Corpus, MediaItem, Representation


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_small(tmp_path_factory.mktemp("m"))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    root, items = tmp_path_factory.mktemp("corpus"), []
    for n in range(24):
        Image.new("RGB", (20, 20), (10 * n, 255 - 10 * n, 40)).save(root / f"{n}.png")
        captions = (Caption(f"colour number {n}", "en"), Caption(f"Farbe {n} von allen", "de"))
        items.append(MediaItem(str(n), f"{n}.png", "image", split="val", captions=captions))
    return Corpus("colours", root, tuple(items))


def test_the_fit_finds_the_curve_that_made_the_labels() -> None:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.stack([torch.randn(20000, generator=generator), 3 + torch.rand(20000, generator=generator)], dim=1)
    p = (1.0 + 4 * inputs[:, 0] - 0.5 * inputs[:, 1]).sigmoid()
    labels = (torch.rand(20000, generator=generator) < p).float()
    bias, slope, size = fit(inputs, labels)
    assert slope == pytest.approx(4, rel=0.1)
    assert size == pytest.approx(-0.5, abs=0.2)
    assert bias == pytest.approx(1.0, abs=0.6)


def test_examples_are_the_best_with_and_without_what_fits() -> None:
    """Twenty items, one query of item 3; items 3 and 5 are alike, so both go when it is absent."""
    scores = torch.linspace(0, 1, 20).unsqueeze(0)
    scores[0, 3], scores[0, 5] = 2.0, 3.0
    alike = torch.zeros(1, 20)
    alike[0, 3], alike[0, 5] = 1.0, 0.9
    inputs, labels = examples(scores, alike, torch.tensor([3]))
    assert len(inputs) == 2 * (7 + 4 + 2 + 1)  # 20 items are 7 parts of 3 at the most
    whole = inputs[:, 1] == math.log(20)
    assert inputs[whole & (labels == 1), 0].tolist() == [3.0]
    assert inputs[whole & (labels == 0), 0].tolist() == [1.0]
    assert inputs[labels == 1, 0].min() == 2.0
    assert inputs[labels == 0, 0].max() == 1.0


def test_likeness_is_by_captions_of_both_items() -> None:
    texts = torch.eye(3)[[0, 1, 0, 2]]
    own = torch.tensor([0, 1, 1, 2])  # the first two items share a caption
    alike = likeness(Representation(texts), own, 4)
    assert alike[0].tolist() == [1.0, 1.0, 0.0, float("-inf")]
    assert alike[3].tolist() == [0.0, 0.0, 1.0, float("-inf")]


def test_confidence_is_between_0_and_1_and_knows_its_language() -> None:
    calibration = Calibration({"": (0.0, 1.0, 0.0), "de": (0.0, 10.0, -1.0)})
    assert calibration.confidence(0.0, None, 5) == 0.5
    assert calibration.confidence(1.0, "de-AT", 1) == calibration.confidence(1.0, "de", 1)
    assert calibration.confidence(1.0, "sw", 1) == calibration.confidence(1.0, None, 1)
    assert calibration.confidence(1.0, "de", 10) < calibration.confidence(1.0, "de", 2)
    assert calibration.confidence(1.0, "de", 2) < calibration.confidence(2.0, "de", 2)
    assert 0 <= calibration.confidence(-1e9, "de", 10) < calibration.confidence(1e9, "de", 10) <= 1


def test_a_calibrated_index_gives_confidence_and_may_answer_nothing(
    model: Model, corpus: Corpus, tmp_path: Path
) -> None:
    index = memory(model)
    build(model, index, write_library(tmp_path / "files"))
    searcher = Searcher(index, model)
    assert searcher.search("a red circle")[0].confidence is None
    found = calibrate(index, model, corpus, tmp_path / "cache")
    assert set(found.weights) == {"", "de", "en"}
    assert read_calibration(index) == found
    answer = searcher.search(Query("a red circle", lang="en"))
    for hit in answer:
        assert hit.confidence == pytest.approx(found.confidence(hit.score, "en", len(index)))
    sure = [hit.confidence or 0.0 for hit in answer]
    # A random model scores at random, so the sign of the slope does too: those above the bar are what stays.
    bar = sorted(sure)[len(sure) // 2]
    kept = searcher.search(Query("a red circle", lang="en", threshold=bar))
    assert [hit.id for hit in kept] == [h.id for h, c in zip(answer, sure, strict=True) if c >= bar]
    assert [hit.confidence for hit in kept] == [c for c in sure if c >= bar]
    assert len(searcher.search(Query("a red circle", lang="en", threshold=1.0))) == 0
    assert searcher.search(Query("a", unlike="b"))[0].confidence is None
    assert searcher.search(Query(image=tmp_path / "files" / "0.png"))[0].confidence is None


def test_too_few_items_or_captions_are_refused(model: Model, corpus: Corpus, tmp_path: Path) -> None:
    few = Corpus("few", corpus.media_root, corpus.items[:5])
    with pytest.raises(CorpusError, match="needs 20 items with captions, found 5"):
        calibrate(memory(model), model, few, tmp_path)
    silent = Corpus("silent", corpus.media_root, tuple(MediaItem(i.id, i.path, i.kind) for i in corpus.items))
    with pytest.raises(CorpusError, match="and 0 captions"):
        calibrate(memory(model), model, silent, tmp_path)


def test_what_the_model_cannot_read_is_no_match(model: Model, tmp_path: Path) -> None:
    """A tower over grams knows nothing of a script that it never saw; its scores then mean nothing."""
    assert isinstance(model.method, CLIP4Clip)
    text = GramEncoder(learn_grams(["a red circle", "a blue one"], 50), 32, GramConfig(width=8, hidden=8))
    save_run(CLIP4Clip(model.method.media, text, model.method.sampling), tmp_path / "run")
    reader = babelreel.load(tmp_path / "run")
    index = memory(reader)
    build(reader, index, write_library(tmp_path / "files"))
    index.note("calibration", {"": (9.0, 0.0, 0.0)})
    searcher = Searcher(index, reader)
    assert searcher.search("a red one")[0].confidence == pytest.approx(1.0, abs=1e-3)
    assert {hit.confidence for hit in searcher.search("寺")} == {0.0}
    assert len(searcher.search(Query("寺", threshold=0.01))) == 0
