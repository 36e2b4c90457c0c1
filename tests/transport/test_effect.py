"""One rule says what a request may have done, and whatever asks it acts by the same answer."""

from __future__ import annotations

import asyncio
import errno
import itertools
import socket
from collections.abc import Iterator

import httpx
import pytest

from nodeloom import Runtime
from nodeloom.errors import (
    Effect,
    ItemError,
    NetworkError,
    NotRunError,
    PolicyError,
    RequestTimeoutError,
    TLSError,
    TooManyOpenFilesError,
    UnreadableAnswerError,
)
from nodeloom.messages import Request, Response
from nodeloom.testing import RecordingTransport
from nodeloom.transport.effect import effect_of
from nodeloom.transport.retry import RetryingSender, RetryPolicy
from nodeloom.transport.runcontrol import RunControl
from nodeloom.transport.trip import Trip
from tests.run.doubles import PROBE
from tests.transport.servers import answer as served
from tests.transport.servers import serving


def answer(status: int, *, redirect: int | None = None, **headers: str) -> Response:
    response = Response(status, {name.replace("_", "-"): text for name, text in headers.items()}, b"")
    response.redirect = redirect
    return response


def taken(error: ItemError) -> ItemError:
    error.taken_by(302)
    return error


RULE: list[tuple[Response | ItemError, Effect]] = [
    (answer(200), Effect.DONE),
    (answer(204), Effect.DONE),
    (answer(302), Effect.UNKNOWN),
    (answer(304), Effect.UNKNOWN),
    (answer(400), Effect.NONE),
    (answer(404), Effect.NONE),
    (answer(429), Effect.NONE),
    (answer(500), Effect.UNKNOWN),
    (answer(500, retry_after="1"), Effect.UNKNOWN),
    (answer(501), Effect.UNKNOWN),
    (answer(503), Effect.UNKNOWN),
    (answer(503, retry_after="1"), Effect.NONE),
    (answer(404, redirect=302), Effect.UNKNOWN),
    (answer(503, redirect=302, retry_after="1"), Effect.UNKNOWN),
    (NetworkError("refused", sent="no"), Effect.NONE),
    (NetworkError("broke", sent="unknown"), Effect.UNKNOWN),
    (NetworkError("says nothing of it"), Effect.UNKNOWN),
    (RequestTimeoutError("the answer took too long", sent="yes"), Effect.UNKNOWN),
    (TLSError("not trusted", sent="no"), Effect.NONE),
    (taken(NetworkError("refused behind a redirect", sent="no")), Effect.UNKNOWN),
    (taken(PolicyError("refused behind a redirect")), Effect.UNKNOWN),
    (PolicyError("not allowed"), Effect.NONE),
    (NotRunError("the run ended"), Effect.NONE),
    (UnreadableAnswerError("no gzip", status=200), Effect.DONE),
    (UnreadableAnswerError("no gzip", status=502), Effect.UNKNOWN),
]


@pytest.mark.slow
@pytest.mark.parametrize(("outcome", "effect"), RULE)
def test_the_rule(outcome: Response | ItemError, effect: Effect) -> None:
    assert effect_of(outcome) is effect


def test_an_item_may_have_done_what_any_of_its_requests_may_have() -> None:
    """Two requests of one item, with each pair of outcomes; no repeats."""
    request = Request("POST", "http://127.0.0.1:1/")

    async def effect_of_both(outcomes: list[Response | ItemError]) -> Effect:
        waiting = iter(outcomes)

        async def send(_: Request, _trip: Trip) -> Response:
            outcome = next(waiting)
            if isinstance(outcome, ItemError):
                raise outcome
            return outcome

        trip = Trip(0)
        sender = RetryingSender(send, RetryPolicy(retries=0))
        for outcome in outcomes:
            if isinstance(outcome, ItemError):
                with pytest.raises(type(outcome)):
                    await sender.send(request, trip)
            else:
                await sender.send(request, trip)
        return trip.effect

    async def all_pairs() -> None:
        for (first, one), (second, other) in itertools.product(RULE, repeat=2):
            assert await effect_of_both([first, second]) is max(one, other)

    asyncio.run(all_pairs())


def test_what_ends_in_no_way_that_is_known_may_have_been_done() -> None:
    async def send(_: Request, _trip: Trip) -> Response:
        raise ZeroDivisionError

    trip = Trip(0)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(RetryingSender(send, RetryPolicy()).send(Request("POST", "http://127.0.0.1:1/"), trip))
    assert trip.effect is Effect.UNKNOWN


# Answers to a bulk call, and whether it may have deleted what it was sent for; None breaks the connection.
BULK: list[tuple[bytes | None, bool]] = [
    (served("503 Service Unavailable", b"", "Retry-After: 0"), False),
    (served("429 Too Many Requests", b"", "Retry-After: 0"), False),
    (served("404 Not Found"), False),
    (served("400 Bad Request"), False),
    (served("501 Not Implemented"), True),
    (served("500 Internal Server Error"), True),
    (served("500 Internal Server Error", b"", "Retry-After: 0"), True),
    (served("503 Service Unavailable"), True),
    (None, True),
]
# Answers to a DELETE by itself, and the code of the item's error.
SINGLE: list[tuple[bytes, str | None]] = [
    (served("204 No Content"), None),
    (served("404 Not Found"), "not_found"),
    (served("400 Bad Request"), "bad_request"),
    (served("403 Forbidden"), "permission_denied"),
    (served("500 Internal Server Error"), "server"),
]


@pytest.fixture(scope="module")
def runtime() -> Iterator[Runtime]:
    with Runtime(discover_plugins=False, retries=0) as runtime:
        yield runtime


@pytest.mark.slow
@pytest.mark.parametrize(("bulk", "may_be_done"), BULK)
@pytest.mark.parametrize(("single", "code"), SINGLE)
def test_a_404_is_a_success_only_if_the_bulk_call_may_have_deleted_it(
    runtime: Runtime, bulk: bytes | None, may_be_done: bool, single: bytes, code: str | None
) -> None:
    def talk(connection: socket.socket, head: bytes) -> None:
        if b"/connect/token" in head:
            token = b'{"access_token": "t", "expires_in": 60, "token_type": "Bearer"}'
            connection.sendall(served("200 OK", token, "Content-Type: application/json"))
        elif head.startswith(b"DELETE"):
            connection.sendall(single)
        elif bulk is not None:
            connection.sendall(bulk)

    parameters = {"resource": "Website Links", "operation": "Delete Weblink", "Link": "{{ $json.Link }}"}
    items = [{"Link": "a"}, {"Link": "b"}]
    with serving(talk) as server:
        credential = {"serverUrl": server.url, "clientId": "a", "clientSecret": "b"}
        result = runtime.run(
            "threecx",
            parameters,
            items,
            credentials={"threeCxApi": credential},
            on_error="continue",
            coalesce=2,
        )
    expected = None if code == "not_found" and may_be_done else code
    assert [outcome.error and outcome.error.code for outcome in result.outcomes] == [expected] * 2
    assert all(outcome.effect is not Effect.NONE for outcome in result.outcomes if may_be_done or expected is None)


@pytest.mark.slow
@pytest.mark.parametrize(("lost", "effect"), [(True, Effect.UNKNOWN), (False, Effect.NONE)])
def test_running_out_of_files_takes_back_no_request_that_was_lost(
    monkeypatch: pytest.MonkeyPatch, lost: bool, effect: Effect
) -> None:
    """A first try may have been carried out, whatever ends the wait for the second."""

    async def used_up(_control: RunControl, _seconds: float) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    def fail(request: httpx.Request) -> httpx.Response:
        raise (httpx.ReadTimeout if lost else httpx.ConnectError)("over", request=request)

    monkeypatch.setattr(RunControl, "pause", used_up)
    with Runtime(transport=RecordingTransport(fail), discover_plugins=False) as runtime:
        runtime.add_node(PROBE)
        result = runtime.run("probe", {"operation": "Delete"}, [{}], on_error="continue")
    [outcome] = result.outcomes
    assert isinstance(outcome.error, TooManyOpenFilesError)
    assert (outcome.effect, outcome.error.effect) == (effect, effect)
