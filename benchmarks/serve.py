"""Searches over HTTP: requests a second and latency at 1, 8 and 64 clients, and what an overload does.

A real server process on the loopback, over a small index of random pictures and a small random model, so that the
figures are those of the server and the store rather than of a model. The clients share the machine with it.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
from harness import arguments, report
from PIL import Image

import babelreel
from babelreel.encoders.small import write_small_clip
from babelreel.index.build import build_index, describe_index
from babelreel.index.open import create_index

CLIENTS = (1, 8, 64)
TEXTS = ("a red circle jumps", "ein roter Kreis springt", "一个红色的圆在跳", "دائرة حمراء تقفز", "mduara mwekundu")
OVERLOAD = 200  # searches at once, to a server that lets `FEW` wait
FEW = 4
STARTS = 120.0  # seconds that a server may take


def make_index(folder: Path, pictures: int) -> Path:
    rng = np.random.default_rng(0)
    (folder / "files").mkdir()
    for n in range(pictures):
        Image.fromarray(rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(folder / "files" / f"{n}.png")
    model = babelreel.load(write_small_clip(folder / "model", TEXTS, width=64, image_size=32), frames=4)
    build_index([folder / "files"], model, create_index(folder / "index", describe_index(model)))
    return folder / "index"


@contextmanager
def serving(index: Path, *options: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "babelreel", "serve", "--index", str(index), "--port", str(port), *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait(process, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + STARTS
    while process.poll() is None and time.monotonic() < until:
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("The server did not start.")


async def load(url: str, clients: int, seconds: float) -> dict[str, Any]:
    """So many clients, each with one request after another."""
    took: list[float] = []
    statuses: Counter[int] = Counter()
    until = time.perf_counter() + seconds

    async def one(client: httpx.AsyncClient, number: int) -> None:
        while (began := time.perf_counter()) < until:
            number += 1
            answer = await client.get("/api/search", params={"q": f"{TEXTS[number % len(TEXTS)]} {number}"})
            took.append(time.perf_counter() - began)
            statuses[answer.status_code] += 1

    async with httpx.AsyncClient(base_url=url, timeout=60, limits=httpx.Limits(max_connections=clients)) as client:
        await asyncio.gather(*(one(client, 1000 * n) for n in range(clients)))
    failed = sum(count for status, count in statuses.items() if status != 200)
    median, late = np.percentile(took, [50, 99])
    return {
        "what": f"{clients} clients", "searches/s": len(took) / seconds, "median ms": 1000 * median,
        "p99 ms": 1000 * late, "failed": failed,
    }  # fmt: skip


async def overload(url: str) -> dict[str, Any]:
    """Many searches at once, then one by one: how many are put off, with Retry-After, and whether it recovers."""
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=httpx.Limits(max_connections=OVERLOAD)) as client:
        answers = await asyncio.gather(*(client.get("/api/search", params={"q": "a"}) for _ in range(OVERLOAD)))
        after = [(await client.get("/api/search", params={"q": "a"})).status_code for _ in range(10)]
    statuses = Counter(answer.status_code for answer in answers)
    put_off = [answer for answer in answers if answer.status_code == 503]
    told = all("retry-after" in answer.headers for answer in put_off)
    if set(statuses) != {200, 503} or not told or set(after) != {200}:
        raise SystemExit(f"An overload was answered with {dict(statuses)} (Retry-After: {told}), then with {after}.")
    return {"what": f"{OVERLOAD} at once, {FEW} may wait", "200": statuses[200], "503": statuses[503], "failed": 0}


def main() -> None:
    options = arguments(__doc__ or "")
    pictures, seconds = (200, 1.5) if options.quick else (2000, 10.0)
    with tempfile.TemporaryDirectory() as name:
        index = make_index(Path(name), pictures)
        with serving(index) as url:
            asyncio.run(load(url, 1, 1.0))
            rows = [asyncio.run(load(url, clients, seconds)) for clients in CLIENTS]
        with serving(index, "--waiting", str(FEW)) as url:
            rows.append(asyncio.run(overload(url)))
    report(rows, options.json, options.quick)
    if any(row["failed"] for row in rows):
        raise SystemExit("Some searches failed.")


if __name__ == "__main__":
    main()
