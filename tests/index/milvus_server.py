"""A Milvus server on a free port of this machine, for as long as the standard input is open.

    .venv-milvus/bin/python tests/index/milvus_server.py FOLDER

Prints the port when it answers.
"""

from __future__ import annotations

import socket
import sys

from milvus import MilvusServer, MilvusServerConfig


def main() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = MilvusServerConfig(data_dir=sys.argv[1], proxy_port=port)
    # Its clock ticks five times a second, and what was just written is seen a tick later: tests need not wait so long.
    config.set("proxy.timeTickInterval", 20)
    server = MilvusServer(config)
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
