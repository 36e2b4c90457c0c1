"""The recording transport: answers from a list or a function, and what was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from nodeloom.errors import ConfigurationError
from nodeloom.testing import RecordingTransport


def send(transport: RecordingTransport, *requests: tuple[str, str]) -> list[httpx.Response]:
    async def main() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=transport) as client:
            return [await client.request(method, url, content=url) for method, url in requests]

    return asyncio.run(main())


def test_a_list_answers_in_order_and_every_request_is_kept() -> None:
    transport = RecordingTransport([httpx.Response(201, text="a"), 404, {"x": 1}, [2]])
    answers = send(
        transport, ("POST", "http://a/1"), ("GET", "http://a/2"), ("GET", "http://a/3"), ("GET", "http://a/4")
    )
    assert [a.status_code for a in answers] == [201, 404, 200, 200]
    assert [answers[2].json(), answers[3].json()] == [{"x": 1}, [2]]
    assert [(r.method, str(r.url)) for r in transport.requests][:2] == [("POST", "http://a/1"), ("GET", "http://a/2")]
    assert transport.requests[0].content == b"http://a/1"
    assert transport.remaining == 0
    assert transport.closed


def test_a_list_that_has_run_out_says_so() -> None:
    transport = RecordingTransport([204])
    with pytest.raises(ConfigurationError, match="no answer left for GET http://a/2") as caught:
        send(transport, ("GET", "http://a/1"), ("GET", "http://a/2"))
    assert "answers for 1 requests" in str(caught.value)


def test_an_exception_in_the_place_of_an_answer_is_raised() -> None:
    with pytest.raises(httpx.ConnectError, match="refused"):
        send(RecordingTransport([httpx.ConnectError("refused")]), ("GET", "http://a/"))


def _plain(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text=request.method)


async def _async(request: httpx.Request) -> httpx.Response:
    await asyncio.sleep(0)
    return _plain(request)


@pytest.mark.parametrize("responder", [_plain, _async])
def test_a_function_answers(responder: Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]) -> None:
    (answer,) = send(RecordingTransport(responder), ("PUT", "http://a/"))
    assert answer.text == "PUT"


def test_without_answers_everything_succeeds() -> None:
    assert [a.json() for a in send(RecordingTransport(), ("GET", "http://a/"), ("GET", "http://a/"))] == [{}, {}]


@pytest.mark.parametrize("wrong", ["text", None, True])
def test_what_is_no_answer_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="cannot answer with this"):
        send(RecordingTransport([wrong]), ("GET", "http://a/"))
