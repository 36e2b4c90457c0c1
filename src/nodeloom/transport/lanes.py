"""httpx's own transport, without the collapse of its pool under concurrency.

httpcore's pool walks all its connections for every request, under one lock: 32 requests in flight are slower than 4.
A lane is a transport with one connection; each request in flight has a lane to itself, the last one used first.
"""

from __future__ import annotations

import functools
import os
import ssl

import httpx

from nodeloom.transport.keeping import LONG


@functools.lru_cache(maxsize=8)
def _context(verify: bool, _file: str | None, _folder: str | None) -> ssl.SSLContext:
    return httpx.create_ssl_context(verify=verify)


def tls_context(*, verify: bool) -> ssl.SSLContext:
    """The TLS settings of the process, with the authorities of `SSL_CERT_FILE` or `SSL_CERT_DIR` if one is set.

    Kept, because reading the certificates takes 10 ms and more.
    """
    return _context(verify, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


class LanePool:
    """Lends a transport to each request in flight; for one event loop.

    `verify` turns TLS verification off, `proxy` is a proxy's address. A connection that has been idle for longer than
    `idle_seconds` is not used again, nor one that can be read from: that is an end, or an answer to nothing.
    """

    def __init__(self, *, verify: bool = True, proxy: str | None = None, idle_seconds: float = LONG) -> None:
        self._verify = verify
        self._proxy = proxy
        kept = 1 if idle_seconds else 0
        self._limits = httpx.Limits(
            max_connections=1, max_keepalive_connections=kept, keepalive_expiry=idle_seconds or None
        )
        self._idle: list[httpx.AsyncHTTPTransport] = []
        self._all: list[httpx.AsyncHTTPTransport] = []

    def take(self) -> httpx.AsyncHTTPTransport:
        """A lane that no other request uses."""
        return self._idle.pop() if self._idle else self._open()

    def give_back(self, lane: httpx.AsyncHTTPTransport) -> None:
        """Return a lane whose answer was read to its end or closed."""
        self._idle.append(lane)

    @property
    def idle(self) -> bool:
        """Whether no lane is lent."""
        return len(self._idle) == len(self._all)

    async def aclose(self) -> None:
        """Close every lane."""
        lanes, self._all, self._idle = self._all, [], []
        for lane in lanes:
            await lane.aclose()

    def _open(self) -> httpx.AsyncHTTPTransport:
        lane = httpx.AsyncHTTPTransport(
            verify=tls_context(verify=self._verify),
            proxy=self._proxy,
            limits=self._limits,
        )
        self._all.append(lane)
        return lane
