"""Each planted fault is named by exactly the right check; a healthy model of each family passes all."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from families import FAMILIES, write_family
from plants import MEDIA_PLANTS, TEXT_PLANTS, WEIGHT_PLANTS
from spoiled import text_out
from torch import Tensor

from babelreel.data.coverage import everyday
from babelreel.data.grams import learn_grams
from babelreel.doctor.finding import Finding, Verdict
from babelreel.doctor.probes import Probes, write_probes
from babelreel.doctor.run import CHECKS, MEDIA, TEXTS, WHOLE, diagnose, faults
from babelreel.doctor.subject import Subject
from babelreel.encoders.grams import GramConfig, GramEncoder
from babelreel.encoders.heads import HeadConfig
from babelreel.encoders.media import MediaTower
from babelreel.encoders.small import write_small_backbone
from babelreel.encoders.vision import ViewConfig, VisionEncoder
from babelreel.media import transforms, video
from babelreel.media.sampling import Sampling
from babelreel.media.video import frame_tensor
from babelreel.methods.base import Method
from babelreel.methods.clip4clip import CLIP4Clip
from babelreel.methods.mumur import MuMUR
from babelreel.model import Model, load
from babelreel.runs import save_run

FRAMES = 4
EUROPE = [text for lang in ("en", "de", "es", "cs") for text in everyday()[lang]]


@pytest.fixture(scope="module")
def probes(tmp_path_factory: pytest.TempPathFactory) -> Probes:
    return write_probes(tmp_path_factory.mktemp("probes"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The checkpoint of a family, or a run over grams, written once."""
    root = tmp_path_factory.mktemp("models")

    def write(name: str) -> Path:
        if not (root / name).is_dir():
            if name in RUNS:
                save_run(RUNS[name](root), root / name)
            else:
                write_family(name, root / name)
        return root / name

    return write


@pytest.fixture(scope="module")
def opened(folder: Callable[[str], Path]) -> Callable[[str], Model]:
    """A family's model, to be spoiled; "clip+mclip" takes its text tower from elsewhere."""
    loaded: dict[str, Model] = {}

    def copy_of(name: str) -> Model:
        if name not in loaded:
            media, _, text = name.partition("+")
            frames = None if media in RUNS else FRAMES
            loaded[name] = load(folder(media), text=folder(text) if text else None, frames=frames)
        return copy.deepcopy(loaded[name])

    return copy_of


def _clip4clip(root: Path) -> Method:
    """A frozen convolutional backbone with a head, and a bag of grams."""
    backbone = write_small_backbone(root / "backbone", widths=(8, 16, 16), image_size=32)
    torch.manual_seed(0)
    media = MediaTower(VisionEncoder.load(backbone, ViewConfig((-2,), True)), HeadConfig("summary", 16, hidden=16))
    text = GramEncoder(learn_grams(EUROPE * 2, 4000), 16, GramConfig(width=16, hidden=16))
    return CLIP4Clip(media, text, Sampling(frames=FRAMES))


def _mumur(root: Path) -> Method:
    """Text-conditioned pooling over the grid of a frozen backbone."""
    backbone = write_small_backbone(root / "backbone2", widths=(8, 16, 16), image_size=32)
    torch.manual_seed(0)
    media = MediaTower(VisionEncoder.load(backbone), HeadConfig("attention", 16, 2), use_grid=True)
    return MuMUR(
        media, GramEncoder(learn_grams(EUROPE * 2, 4000), 16, GramConfig(width=16, hidden=16)), Sampling(FRAMES)
    )


RUNS: dict[str, Callable[[Path], Method]] = {"clip4clip-run": _clip4clip, "mumur-run": _mumur}
HEALTHY = (*FAMILIES, "clip+mclip", "clip+sentence-text", *RUNS)


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_models_pass(name: str, opened: Callable[[str], Model], probes: Probes) -> None:
    findings = diagnose(Subject(opened(name), probes))
    assert [finding.check for finding in findings] == list(CHECKS)
    assert not faults(findings)
    passes = [finding.check for finding in findings if finding.verdict is Verdict.PASS]
    assert set(PASSED_BY_ALL) <= set(passes)


# What every healthy model must pass: "cannot tell" is for the others.
PASSED_BY_ALL = [
    name
    for name in CHECKS
    if name
    not in (
        "two towers", "collapsed media", "collapsed texts", "end token", "end token after a cut", "text length",
        "pieces of the tokenizer", "published image tower", "published text tower", "saved and loaded",
    )
]  # fmt: skip


IMAGE = {"published image tower": WHOLE["published image tower"]}
TOGETHER = {name: check for name, check in WHOLE.items() if name not in (*IMAGE, "saved and loaded")}


def named(findings: list[Finding]) -> list[str]:
    return [finding.check for finding in faults(findings)]


@pytest.mark.parametrize("name", WEIGHT_PLANTS)
def test_a_fault_of_the_weights_is_named(name: str, opened: Callable[[str], Model], probes: Probes) -> None:
    check, plant = WEIGHT_PLANTS[name]
    model = opened("clip")
    plant(model)
    assert named(diagnose(Subject(model, probes))) == [check]


@pytest.mark.parametrize("name", MEDIA_PLANTS)
def test_a_fault_of_the_media_side_is_named(name: str, opened: Callable[[str], Model], probes: Probes) -> None:
    check, plant = MEDIA_PLANTS[name]
    model = opened("clip")
    plant(model)
    assert named(diagnose(Subject(model, probes), checks=MEDIA | IMAGE)) == [check]


@pytest.mark.parametrize("name", TEXT_PLANTS)
def test_a_fault_of_the_text_side_is_named(name: str, opened: Callable[[str], Model], probes: Probes) -> None:
    family, check, plant = TEXT_PLANTS[name]
    model = opened(family)
    plant(model)
    assert named(diagnose(Subject(model, probes), checks=TEXTS | TOGETHER)) == [check]


def test_a_video_that_is_read_otherwise_than_a_picture(
    opened: Callable[[str], Model], probes: Probes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "frame_tensor", lambda *given: frame_tensor(*given).flip(0))
    findings = diagnose(Subject(opened("clip"), probes), checks=MEDIA)
    assert named(findings) == ["frame pixels"]
    assert "BGR" in faults(findings)[0].found


def test_the_first_frames_instead_of_frames_from_all_over(
    opened: Callable[[str], Model], probes: Probes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "choose", lambda timeline, sampling, *rest: timeline.pts[: sampling.frames])
    assert named(diagnose(Subject(opened("clip"), probes), checks=MEDIA)) == ["frame times"]


def test_resizing_without_antialiasing(
    opened: Callable[[str], Model], probes: Probes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plainly(frames: Tensor, size: tuple[int, int], mode: str, antialias: bool) -> Tensor:
        return torch.nn.functional.interpolate(frames.float(), size, mode=mode).round().clamp(0, 255).byte()

    monkeypatch.setattr(transforms, "interpolate", plainly)
    findings = diagnose(Subject(opened("clip"), probes), checks=MEDIA)
    assert named(findings) == ["resize kernel"]
    assert "antialiasing" in faults(findings)[0].found


def test_a_changed_processor_file(folder: Callable[[str], Path], probes: Probes, tmp_path: Path) -> None:
    """The folder says something else than what was read of it: as after an upgrade of one file."""
    changed = shutil.copytree(folder("siglip"), tmp_path / "changed")
    model = load(changed, frames=FRAMES)
    said = json.loads((changed / "preprocessor_config.json").read_text())
    (changed / "preprocessor_config.json").write_text(json.dumps(said | {"image_mean": [0.2, 0.4, 0.6]}))
    findings = diagnose(Subject(model, probes), checks=MEDIA)
    assert named(findings) == ["mean and deviation"]


@pytest.mark.parametrize("name", ["clip4clip-run", "clip+mclip"])
def test_a_language_that_is_asked_for_and_unknown(name: str, opened: Callable[[str], Model], probes: Probes) -> None:
    checks = {name: TEXTS[name] for name in ("routing", "languages")}
    assert named(diagnose(Subject(opened(name), probes, ["en", "hi"]), checks=checks)) == ["languages"]
    assert not named(diagnose(Subject(opened(name), probes, ["en", "de"]), checks=checks))
    (_, unheard) = diagnose(Subject(opened(name), probes, ["xx"]), checks=checks)
    assert unheard.verdict is Verdict.UNKNOWN


def test_the_card_names_the_languages(folder: Callable[[str], Path], probes: Probes, tmp_path: Path) -> None:
    run = shutil.copytree(folder("clip4clip-run"), tmp_path / "run")
    checks = {name: TEXTS[name] for name in ("routing", "languages")}
    for langs, wanted in (("[en, de]", []), ("[en, th]", ["languages"]), ("th", ["languages"])):
        (run / "README.md").write_text(f"---\nlanguage: {langs}\n---\n# A run\n")
        assert named(diagnose(Subject(load(run), probes), checks=checks)) == wanted


def test_what_a_run_does_not_save(opened: Callable[[str], Model], probes: Probes) -> None:
    model = opened("clip4clip-run")
    text_out(lambda vectors: vectors.roll(1, 1))(model)
    assert named(diagnose(Subject(model, probes))) == ["saved and loaded"]


def test_encoding_that_changes_weights(opened: Callable[[str], Model], probes: Probes) -> None:
    model = opened("clip4clip-run")
    head: Any = model.method.media_modules().head  # type: ignore[union-attr]

    def drift(*_: Any) -> None:
        head.standardise.mean.add_(1e-3)

    head.register_forward_hook(drift)
    assert named(diagnose(Subject(model, probes), checks=WHOLE)) == ["saved and loaded"]


def test_weights_in_half_precision_are_compared_with_full_ones(opened: Callable[[str], Model], probes: Probes) -> None:
    model = opened("clip")
    model.method.half()
    checks = {name: MEDIA[name] for name in ("picture size", "media in half precision")}
    assert not named(diagnose(Subject(model, probes), checks=checks))
