"""Sends one request and reads its answer to the end, redirects included."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from nodeloom import openfiles
from nodeloom.errors import Effect, ItemError, RequestError, TLSError, UnexpectedRedirectError
from nodeloom.messages import Request, Response, host_allowed, origin_of
from nodeloom.transport.channel import Channel
from nodeloom.transport.limits import Limits
from nodeloom.transport.over_pyreqwest import Unsent, open_channel, settle
from nodeloom.transport.readahead import ReadAhead
from nodeloom.transport.trip import Trip

if TYPE_CHECKING:
    import httpx

    from nodeloom.transport.gate import Gate
    from nodeloom.transport.policy import Policy

_REDIRECTS = {301, 302, 303, 307, 308}
_SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization"}


class Sender:
    """Sends requests over `transport`, or over the fastest channel there is; belongs to one event loop.

    Without a transport that is pyreqwest if it is installed, and httpx for what it does not take. A transport that
    is `owned` is closed with the sender. `fast=False` leaves everything to httpx. Every request is held to `policy`,
    those of redirects too. Raises ConfigurationError when the process has too many files open to begin.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport | None = None,
        limits: Limits | None = None,
        *,
        owned: bool = False,
        fast: bool = True,
        policy: Policy | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._given = transport, owned
        self._gate: Gate | None = None
        if policy is not None:
            from nodeloom.transport.gate import Gate

            self._gate = Gate(policy, pinned=transport is None, seconds=self._limits.connect_seconds)
        self._ahead = ReadAhead(self._limits.json)
        self._httpx: Channel | None = None
        self._fast = open_channel(self._limits) if fast and transport is None else None
        if self._fast is None:
            try:
                self._over_httpx()
            except OSError as fault:
                if not openfiles.used_up(fault):
                    raise
                raise openfiles.cannot_begin() from fault

    @property
    def fast(self) -> bool:
        """Whether requests go over pyreqwest if they can."""
        return self._fast is not None

    async def send(self, request: Request, _trip: Trip | None = None) -> Response:
        """The answer to `request`. Raises a RequestError subclass when none came.

        Redirects are followed as RFC 9110 section 15.4 says: 307 and 308 keep method and body, 303 becomes GET, and so
        do 301 and 302 for a POST. What a credential put on does not go to another origin.
        """
        began = time.monotonic()
        if self._gate is not None:
            response = await self._admitted(request, self._gate)
        else:
            try:
                response = await (self._fast or self._slow(request)).exchange(request)
            except Unsent:
                response = await self._slow(request).exchange(request)
        if response.status in _REDIRECTS and request.follow_redirects:
            return await self._followed(request, response)
        if len(response.body) > self._ahead.from_bytes:
            await self._ahead.read(request, response, self._time_left(began))
        return response

    def _time_left(self, began: float) -> float | None:
        most = self._limits.total_seconds
        return None if most is None else max(0.0, began + most - time.monotonic())

    async def aclose(self) -> None:
        """Close the connections the sender opened itself; a transport that was given stays open unless it is owned."""
        self._ahead.close()
        if self._fast is not None:
            await self._fast.aclose()
        channel, self._httpx = self._httpx, None
        if channel is None and self._given[1]:
            channel = self._over_httpx()
            self._httpx = None
        if channel is not None:
            await channel.aclose()

    def settle(self) -> None:
        """After `aclose`, outside of any event loop: wait for threads that may still touch the interpreter."""
        if self._fast is not None:
            settle()

    async def _admitted(self, request: Request, gate: Gate) -> Response:
        """The answer to a request that the policy allows, from an address that it allows."""
        gate.check(request)
        addresses: tuple[str | None, ...] = await gate.addresses(request) or (None,)
        for address in addresses[:-1]:
            try:
                return await self._exchange(request, address)
            except RequestError as error:
                if error.effect is not Effect.NONE or isinstance(error, TLSError):
                    raise
        return await self._exchange(request, addresses[-1])

    async def _exchange(self, request: Request, address: str | None) -> Response:
        try:
            return await (self._fast or self._slow(request)).exchange(request, address)
        except Unsent:
            return await self._slow(request).exchange(request, address)

    async def _followed(self, request: Request, response: Response) -> Response:
        current = request
        taken: int | None = None
        try:
            for _ in range(self._most_redirects(request)):
                location = response.header("location")
                if response.status not in _REDIRECTS or not location:
                    response.redirect = taken
                    return response
                if taken is None and current.method != "GET" and _becomes_get(current, response):
                    taken = response.status
                current = _redirected(current, response, location)
                response = await self.send(replace(current, follow_redirects=False))
            if response.status not in _REDIRECTS or not response.header("location"):
                response.redirect = taken
                return response
            raise self._too_many(request, response, current)
        except ItemError as error:
            if taken is not None:
                error.taken_by(taken)
            raise

    def _most_redirects(self, request: Request) -> int:
        most = request.most_redirects
        return self._limits.redirects if most is None else min(most, self._limits.redirects)

    def _too_many(self, request: Request, response: Response, current: Request) -> UnexpectedRedirectError:
        return UnexpectedRedirectError(
            f"More than {self._most_redirects(request)} redirects.",
            hint="Check the address in the credential.",
            status=response.status,
            method=request.method,
            url=current.url,
        )

    def _slow(self, request: Request) -> Channel:
        if self._httpx is not None:
            return self._httpx
        try:
            return self._over_httpx()
        except OSError as fault:
            # It is imported, and reads the certificates, when it is first needed.
            if not openfiles.used_up(fault):
                raise
            raise openfiles.too_many(method=request.method, origin=origin_of(request.url)) from fault

    def _over_httpx(self) -> Channel:
        if self._httpx is None:
            from nodeloom.transport.over_httpx import HttpxChannel

            transport, owned = self._given
            self._httpx = HttpxChannel(self._limits, transport, owned=owned)
        return self._httpx


def _becomes_get(request: Request, response: Response) -> bool:
    return (response.status == 303 and request.method != "HEAD") or (
        response.status in (301, 302) and request.method == "POST"
    )


def _redirected(request: Request, response: Response, location: str) -> Request:
    try:
        target = urljoin(request.url, location)
        crosses = origin_of(target) != origin_of(request.url)
    except ValueError:
        raise _refused_redirect(
            "The service redirects to an address that is not http or https.", request, response, location
        ) from None
    becomes_get = _becomes_get(request, response)
    headers = request.headers
    if becomes_get:
        headers = {k: v for k, v in headers.items() if not k.lower().startswith("content-")}
    if "@" in urlsplit(target).netloc:
        # RFC 9110 section 4.2.4: most likely there to hide which host it is.
        raise _refused_redirect(
            "The service redirects to an address with a user name in it.", request, response, target
        )
    if request.hosts is not None and not host_allowed(target, request.hosts):
        raise _refused_redirect(
            "The service redirects to a host that the node's request may not go to.", request, response, target
        )
    if crosses and request.holds_secret(target):
        raise _refused_redirect(
            "The service redirects to another host, which would be sent the credential's secret in the address.",
            request,
            response,
            target,
        )
    if crosses and not becomes_get and (request.credential_body or _body_holds_secret(request)):
        raise _refused_redirect(
            "The service redirects to another host, which would be sent the credential's secret in the body.",
            request,
            response,
            location,
        )
    if crosses:
        secret = _SECRET_HEADERS | request.credential_headers
        headers = {k: v for k, v in headers.items() if k.lower() not in secret and not request.holds_secret(v)}
    return replace(
        request,
        method="GET" if becomes_get else request.method,
        url=target,
        headers=headers,
        body=None if becomes_get else request.body,
        credential_body=request.credential_body and not becomes_get,
    )


def _body_holds_secret(request: Request) -> bool:
    return request.body is not None and request.holds_secret(request.body.decode("utf-8", "replace"))


def _refused_redirect(what: str, request: Request, response: Response, location: str) -> UnexpectedRedirectError:
    return UnexpectedRedirectError(
        what,
        value=location,
        hint="Check the address in the credential.",
        status=response.status,
        method=request.method,
        url=request.url,
    )
