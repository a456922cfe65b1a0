"""Searches gathered in one thread: alone or together the same answers, and nobody waits for what fails or is full."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from shelf import TEXTS, Gate

from babelreel.errors import MissingEntryError, OverloadError, QueryError
from babelreel.index.query import Answer, Query
from babelreel.index.search import Searcher
from babelreel.serve.engine import BATCH, Engine


@pytest.fixture
def sizes() -> list[int]:
    return []


@pytest.fixture
def engine(searcher: Searcher, sizes: list[int]) -> Iterator[Engine]:
    engine = Engine(searcher, 100, sizes.append)
    yield engine
    engine.close()


@pytest.fixture
def gate(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> Gate:
    return Gate(searcher, monkeypatch)


async def begun(gate: Gate) -> None:
    assert await asyncio.to_thread(gate.reached.wait, 30)


def test_what_comes_together_is_answered_together(
    engine: Engine, searcher: Searcher, sizes: list[int], gate: Gate
) -> None:
    queries = [Query(text, k=k) for text in TEXTS for k in range(1, 16)]

    async def ask() -> list[Answer]:
        first = asyncio.create_task(engine.search(Query("first")))
        await begun(gate)
        others = [asyncio.create_task(engine.search(query)) for query in queries]
        await asyncio.sleep(0)
        gate.open.set()
        await first
        return [(await other).answer for other in others]

    answers = asyncio.run(ask())
    assert sizes == [1, BATCH, len(queries) - BATCH]
    for query, answer in zip(queries, answers, strict=True):
        assert [h.id for h in answer] == [h.id for h in searcher.search(query)]


def test_a_query_that_fails_fails_alone(engine: Engine, sizes: list[int]) -> None:
    async def ask() -> list[object]:
        asked = [Query("a"), Query(like="0-0"), Query("b"), Query("c", threshold=0.5)]
        return list(await asyncio.gather(*map(engine.search, asked), return_exceptions=True))

    first, second, third, fourth = asyncio.run(ask())
    assert isinstance(second, MissingEntryError)
    assert isinstance(fourth, QueryError)
    assert len(first.answer) == len(third.answer) == 10  # type: ignore[attr-defined]


def test_a_bug_reaches_the_caller_and_the_thread_goes_on(
    engine: Engine, searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(searcher, "model", None)
        with pytest.raises(AttributeError):
            asyncio.run(engine.search(Query("a")))
    assert engine.alive
    assert len(asyncio.run(engine.search(Query("a"))).answer) == 10


def test_a_full_queue_refuses_and_recovers(searcher: Searcher, gate: Gate) -> None:
    engine = Engine(searcher, 2, lambda _: None)

    async def ask() -> None:
        running = asyncio.create_task(engine.search(Query("a")))
        await begun(gate)
        waiting = [asyncio.create_task(engine.search(Query("a"))) for _ in range(2)]
        await asyncio.sleep(0)
        assert engine.waiting == 2
        with pytest.raises(OverloadError, match="2 searches are waiting"):
            await engine.search(Query("a"))
        gate.open.set()
        await asyncio.gather(running, *waiting)
        assert len((await engine.search(Query("a"))).answer) == 10

    asyncio.run(ask())
    engine.close()


def test_what_nobody_waits_for_is_not_searched(engine: Engine, sizes: list[int], gate: Gate) -> None:
    async def ask() -> None:
        running = asyncio.create_task(engine.search(Query("a")))
        await begun(gate)
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(engine.search(Query("b")), 0.01)
        gate.open.set()
        await running
        await engine.search(Query("c"))

    asyncio.run(ask())
    assert sizes == [1, 1]


def test_closing_answers_what_waits_and_refuses_what_comes(searcher: Searcher, gate: Gate) -> None:
    engine = Engine(searcher, 10, lambda _: None)

    async def ask() -> None:
        tasks = [asyncio.create_task(engine.search(Query("a"))) for _ in range(3)]
        await begun(gate)
        closing = asyncio.create_task(asyncio.to_thread(engine.close))
        while engine.alive:
            await asyncio.sleep(0.001)
        with pytest.raises(OverloadError, match="shutting down"):
            await engine.search(Query("b"))
        gate.open.set()
        assert [len(found.answer) for found in await asyncio.gather(*tasks)] == [10, 10, 10]
        await closing

    asyncio.run(ask())
    engine.close()  # a second time does no harm
