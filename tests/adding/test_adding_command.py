"""commands/adding.py: the walk of docs/add-language.md in the shell, and what a user is told when it goes wrong."""

from __future__ import annotations

from pathlib import Path

import czech_world as worlds
import pytest
from shell import run


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("world")
    worlds.write_clip(root / "clip")
    worlds.write_pictures(root / "pictures")
    worlds.write_pairs(root / "pairs.tsv", header=False)  # English first, then the language that is asked for
    return root


def test_from_pairs_to_a_search_in_the_old_index(world: Path, tmp_path: Path) -> None:
    index, new, corpus = tmp_path / "index", tmp_path / "new", world / "pictures" / "pictures.jsonl"
    assert run("index", world / "pictures", "--model", world / "clip", "--frames", 3, "--index", index).code == 0
    done = run(
        "add-language", world / "clip", "--lang", "cs", "--pairs", world / "pairs.tsv", "--frames", 3, "-o", new,
        "--set", "training.epochs=1", "--test", corpus,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "before: cs t2t on pairs: R@1" in done.out
    assert "cs t2i on pictures, 4 queries among 4: R@1" in done.out  # of the test part
    assert "English is bit-identical before and after" in done.out
    assert f"--lang cs --model {new}" in done.out
    found = run("search", "Pes spí ráno.", "--lang", "cs", "--model", new, "--index", index, "-k", 3)
    assert (found.code, len(found.out.splitlines())) == (0, 3), found.err
    english = [run("search", "The dog sleeps.", "--index", index, *model).out for model in ((), ("--model", new))]
    assert english[0] == english[1]
    learned = run("calibrate", "--corpus", corpus, "--split", "train", "--model", new, "--index", index)
    assert "Calibrating needs" in learned.err  # it has read the corpus with the new model
    other = run("search", "The dog sleeps.", "--index", index, "--model", world / "clip")
    assert other.code == 1  # the same towers, but other frames: another media side
    assert "Search it with its own model" in other.err
    served = run("serve", "--index", index, "--model", world / "clip")
    assert "Search it with its own model" in served.err
    again = run("add-language", world / "clip", "--lang", "cs", "--pairs", world / "pairs.tsv", "-o", new)
    assert (again.code, "holds a model already" in again.err) == (1, True)


def test_parallel_text_is_measured_like_any_corpus(world: Path, tmp_path: Path) -> None:
    pairs = worlds.write_pairs(tmp_path / "p.tsv", "en cs de")
    done = run(
        "eval", world / "clip", "--corpus", pairs, "--json", tmp_path / "t.json", "--markdown", tmp_path / "t.md"
    )
    assert done.code == 0, done.err
    assert "| cs | t2t | 90 | 90 |" in (tmp_path / "t.md").read_text()
    assert "| de | t2t | 90 | 90 |" in (tmp_path / "t.md").read_text()
    corrected = run("eval", world / "clip", "--corpus", pairs, "--correction", "dual-softmax")
    assert (corrected.code, "corrections are for media" in corrected.err) == (1, True)
    encoded = run("encode", world / "clip", "--corpus", pairs)
    assert (encoded.code, "text alone, so there is no file" in encoded.err) == (1, True)
    stats = run("data", "check", pairs)
    assert "90 of 90 items can be read" in stats.out, stats.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--lang", "cz"), "Did you mean 'cs'?"),
        (("--lang", "ru"), "check column and code"),
        (("--lang", "cs", "--method", "mkd", "--captions", "x"), "Leave --captions out"),
        (("--lang", "cs", "--set", "method.hidden=3"), "unknown key"),
    ],
)
def test_mistakes_are_one_message(arguments: tuple[str, ...], message: str, world: Path, tmp_path: Path) -> None:
    done = run("add-language", world / "clip", "--pairs", world / "pairs.tsv", "-o", tmp_path / "new", *arguments)
    assert done.code == 1
    assert message in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "new").exists()


def test_stopped_it_says_how_to_go_on(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("babelreel.adding.add.train", stopped)
    done = run("add-language", world / "clip", "--lang", "cs", "--pairs", world / "pairs.tsv", "-o", tmp_path / "new")
    assert done.code == 130
    assert "The same command goes on from here." in done.err
