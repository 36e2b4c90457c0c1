"""A request and an answer as plain data, so that every room but `transport` works without a socket."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from nodeloom.jsonreading import parse_json
from nodeloom.redaction import MaskedTexts

_HEAD = re.compile(r"[^:/?#]+://[^/?#]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NO_TEXTS = MaskedTexts()


def origin_of(url: str) -> str:
    """Scheme, host and port of an absolute address (RFC 6454); the port is always written.

    Raises ValueError when `url` is not an absolute http or https address.
    """
    match = _HEAD.match(url)
    return _origin(match[0] if match else url)


@functools.lru_cache(maxsize=256)
def _origin(url: str) -> str:
    # Kept by what decides about it: thousands of requests go to few origins.
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"not an absolute http or https address: {url!r}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    return f"{parts.scheme}://{host}:{port}"


class Said(NamedTuple):
    """What a request says: JSON in which fields are known by their names, and values that are not told at all."""

    named: Sequence[object]
    untold: Sequence[object]


class Content(Protocol):
    """What a request was made of."""

    @property
    def said(self) -> Said:
        """What it says."""
        ...


class Teller(Protocol):
    """Takes out of a text about a request what is not told: secrets of the credential, and those that it says."""

    def about(self, text: str, request: Request) -> str:
        """`text` as it may be told."""
        ...


@dataclass(slots=True)
class Request:
    """One HTTP request, ready to send.

    `url` is absolute and percent-encoded. `headers` keep the case they were written in; a later field of the
    same name (without case) has replaced an earlier one. `timeout` is in seconds, None for the transport's own.
    `credential_headers` names, in lower case, the fields that are a credential's, put on by it or made of it by an
    expression: they do not follow a redirect to another origin. `credential_body` says that the body is; it does not
    either. `credential_texts` are what expressions made of its secrets. `idempotent` says whether sending it twice does
    no more than once: by its method (RFC 9110 section 9.2.2), or because whoever made the request knows it is
    `repeatable`. `mask` takes the credential's secrets out of a text; by it the transport
    finds those that stand in the address, the headers or the body for another reason. `content` is what the request
    was made of, and `teller` makes texts about it fit to be told.
    """

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout: float | None = None
    follow_redirects: bool = True
    verify: bool = True
    proxy: str | None = None
    credential_headers: frozenset[str] = frozenset()
    credential_body: bool = False
    repeatable: bool = False
    mask: Callable[[str], str] | None = field(default=None, repr=False, compare=False)
    credential_texts: MaskedTexts = field(default=_NO_TEXTS, repr=False, compare=False)
    content: Content | None = field(default=None, repr=False, compare=False)
    teller: Teller | None = field(default=None, repr=False, compare=False)

    def without_secrets(self, text: str) -> str:
        """`text` without the secrets of the credential, and what was made of them, in any form they travel in."""
        if self.credential_texts:
            from nodeloom.redaction import Masker

            text = Masker(self.credential_texts)(text)
        return text if self.mask is None else self.mask(text)

    def holds_secret(self, text: str) -> bool:
        """Whether a secret of the credential, or what was made of one, stands in `text`."""
        return self.without_secrets(text) != text

    def told(self, text: str) -> str:
        """`text`, which tells of this request, without what is not told."""
        return self.without_secrets(text) if self.teller is None else self.teller.about(text, self)

    def __repr__(self) -> str:
        # A secret may be in the query, the headers and the body, so none of their values is shown.
        names, path = ", ".join(self.headers), self.told(self.url.partition("?")[0])
        return f"<Request {self.method} {path} [{names}] {len(self.body or b'')} bytes>"

    @property
    def idempotent(self) -> bool:
        """Whether the method is idempotent by RFC 9110 section 9.2.2, or the request `repeatable`."""
        return self.repeatable or self.method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE")


@functools.lru_cache(maxsize=256)
def _media_type(field: str) -> str:
    return field.partition(";")[0].strip().lower()


class HeaderSource(Protocol):
    """The fields of an answer, read when somebody looks at them."""

    def get(self, name: str) -> str:
        """The value of one field; empty when there is none."""
        ...

    def all(self) -> dict[str, str]:
        """Every field, with lower-case names; repeated ones joined by `, `."""
        ...


class Response:
    """One HTTP answer, read to its end. `headers` has lower-case names; repeated fields are joined by `, `.

    `headers` may be given as a source that is read when first looked at: most answers are told by status and body.
    `denied` says in a sentence why the request was not repeated although its policy would have allowed it. `redirect`
    is the status of the answer to the request itself, where that was a redirect to be followed by another method (303
    after a POST): whatever this answer says, the request was taken.
    """

    __slots__ = ("_headers", "_source", "body", "denied", "reason", "redirect", "status", "url")

    def __init__(
        self,
        status: int,
        headers: dict[str, str] | HeaderSource,
        body: bytes,
        reason: str = "",
        url: str = "",
    ) -> None:
        self.status = status
        self.body = body
        self.reason = reason
        self.url = url
        self.denied: str | None = None
        self.redirect: int | None = None
        self._headers: dict[str, str] | None = None
        self._source: HeaderSource | None = None
        if isinstance(headers, dict):
            self._headers = headers
        else:
            self._source = headers

    @property
    def headers(self) -> dict[str, str]:
        """Every field of the head."""
        if self._headers is None:
            self._headers = self._source.all() if self._source is not None else {}
        return self._headers

    def header(self, name: str) -> str:
        """One field by its lower-case name; empty when the answer has none."""
        if self._headers is None and self._source is not None:
            return self._source.get(name)
        return self.headers.get(name, "")

    def advice(self, hint: str) -> str:
        """What to do about this answer: `hint`, after why the request was not repeated."""
        return hint if self.denied is None else f"{self.denied} {hint}"

    def __repr__(self) -> str:
        # Of the address no more than where it leads: its path holds keys, and it is not known here which are secret.
        origin = _HEAD.match(self.url)
        kind = self.content_type or "no content type"
        return f"<Response {self.status} {origin[0] if origin else ''} {kind}, {len(self.body)} bytes>"

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; empty when the answer does not say."""
        return _media_type(self.header("content-type"))

    @property
    def charset(self) -> str:
        """The charset the answer declares, or utf-8."""
        for part in self.header("content-type").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip('"') or "utf-8"
        return "utf-8"

    def json(self) -> Any:
        """The body as JSON, read as `parse_json` reads it. Raises ValueError, which says why, when it is none."""
        return parse_json(self.body)
