"""Each way an operation can fail has its class, the service's own words, what it means and what to do."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest
import trustme

from nodeloom import Runtime
from nodeloom.errors import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ItemError,
    NetworkError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionFailedError,
    RateLimitedError,
    RequestTimeoutError,
    ResponseError,
    ServerError,
    TLSError,
    UnexpectedRedirectError,
    UnreadableAnswerError,
)
from nodeloom.testing import RecordingTransport
from tests.run.doubles import DELETE, TOKEN, links
from tests.transport.servers import answer, refused_port, says, serving, tls_server

GET_LINK = {**DELETE, "operation": "Get Weblink"}


def failure(response: httpx.Response, parameters: dict[str, Any] = DELETE, retries: int = 0) -> ResponseError:
    transport = RecordingTransport(lambda request: response)
    with Runtime(transport=transport, discover_plugins=False, retries=retries) as runtime:
        result = runtime.run("threecx", parameters, links(1), credentials=TOKEN, on_error="continue")
    (error,) = result.errors
    assert isinstance(error, ResponseError)
    assert error.item == 0
    assert result.items[0]["pairedItem"] == {"item": 0}
    return error


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (402, BadRequestError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (412, PreconditionFailedError),
        (418, BadRequestError),
        (429, RateLimitedError),
        (500, ServerError),
        (503, ServerError),
        (304, UnexpectedRedirectError),
    ],
)
def test_the_status_decides_about_the_class(status: int, kind: type[ResponseError]) -> None:
    body = {"error": {"code": "XAPI.SOME_CODE", "message": "what the service says"}}
    error = failure(httpx.Response(status, json=body))
    assert type(error) is kind
    assert error.status == status
    assert error.details["serviceCode"] == "XAPI.SOME_CODE"
    assert error.details["serviceMessage"] == "what the service says"
    assert error.details["method"] == "DELETE"
    assert error.details["url"] == "https://pbx.test/xapi/v1/WebsiteLinks('link-1')"
    assert "what the service says" in error.message
    assert "Delete Weblink" in error.message
    assert error.hint


def test_what_a_status_means_for_the_operation_is_in_its_own_words() -> None:
    assert "There is no website link 'link-1'." in failure(httpx.Response(404)).message
    assert "'link-1' was changed since its ETag was read" in failure(httpx.Response(412)).message


def test_a_rate_limit_says_how_long_to_wait() -> None:
    error = failure(httpx.Response(429, headers={"retry-after": "17"}))
    assert error.details["retryAfter"] == "17"
    assert "17" in str(error.hint)


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"{broken", b"\xff\xfe", b""])
def test_a_success_that_is_not_what_it_says_is_unreadable(body: bytes) -> None:
    response = httpx.Response(200, content=body or b" ", headers={"content-type": "application/json"})
    error = failure(response, GET_LINK)
    assert type(error) is UnreadableAnswerError
    assert error.status == 200
    assert "JSON" in error.message


def test_an_error_page_in_place_of_json_keeps_its_status() -> None:
    response = httpx.Response(502, html="<html><title>Bad Gateway</title></html>")
    error = failure(response)
    assert type(error) is ServerError
    assert "<html" not in str(error)


def without_answer(url: str, **more: Any) -> ItemError:
    with Runtime(discover_plugins=False, retries=0, **more) as runtime:
        given = {"threeCxApi": {"serverUrl": url, "accessToken": "canary-access-token"}}
        result = runtime.run("threecx", DELETE, links(1), credentials=given, on_error="continue")
    (error,) = result.errors
    assert isinstance(error, ItemError)
    assert error.item == 0
    assert error.hint
    assert "canary" not in str(error) + str(error.to_dict())
    return error


def test_refused() -> None:
    assert type(without_answer(f"http://127.0.0.1:{refused_port()}")) is NetworkError


def test_dropped() -> None:
    with serving(says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12")) as server:
        assert type(without_answer(server.url)) is NetworkError


def test_too_slow() -> None:
    def silent(_connection: socket.socket, _head: bytes) -> None:
        server.release.wait()

    with serving(silent) as server:
        assert type(without_answer(server.url, timeout=0.05)) is RequestTimeoutError


def test_not_trusted() -> None:
    with serving(says(answer("200 OK")), tls_server(trustme.CA(), "127.0.0.1")) as server:
        assert type(without_answer(server.url)) is TLSError


def test_too_large() -> None:
    with serving(says(answer("200 OK", b"x" * 5000))) as server:
        error = without_answer(server.url, max_answer_bytes=1000)
    assert "larger than 1000 bytes" in error.message
