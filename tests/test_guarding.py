"""Hooks are called as pluggy calls them: its own manager, with the same plugins, is the judge."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

import pluggy
import pytest

from nodeloom import CallContext, Request, Response, Runtime, hookimpl
from nodeloom.errors import HookError, InvalidValueError, NodeloomError
from nodeloom.guarding import _RULES, REGISTERING
from nodeloom.hooks import Hooks
from nodeloom.plugins import Plugins
from nodeloom.testing import RecordingTransport
from tests.run.doubles import PROBE, ok

CONTEXT = CallContext("probe", None, "Get", 0)
REQUEST = Request("GET", "https://probe.test/")
RESPONSE = Response(200, {}, b"{}")
Trace = list[str]

# What a hook is called with, and what a plugin of some name gives in it.
CALLS: dict[str, dict[str, Any]] = {
    "nodeloom_resolve_credential": {"type_name": "probeApi", "name": None},
    "nodeloom_provide_transport": {},
    "nodeloom_prepare_request": {"request": REQUEST, "context": CONTEXT},
    "nodeloom_see_response": {"request": REQUEST, "response": RESPONSE, "context": CONTEXT},
    "nodeloom_transform_result": {"items": [{"json": {}}], "context": CONTEXT},
}
TRANSPORTS = {name: RecordingTransport() for name in "abcdefgh"}


def gift(hook: str, name: str) -> Any:
    return {
        "nodeloom_resolve_credential": {"of": name},
        "nodeloom_provide_transport": TRANSPORTS[name],
        "nodeloom_prepare_request": Request("GET", f"https://probe.test/{name}"),
        "nodeloom_see_response": None,
        "nodeloom_transform_result": [{"json": {"of": name}}],
    }[hook]


def plugin(hook: str, name: str, kind: str, trace: Trace) -> Any:
    """A plugin that writes down when it is called, and does in the hook as its kind says."""

    def plain(self: Any) -> Any:
        trace.append(name)
        return gift(hook, name)

    def silent(self: Any) -> None:
        trace.append(name)

    def raising(self: Any) -> None:
        trace.append(name)
        raise InvalidValueError(name)

    def passing(self: Any) -> Generator[None, Any, Any]:
        trace.append(f"{name}(")
        try:
            return (yield)
        finally:
            trace.append(f")[{name}")

    def replacing(self: Any) -> Generator[None, Any, Any]:
        trace.append(f"{name}(")
        result = yield
        trace.append(f"){name}")
        own = gift(hook, name)
        return [*result, own] if isinstance(result, list) and own is not None else own

    def rescuing(self: Any) -> Generator[None, Any, Any]:
        trace.append(f"{name}(")
        try:
            return (yield)
        except NodeloomError as error:
            trace.append(f"){name} {error.message[-1]}")
            own = gift(hook, name)
            return own if SINGLE[hook] or own is None else [own]

    def failing(self: Any) -> Generator[None, Any, Any]:
        trace.append(f"{name}(")
        yield
        trace.append(f"){name}")
        raise InvalidValueError(name)

    def old(self: Any) -> Generator[None, pluggy.Result[Any], None]:
        trace.append(f"{name}(")
        outcome = yield
        trace.append(f"){name} {outcome.exception is None}")
        own = gift(hook, name)
        if own is not None:
            outcome.force_result(own if SINGLE[hook] else [own])

    kinds: dict[str, tuple[Any, dict[str, bool]]] = {
        "plain": (plain, {}),
        "first": (plain, {"tryfirst": True}),
        "last": (plain, {"trylast": True}),
        "silent": (silent, {"tryfirst": True}),
        "raising": (raising, {}),
        "passing": (passing, {"wrapper": True}),
        "replacing": (replacing, {"wrapper": True}),
        "rescuing": (rescuing, {"wrapper": True, "trylast": True}),
        "failing": (failing, {"wrapper": True, "tryfirst": True}),
        "old": (old, {"hookwrapper": True}),
    }
    function, options = kinds[kind]
    made = type(name, (), {hook: hookimpl(**options)(function)})  # type: ignore[call-overload]
    return made()


SINGLE = {hook: bool(vars(Hooks)[hook].nodeloom_spec["firstresult"]) for hook in CALLS}


def call_by_pluggy(hook: str, plugins: Sequence[Any]) -> Any:
    """What pluggy's own manager gives; of a list, the last result is the one that counts."""
    manager = pluggy.PluginManager("nodeloom")
    manager.add_hookspecs(Hooks)
    for each in plugins:
        manager.register(each)
    try:
        result = getattr(manager.hook, hook)(**CALLS[hook])
    except InvalidValueError as error:
        return f"failed: {error.message}"
    if SINGLE[hook]:
        return result
    if hook == "nodeloom_see_response":
        return None
    return result[-1] if result else next(iter(CALLS[hook].values()))


def call_by_us(hook: str, plugins: Sequence[Any]) -> Any:
    manager = Plugins(plugins, discover=False)
    assert manager.failures == []
    calls = {
        "nodeloom_resolve_credential": manager.credential_values,
        "nodeloom_provide_transport": manager.transport,
        "nodeloom_prepare_request": manager.prepare,
        "nodeloom_see_response": manager.show,
        "nodeloom_transform_result": manager.transform,
    }
    try:
        result = calls[hook](**CALLS[hook])  # type: ignore[operator]
    except NodeloomError as error:
        # A failure of the transport's hook is a PluginError in every case; it ends with the plugin's words.
        return f"failed: {error.message[-1]}"
    return result[1] if hook == "nodeloom_resolve_credential" and result is not None else result


KINDS = ["plain", "first", "last", "silent", "raising", "passing", "replacing", "rescuing", "failing", "old"]


@pytest.mark.filterwarnings("ignore::pluggy.PluggyTeardownRaisedWarning")
@pytest.mark.parametrize("hook", CALLS)
def test_order_and_result_are_what_pluggys_own_manager_gives(hook: str) -> None:
    """Of three kinds of implementations in any order of registration; every seventh of all the orders."""
    for kinds in itertools.islice(itertools.permutations(KINDS, 3), 0, None, 7):
        traces: tuple[Trace, Trace] = ([], [])
        ours, theirs = (
            [plugin(hook, name, kind, trace) for name, kind in zip("abc", kinds, strict=True)] for trace in traces
        )
        assert (call_by_us(hook, ours), traces[0]) == (call_by_pluggy(hook, theirs), traces[1]), kinds


def test_two_implementations_of_one_plugin_keep_their_order() -> None:
    """By `specname`; each of them `trylast`, plain or `tryfirst`."""
    for options in itertools.product([{}, {"tryfirst": True}, {"trylast": True}], repeat=3):
        traces: list[Trace] = []
        for call in (call_by_us, call_by_pluggy):
            traces.append([])

            def implement(name: str, of: dict[str, bool], trace: Trace) -> Any:
                def implementation(self: Any) -> None:
                    trace.append(name)

                return hookimpl(specname="nodeloom_see_response", **of)(implementation)  # type: ignore[call-overload]

            named = zip("abc", options, strict=True)
            made = type("Made", (), {name: implement(name, of, traces[-1]) for name, of in named})
            call("nodeloom_see_response", [made(), plugin("nodeloom_see_response", "d", "plain", traces[-1])])
        assert traces[0] == traces[1]
        assert sorted(traces[0]) == ["a", "b", "c", "d"]


def test_each_hook_has_a_rule() -> None:
    assert {*_RULES, *REGISTERING} == {name for name in vars(Hooks) if name.startswith("nodeloom_")}


def test_each_implementation_is_given_what_the_one_before_it_gave() -> None:
    """Also one that leaves out the argument, and one whose argument has a default."""

    class Adding:
        @hookimpl
        def nodeloom_prepare_request(self, request: Request) -> Request:
            return replace(request, url=request.url + "x")

    class Made:
        @hookimpl
        def nodeloom_prepare_request(self, context: CallContext) -> Request:
            return Request("GET", f"https://made.test/{context.item}")

    class Defaulted:
        @hookimpl
        def nodeloom_prepare_request(self, request: Request, context: CallContext | None = None) -> Request:
            return replace(request, url=f"{request.url}{context and context.node}")

    plugins = Plugins([Defaulted(), Adding(), Made(), Adding()], discover=False)
    assert plugins.prepare(REQUEST, CONTEXT).url == "https://made.test/0xprobe"


@pytest.mark.parametrize("hook", REGISTERING)
@pytest.mark.parametrize("style", ["wrapper", "hookwrapper"])
def test_a_wrapper_of_a_hook_that_registers_is_refused(hook: str, style: str) -> None:
    def wrap(self: Any) -> Generator[None, Any, Any]:
        return (yield)

    wrapping = type("Wrapping", (), {hook: hookimpl(**{style: True})(wrap)})()  # type: ignore[call-overload]
    plugins = Plugins([wrapping], discover=False)
    (failure,) = plugins.failures
    assert f"{hook} cannot be wrapped: what another plugin registers is that plugin's own" in failure.message
    assert set(plugins.collect("nodeloom_nodes")) == {"threecx"}


def wrapper(act: Any, style: str = "wrapper", hook: str = "nodeloom_prepare_request") -> Any:
    def wrap(self: Any, request: Request) -> Any:
        return (yield from act(request))

    return type("Wrapping", (), {hook: hookimpl(**{style: True})(wrap)})()  # type: ignore[call-overload]


def quit_early(request: Request) -> Any:
    yield from ()


def yield_twice(request: Request) -> Any:
    yield
    yield


def raise_before(request: Request) -> Any:
    if request:
        raise LookupError("before")
    yield


def raise_after(request: Request) -> Any:
    yield
    raise LookupError("after")


def give_text(request: Request) -> Any:
    outcome = yield
    if isinstance(outcome, pluggy.Result):
        outcome.force_result("text")
    return "text"


def give_a_broken_request(request: Request) -> Any:
    outcome = yield
    broken = [Request("GET", "/nowhere")]
    if isinstance(outcome, pluggy.Result):
        outcome.force_result(broken)
    return broken


@pytest.mark.filterwarnings("ignore::pluggy.PluggyTeardownRaisedWarning")
@pytest.mark.parametrize("style", ["wrapper", "hookwrapper"])
@pytest.mark.parametrize(
    ("act", "said"),
    [
        (quit_early, "does not yield"),
        (yield_twice, "yields twice"),
        (raise_before, "LookupError: before"),
        (raise_after, "LookupError: after"),
        (give_text, "it gave a text, not the list of results"),
        (give_a_broken_request, "not an absolute, encoded address"),
    ],
)
def test_a_wrapper_that_fails_is_named(act: Any, said: str, style: str) -> None:
    transport = RecordingTransport(ok)
    with Runtime(transport=transport, discover_plugins=False, plugins=[wrapper(act, style)]) as runtime:
        runtime.add_node(PROBE)
        result = runtime.run("probe", {"operation": "Get"}, on_error="continue")
    (error,) = result.errors
    assert isinstance(error, HookError)
    assert error.details == {"plugin": "Wrapping", "hook": "nodeloom_prepare_request"}
    assert said in error.message
    assert transport.requests == []


@pytest.mark.filterwarnings("ignore::pluggy.PluggyTeardownRaisedWarning")
@pytest.mark.parametrize("style", ["wrapper", "hookwrapper"])
def test_a_fault_that_goes_through_a_wrapper_stays_the_plugins_that_raised_it(style: str) -> None:
    def pass_on(request: Request) -> Any:
        outcome = yield
        return outcome.get_result() if isinstance(outcome, pluggy.Result) else outcome

    class Raising:
        @hookimpl
        def nodeloom_prepare_request(self) -> None:
            raise LookupError("inside")

    with pytest.raises(HookError) as caught:
        Plugins([wrapper(pass_on, style), Raising()], discover=False).prepare(REQUEST, CONTEXT)
    assert caught.value.details["plugin"] == "Raising"


@pytest.mark.parametrize("style", ["wrapper", "hookwrapper"])
def test_no_wrapper_takes_ctrl_c_from_the_user(style: str) -> None:
    def swallow(request: Request) -> Any:
        try:
            outcome = yield
        except BaseException:  # noqa: BLE001 - what a careless plugin does
            return []
        outcome.force_result([])
        return None

    class Interrupted:
        @hookimpl
        def nodeloom_prepare_request(self) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Plugins([wrapper(swallow, style), Interrupted()], discover=False).prepare(REQUEST, CONTEXT)


@pytest.mark.parametrize("style", ["wrapper", "hookwrapper"])
def test_what_a_wrapper_is_given_is_its_own(style: str) -> None:
    def spoil(request: Request) -> Any:
        request.url = "https://elsewhere.test/"
        request.headers["X"] = "y"
        return (yield)

    assert Plugins([wrapper(spoil, style)], discover=False).prepare(REQUEST, CONTEXT) == REQUEST


def test_what_a_plugin_returned_is_its_own_too() -> None:
    """It may return one object for every item: nothing is written on it, and a later change of it changes nothing."""
    shared = Request("GET", "https://probe.test/", {"X": "1"})
    items = [{"json": {"list": [1]}}]

    class Sharing:
        @hookimpl
        def nodeloom_prepare_request(self) -> Request:
            return shared

        @hookimpl
        def nodeloom_transform_result(self) -> Any:
            return items

    plugins = Plugins([Sharing()], discover=False)
    given = replace(REQUEST, hosts=("probe.test",), credential_headers=frozenset({"x"}))
    prepared, transformed = plugins.prepare(given, CONTEXT), plugins.transform([], CONTEXT)
    shared.headers["X"] = "2"
    items[0]["json"]["list"].append(2)
    assert (prepared.headers, prepared.hosts) == ({"X": "1"}, ("probe.test",))
    assert (shared.hosts, shared.credential_headers) == (None, frozenset())
    assert transformed == [{"json": {"list": [1]}}]


def test_the_one_that_knew_the_credential_is_named_through_a_wrapper() -> None:
    class Vault:
        @hookimpl
        def nodeloom_resolve_credential(self) -> dict[str, str]:
            return {"token": "t"}

    class Noting:
        seen: tuple[str, ...] = ()

        @hookimpl(wrapper=True)
        def nodeloom_resolve_credential(self) -> Generator[None, Any, Any]:
            found = yield
            self.seen = tuple(found)
            assert "t" not in repr(found).split("token")
            return found

    noting = Noting()
    assert Plugins([Vault(), noting], discover=False).credential_values("probeApi", None) == ("Vault", {"token": "t"})
    assert noting.seen == ("token",)
