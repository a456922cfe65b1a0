"""The stores that the suite runs on: each opened and created by its URL, as a user would."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / ".venv-milvus" / "bin" / "python"

STORES = ["memory", "lance", "milvus-lite", "milvus-server"]


@pytest.fixture(scope="session")
def milvus_server() -> Iterator[str]:
    """The URL of a real server, from its own environment (`make .venv-milvus/ready`): one for all workers of a run."""
    if not SERVER.exists():
        pytest.skip("no Milvus server here: make .venv-milvus/ready")
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"babelreel-milvus-{run}"
    folder.mkdir(exist_ok=True)
    with (folder / "users").open("w") as users, (folder / "start").open("w") as start:
        fcntl.flock(users, fcntl.LOCK_SH)  # the server runs while somebody holds it
        fcntl.flock(start, fcntl.LOCK_EX)
        if not (folder / "port").exists():
            _start(folder)
        fcntl.flock(start, fcntl.LOCK_UN)
        yield f"http://127.0.0.1:{(folder / 'port').read_text()}"


def _start(folder: Path) -> None:
    script = Path(__file__).with_name("milvus_server.py")
    with (folder / "log").open("w") as log:
        command = [str(SERVER), str(script), str(folder)]
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    while not (folder / "port").exists():
        assert server.poll() is None, f"the Milvus server did not start: {(folder / 'log').read_text()}"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def new_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Where a new index of a store may be made."""

    def url(store: str) -> str:
        if store == "memory":
            return "memory:"
        if store == "milvus-server":
            return f"{request.getfixturevalue('milvus_server')}/t{uuid.uuid4().hex}"
        folder = tmp_path_factory.mktemp(store)
        return str(folder / ("index" if store == "lance" else "index.db"))

    return url
