"""From a model and pairs to a model that reads another language: check, measure, train, measure, prove, write.

    new folder/
      run.json model.safetensors texts/ README.md   the new model, written when all is done
      log-pairs.jsonl [log-captions.jsonl]          a line a step of each training
      adding/                                       what an interrupted addition goes on from; gone when it is done

The old model is only read. The same call goes on where an interrupted one stopped.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from babelreel.adding.check import Checked, check_pairs, check_reading
from babelreel.adding.measure import Change, compare, measure
from babelreel.adding.plan import (
    PIVOT,
    Addition,
    captions_recipe,
    open_pairs,
    open_test,
    pairs_recipe,
    refuse,
    related,
)
from babelreel.adding.proof import Proof, prove_english
from babelreel.atomic import atomic_path
from babelreel.corpora.manifest import write_manifest
from babelreel.data.coverage import everyday
from babelreel.data.languages import LanguageReader
from babelreel.data.tokenizers import TextReader
from babelreel.errors import BabelreelError, ConfigError, CorpusError
from babelreel.methods.base import Method
from babelreel.model import Model, load
from babelreel.progress import Report
from babelreel.runs import is_run, read_run_info, save_run
from babelreel.training.card import write_card
from babelreel.training.loop import Outcome, train
from babelreel.training.recipe import Recipe, build_method, method_config
from babelreel.types import Corpus

WORK = "adding"
REQUEST = "request.json"
SENTENCES = 1000  # English ones that are compared
SHOWN = 100  # sentences of a language that a tokenizer is tried on

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Added:
    """What came of it: the new model's folder, what was measured, the proof, and how long the training took."""

    folder: Path
    changes: tuple[Change, ...]
    proof: Proof
    parameters: int
    seconds: float


def add_language(
    model: Model, addition: Addition, folder: Path, *, cache: Path | None = None, tell: Tell = print,
    report: Report | None = None,
) -> Added:  # fmt: skip
    """Add languages to a model and write the result to `folder`; `tell` is told what was found, line by line.

    Raises:
        ConfigError: when the request does not fit the model, or the folder holds something else.
        CorpusError: when the pairs must be mended first; every fault is listed.
        ModelError: when a tower cannot be loaded, or a training fails.
    """
    refuse(addition, model.method)
    pairs, test = open_pairs(addition), open_test(addition)
    checked = check_pairs(pairs, addition.langs, PIVOT, test)
    _tell_findings(checked, tell)
    work = _begin(model, addition, folder)
    try:
        recipes = _recipes(model, addition, checked, work, tell)
    except BabelreelError:
        _undo(work)
        raise
    corpora = [("pairs", checked.corpus.select("test"))] + ([(test.name, test)] if test is not None else [])
    before = measure(model, corpora, cache, report)
    for what, row in before:
        tell(f"before: {row.lang} {row.direction} on {what}: R@1 {row.measures['R@1']:.1f}")
    seconds = sum(_stage(work / name, recipe, cache, report).seconds for name, recipe in recipes.items())
    last = list(recipes)[-1]
    new = load(work / last, device=str(model.device))
    changes = compare(before, measure(new, corpora, cache, report))
    proof = prove_english(model, new, _english(checked.corpus))
    trained = sum(p.numel() for p in new.method.parameters() if p.requires_grad)
    added = Added(folder, changes, proof, trained, seconds)
    _finish(new, recipes[last], added, addition, checked)
    return added


def _tell_findings(checked: Checked, tell: Tell) -> None:
    counts = ", ".join(f"{checked.count(split):,} to {what}" for split, what in (
        ("train", "train on"), ("val", "choose by"), ("test", "measure on"),
    ))  # fmt: skip
    tell(f"pairs: {counts}")
    for finding in checked.findings:
        if not finding.fault:
            tell(str(finding))
    if checked.faults:
        listed = "\n  ".join(map(str, checked.faults))
        raise CorpusError(f"These pairs cannot be used as they are:\n  {listed}\nNothing was trained or changed.")


def _begin(model: Model, addition: Addition, folder: Path) -> Path:
    """The folder where the work goes on.

    Raises:
        ConfigError: when something else is in the way.
    """
    work = folder / WORK
    request = addition.plain() | {"model": model.opened_with, "fingerprint": model.fingerprint}
    request = json.loads(json.dumps(request, default=str))
    if is_run(folder):
        raise ConfigError(f"{folder} holds a model already. Name another folder for the new one.")
    file = work / REQUEST
    if file.is_file():
        if json.loads(file.read_text(encoding="utf-8")) != request:
            raise ConfigError(
                f"{folder} holds an addition that was begun with other options. Give the same ones to go on with it, "
                "or name another folder."
            )
    elif folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty. Name another folder for the new model.")
    else:
        work.mkdir(parents=True)
        with atomic_path(file) as temporary:
            temporary.write_text(json.dumps(request, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return work


def _undo(work: Path) -> None:
    """Leave no trace of an addition that was refused before anything was trained."""
    if not any(work.glob("*/log.jsonl")):
        shutil.rmtree(work)
        if not any(work.parent.iterdir()):
            work.parent.rmdir()


def _base(model: Model, work: Path) -> Path:
    """The run that is added to: the model's own folder, or a copy of a hub model as it was opened."""
    if is_run(Path(model.source)):
        return Path(model.source)
    if not is_run(work / "base"):
        save_run(model.method, work / "base", {"from": model.opened_with})
    return work / "base"


def _start(addition: Addition, method: Method, tell: Tell) -> str:
    """The added language that the new ones start from, or ""."""
    if addition.method == "mkd" or addition.start_from == "none":
        return ""
    if addition.start_from != "auto":
        return addition.start_from
    there = [lang for lang in method.languages if lang not in addition.langs]
    found = next((near for lang in addition.langs if (near := related(lang, there))), "")
    if found:
        tell(f"starting from {found}, which is related (--start-from none does not)")
    return found


def _recipes(model: Model, addition: Addition, checked: Checked, work: Path, tell: Tell) -> dict[str, Recipe]:
    """The recipes of the trainings by their folders below `work`, all of them known to be right."""
    write_manifest(checked.corpus, work / "pairs.jsonl")
    start_from = _start(addition, model.method, tell)
    recipe = pairs_recipe(addition, _base(model, work), work / "pairs.jsonl", checked.count("train"), start_from)
    recipes = {"pairs": recipe}
    if addition.captions is not None:
        recipes["captions"] = captions_recipe(addition, work / "pairs")
    for each in recipes.values():
        method_config(each.method)
    _check_tower(recipe, checked.corpus, addition, tell)
    return recipes


def _check_tower(recipe: Recipe, corpus: Corpus, addition: Addition, tell: Tell) -> None:
    """Whether the tower's tokenizer can write the languages.

    Raises:
        CorpusError: when a tokenizer that was given cannot.
    """
    if not addition.tower:
        return  # it is learned from the pairs
    captions = [caption for item in corpus.items for caption in item.captions]
    method = build_method(method_config(recipe.method), captions)
    for lang in addition.langs:
        texts = [caption.text for caption in captions if caption.lang == lang]
        finding = check_reading(_reader(method, lang), lang, texts[:: -(-len(texts) // SHOWN)])
        if finding.fault:
            raise CorpusError(f"{finding}\nNothing was trained or changed.")
        tell(str(finding))


def _reader(method: Method, lang: str) -> TextReader:
    """The tokenizer of one language."""
    found = method.texts[method.route(lang)]
    return found.readers[found.languages[lang]] if isinstance(found, LanguageReader) else found


def _stage(folder: Path, recipe: Recipe, cache: Path | None, report: Report | None) -> Outcome:
    return train(recipe, folder, resume=(folder / "log.jsonl").exists(), cache=cache, report=report)


def _english(corpus: Corpus) -> list[str]:
    """Everyday sentences, and those of the pairs."""
    pivots = [c.text for item in corpus.items for c in item.captions if c.lang == PIVOT]
    return list(dict.fromkeys([*everyday()[PIVOT], *pivots]))[:SENTENCES]


def _finish(new: Model, recipe: Recipe, added: Added, addition: Addition, checked: Checked) -> None:
    """Write the new model; its `run.json` comes last, then what is no longer needed goes."""
    last, work = read_run_info(Path(new.source)), added.folder / WORK
    request = json.loads((work / REQUEST).read_text(encoding="utf-8"))
    entry: dict[str, Any] = {
        "langs": addition.langs, "method": addition.method,
        "pairs": {"name": Path(addition.pairs).name} | {s: checked.count(s) for s in ("train", "val", "test")},
        "found": [str(finding) for finding in checked.findings],
        "changes": [asdict(change) for change in added.changes], "english": asdict(added.proof),
        "parameters": added.parameters, "seconds": round(added.seconds, 1),
    }  # fmt: skip
    named = _named(recipe, addition, request["model"]["source"])
    made = last.made | {"recipe": json.loads(json.dumps(asdict(named))), "added": [*_earlier(request), entry]}
    for log in sorted(work.glob("*/log.jsonl")):
        shutil.copyfile(log, added.folder / f"log-{log.parent.name}.jsonl")
    langs = sorted({PIVOT, *new.method.languages, *addition.langs})
    write_card(added.folder, named, new.method, made, langs)
    save_run(new.method, added.folder, made)
    shutil.rmtree(work)


def _named(recipe: Recipe, addition: Addition, model: str) -> Recipe:
    """The recipe with the model and the pairs as they were given, in the place of what the work made of them."""
    method = {key: model if key in ("base", "teacher") else value for key, value in recipe.method.items()}
    return replace(recipe, method=method, data=replace(recipe.data, corpus=addition.captions or addition.pairs))


def _earlier(request: dict[str, Any]) -> list[Any]:
    """What was added to the model before."""
    source = Path(request["model"]["source"])
    return list(read_run_info(source).made.get("added", [])) if is_run(source) else []
