"""model.py: texts come back in order, models and media that cannot be had are told."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import babelreel
from babelreel.encoders.small import write_small_clip
from babelreel.errors import CorpusError, ModelError
from babelreel.model import Model

TEXTS = ["a red circle", "ein roter Kreis", "一个红色的圆"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return babelreel.load(write_small_clip(tmp_path_factory.mktemp("m"), TEXTS, width=32, image_size=32), frames=4)


def test_more_frames_are_another_fingerprint(model: Model) -> None:
    assert babelreel.load(model.source, frames=5).fingerprint != model.fingerprint
    assert babelreel.load(model.source, frames=4).fingerprint == model.fingerprint


def test_texts_come_back_in_order_whatever_the_batches(model: Model) -> None:
    texts = ["b " * n + "end" for n in (30, 1, 12, 5, 40, 2)]
    together = model.encode_text(texts, batch_size=2)
    assert together.pooled is not None
    for n, text in enumerate(texts):
        alone = model.encode_text([text], "en").pooled
        assert alone is not None
        torch.testing.assert_close(together.pooled[n], alone[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(together.pooled.norm(dim=1), torch.ones(6))


def test_bad_models_and_paths(model: Model, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model folder"):
        babelreel.load(tmp_path / "none")
    with pytest.raises(ModelError, match="cannot be used here"):
        babelreel.load(model.source, device="cuda:9")
    other = write_small_clip(tmp_path / "wide", TEXTS, width=64, image_size=32)
    with pytest.raises(ModelError, match="share no space"):
        babelreel.load(model.source, text=other)
    with pytest.raises(CorpusError, match="There is no file"):
        model.encode_media([tmp_path / "gone.mp4"])
