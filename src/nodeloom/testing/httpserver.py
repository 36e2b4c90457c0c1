"""A small HTTP/1.1 server for loopback: h11 over asyncio streams, one application coroutine behind it.

It keeps connections alive, answers pipelined requests in order, reads bodies with a length or in chunks, and
closes what does not speak HTTP with 400. The application gets a whole request and gives a whole answer; None
in place of an answer drops the connection without one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate

import h11

_log = logging.getLogger(__name__)

_READ_BYTES = 65536
# A request target may carry a long $filter; h11's own limit is 16 KiB for the whole head.
_HEAD_BYTES = 128 * 1024
# How long a refused sender may go on sending before the socket is closed under it (seconds).
_LINGER_SECONDS = 1.0
# asyncio hands an accepted socket over within this many turns of the loop.
_TURNS_TO_ACCEPT = 3


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, whole. `headers` has lower-case names in order; `target` is the raw request target."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int
    """Which connection of the server it came on, counted from 1."""

    def header(self, name: str) -> str | None:
        """The header of that lower-case name, its lines joined by a comma as RFC 9110 5.2 says; None if absent."""
        values = [v for k, v in self.headers if k == name]
        return ", ".join(values) if values else None


@dataclass(slots=True)
class Response:
    """One HTTP answer, whole. Content-Length, Date and Connection are the server's to add."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)


Application = Callable[[Request], Awaitable[Response | None]]


class _TooLarge(Exception):
    """The body is longer than the server reads."""


class HttpServer:
    """Serves `application` on `host`:`port` (0: any free port) within the running event loop.

    `max_body` is in bytes. Raises OSError from `start` if the address cannot be bound.
    """

    def __init__(
        self, application: Application, *, host: str = "127.0.0.1", port: int = 0, max_body: int = 16 * 2**20
    ) -> None:
        self._application = application
        self._host = host
        self._wanted_port = port
        self._max_body = max_body
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._accepted = 0
        self._date: tuple[int, str] = (0, "")

    async def start(self) -> int:
        """Bind and listen; gives the port."""
        # Many clients open one connection per item at once, hence the backlog.
        self._server = await asyncio.start_server(
            self._accept, self._host, self._wanted_port, backlog=1024, limit=_READ_BYTES, family=socket.AF_INET
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self, grace: float = 1.0) -> None:
        """Stop listening, let answers under way finish for `grace` seconds, then close every connection."""
        if self._server is None:
            return
        await self._stop_accepting(self._server)
        for connection in self._connections:
            connection.finish()
        tasks = [c.task for c in self._connections]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await asyncio.sleep(0)  # sockets that were aborted are closed in the next turn
        await self._server.wait_closed()
        self._server = None

    async def _stop_accepting(self, server: asyncio.Server) -> None:
        # A server that is closed between a socket's accept and its hand-over forgets that socket, open. So the
        # loop stops looking for new ones first. Loops that cannot do so (Windows' own, uvloop) have no such gap.
        with contextlib.suppress(NotImplementedError, RuntimeError):
            asyncio.get_running_loop().remove_reader(server.sockets[0].fileno())
        for _ in range(_TURNS_TO_ACCEPT):
            await asyncio.sleep(0)
        server.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._accepted += 1
        connection = _Connection(self, reader, writer, self._accepted)
        self._connections.add(connection)
        connection.task.add_done_callback(lambda _: self._connections.discard(connection))

    async def _answer(self, request: Request) -> Response | None:
        try:
            return await self._application(request)
        except Exception:  # noqa: BLE001 - a fault of the application is an answer too; the traceback goes to the log
            _log.exception("%s %s failed", request.method, request.target)
            return Response(500, b"Internal Server Error", [("Content-Type", "text/plain")])

    def _now(self) -> str:
        second = int(time.time())
        if self._date[0] != second:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]


class _Connection:
    """One client's connection, from accept to close."""

    def __init__(
        self, server: HttpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._number = number
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_BYTES)
        self._answering = False
        self._last = False
        self.task = asyncio.get_running_loop().create_task(self._run())

    def finish(self) -> None:
        """Close after the answer under way; at once without one."""
        self._last = True
        if not self._answering:
            # Not by cancelling: a task cancelled before its first step would never close its socket.
            self._writer.close()

    async def _run(self) -> None:
        try:
            await self._serve()
            self._writer.close()
            await self._writer.wait_closed()
        except OSError as error:
            _log.debug("connection %d broke: %r", self._number, error)
        finally:
            # Without this a client that does not read its answer would hold the socket open.
            # An answer that was dropped on purpose: the client sees a connection that broke.
            self._writer.transport.abort()

    async def _serve(self) -> None:
        while True:
            try:
                request = await self._read()
            except h11.RemoteProtocolError as error:
                await self._refuse(error.error_status_hint, str(error))
                return
            except _TooLarge:
                await self._refuse(413, f"The body is longer than {self._server._max_body} bytes.")
                return
            if request is None:
                return
            self._answering = True
            response = await self._server._answer(request)
            if response is None:
                self._writer.transport.abort()
                return
            await self._write(response, with_body=request.method != "HEAD")
            self._answering = False
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE or self._last:
                return
            self._http.start_next_cycle()

    async def _read(self) -> Request | None:
        """The next whole request; None when the client has closed."""
        http = self._http
        head: h11.Request | None = None
        headers: list[tuple[str, str]] = []
        chunks: list[bytes] = []
        size = 0
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                if http.they_are_waiting_for_100_continue:
                    self._send(h11.InformationalResponse(status_code=100, headers=[]))
                http.receive_data(await self._reader.read(_READ_BYTES))
            elif type(event) is h11.Request:
                head = event
                headers = [(k.decode("ascii"), v.decode("latin-1")) for k, v in event.headers]
                # Refused before the body is read, so that a client need not send it all.
                if any(k == "content-length" and int(v) > self._server._max_body for k, v in headers):
                    raise _TooLarge
            elif type(event) is h11.Data:
                size += len(event.data)
                if size > self._server._max_body:
                    raise _TooLarge
                chunks.append(bytes(event.data))
            elif type(event) is h11.EndOfMessage and head is not None:
                return Request(
                    method=head.method.decode("ascii"),
                    target=head.target.decode("ascii"),
                    headers=headers,
                    # Most bodies are one chunk, which need not be copied.
                    body=chunks[0] if len(chunks) == 1 else b"".join(chunks),
                    connection=self._number,
                )
            else:
                return None

    def _send(self, *events: h11.Event) -> None:
        # One write per answer: head and body in two small segments would wait on each other.
        self._writer.write(b"".join([self._http.send(event) or b"" for event in events]))

    async def _write(self, response: Response, *, with_body: bool) -> None:
        headers = [("Date", self._server._now()), *response.headers]
        # RFC 9110, 8.6: these have no content, and 204 must not have the field.
        if response.status not in (204, 304):
            headers.append(("Content-Length", str(len(response.body))))
        if self._last:
            headers.append(("Connection", "close"))
        head = h11.Response(status_code=response.status, headers=headers)
        if with_body and response.body:
            self._send(head, h11.Data(data=response.body), h11.EndOfMessage())
        else:
            self._send(head, h11.EndOfMessage())
        await self._writer.drain()

    async def _refuse(self, status: int, reason: str) -> None:
        """Answer what is not a request this server reads, then close."""
        if self._writer.is_closing() or self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        self._last = True
        text = [("Content-Type", "text/plain; charset=utf-8")]
        await self._write(Response(status, reason.encode(), text), with_body=True)
        self._writer.write_eof()
        # Closing with unread data resets the connection and takes the answer with it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while await self._reader.read(_READ_BYTES):
                    pass
