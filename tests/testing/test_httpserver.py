"""The HTTP layer, spoken to in bytes."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import h11
import pytest

from nodeloom.testing import ThreeCXSandbox
from tests.testing.conftest import fetch_token


class Wire:
    """A raw connection that reads whole answers."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._http = h11.Connection(h11.CLIENT)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answers(self, count: int, method: bytes = b"GET") -> list[tuple[int, dict[bytes, bytes], bytes]]:
        """The next `count` answers: status, headers, body. h11 reads them as answers to that method."""
        found = []
        for _ in range(count):
            self._http.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
            self._http.send(h11.EndOfMessage())
            found.append(self._answer())
            if self._http.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
                self._http.start_next_cycle()
        return found

    def _answer(self) -> tuple[int, dict[bytes, bytes], bytes]:
        head: h11.Response | None = None
        body = b""
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(self.socket.recv(65536))
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return head.status_code, dict(head.headers), body

    def is_closed(self) -> bool:
        """Whether the server has closed; waits for more data or the end."""
        return self.socket.recv(65536) == b""


@pytest.fixture
def served() -> Iterator[ThreeCXSandbox]:
    with ThreeCXSandbox(links=5, access_token="good", max_body=1000) as sandbox:
        yield sandbox


@pytest.fixture
def wire(served: ThreeCXSandbox) -> Iterator[Wire]:
    connection = Wire(int(served.server_url.rpartition(":")[2]))
    with connection.socket:
        yield connection


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} /xapi/v1/{path} HTTP/1.1", "Host: pbx", "Authorization: Bearer good", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


GET = request("GET", "WebsiteLinks('link-1')?$select=Link")


def test_a_connection_is_kept_alive(served: ThreeCXSandbox, wire: Wire) -> None:
    for _ in range(3):
        wire.send(GET)
        ((status, headers, body),) = wire.answers(1)
        assert status == 200
        assert int(headers[b"content-length"]) == len(body)
        assert headers[b"date"].endswith(b"GMT")
    assert {r.connection for r in served.requests} == {1}


def test_pipelined_requests_are_answered_in_order(wire: Wire) -> None:
    paths = ["WebsiteLinks('link-1')", "WebsiteLinks('nope')", "WebsiteLinks('link-2')", "WebsiteLinks/$count"]
    wire.send(b"".join(request("GET", p) for p in paths) + request("DELETE", "WebsiteLinks('link-3')"))
    assert [a[0] for a in wire.answers(5)] == [200, 404, 200, 200, 204]


def test_a_request_may_come_in_pieces(wire: Wire) -> None:
    for byte in GET:
        wire.send(bytes([byte]))
    assert wire.answers(1)[0][0] == 200


def test_a_body_may_come_in_chunks(served: ThreeCXSandbox, wire: Wire) -> None:
    headers = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    wire.send(request("POST", "WebsiteLinks", *headers))
    for piece in (b'{"Link":', b'"chun', b'ked"}'):
        wire.send(b"%x\r\n%s\r\n" % (len(piece), piece))
    wire.send(b"0\r\n\r\n")
    assert wire.answers(1)[0][0] == 201
    assert served.requests[-1].json() == {"Link": "chunked"}


def test_head_answers_as_get_without_the_body(wire: Wire) -> None:
    wire.send(request("GET", "WebsiteLinks"))
    wire.send(request("HEAD", "WebsiteLinks"))
    ((_, full, body),) = wire.answers(1)
    ((status, head, nothing),) = wire.answers(1, b"HEAD")
    assert (status, nothing) == (200, b"")
    assert int(head[b"content-length"]) == int(full[b"content-length"]) == len(body)
    wire.send(GET)
    assert wire.answers(1)[0][0] == 200


def test_a_client_that_asks_whether_to_go_on_is_told_so(wire: Wire) -> None:
    body = b'{"Link": "waited"}'
    headers = ("Content-Type: application/json", f"Content-Length: {len(body)}", "Expect: 100-continue")
    wire.send(request("POST", "WebsiteLinks", *headers))
    assert wire.socket.recv(65536).startswith(b"HTTP/1.1 100 ")
    wire.send(body)
    assert wire.answers(1)[0][0] == 201


def test_connection_close_is_honoured(wire: Wire) -> None:
    wire.send(request("GET", "Defs", "Connection: close"))
    ((status, headers, _),) = wire.answers(1)
    assert (status, headers[b"connection"]) == (200, b"close")
    assert wire.is_closed()


def test_an_absolute_target_means_its_path(served: ThreeCXSandbox, wire: Wire) -> None:
    wire.send(b"GET http://pbx/xapi/v1/Defs HTTP/1.1\r\nHost: pbx\r\nAuthorization: Bearer good\r\n\r\n")
    assert wire.answers(1)[0][0] == 200
    assert served.requests[0].path == "/xapi/v1/Defs"


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n",
    ],
)
def test_what_is_not_http_is_answered_400_and_closed(served: ThreeCXSandbox, wire: Wire, data: bytes) -> None:
    wire.send(data)
    ((status, headers, _),) = wire.answers(1)
    assert (status, headers[b"connection"]) == (400, b"close")
    assert wire.is_closed()
    assert served.requests == []


def test_a_head_without_end_is_refused(wire: Wire) -> None:
    wire.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 200_000)
    assert wire.answers(1)[0][0] == 431


@pytest.mark.parametrize("framing", ["Content-Length: 1001", "Transfer-Encoding: chunked"])
def test_a_body_above_the_limit_is_refused_and_the_answer_arrives(wire: Wire, framing: str) -> None:
    wire.send(request("POST", "WebsiteLinks", "Content-Type: application/json", framing))
    body = b"x" * 1001
    wire.send(body if framing.startswith("C") else b"%x\r\n%s\r\n" % (len(body), body))
    assert wire.answers(1)[0][0] == 413
    assert wire.is_closed()


def test_a_client_that_goes_away_in_the_middle_harms_nobody(served: ThreeCXSandbox) -> None:
    port = int(served.server_url.rpartition(":")[2])
    for data in (b"", b"GET /", request("POST", "WebsiteLinks", "Content-Length: 50", body=b"{")):
        with socket.create_connection(("127.0.0.1", port)) as leaving:
            leaving.sendall(data)
    connection = Wire(port)
    with connection.socket:
        connection.send(GET)
        assert connection.answers(1)[0][0] == 200
    assert fetch_token(served)
