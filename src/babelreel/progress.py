"""Progress on the terminal: what is done, how fast, and how long it will take. Silent where nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Report(Protocol):
    """What long work tells as it goes: how much is done, of how much, and a word beside it such as the loss."""

    def __call__(self, done: int, total: int, note: str = "", /) -> None:
        """Called after each of `total` pieces of work."""


@contextmanager
def progress_bar(title: str, unit: str = "items") -> Iterator[Report]:
    """Give a `Report` that draws a bar on standard error, with rate and time left."""
    if not sys.stderr.isatty():
        yield lambda done, total, note="": None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(title, total=None, rate="", note="")

        def update(done: int, total: int, note: str = "", /) -> None:
            speed = bars.tasks[0].speed
            bars.update(task, completed=done, total=total, rate=f"{speed:.1f} {unit}/s" if speed else "", note=note)

        yield update
