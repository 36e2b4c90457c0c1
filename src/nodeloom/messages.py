"""A request and an answer as plain data, so that every room but `transport` works without a socket."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from nodeloom import headerfields
from nodeloom.jsonreading import parse_json
from nodeloom.redaction import MaskedTexts
from nodeloom.values import Json

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


def host_of(url: str) -> str:
    """The host of an absolute address, in lower case and without a dot at its end."""
    return (urlsplit(url).hostname or "").removesuffix(".")


def host_allowed(url: str, hosts: Collection[str]) -> bool:
    """Whether the host of `url` is one of `hosts`; `*.example.com` stands for every host below that one (n8n)."""
    host = host_of(url)
    return any(host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed for allowed in hosts)


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
    no more than once: by its method (RFC 9110 section 9.2.2), or because the caller knows that it is
    `repeatable`. `most_redirects` is how many redirects are followed, None for as many as the transport follows, and
    `hosts` those they may lead to (`*.example.com` for those below one), None for any. With `every_status` each status
    is an answer, but those that are `failing`: such an answer is not a reason to repeat. `mask` takes the credential's
    secrets out of a text; by it the transport finds those that stand in the address, the headers or the body for some
    other reason. `content` is what the request was made of, and `teller` makes texts about it fit to be told.
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
    most_redirects: int | None = None
    every_status: bool = False
    failing: frozenset[int] = frozenset()
    hosts: tuple[str, ...] | None = None
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

    def is_answered_by(self, status: int) -> bool:
        """Whether the caller of the request takes an answer with this status as one."""
        return self.every_status and status not in self.failing

    @property
    def idempotent(self) -> bool:
        """Whether the method is idempotent by RFC 9110 section 9.2.2, or the request `repeatable`."""
        return self.repeatable or self.method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE")


class HeaderSource(Protocol):
    """The fields of an answer, read when somebody looks at them."""

    def get(self, name: str) -> str:
        """The value of one field; empty when there is none."""
        ...

    def all(self) -> dict[str, str]:
        """Every field, with lower-case names; repeated ones joined by `, `."""
        ...

    def lines(self, name: str) -> list[str]:
        """The values of a field, one for each time it is there."""
        ...


class Response:
    """One HTTP answer, read to its end. `headers` has lower-case names; repeated fields are joined by `, `.

    `headers` may be given as a source that is read when first looked at: most answers are told by status and body.
    Lines of `Set-Cookie` cannot be joined (RFC 9110 section 5.3), so `cookies` has them one by one.
    `denied` says in a sentence why the request was not repeated although its policy would have allowed it. `redirect`
    is the status of the answer to the request itself, if that was a redirect to be followed by another method (303
    after a POST): the request was taken, also if this answer is an error.
    """

    __slots__ = ("_cookies", "_headers", "_read", "_source", "body", "denied", "reason", "redirect", "status", "url")

    def __init__(
        self,
        status: int,
        headers: dict[str, str] | HeaderSource,
        body: bytes,
        reason: str = "",
        url: str = "",
        cookies: Sequence[str] | None = None,
    ) -> None:
        self.status = status
        self.body = body
        self.reason = reason
        self.url = url
        self.denied: str | None = None
        self.redirect: int | None = None
        self._read: tuple[Json, ValueError | None] | None = None
        self._cookies = cookies
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

    @property
    def cookies(self) -> Sequence[str]:
        """The lines of `Set-Cookie`, each as it came."""
        if self._cookies is None and self._source is not None:
            self._cookies = self._source.lines("set-cookie")
        if self._cookies is None:
            joined = self.headers.get("set-cookie", "")
            self._cookies = [joined] if joined else []
        return self._cookies

    def header(self, name: str) -> str:
        """One field by its lower-case name; empty when the answer has none."""
        if self._headers is None and self._source is not None:
            return self._source.get(name)
        return self.headers.get(name, "")

    def advice(self, hint: str) -> str:
        """What to do about this answer: `hint`, after why the request was not repeated."""
        return hint if self.denied is None else f"{self.denied} {hint}"

    def __repr__(self) -> str:
        # Only the origin of the address: its path holds keys, and this module does not know which of them are secret.
        origin = _HEAD.match(self.url)
        kind = self.content_type or "no content type"
        return f"<Response {self.status} {origin[0] if origin else ''} {kind}, {len(self.body)} bytes>"

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; empty when the answer does not say."""
        return headerfields.media_type(self.header("content-type"))

    @property
    def named_charset(self) -> str:
        """The charset the answer declares, in lower case; empty when it declares none."""
        return headerfields.charset(self.header("content-type"))

    @property
    def charset(self) -> str:
        """The charset the answer declares, or utf-8."""
        return self.named_charset or "utf-8"

    @property
    def disposition(self) -> headerfields.Disposition:
        """Whether the body is to be saved, and under which name (RFC 6266)."""
        return headerfields.disposition(self.header("content-disposition"))

    def json(self) -> Json:
        """The body as JSON, read as `parse_json` reads it. Raises ValueError, which says why, if it is not JSON.

        One that was `read_ahead` is the same value each time.
        """
        if self._read is None:
            return parse_json(self.body)
        value, fault = self._read
        if fault is not None:
            raise fault
        return value

    def read_ahead(self, value: Json, fault: ValueError | None) -> None:
        """Keep what reading the body as JSON came to: a long one is read beside the event loop, before it is needed."""
        self._read = value, fault
