"""A call: a finished draft, from which a request is written for the credential of the moment."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote

from nodeloom.errors import InvalidValueError, MissingValueError
from nodeloom.expression import UNDEFINED
from nodeloom.expression.fieldreads import EVERY
from nodeloom.headerfields import is_not_sent
from nodeloom.messages import Request, Said, origin_of
from nodeloom.plan.address import Address, UrlValues, author_may_choose, finish, join, secret_may_go
from nodeloom.plan.draft import Draft, said_by
from nodeloom.plan.encoders import header_text
from nodeloom.plan.marks import NO_MARKS, NO_TEXTS, Marks, texts_of_marked
from nodeloom.plan.merge import copy_json
from nodeloom.plan.payload import JSON, is_sent, write_payload
from nodeloom.plan.transfer import Transfer, seconds_of
from nodeloom.plan.travel import (
    Statuses,
    allowed_hosts,
    basic_of,
    check_host,
    is_true,
    is_verified,
    most_redirects,
    statuses_of,
)
from nodeloom.plan.wire import ARRAY_FORMATS, encode_query, scalar_text
from nodeloom.redaction import MASK, MaskedTexts, MaskedValues, telling

# Where a message ends, how long its connection lives and whom it is for is HTTP's own to say (RFC 9110 sections 7.2,
# 7.6.1 and 8.6): one that says it twice is read as two by some servers.
OWN_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

# A token (RFC 9110 section 9.1). CONNECT and TRACE are for whoever stands between: the one has no path, and the answer
# to the other would hold the credential.
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Z-]{1,32}")
_OWN_METHODS = frozenset({"CONNECT", "TRACE", "TRACK"})


class Injected(Protocol):
    """What a credential puts on a request."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields."""
        ...

    @property
    def qs(self) -> Mapping[str, Any]:
        """Query parameters."""
        ...

    @property
    def body(self) -> Mapping[str, Any] | None:
        """Members of the body."""
        ...

    @property
    def basic(self) -> bool:
        """Whether its `Authorization` header is Basic authentication, which goes before the descriptor's own."""
        ...

    @property
    def author_hosts(self) -> Collection[str] | None:
        """The hosts an author's parameters may choose; None for any."""
        ...

    @property
    def open_fields(self) -> frozenset[str]:
        """The credential's fields that hold nothing secret."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """A request without its address: what of it is often the same for every item.

    `query` is text without `?`. `credential_headers` are the names of the fields that are the credential's, in lower
    case, and `credential_texts` what the plan's templates made of its secrets.
    """

    method: str
    headers: dict[str, str]
    query: str
    body: bytes | None
    timeout: float | None
    most_redirects: int | None
    verify: bool
    proxy: str | None
    credential_headers: frozenset[str]
    credential_body: bool
    every_status: bool
    failing: frozenset[int]
    hosts: tuple[str, ...] | None
    credential_texts: MaskedTexts = NO_TEXTS

    def __repr__(self) -> str:
        # The query and the body may hold a secret as the headers do.
        return f"<Frame {self.method} [{', '.join(self.headers)}] {len(self.body or b'')} bytes>"

    def request(self, url: str) -> Request:
        """The request to `url`. Raises InvalidValueError when the call may not go to its host."""
        check_host(url, self.hosts)
        if self.query:
            url = f"{url}{'&' if '?' in url else '?'}{self.query}"
        return Request(
            self.method,
            url,
            self.headers,
            self.body,
            self.timeout,
            self.most_redirects != 0,
            self.verify,
            self.proxy,
            self.credential_headers,
            self.credential_body,
            False,
            self.most_redirects,
            self.every_status,
            self.failing,
            self.hosts,
            None,
            self.credential_texts,
        )


class Common(Protocol):
    """What a plan knows of its calls beforehand."""

    def request(self, call: Call, injection: Injected | None, credential_origins: Collection[str]) -> Request | None:
        """The request of `call`; None when it has to be written from nothing."""
        ...


@dataclass(slots=True, repr=False)
class Call:
    """One HTTP call of one item, before the credential is put on.

    `options` is n8n's request object with every value resolved; `path` holds encoded path values. `common` writes it
    quicker where the plan's calls have much in common. `marks` are the parts that are the credential's. `draft` is what
    it was made of.
    """

    options: dict[str, Any]
    path: dict[str, str]
    url_values: UrlValues
    transfer: Transfer
    common: Common | None = None
    marks: Marks = NO_MARKS
    draft: Draft | None = None

    def __repr__(self) -> str:
        # Values, and what was made of the credential's, are in all of it.
        return f"<Call with {', '.join(self.options)}>"

    @property
    def said(self) -> Said:
        """What the call says, by name; and what of it is not told."""
        return said_by(self.options, self.draft)

    @property
    def method(self) -> str:
        """The HTTP method, upper case; GET when none is given (n8n). Raises InvalidValueError for what is none."""
        method = str(self.options.get("method") or "GET").upper()
        if _METHOD.fullmatch(method) is None or method in _OWN_METHODS:
            raise InvalidValueError(
                "The method cannot be sent.",
                property="method",
                value=MASK if self.marks.method else method,
                hint="Use GET, POST, PUT, PATCH or DELETE.",
            )
        return method

    def address(self) -> Address:
        """Where the call goes, as pieces. Raises MissingValueError when the item has nothing for the `url` (strict)."""
        url = self.options.get("url")
        if self.url_values == "strict" and (url is UNDEFINED or (isinstance(url, Address) and url.is_missing)):
            raise MissingValueError(
                "The address of the operation is missing.",
                hint="Without it the call would address the service's root; give every item a value for it.",
            )
        return join(_address(self.options.get("baseURL")), _address(url))

    def url(self) -> str:
        """Where the call goes, percent-encoded, without the query parameters of `qs`."""
        return finish(self.address(), self.path, self.url_values)

    def request(self, injection: Injected | None = None, credential_origins: Collection[str] = ()) -> Request:
        """The request, with what the credential puts on it.

        Raises InvalidValueError when a part cannot be sent, or when the credential's secret would go to an origin
        that neither the credential nor the descriptor names.
        """
        if self.common is not None:
            written = self.common.request(self, injection, credential_origins)
            if written is not None:
                written.content = self
                return written
        url = self.url()
        self.guard_secret(url, injection, credential_origins)
        request = self.frame(injection).request(url)
        request.content = self
        if injection is not None and self.marks.in_address(injection.open_fields):
            request.credential_texts = request.credential_texts | self._texts_in_address(injection.open_fields)
        return request

    def frame(self, injection: Injected | None) -> Frame:
        """Everything of the request but its address. Raises InvalidValueError when a part cannot be sent."""
        options, as_n8n = self.options, self.url_values == "raw"
        headers = _headers(options.get("headers"), self.marks.headers, as_n8n=as_n8n)
        query = copy_json(_mapping(options.get("qs"), "qs", lenient=as_n8n))
        if is_true(options.get("json")) and not any(name.lower() == "accept" for name in headers):
            headers["accept"] = JSON
        basic = basic_of(options.get("auth"))
        if basic is not None:
            _set_header(headers, "Authorization", basic)
        secret_headers: set[str] = set()
        texts = NO_TEXTS
        # A method goes wherever a redirect leads.
        follows = injection is None or self.marks.method <= injection.open_fields
        if injection is not None and self.marks:
            secret_headers.update(map(str.lower, headers) if EVERY in self.marks.headers else self.marks.headers)
            made = {"headers": headers, "query": query, "body": options.get("body"), "auth": [options.get("auth")]}
            texts = texts_of_marked(self.marks, made, injection.open_fields)
        if injection is not None:
            for name, value in injection.headers.items():
                if basic is None or injection.basic or name.lower() != "authorization":
                    if name.lower() == "cookie" and not as_n8n:
                        value = _beside_cookies(headers, value)
                    _set_header(headers, name, value)
                    secret_headers.add(name.lower())
            query.update(injection.qs)
        body = self._body(injection)
        own_body = injection is not None and bool(self.marks.body or injection.body)
        content = None
        if body is not None:
            content = write_payload(
                body, headers, method=self.method, json_wanted=not as_n8n and bool(options.get("json"))
            )
        statuses = self.statuses
        return Frame(
            method=self.method,
            headers=headers,
            query=encode_query(query, self._array_format(), options.get("queryEncoding"), objects=as_n8n),
            body=content,
            timeout=seconds_of(options.get("timeout")) or self.transfer.timeout,
            most_redirects=most_redirects(options) if follows else 0,
            verify=self.transfer.verify and is_verified(options),
            proxy=self.transfer.proxy,
            credential_headers=frozenset(secret_headers),
            credential_body=own_body and content is not None,
            every_status=statuses.every,
            failing=statuses.failing,
            hosts=allowed_hosts(options),
            credential_texts=texts,
        )

    @property
    def statuses(self) -> Statuses:
        """The statuses that are answers."""
        return statuses_of(self.options.get("ignoreHttpStatusErrors"), as_n8n=self.url_values == "raw")

    def _body(self, injection: Injected | None) -> Any:
        """The body that is sent, the credential's fields in it; None when there is none.

        As in n8n a GET has none, but a call that names no method, and is a GET by that, has one.
        """
        if str(self.options.get("method") or "").upper() == "GET":
            return None
        body = copy_json(self.options.get("body"))
        put_on = injection.body if injection is not None else None
        if not is_sent(body, as_n8n=self.url_values == "raw"):
            if not put_on and not is_true(self.options.get("bodyRequired")):
                return None
            body = body if isinstance(body, dict) else {}
        if put_on:
            if not isinstance(body, dict):
                raise InvalidValueError(
                    "The credential stands in the body, and the body has no place for it.",
                    hint="Send an object, which can take the credential's fields.",
                )
            body.update(put_on)
        return body

    def _texts_in_address(self, open_fields: frozenset[str]) -> MaskedTexts:
        """What the plan's templates made of secret fields and put into the address, as it is and encoded."""
        pieces = self.address().behind_authority()
        texts = [piece.text for piece in pieces if not piece.made_of <= open_fields]
        values = [self.path[n] for n, fields in self.marks.path.items() if n in self.path and not fields <= open_fields]
        return telling([*texts, *values, *map(unquote, values)])

    def guard_secret(self, url: str, injection: Injected | None, credential_origins: Collection[str]) -> None:
        """Raise InvalidValueError when the credential's secret may not go to `url`."""
        if injection is None:
            return
        if not secret_may_go(self.address(), url, credential_origins, self.url_values):
            raise InvalidValueError(
                "The credential's secret would go to a host that neither the credential nor the node names.",
                value=url,
                hint="Put the host into the credential.",
            )
        hosts = injection.author_hosts
        if hosts is not None and not author_may_choose(self.address(), url, credential_origins, hosts):
            raise InvalidValueError(
                "The credential may not be used for a host that a parameter chooses, but for those it lists."
                if hosts
                else "The credential may not be used for a host that a parameter chooses.",
                value=origin_of(url),
                hint=f"Its allowedDomains are: {', '.join(hosts)}."
                if hosts
                else "Its allowedHttpRequestDomains and allowedDomains allow none.",
            )

    def _array_format(self) -> str:
        chosen = self.options.get("arrayFormat")
        return chosen if chosen in ARRAY_FORMATS else "indices"


def _address(value: Any) -> Address | None:
    if isinstance(value, Address):
        return value
    return None


def _mapping(value: Any, name: str, *, lenient: bool = False) -> dict[str, Any]:
    """The object that a request has under `name`, empty if there is none. If `lenient`, a text counts as none (n8n).

    Raises InvalidValueError if the value is anything else.
    """
    if isinstance(value, dict):
        return value
    if value is UNDEFINED or not value or (lenient and isinstance(value, str)):
        return {}
    raise InvalidValueError(
        f"{name} is not an object.", property=name, value=value, hint='Write it like {"name": "value"}.'
    )


def _headers(values: Any, made: Collection[str], *, as_n8n: bool) -> dict[str, str]:
    """The headers as text; `made` are those that are the credential's, by name in lower case."""
    headers: dict[str, str] = MaskedValues()
    for name, value in _mapping(values, "headers").items():
        # One that is not sent takes the earlier one of its name away. What is undefined does so in n8n alone.
        if value is UNDEFINED or is_not_sent(value):
            if as_n8n or value is not UNDEFINED:
                _drop_header(headers, name)
            continue
        try:
            _set_header(headers, name, header_text(scalar_text(value, objects=as_n8n)))
        except InvalidValueError as error:
            error.property = error.property or name
            if EVERY in made or name.lower() in made:
                error.value = MASK
            raise
    return headers


def _beside_cookies(headers: Mapping[str, str], cookies: str) -> str:
    """A credential's cookies behind those of the request, in the one header there is (RFC 6265 section 5.4).

    Of two cookies of one name the credential's stays.
    """
    own = next((value for name, value in headers.items() if name.lower() == "cookie"), "")
    names = {pair.partition("=")[0].strip() for pair in cookies.split(";")}
    kept = [pair.strip() for pair in own.split(";") if pair.strip() and pair.partition("=")[0].strip() not in names]
    return "; ".join([*kept, cookies])


def _drop_header(headers: dict[str, str], name: str) -> None:
    folded = name.lower()
    for known in [known for known in headers if known.lower() == folded]:
        del headers[known]


def _set_header(headers: dict[str, str], name: str, value: str) -> None:
    # Blanks around a value are no part of it (RFC 9110 section 5.5).
    value = value.strip(" \t")
    folded = name.lower()
    for known in headers:
        if known.lower() == folded:
            headers[known] = value
            return
    if not name.isascii() or not name or any(c <= " " or c in '()<>@,;:\\"/[]?={}\x7f' for c in name):
        raise InvalidValueError(
            "The header's name cannot be sent.", value=name, hint="A header name is letters, digits and dashes."
        )
    if folded in OWN_HEADERS:
        raise InvalidValueError(
            f"The header {name} is the connection's own.", value=name, hint="Leave it out; it is sent as it must be."
        )
    headers[name] = value
