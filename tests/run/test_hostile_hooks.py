"""A plugin that misbehaves fails the item it was called for, is named, and changes nothing for the others."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from nodeloom import CallContext, Request, Response, Runtime, hookimpl
from nodeloom.errors import HookError, InvalidValueError
from nodeloom.guarding import words
from nodeloom.testing import RecordingTransport
from tests.run.doubles import PROBE, ok

GET = {"operation": "Get", "id": "={{ $json.n }}"}
ITEMS = [{"n": 1}, {"n": 2}, {"n": 3}]


def probing(plugin: Any) -> tuple[Runtime, RecordingTransport]:
    transport = RecordingTransport(ok)
    runtime = Runtime(transport=transport, discover_plugins=False, plugins=[plugin])
    runtime.add_node(PROBE)
    return runtime, transport


class Acting:
    """Does as it is told for the second item, in the hook of choice."""

    def __init__(self, hook: str, act: Callable[..., Any]) -> None:
        self._hook = hook
        self._act = act

    def _called(self, hook: str, context: CallContext, *given: Any) -> Any:
        return self._act(*given) if hook == self._hook and context.item == 1 else None

    @hookimpl
    def nodeloom_prepare_request(self, request: Request, context: CallContext) -> Any:
        return self._called("nodeloom_prepare_request", context, request)

    @hookimpl
    def nodeloom_see_response(self, request: Request, response: Response, context: CallContext) -> Any:
        return self._called("nodeloom_see_response", context, request, response)

    @hookimpl
    def nodeloom_transform_result(self, items: Any, context: CallContext) -> Any:
        return self._called("nodeloom_transform_result", context, items)


HOOKS = ["nodeloom_prepare_request", "nodeloom_see_response", "nodeloom_transform_result"]


class OwnBase(BaseException):
    """What no one expects."""


class Wordless(Exception):
    """An exception that cannot even be told."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Ending(Exception):
    """An exception whose words would end the event loop."""

    def __str__(self) -> str:
        raise SystemExit

    __repr__ = __str__


def raising(kind: type[BaseException]) -> Callable[..., Any]:
    def act(*_given: Any) -> None:
        raise kind()

    return act


def without_end(*given: Any) -> Any:
    return without_end(*given)


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize(
    "act",
    [
        raising(SystemExit),
        raising(KeyboardInterrupt),
        raising(asyncio.CancelledError),
        raising(GeneratorExit),
        raising(StopIteration),
        raising(StopAsyncIteration),
        raising(OwnBase),
        raising(Wordless),
        raising(Ending),
        raising(MemoryError),
        without_end,
    ],
)
def test_whatever_a_hook_raises_is_one_items_error(hook: str, act: Callable[..., Any]) -> None:
    """Also what ends threads, tasks and generators. The run is on a thread of its own, so no Ctrl-C is among it."""
    runtime, _ = probing(Acting(hook, act))
    with runtime:
        result = runtime.run("probe", GET, ITEMS, on_error="continue")
        assert [o.error is None for o in result.outcomes] == [True, False, True]
        (error,) = result.errors
        assert isinstance(error, HookError)
        assert error.details["plugin"] == "Acting"
        assert error.details["hook"] == hook
        assert error.item == 1
        # The runtime is whole.
        assert runtime.run("probe", GET, [{"n": 9}]).report.succeeded


def test_ctrl_c_is_the_users_where_it_can_be() -> None:
    """On the main thread, where Python raises it: it is not taken for the plugin's fault."""
    runtime, _ = probing(Acting("nodeloom_prepare_request", raising(KeyboardInterrupt)))

    async def main() -> None:
        async with runtime:
            await runtime.arun("probe", GET, ITEMS, on_error="continue", concurrency=1)

    assert threading.current_thread() is threading.main_thread()
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())


def ruined(request: Request, **changes: Any) -> Any:
    changed = replace(request)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "GET / HTTP/1.1\r\nX: y"},
        {"method": ""},
        {"method": None},
        {"url": "/thing"},
        {"url": "https://probe.test/a b"},
        {"url": "https://probe.test/\r\nX: y"},
        {"url": 5},
        {"headers": {"X": "a\r\nY: b"}},
        {"headers": {"X": "a\0"}},
        {"headers": {"X: y": "a"}},
        {"headers": {"": "a"}},
        {"headers": {"X": 1}},
        {"headers": {1: "x"}},
        {"headers": [("X", "y")]},
        {"headers": None},
        {"body": "text"},
        {"body": {"a": 1}},
        {"timeout": "5"},
        {"timeout": 0},
        {"timeout": 1e300},
        {"timeout": float("nan")},
        {"proxy": "ftp://probe.test"},
        {"proxy": "http://["},
        {"proxy": 5},
        {"verify": None},
        {"follow_redirects": "no"},
    ],
)
def test_a_request_that_would_break_is_not_sent(changes: dict[str, Any]) -> None:
    runtime, transport = probing(Acting("nodeloom_prepare_request", lambda request: ruined(request, **changes)))
    with runtime:
        result = runtime.run("probe", GET, ITEMS, on_error="continue")
    (error,) = result.errors
    assert isinstance(error, HookError)
    assert "'Acting'" in error.message
    assert len(transport.requests) == 2


def circle() -> Any:
    inner: dict[str, Any] = {}
    inner["self"] = inner
    return [{"json": inner}]


@pytest.mark.parametrize(
    "items",
    [
        "text",
        5,
        {"json": {}},
        [None],
        [{"json": []}],
        [{"json": {1: "a"}}],
        [{"json": {"a": Ellipsis}}],
        [{"json": {"a": [{"b": float("nan")}]}}],
        [{"json": {"a": b"bytes"}}],
        [{"json": {}, "binary": 5}],
        circle(),
    ],
    ids=str,
)
def test_items_that_could_not_be_written_are_refused(items: Any) -> None:
    runtime, _ = probing(Acting("nodeloom_transform_result", lambda _items: items))
    with runtime:
        result = runtime.run("probe", GET, ITEMS, on_error="continue")
    (error,) = result.errors
    assert isinstance(error, HookError)
    assert "'Acting'" in error.message
    assert error.item == 1


def spoil(*given: Any) -> None:
    """Changes everything it was given, and returns none of it."""
    for thing in given:
        if isinstance(thing, Request):
            thing.method, thing.url, thing.body = "DELETE", "https://elsewhere.test/", b"spoilt"
            thing.headers.clear()
            thing.credential_headers = frozenset()
        elif isinstance(thing, Response):
            thing.status, thing.body = 500, b"spoilt"
            thing.headers.clear()
        else:
            for item in thing:
                item["json"].clear()
                item["json"]["spoilt"] = True
            thing.clear()


@pytest.mark.parametrize("hook", HOOKS)
def test_what_a_hook_is_given_is_its_own(hook: str) -> None:
    """A change counts when it is returned, so a hook that raises half-way has changed nothing."""
    items = [dict(item) for item in ITEMS]
    plain, seen = probing(Acting("none", spoil))
    spoilt, transport = probing(Acting(hook, spoil))
    with plain, spoilt:
        wanted = plain.run("probe", GET, ITEMS)
        result = spoilt.run("probe", GET, items)
    assert result.items == wanted.items
    assert items == ITEMS
    assert [(r.method, r.url, r.headers) for r in transport.requests] == [
        (r.method, r.url, r.headers) for r in seen.requests
    ]


def test_a_second_plugin_does_not_see_what_the_first_did_not_return() -> None:
    class Second:
        seen: Mapping[str, str] = {}

        @hookimpl(trylast=True)
        def nodeloom_prepare_request(self, request: Request, context: CallContext) -> None:
            if context.item == 1:
                self.seen = dict(request.headers)

    second = Second()
    transport = RecordingTransport(ok)
    first = Acting("nodeloom_prepare_request", lambda request: request.headers.update({"X-First": "1"}))
    with Runtime(transport=transport, discover_plugins=False, plugins=[second, first]) as runtime:
        runtime.add_node(PROBE)
        runtime.run("probe", GET, ITEMS)
    assert "X-First" not in second.seen


def test_a_hook_that_makes_a_request_anew_does_not_set_a_secret_free() -> None:
    """Which headers a credential put on is kept, so that they do not follow a redirect to another origin."""
    from nodeloom.hookvalues import check_request

    given = Request("GET", "https://a.test/", {"Authorization": "x"}, credential_headers=frozenset({"authorization"}))
    made = check_request(Request("GET", "https://a.test/", {"Authorization": "x"}), given)
    assert made.credential_headers == {"authorization"}
    with_body = Request("POST", "https://a.test/", {}, b"secret", credential_body=True)
    assert check_request(Request("POST", "https://a.test/", {}, b"secret"), with_body).credential_body


def test_one_error_raised_for_many_items_is_each_items_own() -> None:
    shared = InvalidValueError("Not today.")

    class Refusing:
        @hookimpl
        def nodeloom_prepare_request(self) -> None:
            raise shared

    runtime, _ = probing(Refusing())
    with runtime:
        result = runtime.run("probe", GET, ITEMS, on_error="continue")
    assert [error.item for error in result.errors] == [0, 1, 2]
    assert shared.item is None
    assert shared.details == {}


def test_a_hook_that_runs_its_own_runtime_is_told_so() -> None:
    """Waiting for itself would never end."""
    runtimes: list[Runtime] = []
    runtime, _ = probing(Acting("nodeloom_see_response", lambda *_given: runtimes[0].run("probe", GET, [{"n": 1}])))
    runtimes.append(runtime)
    with runtime:
        result = runtime.run("probe", GET, ITEMS, on_error="continue")
    (error,) = result.errors
    assert "within one of its own runs" in error.message


def test_a_hook_that_holds_everybody_up_is_named_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from nodeloom import guarding

    monkeypatch.setattr(guarding, "SLOW_SECONDS", -1.0)
    monkeypatch.setattr(guarding, "_slow", set())
    runtime, _ = probing(Acting("nodeloom_see_response", lambda *_given: None))
    with caplog.at_level(logging.WARNING, "nodeloom"), runtime:
        runtime.run("probe", GET, ITEMS)
    told = [record.getMessage() for record in caplog.records if "every other item waited" in record.getMessage()]
    assert len(told) == 3  # once for each hook
    assert all("'Acting'" in words_ for words_ in told)


def test_an_exception_without_words_is_named() -> None:
    assert words(Wordless()) == "Wordless"
    assert words(ValueError("x" * 10_000)) == "ValueError: " + "x" * 2000
