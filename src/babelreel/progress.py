"""Progress: what is done, how fast, how long it will take. A bar on a terminal; elsewhere a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

LINE_SECONDS = 10.0


class Report(Protocol):
    """What long work tells as it goes: how much is done, of how much, and a word beside it such as the loss."""

    def __call__(self, done: int, total: int, note: str = "", /) -> None:
        """Called after each of `total` pieces of work."""


@contextmanager
def progress_bar(title: str, unit: str = "items") -> Iterator[Report]:
    """Give a `Report` that draws a bar on standard error, with rate and time left.

    Where standard error is no terminal, work that takes longer prints a line every `LINE_SECONDS`.
    """
    if not sys.stderr.isatty():
        yield _Lines(title, unit)
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


class _Lines:
    """A `Report` for a log file: done, total, rate, note and time left, at most every `LINE_SECONDS`."""

    def __init__(self, title: str, unit: str) -> None:
        self.title, self.unit = title, unit
        self.total = self.done = self.first = 0
        self.began = self.printed = time.monotonic()

    def __call__(self, done: int, total: int, note: str = "", /) -> None:
        now = time.monotonic()
        if total != self.total or done < self.done:  # another piece of work begins
            self.total, self.first, self.began = total, done, now
        self.done = done
        if now - self.printed < LINE_SECONDS:
            return
        self.printed = now
        speed = (done - self.first) / (now - self.began) if now > self.began else 0.0
        words = [f"{self.title}: {done} of {total}"]
        if speed:
            words += [f"{speed:.1f} {self.unit}/s", f"{(total - done) / speed:.0f} s left"]
        print(", ".join(words + [note] * bool(note)), file=sys.stderr, flush=True)
