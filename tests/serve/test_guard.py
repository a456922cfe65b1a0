"""Who may ask, how much and how long; and what every answer carries, whatever happened."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from shelf import HOME, Gate

from babelreel.errors import ConfigError
from babelreel.index.search import Searcher
from babelreel.serve.app import create_app
from babelreel.serve.guard import HEADERS, cookie_for, host_of
from babelreel.serve.routes import LOGINS
from babelreel.serve.settings import Settings

TOKEN = "correct-horse-battery"
OPEN = ("/", "/healthz", "/readyz", "/page/app.js")
CLOSED = ("/api/search?q=a", "/api/info", "/api/items/0-0", "/media/0-0", "/thumbnails/0-0", "/metrics",
          "/openapi.json", "/nothing", "/page", "//api/info")  # fmt: skip


@pytest.fixture
def locked(searcher: Searcher, settings: Settings) -> Iterator[TestClient]:
    app = create_app(searcher, replace(settings, token=TOKEN))
    with TestClient(app, base_url="http://films.example", follow_redirects=False) as client:
        yield client


@pytest.mark.parametrize(
    ("host", "answered"),
    [
        ("localhost", True), ("localhost:8000", True), ("LOCALHOST:1", True), ("127.0.0.1:8000", True),
        ("[::1]:8000", True), ("127.9.9.9", True), ("evil.example", False), ("evil.example:8000", False),
        ("localhost.evil.example", False), ("127.0.0.1.evil.example", False), ("192.168.0.7", False),
        ("0.0.0.0", False), ("[2001:db8::1]", False), ("", False), ("localhost:80:80", False),
    ],
)  # fmt: skip
def test_without_a_token_it_answers_to_its_own_names_alone(client: TestClient, host: str, answered: bool) -> None:
    for path in ("/", "/api/info", "/healthz"):
        answer = client.get(path, headers={"Host": host})
        assert (answer.status_code != 400) == answered
    if not answered:
        assert "localhost" in answer.json()["error"]


def test_names_in_host_headers() -> None:
    assert [host_of(h) for h in ("a:1", "a", "[::1]:8", "[::1]", "::1")] == ["a", "a", "::1", "::1", "::1"]


@pytest.mark.parametrize("path", CLOSED)
def test_what_needs_the_token(locked: TestClient, path: str) -> None:
    wrong = [
        {}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Basic {TOKEN}"}, {"Authorization": TOKEN}, {"Authorization": b"Bearer \xff\xfe"},
        {"Cookie": f"babelreel={TOKEN}"}, {"Cookie": "babelreel="}, {"Cookie": "=;;,babelreel"},
        {"Cookie": f"other={cookie_for(TOKEN)}"},
    ]  # fmt: skip
    for headers in wrong:
        answer = locked.get(path, headers=headers)
        assert answer.status_code == 401, headers
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json() == {"error": "This server needs its token."}
    for headers in ({"Authorization": f"Bearer {TOKEN}"}, {"Cookie": f"x=1; babelreel={cookie_for(TOKEN)}"}):
        assert locked.get(path, headers=headers).status_code in (200, 307, 404)


def test_what_needs_no_token(locked: TestClient) -> None:
    assert locked.post("/api/search", data={"q": "a"}).status_code == 401
    for path in OPEN:
        assert locked.get(path).status_code in (200, 404)


def test_logging_in_sets_a_cookie_that_does_not_tell_the_token(locked: TestClient) -> None:
    answer = locked.post("/login", data={"token": TOKEN})
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"]
    assert TOKEN not in cookie
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "Secure" not in cookie
    assert locked.get("/api/info").status_code == 200  # the client sends the cookie along
    with TestClient(locked.app, base_url="https://films.example") as safe:
        assert "Secure" in safe.post("/login", data={"token": TOKEN}).headers["set-cookie"]


def test_guessing_tokens_is_slowed_down(locked: TestClient) -> None:
    for _ in range(LOGINS):
        answer = locked.post("/login", data={"token": "guess"})
        assert (answer.status_code, answer.json()["error"]) == (401, "That is not the token of this server.")
        assert "set-cookie" not in answer.headers
    for guess in ("guess", TOKEN):
        answer = locked.post("/login", data={"token": guess})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert locked.get("/api/info", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_logging_in_where_no_token_is_needed(client: TestClient) -> None:
    answer = client.post("/login", data={"token": "any"})
    assert (answer.status_code, "set-cookie" in answer.headers) == (204, False)
    assert client.post("/login").status_code == 422


@pytest.mark.parametrize("path", ["/", "/api/info", "/api/search", "/media/0-0", "/nothing", "/metrics", "/page/none"])
def test_every_answer_carries_the_headers(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"Origin": "https://evil.example"})
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_bug_is_not_shown(client: TestClient, searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(searcher, "model", None)
        for answer in (client.get("/api/search?q=a"), client.get("/api/info")):
            assert (answer.status_code, answer.json()) == (
                500, {"error": "That went wrong. The server's log says more."},
            )  # fmt: skip
            assert answer.headers["x-frame-options"] == "DENY"
    assert client.get("/api/search?q=a").status_code == 200


def test_large_bodies_are_refused(searcher: Searcher, settings: Settings) -> None:
    with TestClient(create_app(searcher, replace(settings, upload_bytes=10_000)), base_url=HOME) as client:
        large = {"image": b"x" * 100_000}
        assert client.post("/api/search", files=large).status_code == 413
        told = client.post("/api/search", content=iter([b"x" * 50_000] * 3), headers={"Content-Type": "x/y"})
        assert told.status_code in (413, 422)

        def form() -> Iterator[bytes]:
            yield b'--b\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'
            yield from [b"x" * 10_000] * 10
            yield b"\r\n--b--\r\n"

        streamed = client.post(
            "/api/search", content=form(), headers={"Content-Type": "multipart/form-data; boundary=b"}
        )
        assert (streamed.status_code, streamed.json()["error"]) == (413, "A request may have 10,000 bytes at most.")
        odd = client.post("/api/search", content=b"", headers={"Content-Length": "-5"})
        assert odd.status_code == 413
        assert client.post("/api/search", data={"q": "a"}).status_code == 200


def test_too_many_requests(searcher: Searcher, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(searcher, monkeypatch)
    with TestClient(create_app(searcher, replace(settings, requests=1, seconds=60)), base_url=HOME) as client:
        statuses: list[int] = []
        other = threading.Thread(target=lambda: statuses.append(client.get("/api/search?q=a").status_code))
        other.start()
        assert gate.reached.wait(60)
        refused = client.get("/api/info")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert client.get("/healthz").status_code == 200
        gate.open.set()
        other.join()
        assert statuses == [200]
        assert client.get("/api/info").status_code == 200


def test_a_search_that_takes_too_long(searcher: Searcher, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(searcher, monkeypatch)
    with TestClient(create_app(searcher, replace(settings, seconds=0.2)), base_url=HOME) as client:
        slow = client.get("/api/search?q=a")
        assert (slow.status_code, slow.headers["retry-after"]) == (503, "1")
        assert "took too long" in slow.json()["error"]
        gate.open.set()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"host": "0.0.0.0"}, "a token is needed"),
        ({"host": "films.example"}, "a token is needed"),
        ({"host": "::"}, "a token is needed"),
        ({"token": "short"}, "16 or more characters"),
        ({"token": "Schlüssel" * 4}, "all ASCII"),
        ({"port": 70_000}, "between 0 and 65535"),
        ({"cache_bytes": -1}, "cache_bytes"),
        ({"waiting": 0, "seconds": 0}, "waiting must be more than 0, found 0; seconds must"),
    ],
)
def test_settings_that_make_no_sense(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Settings(**wrong)  # type: ignore[arg-type]


def test_a_token_opens_the_server_to_others_and_is_not_printed() -> None:
    assert TOKEN not in repr(Settings(host="0.0.0.0", token=TOKEN))
    assert Settings(host="::1").host == "::1"


def test_a_client_that_stalls_is_given_up(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("babelreel.serve.guard.STALLED", 0.05)
    scope = {
        "type": "http", "method": "GET", "path": "/healthz", "raw_path": b"/healthz", "query_string": b"",
        "headers": [(b"host", b"localhost")], "http_version": "1.1", "scheme": "http", "root_path": "",
    }  # fmt: skip

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b""}

    async def send(message: object) -> None:
        await asyncio.sleep(30)

    asyncio.run(asyncio.wait_for(client.app(scope, receive, send), 5))  # type: ignore[arg-type]
