"""Searches, gathered: one thread encodes and scores, whatever came within a few milliseconds together.

The event loop only waits. What a client no longer waits for is passed over, and a query that fails does so alone.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty, Full, Queue
from typing import NamedTuple

from babelreel.errors import BabelreelError, OverloadError, QueryError
from babelreel.index.calibrate import read_calibration
from babelreel.index.query import Answer, Query
from babelreel.index.search import Searcher

GATHER = 0.003  # seconds that the first of a batch waits for others
BATCH = 32  # queries

log = logging.getLogger(__name__)


class Found(NamedTuple):
    """What a search found, and whether its hits have confidences."""

    answer: Answer
    calibrated: bool


class _Job(NamedTuple):
    query: Query
    future: Future[Found]


class Engine:
    """A searcher with a thread of its own. At most `waiting` searches wait; `observe` is told the size of each batch.

    `close` answers what waits, and ends the thread.
    """

    def __init__(self, searcher: Searcher, waiting: int, observe: Callable[[int], None]) -> None:
        self.searcher = searcher
        self._jobs: Queue[_Job | None] = Queue(waiting)
        self._observe = observe
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="search", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many searches wait, about."""
        return self._jobs.qsize()

    @property
    def alive(self) -> bool:
        """Whether searches are answered."""
        return self._thread.is_alive() and not self._closing

    async def search(self, query: Query) -> Found:
        """Search in turn; a caller that is cancelled gives its place up.

        Raises:
            OverloadError: when too many searches wait already, or the server is about to end.
            BabelreelError: what `Searcher.search` raises.
        """
        future: Future[Found] = Future()
        if self._closing:
            raise OverloadError("The server is shutting down. Ask again in a moment.")
        try:
            self._jobs.put_nowait(_Job(query, future))
        except Full:
            raise OverloadError(f"{self._jobs.maxsize} searches are waiting already. Ask again in a moment.") from None
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Answer what waits, refuse what comes, and end the thread."""
        if not self._closing:
            self._closing = True
            self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (first := self._jobs.get()) is not None:
            jobs, last = [first], False
            until = time.monotonic() + GATHER
            while len(jobs) < BATCH and not last:
                try:
                    job = self._jobs.get(timeout=max(0.0, until - time.monotonic()))
                except Empty:
                    break
                if job is None:
                    last = True
                else:
                    jobs.append(job)
            self._answer([job for job in jobs if job.future.set_running_or_notify_cancel()])
            if last:
                return

    def _answer(self, jobs: Sequence[_Job]) -> None:
        if not jobs:
            return
        self._observe(len(jobs))
        try:
            found = self._search([job.query for job in jobs])
        except Exception as error:
            if len(jobs) > 1:
                for job in jobs:
                    self._answer([job])
                return
            if not isinstance(error, BabelreelError):
                log.exception("A search failed")
            jobs[0].future.set_exception(error)
            return
        for job, one in zip(jobs, found, strict=True):
            job.future.set_result(one)

    def _search(self, queries: Sequence[Query]) -> list[Found]:
        calibrated = read_calibration(self.searcher.index) is not None
        if not calibrated and any(query.threshold is not None for query in queries):
            raise QueryError("This index is not calibrated, so its hits have no confidence. Ask without a threshold.")
        return [Found(answer, calibrated) for answer in self.searcher.search_many(queries)]
