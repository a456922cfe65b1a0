"""What can be asked, route by route."""

from __future__ import annotations

import os
import time
from collections import deque
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO

from anyio import to_thread
from fastapi import APIRouter, Depends, Form, Path, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from babelreel.index.calibrate import read_calibration
from babelreel.index.search import Searcher
from babelreel.serve.answers import (
    Health,
    InfoAnswer,
    ItemAnswer,
    Problem,
    SearchAnswer,
    item_answer,
    search_answer,
)
from babelreel.serve.catalogue import Librarian
from babelreel.serve.engine import Engine
from babelreel.serve.files import file_response, matches
from babelreel.serve.guard import COOKIE, RETRY, cookie_for, problem, same
from babelreel.serve.media import MediaDesk
from babelreel.serve.metrics import Metrics
from babelreel.serve.params import ID, SearchForm, SearchParams

LOGINS = 10  # wrong tokens from one address within LOGIN_SECONDS, then that has to wait
LOGIN_SECONDS = 60.0
COOKIE_SECONDS = 30 * 24 * 3600
PAGE = os.path.join(os.path.dirname(__file__), "page", "index.html")


@dataclass(frozen=True, slots=True)
class Service:
    """What the routes work with; `wrong` are times and addresses of logins that failed."""

    searcher: Searcher
    engine: Engine
    librarian: Librarian
    desk: MediaDesk
    metrics: Metrics
    token: str | None
    wrong: deque[tuple[float, str]]


def _service(request: Request) -> Service:
    found: Service = request.app.state.service
    return found


Served = Annotated[Service, Depends(_service)]
Id = Annotated[str, Path(pattern=ID, description="Of a hit, or of a moment")]
WHY = {
    400: "The request cannot be read, or names the server as it does not call itself",
    401: "The server's token is missing or wrong",
    404: "There is no such entry, or its file is no longer what was indexed",
    413: "The request is too large",
    416: "The range lies outside of the file",
    422: "What is asked makes no sense; the message says why",
    429: "Too many wrong tokens",
    503: "Too much to do; try again after Retry-After seconds",
}


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem, "description": WHY[status]} for status in (400, *statuses, 413, 503)}


def _binary(*types: str) -> dict[str, Any]:
    return {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in types}}


router = APIRouter()
FILES = ("video/mp4", "video/webm", "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/bmp",
         "application/octet-stream")  # fmt: skip
MEDIA: dict[int | str, dict[str, Any]] = {
    200: {"description": "All of the file"} | _binary(*FILES),
    206: {"description": "The range that was asked for"} | _binary(*FILES),
    304: {"description": "The client has it already"},
    **_errors(401, 404, 416, 422),
}
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"description": "A small picture"} | _binary("image/jpeg"),
    304: {"description": "The client has it already"},
    **_errors(401, 404, 422),
}


@router.get("/api/search", responses=_errors(401, 404, 422), tags=["search"])
async def search(params: Annotated[SearchParams, Query()], service: Served) -> SearchAnswer:
    """Search by a text, or for more like a hit."""
    return await _search(params, service)


@router.post("/api/search", responses=_errors(401, 404, 422), tags=["search"])
async def search_by_form(
    form: Annotated[SearchForm, Form(media_type="multipart/form-data")], service: Served
) -> SearchAnswer:
    """Search by a picture, a text, or more like a hit, or several of them at once."""
    file = form.image.file if form.image is not None and form.image.size else None
    return await _search(form, service, file)


async def _search(params: SearchParams, service: Service, file: BinaryIO | None = None) -> SearchAnswer:
    began = time.perf_counter()
    catalogue = await service.librarian.catalogue()
    image = None if file is None else await service.desk.decode(file, service.searcher.model.method.spec)
    found = await service.engine.search(params.query(catalogue, image))
    return search_answer(found, params.k, catalogue, time.perf_counter() - began)


@router.get("/api/items/{id}", responses=_errors(401, 404, 422), tags=["search"])
async def item(id: Id, service: Served) -> ItemAnswer:
    """What is known of an entry: an image, or a window of a video."""
    (entry,) = await to_thread.run_sync(service.searcher.index.get, [id])
    return item_answer(entry, await service.librarian.catalogue())


@router.get("/api/info", responses=_errors(401), tags=["search"])
async def info(service: Served) -> InfoAnswer:
    """What the index holds, and which model wrote it."""
    catalogue = await service.librarian.catalogue()
    calibration = await to_thread.run_sync(read_calibration, service.searcher.index)
    return InfoAnswer(
        entries=catalogue.entries,
        videos=catalogue.videos,
        images=catalogue.images,
        model=os.path.basename(service.searcher.model.source.rstrip("/")),
        langs=sorted(lang for lang in calibration.weights if lang) if calibration else [],
        calibrated=calibration is not None,
        folders=[catalogue.shown(folder) for folder in catalogue.folders],
    )


@router.get("/media/{id}", responses=MEDIA, response_class=Response, tags=["files"])
async def media(id: Id, request: Request, service: Served) -> Response:
    """The whole file of an entry, or a copy that browsers show; ranges of bytes are answered."""
    (entry,) = await to_thread.run_sync(service.searcher.index.get, [id])
    opened, etag = await service.desk.open(entry)
    return file_response(opened, etag, request.headers, request.method)


@router.get("/thumbnails/{id}", responses=PICTURE, response_class=Response, tags=["files"])
async def thumbnail(id: Id, request: Request, service: Served) -> Response:
    """A small picture of an entry."""
    (entry,) = await to_thread.run_sync(service.searcher.index.get, [id], True)
    if not entry.thumbnail:
        raise HTTPException(404, "This entry has no thumbnail.")
    etag = f'"{entry.file}-{entry.id}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=300"}
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(entry.thumbnail, headers=headers, media_type="image/jpeg")


# The same for HEAD: a browser asks so for sizes.
router.head("/media/{id}", responses=MEDIA, response_class=Response, tags=["files"], operation_id="head_media")(media)
router.head(
    "/thumbnails/{id}", responses=PICTURE, response_class=Response, tags=["files"], operation_id="head_thumbnail"
)(thumbnail)


@router.post("/login", status_code=204, responses=_errors(401, 422, 429), tags=["server"])
async def login(
    token: Annotated[str, Form(min_length=1, max_length=1000)], request: Request, service: Served
) -> Response:
    """Change the token for a cookie, which a browser then sends along."""
    if service.token is None:
        return Response(status_code=204)
    address, now = request.client.host if request.client else "", time.monotonic()
    failed = sum(1 for when, who in service.wrong if who == address and now - when < LOGIN_SECONDS)
    if failed >= LOGINS:
        wait = {"Retry-After": str(int(LOGIN_SECONDS))}
        return problem(429, "Too many wrong tokens. Wait a minute.", wait)
    if not same(token, service.token):
        service.wrong.append((now, address))
        return problem(401, "That is not the token of this server.", {"WWW-Authenticate": "Bearer"})
    answer = Response(status_code=204)
    secure = request.url.scheme == "https"
    answer.set_cookie(
        COOKIE, cookie_for(service.token), COOKIE_SECONDS, httponly=True, samesite="strict", secure=secure
    )
    return answer


@router.get("/healthz", responses={400: {"model": Problem}}, tags=["server"])
async def healthz() -> Health:
    """Whether the server is there."""
    return Health()


@router.get("/readyz", responses={400: {"model": Problem}, 503: {"model": Problem}}, tags=["server"])
async def readyz(service: Served) -> Health:
    """Whether searches are answered: the model is loaded, and the index opens."""
    if not service.engine.alive:
        raise HTTPException(503, "The server is shutting down.", RETRY)
    await to_thread.run_sync(len, service.searcher)
    return Health()


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **_errors(401)},
    tags=["server"],
)
async def metrics(service: Served) -> Response:
    """Requests, times, batches and the size of the index, for Prometheus."""
    text = await to_thread.run_sync(service.metrics.text)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/", include_in_schema=False)
async def page() -> Response:
    """The page."""
    if not os.path.isfile(PAGE):
        raise HTTPException(404, "This installation has no page. The API is described in /openapi.json.")
    return FileResponse(PAGE, media_type="text/html")
