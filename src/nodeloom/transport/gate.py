"""Holds requests to a `Policy`, before anything of them is sent."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn
from urllib.parse import urlsplit

from nodeloom import openfiles
from nodeloom.errors import InvalidValueError, NetworkError, PolicyError, RequestError, RequestTimeoutError
from nodeloom.messages import Request, origin_of
from nodeloom.transport.addresses import is_public, is_within, parse_address
from nodeloom.transport.policy import Policy
from nodeloom.values import JsonObject

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

# As long as most names' own records live at least. What was checked stays the address that is connected to.
_KEPT_SECONDS = 30.0
_MOST_NAMES = 1024
_PORTS = {"http": 80, "https": 443}


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that `host` has, in the order to try them; OSError when it has none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Gate:
    """Checks requests against `policy`; for one event loop.

    `pinned` says that requests go to the addresses that `addresses` gives, and to no others; without it they go over a
    transport that resolves names for itself, and a name that does not resolve here is that transport's to judge.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        pinned: bool = True,
        seconds: float = 10.0,
        resolve: Resolve = resolve,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._pinned = pinned
        self._seconds = seconds
        self._resolve = resolve
        self._clock = clock
        self._networks = [ipaddress.ip_network(network) for network in policy.networks]
        self._proxies = {origin_of(proxy) for proxy in policy.proxies}
        self._admitted: set[str] = set()
        self._known: dict[tuple[str, int], tuple[float, tuple[str, ...]]] = {}

    def check(self, request: Request) -> None:
        """Raise PolicyError when the policy does not allow `request`, before its host's address is known."""
        policy = self._policy
        if policy.methods is not None and request.method.upper() not in policy.methods:
            _refuse(request, "methods", f"the method {request.method}", "It allows {}.", policy.methods)
        if not request.verify and not policy.unverified_tls:
            _refuse(
                request,
                "unverified_tls",
                "a connection whose certificate is not checked",
                "Take out allowUnauthorizedCerts, and name the authority's certificate in SSL_CERT_FILE.",
            )
        if request.proxy is not None and _origin(request.proxy) not in self._proxies:
            _refuse(request, "proxies", "the proxy", "It allows {}.", policy.proxies)
        if policy.max_request_bytes is not None and len(request.body or b"") > policy.max_request_bytes:
            size = len(request.body or b"")
            _refuse(request, "max_request_bytes", f"a body of {size} bytes", f"At most {policy.max_request_bytes}.")
        origin = _origin(request.url)
        if origin not in self._admitted:
            self._check_origin(request, origin)
            if len(self._admitted) < _MOST_NAMES:
                self._admitted.add(origin)

    async def addresses(self, request: Request) -> tuple[str, ...]:
        """The addresses to connect to, in the order to try them; empty when any will do.

        Raises PolicyError when the host has none that is allowed, a RequestError when it has none at all.
        """
        if not self._policy.public_only:
            return ()
        host, port = _target(request.url)
        known = self._known.get((host, port))
        if known is None or known[0] <= self._clock():
            found = await self._looked_up(request, host, port)
            if len(self._known) >= _MOST_NAMES:
                self._known.clear()
            known = self._known[host, port] = (self._clock() + _KEPT_SECONDS, found)
        return known[1] if self._pinned and request.proxy is None else ()

    async def _looked_up(self, request: Request, host: str, port: int) -> tuple[str, ...]:
        try:
            async with asyncio.timeout(self._seconds):
                found = await self._resolve(host, port)
        except (OSError, UnicodeError, TimeoutError) as fault:
            if not self._pinned or request.proxy is not None:
                return ()
            raise _unresolved_error(request, host, fault) from fault
        allowed = tuple(text for text in found if self._allows(text))
        if found and not allowed:
            _refuse(
                request,
                "public_only",
                f"{host}, whose address is not public",
                "Networks that may be called all the same are named in the policy's networks.",
            )
        return allowed

    def _allows(self, text: str) -> bool:
        address = parse_address(text)
        return address is not None and (is_public(address) or is_within(address, self._networks))

    def _check_origin(self, request: Request, origin: str) -> None:
        scheme, _, rest = origin.partition("://")
        host, _, port = rest.rpartition(":")
        if self._policy.https_only and scheme != "https":
            _refuse(request, "https_only", "a request that is not encrypted", "Write the address with https://.")
        hosts = self._policy.hosts
        if hosts is not None and not any(_matches(pattern, host, port) for pattern in hosts):
            _refuse(request, "hosts", f"the host {host}:{port}", "It allows {}.", hosts)


def _matches(pattern: str, host: str, port: str) -> bool:
    name, colon, wanted = pattern.rpartition(":")
    if not colon or pattern.endswith("]"):
        name, wanted = pattern, port
    if wanted != port:
        return False
    return host.endswith(name[1:]) and host != name[1:] if name.startswith("*.") else host == name


def _origin(url: str) -> str:
    try:
        return origin_of(url)
    except ValueError as fault:
        raise InvalidValueError(
            f"The address cannot be called: {fault}.", hint="Check the host in the credential."
        ) from None


def _target(url: str) -> tuple[str, int]:
    """The host as it is looked up, and the port."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host.isascii():
        import httpx  # writes such a name as it will stand in the request (RFC 5891)

        try:
            host = httpx.URL(url).raw_host.decode("ascii")
        except httpx.InvalidURL as fault:
            raise InvalidValueError(
                f"The address cannot be called: {fault}.", hint="Check the host in the credential."
            ) from None
    return host, _PORTS[parts.scheme] if parts.port is None else parts.port


def _unresolved_error(request: Request, host: str, fault: BaseException) -> RequestError:
    about: JsonObject = {"sent": "no", "method": request.method, "origin": origin_of(request.url)}
    if openfiles.used_up(fault) or not openfiles.some_left():
        return openfiles.too_many(**about)
    if isinstance(fault, TimeoutError):
        return RequestTimeoutError(f"The name {host} was not resolved in time.", hint="Check the network.", **about)
    reason = getattr(fault, "strerror", None) or str(fault)
    return NetworkError(
        f"No connection to {about['origin']}: {reason}.", hint="Check the address in the credential.", **about
    )


def _refuse(request: Request, rule: str, what: str, advice: str, allowed: Sequence[str] = ()) -> NoReturn:
    shown = ", ".join(allowed[:8]) + (", …" if len(allowed) > 8 else "")
    raise PolicyError(
        f"The policy does not allow {what}.",
        hint=f"{advice.format(shown or 'none')} The host of this runtime can change the policy ({rule}).",
        rule=rule,
        method=request.method,
        origin=_origin(request.url),
    )
