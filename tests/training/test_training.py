"""training/: killed and resumed is the same as never stopped; validation chooses; faults are told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from typer.testing import CliRunner

import babelreel
import babelreel.model
from babelreel.cli import app
from babelreel.config import from_dict, load_toml, parse_override
from babelreel.corpora.manifest import write_manifest
from babelreel.data.grams import learn_grams
from babelreel.data.sampler import CaptionSampler
from babelreel.encoders.grams import GramConfig, GramEncoder
from babelreel.encoders.heads import HeadConfig
from babelreel.encoders.media import MediaTower
from babelreel.encoders.small import write_small_clip
from babelreel.encoders.vision import VisionEncoder
from babelreel.errors import ConfigError, CorpusError, ModelError
from babelreel.evaluate import evaluate_model
from babelreel.media.transforms import ImageSpec
from babelreel.media.video import Sampling
from babelreel.methods.clip4clip import CLIP4Clip
from babelreel.runs import load_run
from babelreel.training import checkpoint, loop
from babelreel.training.feed import Feed, compute_features
from babelreel.training.loop import train
from babelreel.training.optim import groups, rate
from babelreel.training.recipe import Recipe, build_method, method_config
from babelreel.types import Caption, Corpus, MediaItem

COLOURS = {
    "red": ("rot", 200, 20, 20), "green": ("grün", 20, 200, 20), "blue": ("blau", 20, 20, 200),
    "grey": ("grau", 120, 120, 120), "white": ("weiß", 240, 240, 240), "black": ("schwarz", 5, 5, 5),
}  # fmt: skip


def colour_corpus(root: Path, count: int = 24) -> Corpus:
    items = []
    for n in range(count):
        english, (german, *rgb) = list(COLOURS.items())[n % 6]
        Image.fromarray(np.full((32, 32, 3), rgb, np.uint8) + np.uint8(n % 5)).save(root / f"{n}.png")
        captions = (
            Caption(f"a {english} picture", "en", group="a"), Caption(f"ein Bild, {german}", "de", group="a"),
            Caption(f"something {english}", "en"), Caption(f"etwas, das {german} ist", "de"),
        )  # fmt: skip
        split = "val" if n >= count - 6 else "train"
        items.append(MediaItem(f"i{n}", f"{n}.png", "image", split=split, captions=captions))
    return Corpus("colours", root, tuple(items))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("world")
    corpus = colour_corpus(root)
    write_manifest(corpus, root / "m.jsonl")
    texts = [c.text for item in corpus.items for c in item.captions]
    write_small_clip(root / "clip", texts, width=32, image_size=32, vocab_size=300)
    return root


TEXT = {"layers": 1, "width": 32, "heads": 2, "vocabulary": 90, "max_length": 16}


def recipe(world: Path, **changes: dict[str, object]) -> Recipe:
    values: dict[str, dict[str, object]] = {
        "method": {"name": "clip4clip", "vision": {"source": str(world / "clip")}, "text": TEXT,
                   "head": {"kind": "linear", "width": 16}},
        "data": {"corpus": str(world / "m.jsonl"), "langs": ["en", "de"]},
        "training": {"epochs": 3, "batch_size": 6, "lr": 0.01},
    }  # fmt: skip
    for section, settings in changes.items():
        values[section] = {**values[section], **settings} if section in values else settings
    return from_dict(Recipe, values)


def losses(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [line["losses"] for line in lines if "losses" in line]


def test_a_training_learns_and_its_run_opens(world: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    done = train(recipe(world, training={"epochs": 12}), tmp_path, report=lambda d, t, note="": seen.append((d, t)))
    assert seen[-1] == (36, 36)
    assert done.steps == 36
    found = [step["contrastive"] for step in losses(tmp_path)]
    assert sum(found[-3:]) < 0.7 * sum(found[:3])  # some items of a batch share a colour, so it cannot reach 0
    info = json.loads((tmp_path / "run.json").read_text())
    validations = [
        json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines() if "validation" in line
    ]
    assert len(validations) == 12
    best = max(validations, key=lambda v: v["validation"]["mean"])
    assert info["made"]["step"] == best["step"] == done.best_step  # the best on validation, the first of equals
    # What the folder opens as is what was measured, and better than the sixth part that chance gives.
    corpus = babelreel.open_corpus(str(world / "m.jsonl")).select("val")
    result = evaluate_model(babelreel.load(tmp_path), corpus)
    assert (result.header.seeds, result.header.trained_at) == ((0,), result.header.commit)
    again = [result.row(lang, "t2i").measures["R@1"] for lang in ("de", "en")]
    assert sum(again) / 2 == pytest.approx(best["validation"]["R@1"])
    assert best["validation"]["R@1"] > 40


@pytest.mark.parametrize("kind", ["mumur", "mkd", "mla", "whole"])
def test_every_method_trains_by_recipe(kind: str, world: Path, tmp_path: Path) -> None:
    """MuMUR with both branches and grid tokens; MKD from a trained run; MLA over a hub folder, stage after stage; and a
    backbone that is trained too."""
    if kind == "mumur":
        method = {"name": "mumur", "vision": {"source": str(world / "clip"), "grid": True}, "text": TEXT,
                  "english": TEXT, "head": {"kind": "linear", "width": 16}, "dropout": 0.0}  # fmt: skip
        chosen = replace(recipe(world, data={"langs": ["de"]}, training={"epochs": 8}), method=method)
        names = {"english", "multilingual"}
    elif kind == "mkd":
        train(recipe(world, data={"langs": ["en"]}), tmp_path / "teacher")
        method = {"name": "mkd", "teacher": str(tmp_path / "teacher"), "student": TEXT}
        chosen = replace(recipe(world, data={"langs": ["de"]}, training={"epochs": 8}), method=method)
        names = {"l2"}
    elif kind == "mla":
        first = {"name": "mla", "base": str(world / "clip"), "langs": ["de"], "vocabulary": {"size": 60, "width": 8}}
        chosen = recipe(world, data={"langs": ["de"], "mixing": "turns"}, training={"epochs": 2})
        train(replace(chosen, method=first), tmp_path / "nlt")
        assert set(losses(tmp_path / "nlt")[0]) == {"l2"}
        method = {"name": "mla", "base": str(tmp_path / "nlt"), "langs": ["de"], "stage": "le"}
        chosen = replace(chosen, method=method, training=replace(chosen.training, epochs=8))
        names = {"contrastive"}
    else:
        method = {
            "name": "clip4clip",
            "vision": {"source": str(world / "clip")},
            "text": {"source": str(world / "clip")},
        }
        chosen = replace(recipe(world, training={"freeze_backbone": False, "lr": 1e-3, "epochs": 4}), method=method)
        names = {"contrastive"}
    train(chosen, tmp_path / "run")
    made = json.loads((tmp_path / "run" / "run.json").read_text())["made"]
    both = ["de", "en"]
    seen = {"mumur": (both, []), "mkd": (both, ["en"]), "mla": (["de"], both), "whole": (both, [])}
    assert (made["trained"], made["earlier"]) == seen[kind]  # the languages of this stage, and of those before it
    found = losses(tmp_path / "run")
    assert set(found[0]) == names
    assert sum(found[-1].values()) < 0.9 * sum(found[0].values())
    assert babelreel.load(tmp_path / "run").encode_text(["ein Bild"], "de").pooled is not None


def test_grams_and_views_lead_to_the_grid_and_to_a_student(world: Path, tmp_path: Path) -> None:
    """CLIP4Clip over grams and mirrored views; MuMUR over the grid from its run; MKD with a student of grams."""
    grams = {"vocabulary": 300, "width": 16, "hidden": 16}
    view = {"layers": [1], "mirror": True}
    first = {"name": "clip4clip", "vision": {"source": str(world / "clip"), "view": view}, "text": {"grams": grams},
             "head": {"kind": "summary", "width": 16, "hidden": 16, "dropout": 0.2},
             "between_captions": 0.2}  # fmt: skip
    chosen = recipe(world, data={"captions": 2}, training={"epochs": 8})
    first_run, grid_run, mkd_run = (tmp_path / name for name in ("first", "grid", "mkd"))
    train(replace(chosen, method=first), first_run)
    found = losses(first_run)
    assert set(found[0]) == {"contrastive", "captions"}
    assert sum(found[-1].values()) < 0.9 * sum(found[0].values())
    corpus = babelreel.open_corpus(str(world / "m.jsonl")).select("val")
    assert evaluate_model(babelreel.load(first_run), corpus).row("de", "t2i").measures["R@1"] > 40
    source = str(first_run)
    second = {"name": "mumur", "vision": {"source": source, "grid": True}, "text": {"source": source}}
    train(replace(recipe(world, data={"langs": ["de"]}, training={"epochs": 1}), method=second), grid_run)
    assert babelreel.load(grid_run).encode_media(corpus).representation.tokens.shape == (6, 4, 16)  # type: ignore[union-attr]
    assert losses(grid_run)[0]["english"] < 0.9 * losses(first_run)[0]["contrastive"]  # it begins where the first ended
    third = {"name": "mkd", "teacher": source, "distance": "cosine", "student": {"grams": grams}}
    train(replace(recipe(world, data={"langs": ["de"]}, training={"epochs": 8}), method=third), mkd_run)
    assert losses(mkd_run)[-1]["cosine"] < 0.5 * losses(mkd_run)[0]["cosine"]


def test_features_are_those_of_a_backbone_at_rest(world: Path, tmp_path: Path) -> None:
    """A run's backbone comes in training mode, where batch normalisation would read, and move to, its batch."""
    torch.manual_seed(0)
    config = transformers.MobileNetV2Config(depth_multiplier=0.1, min_depth=4, depth_divisible_by=4, image_size=32)
    vision = VisionEncoder(transformers.MobileNetV2Model(config, add_pooling_layer=False), ImageSpec(32, 32))
    media = MediaTower(vision, HeadConfig("linear", 16), False)
    text = GramEncoder(learn_grams(["a red picture", "a blue picture"], 50), 16, GramConfig())
    method = CLIP4Clip(media, text, Sampling()).train()
    before = {name: tensor.clone() for name, tensor in vision.state_dict().items()}
    corpus = babelreel.open_corpus(str(world / "m.jsonl")).select("val")
    found = compute_features(method, corpus, torch.device("cpu"), tmp_path).read([i.id for i in corpus.items])
    assert all(tensor.equal(before[name]) for name, tensor in vision.state_dict().items())
    at_rest = babelreel.model.Model(method, {"source": ""}).encode_media(corpus, tmp_path)
    with torch.no_grad():
        again = method.encode_features(found).pooled
    assert at_rest.representation is not None
    torch.testing.assert_close(again, at_rest.representation.pooled, rtol=0.01, atol=0.01)


def test_killed_and_resumed_gives_the_same_losses(world: Path, tmp_path: Path) -> None:
    """With dropout on, so that the random state counts too."""
    (world / "r.toml").write_text(
        f"""
        [method]
        name = "clip4clip"
        vision = {{source = "{world / "clip"}"}}
        text = {{layers = 1, width = 32, heads = 2, vocabulary = 90, max_length = 16, dropout = 0.3}}
        head = {{kind = "linear", width = 16, dropout = 0.3}}
        [data]
        corpus = "{world / "m.jsonl"}"
        [training]
        epochs = 40
        batch_size = 6
        lr = 0.01
        validate_every = 10
        checkpoint_seconds = 0.02
        """
    )
    whole = train(load_toml(world / "r.toml", Recipe), tmp_path / "whole")
    assert whole.steps == 120
    command = [sys.executable, "-m", "babelreel", "train", str(world / "r.toml"), "-o", str(tmp_path / "killed")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log = tmp_path / "killed" / "log.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and (not log.exists() or log.read_text().count("\n") < 20):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    killed_at = len(losses(tmp_path / "killed"))
    assert 15 < killed_at < 120
    train(load_toml(world / "r.toml", Recipe), tmp_path / "killed", resume=True)
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")
    for name in ("model.safetensors",):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    with pytest.raises(ConfigError, match="Use --resume"):
        train(load_toml(world / "r.toml", Recipe), tmp_path / "killed")


def test_the_average_of_the_weights_is_kept(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand, from the weights of every step; and an interrupted training comes to the same average."""
    seen: list[dict[str, torch.Tensor]] = []
    original = loop._Run._step

    def step(self: loop._Run, batch: object) -> dict[str, float]:
        result = original(self, batch)
        seen.append({name: p.detach().clone() for name, p in self.method.named_parameters() if p.requires_grad})
        return result

    monkeypatch.setattr(loop._Run, "_step", step)
    chosen = recipe(world, training={"ema": 0.8, "epochs": 3, "validate_every": 3})
    train(chosen, tmp_path / "whole")
    average = seen[0]
    for count, weights in enumerate(seen[1:], start=1):
        keep = min(0.8, (1 + count) / (10 + count))
        average = {name: keep * value + (1 - keep) * weights[name] for name, value in average.items()}
    kept = load_run(tmp_path / "whole").state_dict()
    assert len(seen) == 9
    for name, value in average.items():
        torch.testing.assert_close(kept[name], value, rtol=1e-4, atol=1e-6)
    assert max(float((kept[name] - seen[-1][name]).abs().max()) for name in average) > 1e-3
    monkeypatch.undo()
    chosen = _interrupted(world, tmp_path / "twice", monkeypatch, ema=0.8, epochs=3, validate_every=3)
    train(chosen, tmp_path / "twice", resume=True)
    for name, value in load_run(tmp_path / "twice").state_dict().items():
        torch.testing.assert_close(value, kept[name], rtol=0, atol=0)


def test_frames_are_augmented_alike_whichever_way_they_are_read(world: Path, tmp_path: Path) -> None:
    """A training on frames: the same views in a resumed run, other ones in another epoch, and it still learns."""
    method = {"name": "clip4clip", "vision": {"source": str(world / "clip")}, "text": {"source": str(world / "clip")}}
    options = {"freeze_backbone": False, "lr": 1e-3, "epochs": 2}
    chosen = recipe(world, data={"augment": {"crop": 0.5, "flip": True, "colour": 0.3}}, training=options)
    chosen = replace(chosen, method=method)
    corpus = babelreel.open_corpus(str(world / "m.jsonl")).select("train")
    built = build_method(method_config(chosen.method), [Caption("a red picture", "en")])

    def frames(epoch: int, skip: int, process: int, processes: int) -> list[torch.Tensor]:
        sampler = CaptionSampler(corpus, 6, seed=0)
        feed = Feed(built, corpus, sampler, None, 0, chosen.data.augment)
        return [b.media.frames for b in feed.epoch(epoch, skip, process, processes) if b.media is not None]

    whole = frames(1, 0, 0, 1)
    assert len(whole) == 3
    assert torch.equal(frames(1, 2, 0, 1)[0], whole[2])
    parts = [frames(1, 0, process, 2) for process in (0, 1)]
    assert all(torch.equal(torch.cat([a, b]), w) for a, b, w in zip(*parts, whole, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(frames(2, 0, 0, 1), whole, strict=True))
    assert train(chosen, tmp_path).steps == 6
    with pytest.raises(ConfigError, match="a frozen backbone's features are computed once"):
        recipe(world, data={"augment": {"flip": True}})


def test_trackers_are_told_what_the_log_says(world: Path, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(recipe(world, training={"trackers": ["tensorboard"]}), tmp_path)
    events = EventAccumulator(str(tmp_path / "tracked")).Reload()
    told = [event.value for event in events.Scalars("losses.contrastive")]
    assert told == pytest.approx([step["contrastive"] for step in losses(tmp_path)])
    assert len(events.Scalars("validation.mean")) == 3
    with pytest.raises(ConfigError, match="'wandb', which is not installed"):
        train(recipe(world, training={"trackers": ["wandb"]}), tmp_path / "other")
    with pytest.raises(ConfigError, match="expected one of 'aim'"):
        recipe(world, training={"trackers": ["wanbd"]})


def test_the_card_says_what_was_trained(world: Path, tmp_path: Path) -> None:
    from huggingface_hub import ModelCard

    train(recipe(world), tmp_path)
    card = ModelCard.load(tmp_path / "README.md")
    assert card.data.language == ["de", "en"]
    info = json.loads((tmp_path / "run.json").read_text())
    assert f"R@1 {info['made']['validation']['R@1']:.1f}" in card.text
    assert "split `val`, which chose this checkpoint" in card.text
    assert str(world) not in card.text.partition("## Recipe")[0]


def test_two_processes_train_as_one(world: Path, tmp_path: Path) -> None:
    """torchrun over gloo: the losses of every step are those of one process on the joint batch, and one log is kept."""
    (world / "two.toml").write_text(
        f"""
        [method]
        name = "mumur"
        vision = {{source = "{world / "clip"}", grid = true}}
        text = {{layers = 1, width = 32, heads = 2, vocabulary = 90, max_length = 16, dropout = 0.0}}
        head = {{kind = "linear", width = 16, dropout = 0.0}}
        dropout = 0.0
        [data]
        corpus = "{world / "m.jsonl"}"
        langs = ["de"]
        [training]
        epochs = 2
        batch_size = 6
        lr = 0.01
        """
    )
    train(load_toml(world / "two.toml", Recipe), tmp_path / "one")
    # A branch that is switched off leaves weights without gradients; and frames instead of stored features.
    english = "method.english={layers=1, width=32, heads=2, vocabulary=90, max_length=16, dropout=0.0}"
    changes = ["method.multilingual=false", "method.similarity=dot", english, "training.epochs=1",
               "training.freeze_backbone=false", "data.augment.flip=true", "training.chunk=2"]  # fmt: skip
    sets = [part for change in changes for part in ("--set", change)]
    both = ["two", []], ["unused", sets]
    (tmp_path / "both.py").write_text(
        "import sys\n"
        "from babelreel.cli import main\n"
        f"for name, sets in {both}:\n"
        f"    sys.argv[1:] = ['train', {str(world / 'two.toml')!r}, '-o', {str(tmp_path)!r} + '/' + name, *sets]\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit as end:\n"
        "        if end.code:\n"
        "            raise\n"
    )
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", str(tmp_path / "both.py")]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("The model:") == 2
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(one) == len(two) == 6
    for a, b in zip(one, two, strict=True):
        assert b == pytest.approx(a, rel=1e-3)
    train(load_toml(world / "two.toml", Recipe, dict(map(parse_override, changes))), tmp_path / "one unused")
    for a, b in zip(losses(tmp_path / "one unused"), losses(tmp_path / "unused"), strict=True):
        assert b == pytest.approx(a, rel=1e-3)
    odd = {"batch_size": 5}
    with pytest.raises(ConfigError, match="a batch_size that divides among them"):
        loop.refuse_uneven(replace(recipe(world), training=replace(recipe(world).training, **odd)), 2)


def test_a_run_over_grams_is_indexed_and_searched(world: Path, tmp_path: Path) -> None:
    """From the shell: train, index the pictures, ask; a query of unknown words is said to be one."""
    chosen = recipe(world, method={"text": {"grams": {"width": 32, "hidden": 32, "vocabulary": 200}}},
                    training={"epochs": 10})  # fmt: skip
    train(chosen, tmp_path / "run")
    said = CliRunner().invoke(
        app, ["index", str(world), "--model", str(tmp_path / "run"), "-o", str(tmp_path / "index")]
    )
    assert said.exit_code == 0, said.output
    found = CliRunner().invoke(app, ["search", "something white", "--index", str(tmp_path / "index"), "-k", "3"])
    assert len(found.stdout.splitlines()) == 3
    assert not found.stderr
    unknown = CliRunner().invoke(app, ["search", "🐕 xyzzy", "--index", str(tmp_path / "index")])
    assert unknown.exit_code == 0
    assert "The model knows nothing of this query" in unknown.stderr


def test_bfloat16_trains_to_about_the_same(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("babelreel.training.loop.multiplies_bfloat16", lambda: True)  # slowly, where it does not
    for precision in ("no", "bf16"):
        train(recipe(world, training={"epochs": 6, "precision": precision}), tmp_path / precision)
    full, half = losses(tmp_path / "no"), losses(tmp_path / "bf16")
    assert half != full
    assert [row["contrastive"] for row in half] == pytest.approx([row["contrastive"] for row in full], rel=0.15)
    assert load_run(tmp_path / "bf16").log_scale.dtype == torch.float32  # weights stay in full precision


def test_without_instructions_for_bfloat16_training_is_in_float32(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("babelreel.training.loop.multiplies_bfloat16", lambda: False)
    for precision in ("no", "bf16"):
        train(recipe(world, training={"epochs": 1, "precision": precision}), tmp_path / precision)
    assert losses(tmp_path / "bf16") == losses(tmp_path / "no")
    assert "no instructions for bfloat16" in caplog.text


def test_stopped_by_hand_says_how_to_go_on(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "train", stop)
    (world / "s.toml").write_text(
        f'method = {{name = "mkd", teacher = "t"}}\ndata = {{corpus = "{world / "m.jsonl"}"}}'
    )
    done = CliRunner().invoke(app, ["train", str(world / "s.toml"), "-o", str(tmp_path)])
    assert done.exit_code == 130
    assert "The same command with --resume goes on" in done.stderr


def test_early_stopping(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "validate", lambda *_: {"mean": 1.0})
    done = train(recipe(world, training={"epochs": 9, "patience": 2}), tmp_path)
    assert (done.steps, done.best_step) == (9, 3)


def test_choosing_on_the_test_split_is_refused(world: Path) -> None:
    for split in ("test", "test1", "test_2017_flickr"):
        with pytest.raises(ConfigError, match=f"'{split}' would choose the checkpoint on the test split"):
            recipe(world, data={"validate": split})
    with pytest.raises(ConfigError, match="choose checkpoints on other data"):
        recipe(world, data={"validate": "train"})


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"data": {"langs": ["sw"]}}, CorpusError, "no captions in sw"),
        ({"data": {"train": "trian"}}, CorpusError, "no split 'trian'"),
        ({"training": {"batch_size": 500}}, CorpusError, "A batch needs 500 items, but only 18"),
        ({"method": {"name": "clip5"}}, ConfigError, "must name one of clip4clip"),
        ({"method": {"haed": {}}}, ConfigError, "haed: unknown key; did you mean 'head'"),
        ({"method": {"head": {"kind": "linear", "dropout": 2.0}}}, ConfigError, "dropout"),
        ({"method": {"vision": {"source": "/no/such/model"}}}, ModelError, "no model folder"),
    ],
)
def test_recipes_that_do_not_fit(
    changes: dict[str, dict[str, object]], error: type[Exception], message: str, world: Path, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        train(recipe(world, **changes), tmp_path)
    assert not (tmp_path / "log.jsonl").exists()


def test_wrong_numbers_are_refused(world: Path) -> None:
    with pytest.raises(ConfigError, match="start at 1"):
        recipe(world, training={"epochs": 0})
    with pytest.raises(ConfigError, match="ema goes from 0 to below 1"):
        recipe(world, training={"ema": 1.0})
    with pytest.raises(ConfigError, match="crop goes from above 0"):
        recipe(world, data={"augment": {"crop": 0.0}})
    with pytest.raises(ConfigError, match="captions must be at least 1"):
        recipe(world, data={"captions": 0})


def test_files_that_cannot_be_read_stop_a_training(world: Path, tmp_path: Path) -> None:
    corpus = colour_corpus(world)
    gone = replace(corpus, items=(*corpus.items, replace(corpus.items[0], id="gone", path="gone.png")))
    write_manifest(gone, world / "gone.jsonl")
    with pytest.raises(CorpusError, match=r"1 of 25 items cannot be read"):
        train(recipe(world, data={"corpus": str(world / "gone.jsonl")}), tmp_path)


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good(world: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"not a number at step \d+: .* try a lower lr"):
        train(recipe(world, training={"lr": 1e30, "clip": 1e30, "epochs": 30, "warmup": 0.0}), tmp_path)


def _interrupted(world: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, **training: object) -> Recipe:
    chosen = recipe(world, training=training)
    original = loop._Run._step

    def step(self: loop._Run, batch: object) -> dict[str, float]:
        if self.progress.step == 4:
            raise KeyboardInterrupt
        return original(self, batch)

    monkeypatch.setattr(loop._Run, "_step", step)
    with pytest.raises(KeyboardInterrupt):
        train(chosen, folder)
    monkeypatch.setattr(loop._Run, "_step", original)
    return chosen


def test_checkpoints_that_do_not_fit(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = _interrupted(world, tmp_path, monkeypatch)
    changed = replace(chosen, training=replace(chosen.training, lr=0.5))
    with pytest.raises(ModelError, match=r"The recipe has changed in \[training\]"):
        train(changed, tmp_path, resume=True)
    path = checkpoint.latest_checkpoint(tmp_path / "checkpoints")
    assert path is not None
    state = json.loads((path / "state.json").read_text())
    (path / "state.json").write_text(json.dumps(state | {"format": 99}))
    with pytest.raises(ModelError, match="has format 99"):
        train(chosen, tmp_path, resume=True)
    (path / "state.json").write_text("{")
    with pytest.raises(ModelError, match="is damaged"):
        train(chosen, tmp_path, resume=True)
    (path / "state.json").write_text(json.dumps(state))
    (path / "optimizer.safetensors").write_bytes(b"\0" * 20)
    with pytest.raises(ModelError, match="is damaged"):
        train(chosen, tmp_path, resume=True)


def test_a_full_disk_keeps_the_last_checkpoint(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = _interrupted(world, tmp_path, monkeypatch)
    before = checkpoint.latest_checkpoint(tmp_path / "checkpoints")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(ModelError, match="No space left on device"):
        train(chosen, tmp_path, resume=True)
    assert before is not None
    assert sorted(os.listdir(tmp_path / "checkpoints")) == ["start", before.name]
    monkeypatch.undo()
    assert train(chosen, tmp_path, resume=True).steps == 9


def test_the_rate_rises_and_falls() -> None:
    rates = [rate(step, 100, 0.1) for step in range(100)]
    assert rates.index(max(rates)) == 10
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[0] < 0.1
    assert rates[-1] < 0.001


def test_parameter_groups(world: Path) -> None:
    chosen = recipe(world, training={"scale_lr": 0.5, "weight_decay": 0.3})
    captions = [Caption("a red picture", "en"), Caption("ein Bild grün", "de")] * 20
    method = build_method(method_config(chosen.method), captions)
    method.backbone().requires_grad_(False)
    found = groups(method, chosen.training)
    assert sum(len(group["params"]) for group in found) == sum(p.requires_grad for p in method.parameters())
    decayed, plain, scale = found
    assert all(p.ndim > 1 for p in decayed["params"])
    assert decayed["weight_decay"] == 0.3
    assert plain["weight_decay"] == scale["weight_decay"] == 0
    assert scale["base_lr"] == 0.5
    assert scale["params"][0] is method.log_scale
    # Rates by name: the longest name counts, and nothing is in two groups.
    names = {id(p): name for name, p in method.named_parameters()}
    rates = {"text": 0.01, "text.head": 0.0}
    found = groups(method, recipe(world, training={"lr": 0.2, "rates": rates}).training)
    rate_of = {names[id(p)]: group["lr"] for group in found for p in group["params"]}
    assert len(rate_of) == sum(p.requires_grad for p in method.parameters())
    for name, found_rate in rate_of.items():
        expected = 0.0 if name.startswith("text.head.") else 0.002 if name.startswith("text.") else 0.2
        assert found_rate == pytest.approx(expected), name
    assert {0.0, 0.2} < set(rate_of.values())
    with pytest.raises(ConfigError, match=r"nothing trained is called txt, text\.proj\. Names begin with: .*text\."):
        groups(method, recipe(world, training={"rates": {"txt": 0.1, "text.proj": 0.1}}).training)
    with pytest.raises(ConfigError, match="shares of lr, from 0"):
        recipe(world, training={"rates": {"text": -1.0}})


def test_what_has_a_rate_of_nothing_stays(world: Path, tmp_path: Path) -> None:
    first = recipe(world, training={"epochs": 1})
    train(first, tmp_path / "first")
    second = recipe(world, training={"epochs": 2, "rates": {"text": 0.0}, "weight_decay": 0.5})
    source = {"source": str(tmp_path / "first")}
    train(replace(second, method={"name": "clip4clip", "vision": source, "text": source}), tmp_path / "second")
    before, after = (load_run(tmp_path / name).state_dict() for name in ("first", "second"))
    same = {name for name in before if torch.equal(before[name], after[name])}
    trained = {name for name in before if not name.startswith("media.vision")}
    assert {name for name in trained if name.startswith("text.")} <= same
    assert not {name for name in trained if name.startswith("media.head.project")} & same


# --- the sampler -------------------------------------------------------------------------------------------------


def pairs_corpus() -> Corpus:
    captions = (
        Caption("one", "en", group="g"), Caption("eins", "de", group="g"), Caption("uno", "es"), Caption("first", "en"),
        Caption("erster", "de"),
    )  # fmt: skip
    items = tuple(MediaItem(f"i{n}", f"{n}.png", "image", captions=captions) for n in range(20))
    return Corpus("p", Path(), (*items, MediaItem("none", "n.png", "image")))


def test_every_item_once_an_epoch_and_never_twice_in_a_batch() -> None:
    sampler = CaptionSampler(pairs_corpus(), 5, seed=1)
    epochs = [[item.id for draw in sampler.epoch(n) for item in draw.items] for n in range(2)]
    for ids in epochs:
        assert sorted(ids) == sorted(f"i{n}" for n in range(20))
    assert epochs[0] != epochs[1]
    assert [d.captions for d in sampler.epoch(0)] == [d.captions for d in sampler.epoch(0)]


def test_pivots_are_translations_where_there_are_any() -> None:
    sampler = CaptionSampler(pairs_corpus(), 10, langs=["de", "es"], pivot="en")
    seen = set()
    for number in range(20):
        for draw in sampler.epoch(number):
            for query, pivot in zip(draw.captions["query"], draw.captions["pivot"], strict=True):
                assert query.lang in ("de", "es")
                assert pivot.lang == "en"
                seen.add((query.text, pivot.text))
    assert {p for q, p in seen if q == "eins"} == {"one"}
    assert {p for q, p in seen if q == "uno"} == {"one", "first"}


def test_several_captions_of_an_item_differ_and_name_their_owner() -> None:
    for draw in CaptionSampler(pairs_corpus(), 4, captions=3).epoch(0):
        assert draw.owners == tuple(n // 3 for n in range(12))
        for row in range(4):
            own = draw.captions["query"][3 * row : 3 * row + 3]
            assert len(set(own)) == 3


def test_mixing_is_even_or_in_proportion() -> None:
    captions = (*(Caption(f"e{n}", "en") for n in range(8)), Caption("d", "de"))
    corpus = Corpus("m", Path(), tuple(MediaItem(f"i{n}", f"{n}", "image", captions=captions) for n in range(500)))
    shares = {}
    for mixing in ("even", "proportional"):
        drawn = [c.lang for d in CaptionSampler(corpus, 500, mixing=mixing).epoch(0) for c in d.captions["query"]]  # type: ignore[arg-type]
        shares[mixing] = drawn.count("de") / 500
    assert shares["even"] == pytest.approx(0.5, abs=0.08)
    assert shares["proportional"] == pytest.approx(1 / 9, abs=0.05)


def test_a_batch_of_one_language_is_drawn_or_taken_in_turn() -> None:
    """Every item has the languages of its captions: none is asked for another, and none comes twice in a batch."""
    captions = {"de": Caption("d", "de"), "cs": Caption("c", "cs"), "en": Caption("e", "en")}
    spoken = [("de",), ("de", "cs"), ("cs", "de"), ("cs",)] * 3
    items = [MediaItem(f"i{n}", f"{n}", "image", captions=tuple(captions[lang] for lang in (*langs, "en")))
             for n, langs in enumerate(spoken)]  # fmt: skip
    corpus = Corpus("m", Path(), tuple(items))
    seen = {}
    for mixing in ("random", "turns"):
        sampler = CaptionSampler(corpus, 4, langs=["de", "cs"], pivot="en", mixing=mixing)  # type: ignore[arg-type]
        draws = [draw for number in range(20) for draw in sampler.epoch(number)]
        assert len(draws) == 20 * sampler.steps == 60
        for draw in draws:
            (lang,) = {c.lang for c in draw.captions["query"]}
            assert all(any(c.lang == lang for c in item.captions) for item in draw.items)
            assert len({item.id for item in draw.items}) == 4
        seen[mixing] = [draw.captions["query"][0].lang for draw in draws]
        assert (
            [d.items for d in sampler.epoch(7)]
            == [d.items for d in sampler.epoch(7)]
            != [d.items for d in sampler.epoch(8)]
        )
        assert {item.id for draw in draws for item in draw.items} == {item.id for item in items}
    assert seen["turns"] == ["cs", "de"] * 30
    assert 15 < seen["random"].count("de") < 45
    with pytest.raises(
        CorpusError, match=r"10 items in one language \(mixing = 'turns'\), but only 9 have captions in cs"
    ):
        CaptionSampler(corpus, 10, langs=["de", "cs"], mixing="turns")


def test_processes_share_the_joint_batch() -> None:
    sampler = CaptionSampler(pairs_corpus(), 10, pivot="en")
    whole = list(sampler.epoch(3))
    parts = [list(sampler.epoch(3, process, 2)) for process in (0, 1)]
    for step, draw in enumerate(whole):
        assert draw.items == parts[0][step].items + parts[1][step].items
        for role in ("query", "pivot"):
            assert draw.captions[role] == parts[0][step].captions[role] + parts[1][step].captions[role]
