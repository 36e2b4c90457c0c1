"""Calls of plugins' hooks: whatever one does, it is named, and what it was given is a copy of its own."""

from __future__ import annotations

import copy
import dataclasses
import math
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nodeloom.errors import HookError, ItemError, NodeloomError
from nodeloom.headerfields import is_token
from nodeloom.messages import Request, Response, origin_of
from nodeloom.redaction import MaskedValues
from nodeloom.valuewords import kind_of

#: A hook is called on the event loop, so one that takes longer holds up every other item.
SLOW_SECONDS = 1.0
_MOST_SECONDS = 10_000_000
_WORDS = 2000
_DEPTH = 200
_BROKEN_LINE = re.compile(r"[\0\r\n]")

_slow: set[tuple[str, str]] = set()


def passes(fault: BaseException) -> bool:
    """Whether `fault` is nobody's but the user's: Ctrl-C, which Python raises on the main thread only."""
    return isinstance(fault, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


def guarded(plugin: str, hook: str, call: Callable[..., Any], **arguments: Any) -> Any:
    """What a hook gives. Raises HookError naming the plugin, whatever the hook raised, or the hook's own ItemError.

    `SystemExit`, `asyncio.CancelledError` and the like fail the item as any exception does; a hook does not end a run.
    """
    started = time.monotonic()
    try:
        return call(**arguments)
    except ItemError as error:
        # A hook may fail an item in its own words. It may raise one error for many items, so each gets its own.
        own = copy.copy(error)
        own.details = {"plugin": plugin, "hook": hook, **error.details}
        raise own from error.__cause__
    except BaseException as fault:
        if passes(fault):
            raise
        failed = hook_error(plugin, hook, fault)
    finally:
        _note_slow(plugin, hook, time.monotonic() - started)
    raise failed


def _note_slow(plugin: str, hook: str, seconds: float) -> None:
    if seconds > SLOW_SECONDS and (plugin, hook) not in _slow:
        import logging  # here, for most hooks are quick

        _slow.add((plugin, hook))
        logging.getLogger("nodeloom").warning(
            "the plugin %r took %.1f s in %s, and every other item waited", plugin, seconds, hook
        )


def guarded_function(plugin: str, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """What a plugin's function for expressions gives. Raises HookError naming the plugin."""
    try:
        return function(*arguments)
    except BaseException as fault:
        if passes(fault):
            raise
        failed = hook_error(plugin, f"{name}()", fault)
    raise failed


def hook_error(plugin: str, hook: str, fault: BaseException) -> HookError:
    """The error for a hook that failed."""
    error = HookError(
        f"The plugin {plugin!r} failed in {hook}: {words(fault)}",
        hint="Mend or remove the plugin, or leave it out with NODELOOM_DISABLE_PLUGINS.",
        plugin=plugin,
        hook=hook,
    )
    # What cannot be told is no cause: whoever prints the error, or looks for secrets in it, would fail as well.
    error.__cause__ = fault if _can_be_told(fault) else None
    return error


def _can_be_told(fault: BaseException) -> bool:
    try:
        return isinstance(f"{fault!r} {fault!s}", str)
    except BaseException as another:
        # A plugin's own __str__ or __repr__, which may raise what would end the event loop.
        if passes(another):
            raise
        return False


def words(fault: BaseException) -> str:
    """What an exception says; one that cannot even say that is named by its type."""
    if isinstance(fault, NodeloomError):
        return fault.message
    kind = type(fault).__name__
    try:
        text = str(fault)[:_WORDS]
    except BaseException as another:
        if passes(another):
            raise
        return kind
    return f"{kind}: {text}" if text else kind


# -- what a hook is given, and what it gives ---------------------------------------------------------------------------


def request_copy(request: Request) -> Request:
    """A request whose changes are the hook's own."""
    return dataclasses.replace(request, headers=MaskedValues(request.headers))


def response_copy(response: Response) -> Response:
    """An answer whose changes are the hook's own."""
    return Response(
        response.status, dict(response.headers), response.body, response.reason, response.url, list(response.cookies)
    )


def json_copy(value: Any) -> Any:
    """JSON, its lists and objects copied."""
    if isinstance(value, dict):
        return {key: json_copy(inner) for key, inner in value.items()}
    return [json_copy(inner) for inner in value] if isinstance(value, list) else value


def check_request(changed: Any, given: Request) -> Request:
    """`changed` as a request that can be sent; what `given` knew of secrets is kept. Raises TypeError or ValueError."""
    if not isinstance(changed, Request):
        raise wrong(changed, "a Request, or None")
    _check_text("method", changed.method)
    if not is_token(changed.method):
        raise ValueError("the method of its request is none")
    _check_text("url", changed.url)
    if not changed.url.isprintable() or not changed.url.isascii() or " " in changed.url or "://" not in changed.url:
        raise ValueError("the url of its request is not an absolute, encoded address")
    if not isinstance(changed.headers, dict):
        raise wrong(changed.headers, "a dict of headers")
    for name, value in changed.headers.items():
        _check_text("headers", name)
        _check_text("headers", value)
        if not is_token(name) or _BROKEN_LINE.search(value):
            raise ValueError(f"its header {name!r} would break the request")
    if changed.body is not None and not isinstance(changed.body, bytes):
        raise wrong(changed.body, "bytes for a body, or None")
    _check_travel(changed)
    # Whoever makes a request anew forgets which headers a credential put on; they must not follow a redirect elsewhere.
    changed.credential_headers = frozenset(changed.credential_headers) | given.credential_headers
    changed.hosts = given.hosts
    changed.every_status, changed.failing = given.every_status, given.failing
    changed.mask, changed.content, changed.teller = given.mask, given.content, given.teller
    changed.credential_texts = changed.credential_texts | given.credential_texts
    changed.credential_body = bool(changed.credential_body or (given.credential_body and changed.body is not None))
    return changed


def _check_travel(changed: Request) -> None:
    for name in ("follow_redirects", "verify"):
        if not isinstance(getattr(changed, name), bool):
            raise wrong(getattr(changed, name), f"true or false for {name}")
    seconds = changed.timeout
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, (int, float))):
        raise wrong(seconds, "seconds for timeout, or None")
    if seconds is not None and not 0 < seconds <= _MOST_SECONDS:
        raise ValueError(f"the timeout of its request is {seconds!r} s")
    if changed.proxy is not None:
        _check_text("proxy", changed.proxy)
        if not changed.proxy.isprintable():
            raise ValueError("the proxy of its request is no address")
        origin_of(changed.proxy)


def _check_text(what: str, value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"the {what} of its request is {kind_of(value)}, not a text")


def check_items(changed: Any) -> Sequence[dict[str, Any]]:
    """`changed` as items that can be written. Raises TypeError or ValueError."""
    wanted = 'a list of items {"json": {…}}, or None'
    if not isinstance(changed, (list, tuple)):
        raise wrong(changed, wanted)
    for item in changed:
        if not isinstance(item, Mapping) or not isinstance(item.get("json"), Mapping):
            raise wrong(changed, wanted)
        _check_json(item["json"], _DEPTH)
        if not isinstance(item.get("binary", {}), Mapping):
            raise wrong(item["binary"], "a mapping of files for binary")
    return changed


def _check_json(value: Any, depth: int) -> None:
    if depth == 0:
        raise ValueError("its items are nested too deeply, or in a circle")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"its items hold the key {key!r}, which is no text")
            _check_json(inner, depth - 1)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _check_json(inner, depth - 1)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"its items hold {value}, which JSON does not have")
    elif value is not None and not isinstance(value, (str, int)):
        raise TypeError(f"its items hold {kind_of(value)}, which is not JSON")


def wrong(given: Any, wanted: str) -> TypeError:
    """The fault of a hook that gave something else than `wanted`."""
    if hasattr(given, "close") and hasattr(given, "cr_frame"):
        # A coroutine is closed, since nobody will await it: hooks are plain functions.
        given.close()
    return TypeError(f"it gave {kind_of(given)}, not {wanted}")
