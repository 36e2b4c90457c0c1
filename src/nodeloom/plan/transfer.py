"""n8n's `requestOptions`, which every declarative node takes: timeout, proxy, certificates, batching."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nodeloom.errors import ParameterError, UnknownNameError
from nodeloom.expression.split import is_template
from nodeloom.messages import origin_of

REQUEST_OPTIONS = "requestOptions"

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


def transfer_of(options: Any) -> Transfer:
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
    milliseconds = _number(options, "timeout", 0)
    proxy = options.get("proxy") or None
    if proxy is not None and not _is_address(proxy):
        raise _refuse("proxy", proxy, "an address such as http://proxy.example.com:3128")
    return Transfer(
        timeout=milliseconds / 1000 if milliseconds > 0 else None,
        proxy=proxy,
        verify=options.get("allowUnauthorizedCerts") is not True,
        batching=_batching(options.get("batching")),
    )


def _is_address(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(origin_of(value))
    except ValueError:
        return False


def _batching(written: Any) -> Batching | None:
    batch = written.get("batch") if isinstance(written, Mapping) else None
    if not isinstance(batch, Mapping):
        return None
    size = int(_number(batch, "batchSize", 50))
    seconds = _number(batch, "batchInterval", 1000) / 1000
    return Batching(size, seconds) if size > 0 and seconds > 0 else None


def _number(options: Mapping[str, Any], key: str, otherwise: float) -> float:
    value = options.get(key, otherwise)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _refuse(key, value, "a number")
    return float(value)


def _refuse(name: str, value: Any, wanted: str) -> ParameterError:
    return ParameterError(f"{name} is not {wanted}.", property=name, value=value, hint=f"Give {wanted}.")
