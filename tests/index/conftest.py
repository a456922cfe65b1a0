"""The stores that the suite runs on: each opened and created by its URL, as a user would."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / ".venv-milvus" / "bin" / "python"

STORES = ["memory", "lance", "milvus-lite", pytest.param("milvus-server", marks=pytest.mark.xdist_group("milvus"))]


@pytest.fixture(scope="session")
def milvus_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real server, from its own environment (`make .venv-milvus/ready`), stopped in the end."""
    if not SERVER.exists():
        pytest.skip("no Milvus server here: make .venv-milvus/ready")
    folder = tmp_path_factory.mktemp("milvus")
    script = Path(__file__).with_name("milvus_server.py")
    command = [str(SERVER), str(script), str(folder)]
    # It stops when its input ends, so also when the tests are killed.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        assert port, "the Milvus server did not start"
        yield f"http://127.0.0.1:{port}"
        server.stdin.close()
        server.wait(20)


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
