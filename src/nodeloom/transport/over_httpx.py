"""Requests over an httpx transport: one that was given, or lanes of our own."""

from __future__ import annotations

import asyncio

import httpx

from nodeloom.errors import InvalidValueError, NodeloomError, UnreadableAnswerError, preview
from nodeloom.messages import Request, Response, origin_of
from nodeloom.transport.channel import USER_AGENT, too_large
from nodeloom.transport.faults import total_time_over, translate
from nodeloom.transport.lanes import LanePool
from nodeloom.transport.limits import Limits

# httpx decodes what is asked for here.
_DEFAULT_HEADERS = (
    (b"user-agent", USER_AGENT.encode()),
    (b"accept", b"*/*"),
    (b"accept-encoding", b"gzip, deflate"),
)


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
        self._pools: dict[tuple[bool, str | None], LanePool] = {}

    async def exchange(self, request: Request) -> Response:
        """The answer, read to its end. Raises a RequestError subclass when none came."""
        most = self._limits.total_seconds
        if most is None:
            return await self._exchange(request)
        try:
            async with asyncio.timeout(most):
                return await self._exchange(request)
        except TimeoutError:
            raise total_time_over(request, most) from None

    async def aclose(self) -> None:
        """Close the connections the channel opened itself; a transport that was given stays open unless owned."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.aclose()
        if self._owned and self._transport is not None:
            await self._transport.aclose()

    async def _exchange(self, request: Request) -> Response:
        if self._transport is not None:
            return await self._over(self._transport, request)
        key = (request.verify, request.proxy)
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = LanePool(verify=request.verify, proxy=request.proxy)
        lane = pool.take()
        try:
            return await self._over(lane, request)
        finally:
            pool.give_back(lane)

    async def _over(self, transport: httpx.AsyncBaseTransport, request: Request) -> Response:
        try:
            answer = await transport.handle_async_request(self._outgoing(request))
            try:
                body = await self._read(answer, request)
            finally:
                await answer.aclose()
        except NodeloomError:
            raise
        except Exception as fault:
            # A transport that was given may raise anything; whatever it is, it concerns this request only.
            raise translate(fault, request) from fault
        headers: dict[str, str] = {}
        for raw_name, raw_value in answer.headers.raw:
            name, value = raw_name.decode("latin-1").lower(), _header_text(raw_value)
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return Response(answer.status_code, headers, body, answer.reason_phrase, request.url)

    def _outgoing(self, request: Request) -> httpx.Request:
        wait = request.timeout or self._limits.read_seconds
        connect = min(self._limits.connect_seconds, wait)
        try:
            origin_of(request.url)
            return httpx.Request(
                request.method,
                request.url,
                headers=_outgoing_headers(request),
                content=request.body,
                extensions={"timeout": {"connect": connect, "read": wait, "write": wait, "pool": connect}},
            )
        except (httpx.InvalidURL, ValueError) as fault:
            raise InvalidValueError(
                f"The address cannot be called: {fault}.",
                value=request.url.partition("?")[0],
                hint="Check the host in the credential.",
            ) from None

    async def _read(self, answer: httpx.Response, request: Request) -> bytes:
        most = self._limits.answer_bytes
        chunks: list[bytes] = []
        size = 0
        try:
            async for chunk in answer.aiter_bytes():
                size += len(chunk)
                if size > most:
                    raise too_large(request, most)
                chunks.append(chunk)
        except httpx.DecodingError as fault:
            encoding = answer.headers.get("content-encoding", "")
            raise UnreadableAnswerError(
                f"The answer is not {preview(encoding)}, as it says it is (HTTP {answer.status_code}): {fault}.",
                hint="Check the address in the credential: a proxy may have changed the answer.",
                status=answer.status_code,
                method=request.method,
                url=request.url,
            ) from fault
        return b"".join(chunks)


def _outgoing_headers(request: Request) -> list[tuple[bytes, bytes]]:
    headers = [(k.encode("latin-1", "replace"), v.encode("utf-8", "replace")) for k, v in request.headers.items()]
    written = {name.lower() for name, _ in headers}
    return [*headers, *((name, value) for name, value in _DEFAULT_HEADERS if name not in written)]


def _header_text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
