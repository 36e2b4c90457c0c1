"""What a runtime is made with: each argument checked, and brought to the form it is used in.

All raise ConfigurationError, which names the argument.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nodeloom.errors import ConfigurationError

if TYPE_CHECKING:
    from nodeloom.transport.policy import Policy

SECRET_NAMES_VARIABLE = "NODELOOM_SECRET_NAMES"  # noqa: S105 - the name of a variable

_CONNECT_SECONDS = 10.0


def bounds_of(
    timeout: float,
    connect_timeout: float | None,
    request_timeout: float | None,
    max_answer_bytes: int,
    max_answer_values: int,
    policy: Policy | None,
) -> dict[str, Any]:
    """The fields of the transport's `Limits`; of two bounds for the size of an answer the smaller one.

    Args:
        timeout: seconds of each wait.
        connect_timeout: seconds to connect.
        request_timeout: seconds of a whole exchange.
        max_answer_bytes: the largest answer.
        max_answer_values: the most values in one.
        policy: what bounds answers as well.
    """
    check_number("timeout", timeout, least=0, excluded=True)
    for name, seconds in (("connect_timeout", connect_timeout), ("request_timeout", request_timeout)):
        if seconds is not None:
            check_number(name, seconds, least=0, excluded=True)
    check_number("max_answer_bytes", max_answer_bytes, least=1, whole=True)
    check_number("max_answer_values", max_answer_values, least=1, whole=True)
    if policy is not None:
        max_answer_bytes = min(max_answer_bytes, policy.max_answer_bytes or max_answer_bytes)
        max_answer_values = min(max_answer_values, policy.max_answer_values or max_answer_values)
    return {
        "connect_seconds": min(_CONNECT_SECONDS, timeout) if connect_timeout is None else connect_timeout,
        "read_seconds": timeout,
        "total_seconds": request_timeout,
        "answer_bytes": max_answer_bytes,
        "answer_values": max_answer_values,
    }


def way_of(transport: Any, policy: Policy | None) -> Hashable:
    """What decides who answers a request, besides its address: the transport that was given, and the policy."""
    destinations = policy.destinations if policy is not None else None
    if transport is None:
        return destinations
    from nodeloom.credential.oauth.tokenstore import number_of

    return number_of(transport), destinations


def policy_of(given: Policy | Mapping[str, Any] | None) -> Policy | None:
    """The policy, read from its JSON if it is given as that."""
    if given is None:
        return None
    from nodeloom.transport.policy import Policy

    if isinstance(given, Policy):
        return given
    if isinstance(given, Mapping):
        return Policy.from_dict(given)
    raise ConfigurationError("policy is a nodeloom.Policy.", property="policy", value=type(given).__name__)


def secret_names_of(given: Iterable[str] | None) -> list[str]:
    """The names besides the usual ones; without any given, those of the environment."""
    if given is None:
        given = os.environ.get(SECRET_NAMES_VARIABLE, "").split(",")
    names = [given] if isinstance(given, str) else list(given)
    if not all(isinstance(name, str) for name in names):
        raise ConfigurationError("secret_names are texts.", property="secret_names", hint='Write them as ["Nickname"].')
    return [name for name in names if name.strip()]


def closed_runtime() -> ConfigurationError:
    """The error of a runtime that was closed: what it opened would not be closed again."""
    return ConfigurationError(
        "The runtime is closed.", hint="Use it inside its `with` block, or make another Runtime()."
    )


def check_url_values(value: Any) -> None:
    """Refuse anything but `"strict"` and `"raw"`."""
    if value not in ("strict", "raw"):
        raise ConfigurationError("url_values is 'strict' or 'raw'.", property="url_values", value=value)


def check_javascript(value: Any) -> None:
    """Refuse anything but True, False and `"process"`."""
    if value not in (True, False, "process") or not isinstance(value, (bool, str)):
        raise ConfigurationError("javascript is True, False or 'process'.", property="javascript", value=value)


def check_transport(transport: Any) -> None:
    """Refuse what is not an httpx transport for asyncio."""
    if transport is not None and not hasattr(transport, "handle_async_request"):
        raise ConfigurationError(
            f"A transport is an httpx.AsyncBaseTransport, not {type(transport).__name__}.",
            property="transport",
            hint="httpx.AsyncHTTPTransport and httpx.MockTransport are some.",
        )


def check_number(name: str, value: Any, *, least: float, whole: bool = False, excluded: bool = False) -> None:
    """Refuse what is not a number from `least` on, or above it if that is `excluded`."""
    kinds = (int,) if whole else (int, float)
    fits = isinstance(value, kinds) and not isinstance(value, bool)
    if not fits or not (value > least if excluded else value >= least):
        wanted = f"a {'whole ' if whole else ''}number {'above' if excluded else 'from'} {least:g}"
        raise ConfigurationError(f"{name} is {wanted}.", property=name, value=value)


def check_zone(name: str) -> None:
    """Refuse a time zone that does not exist."""
    if name == "UTC":
        return  # the default, which every system has
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigurationError(
            f"There is no time zone {name!r}.", hint="Use an IANA name such as Europe/Berlin."
        ) from None
