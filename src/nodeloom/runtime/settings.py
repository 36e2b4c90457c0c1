"""What a runtime is made with: each argument checked, and brought to the form it is used in.

All raise ConfigurationError, which names the argument.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nodeloom.errors import ConfigurationError

if TYPE_CHECKING:
    from nodeloom.run.runoptions import RuntimeOptions
    from nodeloom.transport.policy import Policy

SECRET_NAMES_VARIABLE = "NODELOOM_SECRET_NAMES"  # noqa: S105 - the name of a variable

_CONNECT_SECONDS = 10.0


def bounds_of(options: RuntimeOptions, policy: Policy | None) -> dict[str, Any]:
    """The fields of the transport's `Limits`; of two bounds for the size of an answer the smaller one."""
    timeout, connect_timeout = options.timeout, options.connect_timeout
    max_answer_bytes, max_answer_values = options.max_answer_bytes, options.max_answer_values
    if policy is not None:
        max_answer_bytes = min(max_answer_bytes, policy.max_answer_bytes or max_answer_bytes)
        max_answer_values = min(max_answer_values, policy.max_answer_values or max_answer_values)
    return {
        "connect_seconds": min(_CONNECT_SECONDS, timeout) if connect_timeout is None else connect_timeout,
        "read_seconds": timeout,
        "total_seconds": options.request_timeout,
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
    raise ConfigurationError("policy must be a nodeloom.Policy.", property="policy", value=type(given).__name__)


def secret_names_of(given: Iterable[str] | None) -> list[str]:
    """The names besides the usual ones; without any given, those of the environment."""
    if given is None:
        given = os.environ.get(SECRET_NAMES_VARIABLE, "").split(",")
    names = [given] if isinstance(given, str) else list(given)
    if not all(isinstance(name, str) for name in names):
        raise ConfigurationError(
            "secret_names must be texts.", property="secret_names", hint='Write them as ["Nickname"].'
        )
    return [name for name in names if name.strip()]


def closed_runtime() -> ConfigurationError:
    """The error of a runtime that was closed: what it opened would not be closed again."""
    return ConfigurationError(
        "The runtime is closed.", hint="Use it inside its `with` block, or make another Runtime()."
    )


def check_transport(transport: Any) -> None:
    """Refuse what is not an httpx transport for asyncio."""
    if transport is not None and not hasattr(transport, "handle_async_request"):
        raise ConfigurationError(
            f"transport must be an httpx.AsyncBaseTransport, not {type(transport).__name__}.",
            property="transport",
            hint="httpx.AsyncHTTPTransport and httpx.MockTransport are two of them.",
        )
