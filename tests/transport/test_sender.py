"""What goes out, what comes back, and where a redirect may lead."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.errors import UnexpectedRedirectError
from nodeloom.messages import Request, Response
from nodeloom.testing import RecordingTransport, ThreeCXSandbox
from nodeloom.transport import LanePool, Limits, RetryingSender, RetryPolicy, Sender, Trip
from tests.transport.servers import RawServer, answer, says, serving


async def send(
    request: Request, transport: httpx.AsyncBaseTransport | None = None, limits: Limits | None = None
) -> Response:
    sender = Sender(transport, limits)
    try:
        return await sender.send(request)
    finally:
        await sender.aclose()


def through(
    responder: Callable[[httpx.Request], httpx.Response], request: Request
) -> tuple[Response, RecordingTransport]:
    transport = RecordingTransport(responder)
    return asyncio.run(send(request, transport)), transport


def test_the_request_goes_out_as_it_was_written() -> None:
    url = "https://x.test/WebsiteLinks('O%27%27Brien%2Fx%3Fy%23z')?a=%20&b=+"
    _, transport = through(
        lambda r: httpx.Response(200), Request("DELETE", url, {"If-Match": 'W/"1"', "X-Name": "ünï"}, b"body")
    )
    (sent,) = transport.requests
    assert sent.method == "DELETE"
    assert bytes(sent.url.raw_path) == b"/WebsiteLinks('O%27%27Brien%2Fx%3Fy%23z')?a=%20&b=+"
    headers = dict(sent.headers.raw)
    assert headers[b"If-Match"] == b'W/"1"'
    assert headers[b"X-Name"] == "ünï".encode()
    assert sent.content == b"body"


def test_a_request_says_who_sends_it_unless_it_does_itself() -> None:
    _, transport = through(lambda r: httpx.Response(200), Request("GET", "https://x.test/"))
    assert transport.requests[0].headers["user-agent"].startswith("nodeloom/")
    assert "gzip" in transport.requests[0].headers["accept-encoding"]
    _, transport = through(
        lambda r: httpx.Response(200), Request("GET", "https://x.test/", {"User-Agent": "mine", "ACCEPT": "text/csv"})
    )
    assert transport.requests[0].headers.get_list("user-agent") == ["mine"]
    assert transport.requests[0].headers.get_list("accept") == ["text/csv"]


def test_repeated_header_fields_are_joined_and_names_are_lower_case() -> None:
    headers = [(b"X-A", b"1"), (b"x-a", b"2"), (b"X-U", "ü".encode()), (b"X-L", b"\xfc")]
    response, _ = through(lambda r: httpx.Response(200, headers=headers), Request("GET", "https://x.test/"))
    assert response.headers["x-a"] == "1, 2"
    assert response.headers["x-u"] == "ü"
    assert response.headers["x-l"] == "ü"


def test_the_callers_own_transport_stays_open() -> None:
    transport = RecordingTransport()
    asyncio.run(send(Request("GET", "https://x.test/"), transport))
    assert not transport.closed

    async def owned() -> None:
        await Sender(transport, owned=True).aclose()

    asyncio.run(owned())
    assert transport.closed


def test_httpx_mock_transport_will_do() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text=request.method))
    assert asyncio.run(send(Request("PATCH", "https://x.test/"), transport)).body == b"PATCH"


def redirecting(status: int, location: str) -> Callable[[httpx.Request], httpx.Response]:
    def responder(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/from":
            return httpx.Response(status, headers={"location": location})
        return httpx.Response(200, text="arrived")

    return responder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "method", "followed", "keeps_body"),
    [
        (301, "GET", "GET", True),
        (301, "POST", "GET", False),
        (302, "POST", "GET", False),
        (302, "PUT", "PUT", True),
        (303, "POST", "GET", False),
        (303, "DELETE", "GET", False),
        (303, "HEAD", "HEAD", True),
        (307, "POST", "POST", True),
        (307, "DELETE", "DELETE", True),
        (308, "PATCH", "PATCH", True),
    ],
)
def test_redirects_are_followed_as_rfc_9110_says(status: int, method: str, followed: str, keeps_body: bool) -> None:
    request = Request(method, "https://x.test/from", {"Content-Type": "text/plain", "X-Kept": "1"}, b"body")
    response, transport = through(redirecting(status, "/to?x=1"), request)
    sent = transport.requests[1]
    assert response.url == "https://x.test/to?x=1"
    assert sent.method == followed
    assert (sent.content == b"body") is keeps_body
    assert ("content-type" in sent.headers) is keeps_body
    assert sent.headers["x-kept"] == "1"


def test_a_redirect_is_left_alone_when_the_request_says_so() -> None:
    request = Request("GET", "https://x.test/from", follow_redirects=False)
    response, transport = through(redirecting(302, "/to"), request)
    assert response.status == 302
    assert len(transport.requests) == 1


def test_a_redirect_without_an_address_is_an_answer() -> None:
    response, _ = through(lambda r: httpx.Response(304), Request("GET", "https://x.test/from"))
    assert response.status == 304


def test_a_redirect_loop_ends_with_an_error_that_says_so() -> None:
    transport = RecordingTransport(lambda r: httpx.Response(302, headers={"location": "/again"}))
    with pytest.raises(UnexpectedRedirectError) as caught:
        asyncio.run(send(Request("GET", "https://x.test/"), transport, Limits(redirects=5)))
    assert caught.value.message == "More than 5 redirects."
    assert caught.value.status == 302
    assert len(transport.requests) == 6


@pytest.mark.parametrize(
    "location", ["ftp://x.test/", "file:///etc/passwd", "javascript:alert(1)", "http://x.test:99999/"]
)
def test_a_redirect_to_anything_but_http_is_refused(location: str) -> None:
    transport = RecordingTransport(redirecting(302, location))
    with pytest.raises(UnexpectedRedirectError, match="not http or https"):
        asyncio.run(send(Request("GET", "https://x.test/from"), transport))
    assert len(transport.requests) == 1


SECRET = Request(
    "POST",
    "https://x.test/from",
    {"Authorization": "Bearer canary", "X-Api-Key": "canary", "Cookie": "canary", "X-Kept": "1"},
    b"body",
    credential_headers=frozenset({"x-api-key"}),
)


@pytest.mark.parametrize(
    ("location", "crosses"),
    [
        ("/to", False),
        ("https://x.test:443/to", False),
        ("https://X.TEST/to", False),
        ("https://x.test:444/to", True),
        ("http://x.test/to", True),
        ("https://x.test.evil.test/to", True),
        ("//evil.test/to", True),
    ],
)
def test_secrets_do_not_cross_to_another_origin(location: str, crosses: bool) -> None:
    _, transport = through(redirecting(307, location), SECRET)
    sent = transport.requests[1]
    assert ("canary" in str(list(sent.headers.raw))) is not crosses
    assert sent.headers["x-kept"] == "1"
    assert sent.content == b"body"


def test_a_secret_in_the_body_does_not_cross_either() -> None:
    request = Request("POST", "https://x.test/from", {}, b"secret=canary", credential_body=True)
    transport = RecordingTransport(redirecting(307, "https://other.test/to"))
    with pytest.raises(UnexpectedRedirectError, match="secret in the body"):
        asyncio.run(send(request, transport))
    assert len(transport.requests) == 1
    # As a GET the body stays behind, and on the same origin it may go.
    assert through(redirecting(303, "https://other.test/to"), request)[1].requests[1].content == b""
    assert through(redirecting(307, "/to"), request)[1].requests[1].content == b"secret=canary"


def test_secrets_do_not_cross_between_two_real_servers() -> None:
    with serving(says(answer("200 OK", b"arrived"))) as target:

        def redirect(connection: socket.socket, _head: bytes) -> None:
            connection.sendall(answer("307 Temporary Redirect", b"", f"Location: {target.url}/to"))

        with serving(redirect) as origin:
            request = Request(
                "POST", f"{origin.url}/from", dict(SECRET.headers), b"body", credential_headers=frozenset({"x-api-key"})
            )
            response = asyncio.run(send(request))
    assert response.body == b"arrived"
    assert b"canary" in origin.heads[0]
    assert b"canary" not in target.heads[0]
    assert target.heads[0].startswith(b"POST /to ")
    assert target.bodies == [b"body"]


def test_connections_are_used_again(sandbox: ThreeCXSandbox) -> None:
    async def scenario() -> None:
        sender = Sender()
        for _ in range(20):
            await sender.send(Request("GET", f"{sandbox.server_url}/xapi/v1/Defs"))
        await asyncio.gather(*(sender.send(Request("GET", f"{sandbox.server_url}/xapi/v1/Defs")) for _ in range(4)))
        await sender.aclose()

    asyncio.run(scenario())
    # One for each request in flight, and one more where pyreqwest opened it before another became free.
    assert max(r.connection for r in sandbox.requests) <= 8
    assert len(sandbox.requests) == 24


def test_a_broken_connection_is_not_used_again() -> None:
    async def scenario(server: RawServer) -> list[int]:
        sender = Sender()
        # Whether the end of the connection is seen before the next request is written is not certain.
        repeating = RetryingSender(sender.send, RetryPolicy(base_seconds=0.0))
        found = [(await repeating.send(Request("GET", server.url), Trip.none())).status for _ in range(3)]
        await sender.aclose()
        return found

    # Keeps the connection open by what it says, and closes it all the same.
    with serving(says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as server:
        assert asyncio.run(scenario(server)) == [200, 200, 200]


def test_the_lane_used_last_is_lent_first() -> None:
    async def scenario() -> None:
        pool = LanePool()
        first, second = pool.take(), pool.take()
        assert first is not second
        pool.give_back(first)
        pool.give_back(second)
        assert pool.take() is second
        assert pool.take() is first
        await pool.aclose()

    asyncio.run(scenario())


@pytest.mark.slow
@given(st.integers(100, 599), st.binary(max_size=200))
def test_whatever_the_status_the_body_is_read(status: int, body: bytes) -> None:
    response, _ = through(lambda r: httpx.Response(status, content=body), Request("GET", "https://x.test/"))
    assert (response.status, response.body) == (status, body)


def hopping(request: httpx.Request) -> httpx.Response:
    """Redirects from /0 to /1, from /1 to /2, and so on to /3, which answers."""
    step = int(request.url.path.removeprefix("/"))
    return httpx.Response(200) if step == 3 else httpx.Response(302, headers={"Location": f"/{step + 1}"})


@pytest.mark.parametrize(("most", "calls"), [(0, 1), (3, 4), (8, 4), (None, 4)])
def test_as_many_redirects_are_followed_as_the_request_says(most: int | None, calls: int) -> None:
    request = Request("GET", "https://x.test/0", most_redirects=most, follow_redirects=most != 0)
    response, transport = through(hopping, request)
    assert len(transport.requests) == calls
    assert response.status == (302 if most == 0 else 200)


@pytest.mark.parametrize("most", [1, 2])
def test_a_redirect_too_many_is_an_error(most: int) -> None:
    with pytest.raises(UnexpectedRedirectError, match=f"More than {most} redirects"):
        through(hopping, Request("GET", "https://x.test/0", most_redirects=most))


def test_a_request_cannot_lift_the_limit_of_its_sender() -> None:
    request = Request("GET", "https://x.test/0", most_redirects=100)
    with pytest.raises(UnexpectedRedirectError, match="More than 2 redirects"):
        asyncio.run(send(request, RecordingTransport(hopping), Limits(redirects=2)))


@pytest.mark.parametrize(
    ("hosts", "followed"),
    [
        (None, True),
        (("x.test", "other.test"), True),
        (("x.test", "*.test"), True),
        (("x.test",), False),
        (("x.test", "*.other.test"), False),
    ],
)
def test_a_redirect_leads_only_to_hosts_that_the_request_may_go_to(
    hosts: tuple[str, ...] | None, followed: bool
) -> None:
    request = Request("GET", "https://x.test/from", hosts=hosts)
    transport = RecordingTransport(redirecting(302, "https://other.test/to"))
    if followed:
        asyncio.run(send(request, transport))
    else:
        with pytest.raises(UnexpectedRedirectError, match="may not go to"):
            asyncio.run(send(request, transport))
    assert len(transport.requests) == (2 if followed else 1)
