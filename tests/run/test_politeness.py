"""Whole runs against services that limit, fail and hang, on real sockets."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from nodeloom import Runtime, Stop
from nodeloom.errors import ConfigurationError, NetworkError, RequestTimeoutError
from nodeloom.outcomes import RunReport
from nodeloom.testing import RecordingTransport, ThreeCXSandbox
from nodeloom.transport import retry
from tests.run.doubles import DELETE, PROBE, TOKEN, links, ok
from tests.transport.servers import RawServer, answer, refused_port, serving
from tests.transport.virtualtime import run_virtually

LIST = {"resource": "Website Links", "operation": "List Weblink"}


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(discover_plugins=False) as opened:
        yield opened


def token(sandbox: ThreeCXSandbox) -> dict[str, Any]:
    return {"threeCxApi": {"serverUrl": sandbox.server_url, "accessToken": "token"}}


def refusing(**options: Any) -> ThreeCXSandbox:
    return ThreeCXSandbox(access_token="token", **options)


# -- rate --------------------------------------------------------------------------------------------------------------


class Departures:
    """A service that answers everything, and the times at which requests left for it."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def runtime(self) -> Runtime:
        return Runtime(discover_plugins=False, transport=RecordingTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        # Here, for when a request reaches a server is up to the machine.
        self.times.append(time.monotonic())
        return ok(request)

    @property
    def seconds(self) -> float:
        return max(self.times) - min(self.times)


@pytest.mark.slow
def test_a_run_keeps_to_its_rate() -> None:
    service = Departures()
    with service.runtime() as runtime:
        result = runtime.run("threecx", DELETE, links(30), credentials=TOKEN, rate="100/s")
    assert result.report.succeeded
    assert result.report.waited > 0
    # Never faster; how much slower is the machine's affair. A timer's step is taken off.
    assert service.seconds > 29 / 100 - 0.05


@pytest.mark.slow
def test_two_runs_with_the_same_credential_share_its_rate_whatever_runtime_they_are_of() -> None:
    service = Departures()
    with service.runtime() as one, service.runtime() as other:

        def run(which: Runtime, items: list[Any]) -> None:
            assert which.run("threecx", DELETE, items, credentials=TOKEN, rate="100/s").report.succeeded

        threads = [
            threading.Thread(target=run, args=(which, part))
            for which, part in ((one, links(40)[:20]), (other, links(40)[20:]))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(service.times) == 40
    assert service.seconds > 39 / 100 - 0.05


def test_runs_without_a_credential_share_the_rate_of_their_origin(runtime: Runtime) -> None:
    stop = Stop()

    def answering(connection: Any, _head: bytes) -> None:
        connection.sendall(answer("200 OK"))
        if len(server.heads) == 5:
            stop.set()

    with serving(answering) as server:
        runtime.add_node({**PROBE, "requestDefaults": {"baseURL": server.url}})
        report = runtime.run("probe", {"operation": "Get"}, rate="1/h", burst=5).report
        assert report.waited == 0
        # Four of the burst are left.
        report = runtime.run("probe", {"operation": "Get"}, [{}] * 50, rate="1/h", burst=5, stop=stop).report
    assert report.counts.succeeded == 4
    assert report.counts.not_run == 46


@pytest.mark.parametrize(
    ("keywords", "named"),
    [
        ({"rate": "fast"}, "rate"),
        ({"rate": 0}, "rate"),
        ({"burst": 2}, "burst"),
        ({"rate": 5, "burst": 0}, "burst"),
        ({"adaptive": "yes"}, "adaptive"),
        ({"retry_budget": "lots"}, "retry_budget"),
        ({"break_after": -1}, "break_after"),
        ({"break_after": True}, "break_after"),
        ({"deadline": "soon"}, "deadline"),
        ({"deadline": 0}, "deadline"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_is_sent(
    runtime: Runtime, keywords: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        runtime.run("threecx", DELETE, links(1), credentials=TOKEN, **keywords)
    assert caught.value.property == named


# -- learning ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("retry_after", [1, None])
def test_every_item_is_done_although_the_service_limits_requests(runtime: Runtime, retry_after: int | None) -> None:
    """Two hundred in any second; the full measure is benchmarks/politeness.py."""
    with refusing(links=800, limit_per_second=200, retry_after=retry_after) as sandbox:
        result = runtime.run("threecx", DELETE, links(800), credentials=token(sandbox), on_error="continue")
        refused = sum(1 for request in sandbox.requests if request.status == 429)
        assert result.errors == []
        assert sandbox.links == {}
        assert refused < 0.1 * len(sandbox.requests)
        assert result.report.refused == result.report.statuses[429] == refused
    if refused:
        assert result.report.waited > 0


@pytest.mark.slow
def test_refusals_use_up_no_retries_also_of_what_may_not_happen_twice() -> None:
    """A POST that is refused was not carried out, however often."""
    asked = itertools.count(1)

    def at_last(_request: httpx.Request) -> httpx.Response:
        # The first tells that the service takes requests.
        return httpx.Response(429 if 1 < next(asked) < 6 else 200, json={})

    with Runtime(discover_plugins=False, transport=httpx.MockTransport(at_last), retries=1) as patient:
        patient.add_node(PROBE)
        result = patient.run("probe", {"operation": "Post"}, [{}, {}], concurrency=1)
    assert result.errors == []
    assert result.report.retries == result.report.refused == 4


@pytest.mark.slow
def test_a_token_that_is_refused_for_now_waits_too(runtime: Runtime) -> None:
    with ThreeCXSandbox(
        links=3, rate_429=0.5, seed=4, retry_after=None, fault_token=True, client_secret="s"
    ) as sandbox:
        result = runtime.run("threecx", DELETE, links(3), credentials={"threeCxApi": sandbox.credential})
        asked = [request.path for request in sandbox.requests if request.path.endswith("token")]
    assert result.report.succeeded
    # One more than a plain request and its retries.
    assert len(asked) == 4


def test_without_adapting_a_refused_item_keeps_its_error_after_its_retries(runtime: Runtime) -> None:
    with refusing(links=2, rate_429=1.0, retry_after=0) as sandbox:
        result = runtime.run(
            "threecx", DELETE, links(2), credentials=token(sandbox), on_error="continue", adaptive=False
        )
        assert len(sandbox.requests) == 6
    assert [error.code for error in result.errors] == ["rate_limited"] * 2
    assert result.report.refused == 0


# -- budget ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_broken_service_is_not_asked_three_times_as_often(runtime: Runtime) -> None:
    with refusing(links=200, rate_500=1.0) as sandbox:
        result = runtime.run(
            "threecx",
            DELETE,
            links(200),
            credentials=token(sandbox),
            on_error="continue",
            break_after=0,
            concurrency=32,
        )
        asked = len(sandbox.requests)
    assert asked == 200 + 50 + 40
    assert result.report.retries == 90
    denied = [error for error in result.errors if "retry budget" in (error.hint or "")]
    assert len(denied) == result.report.retries_denied == result.report.to_dict()["retriesDenied"]
    assert denied[0].hint is not None
    assert denied[0].hint.startswith("It was not repeated: the retry budget of the run is used up (--retry-budget).")


@pytest.mark.slow
def test_a_token_that_is_refused_for_good_says_so_in_every_item(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "MOST_REFUSALS", 0)
    transport = RecordingTransport(lambda _request: httpx.Response(429))
    fields = {"serverUrl": "https://limited.test", "clientId": "id", "clientSecret": "secret"}
    with Runtime(transport=transport, discover_plugins=False) as runtime:
        result = runtime.run("threecx", DELETE, links(6), credentials={"threeCxApi": fields}, on_error="continue")
    assert {request.url.path for request in transport.requests} == {"/connect/token"}
    assert [error.hint for error in result.errors] == [
        "It was not repeated again: it was refused 1 times. Wait, then try again."
    ] * 6


@pytest.mark.slow
@pytest.mark.parametrize("budget", [None, "none", "300%", 3])
def test_a_budget_may_be_as_large_as_one_likes(runtime: Runtime, budget: Any) -> None:
    with refusing(links=40, rate_500=1.0) as sandbox:
        result = runtime.run(
            "threecx",
            DELETE,
            links(40),
            credentials=token(sandbox),
            on_error="continue",
            break_after=0,
            retry_budget=budget,
            concurrency=40,
        )
        assert len(sandbox.requests) == 3 * 40
    assert result.report.retries_denied == 0


# -- breaker -----------------------------------------------------------------------------------------------------------


def test_a_wrong_credential_does_not_knock_for_every_item(runtime: Runtime) -> None:
    with ThreeCXSandbox() as sandbox:
        result = runtime.run("threecx", DELETE, links(5000), credentials=token(sandbox), on_error="continue")
        assert len(sandbox.requests) <= 16
    report = result.report
    assert report.stopped == "the first 8 items failed (authentication)"
    assert report.counts.not_run == 5000 - report.counts.failed
    assert report.counts.failed <= 16
    left = result.errors[-1]
    assert left.message == "The item was not run: the first 8 items failed (authentication)."
    assert left.hint == "Mend that and run it again; --break-after 0 (break_after=0) runs all items."


@pytest.mark.slow
def test_a_service_that_is_gone_ends_the_run_of_an_endless_input(runtime: Runtime) -> None:
    report = RunReport("threecx")
    given = {"threeCxApi": {"serverUrl": f"http://127.0.0.1:{refused_port()}", "accessToken": "token"}}
    outcomes = list(
        runtime.stream(
            "threecx",
            DELETE,
            ({"Link": f"link-{n}"} for n in itertools.count()),
            credentials=given,
            on_error="continue",
            report=report,
        )
    )
    assert report.stopped == "the first 8 items failed (network)"
    assert not report.complete
    assert isinstance(outcomes[0].error, NetworkError)


@pytest.mark.slow
def test_a_service_that_breaks_in_the_middle_ends_the_run(runtime: Runtime) -> None:
    asked = itertools.count()

    def until_hundred(request: httpx.Request) -> httpx.Response:
        return ok(request) if next(asked) < 100 else httpx.Response(500)

    with Runtime(discover_plugins=False, transport=httpx.MockTransport(until_hundred), retries=0) as breaking:
        breaking.add_node(PROBE)
        how: dict[str, Any] = {"on_error": "continue", "concurrency": 4}
        report = breaking.run("probe", {"operation": "Get"}, [{}] * 1000, **how).report
        assert report.stopped == "20 items in a row failed (server)"
        assert report.counts.succeeded == 100
        assert report.counts.failed <= 24
        report = breaking.run("probe", {"operation": "Get"}, [{}] * 1000, **how, break_after=3).report
        assert report.stopped == "the first 3 items failed (server)"
        report = breaking.run("probe", {"operation": "Get"}, [{}] * 100, **how, break_after=0).report
        assert (report.stopped, report.counts.failed) == (None, 100)


def test_items_that_are_at_fault_themselves_are_all_run(runtime: Runtime) -> None:
    with refusing(links=0) as sandbox:
        items: list[Any] = [{"Link": "nobody"}, {}, "no item", {"Link": "O'Brien"}] * 25
        result = runtime.run("threecx", DELETE, items, credentials=token(sandbox), on_error="continue")
    assert result.report.stopped is None
    assert result.report.errors == {"not_found": 50, "missing_value": 25, "invalid_item": 25}


# -- deadline ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_at_the_deadline_nothing_further_is_begun(runtime: Runtime) -> None:
    with refusing(links=1000, latency=0.05) as sandbox:
        result = runtime.run("threecx", DELETE, links(1000), credentials=token(sandbox), deadline=0.5, concurrency=2)
        asked = len(sandbox.requests)
    report = result.report
    assert report.stopped == "the deadline of 0.5 s was reached"
    assert report.counts.succeeded == asked
    assert report.counts.not_run == 1000 - asked > 0
    assert result.errors[0].message == "The item was not run: the deadline of 0.5 s was reached."
    assert result.errors[0].hint == "Run it again, or allow the run more time."


def test_nobody_waits_for_a_turn_beyond_the_deadline() -> None:
    transport = RecordingTransport(ok)
    with Runtime(discover_plugins=False, transport=transport) as runtime:
        how: dict[str, Any] = {"credentials": TOKEN, "rate": "1/h", "deadline": "0.3s", "on_error": "continue"}
        result = run_virtually(runtime.arun("threecx", DELETE, links(10), **how))
    assert len(transport.requests) == 1
    assert result.report.errors == {"not_run": 9}
    assert {error.message.split(":")[0] for error in result.errors} == {
        "The request was not sent",
        "The item was not run",
    }


def test_what_hangs_at_the_deadline_is_broken_off_and_unknown() -> None:
    async def hang(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        return httpx.Response(200)

    with Runtime(discover_plugins=False, transport=RecordingTransport(hang)) as runtime:
        runtime.add_node(PROBE)
        result = run_virtually(runtime.arun("probe", {"operation": "Get"}, [{}], deadline=0.2, on_error="continue"))
    (error,) = result.errors
    assert error.details["sent"] == "unknown"
    assert result.report.stopped == "the deadline of 0.2 s was reached", "also where nothing is left to begin"
    assert result.report.complete


def test_a_run_that_ends_before_its_deadline_knows_nothing_of_it(runtime: Runtime) -> None:
    """Nothing is left that would wake up hours later."""

    async def whole() -> list[Any]:
        with Runtime(discover_plugins=False, transport=httpx.MockTransport(ok)) as here:
            here.add_node(PROBE)
            report = (await here.arun("probe", {"operation": "Get"}, [{}] * 5, deadline="2h")).report
        assert report.stopped is None
        return [timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]

    assert asyncio.run(whole()) == []


# -- times -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_whole_request_has_its_own_time() -> None:
    """Each byte comes in time, all of them do not."""

    def drip(connection: Any, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not server.release.wait(0.05):
            connection.sendall(b"x")

    server = RawServer(drip)
    try:
        with Runtime(discover_plugins=False, request_timeout=0.5, timeout=30, retries=0) as hasty:
            hasty.add_node({**PROBE, "requestDefaults": {"baseURL": server.url}})
            with pytest.raises(RequestTimeoutError, match=r"took longer than 0\.5 s"):
                hasty.run("probe", {"operation": "Get"}, [{}])
    finally:
        server.release.set()
        server.close()


@pytest.mark.parametrize("name", ["timeout", "connect_timeout", "request_timeout"])
@pytest.mark.parametrize("seconds", [0, -1, "10", True])
def test_times_are_numbers_above_zero(name: str, seconds: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Runtime(discover_plugins=False, **{name: seconds})
    assert caught.value.property == name
