"""Observers: what they are told, in which order, and that they cannot harm the run."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from nodeloom.errors import NetworkError
from nodeloom.messages import Request, Response
from nodeloom.outcomes import Outcome
from nodeloom.run.events import ObservedRequest, ObservedRun, Observer
from nodeloom.run.watching import Watch
from nodeloom.transport.trip import Trip
from tests.run.watching import RUN, Diary, answering, mask, run_items


def test_an_observer_is_told_everything_in_order() -> None:
    diary = Diary()
    report = run_items(Watch([diary], RUN), [[204], [503, 204]])
    assert diary.told == [
        ("run_started", RUN),
        ("request_started", (0, 0, "")),
        ("request_ended", (0, 204, None)),
        ("item_done", 0),
        ("request_started", (1, 0, "")),
        ("request_ended", (1, 503, None)),
        ("request_started", (1, 1, "503")),
        ("request_ended", (1, 204, None)),
        ("item_done", 1),
        ("run_ended", 2),
    ]
    assert diary.reports == [report]
    assert all(request.seconds > 0 for request in diary.requests)


def test_a_request_without_an_answer_ends_with_the_errors_code() -> None:
    diary = Diary()
    run_items(Watch([diary], RUN), [[NetworkError("refused"), 200]])
    assert ("request_ended", (0, None, "network")) in diary.told
    assert ("request_started", (0, 1, "network")) in diary.told


def test_another_request_of_the_same_item_is_no_repeat() -> None:
    diary = Diary()
    watch = Watch([diary], RUN)
    send = watch.send(answering([200, 200, 401, 200]))

    async def work(trip: Trip) -> Outcome:
        for request in (
            Request("GET", "https://probe.test/?page=1"),
            Request("GET", "https://probe.test/?page=2"),
            Request("POST", "https://probe.test/", {"Authorization": "old"}, b"{}"),
            Request("POST", "https://probe.test/", {"Authorization": "new"}, b"{}"),
        ):
            await send(request, trip)
        return Outcome(trip.index)

    asyncio.run(outcome_of(watch.work(work), 0))
    assert [request.resend for request in diary.requests] == [0, 0, 0, 1], "with a new token it is a repeat"


async def outcome_of(work: Any, index: int) -> Outcome:
    outcome: Outcome = await work(Trip(index, {}))
    return outcome


def test_requests_are_told_under_their_item_also_with_many_in_flight() -> None:
    diary = Diary()
    watch = Watch([diary], RUN)

    async def scenario() -> None:
        gate = asyncio.Event()

        async def slow(request: Request, _trip: Trip) -> Response:
            await gate.wait()
            return Response(200, {}, b"", url=request.url)

        send = watch.send(slow)

        async def work(trip: Trip) -> Outcome:
            await send(Request("GET", f"https://probe.test/{trip.index}"), trip)
            return Outcome(trip.index)

        tasks = [asyncio.create_task(outcome_of(watch.work(work), index)) for index in range(20)]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*tasks)

    asyncio.run(scenario())
    told = {request.url: request.item for request in diary.requests}
    assert told == {f"https://probe.test/{index}": index for index in range(20)}


def test_a_request_outside_of_any_item_has_none() -> None:
    diary = Diary()
    send = Watch([diary], RUN).send(answering([200]))

    async def scenario() -> None:
        await send(Request("POST", "https://probe.test/token"), Trip.none())

    asyncio.run(scenario())
    assert diary.requests[0].item is None


def test_a_request_that_is_broken_off_has_neither_status_nor_error() -> None:
    diary = Diary()

    async def endless(_request: Request, _trip: Trip) -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def scenario() -> None:
        sent = Watch([diary], RUN).send(endless)(Request("GET", "https://probe.test/"), Trip.none())
        task = asyncio.ensure_future(sent)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(scenario())
    assert diary.told[-1] == ("request_ended", (None, None, None))
    assert "under way" in repr(diary.requests[0])


def test_an_address_shows_no_secret_no_query_and_no_user() -> None:
    diary = Diary()
    run_items(Watch([diary], RUN, mask), [[200]])
    (request,) = diary.requests
    assert request.url == "https://probe.test/things/***"
    assert request.origin == "https://probe.test:443"
    assert request.body_bytes == 5
    assert request.answer_bytes == 4
    assert repr(request) == "<ObservedRequest DELETE https://probe.test/things/*** 200>"
    nowhere = ObservedRequest(Request("GET", "file:///etc/passwd"), mask)
    assert nowhere.origin == ""


class Failing(Diary):
    def request_started(self, run: ObservedRun, request: ObservedRequest) -> None:
        super().request_started(run, request)
        raise ValueError("canary-secret")


def test_an_observer_that_raises_is_told_nothing_further_and_the_run_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failing, diary = Failing(), Diary()
    report = run_items(Watch([failing, diary], RUN, mask), [[200], [200]])
    assert report.counts.succeeded == 2
    assert failing.names() == ["run_started", "request_started"]
    assert diary.names().count("item_done") == 2
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "the observer Failing failed in request_started" in record.getMessage()
    assert "ValueError: ***" in record.getMessage()


def test_what_nobody_wants_to_know_is_not_wrapped() -> None:
    class Ends(Observer):
        pass

    async def work(trip: Trip) -> Outcome:
        return Outcome(trip.index)

    send = answering([])
    watch = Watch([Ends()], RUN)
    assert watch.send(send) is send
    assert watch.work(work) is work


def test_an_observer_that_overrides_nothing_hears_everything_and_does_nothing() -> None:
    observer = Observer()
    request = ObservedRequest(Request("GET", "https://probe.test/"), str)
    observer.run_started(RUN)
    observer.request_started(RUN, request)
    observer.request_ended(RUN, request)
    observer.item_done(RUN, Outcome(0), 0.0)
    report = run_items(Watch([observer], RUN), [[200]])
    observer.run_ended(RUN, report)


def test_the_end_is_told_once() -> None:
    diary = Diary()
    watch = Watch([diary], RUN)
    report = run_items(watch, [])
    watch.ended(report)
    assert diary.names() == ["run_started", "run_ended"]


def test_runs_differ_by_their_id_and_are_named_for_people() -> None:
    first, second = ObservedRun("probe"), ObservedRun("probe", "Things", None)
    assert first.id != second.id
    assert (first.title, second.title, RUN.title) == ("probe", "probe, Things", "probe, Things, Delete")
