"""What stands before every route: who may ask, how much, how long, and what every answer carries."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from babelreel.serve.metrics import Metrics
from babelreel.serve.settings import Settings, is_loopback

COOKIE = "babelreel"
OPEN = ("/", "/login", "/healthz", "/readyz")  # without a token, as is the page
PAGE = "/page/"
MEDIA = "/media/"
FORM_BYTES = 1 << 16  # of a form, beside its file
STALLED = 60.0  # seconds that a client may take to accept a piece of an answer
RETRY = {"Retry-After": "1"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

log = logging.getLogger(__name__)


class Guard:
    """An ASGI middleware. It keeps nothing of a request but counts."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it; whatever goes wrong is logged, and the client is told without details."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, scope["path"])
        began = time.perf_counter()
        self._running += 1
        self._metrics.running.set(self._running)
        try:
            await self._pass(scope, receive, answer)
        except TimeoutError:
            await answer.instead(503, "That took too long. Ask for less, or again in a moment.", scope, receive)
        except Exception:
            log.exception("%s %s failed", scope["method"], route_of(scope))
            await answer.instead(500, "That went wrong. The server's log says more.", scope, receive)
        finally:
            self._running -= 1
            self._metrics.running.set(self._running)
            method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "other"
            self._metrics.request(method, route_of(scope), answer.status, time.perf_counter() - began)

    async def _pass(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, answer.send)
            return
        limit = None if scope["path"].startswith(MEDIA) else self._settings.seconds
        async with asyncio.timeout(limit):
            await self._app(scope, _bounded(receive, self._most), answer.send)

    @property
    def _most(self) -> int:
        return self._settings.upload_bytes + FORM_BYTES

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        if self._settings.token is None and not is_loopback(host_of(headers.get("host", ""))):
            return problem(400, "Ask for this server as localhost: without a token it answers to no other name.")
        if path in ("/healthz", "/readyz"):
            return None
        if self._running > self._settings.requests:
            return problem(503, "Too many requests at once. Ask again in a moment.", RETRY)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._most:
            return problem(413, f"A request may have {self._settings.upload_bytes:,} bytes at most.")
        if path not in OPEN and not path.startswith(PAGE) and not allowed(headers, self._settings.token):
            return problem(401, "This server needs its token.", {"WWW-Authenticate": "Bearer"})
        return None


class _Answer:
    """An answer on its way: its headers are completed, its status remembered, a client that stalls is given up."""

    def __init__(self, send: Send, path: str) -> None:
        self._send = send
        self._page = path.startswith(PAGE) or path == "/"
        self._stored = self._page or path.startswith((MEDIA, "/thumbnails/"))
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            if not self._stored or self.status >= 400:
                headers["Cache-Control"] = "no-store"
            elif self._page:  # asked for anew each time, so that a newer version's parts fit together
                headers["Cache-Control"] = "no-cache"
        async with asyncio.timeout(STALLED):
            await self._send(message)

    async def instead(self, status: int, error: str, scope: Scope, receive: Receive) -> None:
        """Say what is wrong, where nothing was said yet; otherwise the answer breaks off."""
        if not self.status:
            await problem(status, error, RETRY if status == 503 else {})(scope, receive, self.send)


def problem(status: int, error: str, headers: dict[str, str] | None = None) -> Response:
    """An answer that says what is wrong."""
    return JSONResponse({"error": error}, status, headers)


def route_of(scope: Scope) -> str:
    """The route of a request as the metrics name it; there are only so many."""
    route: Any = scope.get("route")
    if scope["path"].startswith(PAGE):
        return PAGE
    return str(getattr(route, "path", "other"))


def host_of(header: str) -> str:
    """The name in a Host header, without the port."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if header.count(":") == 1 else header


def allowed(headers: Headers, token: str | None) -> bool:
    """Whether a request carries the token, or the cookie that stands for it."""
    if token is None:
        return True
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and same(given.strip(), token):
        return True
    return same(_cookie(headers.getlist("cookie")), cookie_for(token))


def cookie_for(token: str) -> str:
    """What a cookie holds in place of the token, so that it does not give the token away."""
    return hmac.new(token.encode(), b"babelreel cookie", hashlib.sha256).hexdigest()


def same(given: str, expected: str) -> bool:
    """Whether two texts are the same, found in a time that does not tell where they differ."""
    return hmac.compare_digest(given.encode(errors="surrogateescape"), expected.encode())


def _cookie(lines: Iterable[str]) -> str:
    for line in lines:
        try:
            found = SimpleCookie(line).get(COOKIE)
        except CookieError:
            continue
        if found is not None:
            return found.value
    return ""


def _bounded(receive: Receive, most: int) -> Receive:
    """The same request, broken off where its body exceeds so many bytes."""
    read = 0

    async def bounded() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise HTTPException(413, f"A request may have {most - FORM_BYTES:,} bytes at most.")
        return message

    return bounded
