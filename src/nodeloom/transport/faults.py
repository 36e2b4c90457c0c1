"""httpx's exceptions as Nodeloom's, with what they mean and whether the request can have reached the service."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator

import httpx

from nodeloom import openfiles
from nodeloom.errors import NetworkError, RequestError, RequestTimeoutError, TLSError, said
from nodeloom.messages import Request, origin_of
from nodeloom.values import JsonObject


def _causes(fault: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = fault
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def translate(fault: Exception, request: Request) -> RequestError:
    """The error for a request that got no answer.

    `details["sent"]` is `"no"` when the request cannot have reached the service, else `"unknown"`.
    """
    where = origin_of(request.url)
    about: JsonObject = {"method": request.method, "origin": where}
    # A resolver that could not open its files says that the name does not exist.
    if openfiles.used_up(fault) or (isinstance(fault, httpx.ConnectError) and not openfiles.some_left()):
        return openfiles.too_many(sent="no" if isinstance(fault, (httpx.ConnectError, OSError)) else "unknown", **about)
    tls = next((c for c in _causes(fault) if isinstance(c, ssl.SSLError)), None)
    if tls is not None and not isinstance(fault, httpx.TimeoutException):
        shaking_hands = isinstance(fault, httpx.ConnectError)
        # Later on, an end of file is a connection that broke like any other.
        if shaking_hands or not isinstance(tls, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            return TLSError(
                f"The TLS connection to {where} was refused: {_tls_reason(tls)}.",
                hint=_tls_hint(tls),
                sent="no" if shaking_hands else "unknown",
                **about,
            )
    if isinstance(fault, httpx.TimeoutException):
        return in_time(request, connected=not isinstance(fault, (httpx.ConnectTimeout, httpx.PoolTimeout)))
    if isinstance(fault, (httpx.ConnectError, httpx.ProxyError)):
        return NetworkError(
            f"No connection to {where}: {_reason(fault)}.",
            hint="Check the address in the credential, the network, and that the service runs.",
            sent="no",
            **about,
        )
    if isinstance(fault, (httpx.NetworkError, httpx.RemoteProtocolError)):
        return broken(request, _reason(fault))
    return RequestError(f"The request to {where} failed: {_reason(fault)}.", sent="unknown", **about)


def in_time(request: Request, *, connected: bool) -> RequestTimeoutError:
    """The error for a request that was not answered in time, or whose connection was not accepted."""
    where = origin_of(request.url)
    return RequestTimeoutError(
        f"{where} did not {'answer' if connected else 'accept the connection'} in time.",
        hint="The service may have done the work. Check before you repeat it, or allow more time."
        if connected
        else "Check that the service is reachable, or allow more time (--connect-timeout SECONDS).",
        sent="unknown" if connected else "no",
        method=request.method,
        origin=where,
    )


def total_time_over(request: Request, seconds: float) -> RequestTimeoutError:
    """The error for an exchange that took longer than it may as a whole."""
    where = origin_of(request.url)
    return RequestTimeoutError(
        f"The exchange with {where} took longer than {seconds:g} s.",
        hint="The service may have done the work. Check before you repeat it, or allow more time.",
        sent="unknown",
        method=request.method,
        origin=where,
    )


def broken(request: Request, reason: str) -> NetworkError:
    """The error for a connection that broke after the request may have arrived."""
    where = origin_of(request.url)
    return NetworkError(
        f"The connection to {where} broke before the answer was complete: {reason.rstrip('.')}.",
        hint="The service may have done the work. Check before you repeat it.",
        sent="unknown",
        method=request.method,
        origin=where,
    )


def _tls_reason(fault: ssl.SSLError) -> str:
    if isinstance(fault, ssl.SSLCertVerificationError) and fault.verify_message:
        return fault.verify_message.rstrip(".")
    return re.sub(r"^\[.*?\] *| *\(_ssl\.c:\d+\)", "", _reason(fault))


def _tls_hint(fault: ssl.SSLError) -> str:
    if isinstance(fault, ssl.SSLCertVerificationError):
        return "Check the certificate of the service. For a private authority set SSL_CERT_FILE to its certificate."
    if "WRONG_VERSION_NUMBER" in str(fault):
        return "The service does not speak TLS there: check the port, and whether the address begins with http://."
    return "Check that the service is set up for TLS, and whether it wants a client certificate."


def _reason(fault: BaseException) -> str:
    text = (said(fault) or type(fault).__name__).strip().rstrip(".")
    return text.replace("\n", " ")
