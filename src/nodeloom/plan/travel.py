"""How a call travels, by its descriptor's request object: redirects, certificates, hosts, which statuses are answers.

Names and meanings are n8n's (`IHttpRequestOptions`).
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass

from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED
from nodeloom.messages import host_allowed, host_of
from nodeloom.plan.wire import encode_text, is_truthy, number_of, scalar_text

# Members of `agentOptions` that say how connections are kept, which is the transport's own affair here.
_POOLING = frozenset(
    {
        "keepAlive",
        "keepAliveMsecs",
        "maxSockets",
        "maxFreeSockets",
        "maxTotalSockets",
        "scheduling",
        "timeout",
        "noDelay",
    }
)
_VERIFICATION = "rejectUnauthorized"


def is_true(value: object) -> bool:
    """Whether a switch is on: true, or the text `true`."""
    return value is True or value == "true"


@dataclass(frozen=True, slots=True)
class Statuses:
    """Which statuses are answers besides 2xx: with `every`, all but those that are `failing`."""

    every: bool = False
    failing: frozenset[int] = frozenset()

    def has(self, status: int) -> bool:
        """Whether an answer with that status is a success."""
        return 200 <= status < 300 if not self.every else status not in self.failing


_SUCCESSES = Statuses()


def statuses_of(ignored: object, *, as_n8n: bool) -> Statuses:
    """The statuses that `ignoreHttpStatusErrors` lets pass.

    It is true, or `{ignore: true, except: [404]}`. n8n takes all that is true in JavaScript for true (`as_n8n`): also
    the text `false`, and `{ignore: false}` or `{except: [404]}`.
    """
    if ignored is None:
        return _SUCCESSES
    if isinstance(ignored, Mapping):
        chosen = ignored.get("ignore", not as_n8n)
        if chosen is True:
            return Statuses(True, _failing(ignored.get("except")))
        return Statuses(as_n8n or (bool(chosen) and chosen != "false"))
    if ignored is UNDEFINED or not (is_truthy(ignored) if as_n8n else ignored):
        return _SUCCESSES
    return Statuses(as_n8n or ignored != "false")


def _failing(excepted: object) -> frozenset[int]:
    """The statuses of `except`; texts in it do not count, as in n8n. Raises InvalidValueError if it is not a list."""
    if excepted is None or excepted is UNDEFINED:
        return frozenset()
    if not isinstance(excepted, (list, tuple)):
        raise InvalidValueError(
            "The statuses that stay errors are not a list.",
            property="ignoreHttpStatusErrors",
            value=excepted,
            hint="Write {ignore: true, except: [404]}.",
        )
    return frozenset(s for s in excepted if isinstance(s, int) and not isinstance(s, bool))


def most_redirects(options: Mapping[str, object]) -> int | None:
    """How many redirects are followed; None for as many as the transport follows. Raises InvalidValueError."""
    if is_true(options.get("disableFollowRedirect")):
        return 0
    most = options.get("maxRedirects")
    if most is None or most is UNDEFINED:
        return None
    count = number_of(most) if most != "" and not isinstance(most, bool) else math.nan
    if not count >= 0:
        raise InvalidValueError(
            "maxRedirects is not a number.",
            property="maxRedirects",
            value=most,
            hint="Give a whole number, 0 for none.",
        )
    # A number such as 1e300 is allowed, and is not to become a huge integer.
    return int(min(count, 2**31))


def is_verified(options: Mapping[str, object]) -> bool:
    """Whether the service's certificate is checked.

    Raises InvalidValueError for members of `agentOptions` that ask for another connection than Nodeloom makes.
    """
    agent = options.get("agentOptions")
    if agent is None or agent is UNDEFINED:
        agent = {}
    if not isinstance(agent, Mapping):
        raise InvalidValueError("agentOptions is not an object.", property="agentOptions", value=agent)
    for name, value in agent.items():
        if name != _VERIFICATION and name not in _POOLING and value is not UNDEFINED and value is not None:
            # The value may be a key.
            raise InvalidValueError(
                f"agentOptions.{name} is not known to Nodeloom.",
                property="agentOptions",
                hint="Only rejectUnauthorized has a meaning here; a client's certificate is the transport's affair.",
            )
    return not is_true(options.get("skipSslCertificateValidation")) and agent.get(_VERIFICATION) is not False


def allowed_hosts(options: Mapping[str, object]) -> tuple[str, ...] | None:
    """The hosts that the call and its redirects may go to (`allowedDomains`); None for any.

    Raises InvalidValueError for a value that is not a text.
    """
    written = options.get("allowedDomains")
    if written is None or written is UNDEFINED:
        return None
    if not isinstance(written, str):
        raise InvalidValueError(
            "allowedDomains is not a text.",
            property="allowedDomains",
            value=written,
            hint="Write it like: example.com, *.example.com",
        )
    hosts = (host.strip().lower().removesuffix(".") for host in written.split(","))
    return tuple(host for host in hosts if host) or None


def check_host(url: str, hosts: tuple[str, ...] | None) -> None:
    """Raise InvalidValueError when a call to `url` would go to none of the `hosts` that it may go to."""
    if hosts is not None and not host_allowed(url, hosts):
        raise InvalidValueError(
            f"The node's request may not go to {host_of(url)}.",
            value=host_of(url),
            hint=f"Its allowedDomains are: {', '.join(hosts)}.",
        )


def basic_of(auth: object) -> str | None:
    """The `Authorization` header of `auth: {username, password}` (RFC 7617, in UTF-8); None without.

    Raises InvalidValueError for a value that is not such an object, and for Digest authentication, which is not known.
    """
    if auth is UNDEFINED or auth is None or auth == "" or auth is False:
        return None
    if not isinstance(auth, Mapping):
        raise InvalidValueError("auth is not an object.", property="auth", hint="Write {username: …, password: …}.")
    if auth.get("sendImmediately") is False:
        raise InvalidValueError(
            "Digest authentication is not known to Nodeloom.",
            property="auth",
            hint="Leave sendImmediately out if the service takes Basic authentication.",
        )
    user, password = (scalar_text(auth.get(name) or "") for name in ("username", "password"))
    return f"Basic {base64.b64encode(encode_text(f'{user}:{password}')).decode('ascii')}"
