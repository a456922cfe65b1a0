"""Small translators, written once a session."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from translators import TEXTS, write_learned

from babelreel.enrich.small import write_small_translator


@pytest.fixture(scope="session")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where converted models lie, so that each is converted once."""
    return tmp_path_factory.mktemp("converted")


@pytest.fixture(scope="session")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a random model of a kind."""

    @cache
    def write(kind: str) -> Path:
        return write_small_translator(tmp_path_factory.mktemp(kind), TEXTS, kind)

    return write


@pytest.fixture(scope="session")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that translates four sentences between English and German."""
    return write_learned(tmp_path_factory.mktemp("learned"))
