"""extras.py and the imports: a missing extra is named, and importing the package imports nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

from babelreel.errors import MissingExtraError
from babelreel.extras import EXTRA_OF, require


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lancedb", None)  # what Python does for a module that must not be found
    with pytest.raises(MissingExtraError, match=r"'babelreel\[index\]'"):
        require("lancedb")


def test_an_error_inside_an_installed_extra_is_not_hidden(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "__init__.py").write_text("import a_module_that_is_not_there")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    with pytest.raises(ModuleNotFoundError, match="a_module_that_is_not_there"):
        require("ray")


def test_a_present_module_is_given() -> None:
    assert require("json.decoder").JSONDecoder


def test_every_extra_is_declared() -> None:
    import importlib.metadata

    declared = set(importlib.metadata.metadata("babelreel").get_all("Provides-Extra") or [])
    assert set(EXTRA_OF.values()) <= declared


def test_import_is_free_of_heavy_modules() -> None:
    code = (
        "import sys, babelreel, babelreel.types, babelreel.errors, babelreel.extras, babelreel.config, babelreel.cli\n"
        "heavy = {'torch', 'transformers', 'av', 'PIL', 'numpy', 'huggingface_hub', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
