"""adding/check.py: what is wrong with pairs is named, what teaches nothing is left out, and good pairs pass."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from babelreel.adding.check import Checked, check_pairs, check_reading
from babelreel.corpora.annotations import Annotations
from babelreel.corpora.multi30k import read_task1
from babelreel.corpora.pairs import read_pairs
from babelreel.data.coverage import everyday
from babelreel.data.grams import learn_grams
from babelreel.data.tokenizers import TextPolicy, train_tokenizer
from babelreel.types import Corpus

Pair = tuple[str, str]
ANIMALS = {"dog": "pes", "cat": "kočka", "horse": "kůň", "bird": "pták", "child": "dítě", "woman": "žena"}
ACTS = {
    "runs across the green field behind the house": "běží přes zelené pole za domem",
    "sleeps": "spí", "is looking out of the open window of a train": "se dívá z otevřeného okna vlaku",
    "jumps into the cold water of the lake": "skáče do studené vody jezera", "eats an apple": "jí jablko",
}  # fmt: skip
TIMES = {"in the morning": "ráno", "in the evening": "večer", "in summer": "v létě", "in winter": "v zimě"}
PLACES = {"near the river": "u řeky", "in a small town": "v malém městě", "": ""}


def good() -> list[Pair]:
    """360 Czech pairs about everyday things."""
    return [
        (f"The {one} {does} {when} {where}.".replace(" .", "."), f"{eins} {tut} {wann} {wo}.".replace(" .", "."))
        for one, eins in ANIMALS.items() for does, tut in ACTS.items()
        for when, wann in TIMES.items() for where, wo in PLACES.items()
    ]  # fmt: skip


def checked(folder: Path, pairs: list[Pair], lang: str = "cs", test: Corpus | None = None) -> Checked:
    path = folder / "p.tsv"
    path.write_text(f"en\t{lang}\n" + "".join(f"{a}\t{b}\n" for a, b in pairs), encoding="utf-8")
    return check_pairs(read_pairs(path), [lang], test=test)


def kinds(found: Checked) -> set[str]:
    return {finding.kind for finding in found.faults}


def test_good_pairs_pass(tmp_path: Path) -> None:
    found = checked(tmp_path, good())
    assert not found.faults
    assert [finding.kind for finding in found.findings] == ["few"]
    assert sum(map(found.count, ("train", "val", "test"))) == 360
    assert (found.count("val"), found.count("test")) == (18, 18)


def shifted(pairs: list[Pair]) -> list[Pair]:
    mixed = random.Random(0).sample(pairs, len(pairs))
    return [(a, b) for (a, _), (_, b) in pairwise(mixed)]


@pytest.mark.parametrize(
    ("spoil", "lang", "kind", "said"),
    [
        (lambda p: [(b, a) for a, b in p], "cs", "swapped columns", "swap the columns"),
        (lambda p: p, "de", "language", "reads as it, 100 % as cs: check column and code"),
        (lambda p: [(b, b + " ano") for _, b in p], "cs", "language", "stands under en"),
        (shifted, "cs", "alignment", "a line is missing"),
        (lambda p: p[:15], "cs", "too few", "100 give little"),
        (lambda p: [(a, a) for a, _ in p], "cs", "copy", "is cs translated"),
    ],
)
def test_faults_are_named(
    spoil: Callable[[list[Pair]], list[Pair]], lang: str, kind: str, said: str, tmp_path: Path
) -> None:
    found = checked(tmp_path, spoil(good()), lang)
    assert kind in kinds(found)
    assert any(finding.kind == kind and said in finding.text for finding in found.faults)


def test_what_teaches_nothing_is_left_out(tmp_path: Path) -> None:
    pairs = good()
    bad = [
        ("", "nic"), ("The cat sings.", ""), pairs[3], ("Pizza Napoli", "pizza napoli!"),
        ("Yes.", "To je ale opravdu dlouhá věta, která s tou anglickou nemá vůbec nic společného."),
        ("so " * 400, "tak " * 400),
    ]  # fmt: skip
    test = Corpus(
        "t", tmp_path, read_pairs(_written(tmp_path, [(pairs[7][0].upper(), "něco jiného"), ("x", "y")])).items
    )
    found = checked(tmp_path, pairs + bad, test=test)
    assert not found.faults
    assert {f.kind: int(f.text.split()[0]) for f in found.findings if f.kind != "few"} == {
        "empty": 2, "duplicate": 1, "copy": 1, "length": 1, "long": 1, "test": 1,
    }  # fmt: skip
    left = {item.captions[1].text for item in found.corpus.items}
    assert left == {b for _, b in pairs} - {pairs[7][1]}


def _written(folder: Path, pairs: list[Pair]) -> Path:
    path = folder / "held.tsv"
    path.write_text("en\tcs\n" + "".join(f"{a}\t{b}\n" for a, b in pairs), encoding="utf-8")
    return path


def test_without_validation_nothing_is_trained(tmp_path: Path) -> None:
    pairs = good()
    held = [item for item in read_pairs(_written(tmp_path, pairs)).items if item.split in ("val", "test")]
    found = checked(tmp_path, pairs, test=Corpus("t", tmp_path, tuple(held)))
    assert kinds(found) == {"split"}
    assert (found.count("val"), found.count("test")) == (0, 18)  # what is only measured on may be in both


def test_a_language_that_cannot_be_told_is_said_and_passes(tmp_path: Path) -> None:
    found = checked(tmp_path, good(), "quz")
    assert not found.faults
    assert "cannot be told" in str(found.findings[0])


def test_a_tokenizer_that_lacks_the_script_is_refused() -> None:
    english = train_tokenizer(everyday()["en"] * 3, 200, TextPolicy(32))
    assert check_reading(english, "ru", everyday()["ru"]).fault
    assert not check_reading(english, "en", everyday()["en"]).fault
    spelled = check_reading(train_tokenizer(everyday()["en"], 300, TextPolicy(32), "bpe"), "ru", everyday()["ru"])
    assert not spelled.fault
    assert "byte by byte only" in spelled.text
    assert check_reading(learn_grams(everyday()["en"] * 2, 500), "zh", everyday()["zh"]).fault


def test_real_pairs_pass_but_for_their_numbers(data: Path) -> None:
    whole = read_task1(Annotations(data / "captions" / "official" / "multi30k", "multi30k"))
    part = Corpus(whole.name, whole.media_root, whole.select("val").items + whole.select("test").items[:100])
    found = check_pairs(part, ["cs"])
    assert {f.kind for f in found.findings if f.kind not in ("duplicate", "length", "copy")} == {"too few"}
    assert found.count("val") > 1000
