"""n8n's `requestOptions`, which every declarative node takes: timeout, proxy, certificates, batching."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nodeloom.errors import ParameterError, UnknownNameError
from nodeloom.expression.splitting import is_template
from nodeloom.messages import origin_of

REQUEST_OPTIONS = "requestOptions"

# Node's timers count milliseconds in 31 bits.
_MOST_MILLISECONDS = 2**31 - 1
_MOST_NUMBER = 2**53

_KNOWN = ("allowUnauthorizedCerts", "batching", "proxy", "timeout")


@dataclass(frozen=True, slots=True)
class Batching:
    """Wait `seconds` after every `size` items (n8n `batchSize` and `batchInterval`)."""

    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Transfer:
    """How the requests of a run travel: timeout in seconds, proxy address, TLS verification, batching."""

    timeout: float | None = None
    proxy: str | None = None
    verify: bool = True
    batching: Batching | None = None


def transfer_of(options: object) -> Transfer:
    """The transfer that `requestOptions` asks for. Raises ParameterError for what cannot be used."""
    if options is None:
        return Transfer()
    if not isinstance(options, Mapping):
        raise _refuse(REQUEST_OPTIONS, options, "an object such as {timeout: 10000}")
    for key, value in options.items():
        if key not in _KNOWN:
            raise UnknownNameError("option", key, _KNOWN, within=REQUEST_OPTIONS)
        if isinstance(value, str) and is_template(value, "author"):
            raise _refuse(key, value, "written out: it holds for the whole run, not for an item")
    return Transfer(
        timeout=seconds_of(_number(options, "timeout", 0)),
        proxy=_proxy(options.get("proxy") or None),
        # Only true itself: an odd value must not switch off the check of certificates.
        verify=options.get("allowUnauthorizedCerts") is not True,
        batching=_batching(options.get("batching")),
    )


def seconds_of(milliseconds: object) -> float | None:
    """A timeout in milliseconds as seconds, at most what Node has (25 days); None if it is not a timeout."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, (int, float)) or not milliseconds > 0:
        return None
    return min(milliseconds, _MOST_MILLISECONDS) / 1000


def _proxy(written: object) -> str | None:
    if written is None:
        return None
    try:
        if isinstance(written, str) and written.isprintable() and " " not in written and origin_of(written):
            return written
    except ValueError:
        # The error below says it.
        pass
    # It may hold a password.
    shown = None if "@" in str(written) else written
    raise _refuse("proxy", shown, "an address such as http://proxy.example.com:3128")


def _batching(written: object) -> Batching | None:
    batch = written.get("batch") if isinstance(written, Mapping) else None
    if not isinstance(batch, Mapping):
        return None
    size = int(_number(batch, "batchSize", 50))
    seconds = _number(batch, "batchInterval", 1000) / 1000
    # To n8n a size or an interval of 0 is no batching.
    return Batching(size, seconds) if size > 0 and seconds > 0 else None


def _number(options: Mapping[str, object], key: str, otherwise: float) -> float:
    value = options.get(key, otherwise)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _MOST_NUMBER:
        raise _refuse(key, value, "a number")
    return float(value)


def _refuse(name: str, value: object, wanted: str) -> ParameterError:
    return ParameterError(f"{name} is not {wanted}.", property=name, value=value, hint=f"Give {wanted}.")
