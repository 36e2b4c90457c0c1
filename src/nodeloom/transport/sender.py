"""Sends one request and reads its answer to the end, redirects included."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from urllib.parse import urljoin

import httpx

from nodeloom import __version__
from nodeloom.errors import (
    InvalidValueError,
    NodeloomError,
    RequestError,
    UnexpectedRedirectError,
    UnreadableAnswerError,
    preview,
)
from nodeloom.messages import Request, Response, origin_of
from nodeloom.transport.faults import translate
from nodeloom.transport.lanes import LanePool

Send = Callable[[Request], Awaitable[Response]]

_REDIRECTS = {301, 302, 303, 307, 308}
# Many services refuse a request that does not say who sends it. httpx decodes what is asked for here.
_DEFAULT_HEADERS = (
    (b"user-agent", f"nodeloom/{__version__}".encode()),
    (b"accept", b"*/*"),
    (b"accept-encoding", b"gzip, deflate"),
)
_SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization"}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request: seconds to connect and for each wait on the socket, bytes of an answer, redirects."""

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    answer_bytes: int = 256 * 1024 * 1024
    redirects: int = 10


class Sender:
    """Sends requests over `transport`, or over lanes of its own; belongs to one event loop.

    A transport that is `owned` is closed with the sender.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport | None = None,
        limits: Limits | None = None,
        *,
        owned: bool = False,
    ) -> None:
        self._transport = transport
        self._owned = owned
        self._limits = limits or Limits()
        self._pools: dict[tuple[bool, str | None], LanePool] = {}

    async def send(self, request: Request) -> Response:
        """The answer to `request`. Raises a RequestError subclass when none came.

        Redirects are followed as RFC 9110 section 15.4 says: 307 and 308 keep method and body, 303 becomes GET, and so
        do 301 and 302 for a POST. What a credential put on does not go to another origin.
        """
        current = request
        for _ in range(self._limits.redirects + 1):
            response = await self._once(current)
            location = response.headers.get("location")
            if response.status not in _REDIRECTS or location is None or not current.follow_redirects:
                return response
            current = _redirected(current, response, location)
        raise UnexpectedRedirectError(
            f"More than {self._limits.redirects} redirects.",
            hint="Check the address in the credential.",
            status=response.status,
            method=request.method,
            url=current.url,
        )

    async def aclose(self) -> None:
        """Close the connections the sender opened itself; a transport that was given stays open unless it is owned."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.aclose()
        if self._owned and self._transport is not None:
            await self._transport.aclose()

    async def _once(self, request: Request) -> Response:
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
        return Response(
            status=answer.status_code, headers=headers, body=body, reason=answer.reason_phrase, url=request.url
        )

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
                    raise RequestError(
                        f"The answer is larger than {most} bytes.",
                        hint="Ask for less, or raise the limit (max_answer_bytes).",
                        sent="yes",
                        method=request.method,
                        origin=origin_of(request.url),
                    )
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


def _redirected(request: Request, response: Response, location: str) -> Request:
    target = urljoin(request.url, location)
    try:
        crosses = origin_of(target) != origin_of(request.url)
    except ValueError:
        raise _refused_redirect(
            "The service redirects to an address that is not http or https.", request, response, location
        ) from None
    becomes_get = (response.status == 303 and request.method != "HEAD") or (
        response.status in (301, 302) and request.method == "POST"
    )
    headers = request.headers
    if becomes_get:
        headers = {k: v for k, v in headers.items() if not k.lower().startswith("content-")}
    if crosses and request.credential_body and not becomes_get:
        raise _refused_redirect(
            "The service redirects to another host, which would be sent the credential's secret in the body.",
            request,
            response,
            location,
        )
    if crosses:
        secret = _SECRET_HEADERS | request.credential_headers
        headers = {k: v for k, v in headers.items() if k.lower() not in secret}
    return replace(
        request,
        method="GET" if becomes_get else request.method,
        url=target,
        headers=headers,
        body=None if becomes_get else request.body,
    )


def _refused_redirect(what: str, request: Request, response: Response, location: str) -> UnexpectedRedirectError:
    return UnexpectedRedirectError(
        what,
        value=location,
        hint="Check the address in the credential.",
        status=response.status,
        method=request.method,
        url=request.url,
    )
