"""Requests go at the pace that was asked for, and at the one a service lets be learned; on virtual time."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.errors import NotRunError, RequestTimeoutError, TooManyOpenFilesError
from nodeloom.messages import Request, Response
from nodeloom.transport import RetryingSender, RetryPolicy
from nodeloom.transport.politeness.budget import RetryBudget
from nodeloom.transport.politeness.pacing import PacedSender, Pacer, Pacers
from nodeloom.transport.politeness.rate import Rate
from nodeloom.transport.runcontrol import RunControl
from nodeloom.transport.trip import Trip
from tests.transport.limited import LimitedService, Limiter, fixed_window, sliding_window, token_bucket
from tests.transport.virtualtime import now, run_virtually

GET = Request("GET", "https://x.test/")


@pytest.fixture
def channel() -> None:
    """Nothing is sent here, so there is no channel to choose."""


class Run:
    """A run of `items` requests, `concurrency` at a time, with retries and pacing as a real one composes them."""

    def __init__(self, service: Any, pacer: Pacer | None = None, *, concurrency: int = 8, **how: Any) -> None:
        self.control = RunControl()
        self.concurrency = concurrency
        policy = RetryPolicy(how.pop("retries", 2))
        self.budget = RetryBudget(how.pop("budget", 0.2))
        self.sender = PacedSender(service, pacer or Pacer(now), concurrency=concurrency, control=self.control, **how)
        self.retrying = RetryingSender(
            self.sender.send, policy, control=self.control, budget=self.budget, pacing=self.sender
        )
        self.ended: list[Response | Exception] = []
        self.denied: list[str] = []

    def stop(self, why: str = "the run was stopped") -> None:
        self.control.halt(why)

    async def items(self, count: int) -> Run:
        left = iter(range(count))

        async def worker() -> None:
            for _ in left:
                if self.control.halted:
                    return
                try:
                    response = await self.retrying.send(GET, Trip.none())
                except (NotRunError, RequestTimeoutError, TooManyOpenFilesError) as error:
                    self.ended.append(error)
                else:
                    self.ended.append(response)
                    self.denied += [response.denied] if response.denied else []

        async with asyncio.TaskGroup() as group:
            for _ in range(self.concurrency):
                group.create_task(worker())
        return self

    @property
    def done(self) -> int:
        return sum(1 for end in self.ended if isinstance(end, Response) and end.status == 200)


def ran(
    limiter: Limiter, items: int, *, concurrency: int = 8, begin: float = 0.0, **service: Any
) -> tuple[LimitedService, Run, float]:
    """A run against a service that refuses by `limiter`, begun so many seconds into a second; and how long it took."""

    async def whole() -> tuple[LimitedService, Run, float]:
        await asyncio.sleep(begin)
        asked = LimitedService(limiter, **service)
        began = now()
        run = await Run(asked, concurrency=concurrency).items(items)
        return asked, run, now() - began

    return run_virtually(whole())


@pytest.mark.parametrize("retry_after", [True, False], ids=["retry-after", "silent"])
@pytest.mark.parametrize(
    "limiter",
    [lambda: fixed_window(50), lambda: sliding_window(50), lambda: token_bucket(50, 5), lambda: token_bucket(50, 100)],
    ids=["fixed-window", "sliding-window", "small-bucket", "large-bucket"],
)
@pytest.mark.parametrize("latency", [0.001, 0.1])
def test_two_thousand_items_against_fifty_a_second_are_all_done_with_few_refused(
    limiter: Callable[[], Limiter], retry_after: bool, latency: float
) -> None:
    """Every item done, fewer than a tenth of the requests refused, and at least two thirds of the limit used."""
    service, run, seconds = ran(limiter(), 2000, latency=latency, retry_after=retry_after)
    assert run.done == 2000
    assert service.refused < 0.1 * len(service.asked)
    assert seconds < 1.5 * 2000 / 50


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(["fixed", "sliding", "bucket"]),
    st.integers(20, 200),
    st.floats(0.001, 0.2),
    st.floats(0, 1),
    st.booleans(),
    st.integers(0, 1000),
    st.sampled_from([429, 503]),
)
def test_whatever_the_limit_and_wherever_a_window_begins(
    kind: str, limit: int, latency: float, begin: float, retry_after: bool, seed: int, status: int
) -> None:
    limiter = {
        "fixed": fixed_window(limit),
        "sliding": sliding_window(limit),
        "bucket": token_bucket(limit, max(5, limit / 10)),
    }[kind]
    # 503 says by Retry-After only that it was a refusal; without, it may be an accident, and such have few retries.
    how = {"retry_after": retry_after or status == 503, "status": status}
    service, run, _seconds = ran(limiter, limit * 30, begin=begin, latency=latency, seed=seed, **how)
    assert run.done == limit * 30
    assert service.refused < 0.1 * len(service.asked)


@pytest.mark.parametrize("retry_after", [True, False], ids=["retry-after", "silent"])
@pytest.mark.parametrize(
    ("every", "concurrency", "times"),
    [(50, 8, 2.5), (20, 8, 2.5), (20, 32, 2.5), (20, 1, 2.5), (10, 8, 8.0), (5, 8, 4.0)],
)
def test_refusals_by_chance_cost_little_more_than_without_pacing(
    every: int, concurrency: int, times: float, retry_after: bool
) -> None:
    """One in so many is refused whatever the pace: slowing down would not help, and only the refused one waits."""
    draw = random.Random(7).random
    how: dict[str, Any] = {"concurrency": concurrency, "latency": 0.02, "retry_after": retry_after}
    service, run, seconds = ran(lambda _at: 1.0 if draw() < 1 / every else None, 1000, **how)
    assert run.done == 1000
    # Each refused request waits a second, or for a backoff that is shorter in the mean.
    assert seconds < times * (len(service.asked) * 0.02 + service.refused) / concurrency


def test_a_limit_that_rises_is_found() -> None:
    slow, fast = token_bucket(10, 5), token_bucket(200, 5)
    _service, run, seconds = ran(lambda at: (slow if at < 1020 else fast)(at), 3000, latency=0.001)
    assert run.done == 3000
    assert seconds < 20 + 3 * 2800 / 200


def test_after_a_short_disturbance_the_run_is_as_fast_as_before() -> None:
    service, run, seconds = ran(lambda at: 0.5 if 1001 <= at < 1001.5 else None, 20_000, latency=0.001)
    assert run.done == 20_000
    assert service.refused < 20
    assert seconds < 2 * 20_000 * 0.001 / 8 + 3


def test_nothing_waits_as_long_as_nothing_is_refused() -> None:
    service, run, seconds = ran(lambda _at: None, 1000, latency=0.001)
    assert len(service.accepted) == 1000
    assert seconds < 0.15
    assert run.sender.paced.waited == 0


def test_retry_after_holds_back_all_requests_of_the_credential_also_those_of_other_runs() -> None:
    async def whole() -> list[float]:
        refused = iter([True])
        service = LimitedService(lambda _at: 5.0 if next(refused, False) else None, retry_after=True)
        pacer = Pacer(now)
        first, second = Run(service, pacer), Run(service, pacer)
        await first.items(1)
        await second.items(20)
        return [at - 1000 for at in service.asked]

    asked = run_virtually(whole())
    assert asked[0] < 1
    assert all(at >= 5 for at in asked[1:])


def test_two_runs_of_one_credential_share_its_rate() -> None:
    async def whole() -> list[float]:
        service, pacer = LimitedService(lambda _at: None, latency=0.0), Pacer(now)
        runs = [Run(service, pacer, rate=Rate(20, 1)) for _ in range(2)]
        async with asyncio.TaskGroup() as group:
            for run in runs:
                group.create_task(run.items(50))
        assert [run.done for run in runs] == [50, 50]
        return service.asked

    asked = run_virtually(whole())
    assert asked[-1] - asked[0] == pytest.approx(99 / 20)


def test_runs_that_share_a_rate_take_turns() -> None:
    """One with many requests in flight leaves the other its half."""

    async def whole() -> int:
        service, pacer = LimitedService(lambda _at: None), Pacer(now)
        many = Run(service, pacer, rate=Rate(10, 1), concurrency=64)
        few = Run(service, pacer, rate=Rate(10, 1), concurrency=1)
        async with asyncio.TaskGroup() as group:
            group.create_task(many.items(100))
            await few.items(20)
            done = many.done
            many.stop()
        return done

    assert 15 <= run_virtually(whole()) <= 25


@pytest.mark.parametrize("burst", [1, 5, 20])
def test_a_burst_goes_at_once_after_a_pause(burst: int) -> None:
    async def whole() -> list[float]:
        service = LimitedService(lambda _at: None, latency=0.0)
        await Run(service, rate=Rate(10, burst), concurrency=32).items(burst + 10)
        return service.asked

    asked = run_virtually(whole())
    assert asked[burst - 1] == asked[0]
    assert asked[burst] == pytest.approx(asked[0] + 0.1)
    assert asked[-1] == pytest.approx(asked[0] + 1.0)


@pytest.mark.parametrize("per_second", [0.5, 50, 3000, 20_000])
def test_a_rate_is_kept_on_average_also_beyond_what_timers_resolve(per_second: float) -> None:
    items = max(20, int(per_second * 2))

    async def whole() -> float:
        service = LimitedService(lambda _at: None)
        rate = Rate(per_second, max(1, round(per_second * 0.01)))
        await Run(service, rate=rate, concurrency=64).items(items)
        return service.asked[-1] - service.asked[0]

    assert run_virtually(whole()) == pytest.approx(items / per_second, rel=0.1)


def test_a_run_that_stops_waits_for_no_turn_and_says_what_was_not_sent() -> None:
    async def whole() -> tuple[Run, float]:
        run = Run(LimitedService(lambda _at: None), rate=Rate(0.01, 1))
        asyncio.get_running_loop().call_later(5, run.stop)
        began = now()
        await run.items(100)
        return run, now() - began

    run, seconds = run_virtually(whole())
    assert seconds == pytest.approx(5)
    assert run.done == 1
    errors = [end for end in run.ended if isinstance(end, NotRunError)]
    assert len(errors) == 8
    assert str(errors[0]).startswith("The request was not sent: the run was stopped.")


def test_a_run_that_stops_during_a_pause_keeps_the_refusal_it_had() -> None:
    """What was refused before is the truth about the item; that it also was not repeated is not."""

    async def whole() -> Run:
        run = Run(LimitedService(lambda _at: 60.0, retry_after=True), concurrency=1)
        asyncio.get_running_loop().call_later(5, run.stop)
        return await run.items(1)

    (end,) = run_virtually(whole()).ended
    assert isinstance(end, Response)
    assert end.status == 429


@pytest.mark.parametrize("retry_after", [True, False])
@pytest.mark.parametrize(("accepted", "least", "most"), [(0, 4, 11), (1, 30, 63)])
def test_a_service_that_refuses_for_ever_is_given_up(
    retry_after: bool, accepted: int, least: float, most: float
) -> None:
    """After a minute, and sooner where it never took anything."""
    asked = iter(range(1000))
    service, run, seconds = ran(
        lambda _at: None if next(asked) < accepted else 1.0,
        accepted + 1,
        concurrency=1,
        latency=0.001,
        retry_after=retry_after,
    )
    assert [end.status for end in run.ended if isinstance(end, Response)] == [*([200] * accepted), 429]
    assert least < seconds < most
    assert len(service.asked) < 15
    assert run.denied[0].startswith("It was not repeated again: the service accepts nothing, for ")


def test_after_that_every_further_item_fails_soon() -> None:
    """Nobody waits minutes for the breaker to see enough failures."""
    service, run, seconds = ran(lambda _at: 1.0, 28, latency=0.001)
    assert len(run.ended) == 28
    assert seconds < 60 + 3 * 28
    assert len(service.asked) < 28 + 30


def test_a_service_that_asks_for_minutes_is_given_them_twice() -> None:
    _service, run, seconds = ran(lambda _at: 200.0, 1, concurrency=1, latency=0.001, retry_after=True)
    assert run.done == 0
    assert 390 < seconds < 410


def test_a_run_that_begins_while_the_limit_is_used_up_loses_nothing() -> None:
    """Another run may have used it up a moment ago: the first requests of this one are no verdict on the service."""
    limiter = fixed_window(50)
    while limiter(1000.0) is None:
        pass
    _service, run, _seconds = ran(limiter, 200, latency=0.001)
    assert run.done == 200


def test_a_wait_longer_than_anybodys_patience_fails_the_item_at_once() -> None:
    service, run, seconds = ran(lambda _at: 3600.0, 1, retry_after=True, latency=0.001)
    assert [end.status for end in run.ended if isinstance(end, Response)] == [429]
    assert len(service.asked) == 1
    assert seconds < 1


def test_retry_after_zero_is_no_wish_for_a_pace() -> None:
    """It is repeated as often as the policy says, and nothing is held back."""

    async def service(_request: Request, _trip: Trip) -> Response:
        return Response(429, {"retry-after": "0"}, b"")

    async def whole() -> Run:
        return await Run(service).items(10)

    run = run_virtually(whole())
    assert run.budget.spent == 20
    assert run.sender.paced.waited == 0


def test_without_adapting_refusals_go_to_the_retries_as_they_are() -> None:
    async def whole() -> tuple[LimitedService, Run]:
        service = LimitedService(lambda _at: 1.0, retry_after=True)
        return service, await Run(service, adaptive=False).items(10)

    service, run = run_virtually(whole())
    assert run.done == 0
    assert len(service.asked) == 30
    assert run.sender.paced.waited == 0


def test_who_wants_no_retries_gets_none() -> None:
    async def whole() -> tuple[LimitedService, Run]:
        service = LimitedService(lambda _at: 1.0, retry_after=True)
        return service, await Run(service, retries=0).items(3)

    service, run = run_virtually(whole())
    assert len(service.asked) == len(run.ended) == 3


class Overloaded:
    """Times out while more than `most` requests are with it, until the time `recovers`."""

    def __init__(self, most: int, recovers: float) -> None:
        self._most = most
        self._recovers = recovers
        self.in_flight = 0
        self.seen: list[tuple[float, int]] = []

    async def __call__(self, request: Request, _trip: Trip) -> Response:
        self.in_flight += 1
        self.seen.append((now(), self.in_flight))
        overloaded = self.in_flight > self._most and now() < self._recovers
        try:
            await asyncio.sleep(1.0 if overloaded else 0.05)
        finally:
            self.in_flight -= 1
        if overloaded:
            raise RequestTimeoutError("late", sent="unknown")
        return Response(200, {}, b"{}")


def test_timeouts_lower_what_is_in_flight_and_it_recovers() -> None:
    async def whole() -> tuple[Overloaded, Run]:
        service = Overloaded(6, now() + 60)
        return service, await Run(service, concurrency=32).items(12_000)

    service, run = run_virtually(whole())
    assert run.done > 11_800
    middle = [count for at, count in service.seen if 1010 < at < 1060]
    assert sum(middle) / len(middle) < 8
    assert service.seen[-100][1] == 32


class Scarce(Overloaded):
    """Has no file descriptor for more than `most` connections."""

    async def __call__(self, request: Request, _trip: Trip) -> Response:
        if self.in_flight >= self._most:
            raise TooManyOpenFilesError("no more", sent="no")
        return await super().__call__(request, _trip)


def test_a_lack_of_descriptors_lowers_what_is_in_flight() -> None:
    """All of the first round that find none are one lack, and come again when others are done."""

    async def whole() -> tuple[Scarce, Run]:
        service = Scarce(10, now())
        return service, await Run(service, concurrency=32).items(2000)

    service, run = run_virtually(whole())
    assert run.done > 1980
    assert max(count for _, count in service.seen) == 10
    assert sum(count for _, count in service.seen[-1000:]) > 5000


@pytest.mark.parametrize("how", [{"rate": Rate(1, 1)}, {}], ids=["turn", "room"])
def test_a_request_that_is_cancelled_while_it_waits_lets_the_next_one_in(how: dict[str, Any]) -> None:
    async def whole() -> int:
        service = Overloaded(0, now() + 1)
        sender = Run(service, concurrency=2, **how).sender
        if not how:
            with pytest.raises(RequestTimeoutError):
                await sender.send(GET, Trip.none())
        tasks = [asyncio.create_task(sender.send(GET, Trip.none())) for _ in range(20)]
        await asyncio.sleep(0.01)
        for task in tasks[::2]:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        return sum(1 for end in ends if isinstance(end, Response))

    assert run_virtually(whole()) >= 9


def test_a_request_cancelled_as_its_turn_comes_passes_the_place_on() -> None:
    async def whole() -> Any:
        service = Overloaded(0, now() + 1)
        sender = Run(service, concurrency=2).sender
        with pytest.raises(RequestTimeoutError):
            await sender.send(GET, Trip.none())
        first = asyncio.create_task(sender.send(GET, Trip.none()))
        second, third = (asyncio.create_task(sender.send(GET, Trip.none())) for _ in range(2))
        await asyncio.sleep(0)
        # The first ends and gives its place to the second in the same turn of the loop in which that is cancelled.
        first.add_done_callback(lambda _: second.cancel())
        return await asyncio.gather(first, second, third, return_exceptions=True)

    first, second, third = run_virtually(whole())
    assert isinstance(first, Response)
    assert isinstance(second, Response | asyncio.CancelledError)
    assert isinstance(third, Response)


def test_the_budget_is_told_in_words() -> None:
    async def service(_request: Request, _trip: Trip) -> Response:
        return Response(500, {}, b"")

    async def whole() -> Run:
        return await Run(service, budget=0.0).items(100)

    run = run_virtually(whole())
    assert run.budget.spent == 50
    assert run.denied[0] == "It was not repeated: the retry budget of the run is used up (--retry-budget)."
    assert run.budget.denied == len(run.denied) > 70


def test_each_credential_has_one_pacer_in_a_process_and_old_ones_are_forgotten() -> None:
    pacers = Pacers(most=2)
    first = pacers.of("a")
    assert pacers.of("a") is first
    assert pacers.of("b") is not first
    assert pacers.of("a") is first
    pacers.of("c")
    assert pacers.of("a") is first
    pacers.of("b"), pacers.of("c")
    assert pacers.of("a") is not first


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_begins_anew_whoever_holds_a_lock() -> None:
    from nodeloom.transport.politeness.pacing import PACERS

    mine = PACERS.of("forked")
    with PACERS._lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if PACERS.of("forked") is not mine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert PACERS.of("forked") is mine


def test_one_pacer_serves_loops_in_several_threads() -> None:
    """What the runs of two threads send together keeps the rate of their credential."""
    import threading

    pacer, sent, lock = Pacer(), [], threading.Lock()

    async def service(_request: Request, _trip: Trip) -> Response:
        with lock:
            sent.append(pacer.clock())
        return Response(200, {}, b"{}")

    async def whole() -> None:
        await PacedSender(service, pacer, rate=Rate(200, 1)).send(GET, Trip.none())
        sender = PacedSender(service, pacer, rate=Rate(200, 1))
        for _ in range(9):
            await sender.send(GET, Trip.none())

    threads = [threading.Thread(target=lambda: asyncio.run(whole())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == 20
    # No timed assertion: a schedule never lets requests go earlier than it says, however slow the machine.
    assert max(sent) - min(sent) > 19 / 200 - 0.01
