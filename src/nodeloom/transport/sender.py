"""Sends one request and reads its answer to the end, redirects included."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from nodeloom.errors import UnexpectedRedirectError
from nodeloom.messages import Request, Response, origin_of
from nodeloom.transport.channel import Channel
from nodeloom.transport.limits import Limits
from nodeloom.transport.over_pyreqwest import Unsent, open_channel, settle

if TYPE_CHECKING:
    import httpx

Send = Callable[[Request], Awaitable[Response]]

_REDIRECTS = {301, 302, 303, 307, 308}
_SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization"}


class Sender:
    """Sends requests over `transport`, or over the fastest channel there is; belongs to one event loop.

    Without a transport that is pyreqwest where it is installed, and httpx for what it does not take. A transport that
    is `owned` is closed with the sender. `fast=False` leaves everything to httpx.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport | None = None,
        limits: Limits | None = None,
        *,
        owned: bool = False,
        fast: bool = True,
    ) -> None:
        self._limits = limits or Limits()
        self._given = transport, owned
        self._httpx: Channel | None = None
        self._fast = open_channel(self._limits) if fast and transport is None else None

    @property
    def fast(self) -> bool:
        """Whether requests go over pyreqwest where they can."""
        return self._fast is not None

    async def send(self, request: Request) -> Response:
        """The answer to `request`. Raises a RequestError subclass when none came.

        Redirects are followed as RFC 9110 section 15.4 says: 307 and 308 keep method and body, 303 becomes GET, and so
        do 301 and 302 for a POST. What a credential put on does not go to another origin.
        """
        try:
            response = await (self._fast or self._over_httpx()).exchange(request)
        except Unsent:
            response = await self._over_httpx().exchange(request)
        if response.status not in _REDIRECTS or not request.follow_redirects:
            return response
        return await self._followed(request, response)

    async def aclose(self) -> None:
        """Close the connections the sender opened itself; a transport that was given stays open unless it is owned."""
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

    async def _followed(self, request: Request, response: Response) -> Response:
        current = request
        for _ in range(self._limits.redirects):
            location = response.header("location")
            if response.status not in _REDIRECTS or not location:
                return response
            current = _redirected(current, response, location)
            response = await self.send(replace(current, follow_redirects=False))
        if response.status not in _REDIRECTS or not response.header("location"):
            return response
        raise UnexpectedRedirectError(
            f"More than {self._limits.redirects} redirects.",
            hint="Check the address in the credential.",
            status=response.status,
            method=request.method,
            url=current.url,
        )

    def _over_httpx(self) -> Channel:
        if self._httpx is None:
            from nodeloom.transport.over_httpx import HttpxChannel

            transport, owned = self._given
            self._httpx = HttpxChannel(self._limits, transport, owned=owned)
        return self._httpx


def _redirected(request: Request, response: Response, location: str) -> Request:
    try:
        target = urljoin(request.url, location)
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
