"""One scene to one file, and many in processes. Kept apart so that a worker loads no more than it needs: no torch."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from babelreel.corpora.playground.render import FPS, SIZE, render
from babelreel.corpora.playground.scene import Scene
from babelreel.corpora.playground.sound import RATE, play
from babelreel.media.write import write_video

VERSION = 1  # raise it whenever the same scene comes to look or sound different


def digest(scene: Scene) -> str:
    """Twelve hexadecimal digits that stand for the pictures and the sound of a scene."""
    return hashlib.sha256(f"{VERSION} {SIZE} {FPS} {RATE} {scene}".encode()).hexdigest()[:12]


def film(scene: Scene, path: Path) -> None:
    """Render a scene and its sound into a file, whole or not at all; silence has no audio stream."""
    frames = render(scene)
    samples = play(scene, len(frames) / FPS)
    write_video(path, frames, FPS, None if samples is None else (samples, RATE))


def film_all(jobs: list[tuple[Scene, Path]], workers: int | None = None) -> Iterator[None]:
    """Film every scene into its file; yield after each."""
    return in_processes(film, jobs, workers)


def in_processes(function: Callable[..., None], jobs: Sequence[tuple[Any, ...]], workers: int | None) -> Iterator[None]:
    """Call a function with every job, in processes (default: one a core) unless one is enough; yield after each."""
    workers = min(workers or _cores(), len(jobs))
    if workers <= 1:
        for job in jobs:
            function(*job)
            yield
        return
    pool = ProcessPoolExecutor(workers, initializer=_become_worker)
    try:
        for future in as_completed([pool.submit(function, *job) for job in jobs]):
            future.result()
            yield
    finally:
        pool.shutdown(cancel_futures=True)


def _become_worker() -> None:
    """Leave interrupts to the parent, and end with it: a killed parent cannot tell its workers to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
