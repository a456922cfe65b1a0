"""The server as users start it: a process of its own on a free port, stopped by its id; or in a thread of this one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import uvicorn

PATIENCE = 120.0  # seconds until it answers: it loads torch


class Server:
    """A running server at `url`."""

    def __init__(self, process: subprocess.Popen[str], url: str, log: Path) -> None:
        self.process, self.url, self._log = process, url, log

    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> int:
        """Ask it to stop, as Ctrl-C does, and wait until it has."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(index: Path, folder: Path, *options: str, token: str = "") -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "babelreel", "serve", "--index", str(index), "--port", str(port)]
    environment = os.environ | ({"BABELREEL_TOKEN": token} if token else {})
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    with open(log, "w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [*command, "--cache", str(folder / "copies"), *options],
            env=environment,
            stdout=output,
            stderr=output,
            text=True,
        )
    server = Server(process, f"http://127.0.0.1:{port}", log)
    try:
        _wait(server)
        yield server
    finally:
        process.kill()
        process.wait(30)


@contextmanager
def in_thread(app: Any, **options: Any) -> Iterator[str]:
    """The address of an application on a free port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1, **options))
    thread = threading.Thread(target=server.run, daemon=True)  # or a failed test would keep the process alive
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


def _wait(server: Server) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if server.process.poll() is not None:
            break
        try:
            if httpx.get(f"{server.url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"The server did not start: {server.log()}")
