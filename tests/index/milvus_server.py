"""A Milvus server on a free port of this machine, for as long as the standard input is open.

    .venv-milvus/bin/python tests/index/milvus_server.py FOLDER

Prints the port when it answers.
"""

from __future__ import annotations

import fcntl
import socket
import sys
import tempfile
from pathlib import Path

from milvus import MilvusServer, MilvusServerConfig


def main() -> None:
    # Its etcd insists on port 2380, so there can be one on a machine: another run of the tests waits.
    with (Path(tempfile.gettempdir()) / "babelreel-milvus.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        port = free_port(0)
        free_port(2380)
        config = MilvusServerConfig(data_dir=sys.argv[1], proxy_port=port)
        # Its clock ticks five times a second, and what was written is seen a tick later: tests need not wait so long.
        config.set("proxy.timeTickInterval", 20)
        server = MilvusServer(config)
        server.start()
        print(port, flush=True)
        sys.stdin.read()
        server.stop()


def free_port(port: int) -> int:
    """The port, or any for 0; OSError where it is taken."""
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    main()
