"""The server in the shell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from babelreel.commands.index import DEFAULT, PANEL, Reader, Where, open_searcher
from babelreel.commands.shared import Device

serve_app = typer.Typer()
NEEDED = ("fastapi", "python_multipart", "prometheus_client", "uvicorn")


@serve_app.command(rich_help_panel=PANEL)
def serve(
    where: Where = DEFAULT,
    model: Reader = None,
    host: Annotated[str, typer.Option(help="the address to listen on; any but this machine's own needs a token")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=1, max=65535, help="the port to listen on")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(envvar="BABELREEL_TOKEN", help="what clients must know; other users see options, so set it there"),
    ] = None,
    cache: Annotated[Path | None, typer.Option(help="where copies of what browsers do not play are kept")] = None,
    cache_size: Annotated[float, typer.Option(min=0, help="how much of them, in gigabytes")] = 4.0,
    waiting: Annotated[int, typer.Option(min=1, help="searches that may wait; more are told to come back")] = 128,
    device: Device = None,
) -> None:
    """Serve an index: a page to search with, and an API (/openapi.json)."""
    from babelreel.extras import require

    for module in NEEDED:
        require(module)
    from babelreel.serve.run import run
    from babelreel.serve.settings import Settings

    settings = Settings(host, port, token or None, cache_bytes=int(cache_size * 1e9), waiting=waiting)
    if cache is not None:
        settings = replace(settings, cache=cache)
    searcher = open_searcher(where, model, device)
    shown = f"[{host}]" if ":" in host else host
    print(f"{len(searcher)} entries at http://{shown}:{port}/ - Ctrl-C stops the server", flush=True)
    run(searcher, settings)
