"""adding/proof.py: a proof that cannot fail proves nothing."""

from __future__ import annotations

from pathlib import Path

import czech_world as worlds
import pytest
import torch

import babelreel
from babelreel.adding.proof import prove_english
from babelreel.errors import ModelError
from babelreel.methods.mla import MLA
from babelreel.model import Model

SENTENCES = [row[0] for row in worlds.triples()]


def opened(folder: Path) -> Model:
    return babelreel.load(folder, device="cpu")


def test_the_same_is_identical_and_the_least_change_is_not(tmp_path: Path) -> None:
    old, new = opened(worlds.write_run(tmp_path / "run")), opened(tmp_path / "run")
    proof = prove_english(old, new, SENTENCES)
    assert (proof.identical, proof.vectors, proof.scores, proof.sentences) == (True, 0, 0, 90)
    assert "90 of them are read as English" in str(proof)
    with torch.no_grad():
        new.method.text.project.network[0].bias[0] += 1e-3
    proof = prove_english(old, new, SENTENCES)
    assert not proof.identical
    assert proof.vectors > 0
    assert proof.scores > 0
    assert "English has changed" in str(proof)


def test_another_media_side_is_refused(tmp_path: Path) -> None:
    old, new = opened(worlds.write_run(tmp_path / "run")), opened(tmp_path / "run")
    with torch.no_grad():
        next(new.method.media.parameters()).view(-1)[0] += 1e-3
    with pytest.raises(ModelError, match="which adding a language must not do"):
        prove_english(old, new, SENTENCES)


def test_sentences_that_another_language_takes_are_counted(tmp_path: Path) -> None:
    old = opened(worlds.write_run(tmp_path / "run"))
    method = MLA.over(opened(tmp_path / "run").method)
    method.languages = ("de",)  # as far as routing asks
    proof = prove_english(old, Model(method, {"source": "new"}, old.device), ["a dog runs", "ein Hund rennt schnell"])
    assert (proof.recognised, proof.identical) == (1, True)
