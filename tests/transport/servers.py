"""Servers that misbehave on purpose, on real loopback sockets."""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import trustme

Talk = Callable[[socket.socket, bytes], None]


class RawServer:
    """Accepts connections one after the other and lets `talk` answer each with bytes of its choice.

    `talk` is called with the connection and the head of the request. `heads` holds every head that was read.
    """

    def __init__(self, talk: Talk, tls: ssl.SSLContext | None = None) -> None:
        self._talk = talk
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.release = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.release.set()
        with contextlib.suppress(OSError):
            # Wakes the thread that waits in accept.
            socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self.release.is_set():
            connection, _ = self._listener.accept()
            if self.release.is_set():
                connection.close()
                return
            with connection, contextlib.suppress(OSError):
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        if self._tls is not None:
            with self._tls.wrap_socket(connection, server_side=True) as wrapped:
                self._answer(wrapped)
        else:
            self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(v) for k, _, v in (x.partition(b":") for x in head.split(b"\r\n")) if k.lower() == b"content-length"),
            0,
        )
        while len(body) < length:
            body += connection.recv(65536)
        self.heads.append(head)
        self.bodies.append(body)
        self._talk(connection, head)


@contextlib.contextmanager
def serving(talk: Talk, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    server = RawServer(talk, tls)
    try:
        yield server
    finally:
        server.close()


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def says(data: bytes) -> Talk:
    def talk(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(data)

    return talk


@functools.cache
def _held() -> socket.socket:
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    return held


def tls_server(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """The server's side of TLS, with a certificate that `authority` made for these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def refused_port() -> int:
    """A port of loopback on which nobody listens, and nobody will: it is bound as long as this process lives."""
    port: int = _held().getsockname()[1]
    return port
