"""Runs as sources: stages chain with the weights that the stage before left; what does not fit is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from babelreel.corpora.manifest import write_manifest
from babelreel.encoders.small import write_small_backbone
from babelreel.errors import BabelreelError, ConfigError, ModelError
from babelreel.methods.base import Method
from babelreel.methods.clip4clip import CLIP4Clip
from babelreel.methods.mkd import MKD
from babelreel.methods.mumur import MuMUR
from babelreel.runs import load_run, save_run
from babelreel.training.recipe import build_method, method_config
from babelreel.types import Caption, Corpus, MediaItem

TEXTS = {"en": "a red picture", "de": "ein rotes Bild", "fr": "une image rouge"}
TEXT = {"layers": 1, "width": 16, "heads": 2, "vocabulary": 60, "max_length": 16, "dropout": 0.0}
HEAD = {"kind": "attention", "width": 16, "queries": 2, "dropout": 0.0}


def build(**settings: Any) -> Method:
    return build_method(method_config(settings), [Caption(text, lang) for lang, text in TEXTS.items()] * 4)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """clip/ over the grid of a small backbone, wide/ of another width, mkd/ from clip/."""
    root = tmp_path_factory.mktemp("runs")
    torch.manual_seed(0)
    write_small_backbone(root / "backbone", widths=(4, 8, 8), image_size=32)
    vision = {"source": str(root / "backbone"), "grid": True}
    save_run(build(name="clip4clip", vision=vision, head=HEAD, text=TEXT), root / "clip")
    save_run(build(name="clip4clip", vision=vision, head=HEAD | {"width": 8}, text=TEXT), root / "wide")
    save_run(build(name="mkd", teacher=str(root / "clip"), student=TEXT), root / "mkd")
    return root


def same(one: nn.Module, two: nn.Module) -> bool:
    other = two.state_dict()
    return all(torch.equal(value, other[name]) for name, value in one.state_dict().items())


def test_a_method_starts_from_the_towers_of_runs(runs: Path) -> None:
    clip, mkd = load_run(runs / "clip"), load_run(runs / "mkd")
    assert isinstance(clip, CLIP4Clip)
    assert isinstance(mkd, MKD)
    from_clip = {"source": str(runs / "clip")}
    method = build(name="mumur", vision=from_clip, text={"source": str(runs / "mkd")}, english=from_clip)
    assert isinstance(method, MuMUR)
    assert same(clip.media, method.media)  # the head with the backbone
    assert method.english is not None
    assert same(clip.text, method.english)
    assert same(mkd.student, method.text)
    pivot = build(name="mumur", vision=from_clip, text=from_clip, english={"source": str(runs / "mkd")})
    assert isinstance(pivot, MuMUR)
    assert pivot.english is not None
    assert same(clip.text, pivot.english)  # of an MKD run the pivot's tower is the teacher's
    again = build(name="clip4clip", vision={"source": str(runs / "mkd")}, text={"source": str(runs / "mkd")})
    assert isinstance(again, CLIP4Clip)
    assert same(clip.media, again.media)
    assert same(mkd.student, again.text)


def test_chained_it_scores_as_the_stage_before(runs: Path, tmp_path: Path) -> None:
    """The DCM starts as the identity, so before its first step MuMUR ranks one-frame items as the CLIP does."""
    corpus = []
    for n in range(6):
        Image.fromarray(np.full((32, 32, 3), 40 * n, np.uint8)).save(tmp_path / f"{n}.png")
        corpus.append(MediaItem(f"i{n}", f"{n}.png", "image", captions=(Caption(f"picture {n}", "en"),)))
    write_manifest(Corpus("c", tmp_path, tuple(corpus)), tmp_path / "m.jsonl")
    import babelreel

    source = {"source": str(runs / "clip")}
    save_run(build(name="mumur", vision=source, text=source, over="frames"), tmp_path / "mumur")
    before, after = babelreel.load(runs / "clip"), babelreel.load(tmp_path / "mumur")
    paths = [tmp_path / f"{n}.png" for n in range(6)]
    texts = [*TEXTS.values()]
    scores = [m.score(m.encode_text(texts, "en"), m.encode_media(paths, tmp_path / m.fingerprint).representation)
              for m in (before, after)]  # fmt: skip
    one, two = (s - s.mean() for s in scores)
    correlation = (one * two).sum() / (one.norm() * two.norm())
    assert correlation > 0.95  # the layer norm takes the mean away, so not quite 1


def test_a_head_of_its_own_replaces_the_run_s(runs: Path) -> None:
    clip = load_run(runs / "clip")
    vision = {"source": str(runs / "clip"), "grid": True}
    method = build(name="clip4clip", vision=vision, head=HEAD | {"width": 8}, text=TEXT)
    assert isinstance(method, CLIP4Clip)
    assert same(clip.media_tower().vision, method.media.vision)
    assert method.media.width == 8


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"text": {"source": "wide"}}, ConfigError, "width 8, the media side of 16"),
        ({"text": TEXT, "english": {"source": "wide"}}, ConfigError, "width 8, the media side of 16"),
        ({"vision": {"source": "nowhere"}, "text": TEXT}, ModelError, "no model folder"),
    ],
)
def test_what_does_not_fit_is_told(
    runs: Path, settings: dict[str, Any], error: type[BabelreelError], said: str
) -> None:
    placed = {
        key: {k: str(runs / v) if k == "source" else v for k, v in table.items()} for key, table in settings.items()
    }
    with pytest.raises(error, match=said):
        build(**{"name": "mumur", "vision": {"source": str(runs / "clip")}} | placed)


def test_a_method_without_towers_says_so() -> None:
    with pytest.raises(ModelError, match="no media side"):
        Method().media_tower()
    with pytest.raises(ModelError, match="no text tower for 'pivot'"):
        Method().text_tower("pivot")
