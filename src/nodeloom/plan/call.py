"""A call: a finished draft, from which a request is written for the credential of the moment."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote

from nodeloom.errors import InvalidValueError, MissingValueError
from nodeloom.expression import UNDEFINED
from nodeloom.expression.fieldreads import EVERY
from nodeloom.messages import Request, Said, origin_of
from nodeloom.plan.address import UrlValues, author_may_choose, finish, join, secret_may_go
from nodeloom.plan.draft import Draft, collect_said
from nodeloom.plan.marks import NO_MARKS, NO_TEXTS, Marks, texts_of_marked
from nodeloom.plan.merge import copy_json
from nodeloom.plan.payload import JSON, is_sent, write_payload
from nodeloom.plan.pieces import Address
from nodeloom.plan.requestheaders import beside_cookies, fields_of, header_lines, set_header
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
from nodeloom.plan.wire import ARRAY_FORMATS, encode_query
from nodeloom.redaction import MASK, MaskedTexts, telling

# A token (RFC 9110 section 9.1). CONNECT and TRACE are for proxies on the way: CONNECT has no path, and
# the answer to TRACE would hold the credential.
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Z-]{1,32}")
_OWN_METHODS = frozenset({"CONNECT", "TRACE", "TRACK"})


class Injected(Protocol):
    """What a credential puts on a request."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields."""
        ...

    @property
    def qs(self) -> Mapping[str, object]:
        """Query parameters."""
        ...

    @property
    def body(self) -> Mapping[str, object] | None:
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

    Args:
        method: in upper case.
        headers: as they are sent.
        query: text without `?`.
        body: None for no body.
        timeout: in seconds; None for the transport's own.
        most_redirects: how many are followed; None for as many as the transport follows.
        verify: whether the service's certificate is checked.
        proxy: its address, if the node names one.
        credential_headers: the names of the fields that are the credential's, in lower case.
        credential_body: whether the body holds something of the credential.
        every_status: whether every status is an answer but those that are `failing`.
        failing: the statuses that stay errors.
        hosts: where the request and its redirects may go; None for any host.
        credential_texts: what the plan's templates made of the credential's secrets.
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

    Args:
        options: n8n's request object with every value resolved.
        path: encoded path values by placeholder.
        url_values: how values get into the address.
        transfer: how the request travels.
        common: writes it quicker if the plan's calls have much in common.
        marks: the parts that are the credential's.
        draft: what it was made of.
    """

    options: dict[str, object]
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
        return collect_said(self.options, self.draft)

    @property
    def method(self) -> str:
        """The HTTP method, upper case; GET if none is given (n8n). Raises InvalidValueError if it cannot be sent."""
        # axios sends methods in upper case, so descriptors write `get` as well.
        method = str(self.options.get("method") or "GET").upper()
        if _METHOD.fullmatch(method) is None or method in _OWN_METHODS:
            raise InvalidValueError(
                "The method cannot be sent.",
                property="method",
                value=MASK if self.marks.method else method,
                hint="Use GET, POST, PUT, PATCH or DELETE.",
            )
        return method

    def with_options(self, options: dict[str, object], marks: Marks | None = None) -> Call:
        """The call of another page of the same item; `marks` are those of its request, if they are not the same."""
        marks = self.marks if marks is None else marks
        return Call(options, self.path, self.url_values, self.transfer, marks=marks, draft=self.draft)

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
        headers = header_lines(options.get("headers"), self.marks.headers, as_n8n=as_n8n)
        query = copy_json(fields_of(options.get("qs"), "qs", lenient=as_n8n))
        if is_true(options.get("json")) and not any(name.lower() == "accept" for name in headers):
            headers["accept"] = JSON
        basic = basic_of(options.get("auth"))
        if basic is not None:
            # As in axios `auth` takes the place of an Authorization header that is there.
            set_header(headers, "Authorization", basic)
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
                        value = beside_cookies(headers, value)
                    set_header(headers, name, value)
                    secret_headers.add(name.lower())
            # A credential's parameters take the place of the request's of the same name (n8n).
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

    def _body(self, injection: Injected | None) -> object:
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
            # The credential's fields need an object, and `bodyRequired` asks for an empty one.
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
        # n8n lets a credential say which hosts an author's own parameters may choose (allowedHttpRequestDomains).
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


def _address(value: object) -> Address | None:
    if isinstance(value, Address):
        return value
    return None
