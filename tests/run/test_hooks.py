"""Hooks are called for each request with the right context; one that raises fails its item and is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from nodeloom import CallContext, Request, Response, Runtime, hookimpl
from nodeloom.errors import HookError, InvalidValueError, PluginError
from nodeloom.testing import RecordingTransport, ThreeCXSandbox
from tests.run.doubles import DELETE, PROBE, links, ok

GET = {"operation": "Get", "id": "={{ $json.n }}"}
ITEMS = [{"n": 1}, {"n": 2}, {"n": 3}]


class Watching:
    """Remembers every call of the request hooks."""

    def __init__(self) -> None:
        self.prepared: list[tuple[int, Request]] = []
        self.seen: list[tuple[int, int]] = []
        self.transformed: list[tuple[int, int]] = []
        self.contexts: set[tuple[Any, ...]] = set()

    @hookimpl
    def nodeloom_prepare_request(self, request: Request, context: CallContext) -> Request:
        self.prepared.append((context.item, request))
        self.contexts.add((context.node, context.resource, context.operation))
        return replace(request, headers={**request.headers, "X-Number": str(len(self.prepared))})

    @hookimpl
    def nodeloom_see_response(self, response: Response, request: Request, context: CallContext) -> None:
        assert "X-Number" in request.headers
        self.seen.append((context.item, response.status))

    @hookimpl
    def nodeloom_transform_result(self, context: CallContext, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        self.transformed.append((context.item, len(items)))
        return [*items, {"json": {"added": context.item}, "pairedItem": {"item": 99}}]


def probing(responder: Any, *plugins: Any, **more: Any) -> tuple[Runtime, RecordingTransport]:
    transport = RecordingTransport(responder)
    runtime = Runtime(transport=transport, discover_plugins=False, plugins=plugins, **more)
    runtime.add_node(PROBE)
    return runtime, transport


def test_each_hook_is_called_for_each_item_with_its_context() -> None:
    watching = Watching()
    runtime, transport = probing(ok, watching)
    with runtime:
        result = runtime.run("probe", GET, ITEMS, concurrency=1)
    assert [item for item, _ in watching.prepared] == [0, 1, 2]
    assert watching.seen == [(0, 200), (1, 200), (2, 200)]
    assert watching.transformed == [(0, 1), (1, 1), (2, 1)]
    assert watching.contexts == {("probe", None, "Get")}
    assert [r.headers["x-number"] for r in transport.requests] == ["1", "2", "3"]
    assert result.items[1] == {"json": {"added": 0}, "pairedItem": {"item": 0}}
    assert result.report.counts.results == 6


def test_the_credential_is_on_the_request_and_a_token_request_is_not_shown(sandbox: ThreeCXSandbox) -> None:
    watching = Watching()
    with Runtime(discover_plugins=False, plugins=[watching]) as runtime:
        given = {"threeCxApi": sandbox.credential}
        runtime.run("threecx", DELETE, links(2), credentials=given, concurrency=1)
        assert watching.contexts == {("threecx", "Website Links", "Delete Weblink")}
        assert all(request.headers["Authorization"].startswith("Bearer ") for _, request in watching.prepared)
        assert len(watching.prepared) == 2
        # A renewed token makes another request of the same item; its refused answer is seen too.
        sandbox.expire_tokens()
        runtime.run("threecx", DELETE, [{"Link": "link-3"}], credentials=given)
    assert len(watching.prepared) == 4
    assert [status for _, status in watching.seen] == [204, 204, 401, 204]


@pytest.mark.slow
def test_a_retry_sends_the_request_as_it_was_prepared_and_every_answer_is_seen() -> None:
    watching = Watching()
    answers = [httpx.Response(429, headers={"retry-after": "0"}), 500, httpx.ConnectError("no"), {"ok": True}]
    runtime, transport = probing(answers, watching, retries=5)
    with runtime:
        result = runtime.run("probe", {"operation": "Get"})
    assert len(watching.prepared) == 1
    assert [r.headers["x-number"] for r in transport.requests] == ["1"] * 4
    assert [status for _, status in watching.seen] == [429, 500, 200]
    assert result.report.retries == 3
    assert result.report.statuses == {429: 1, 500: 1, 200: 1}


def test_errors_are_seen_but_not_transformed() -> None:
    watching = Watching()
    runtime, _ = probing([404], watching)
    with runtime:
        runtime.run("probe", {"operation": "Get"}, on_error="continue")
    assert watching.seen == [(0, 404)]
    assert watching.transformed == []


class Failing:
    """Fails on the second item, in the hook of choice, or gives what may not be given."""

    def __init__(self, hook: str, gives: Any = None) -> None:
        self._hook = hook
        self._gives = gives

    def _act(self, hook: str, context: CallContext) -> Any:
        if hook != self._hook or context.item != 1:
            return None
        if self._gives is None:
            raise LookupError("nothing there")
        return self._gives() if callable(self._gives) else self._gives

    @hookimpl
    def nodeloom_prepare_request(self, context: CallContext) -> Any:
        return self._act("nodeloom_prepare_request", context)

    @hookimpl
    def nodeloom_see_response(self, context: CallContext) -> None:
        self._act("nodeloom_see_response", context)

    @hookimpl
    def nodeloom_transform_result(self, context: CallContext) -> Any:
        return self._act("nodeloom_transform_result", context)


@pytest.mark.parametrize("hook", ["nodeloom_prepare_request", "nodeloom_see_response", "nodeloom_transform_result"])
def test_a_plugin_that_raises_fails_that_item_only_and_is_named(hook: str) -> None:
    watching = Watching()
    runtime, transport = probing(ok, Failing(hook), watching)
    with runtime:
        result = runtime.run("probe", GET, ITEMS, on_error="continue")
    assert [o.error is None for o in result.outcomes] == [True, False, True]
    (error,) = result.errors
    assert isinstance(error, HookError)
    assert error.details["plugin"] == "Failing"
    assert error.details["hook"] == hook
    assert "LookupError: nothing there" in error.message
    assert error.item == 1
    assert len(transport.requests) == (2 if hook == "nodeloom_prepare_request" else 3)


async def _coroutine() -> None: ...


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hook", "gives"),
    [
        ("nodeloom_prepare_request", "text"),
        ("nodeloom_prepare_request", _coroutine),
        ("nodeloom_transform_result", {"json": {}}),
        ("nodeloom_transform_result", [{"no": "json"}]),
        ("nodeloom_transform_result", ["text"]),
        ("nodeloom_transform_result", _coroutine),
    ],
)
def test_a_plugin_that_gives_what_it_may_not_is_named(hook: str, gives: Any) -> None:
    runtime, _ = probing(ok, Failing(hook, gives))
    with runtime:
        result = runtime.run("probe", GET, ITEMS, on_error="continue")
    (error,) = result.errors
    assert isinstance(error, HookError)
    assert "'Failing'" in error.message
    assert " not " in error.message


def test_a_hook_may_fail_an_item_in_its_own_words() -> None:
    class Refusing:
        @hookimpl
        def nodeloom_prepare_request(self, request: Request) -> None:
            if request.url.endswith("=2"):
                raise InvalidValueError("Two is not allowed here.", hint="Use three.")

    runtime, _ = probing(ok, Refusing())
    with runtime:
        result = runtime.run("probe", GET, ITEMS, on_error="continue")
    (error,) = result.errors
    assert type(error) is InvalidValueError
    assert error.message == "Two is not allowed here."
    assert error.details["plugin"] == "Refusing"


def test_a_hook_that_ends_the_process_fails_its_item_only() -> None:
    class Leaving:
        @hookimpl
        def nodeloom_see_response(self) -> None:
            raise SystemExit(3)

    runtime, _ = probing(ok, Leaving())
    with runtime:
        result = runtime.run("probe", GET, ITEMS, on_error="continue")
        assert [e.code for e in result.errors] == ["hook"] * 3


class Functions:
    @hookimpl
    def nodeloom_expression_functions(self) -> Mapping[str, Callable[..., Any]]:
        return {"double": lambda n: 2 * n, "broken": self._broken}

    def _broken(self) -> None:
        raise LookupError("no such word")


def test_expression_functions_of_plugins() -> None:
    runtime, transport = probing(ok, Functions())
    with runtime:
        runtime.run("probe", {"operation": "Get", "id": "={{ double($json.n) }}"}, ITEMS, concurrency=1)
        assert [r.url.params["id"] for r in transport.requests] == ["2", "4", "6"]
        result = runtime.run("probe", {"operation": "Get", "id": "={{ broken() }}"}, ITEMS[:1], on_error="continue")
    (error,) = result.errors
    assert "'Functions'" in error.message
    assert "no such word" in error.message


class Vault:
    def __init__(self, values: Any) -> None:
        self.values = values
        self.asked: list[tuple[str, str | None]] = []

    @hookimpl
    def nodeloom_resolve_credential(self, type_name: str, name: str | None) -> Any:
        self.asked.append((type_name, name))
        if isinstance(self.values, Exception):
            raise self.values
        return self.values


def test_a_plugin_may_know_the_credential(sandbox: ThreeCXSandbox) -> None:
    vault = Vault(sandbox.credential)
    with Runtime(discover_plugins=False, plugins=[Vault(None), vault]) as runtime:
        assert runtime.run("threecx", DELETE, links(1)).report.succeeded
        assert runtime.run("threecx", DELETE, [{"Link": "link-2"}], credentials="main").report.succeeded
        by_type = {"threeCxApi": "other"}
        assert runtime.run("threecx", DELETE, [{"Link": "link-3"}], credentials=by_type).report.succeeded
    assert vault.asked == [("threeCxApi", None), ("threeCxApi", "main"), ("threeCxApi", "other")]


@pytest.mark.parametrize("values", [ConnectionError("the vault is down"), ["no", "mapping"]])
def test_a_vault_that_fails_is_named_and_nothing_is_sent(values: Any) -> None:
    transport = RecordingTransport()
    with (
        Runtime(transport=transport, discover_plugins=False, plugins=[Vault(values)]) as runtime,
        pytest.raises(PluginError) as caught,
    ):
        runtime.run("threecx", DELETE, links(1))
    assert caught.value.details["plugin"] == "Vault"
    assert transport.requests == []


class Wire:
    """Provides a transport."""

    def __init__(self, made: Any) -> None:
        self._made = made

    @hookimpl
    def nodeloom_provide_transport(self) -> Any:
        if isinstance(self._made, Exception):
            raise self._made
        return self._made


def test_a_plugin_may_provide_the_transport_and_the_runtime_closes_it() -> None:
    transport = RecordingTransport(ok)
    with Runtime(discover_plugins=False, plugins=[Wire(None), Wire(transport)]) as runtime:
        runtime.add_node(PROBE)
        assert runtime.run("probe", GET, ITEMS).report.succeeded
        assert len(transport.requests) == 3
        assert not transport.closed
    assert transport.closed


def test_a_transport_that_is_given_goes_before_a_plugins() -> None:
    runtime, transport = probing(ok, Wire(RuntimeError("not asked")))
    with runtime:
        assert runtime.run("probe", GET, ITEMS).report.succeeded
    assert len(transport.requests) == 3


@pytest.mark.parametrize("made", [RuntimeError("no wire"), "text"])
def test_no_request_goes_around_a_transport_that_cannot_be_had(made: Any) -> None:
    with Runtime(discover_plugins=False, plugins=[Wire(made)]) as runtime:
        runtime.add_node(PROBE)
        with pytest.raises(PluginError) as caught:
            runtime.run("probe", GET, ITEMS, on_error="continue")
    assert caught.value.details["plugin"] == "Wire"
