"""The only loop: a recipe in, a run folder out. It knows a method by its named losses, and nothing more.

    run folder/
      run.json model.safetensors texts/   the best checkpoint on the validation split, as `babelreel.load` opens it
      README.md                           its model card
      log.jsonl                           a line a step, a line a validation
      checkpoints/                        where to go on with --resume

Killed at any moment and resumed, a training sees the same batches, random numbers and losses as one that ran through.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from babelreel.corpora.registry import open_corpus
from babelreel.data.sampler import CaptionSampler
from babelreel.device import choose_device, multiplies_bfloat16
from babelreel.distributed import process
from babelreel.errors import ConfigError, ModelError
from babelreel.extras import require
from babelreel.methods.base import Method
from babelreel.progress import Report
from babelreel.protocol.conditions import commit
from babelreel.runs import is_run, languages_of, load_run, read_run_info, save_run
from babelreel.training.card import write_card
from babelreel.training.checkpoint import Progress, latest_checkpoint, load_checkpoint, save_checkpoint
from babelreel.training.feed import Features, Feed, compute_features
from babelreel.training.optim import averaged, groups, rate
from babelreel.training.recipe import Recipe, build_method, method_config, texts_in
from babelreel.training.validate import validate
from babelreel.types import Caption, Corpus

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training came to: the best validation (mean recall in percent), its step, steps and seconds in all."""

    folder: Path
    best: float
    best_step: int
    steps: int
    seconds: float


def train(
    recipe: Recipe, folder: Path, *, resume: bool = False, cache: Path | None = None, report: Report | None = None
) -> Outcome:
    """Train by a recipe into a run folder.

    `report` is told (steps done, steps in all, the loss as text) after every step.

    Raises:
        ConfigError: when the recipe does not fit itself, or the folder already holds a run.
        CorpusError: when captions, languages, splits or files are missing.
        ModelError: when a loss is not a number, or a checkpoint cannot be written or resumed.
    """
    if (folder / "log.jsonl").exists() and not resume:
        raise ConfigError(f"{folder} already holds a training. Use --resume to go on with it, or name another folder.")
    # Told to use the CPU where there is nothing else: under torchrun it would start processes and count them as one.
    on_cpu = choose_device().type == "cpu"
    accelerate = require("accelerate")
    accelerate.state.AcceleratorState._reset_state()  # a process may train twice, with another precision
    # Not every weight has a part in every loss: a branch may be switched off, a tower may pool past its own head.
    handlers = [accelerate.DistributedDataParallelKwargs(find_unused_parameters=True)]
    accelerator = accelerate.Accelerator(
        mixed_precision=_precision(recipe, on_cpu), cpu=on_cpu, log_with=trackers(recipe), project_dir=folder,
        kwargs_handlers=handlers,
    )  # fmt: skip
    config = method_config(recipe.method)
    whole = open_corpus(recipe.data.corpus, recipe.data.media_root)
    corpus = whole.select(recipe.data.train)
    torch.manual_seed(recipe.seed)
    method = _first(config, corpus, recipe, folder / "checkpoints" / "start", resume).to(accelerator.device)
    torch.manual_seed(recipe.seed)  # building draws as much as it likes; the steps begin here, resumed or not
    sampler = _sampler(corpus, recipe, method)
    # A language that the training never sees has no say in the choice of the checkpoint, or it would not be zero-shot.
    held_out = whole.select(recipe.data.validate, sampler.spoken if recipe.data.langs else None)
    refuse_uneven(recipe, accelerator.num_processes)
    if method.reads_media and whole.text_only:
        raise ConfigError(
            f"The method {recipe.method['name']!r} learns from media, and {recipe.data.corpus} is text alone. Take a "
            "corpus with videos or images, or a method that reads text pairs, such as mkd."
        )
    features = None
    if recipe.training.freeze_backbone:
        method.backbone().requires_grad_(False)
        # A method that trains on texts alone needs media for its validation only.
        needed = _both(whole, corpus, held_out) if method.reads_media else held_out
        if not needed.text_only:
            features = compute_features(method, needed, accelerator.device, cache, report)
    feed = Feed(method, corpus, sampler, features, recipe.seed, recipe.data.augment)
    return _Run(recipe, folder, method, accelerator, feed, held_out).go(features, resume, report)


def refuse_uneven(recipe: Recipe, processes: int) -> None:
    """Raise ConfigError unless every process brings as many rows to the joint batch."""
    if recipe.training.batch_size % processes or (processes > 1 and recipe.data.captions > 1):
        raise ConfigError(
            f"{processes} processes need a batch_size that divides among them, found {recipe.training.batch_size}, and "
            f"one caption an item, found {recipe.data.captions}: every process must bring as many rows."
        )


def _precision(recipe: Recipe, on_cpu: bool) -> str:
    """What the recipe says, but float32 on a processor that has no instructions for bfloat16."""
    asked = recipe.training.precision
    if asked == "bf16" and on_cpu and not multiplies_bfloat16():
        log.warning("This processor has no instructions for bfloat16, so the training computes in float32.")
        return "no"
    return asked


def trackers(recipe: Recipe) -> list[str] | None:
    """The trackers of a recipe, each of them installed: accelerate would leave a missing one out without a word."""
    for name in recipe.training.trackers:
        if find_spec(name) is None:
            raise ConfigError(
                f"training.trackers names {name!r}, which is not installed. Install it (pip install {name}), or leave "
                "it out: log.jsonl in the run folder holds the same numbers."
            )
    return list(recipe.training.trackers) or None


def _first(config: Any, corpus: Corpus, recipe: Recipe, start: Path, resume: bool) -> Method:
    """The untrained method. It is kept, so that resuming needs neither the hub nor the vocabularies learned again."""
    if resume and is_run(start):
        return load_run(start)
    method = build_method(config, _vocabulary(corpus, recipe))
    if process() == 0:
        save_run(method, start, {"earlier": languages_of(texts_in(recipe.method))})
    return method


def _vocabulary(corpus: Corpus, recipe: Recipe) -> Iterator[Caption]:
    langs = {*recipe.data.langs, recipe.data.pivot} if recipe.data.langs else set(corpus.langs)
    return (c for item in corpus.items for c in item.captions if c.lang in langs)


def _sampler(corpus: Corpus, recipe: Recipe, method: Method) -> CaptionSampler:
    data = recipe.data
    return CaptionSampler(
        corpus, recipe.training.batch_size, langs=data.langs, pivot=data.pivot if method.reads_pivot else None,
        mixing=data.mixing, captions=data.captions, seed=recipe.seed,
    )  # fmt: skip


def _both(whole: Corpus, *parts: Corpus) -> Corpus:
    ids = {item.id for part in parts for item in part.items}
    return Corpus(whole.name, whole.media_root, tuple(item for item in whole.items if item.id in ids))


class _Run:
    """One training: what changes from step to step, and what it writes."""

    def __init__(
        self, recipe: Recipe, folder: Path, method: Method, accelerator: Any, feed: Feed, held_out: Corpus
    ) -> None:
        self.recipe, self.folder, self.method = recipe, folder, method
        self.accelerator, self.feed, self.held_out = accelerator, feed, held_out
        self.progress = Progress()
        self.steps = recipe.training.epochs * feed.sampler.steps
        self.plain = json.loads(json.dumps(asdict(replace(recipe, sweep={}))))
        method.chunk = recipe.training.chunk
        self.average = averaged(method, recipe.training.ema) if recipe.training.ema else None
        # What is validated and kept, and what the optimizer moves, are one without an average.
        self.shown = method if self.average is None else cast(Method, self.average.module)
        optimizer = torch.optim.AdamW(groups(method, recipe.training), fused=True)
        self.model, self.optimizer = accelerator.prepare(method, optimizer)

    def go(self, features: Features | None, resume: bool, report: Report | None) -> Outcome:
        found = latest_checkpoint(self.folder / "checkpoints") if resume else None
        if found is not None:
            self.progress = load_checkpoint(found, self.method, self.optimizer, self.average, self.plain)
        self._cut_log()
        if self.recipe.training.trackers:
            self.accelerator.init_trackers("tracked", flat(self.plain))
        began, saved = time.monotonic() - self.progress.seconds, time.monotonic()
        for epoch, batch in self._batches():
            losses = self._step(batch)
            self.progress.seconds = time.monotonic() - began
            self._log({"step": self.progress.step, "losses": losses, "seconds": round(self.progress.seconds, 3)})
            if report is not None:
                report(self.progress.step, self.steps, f"loss {sum(losses.values()):.3f}")
            ends = self.progress.step % self.feed.sampler.steps == 0
            due = (epoch + 1) % self.recipe.training.validate_every == 0 or self.progress.step == self.steps
            if ends and due:
                self._validate(features)
            if (ends and due) or time.monotonic() - saved > self.recipe.training.checkpoint_seconds:
                self._save()
                saved = time.monotonic()
            patience = self.recipe.training.patience
            if patience and self.progress.waiting >= patience:
                break
        for tracker in self.accelerator.trackers:
            tracker.finish()
        done = self.progress
        return Outcome(self.folder, done.best, done.best_step, done.step, done.seconds)

    def _batches(self) -> Iterator[tuple[int, Any]]:
        per_epoch = self.feed.sampler.steps
        while self.progress.step < self.steps:
            epoch, skip = divmod(self.progress.step, per_epoch)
            for batch in self.feed.epoch(epoch, skip, self.accelerator.process_index, self.accelerator.num_processes):
                yield epoch, batch.to(self.accelerator.device)

    def _step(self, batch: Any) -> dict[str, float]:
        self.model.train()
        if self.recipe.training.freeze_backbone:
            self.method.backbone().eval()
        share = rate(self.progress.step, self.steps, self.recipe.training.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = group["base_lr"] * share
        with self.accelerator.autocast():
            losses: dict[str, Tensor] = self.model(batch, self.progress.step / self.steps)
        loss = torch.stack(list(losses.values())).sum()
        if not torch.isfinite(loss):
            said = {name: float(value.detach()) for name, value in losses.items()}
            raise ModelError(
                f"The loss is not a number at step {self.progress.step}: {said}. The last good checkpoint is in "
                f"{self.folder / 'checkpoints'}; try a lower lr."
            )
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.model.parameters(), self.recipe.training.clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.average is not None:
            self.average.update_parameters(self.method)
        self.progress.step += 1
        return {name: float(value.detach()) for name, value in losses.items()}

    def _validate(self, features: Features | None) -> None:
        result = validate(self.shown, self.held_out, features, self.accelerator.device, self.recipe.data.pivot)
        done = self.progress
        done.validations.append({"step": done.step} | result)
        self._log({"step": done.step, "validation": result})
        if result["mean"] > done.best:
            done.best, done.best_step, done.waiting = result["mean"], done.step, 0
            if self.accelerator.is_main_process:
                trained = self.feed.sampler.spoken
                made = {"recipe": self.plain, "step": done.step, "validation": result, "trained": trained}
                made["commit"] = commit()
                made["earlier"] = read_run_info(self.folder / "checkpoints" / "start").made["earlier"]
                save_run(self.shown, self.folder, made)
                write_card(self.folder, self.recipe, self.shown, made, trained)
        else:
            done.waiting += 1

    def _save(self) -> None:
        if self.accelerator.is_main_process:
            save_checkpoint(
                self.folder / "checkpoints", self.method, self.optimizer, self.average, self.progress, self.plain
            )
        self.accelerator.wait_for_everyone()

    def _log(self, record: dict[str, Any]) -> None:
        if self.recipe.training.trackers:
            self.accelerator.log({k: v for k, v in flat(record).items() if k != "step"}, step=record["step"])
        if self.accelerator.is_main_process:
            with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")

    def _cut_log(self) -> None:
        """Drop what an interrupted run logged after its last checkpoint: it is done again."""
        if not self.accelerator.is_main_process:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "log.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        whole = [line for line in lines if line.endswith("}")]
        kept = [line for line in whole if json.loads(line)["step"] <= self.progress.step]
        path.write_text("".join(line + "\n" for line in kept), encoding="utf-8")


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as one table of dotted keys; what is no plain value becomes text."""
    out: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            out |= flat(value, f"{prefix}{key}.")
        else:
            out[prefix + key] = value if isinstance(value, bool | int | float | str) else str(value)
    return out
