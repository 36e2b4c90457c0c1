"""What is on record when: an item's intent from the moment its request leaves, and not while it waits for its turn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from nodeloom import Runtime
from nodeloom.errors import NodeloomError
from nodeloom.journal.journalreader import Account, JournalReader
from nodeloom.testing import RecordingTransport
from tests.journal.driving import crashed_copy
from tests.journal.test_runs import CREATE, account, answering
from tests.run.doubles import DELETE, TOKEN, links


def client(name: str) -> dict[str, dict[str, str]]:
    """A credential of its own: tokens are the process's."""
    return {"threeCxApi": {"serverUrl": "https://pbx.test", "clientId": f"intent-{name}", "clientSecret": "a long one"}}


def crashes(path: Path, to: Path, answer: Callable[[int, httpx.Request], httpx.Response]) -> tuple[Runtime, list[Path]]:
    """A runtime, and the journals as they would be left if the process died at each request, before its answer."""
    left: list[Path] = []

    def answered(request: httpx.Request) -> httpx.Response:
        left.append(crashed_copy(path, to / f"left-{len(left)}"))
        return answer(len(left) - 1, request)

    return Runtime(transport=RecordingTransport(answered), discover_plugins=False), left


def counted(left: list[Path]) -> list[tuple[int, int]]:
    """Of each journal, how many items are done, and how many are unknown."""
    return [(found.succeeded, found.unknown) for found in map(account, left)]


def test_what_waits_for_a_rate_is_not_in_flight(tmp_path: Path) -> None:
    runtime, left = crashes(tmp_path / "j", tmp_path, lambda n, request: httpx.Response(201, json={}))
    with runtime:
        runtime.run("threecx", CREATE, links(5), credentials=TOKEN, journal=tmp_path / "j", rate="10/s", burst=1)
    # On a busy machine the answer before may not be on record yet: what has left is counted, done or not.
    assert [sum(counts) for counts in counted(left)] == [1, 2, 3, 4, 5]
    assert account(tmp_path / "j") == Account(5, 0, 0, 0, 0)


def test_what_was_refused_and_waits_is_not_in_flight(tmp_path: Path) -> None:
    """429 says that nothing was done: who dies while he waits to ask again has done nothing."""

    def answer(n: int, request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, json={}) if n < 4 else httpx.Response(201, json={})

    runtime, left = crashes(tmp_path / "j", tmp_path, answer)
    with runtime:
        result = runtime.run("threecx", CREATE, links(4), credentials=TOKEN, journal=tmp_path / "j", concurrency=4)
    assert result.report.counts.succeeded == 4
    assert counted(left)[4] == (0, 1), "the one that goes ahead"
    assert account(tmp_path / "j") == Account(4, 0, 0, 0, 0)


def test_what_may_have_been_done_is_never_taken_back(tmp_path: Path) -> None:
    """The last request was refused, an earlier one of the same item was not."""

    def answer(n: int, request: httpx.Request) -> httpx.Response:
        return [httpx.Response(500, json={}), httpx.Response(429, json={}, headers={"retry-after": "0"})][min(n, 1)]

    runtime, left = crashes(tmp_path / "j", tmp_path, answer)
    with runtime:
        runtime.run("threecx", DELETE, links(1), credentials=TOKEN, journal=tmp_path / "j", on_error="continue")
    assert len(left) == 3
    for path in left:
        assert account(path).in_flight == 1


def test_a_token_that_is_fetched_is_no_items_request(tmp_path: Path) -> None:
    def answer(n: int, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/connect/token":
            return httpx.Response(200, json={"access_token": "token-4711", "expires_in": 60})
        return httpx.Response(201, json={})

    runtime, left = crashes(tmp_path / "j", tmp_path, answer)
    with runtime:
        runtime.run("threecx", CREATE, links(2), credentials=client("fetching"), journal=tmp_path / "j", concurrency=1)
    assert counted(left) == [(0, 0), (0, 1), (1, 1)]


def test_an_item_without_a_token_has_certainly_not_been_done(tmp_path: Path) -> None:
    """The token's own request may have arrived or not; of the item nothing was sent."""

    class Breaking(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise httpx.ReadError("broke off", request=request)

    with Runtime(transport=Breaking(), discover_plugins=False, retries=0) as runtime:
        given: Any = {"credentials": client("breaking"), "journal": tmp_path / "j", "on_error": "continue"}
        result = runtime.run("threecx", CREATE, links(2), **given)
    assert [error.details["sent"] for error in result.errors] == ["no", "no"]
    assert account(tmp_path / "j") == Account(0, 2, 0, 0, 0)


@pytest.mark.parametrize("paced", [False, True])
def test_a_bulk_call_leaves_when_all_its_items_are_on_record(tmp_path: Path, paced: bool) -> None:
    runtime, left = crashes(tmp_path / "j", tmp_path, lambda n, request: httpx.Response(204))
    how: dict[str, Any] = {"rate": "20/s", "burst": 1} if paced else {}
    with runtime:
        runtime.run("threecx", DELETE, links(8), credentials=TOKEN, journal=tmp_path / "j", coalesce=4, **how)
    assert len(left) == 2
    first, second = map(account, left)
    assert (first.in_flight, second.in_flight) == (4, 4) if paced else first.in_flight >= 4
    assert account(tmp_path / "j") == Account(8, 0, 0, 0, 0)


def test_when_the_bulk_call_fails_each_item_is_sent_by_its_own_intent(tmp_path: Path) -> None:
    """What the bulk call was refused for is taken back for all of them, and each goes on record again by itself."""

    def answer(n: int, request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, json={}, headers={"retry-after": "3600"}) if n == 0 else httpx.Response(204)

    runtime, left = crashes(tmp_path / "j", tmp_path, answer)
    with runtime:
        runtime.run("threecx", DELETE, links(3), credentials=TOKEN, journal=tmp_path / "j", coalesce=3)
    assert [(found.succeeded, found.in_flight) for found in map(account, left)] == [(0, 3), (0, 1), (1, 1), (2, 1)]


def test_what_nobody_waits_for_any_more_is_not_sent_by_its_bulk_call(tmp_path: Path) -> None:
    """An abandoned run sends nothing further: neither a batch that gathers, nor the items of one that failed."""
    asked: list[str] = []

    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            asked.append(request.method)
            await asyncio.sleep(0.2)
            return httpx.Response(400, json={})

    async def run(seconds: float) -> None:
        async with Runtime(transport=Slow(), discover_plugins=False) as runtime:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(seconds):
                    await runtime.arun("threecx", DELETE, links(3), credentials=TOKEN, coalesce=3 if seconds else 9)
            await asyncio.sleep(0.5)

    asyncio.run(run(0.1))
    assert asked == ["POST"]
    asked.clear()
    asyncio.run(run(0.0))
    assert asked == []


def test_observers_are_told_whose_request_it_is_also_after_a_bulk_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={}) if request.method == "POST" else httpx.Response(204)

    with answering(answer) as runtime, caplog.at_level("DEBUG", logger="nodeloom"):
        runtime.run("threecx", DELETE, links(3), credentials=TOKEN, coalesce=3)
    sent = [
        (record.__dict__["item"], record.__dict__["url"].rpartition("/")[2])
        for record in caplog.records
        if record.message.startswith("request sent")
    ]
    assert sent[1:] == [(n, f"WebsiteLinks('link-{n + 1}')") for n in range(3)]


def test_a_failure_that_was_to_be_tried_again_and_was_not_keeps_its_error(tmp_path: Path) -> None:
    refusing = True

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400 if refusing else 201, json={})

    given: Any = {"credentials": TOKEN, "journal": tmp_path / "j", "on_error": "continue", "concurrency": 1}
    with answering(answer) as runtime:
        runtime.run("threecx", CREATE, links(2), **given)
        refusing = False
        again = runtime.run("threecx", CREATE, links(2), **given, retry_failed=True, rate="1/h", deadline=0.3)
    assert [error.code for error in again.errors] == ["not_run"]
    with JournalReader(tmp_path / "j") as reader:
        kept = [NodeloomError if entry.error is None else json.loads(entry.error)["code"] for entry in reader.entries()]
    assert kept == [NodeloomError, "bad_request"]


@pytest.mark.parametrize(("parameters", "status"), [(CREATE, 429), (DELETE, 429), (DELETE, 500)])
def test_what_waited_to_be_tried_again_when_the_run_ended_is_tried_again_by_the_next(
    tmp_path: Path, parameters: dict[str, Any], status: int
) -> None:
    """It would not have failed if the run had gone on, so it has not failed."""
    refusing = True

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status if refusing else 201, json={}, headers={"retry-after": "20"})

    given: Any = {"credentials": TOKEN, "journal": tmp_path / "j", "on_error": "continue", "adaptive": False}
    with Runtime(transport=RecordingTransport(answer), discover_plugins=False) as runtime:
        first = runtime.run("threecx", parameters, links(1), deadline=0.3, **given)
        assert "not repeated, as the run ended" in (first.errors[0].hint or "")
        assert first.report.stopped == "the deadline of 0.3 s was reached"
        assert account(tmp_path / "j").failed == 0
        refusing = False
        second = runtime.run("threecx", parameters, links(1), **given)
    assert second.errors == []
    assert second.report.stopped is None
