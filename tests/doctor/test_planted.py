"""Each planted fault is named by exactly the right check; a healthy model of each family passes all."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from families import FAMILIES, write_family
from spoiled import (
    Plant,
    attribute,
    coarse,
    ids,
    layer,
    media_in,
    media_out,
    pixels,
    plain,
    policy,
    pooled,
    spec,
    text_backbone,
    text_out,
    unmasked,
    vision,
    weight,
)
from torch import Tensor

from babelreel.data.coverage import everyday
from babelreel.data.grams import learn_grams
from babelreel.data.tokenizers import refuse_empty, without_special
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
from babelreel.types import MediaBatch, Representation

FRAMES = 4
SPECIAL = re.compile("<[a-z]+>|</s>")
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


def reversed_frames(batch: MediaBatch) -> MediaBatch:
    return replace(batch, frames=batch.frames.flip(1)) if bool(batch.mask.all()) else batch


def first_two(batch: MediaBatch) -> MediaBatch:
    return replace(batch, frames=batch.frames[:, :2], mask=batch.mask[:, :2], times=batch.times[:, :2])


def turned_tokens(rows: Representation) -> Representation:
    assert rows.tokens is not None
    return replace(rows, tokens=rows.tokens.flip(1))


def over(weigh: Callable[[Tensor], Tensor]) -> Callable[[Representation], Representation]:
    """Pool tokens by weights of their places."""

    def pool(rows: Representation) -> Representation:
        assert rows.tokens is not None
        places = weigh(torch.arange(1.0, rows.tokens.shape[1] + 1)).view(1, -1, 1)
        vectors = (rows.tokens * places).sum(1)
        return replace(rows, pooled=torch.nn.functional.normalize(vectors, dim=1))

    return pool


def halved_times(rows: Representation) -> Representation:
    assert rows.times is not None
    return replace(rows, times=rows.times / 2)


def scrambled(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return (x.permute(0, 2, 3, 1).reshape(x.shape) - mean) / std


def repeat_layer(model: Model) -> None:
    layer(model, "media", 1).load_state_dict(layer(model, "media", 0).state_dict())


def share_layer(model: Model) -> None:
    layer(model, "text", 0).mlp.fc1.weight.copy_(layer(model, "media", 0).mlp.fc1.weight)


def half_random(model: Model) -> None:
    torch.nn.init.normal_(layer(model, "text", 1).mlp.fc2.weight)


def not_a_number(model: Model) -> None:
    layer(model, "media", 0).mlp.fc1.bias[0] = float("nan")


def ends_elsewhere(model: Model) -> None:
    text_backbone(model).config.eos_token_id = 7


def cut_bluntly(row: list[int], tokenizer: Any) -> list[int]:
    """Too long texts lose their end: the last piece stands in its place."""
    return [*row[:-1], row[-2]] if len(row) == tokenizer.limit else row


def neighbours(row: list[int], tokenizer: Any) -> list[int]:
    """Other pieces, as of a vocabulary in another order."""
    return [row[0], *(n - n % 2 + 4 for n in row[1:-1]), row[-1]]


def normalised(vectors: Tensor) -> Tensor:
    return torch.nn.functional.normalize(vectors, dim=1)


MEDIA_PLANTS: dict[str, tuple[str, Plant]] = {
    "reshaped, not permuted": ("layout", pixels(scrambled)),
    "BGR": ("channel order", pixels(lambda x, m, s: (x.flip(1) - m) / s)),
    "BGR after normalising": ("channel order", pixels(lambda x, m, s: ((x - m) / s).flip(1))),
    "0 to 255, normalised": ("value range", pixels(lambda x, m, s: (255 * x - m) / s)),
    "0 to 255": ("value range", pixels(lambda x, m, s: 255 * x)),
    "0 to 1": ("value range", pixels(lambda x, m, s: x)),
    "divided twice": ("value range", pixels(lambda x, m, s: (x / 255 - m) / s)),
    "normalised twice": ("value range", pixels(lambda x, m, s: ((x - m) / s - m) / s)),
    "another mean": ("mean and deviation", spec(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))),
    "another size": ("picture size", spec(height=36, width=36)),
    "bilinear": ("resize kernel", spec(interpolation="bilinear")),
    "squashed": ("crop and aspect", spec(policy="squash")),
    "mirrored": ("upright", pixels(lambda x, m, s: (x.flip(3) - m) / s)),
    "transposed": ("upright", pixels(lambda x, m, s: (x.transpose(2, 3) - m) / s)),
    "gamma": ("other pixels", pixels(lambda x, m, s: (x.clamp(min=0) ** 2.2 - m) / s)),
    "frames backwards": ("frame order", media_in(reversed_frames)),
    "half of the frames": ("frame number", media_in(first_two)),
    "halved times": ("frame times", media_out(halved_times)),
    "padding is real": ("padded frames", media_in(lambda b: replace(b, mask=torch.ones_like(b.mask)))),
    "batch statistics": ("media in a batch", pooled(lambda v: normalised(v + 0.2 * v.mean(0)))),
    "noise": ("media twice", pooled(lambda v: normalised(v + 0.01 * torch.randn_like(v)))),
    "NaN": ("finite media", pooled(lambda v: v * float("nan"))),
    "zeros": ("finite media", pooled(torch.zeros_like)),
    "tokens backwards": ("places of frames", media_out(turned_tokens)),
    "first frame only": ("every frame", media_out(over(lambda n: (n == 1).float()))),
    "later frames weigh more": ("clip backwards", media_out(over(lambda n: n))),
    "collapsed": ("collapsed media", pooled(lambda v: normalised(torch.ones_like(v) + 1e-4 * v))),
    "coarse": ("media in half precision", lambda model: coarse(vision(model).backbone.visual_projection)),
}
WEIGHT_PLANTS: dict[str, tuple[str, Plant]] = {
    "dropout on": ("evaluation mode", lambda model: vision(model).train()),
    "a layer for both": ("two towers", weight(share_layer)),
    "a layer twice": ("repeated layers", weight(repeat_layer)),
    "half random": ("weights of the checkpoint", weight(half_random)),
    "NaN weight": ("finite weights", weight(not_a_number)),
}
TEXT_PLANTS: dict[str, tuple[str, str, Plant]] = {
    "case kept": ("siglip2", "lower case", policy(lower=False)),
    "case lost": ("metaclip2", "lower case", policy(lower=True)),
    "padded to the longest": ("siglip2", "padding length", policy(padding="longest")),
    "padded on the left": (
        "metaclip2", "padding side", lambda model: setattr(model.method.texts["query"].backend, "padding_side", "left")  # type: ignore[attr-defined]
    ),
    "no end": ("clip", "end token", ids(lambda row, tokenizer: row[:-1])),
    "two ends": ("clip", "end token", ids(lambda row, tokenizer: [*row[: tokenizer.limit - 1], row[-1]])),
    "pooled elsewhere": ("metaclip2", "end token", ends_elsewhere),
    "end cut off": ("metaclip2", "end token after a cut", ids(cut_bluntly)),
    "too long": ("metaclip2", "text length", policy(max_length=200)),
    "too short": ("metaclip2", "text length", policy(max_length=16)),
    "special tokens read": ("metaclip2", "special tokens in captions", plain(refuse_empty)),
    "not composed": (
        "metaclip2", "Unicode forms", plain(lambda text: without_special(text, SPECIAL)),
    ),
    "other pieces": ("metaclip2", "pieces of the tokenizer", ids(neighbours)),
    "padding is read": ("clip+mclip", "padded texts", unmasked),
    "text noise": ("metaclip2", "text twice", text_out(lambda v: normalised(v + 0.01 * torch.randn_like(v)))),
    "text NaN": ("metaclip2", "finite texts", text_out(lambda v: v * float("nan"))),
    "text zeros": ("metaclip2", "finite texts", text_out(torch.zeros_like)),
    "text batch": ("metaclip2", "texts in a batch", text_out(lambda v: normalised(v + 0.2 * v.mean(0)))),
    "text collapsed": ("metaclip2", "collapsed texts", text_out(lambda v: normalised(torch.ones_like(v) + 1e-4 * v))),
    "text coarse": (
        "metaclip2", "texts in half precision", lambda model: coarse(text_backbone(model).text_projection)
    ),
    "not normalised": ("metaclip2", "lengths", text_out(lambda v: 3 * v)),
    "narrow": ("metaclip2", "widths", text_out(lambda v: normalised(v[:, :-4]))),
    "distances": ("metaclip2", "scores", attribute("score", lambda score: lambda q, i: -score(q, i))),
    "nobody reads Hindi": (
        "metaclip2", "routing", attribute("route", lambda route: lambda lang: "hindi" if lang == "hi" else route(lang))
    ),
}  # fmt: skip


IMAGE = {name: WHOLE[name] for name in ("published image tower",)}


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
    assert named(diagnose(Subject(model, probes), checks=TEXTS | WHOLE)) == [check]


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
