"""A bounded number of items in flight, outcomes in input order, a clean end whatever happens."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.errors import InvalidItemError, ItemError, NotRunError, RequestError
from nodeloom.outcomes import Outcome
from nodeloom.run.stop import Stop
from nodeloom.values import Item
from tests.run.doubles import Watched, runner_for, until


async def all_of(runner: Any) -> list[Outcome]:
    async with runner:
        return [outcome async for outcome in runner.outcomes()]


@given(
    count=st.integers(0, 60),
    concurrency=st.integers(1, 12),
    window=st.integers(0, 8),
    fail=st.sets(st.integers(0, 59)),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=60, deadline=None)
def test_outcomes_come_in_input_order_one_for_each_item(
    count: int, concurrency: int, window: int, fail: set[int], seed: int
) -> None:
    """Whatever the order in which items are finished, nothing is lost, doubled or out of place."""
    draw = random.Random(seed)

    async def work(index: int, item: Item) -> Outcome:
        for _ in range(draw.randrange(5)):
            await asyncio.sleep(0)
        if index in fail:
            return Outcome(index, error=ItemError("failed", item=index))
        return Outcome(index, [item])

    items = [{"n": n} for n in range(count)]
    outcomes = asyncio.run(all_of(runner_for(work, items, concurrency=concurrency, window=window)))
    assert [o.index for o in outcomes] == list(range(count))
    assert [o.error is not None for o in outcomes] == [n in fail for n in range(count)]
    assert all(o.items[0]["json"] == {"n": o.index} for o in outcomes if o.error is None)


@pytest.mark.parametrize("concurrency", [1, 3, 16])
def test_never_more_in_flight_than_allowed(concurrency: int) -> None:
    work = Watched(turns=3)
    asyncio.run(all_of(runner_for(work, [{}] * 100, concurrency=concurrency)))
    assert work.most_in_flight == concurrency


def test_no_more_workers_than_items() -> None:
    work = Watched(turns=3)
    runner = runner_for(work, [{}] * 3, concurrency=1000)
    asyncio.run(all_of(runner))
    assert len(runner._workers) == 3


def test_finished_items_wait_in_a_bounded_window() -> None:
    """An item that takes long holds back at most `window` finished ones; the input is not read further."""

    async def scenario() -> None:
        read: list[int] = []

        async def items() -> AsyncIterator[dict[str, int]]:
            for n in range(1000):
                read.append(n)
                yield {"n": n}

        release = asyncio.Event()

        async def work(index: int, _item: Item) -> Outcome:
            if index == 0:
                await release.wait()
            return Outcome(index)

        runner = runner_for(work, items(), concurrency=4, window=10)
        async with runner:
            first = asyncio.ensure_future(runner.next_batch())
            for _ in range(300):
                await asyncio.sleep(0)
            assert len(read) == 14
            release.set()
            assert (await first)[0].index == 0
            assert len([o async for o in runner.outcomes()]) == 1000 - len(first.result())

    asyncio.run(scenario())


@pytest.mark.slow
def test_a_consumer_that_takes_its_time_holds_the_input_back() -> None:
    async def scenario() -> None:
        read: list[int] = []

        def items() -> Iterator[dict[str, int]]:
            for n in range(5000):
                read.append(n)
                yield {"n": n}

        runner = runner_for(Watched(), items(), concurrency=4, window=16)
        async with runner:
            await runner.next_batch(most=1)
            for _ in range(200):
                await asyncio.sleep(0.001)
            # Given, in the window or in flight, and read ahead by the source.
            assert len(read) <= 1 + 16 + 4 + 64
        assert not runner.complete

    asyncio.run(scenario())


@pytest.mark.slow
def test_fifty_thousand_items_leave_no_trace_in_memory() -> None:
    """Of a long stream nothing is kept but the window: neither items nor outcomes."""

    async def scenario() -> None:
        read = given = furthest = 0

        async def items() -> AsyncIterator[dict[str, int]]:
            nonlocal read
            for n in range(50_000):
                read += 1
                yield {"n": n}

        runner = runner_for(Watched(), items(), concurrency=8)
        async with runner:
            async for outcome in runner.outcomes():
                assert outcome.index == given
                given += 1
                furthest = max(furthest, read - given)
                assert len(runner._ready) <= 256 + 8
        assert given == 50_000
        # The window, a batch in the consumer's hand, and what is in flight.
        assert furthest <= 256 + 256 + 8

    asyncio.run(scenario())


def test_on_error_stop_begins_nothing_further_and_reports_the_rest() -> None:
    work = Watched(fail={5}, turns=2)
    runner = runner_for(work, [{}] * 50, concurrency=4, on_error="stop")
    outcomes = asyncio.run(all_of(runner))
    assert [o.index for o in outcomes] == list(range(50))
    assert sorted(work.begun) == sorted(work.finished)
    assert len(work.begun) < 12
    not_run = [o for o in outcomes if isinstance(o.error, NotRunError)]
    assert [o.index for o in not_run] == [n for n in range(50) if n not in work.begun]
    assert "item 5 failed" in not_run[0].error.message  # type: ignore[union-attr]
    assert runner.complete


def test_on_error_continue_runs_everything() -> None:
    work = Watched(fail=range(0, 50, 2))
    outcomes = asyncio.run(all_of(runner_for(work, [{}] * 50)))
    assert sum(o.error is not None for o in outcomes) == 25
    assert len(work.finished) == 50


def test_stop_finishes_what_is_in_flight() -> None:
    async def scenario() -> None:
        work = Watched()
        work.gate = asyncio.Event()
        stop = Stop()
        runner = runner_for(work, [{}] * 20, concurrency=4, stop=stop)
        taking = asyncio.ensure_future(all_of(runner))
        await until(lambda: work.in_flight == 4)
        stop.set()
        await until(lambda: runner.control.halted)
        work.gate.set()
        outcomes = await taking
        assert [o.error is None for o in outcomes] == [True] * 4 + [False] * 16
        assert all(isinstance(o.error, NotRunError) for o in outcomes[4:])
        assert runner.control.why == "the run was stopped"

    asyncio.run(scenario())


def test_stop_now_abandons_what_is_in_flight_and_says_that_it_is_unknown() -> None:
    async def scenario() -> None:
        work = Watched()
        work.gate = asyncio.Event()
        stop = Stop()
        runner = runner_for(work, [{}] * 20, concurrency=4, stop=stop)
        taking = asyncio.ensure_future(all_of(runner))
        await until(lambda: work.in_flight == 4)
        stop.set(now=True)
        outcomes = await taking
        assert work.finished == []
        for outcome in outcomes[:4]:
            assert isinstance(outcome.error, RequestError)
            assert outcome.error.details["sent"] == "unknown"
        assert all(isinstance(o.error, NotRunError) for o in outcomes[4:])

    asyncio.run(scenario())


def test_a_stop_that_was_set_before_begins_nothing() -> None:
    stop = Stop()
    stop.set()
    work = Watched()
    outcomes = asyncio.run(all_of(runner_for(work, [{}] * 5, stop=stop)))
    assert work.begun == []
    assert all(isinstance(o.error, NotRunError) for o in outcomes)
    assert len(outcomes) == 5


def test_an_input_that_raises_keeps_the_outcomes_of_what_it_gave() -> None:
    def items() -> Iterator[dict[str, int]]:
        yield from ({"n": n} for n in range(7))
        raise OSError("the disk is gone")

    async def scenario() -> None:
        seen = []
        with pytest.raises(OSError, match="the disk is gone"):  # noqa: PT012 - each outcome is kept until the error comes
            async with (runner := runner_for(Watched(), items())):
                async for outcome in runner.outcomes():
                    seen.append(outcome)
        assert [o.index for o in seen] == list(range(7))
        assert all(o.error is None for o in seen)
        assert not runner.complete

    asyncio.run(scenario())


def test_an_async_input_that_is_cancelled_from_within_is_not_taken_for_its_end() -> None:
    async def items() -> AsyncIterator[dict[str, int]]:
        yield {"n": 0}
        raise asyncio.CancelledError

    async def scenario() -> None:
        runner = runner_for(Watched(), items())
        async with runner:
            while await runner.next_batch():
                pass
        assert isinstance(runner.control.fault, asyncio.CancelledError)

    asyncio.run(scenario())


def test_an_input_that_ends_the_process_is_raised_to_the_caller() -> None:
    """SystemExit from a generator must not end the event loop that others use too."""

    def items() -> Iterator[dict[str, int]]:
        yield {"n": 0}
        raise SystemExit(3)

    async def scenario() -> None:
        runner = runner_for(Watched(), items())
        async with runner:
            while await runner.next_batch():
                pass
        assert isinstance(runner.control.fault, SystemExit)

    asyncio.run(scenario())


def test_items_that_are_no_objects_fail_alone() -> None:
    items: list[Any] = [{"a": 1}, None, "text", 3, [1], True, {"a": 2}]
    outcomes = asyncio.run(all_of(runner_for(Watched(), items)))
    assert [isinstance(o.error, InvalidItemError) for o in outcomes] == [False, True, True, True, True, True, False]
    assert [o.error.item for o in outcomes if o.error] == [1, 2, 3, 4, 5]


def test_an_unexpected_fault_fails_its_item_and_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def work(index: int, item: Item) -> Outcome:
        if index == 1:
            raise KeyError("a bug")
        return Outcome(index, [item])

    outcomes = asyncio.run(all_of(runner_for(work, [{}] * 3)))
    assert [o.error is None for o in outcomes] == [True, False, True]
    assert "KeyError" in str(outcomes[1].error)
    assert "a bug" in caplog.text


def test_closing_early_finishes_what_is_in_flight_and_leaves_no_task() -> None:
    async def scenario() -> None:
        before = asyncio.all_tasks()
        work = Watched(turns=3)
        async with (runner := runner_for(work, [{}] * 500)):
            await runner.next_batch(most=1)
        assert work.in_flight == 0
        assert sorted(work.begun) == sorted(work.finished)
        assert asyncio.all_tasks() == before
        rest = []
        while batch := runner.left():
            rest += batch
        assert [o.index for o in rest] == list(range(1, 500))

    asyncio.run(scenario())


def test_cancelling_the_taker_abandons_what_is_in_flight() -> None:
    async def scenario() -> None:
        before = asyncio.all_tasks()
        work = Watched()
        work.gate = asyncio.Event()
        taking = asyncio.ensure_future(all_of(runner_for(work, [{}] * 20)))
        await until(lambda: work.in_flight == 4)
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking
        assert work.in_flight == 0
        assert asyncio.all_tasks() == before

    asyncio.run(scenario())


def test_cancelling_the_close_abandons_what_is_in_flight() -> None:
    async def scenario() -> None:
        before = asyncio.all_tasks()
        work = Watched()
        work.gate = asyncio.Event()
        runner = runner_for(work, [{}] * 20)
        taking = asyncio.ensure_future(runner.next_batch())
        await until(lambda: work.in_flight == 4)
        closing = asyncio.ensure_future(runner.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert work.in_flight == 0
        assert {o.index for o in await taking} == {0, 1, 2, 3}
        assert asyncio.all_tasks() == before

    asyncio.run(scenario())


def test_a_runner_that_was_never_asked_closes_at_once() -> None:
    async def scenario() -> None:
        runner = runner_for(Watched(), [{}, {}])
        await runner.aclose()
        assert [o.index for o in await runner.next_batch()] == [0, 1]

    asyncio.run(scenario())
