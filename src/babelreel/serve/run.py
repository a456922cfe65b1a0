"""The server as a process: it listens until it is told to stop, and finishes what runs."""

from __future__ import annotations

import uvicorn

from babelreel.index.search import Searcher
from babelreel.serve.app import create_app
from babelreel.serve.settings import Settings

GRACE = 10  # seconds that what runs may take when the server is told to stop
CONNECTIONS = 512  # open at once, idle ones too
BACKLOG = 512


def run(searcher: Searcher, settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM."""
    searcher.search("the first", 1)  # what is only loaded when it is needed, so that no client waits for it
    uvicorn.run(
        create_app(searcher, settings), host=settings.host, port=settings.port, log_level="warning", access_log=False,
        server_header=False, proxy_headers=False, ws="none", timeout_graceful_shutdown=GRACE, timeout_keep_alive=15,
        limit_concurrency=CONNECTIONS, backlog=BACKLOG,
    )  # fmt: skip
