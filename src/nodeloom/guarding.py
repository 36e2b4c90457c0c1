"""Guards: what pluggy's call loop calls in place of a plugin's implementations.

A guard names the plugin when its implementation fails, gives it copies of its own, and checks what it gives. All else
is pluggy's: the order of calls, `tryfirst` and `trylast`, `firstresult`, and the wrappers.
"""

from __future__ import annotations

import copy
import functools
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import NamedTuple, ParamSpec, TypeVar

import pluggy

from nodeloom.errors import HookError, ItemError, NodeloomError, PluginError
from nodeloom.hooks import hookimpl
from nodeloom.hookvalues import Brought, InTurn, copy_argument, wrong_type

Value = TypeVar("Value")
Step = ParamSpec("Step")

#: A hook is called on the event loop, so one that takes longer holds up every other item.
SLOW_SECONDS = 1.0
_WORDS = 2000

_slow: set[tuple[str, str]] = set()


# -- whose fault it is -------------------------------------------------------------------------------------------------


def is_interrupt(fault: BaseException) -> bool:
    """Whether `fault` is the user's Ctrl-C, which Python raises on the main thread only, and not a plugin's fault."""
    return isinstance(fault, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


def item_error(plugin: str, hook: str, fault: BaseException) -> NodeloomError:
    """The error of the item that a hook failed for: a HookError, or the hook's own ItemError.

    `SystemExit`, `asyncio.CancelledError` and the like fail the item as any exception does; a hook does not end a run.
    """
    if not isinstance(fault, ItemError):
        return hook_error(plugin, hook, fault)
    # A hook may raise one error for many items, so each item gets its own.
    own = copy.copy(fault)
    own.details = {"plugin": plugin, "hook": hook, **fault.details}
    own.__cause__ = fault.__cause__
    return own


def hook_error(plugin: str, hook: str, fault: BaseException) -> HookError:
    """The error for a hook, or a function for expressions, that failed."""
    error = HookError(
        f"The plugin {plugin!r} failed in {hook}: {words(fault)}",
        hint="Mend or remove the plugin, or leave it out with NODELOOM_DISABLE_PLUGINS.",
        plugin=plugin,
        hook=hook,
    )
    # A fault that raises when it is printed is left out: what prints the error, or looks for secrets, would fail too.
    error.__cause__ = fault if _is_printable(fault) else None
    return error


def plugin_error(plugin: str, hook: str, fault: BaseException) -> PluginError:
    """The error for a plugin that failed outside the work on an item."""
    error = PluginError(
        f"The plugin {plugin!r} failed ({hook}): {words(fault)}",
        hint=getattr(fault, "hint", None) or "Mend or remove the plugin; everything else keeps working.",
        plugin=plugin,
        hook=hook,
    )
    error.__cause__ = fault
    return error


def credential_error(plugin: str, hook: str, fault: BaseException) -> NodeloomError:
    """The error for a plugin that could not say whether it has a credential: a PluginError, or its own error."""
    if not isinstance(fault, NodeloomError):
        return plugin_error(plugin, hook, fault)
    fault.details.setdefault("plugin", plugin)
    return fault


def _is_printable(fault: BaseException) -> bool:
    try:
        return isinstance(f"{fault!r} {fault!s}", str)
    except BaseException as another:
        # A plugin's own __str__ or __repr__, which may raise what would end the event loop.
        if is_interrupt(another):
            raise
        return False


def words(fault: BaseException) -> str:
    """What an exception says. The name of its type, if its own `__str__` raises."""
    if isinstance(fault, NodeloomError):
        return fault.message
    kind = type(fault).__name__
    try:
        text = str(fault)[:_WORDS]
    except BaseException as another:
        if is_interrupt(another):
            raise
        return kind
    return f"{kind}: {text}" if text else kind


# -- what holds for each hook ------------------------------------------------------------------------------------------


class HookRule(NamedTuple):
    """How the implementations of a hook are guarded.

    `error` makes the error to raise for a fault. `check` is given the plugin's name and what its implementation gave,
    and raises TypeError or ValueError; it is None if an `InTurn` checks that, or if it does not matter. `on_loop` says
    that the hook is called on the event loop while items are worked on.
    """

    error: Callable[[str, str, BaseException], NodeloomError]
    check: Callable[[str, object], object] | None = None
    on_loop: bool = False


def _check_fields(plugin: str, given: object) -> Brought:
    if isinstance(given, Brought):
        return given
    if not isinstance(given, Mapping):
        raise wrong_type(given, "the credential's fields as a mapping, or None")
    return Brought(plugin, given)


def _check_transport(_plugin: str, given: object) -> object:
    if not hasattr(given, "handle_async_request"):
        raise wrong_type(given, "an httpx.AsyncBaseTransport, or None")
    return given


#: The hooks that register. They are called once; a plugin that fails in one is noted, and the others keep working.
REGISTERING = ("nodeloom_nodes", "nodeloom_credential_types", "nodeloom_expression_functions")
_RULES = {
    "nodeloom_resolve_credential": HookRule(credential_error, _check_fields),
    "nodeloom_provide_transport": HookRule(plugin_error, _check_transport),
    "nodeloom_prepare_request": HookRule(item_error, on_loop=True),
    "nodeloom_see_response": HookRule(item_error, on_loop=True),
    "nodeloom_transform_result": HookRule(item_error, on_loop=True),
}


# -- the guards --------------------------------------------------------------------------------------------------------


class Hook(NamedTuple):
    """A hook's specification: its name, its function in `Hooks`, the names of its arguments, and `firstresult`."""

    name: str
    function: Callable[..., object]
    arguments: tuple[str, ...]
    firstresult: bool


def guard_implementation(hook: Hook, implementation: pluggy.HookImpl) -> Callable[..., object]:
    """A function for pluggy to call in place of `implementation`, at the same place in the order of calls.

    A wrapper of a hook that registers is not among them: `pluginchecks` refuses it.
    """
    guarded = _guard_function(hook, implementation)
    # pluggy reads from its signature what a function is to be given: here everything that the specification has, so
    # that a result can be checked although its plugin left out the argument.
    functools.update_wrapper(guarded, hook.function, updated=())
    return hookimpl(
        specname=hook.name,
        tryfirst=implementation.tryfirst,
        trylast=implementation.trylast,
        wrapper=implementation.wrapper,
        hookwrapper=implementation.hookwrapper,
    )(guarded)


def _guard_function(hook: Hook, implementation: pluggy.HookImpl) -> Callable[..., object]:
    if hook.name in REGISTERING:
        return _guard_registering(implementation)
    guard = _Guard(hook, implementation)
    if not (implementation.wrapper or implementation.hookwrapper):

        def guarded(*arguments: object) -> object:
            return guard.call(arguments)

        return guarded

    def guarded_wrapper(*arguments: object) -> Generator[None, object, object]:
        return (yield from guard.wrap(arguments))

    return guarded_wrapper


def _guard_registering(implementation: pluggy.HookImpl) -> Callable[..., Brought]:
    plugin, function = implementation.plugin_name, implementation.function

    def guarded() -> Brought:
        try:
            return Brought(plugin, function())
        except BaseException as fault:
            if is_interrupt(fault):
                raise
            return Brought(plugin, fault=fault)

    return guarded


class _Guard:
    """The guard of one implementation of a hook that does not register."""

    __slots__ = ("_defaulted", "_first_only", "_function", "_hook", "_old_style", "_plugin", "_positions", "_rule")

    def __init__(self, hook: Hook, implementation: pluggy.HookImpl) -> None:
        names = hook.arguments
        self._hook = hook.name
        self._rule = _RULES[hook.name]
        self._plugin = implementation.plugin_name
        self._function = implementation.function
        self._old_style = implementation.hookwrapper
        self._first_only = hook.firstresult
        self._positions = [names.index(name) for name in implementation.argnames]
        # Arguments with a default; pluggy before 1.7 does not pass them, so that their default always counted.
        self._defaulted = {name: names.index(name) for name in implementation.kwargnames if name in names}

    def call(self, arguments: Sequence[object]) -> object:
        """What the implementation gives, checked. Raises the error of the rule, which names the plugin."""
        return self._attempt(None, self._call, arguments)

    def wrap(self, arguments: Sequence[object]) -> Generator[None, object, object]:
        """The wrapper as a generator: it is sent the result, or thrown the exception, of what it wraps.

        A wrapper of the old style (`hookwrapper=True`) is sent a `pluggy.Result` that has either.
        """
        controller = self._attempt(None, self._start, arguments)
        outcome: object = None
        fault: BaseException | None = None
        try:
            outcome = yield
        except BaseException as inner:  # noqa: BLE001 - the wrapper is thrown it, as pluggy does
            fault = inner
        if isinstance(outcome, pluggy.Result) and self._old_style:
            return self._attempt(outcome.exception, self._finish_old, controller, outcome, _turn_of(arguments))
        result = self._attempt(fault, self._finish, controller, outcome, fault, _turn_of(arguments))
        if fault is not None and is_interrupt(fault):
            # The wrapper made a result of it.
            raise fault
        return result

    def _attempt(
        self, inner: BaseException | None, step: Callable[Step, Value], *given: Step.args, **named: Step.kwargs
    ) -> Value:
        """What `step` gives. A fault is the plugin's, unless it is `inner`, the fault of a plugin that it wraps."""
        started = time.monotonic()
        try:
            return step(*given, **named)
        except BaseException as fault:
            if fault is inner or is_interrupt(fault):
                raise
            failed = self._rule.error(self._plugin, self._hook, fault)
        finally:
            if self._rule.on_loop:
                _note_slow(self._plugin, self._hook, time.monotonic() - started)
        raise failed

    def _call(self, arguments: Sequence[object]) -> object:
        given = self._apply(arguments)
        turn = _turn_of(arguments)
        accepted = self._accept(given, turn)
        if turn is not None and accepted is not None:
            turn.value = accepted
        return accepted

    def _apply(self, arguments: Sequence[object]) -> object:
        own = [copy_argument(arguments[position]) for position in self._positions]
        named = {name: copy_argument(arguments[position]) for name, position in self._defaulted.items()}
        return self._function(*own, **named)

    def _accept(self, given: object, turn: InTurn[object] | None) -> object:
        if given is None:
            return None
        if turn is not None:
            return turn.check(given)
        return given if self._rule.check is None else self._rule.check(self._plugin, given)

    # -- wrappers ------------------------------------------------------------------------------------------------------

    def _start(self, arguments: Sequence[object]) -> Generator[None, object, object]:
        controller = self._apply(arguments)
        if not isinstance(controller, Generator):
            raise wrong_type(controller, "a generator, as a wrapper must")
        try:
            next(controller)
        except StopIteration:
            raise RuntimeError("it is a wrapper and does not yield") from None
        return controller

    def _finish(
        self,
        controller: Generator[None, object, object],
        result: object,
        fault: BaseException | None,
        turn: InTurn[object] | None,
    ) -> object:
        try:
            controller.send(result) if fault is None else controller.throw(fault)
        except StopIteration as end:
            return self._accept_results(end.value, turn)
        controller.close()
        raise RuntimeError("it is a wrapper and yields twice")

    def _finish_old(
        self, controller: Generator[None, object, object], outcome: pluggy.Result[object], turn: InTurn[object] | None
    ) -> None:
        fault = outcome.exception
        try:
            controller.send(outcome)
        except StopIteration:
            if fault is not None and is_interrupt(fault):
                outcome.force_exception(fault)
            elif outcome.exception is None:
                outcome.force_result(self._accept_results(outcome.get_result(), turn))
            return
        controller.close()
        raise RuntimeError("it is a wrapper and yields twice")

    def _accept_results(self, given: object, turn: InTurn[object] | None) -> object:
        """What a wrapper made of the results: one for a hook with `firstresult`, else the list of all."""
        if self._first_only:
            return self._accept(given, None)
        if turn is None:
            # What is given for an answer that was seen does not matter.
            return given
        if not isinstance(given, list):
            raise wrong_type(given, "the list of results that it wraps")
        return [self._accept(result, turn) for result in given if result is not None]


def _turn_of(arguments: Sequence[object]) -> InTurn[object] | None:
    return next((argument for argument in arguments if isinstance(argument, InTurn)), None)


def _note_slow(plugin: str, hook: str, seconds: float) -> None:
    if seconds > SLOW_SECONDS and (plugin, hook) not in _slow:
        import logging  # here, for most hooks are quick

        _slow.add((plugin, hook))
        logging.getLogger("nodeloom").warning(
            "the plugin %r took %.1f s in %s, and every other item waited", plugin, seconds, hook
        )


def call_function(plugin: str, name: str, function: Callable[..., object], *arguments: object) -> object:
    """What a plugin's function for expressions gives. Raises HookError naming the plugin."""
    try:
        return function(*arguments)
    except BaseException as fault:
        if is_interrupt(fault):
            raise
        failed = hook_error(plugin, f"{name}()", fault)
    raise failed
