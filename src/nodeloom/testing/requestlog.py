"""What was asked of the sandbox, in order, with the secrets masked."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from nodeloom.testing.odata.literals import Value
from nodeloom.values import Json

MASK = "***"
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})
# Form fields and query parameters that carry a secret (RFC 6749, RFC 6750, RFC 7521).
_SECRET_FIELDS = frozenset({"access_token", "client_assertion", "client_secret", "code", "password", "refresh_token"})


@dataclass(frozen=True)
class LoggedRequest:
    """One request as the sandbox saw it."""

    method: str
    target: str
    """The raw request target: path and query, as sent."""
    path: str
    """The path alone, percent-decoded."""
    resource: str | None
    """The entity set addressed (`WebsiteLinks`); None outside the API, or if the path cannot be read."""
    key: Any  # as a key of its set is: a text, a number, a GUID, or several of them
    """The entity's key as a value (`O'Brien/x`), a tuple for a composite key; None if no entity is addressed."""
    operation: str | None
    """The action or function addressed (`Pbx.BulkLinksDelete`), or None."""
    headers: Mapping[str, str]
    """By lower-case name; a header of several lines joined by a comma."""
    body: bytes
    status: int | None
    """What was answered; None when the connection was dropped."""
    fault: str | None
    """What the sandbox did on purpose: "429", "500", "limit", "drop-before" or "drop-after"; else None."""
    time: float
    """When it arrived, in seconds since the epoch."""
    connection: int
    """On which connection it came, counted from 1."""
    arguments: Mapping[str, Value] = field(default_factory=dict)
    """A function's arguments out of the path."""

    def json(self) -> Json:
        """The body as JSON; raises ValueError if it is not JSON."""
        return json.loads(self.body)


class RequestLog:
    """The last `size` requests. Appending and reading are safe from any thread."""

    def __init__(self, size: int) -> None:
        self._entries: deque[LoggedRequest] = deque(maxlen=size)
        self._lock = threading.Lock()

    def append(self, entry: LoggedRequest) -> None:
        """Keep one more request."""
        with self._lock:
            self._entries.append(entry)

    def snapshot(self) -> list[LoggedRequest]:
        """The requests, the oldest first."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._entries.clear()


def mask_headers(headers: list[tuple[str, str]]) -> dict[str, str]:
    """The headers by name, those that carry a secret reduced to their scheme."""
    found: dict[str, str] = {}
    for name, value in headers:
        if name in _SECRET_HEADERS:
            scheme, space, _ = value.partition(" ")
            # The scheme is kept: a test may want to know that a bearer was sent.
            value = f"{scheme} {MASK}" if space and name != "cookie" else MASK
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def mask_form(text: str) -> str:
    """Form fields (`a=b&c=d`), the values of those that carry a secret masked."""
    return "&".join(map(_mask_pair, text.split("&")))


def mask_target(target: str) -> str:
    """A request target, its query masked as a form is."""
    path, mark, query = target.partition("?")
    return f"{path}?{mask_form(query)}" if mark else target


def mask_token_body(body: bytes, content_type: str | None) -> bytes:
    """What was sent to the token endpoint: masked as a form; anything else is masked whole."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    # What cannot be read as a form may hold the secret anywhere.
    if kind != "application/x-www-form-urlencoded":
        return MASK.encode() if body else b""
    # Latin-1 takes every byte and gives it back.
    return mask_form(body.decode("latin-1")).encode("latin-1")


def _mask_pair(pair: str) -> str:
    name, sign, _ = pair.partition("=")
    return f"{name}={MASK}" if sign and unquote_plus(name).strip().lower() in _SECRET_FIELDS else pair
