"""The application: a searcher and its files over HTTP."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from babelreel import __version__
from babelreel.errors import (
    BabelreelError,
    GoneError,
    IndexStoreError,
    MediaError,
    MissingEntryError,
    OverloadError,
    QueryError,
)
from babelreel.index.search import Searcher
from babelreel.media.playable import CopyCache
from babelreel.serve.catalogue import Librarian
from babelreel.serve.engine import Engine
from babelreel.serve.guard import RETRY, Guard, problem, route_of
from babelreel.serve.media import MediaDesk
from babelreel.serve.metrics import Metrics
from babelreel.serve.routes import Service, router
from babelreel.serve.settings import Settings

PAGE = Path(__file__).parent / "page"
ABOUT = """Finds moments in videos, and images, from a query in any language.

A server with a token takes it as `Authorization: Bearer TOKEN`, or as the cookie that `POST /login` sets. Any request
may be answered with 503 and `Retry-After` when there is too much to do."""

log = logging.getLogger(__name__)


def create_app(searcher: Searcher, settings: Settings) -> FastAPI:
    """The application around an open index; its search thread ends with it."""
    metrics = Metrics()
    engine = Engine(searcher, settings.waiting, metrics.batch)
    metrics.watch("babelreel_searches_waiting", "Searches that wait for their turn", lambda: engine.waiting)
    metrics.watch("babelreel_index_entries", "Entries of the index", lambda: len(searcher))
    desk = MediaDesk(CopyCache(settings.cache, settings.cache_bytes), settings.copy_seconds)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await to_thread.run_sync(engine.close)

    app = FastAPI(
        title="babelreel", version=__version__, description=ABOUT, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    app.state.service = Service(
        searcher, engine, Librarian(searcher.index), desk, metrics, settings.token, deque(maxlen=1000)
    )
    app.include_router(router)
    app.mount("/page", StaticFiles(directory=PAGE, check_dir=False), name="page")
    app.add_middleware(Guard, settings=settings, metrics=metrics)
    app.add_exception_handler(BabelreelError, _explain)
    app.add_exception_handler(RequestValidationError, _explain_validation)
    app.add_exception_handler(HTTPException, _explain_http)
    return app


async def _explain(_: Request, error: Exception) -> Response:
    """An error meant for users, as an answer. What concerns the machine stays in the log."""
    match error:
        case MissingEntryError() | GoneError():
            status = 404
        case QueryError() | MediaError():
            status = 422
        case OverloadError():
            return problem(503, str(error), RETRY)
        case IndexStoreError():
            log.error("%s", error)
            return problem(503, "The index cannot be read at the moment. The server's log says why.", RETRY)
        case _:
            raise error
    return problem(status, str(error))


async def _explain_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    told = []
    for each in error.errors():
        if each["type"] != "none_required":  # the other half of "a number, or nothing"
            told.append(f"{each['loc'][1]}: {each['msg'].removeprefix('Value error, ')}")
    return problem(422, "; ".join(told[:5]) + ".")


async def _explain_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:  # the framework names the methods of one route alone
        verbs = request.app.openapi()["paths"].get(route_of(request.scope), {})
        headers["Allow"] = ", ".join(verb.upper() for verb in verbs) or headers.get("Allow", "")
    return problem(error.status_code, str(error.detail), headers)
