"""Items come from lists, iterables and async iterables; what was read is never lost."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.errors import ConfigurationError
from nodeloom.inputs.itemsource import END, AsyncSource, SequenceSource, ThreadedSource, WholeSource, open_source
from tests.run.doubles import until


def numbers(count: int) -> Iterator[int]:
    yield from range(count)


async def anumbers(count: int) -> AsyncIterator[int]:
    for n in range(count):
        yield n


async def taken(source: Any, most: int | None = None) -> list[Any]:
    found: list[Any] = []
    while most is None or len(found) < most:
        item = await source.next()
        if item is END:
            break
        found.append(item)
    return found


def test_the_kind_of_input_decides_about_the_source() -> None:
    assert isinstance(open_source([1]), SequenceSource)
    assert isinstance(open_source((1,)), SequenceSource)
    assert isinstance(open_source(numbers(1)), ThreadedSource)
    assert isinstance(open_source({1}), ThreadedSource)
    assert isinstance(open_source(anumbers(1)), AsyncSource)
    assert isinstance(open_source(numbers(1), whole=True), WholeSource)


@pytest.mark.parametrize("items", ["text", b"bytes", {"Link": "a"}, 3, object()])
def test_what_holds_no_items_is_refused_with_a_hint(items: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_source(items)
    assert caught.value.hint


@given(count=st.integers(0, 200), stop_at=st.integers(0, 200), kind=st.sampled_from(["list", "generator", "whole"]))
@settings(max_examples=80, deadline=None)
def test_given_and_rest_together_are_what_was_read(count: int, stop_at: int, kind: str) -> None:
    """After `close`, the items that were taken out of the input and not given are the rest, in order."""
    pulled: list[int] = []

    def items() -> Iterator[int]:
        for n in range(count):
            pulled.append(n)
            yield n

    async def scenario() -> tuple[list[object], list[object], bool]:
        source = open_source(list(items()) if kind == "list" else items(), whole=kind == "whole")
        given = await taken(source, stop_at)
        source.close()
        await source.settle()
        assert await source.next() is END
        rest = list(source.rest())
        return given, rest, source.exhausted

    given_items, rest, exhausted = asyncio.run(scenario())
    assert given_items == list(range(min(stop_at, count)))
    assert given_items + rest == pulled
    if exhausted:
        assert len(pulled) == count


def test_a_blocking_input_is_read_in_a_thread_and_a_close_does_not_wait_for_it() -> None:
    reading, writing = os.pipe()

    async def scenario() -> None:
        with os.fdopen(reading) as lines:
            source = open_source(line for line in lines)
            os.write(writing, b"one\n")
            assert await source.next() == "one\n"
            waiting = asyncio.ensure_future(source.next())
            await asyncio.sleep(0)
            source.close()
            assert await waiting is END
            await source.settle()
            assert not source.exhausted
            os.close(writing)  # lets the reading thread go
            await until(lambda: not any(t.name == "nodeloom-items" for t in threading.enumerate()))

    asyncio.run(scenario())


def test_no_thread_is_left_after_a_generator() -> None:
    async def scenario() -> None:
        source = open_source(numbers(1000))
        await taken(source, 3)
        source.close()
        await source.settle()
        assert not [t for t in threading.enumerate() if t.name == "nodeloom-items"]

    asyncio.run(scenario())


def test_no_thread_is_begun_for_an_input_nobody_reads() -> None:
    async def scenario() -> None:
        before = threading.enumerate()
        source = open_source(numbers(3))
        source.close()
        await source.settle()
        # Another test's may still be ending.
        assert not [t for t in threading.enumerate() if t.name == "nodeloom-items" and t not in before]

    asyncio.run(scenario())


def test_an_input_is_read_at_most_64_items_ahead() -> None:
    pulled: list[int] = []

    def items() -> Iterator[int]:
        for n in range(1000):
            pulled.append(n)
            yield n

    async def scenario() -> None:
        source = open_source(items())
        await source.next()
        await until(lambda: len(pulled) >= 64)
        for _ in range(50):
            await asyncio.sleep(0.001)
        assert len(pulled) <= 65
        source.close()
        await source.settle()

    asyncio.run(scenario())


def test_a_generator_is_left_where_it_stands_so_that_its_owner_can_go_on() -> None:
    async def scenario() -> list[int]:
        items = numbers(500)
        source = open_source(items)
        given = await taken(source, 5)
        source.close()
        await source.settle()
        return [*given, *source.rest(), *items]

    assert asyncio.run(scenario()) == list(range(500))


@pytest.mark.parametrize("whole", [False, True])
def test_what_the_input_raises_is_raised_after_its_items(whole: bool) -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise ValueError("line 4 is broken")

    async def scenario() -> None:
        source = open_source(items(), whole=whole)
        found: list[object] = []
        with pytest.raises(ValueError, match="line 4"):  # noqa: PT012 - each item is kept until the error comes
            while True:
                found.append(await source.next())
        source.close()
        assert [*found, *source.rest()] == [0, 1, 2]
        assert not source.exhausted

    asyncio.run(scenario())


def test_an_async_input_that_waits_is_closed_at_once() -> None:
    async def items() -> AsyncIterator[int]:
        yield 1
        await asyncio.sleep(3600)
        yield 2

    async def scenario() -> None:
        source = open_source(items())
        assert await source.next() == 1
        waiting = asyncio.ensure_future(source.next())
        await asyncio.sleep(0.001)
        source.close()
        assert await waiting is END
        assert not source.exhausted

    asyncio.run(scenario())


def test_a_whole_source_has_everything_before_it_gives_anything() -> None:
    async def scenario() -> None:
        source = open_source(anumbers(10), whole=True)
        assert isinstance(source, WholeSource)
        assert await source.next() == 0
        assert source.items == list(range(10))
        assert await taken(source) == list(range(1, 10))
        assert source.exhausted

    asyncio.run(scenario())
