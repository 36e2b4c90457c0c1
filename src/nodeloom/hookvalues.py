"""What a hook is given, as a copy of its own, and what it gives, checked and copied.

Both ways a copy is made: a plugin may keep what it was given, and what it returned, and change it later. Some plugins
return one object for every item.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from nodeloom.headerfields import is_token
from nodeloom.messages import Request, Response, origin_of
from nodeloom.redaction import MaskedValues
from nodeloom.values import Item, Json
from nodeloom.valuewords import kind_of

Value = TypeVar("Value")

_MOST_SECONDS = 10_000_000
_DEPTH = 200
_BROKEN_LINE = re.compile(r"[\0\r\n]")


class InTurn(Generic[Value]):
    """A value that implementations change one after the other: each sees what the one before it gave.

    It stands for an argument of the hook's. pluggy gives every implementation the same argument; an implementation is
    given a copy of the value as it is in its turn.
    """

    __slots__ = ("_check", "_copy", "value")

    def __init__(
        self, value: Value, copy_value: Callable[[Value], Value], check: Callable[[object, Value], Value]
    ) -> None:
        self.value = value
        self._copy = copy_value
        self._check = check

    def copy(self) -> Value:
        """The value as it is now, for one implementation to change."""
        return self._copy(self.value)

    def check(self, given: object) -> Value:
        """What an implementation gave, if it may stand for the value. Raises TypeError or ValueError."""
        return self._check(given, self.value)


class Brought(Mapping[str, Json]):
    """What a plugin gave, with the plugin's name. A wrapper sees a mapping that it cannot change."""

    __slots__ = ("fault", "given", "plugin")

    def __init__(self, plugin: str, given: object = None, fault: BaseException | None = None) -> None:
        self.plugin = plugin
        self.given = given
        self.fault = fault

    @property
    def fields(self) -> Mapping[str, Json]:
        """What the plugin gave, if that is a mapping."""
        return self.given if isinstance(self.given, Mapping) else {}

    def __getitem__(self, name: str) -> Json:
        return self.fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)


def copy_argument(argument: object) -> object:
    """What an implementation is given for an argument of its hook: a copy of its own, if it can be changed."""
    if isinstance(argument, InTurn):
        return argument.copy()
    if isinstance(argument, Request):
        return copy_request(argument)
    return copy_response(argument) if isinstance(argument, Response) else argument


def copy_request(request: Request) -> Request:
    """A request that a hook may change."""
    return dataclasses.replace(request, headers=MaskedValues(request.headers))


def copy_response(response: Response) -> Response:
    """An answer that a hook may change."""
    return Response(
        response.status, dict(response.headers), response.body, response.reason, response.url, list(response.cookies)
    )


def copy_items(items: Sequence[Item]) -> list[Item]:
    """Items that a hook may change."""
    return [_copy_json(item) for item in items]


def _copy_json(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _copy_json(inner) for key, inner in value.items()}
    return [_copy_json(inner) for inner in value] if isinstance(value, list) else value


def check_request(changed: object, given: Request) -> Request:
    """`changed` as a request that can be sent; what `given` knew of secrets is kept. Raises TypeError or ValueError."""
    if not isinstance(changed, Request):
        raise wrong_type(changed, "a Request, or None")
    if not is_token(_check_text("method", changed.method)):
        raise ValueError("the method of its request is not one of HTTP")
    url = _check_text("url", changed.url)
    if not url.isprintable() or not url.isascii() or " " in url or "://" not in url:
        raise ValueError("the url of its request is not an absolute, encoded address")
    _check_headers(changed.headers)
    if changed.body is not None and not isinstance(changed.body, bytes):
        raise wrong_type(changed.body, "bytes for a body, or None")
    _check_travel(changed)
    return dataclasses.replace(
        changed,
        headers=MaskedValues(changed.headers),
        # A hook that makes a request anew does not say which headers a credential put on; they must not follow a
        # redirect to another origin.
        credential_headers=frozenset(changed.credential_headers) | given.credential_headers,
        credential_texts=changed.credential_texts | given.credential_texts,
        credential_body=bool(changed.credential_body or (given.credential_body and changed.body is not None)),
        hosts=given.hosts,
        every_status=given.every_status,
        failing=given.failing,
        mask=given.mask,
        content=given.content,
        teller=given.teller,
    )


def _check_headers(headers: object) -> None:
    if not isinstance(headers, dict):
        raise wrong_type(headers, "a dict of headers")
    for name, value in headers.items():
        # A line break in a value would begin another field, or the body (RFC 9112, section 11.1).
        if not is_token(_check_text("headers", name)) or _BROKEN_LINE.search(_check_text("headers", value)):
            raise ValueError(f"its header {name!r} would break the request")


def _check_travel(changed: Request) -> None:
    for name in ("follow_redirects", "verify"):
        if not isinstance(getattr(changed, name), bool):
            raise wrong_type(getattr(changed, name), f"true or false for {name}")
    seconds = changed.timeout
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, (int, float))):
        raise wrong_type(seconds, "seconds for timeout, or None")
    if seconds is not None and not 0 < seconds <= _MOST_SECONDS:
        raise ValueError(f"the timeout of its request is {seconds!r} s")
    if changed.proxy is not None:
        if not _check_text("proxy", changed.proxy).isprintable():
            raise ValueError("the proxy of its request is not an address")
        origin_of(changed.proxy)


def _check_text(what: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"the {what} of its request is {kind_of(value)}, not a text")
    return value


def check_items(changed: object) -> list[Item]:
    """`changed` as items that can be written, plain JSON. Raises TypeError or ValueError."""
    wanted = 'a list of items {"json": {…}}, or None'
    if not isinstance(changed, (list, tuple)):
        raise wrong_type(changed, wanted)
    return [_check_item(item, changed, wanted) for item in changed]


def _check_item(item: object, changed: object, wanted: str) -> Item:
    if not isinstance(item, Mapping) or not isinstance(item.get("json"), Mapping):
        raise wrong_type(changed, wanted)
    if not isinstance(item.get("binary", {}), Mapping):
        raise wrong_type(item["binary"], "a mapping of files for binary")
    return {**item, "json": _plain_json(item["json"], _DEPTH)}


def _plain_json(value: object, depth: int) -> Json:
    """`value` copied, with dicts for mappings and lists for tuples. Raises TypeError or ValueError."""
    if depth == 0:
        raise ValueError("its items are nested too deeply, or in a circle")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"its items hold the key {key!r}, which is not a text")
        return {key: _plain_json(inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain_json(inner, depth - 1) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"its items hold {value}, which JSON does not have")
    if value is not None and not isinstance(value, (str, int, float)):
        raise TypeError(f"its items hold {kind_of(value)}, which is not JSON")
    return value


def wrong_type(given: object, wanted: str) -> TypeError:
    """The fault of a hook that gave something else than `wanted`."""
    if hasattr(given, "close") and hasattr(given, "cr_frame"):
        # A coroutine is closed, since it will not be awaited: hooks are plain functions. Else Python warns of it later.
        given.close()
    return TypeError(f"it gave {kind_of(given)}, not {wanted}")
