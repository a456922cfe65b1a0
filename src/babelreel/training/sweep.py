"""One line of a recipe over its values: a training for each, measured side by side. An ablation is such a line.

    [sweep]
    "method.dcm" = [true, false]
    "method.heads" = [1, 2, 4]
    "data.langs" = [["en"], ["de"], ["en", "de"]]

A line changes one key and leaves the rest of the recipe as it is. Its first value is what the others are compared with:
the difference in R@1 over all queries, with a paired bootstrap interval. With several seeds every value is trained as
often, means and their spread over seeds are shown, and the interval speaks of queries, not of seeds. Every language of
the corpus is measured, trained on or not: a line of "data.langs" is a matrix of transfer, see `transfer`.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from babelreel.atomic import atomic_path
from babelreel.config import load_toml
from babelreel.corpora.registry import open_corpus
from babelreel.errors import ConfigError
from babelreel.evaluate import Evaluation
from babelreel.metrics import Difference, joined, paired
from babelreel.progress import Report
from babelreel.training.loop import train
from babelreel.training.recipe import Recipe, method_config
from babelreel.training.validate import measure_run
from babelreel.types import Ranks

LANGS = "data.langs"


@dataclass(frozen=True, slots=True)
class Trial:
    """One value of a line, trained with each seed: recalls of each seed by language, from text, in percent.

    `trained` are the languages of the training.
    """

    key: str
    value: Any
    recalls: tuple[dict[str, dict[str, float]], ...]  # a seed each: {lang: {"R@1", "R@5", "R@10"}}
    versus_first: Difference | None  # in R@1, over all queries; None for the first value itself
    trained: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The value in words, such as "de, en" for languages."""
        words = isinstance(self.value, list | tuple) and all(isinstance(each, str) for each in self.value)
        if words:
            return ", ".join(self.value)
        return self.value if isinstance(self.value, str) else json.dumps(self.value)

    def mean(self, name: str, lang: str | None = None) -> tuple[float, float]:
        """A recall's mean over seeds, of one language or of all, and its standard deviation over seeds."""
        each = [np.mean([row[name] for spoken, row in seed.items() if lang in (None, spoken)]) for seed in self.recalls]
        return float(np.mean(each)), float(np.std(each, ddof=1)) if len(each) > 1 else 0.0


def sweep(
    path: Path, folder: Path, *, overrides: Mapping[str, Any] | None = None, only: Sequence[str] = (), seeds: int = 1,
    split: str | None = None, cache: Path | None = None, report: Report | None = None,
) -> list[Trial]:  # fmt: skip
    """Train every value of a recipe's [sweep] lines, or of those named in `only`, below `folder`, and measure them.

    `split` is what is measured on, by default the validation split. What is trained already is not trained again; an
    interrupted sweep goes on. Writes sweep.json.

    Raises:
        ConfigError: when there is no such line, or one of its values does not fit the recipe; before any training.
    """
    base = load_toml(path, Recipe, overrides)
    lines = {key: values for key, values in base.sweep.items() if not only or key in only}
    missing = [key for key in only if key not in base.sweep]
    if missing or not lines:
        raise ConfigError(
            f"{path} has no line {', '.join(missing) or 'at all'} in [sweep]. "
            f"It has: {', '.join(base.sweep) or 'none; write one such as heads = [1, 2]'}."
        )
    first_seed = base.seed
    recipes = {
        (key, number, seed): _recipe(path, overrides, key, value, first_seed + seed)
        for key, values in lines.items() for number, value in enumerate(values) for seed in range(seeds)
    }  # fmt: skip
    folders = _folders(recipes, lines, folder)
    measured: dict[Path, Evaluation] = {}
    for place, recipe in recipes.items():
        where = folders[place]
        if where not in measured:
            told = None if report is None else _told(report, f"{len(measured) + 1}/{len(set(folders.values()))}")
            train(recipe, where, resume=(where / "log.jsonl").exists(), cache=cache, report=told)
            chosen = split or recipe.data.validate
            corpus = open_corpus(recipe.data.corpus, recipe.data.media_root).select(chosen)
            measured[where] = measure_run(where, corpus, chosen, cache, recipe.seed)
    trials = list(_trials(lines, {place: measured[where] for place, where in folders.items()}, seeds))
    with atomic_path(folder / "sweep.json") as temporary:
        found = [asdict(trial) for trial in trials]
        temporary.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return trials


def to_markdown(trials: Sequence[Trial], split: str) -> str:
    """A table a line: R@1 of every language, means over languages, and the difference from the line's first value."""
    out = []
    for key in dict.fromkeys(trial.key for trial in trials):
        own = [trial for trial in trials if trial.key == key]
        langs = _langs(own)
        head = [key, *(f"{lang} R@1" for lang in langs), "mean R@1", "mean R@5", "mean R@10", "R@1 vs first (95 %)"]
        cells = [head, *(_cells(trial, langs) for trial in own)]
        widths = [max(len(row[n]) for row in cells) for n in range(len(head))]
        rows = ["| " + " | ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in cells]
        rule = "|" + "|".join("-" * (w + 1) + ":" for w in widths) + "|"
        out.append("\n".join([rows[0], rule, *rows[1:]]))
    new = any(lang not in trial.trained for trial in trials if trial.trained for lang in trial.recalls[0])
    marks = "* zero-shot: the training had no caption in this language. " if new else ""
    count = len(trials[0].recalls)
    seeds = "1 seed" if count == 1 else f"{count} seeds, mean ± standard deviation"
    return "\n\n".join(out) + f"\n\n{marks}From text on {split!r}, percent, {seeds}; intervals resample items.\n"


def transfer(trials: Sequence[Trial]) -> tuple[np.ndarray, list[str], list[str]]:
    """R@1 by training languages (rows) and test language (columns), means over seeds, with the names of both.

    Raises:
        ConfigError: when the sweep has no line "data.langs".
    """
    own = [trial for trial in trials if trial.key == LANGS]
    if not own:
        lines = ", ".join(dict.fromkeys(trial.key for trial in trials))
        raise ConfigError(f"A transfer matrix needs the line {LANGS!r} in [sweep]; swept was {lines}.")
    langs = _langs(own)
    return np.array([[t.mean("R@1", lang)[0] for lang in langs] for t in own]), [t.label for t in own], langs


def _langs(trials: Sequence[Trial]) -> list[str]:
    """The languages measured: those trained on in the order of the trials, so that a matrix has its diagonal."""
    trained = dict.fromkeys(lang for trial in trials for lang in trial.trained)
    measured = sorted(trials[0].recalls[0])
    return [*(lang for lang in trained if lang in measured), *(lang for lang in measured if lang not in trained)]


def _cells(trial: Trial, langs: Sequence[str]) -> list[str]:
    def said(name: str, lang: str | None = None) -> str:
        mean, spread = trial.mean(name, lang)
        return f"{mean:.1f} ± {spread:.1f}" if len(trial.recalls) > 1 else f"{mean:.1f}"

    found = trial.versus_first
    versus = "" if found is None else f"{found.value:+.1f} ({found.low:+.1f} to {found.high:+.1f})"
    by_lang = [said("R@1", lang) + "*" * bool(trial.trained and lang not in trial.trained) for lang in langs]
    return [trial.label, *by_lang, said("R@1"), said("R@5"), said("R@10"), versus]


def _told(report: Report, place: str) -> Report:
    """The report of one training of several, which says which of them it is."""
    return lambda done, total, note="": report(done, total, f"training {place}, {note}")


def _recipe(path: Path, overrides: Mapping[str, Any] | None, key: str, value: Any, seed: int) -> Recipe:
    changes = dict(overrides or {}) | {key: value}
    recipe = load_toml(path, Recipe, changes if key == "seed" else changes | {"seed": seed})
    method_config(recipe.method)  # a wrong value is told before an hour of training
    return replace(recipe, sweep={})


def _folders(
    recipes: Mapping[tuple[str, int, int], Recipe], lines: Mapping[str, Sequence[Any]], folder: Path
) -> dict[tuple[str, int, int], Path]:
    """Where each recipe trains: by its key and value, and equal recipes in one place."""
    out: dict[tuple[str, int, int], Path] = {}
    for (key, number, seed), recipe in recipes.items():
        whole = {"method": asdict(method_config(recipe.method)), "name": recipe.method["name"]}
        said = json.dumps(asdict(replace(recipe, method={})) | whole, sort_keys=True)
        value = lines[key][number]
        shown = value if isinstance(value, str) else json.dumps(value)
        safe = "".join(c if c.isalnum() or c in "-_.," else "_" for c in f"{key}={shown}")[:80]
        mark = f"{zlib.crc32(said.encode()):08x}"
        found = next((path for path in out.values() if path.name.endswith(mark)), None)
        out[key, number, seed] = found or folder / f"{safe}-seed{recipe.seed}-{mark}"
    return out


def _trials(
    lines: Mapping[str, Sequence[Any]], found: Mapping[tuple[str, int, int], Evaluation], seeds: int
) -> Iterator[Trial]:
    for key, values in lines.items():
        first = _pooled([found[key, 0, seed] for seed in range(seeds)])
        for number, value in enumerate(values):
            own = [found[key, number, seed] for seed in range(seeds)]
            recalls = tuple(
                {row.lang: {k: row.measures[k] for k in ("R@1", "R@5", "R@10")} for row in one.rows if _asks(row)}
                for one in own
            )
            versus = paired(_pooled(own), first) if number else None
            yield Trial(key, value, recalls, versus, own[0].header.trained)


def _asks(row: Any) -> bool:
    return row.direction in ("t2v", "t2i", "t2t")


def _pooled(evaluations: Sequence[Evaluation]) -> Ranks:
    """The ranks from text of all languages and seeds."""
    return joined([ranks for one in evaluations for ranks in one.ranks.values() if _asks(ranks)])
