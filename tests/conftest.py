"""What every test shares: where the development data lies, one thread a worker, no network, and Ctrl-C."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has what it starts in the background ignore it

_shared = Path(__file__).resolve().parents[2] / "shared" / "data"
DATA: Path | None = _shared if _shared.is_dir() else None


@pytest.fixture(scope="session")
def data() -> Path:
    """The development data beside the checkout; the test is skipped where it is absent."""
    if DATA is None:
        pytest.skip("the development data (../shared/data) is not here")
    return DATA


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tests never read or fill the user's cache."""
    os.environ["BABELREEL_CACHE"] = str(tmp_path_factory.mktemp("cache"))
