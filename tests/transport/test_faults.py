"""What goes wrong on the way has an error of its own, says whether the request can have arrived, and what to do."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import zlib
from pathlib import Path

import httpx
import pytest
import trustme

from nodeloom.errors import (
    InvalidValueError,
    NetworkError,
    RequestError,
    RequestTimeoutError,
    TLSError,
    UnreadableAnswerError,
)
from nodeloom.messages import Request, Response
from nodeloom.testing import RecordingTransport
from nodeloom.transport import Limits, Sender, translate
from tests.transport.servers import answer, refused_port, says, serving, tls_server


def sent(request: Request, limits: Limits | None = None, transport: httpx.AsyncBaseTransport | None = None) -> Response:
    async def scenario() -> Response:
        sender = Sender(transport, limits)
        try:
            return await sender.send(request)
        finally:
            await sender.aclose()

    return asyncio.run(scenario())


def failed(
    request: Request, limits: Limits | None = None, transport: httpx.AsyncBaseTransport | None = None
) -> RequestError:
    with pytest.raises(RequestError) as caught:
        sent(request, limits, transport)
    return caught.value


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_a_refused_connection_was_not_sent() -> None:
    error = failed(Request("POST", f"http://127.0.0.1:{refused_port()}/x"))
    assert type(error) is NetworkError
    assert error.details["sent"] == "no"
    assert error.details["origin"].startswith("http://127.0.0.1:")
    assert error.hint


def test_a_host_nobody_knows_was_not_sent() -> None:
    error = failed(Request("GET", "http://nobody.invalid/x"))
    assert type(error) is NetworkError
    assert error.details["sent"] == "no"


def test_a_certificate_of_an_unknown_authority_is_a_tls_error(authority: trustme.CA) -> None:
    with serving(says(answer("200 OK")), tls_server(authority, "127.0.0.1")) as server:
        error = failed(Request("GET", f"{server.url}/x"))
    assert type(error) is TLSError
    assert error.details["sent"] == "no"
    assert "_ssl.c" not in error.message
    assert "SSL_CERT_FILE" in str(error.hint)
    assert server.heads == []


def test_a_certificate_for_another_name_is_a_tls_error(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with serving(says(answer("200 OK")), tls_server(authority, "pbx.example.com")) as server:
        error = failed(Request("GET", f"{server.url}/x"))
    assert type(error) is TLSError
    assert "127.0.0.1" in error.message


def test_a_private_authority_is_trusted_when_the_environment_names_it(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with serving(says(answer("200 OK", b"hello")), tls_server(authority, "127.0.0.1")) as server:
        assert sent(Request("GET", f"{server.url}/x")).body == b"hello"


def test_verification_is_switched_off_for_the_request_that_asks_for_it_only(authority: trustme.CA) -> None:
    with serving(says(answer("200 OK", b"hello")), tls_server(authority, "127.0.0.1")) as server:
        assert sent(Request("GET", f"{server.url}/x", verify=False)).body == b"hello"
        assert type(failed(Request("GET", f"{server.url}/x"))) is TLSError


def test_tls_to_a_port_without_it_says_so() -> None:
    def talk(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(answer("400 Bad Request"))

    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    async def scenario() -> RequestError:
        loop = asyncio.get_running_loop()

        sender = Sender()

        def plain() -> None:
            # Each channel tries once.
            for _ in range(2 if sender.fast else 1):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1024)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

        serving_plain = loop.run_in_executor(None, plain)
        with pytest.raises(RequestError) as caught:
            await sender.send(Request("GET", f"https://127.0.0.1:{port}/x"))
        await serving_plain
        await sender.aclose()
        return caught.value

    with listener:
        error = asyncio.run(scenario())
    assert type(error) is TLSError
    assert "http://" in str(error.hint)


@pytest.mark.slow
def test_a_service_that_does_not_answer_is_a_timeout_of_unknown_outcome() -> None:
    def silent(_connection: socket.socket, _head: bytes) -> None:
        server.release.wait()

    with serving(silent) as server:
        error = failed(Request("POST", f"{server.url}/x", timeout=0.05))
    assert type(error) is RequestTimeoutError
    assert error.details["sent"] == "unknown"
    assert "may have done the work" in str(error.hint)


@pytest.mark.slow
def test_the_time_limit_of_the_sender_holds_for_requests_without_their_own() -> None:
    def silent(_connection: socket.socket, _head: bytes) -> None:
        server.release.wait()

    with serving(silent) as server:
        assert type(failed(Request("GET", f"{server.url}/x"), Limits(read_seconds=0.05))) is RequestTimeoutError


@pytest.mark.slow
def test_an_answer_that_stops_in_the_middle_is_a_timeout_too() -> None:
    def half(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        server.release.wait()

    with serving(half) as server:
        assert type(failed(Request("GET", f"{server.url}/x", timeout=0.05))) is RequestTimeoutError


@pytest.mark.slow
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    ],
    ids=["nothing", "half a head", "half a body", "half a chunk", "no HTTP"],
)
def test_a_connection_that_breaks_is_a_network_error_of_unknown_outcome(data: bytes) -> None:
    with serving(says(data)) as server:
        error = failed(Request("POST", f"{server.url}/x"))
    assert type(error) is NetworkError
    assert error.details["sent"] == "unknown"


def test_an_endless_answer_is_cut_at_the_limit() -> None:
    def endless(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not server.release.is_set():
            connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    with serving(endless) as server:
        error = failed(Request("GET", f"{server.url}/x"), Limits(answer_bytes=1_000_000))
    assert "1000000 bytes" in error.message
    assert error.details["sent"] == "yes"
    assert "max_answer_bytes" in str(error.hint)


@pytest.mark.slow
def test_bytes_count_after_decompression() -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    assert len(bomb) < 20_000
    with serving(says(answer("200 OK", bomb, "Content-Encoding: gzip"))) as server:
        error = failed(Request("GET", f"{server.url}/x"), Limits(answer_bytes=1_000_000))
        assert len(sent(Request("GET", f"{server.url}/x")).body) == 10_000_000
    assert error.details["sent"] == "yes"


@pytest.mark.parametrize(
    ("encoding", "packed"), [("gzip", gzip.compress(b"hello", mtime=0)), ("deflate", zlib.compress(b"hello"))]
)
def test_compressed_answers_are_unpacked(encoding: str, packed: bytes) -> None:
    with serving(says(answer("200 OK", packed, f"Content-Encoding: {encoding}"))) as server:
        assert sent(Request("GET", f"{server.url}/x")).body == b"hello"


def test_an_answer_that_is_not_packed_as_it_says_is_unreadable() -> None:
    with (
        serving(says(answer("200 OK", b"this is not gzip", "Content-Encoding: gzip"))) as server,
        pytest.raises(UnreadableAnswerError) as caught,
    ):
        sent(Request("GET", f"{server.url}/x"))
    assert caught.value.status == 200
    assert "gzip" in caught.value.message


def test_whatever_a_given_transport_raises_fails_the_request_only() -> None:
    error = failed(Request("GET", "https://x.test/"), transport=RecordingTransport([RuntimeError("broken transport")]))
    assert type(error) is RequestError
    assert "broken transport" in error.message


def test_an_address_that_cannot_be_called_is_an_invalid_value() -> None:
    with pytest.raises(InvalidValueError):
        sent(Request("GET", "http://exa mple.test:70000000/"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "kind", "was_sent"),
    [
        (httpx.ConnectError("no"), NetworkError, "no"),
        (httpx.ConnectTimeout("no"), RequestTimeoutError, "no"),
        (httpx.PoolTimeout("no"), RequestTimeoutError, "no"),
        (httpx.ReadTimeout("no"), RequestTimeoutError, "unknown"),
        (httpx.WriteTimeout("no"), RequestTimeoutError, "unknown"),
        (httpx.ReadError("no"), NetworkError, "unknown"),
        (httpx.WriteError("no"), NetworkError, "unknown"),
        (httpx.RemoteProtocolError("no"), NetworkError, "unknown"),
        (httpx.ProxyError("no"), NetworkError, "no"),
        (httpx.LocalProtocolError("no"), RequestError, "unknown"),
        (OSError("no"), RequestError, "unknown"),
    ],
)
def test_each_fault_has_its_class(fault: Exception, kind: type[RequestError], was_sent: str) -> None:
    error = translate(fault, Request("GET", "https://x.test/path?secret=1"))
    assert type(error) is kind
    assert error.details["sent"] == was_sent
    assert "secret" not in str(error)


def test_a_tls_alert_after_the_handshake_is_a_tls_error_of_unknown_outcome() -> None:
    fault = httpx.ReadError("alert")
    fault.__cause__ = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] certificate required (_ssl.c:2580)")
    error = translate(fault, Request("GET", "https://x.test/"))
    assert type(error) is TLSError
    assert error.details["sent"] == "unknown"


def test_a_tls_connection_that_ends_is_a_broken_connection() -> None:
    fault = httpx.ReadError("eof")
    fault.__cause__ = ssl.SSLEOFError(8, "EOF occurred in violation of protocol")
    assert type(translate(fault, Request("GET", "https://x.test/"))) is NetworkError
