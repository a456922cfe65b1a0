"""encoders/adapter_files.py: a language alone comes back over its tower, and over no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from adapted import SAID, TOWERS, adapters, tower

from babelreel.encoders.adapter_files import load_adapter, save_adapter
from babelreel.encoders.adapters import Adapters, make_adaptable
from babelreel.errors import ModelError


@pytest.mark.parametrize("kind", TOWERS)
def test_a_language_comes_back_alone(kind: str, tmp_path: Path) -> None:
    base = tower(kind)
    made = adapters(base)
    save_adapter(made, base, "fr", tmp_path)
    other = tower(kind)  # of the same weights
    make_adaptable(other)
    again = Adapters().eval()
    assert load_adapter(again, other, tmp_path) == "fr"
    with torch.no_grad():
        expected = made(base, made.reader()(SAID["fr"], ["fr"] * 8))
        found = again(other, again.reader()(SAID["fr"], ["fr"] * 8))
    torch.testing.assert_close(found, expected, rtol=1e-2, atol=3e-3)  # half precision
    assert list(again.languages) == ["fr"]


def test_a_shared_vocabulary_comes_with_its_language(tmp_path: Path) -> None:
    base = tower("grams")
    made = adapters(base, shared=True)
    save_adapter(made, base, "de", tmp_path)
    again = Adapters().eval()
    load_adapter(again, base, tmp_path)
    with torch.no_grad():
        expected = made(base, made.reader()(SAID["fr"], ["de"] * 8))
        torch.testing.assert_close(again(base, again.reader()(SAID["fr"])), expected, rtol=1e-2, atol=1e-3)


def test_another_tower_is_refused(tmp_path: Path) -> None:
    base = tower("grams")
    save_adapter(adapters(base), base, "de", tmp_path)
    into = Adapters()
    with pytest.raises(ModelError, match="adds 'de' to another model"):
        load_adapter(into, tower("grams", seed=1), tmp_path)
    assert not into.languages
    load_adapter(into, base, tmp_path)
    with pytest.raises(ModelError, match="in this model already"):
        load_adapter(into, base, tmp_path)


def test_damage_is_told(tmp_path: Path) -> None:
    base = tower("grams")
    save_adapter(adapters(base), base, "de", tmp_path)
    said = json.loads((tmp_path / "adapter.json").read_text())
    with pytest.raises(ModelError, match=r"has no adapter\.json"):
        load_adapter(Adapters(), base, tmp_path / "texts")
    for change, told in [({"format": 99}, "nstall a newer"), ({"acquirer": {"hidden": 9}}, "cannot be read as"),
                         ({"acquirer": {"width": 9}}, "is damaged"), ({"tower": None}, "another model")]:  # fmt: skip
        (tmp_path / "adapter.json").write_text(json.dumps(said | change))
        with pytest.raises(ModelError, match=told):
            load_adapter(Adapters(), base, tmp_path)
    (tmp_path / "adapter.json").write_text(json.dumps(said))
    (tmp_path / "adapter.safetensors").write_bytes(b"\0" * 50)
    with pytest.raises(ModelError, match="cannot be read as"):
        load_adapter(Adapters(), base, tmp_path)
