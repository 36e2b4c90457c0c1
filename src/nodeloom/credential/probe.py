"""A credential type's own test: the request to send, and what its answer says about the credential."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from nodeloom.credential.credentialmodel import Injection
from nodeloom.credential.templates import Renderer, text_of
from nodeloom.errors import (
    AuthenticationError,
    BadRequestError,
    CredentialError,
    PermissionDeniedError,
    RateLimitedError,
    ResponseError,
    ServerError,
    UnexpectedRedirectError,
    preview,
)
from nodeloom.messages import Request, Response, origin_of
from nodeloom.values import Json, JsonObject

if TYPE_CHECKING:
    from nodeloom.descriptor.models import CredentialTest, CredentialType


def build_test_request(
    type: CredentialType,  # noqa: A002 - the descriptors' word
    test: CredentialTest,
    values: Mapping[str, Json],
    renderer: Renderer,
    injection: Injection,
) -> Request:
    """The request of `type.test`, with what the credential puts on it.

    Raises CredentialError when its address does not come out as an absolute one.
    """
    routing = test.request
    base = renderer.text(routing.base_url, values, "test.request.baseURL")
    url = _join(base, renderer.text(routing.url, values, "test.request.url"))
    try:
        origin_of(url)
    except ValueError:
        raise CredentialError(
            f"The test request of the credential type {type.name!r} has no absolute address.",
            path="test.request.url",
            hint="Check the credential's address field.",
        ) from None
    query = {**_mapping(renderer(routing.qs, values, "test.request.qs")), **injection.qs}
    headers = {
        name: text_of(value)
        for name, value in _mapping(renderer(routing.headers, values, "test.request.headers")).items()
    }
    body = _mapping(renderer(routing.body, values, "test.request.body"))
    made = _headers_made(routing.headers, values, renderer)
    content: bytes | None = None
    if body:
        content = json.dumps({**body, **(injection.body or {})}, ensure_ascii=False).encode()
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/json"
    injected = {name.lower() for name in injection.headers}
    headers = {name: value for name, value in headers.items() if name.lower() not in injected}
    method = renderer.text(routing.method, values, "test.request.method") or "GET"
    # A redirect carries the method to any address.
    follows = renderer.reads(routing.method, "test.request.method") <= renderer.open_fields
    return Request(
        method.upper(),
        _with_query(url, query),
        headers={**headers, **injection.headers},
        body=content,
        follow_redirects=follows,
        credential_headers=frozenset(injected) | (made if made is not None else {name.lower() for name in headers}),
        credential_body=content is not None
        and bool(injection.body or renderer.reads(routing.body, "test.request.body")),
    )


def _headers_made(headers: object, values: Mapping[str, Json], renderer: Renderer) -> frozenset[str] | None:
    """The names, in lower case, of the headers that were made of the credential's fields; None for all of them."""
    path = "test.request.headers"
    if not isinstance(headers, Mapping):
        return None if renderer.reads(headers, path) else frozenset()
    return frozenset(
        renderer.text(name, values, path).lower()
        for name, value in headers.items()
        if renderer.reads([name, value], path)
    )


def judge(type: CredentialType, test: CredentialTest, response: Response, request: Request) -> None:  # noqa: A002 - a credential type
    """Raise ResponseError when `response` says that the credential does not work; n8n's `rules` go first."""
    where: JsonObject = {"status": response.status, "method": request.method, "url": response.url or request.url}
    for rule in test.rules or ():
        properties = rule.get("properties") or {} if isinstance(rule, Mapping) else {}
        if _applies(rule, properties, response):
            said = properties.get("message")
            text = f"The test request answered {response.status}: {said}" if said else _verdict(type, response)
            raise _class(response.status)(text, hint=_HINTS.get(response.status), **where)
    if not 200 <= response.status < 300:
        raise _class(response.status)(_verdict(type, response), hint=_HINTS.get(response.status), **where)


_HINTS = {
    401: "Check the credential's secret fields; a token may have run out or been revoked.",
    403: "The credential is known, but may not do this: check the rights it was given.",
    404: "Check the credential's address field.",
}


def _verdict(type: CredentialType, response: Response) -> str:  # noqa: A002 - a credential type
    reason = f" {preview(response.reason)}" if response.reason else ""
    return f"The test request of the credential type {type.name!r} was answered {response.status}{reason}."


def _class(status: int) -> type[ResponseError]:
    exact: dict[int, type[ResponseError]] = {403: PermissionDeniedError, 429: RateLimitedError}
    if status in exact:
        return exact[status]
    if 300 <= status < 400:
        return UnexpectedRedirectError
    if status >= 500:
        return ServerError
    # A success that a rule declares a failure is a refused credential as well.
    return AuthenticationError if status == 401 or status < 300 else BadRequestError


def _applies(rule: object, properties: Mapping[str, Json], response: Response) -> bool:
    kind = rule.get("type") if isinstance(rule, Mapping) else None
    if kind == "responseCode":
        return bool(response.status == properties.get("value"))
    if kind == "responseSuccessBody" and 200 <= response.status < 300:
        try:
            document = response.json()
        except ValueError:
            return False
        return _same(_lookup(document, str(properties.get("key", ""))), properties.get("value", _ABSENT))
    return False


def _same(found: object, wanted: object) -> bool:
    """JavaScript's strict equality: `true` is not `1`, and two objects or arrays are never the same."""
    if found is _ABSENT or isinstance(found, (dict, list)):
        return found is wanted
    return isinstance(found, bool) == isinstance(wanted, bool) and bool(found == wanted)


_ABSENT = object()


def _lookup(document: object, path: str) -> Any:
    """What lodash's `get` finds in the first item of an answer: keys parted by dots, positions also as `[0]`."""
    keys = [key for key in re.split(r"\.|\[|\]", path) if key]
    if isinstance(document, list) and document and not (keys and keys[0].isdigit()):
        document = document[0]
    for key in keys:
        if isinstance(document, Mapping) and key in document:
            document = document[key]
        elif isinstance(document, list) and key.isdigit() and int(key) < len(document):
            document = document[int(key)]
        else:
            return _ABSENT
    return document


def _join(base: str, url: str) -> str:
    """n8n's rule: an absolute `url` stands alone, otherwise the two meet at one slash."""
    if not base or url.lower().startswith(("http://", "https://")):
        return url
    return f"{base.rstrip('/')}/{url.lstrip('/')}" if url else base


def _mapping(value: object) -> JsonObject:
    """`value` without its undefined entries; an empty dict if it is not an object."""
    from nodeloom.expression import UNDEFINED

    if not isinstance(value, Mapping):
        return {}
    return {name: inner for name, inner in value.items() if inner is not UNDEFINED}


def _with_query(url: str, query: Mapping[str, Json]) -> str:
    pairs = [pair for name, value in query.items() for pair in _pairs(name, value)]
    if not pairs:
        return url
    text = "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in pairs)
    return f"{url}{'&' if '?' in url else '?'}{text}"


def _pairs(name: str, value: object) -> Iterator[tuple[str, str]]:
    """As the `qs` library writes it: `a[b]=c`, lists by index."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _pairs(f"{name}[{key}]", inner)
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _pairs(f"{name}[{index}]", inner)
    else:
        yield name, "" if value is None else text_of(value)
