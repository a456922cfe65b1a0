"""A real server process: ranges over the wire, the token, more searches than it takes, and how it ends."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from process import Server, serving
from typer.testing import CliRunner

from babelreel.cli import app
from babelreel.errors import ConfigError, MissingExtraError
from babelreel.index.scan import entry_id

TOKEN = "correct-horse-battery"
KEY = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def server(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(index, tmp_path_factory.mktemp("server"), "--waiting", "1", token=TOKEN) as server:
        yield server


def test_it_says_where_it_listens(server: Server) -> None:
    assert f"11 entries at {server.url}/" in server.log()
    assert TOKEN not in server.log()


def test_the_token(server: Server) -> None:
    assert httpx.get(f"{server.url}/api/info").status_code == 401
    assert httpx.get(f"{server.url}/api/info", headers=KEY).json()["videos"] == 4
    with httpx.Client(base_url=server.url) as client:
        assert client.post("/login", data={"token": TOKEN}).status_code == 204
        assert client.get("/api/search", params={"q": "ein roter Kreis", "k": 1}).json()["more"] is True
    answer = httpx.get(f"{server.url}/api/info", headers=KEY)
    assert "server" not in answer.headers


def test_ranges(server: Server, files: Path) -> None:
    path = files / "clips" / "2.mp4"
    url, data = f"{server.url}/media/{entry_id(path, 0)}", path.read_bytes()
    with httpx.Client(headers=KEY) as client:
        got = b""
        while len(got) < len(data):
            part = client.get(url, headers={"Range": f"bytes={len(got)}-{len(got) + 9999}"})
            assert part.status_code == 206
            assert part.headers["content-range"].endswith(f"/{len(data)}")
            got += part.content
        assert got == data
        assert client.get(url).content == data
        assert client.head(url).headers["content-length"] == str(len(data))
        beyond = client.get(url, headers={"Range": f"bytes={len(data)}-"})
        assert (beyond.status_code, client.get(url).status_code) == (416, 200)


def test_more_searches_than_it_takes_are_put_off_and_it_recovers(server: Server) -> None:
    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        return await client.get("/api/search", params={"q": "a red circle", "k": 3})

    async def crowd() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(base_url=server.url, headers=KEY, limits=limits, timeout=60) as client:
            answers = await asyncio.gather(*(ask(client) for _ in range(200)))
            assert (await ask(client)).status_code == 200
        return answers

    answers = asyncio.run(crowd())
    assert {answer.status_code for answer in answers} == {200, 503}
    for answer in answers:
        if answer.status_code == 503:
            assert answer.headers["retry-after"] == "1"
            assert "waiting already" in answer.json()["error"]
        else:
            assert len(answer.json()["hits"]) == 3


def test_clients_that_leave_do_no_harm(server: Server, files: Path) -> None:
    host, _, port = server.url.removeprefix("http://").partition(":")
    head = f"Host: {host}\r\nAuthorization: Bearer {TOKEN}\r\n"
    video = f"/media/{entry_id(files / 'clips' / '2.mp4', 0)}"
    for request in (
        f"GET {video} HTTP/1.1\r\n{head}\r\n", f"GET /api/search?q=a HTTP/1.1\r\n{head}\r\n",
        f"POST /login HTTP/1.1\r\n{head}Content-Length: 9\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n--b",
        "GET / HTTP/1.1\r\n", "\r\n\r\n\0\xff", f"GET /media/../../etc/passwd HTTP/1.1\r\n{head}\r\n",
    ):  # fmt: skip
        with socket.create_connection((host, int(port))) as client:
            client.sendall(request.encode("latin-1"))
    until = time.monotonic() + 30
    while (answer := httpx.get(f"{server.url}/api/search", params={"q": "a"}, headers=KEY)).status_code == 503:
        assert time.monotonic() < until  # one search may wait, and the one that was left may be it for a moment
        time.sleep(0.05)
    assert answer.status_code == 200
    assert "Traceback" not in server.log()


def test_what_runs_is_finished_when_it_ends(index: Path, tmp_path: Path) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="q"\r\n\r\na\r\n--b--\r\n'
    with serving(index, tmp_path) as server:
        host, _, port = server.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=60) as client:
            head = f"POST /api/search HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
            client.sendall(head.encode() + b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + body[:20])
            while _running(server) < 2:  # itself, and the metrics
                time.sleep(0.02)
            server.process.send_signal(signal.SIGTERM)
            while not _refuses(host, int(port)):
                time.sleep(0.02)
            client.sendall(body[20:])
            answer = client.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert b'"hits":[{' in answer
        server.process.wait(30)
        assert "Traceback" not in server.log()


def _running(server: Server) -> int:
    text = httpx.get(f"{server.url}/metrics").text
    line = next(line for line in text.splitlines() if line.startswith("babelreel_requests_running "))
    return int(float(line.split()[1]))


def _refuses(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return True
    return False


def test_it_does_not_start_open_to_others_without_a_token(index: Path) -> None:
    done = CliRunner().invoke(app, ["serve", "--index", str(index), "--host", "0.0.0.0"], env={"BABELREEL_TOKEN": ""})
    assert isinstance(done.exception, ConfigError)
    assert "a token is needed: set BABELREEL_TOKEN" in str(done.exception)


def test_a_missing_extra_is_named(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    done = CliRunner().invoke(app, ["serve", "--index", str(index)])
    assert isinstance(done.exception, MissingExtraError)
    assert "babelreel[serve]" in str(done.exception)
