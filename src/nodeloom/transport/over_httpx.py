"""Requests over an httpx transport: one that was given, or lanes of our own."""

from __future__ import annotations

import asyncio
import importlib
from collections import OrderedDict
from contextlib import suppress
from urllib.parse import urlsplit

import httpx

from nodeloom.errors import InvalidValueError, NodeloomError
from nodeloom.messages import Request, Response, origin_of
from nodeloom.transport.answerbody import AnswerBody
from nodeloom.transport.channel import USER_AGENT, too_large, undecodable
from nodeloom.transport.decoding import DecodingError, TooMuch, accepted_codings
from nodeloom.transport.faults import total_time_over, translate
from nodeloom.transport.keeping import Keeping
from nodeloom.transport.lanes import LanePool, tls_context
from nodeloom.transport.limits import Limits

_DEFAULT_HEADERS = ((b"user-agent", USER_AGENT.encode()), (b"accept", b"*/*"))

# Pools of hosts whose address was checked; those used last are kept.
_MOST_PINNED = 64


class HttpxChannel:
    """Sends over `transport`, or without one over lanes, which also know proxies and unverified TLS.

    A transport that is `owned` is closed with the channel.
    """

    def __init__(
        self, limits: Limits, transport: httpx.AsyncBaseTransport | None = None, *, owned: bool = False
    ) -> None:
        self._transport = transport
        self._owned = owned
        self._limits = limits
        self._keeping = Keeping()
        if transport is None:
            _prepare()
        self._pools: dict[tuple[bool, str | None, float], LanePool] = {}
        self._pinned: OrderedDict[tuple[bool, str, float], LanePool] = OrderedDict()

    async def exchange(self, request: Request, address: str | None = None) -> Response:
        """The answer, read to its end. Raises a RequestError subclass when none came.

        `address` is the IP address to connect to; a transport that was given knows its own.
        """
        most = self._limits.total_seconds
        if most is None:
            return await self._exchange(request, address)
        try:
            async with asyncio.timeout(most):
                return await self._exchange(request, address)
        except TimeoutError:
            raise total_time_over(request, most) from None

    async def aclose(self) -> None:
        """Close the connections the channel opened itself; a transport that was given stays open unless owned."""
        pools = [*self._pools.values(), *self._pinned.values()]
        self._pools, self._pinned = {}, OrderedDict()
        for pool in pools:
            await pool.aclose()
        if self._owned and self._transport is not None:
            await self._transport.aclose()

    async def _exchange(self, request: Request, address: str | None) -> Response:
        if self._transport is not None:
            return await self._over(self._transport, request, None)
        if address is not None:
            pool = await self._pinned_pool(request)
        else:
            idle = self._keeping.seconds(request)
            key = (request.verify, request.proxy, idle)
            shared = self._pools.get(key)
            if shared is None:
                shared = self._pools[key] = LanePool(verify=request.verify, proxy=request.proxy, idle_seconds=idle)
            pool = shared
        try:
            lane = pool.take()
        except OSError as fault:
            raise translate(fault, request) from fault
        try:
            return await self._over(lane, request, address)
        finally:
            pool.give_back(lane)

    async def _pinned_pool(self, request: Request) -> LanePool:
        """The lanes of one host alone: a lane takes hosts at one address for one, and TLS tells them apart."""
        idle = self._keeping.seconds(request)
        key = (request.verify, origin_of(request.url), idle)
        pool = self._pinned.get(key)
        if pool is None:
            pool = self._pinned[key] = LanePool(verify=request.verify, idle_seconds=idle)
        self._pinned.move_to_end(key)
        if len(self._pinned) > _MOST_PINNED:
            for old, unused in list(self._pinned.items()):
                if unused is not pool and unused.idle:
                    del self._pinned[old]
                    await unused.aclose()
                    break
        return pool

    async def _over(self, transport: httpx.AsyncBaseTransport, request: Request, address: str | None) -> Response:
        answer: httpx.Response | None = None
        try:
            answer = await transport.handle_async_request(self._outgoing(request, address))
            try:
                body = await self._read(answer, request)
            finally:
                await answer.aclose()
        except NodeloomError:
            raise
        except Exception as fault:
            if answer is None and isinstance(fault, (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)):
                self._keeping.broke(request)
            # A transport that was given may raise any error, which concerns this request only.
            raise translate(fault, request) from fault
        self._keeping.learn(request, answer.headers.get("keep-alive"))
        headers: dict[str, str] = {}
        cookies: list[str] = []
        for raw_name, raw_value in answer.headers.raw:
            name, value = raw_name.decode("latin-1").lower(), _header_text(raw_value)
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
            if name == "set-cookie":
                cookies.append(value)
        return Response(answer.status_code, headers, body, answer.reason_phrase, request.url, cookies)

    def _outgoing(self, request: Request, address: str | None) -> httpx.Request:
        wait = request.timeout or self._limits.read_seconds
        connect = min(self._limits.connect_seconds, wait)
        extensions: dict[str, object] = {"timeout": {"connect": connect, "read": wait, "write": wait, "pool": connect}}
        headers = _outgoing_headers(request)
        url = request.url
        try:
            origin_of(url)
            if address is not None:
                named = httpx.URL(url)
                headers.insert(0, (b"Host", named.netloc))
                extensions["sni_hostname"] = named.raw_host.decode("ascii")
                url = at_address(url, address)
            return httpx.Request(request.method, url, headers=headers, content=request.body, extensions=extensions)
        except (httpx.InvalidURL, ValueError) as fault:
            raise InvalidValueError(
                f"The address cannot be called: {fault}.",
                value=request.url.partition("?")[0],
                hint="Check the host in the credential.",
            ) from None

    async def _read(self, answer: httpx.Response, request: Request) -> bytes:
        most = self._limits.answer_bytes
        # What a transport that was given has read already, it has unpacked as well.
        encoding = "" if answer.is_stream_consumed else answer.headers.get("content-encoding", "")
        try:
            body = AnswerBody(encoding, most)
            if answer.is_stream_consumed:
                await body.take(answer.content)
            else:
                async for chunk in answer.aiter_raw():
                    await body.take(chunk)
            return body.whole()
        except TooMuch:
            raise too_large(request, most) from None
        except (DecodingError, httpx.DecodingError) as fault:
            encoding = answer.headers.get("content-encoding", "")
            raise undecodable(request, answer.status_code, encoding, fault) from fault


def _prepare() -> None:
    """Read what the first connection would read: later, with many connections open, the process may not be able to."""
    with suppress(ImportError):  # httpx says what it lacks when it connects
        importlib.import_module("anyio._backends._asyncio")
    tls_context(verify=True)


def at_address(url: str, address: str) -> str:
    """`url` with an IP address in place of its host; everything else as it was written."""
    parts = urlsplit(url)
    head = url[: url.index("://") + 3 + len(parts.netloc)]
    host = f"[{address}]" if ":" in address else address
    port = f":{parts.port}" if parts.port is not None else ""
    return f"{parts.scheme}://{host}{port}{url[len(head) :]}"


def _outgoing_headers(request: Request) -> list[tuple[bytes, bytes]]:
    headers = [(k.encode("latin-1", "replace"), v.encode("utf-8", "replace")) for k, v in request.headers.items()]
    written = {name.lower() for name, _ in headers}
    own = (*_DEFAULT_HEADERS, (b"accept-encoding", accepted_codings().encode()))
    return [*headers, *((name, value) for name, value in own if name not in written)]


def _header_text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
