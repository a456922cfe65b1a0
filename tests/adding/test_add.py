"""adding/add.py: a language more, and nothing else: English, media side and old model stay as they were."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import czech_world as worlds
import pytest
import torch

import babelreel
from babelreel.adding.add import WORK, Added, add_language
from babelreel.adding.plan import Addition, open_pairs, related
from babelreel.config import from_dict
from babelreel.corpora.manifest import write_manifest
from babelreel.corpora.pairs import read_pairs
from babelreel.errors import BabelreelError, ConfigError, CorpusError
from babelreel.index.build import build_index, describe_index
from babelreel.index.exact import ExactIndex
from babelreel.index.query import Query
from babelreel.index.search import Searcher
from babelreel.media.windows import Windows
from babelreel.runs import read_run_info
from babelreel.training.loop import train
from babelreel.training.recipe import Recipe
from babelreel.types import Corpus

QUICK = {"training.epochs": 2, "training.validate_every": 2, "training.batch_size": 41}  # of 82 pairs


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("world")
    worlds.write_run(root / "run")
    worlds.write_clip(root / "clip")
    worlds.write_pictures(root / "pictures")
    worlds.write_pairs(root / "cs.tsv")
    worlds.write_pairs(root / "de.tsv", "de en")
    return root


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def add(model: Path, output: Path, lang: str = "cs", frames: int | None = None, **changes: Any) -> tuple[Added, str]:
    pairs = str(model.parent / f"{lang}.tsv")
    settings = QUICK | changes.pop("settings", {})
    addition = Addition(**{"langs": (lang,), "pairs": pairs, "settings": settings, **changes})
    said: list[str] = []
    done = add_language(babelreel.load(model, frames=frames, device="cpu"), addition, output, tell=said.append)
    return done, "\n".join(said)


@pytest.fixture(scope="module")
def czech(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("czech") / "new"
    add(world / "run", folder)
    return folder


@pytest.mark.parametrize("method", ["mla", "mkd"])
def test_an_old_index_answers_in_the_new_language(method: Any, world: Path, tmp_path: Path) -> None:
    before = hashes(world)
    old = babelreel.load(world / "run", device="cpu")
    index = ExactIndex(describe_index(old, Windows(), "float32"))
    build_index([world / "pictures"], old, index)
    done, said = add(
        world / "run", tmp_path / "new", method=method, settings={"training.epochs": 40, "training.validate_every": 40}
    )
    assert hashes(world) == before
    assert "82 to train on, 4 to choose by, 4 to measure on" in said
    assert done.proof.identical
    assert (done.proof.vectors, done.proof.scores, done.proof.sentences) == (0, 0, 94)
    new = babelreel.load(tmp_path / "new", device="cpu")
    english, czech = ([row[n] for row in worlds.triples()] for n in (0, 1))
    assert torch.equal(new.encode_text(english, "en").pooled, old.encode_text(english, "en").pooled)
    # What was learned from pairs alone: the Czech sentence finds, in an index written before, what the English finds.
    searcher = Searcher(index, new)
    assert searcher.index.info.model["source"] == str(world / "run")
    wanted, found, untold = (
        [answer.hits[0].id for answer in each.search_many([Query(text, lang) for text in texts])]
        for each, texts, lang in (
            (searcher, english, "en"),
            (searcher, czech, "cs"),
            (Searcher(index, old), czech, "cs"),
        )
    )
    same, lucky = (sum(a == b for a, b in zip(wanted, each, strict=True)) for each in (found, untold))
    assert same > 0.5 * len(czech) > 2 * lucky


def test_what_is_written(czech: Path, world: Path) -> None:
    assert {path.name for path in czech.iterdir()} == {
        "README.md", "run.json", "model.safetensors", "texts", "log-pairs.jsonl",
    }  # fmt: skip
    info = read_run_info(czech)
    assert info.fingerprint == read_run_info(world / "run").fingerprint
    (entry,) = info.made["added"]
    assert (entry["langs"], entry["method"], entry["pairs"]) == (
        ["cs"], "mla", {"name": "cs.tsv", "train": 82, "val": 4, "test": 4},
    )  # fmt: skip
    assert entry["english"]["identical"]
    assert entry["changes"][0]["after"]["direction"] == "t2t"
    assert info.made["recipe"]["method"]["base"] == str(world / "run")
    assert "- cs\n- en\n" in (czech / "README.md").read_text()
    assert "mla on cs.tsv" in (czech / "README.md").read_text()


def test_a_second_language_leaves_the_first_as_it_is(czech: Path, world: Path, tmp_path: Path) -> None:
    (tmp_path / "czech").symlink_to(czech)
    worlds.write_pairs(tmp_path / "de.tsv", "de en")
    worlds.write_pairs(tmp_path / "cs.tsv")
    done, _ = add(tmp_path / "czech", tmp_path / "both", "de")
    assert done.proof.identical
    one, two = (babelreel.load(folder, device="cpu") for folder in (czech, tmp_path / "both"))
    assert two.method.languages == ("cs", "de")
    sentences = [row[1] for row in worlds.triples()]
    assert torch.equal(one.encode_text(sentences, "cs").pooled, two.encode_text(sentences, "cs").pooled)
    assert [entry["langs"] for entry in read_run_info(tmp_path / "both").made["added"]] == [["cs"], ["de"]]
    with pytest.raises(ConfigError, match="reads de already"):
        add(tmp_path / "both", tmp_path / "again", "de")
    add(tmp_path / "both", tmp_path / "anew", "de", replace=True, start_from="cs")
    anew = babelreel.load(tmp_path / "anew", device="cpu")
    german = [row[2] for row in worlds.triples()]
    assert not torch.equal(two.encode_text(german, "de").pooled, anew.encode_text(german, "de").pooled)
    assert torch.equal(one.encode_text(sentences, "cs").pooled, anew.encode_text(sentences, "cs").pooled)
    with pytest.raises(ConfigError, match="no added language 'pl' to start from"):
        add(tmp_path / "both", tmp_path / "again", "de", replace=True, start_from="pl")
    with pytest.raises(ConfigError, match="mkd adds languages to a CLIP4Clip model, found MLA"):
        add(tmp_path / "both", tmp_path / "again", "de", replace=True, method="mkd")


def test_captions_go_on_where_pairs_ended(world: Path, tmp_path: Path) -> None:
    done, _ = add(world / "run", tmp_path / "new", captions=str(world / "pictures" / "pictures.jsonl"))
    assert (tmp_path / "new" / "log-captions.jsonl").is_file()
    assert [(c.after.lang, c.after.direction) for c in done.changes] == [("cs", "t2t"), ("cs", "t2i"), ("en", "t2i")]
    assert done.changes[2].before.measures == done.changes[2].after.measures  # English, on real captions
    assert done.proof.identical


@pytest.mark.parametrize(("method", "pretrained"), [("mla", False), ("mla", True), ("mkd", True)])
def test_a_hub_folder(method: Any, pretrained: bool, world: Path, tmp_path: Path) -> None:
    """CLIP as the model, with the frames that its index was built with; a tower of M-CLIP's layout to learn from."""
    tower = str(worlds.write_mclip(tmp_path / "mclip", 32)) if pretrained else ""
    done, said = add(world / "clip", tmp_path / "new", frames=3, method=method, tower=tower)
    assert done.proof.identical
    assert babelreel.load(tmp_path / "new").fingerprint == babelreel.load(world / "clip", frames=3).fingerprint
    assert ("0.0 % of cs is unknown to the tokenizer" in said) == pretrained


def test_a_tower_that_cannot_write_the_language_is_refused(world: Path, tmp_path: Path) -> None:
    numbers = worlds.write_mclip(tmp_path / "numbers", 32, [f"{n} + {n + 1} = {2 * n + 1}" for n in range(60)])
    for method in ("mla", "mkd"):
        with pytest.raises(CorpusError, match=r"of cs is unknown to the tokenizer(.*\n)+Nothing was trained"):
            add(world / "clip", tmp_path / method, method=method, tower=str(numbers))
        assert not (tmp_path / method).exists()
    with pytest.raises(BabelreelError, match="reads grams"):
        add(world / "run", tmp_path / "grams", tower=str(numbers))
    (tmp_path / "grams").mkdir()  # an empty folder may be there before
    add(world / "run", tmp_path / "grams", settings={"training.epochs": 1, "training.validate_every": 1})


def test_interrupted_it_goes_on(world: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int, note: str = "", /) -> None:
        if done == 9:
            raise KeyboardInterrupt

    settings = QUICK | {"training.epochs": 6, "training.validate_every": 1}
    addition = Addition(("cs",), str(world / "cs.tsv"), settings=settings)
    old = babelreel.load(world / "run", device="cpu")
    with pytest.raises(KeyboardInterrupt):
        add_language(old, addition, tmp_path / "new", tell=lambda line: None, report=stop)
    assert not (tmp_path / "new" / "run.json").exists()
    with pytest.raises(ConfigError, match="begun with other options"):
        add(world / "run", tmp_path / "new")
    steps: list[int] = []
    add_language(old, addition, tmp_path / "new", tell=lambda line: None, report=lambda d, t, n="": steps.append(d))
    assert steps[0] == 9  # the last checkpoint is that of the eighth
    add_language(old, addition, tmp_path / "whole", tell=lambda line: None)
    assert (tmp_path / "new" / "model.safetensors").read_bytes() == (
        tmp_path / "whole" / "model.safetensors"
    ).read_bytes()
    with pytest.raises(ConfigError, match="holds a model already"):
        add_language(old, addition, tmp_path / "new", tell=lambda line: None)


def test_bad_input_leaves_no_trace(world: Path, tmp_path: Path) -> None:
    before = hashes(world)
    swapped = "\n".join(f"{row[1]}\t{row[0]}" for row in worlds.triples())
    (tmp_path / "swapped.tsv").write_text(f"en\tcs\n{swapped}\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"swapped columns: (.*\n)+Nothing was trained or changed"):
        add(world / "run", tmp_path / "new", pairs=str(tmp_path / "swapped.tsv"))
    with pytest.raises(CorpusError, match="no captions in de"):
        add(world / "run", tmp_path / "new", langs=("de",))
    with pytest.raises(CorpusError, match="has no captions in de"):
        add(world / "run", tmp_path / "new", "de", test=str(world / "pictures" / "pictures.jsonl"))
    with pytest.raises(CorpusError, match="too few"):
        add(world / "run", tmp_path / "new", first=5)
    assert not (tmp_path / "new").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(ConfigError, match="is not empty"):
        add(world / "run", tmp_path / "other")
    assert hashes(world) == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"langs": ("cz",)}, "Did you mean 'cs'"), ({"langs": ("tschechisch",)}, "no code of a language"),
        ({"langs": ("en-GB",)}, "the model's own language"), ({"langs": ("cs", "cs")}, "each language to add once"),
        ({"langs": ()}, "found none"), ({"method": "mkd", "captions": "x"}, "from text pairs alone"),
        ({"method": "mkd", "start_from": "pl"}, "one tower for all languages"), ({"first": 0}, "At least one pair"),
    ],
)  # fmt: skip
def test_requests_that_make_no_sense(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Addition(**{"langs": ("cs",), "pairs": "p.tsv", **changes})


def test_parts_of_a_corpus_are_kept(tmp_path: Path) -> None:
    """What is called "test" is never learned from; without a part to choose by, some of the training part is."""
    items = read_pairs(worlds.write_pairs(tmp_path / "cs.tsv")).items

    def parts(*names: str) -> dict[str, str]:
        mixed = tuple(replace(item, split=names[n % len(names)]) for n, item in enumerate(items))
        write_manifest(Corpus("m", tmp_path, mixed), tmp_path / "m.jsonl")
        return {item.id: item.split for item in open_pairs(Addition(("cs",), str(tmp_path / "m.jsonl"))).items}

    assert parts("train", "val", "test")[items[4].id] == "val"
    found = parts("train", "test")
    assert {found[item.id] for item in items[1::2]} == {"test"}
    assert {found[item.id] for item in items[0::2]} == {"train", "val", "test"}
    assert set(parts("").values()) == {"train", "val", "test"}
    with pytest.raises(CorpusError, match="and none to train on"):
        parts("test")


def test_a_method_that_learns_from_media_refuses_text(world: Path, tmp_path: Path) -> None:
    method = {"name": "clip4clip", "vision": {"source": str(world / "clip")}, "text": {"source": str(world / "clip")}}
    recipe = from_dict(Recipe, {"method": method, "data": {"corpus": str(world / "cs.tsv"), "langs": ["cs"]}})
    with pytest.raises(ConfigError, match=r"learns from media, and .* is text alone"):
        train(recipe, tmp_path / "run")


def test_related_languages() -> None:
    assert related("sk", ["de", "cs", "pl"]) == "cs"
    assert related("pt-BR", ["de", "fr"]) == "fr"
    assert related("ja", ["zh", "ko"]) is None
    assert related("eo", ["eo"]) is None  # of no family


def test_only_the_first_pairs_are_trained_on(world: Path, tmp_path: Path) -> None:
    _, said = add(world / "run", tmp_path / "new", first=30, settings={"training.batch_size": 15})
    assert "pairs: 30 to train on, 4 to choose by, 4 to measure on" in said
    assert json.loads((tmp_path / "new" / "run.json").read_text())["made"]["added"][0]["pairs"]["train"] == 30
    assert not (tmp_path / "new" / WORK).exists()
