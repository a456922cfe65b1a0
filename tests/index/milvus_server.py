"""A Milvus server on a free port of this machine, for as long as somebody holds a lock on FOLDER/users.

    .venv-milvus/bin/python tests/index/milvus_server.py FOLDER

Writes the port into FOLDER/port when it answers. All workers of a run of the tests share one; a lock goes with its
process, so the server also ends when they are killed.
"""

from __future__ import annotations

import fcntl
import socket
import sys
import time
from pathlib import Path
from typing import IO

from milvus import MilvusServer, MilvusServerConfig

MACHINE = Path("/tmp/babelreel-milvus.lock")  # its etcd insists on port 2380: another run of the tests waits


def main() -> None:
    folder = Path(sys.argv[1])
    with MACHINE.open("w") as machine, (folder / "users").open("w") as users:
        fcntl.flock(machine, fcntl.LOCK_EX)
        port = free_port(0)
        free_port(2380)
        config = MilvusServerConfig(data_dir=str(folder / "data"), proxy_port=port)
        # Its clock ticks five times a second, and what was written is seen a tick later: tests need not wait so long.
        config.set("proxy.timeTickInterval", 20)
        server = MilvusServer(config)
        server.start()
        (folder / "port.new").write_text(str(port))
        (folder / "port.new").rename(folder / "port")
        while not alone(users):
            time.sleep(0.5)
        (folder / "port").unlink()  # while the lock is held: whoever comes now starts another
        server.stop()


def alone(users: IO[str]) -> bool:
    """Whether nobody holds the lock any more; then it is taken."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def free_port(port: int) -> int:
    """The port, or any for 0; OSError where it is taken."""
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    main()
