"""The JavaScript evaluator: a bare QuickJS context per thread, with limits on time, memory and stack.

An engine starts with js/core.js (state, values in and out), the native*.js that mend built-in methods, names.js (what
expressions see) and harden.js (which freezes all of it). The other modules in js/ are loaded when an expression first
needs them: ext-*.js are n8n's extension methods by type, datetime*.js, duration.js and interval.js are luxon's classes,
intl*.js and locales.js know languages, jmespath*.js answers queries.

A context belongs to the thread that made it, so engines are thread-local, and a forked child makes its own.

A context with a time limit cannot call Python. Where JavaScript needs something from here (a parameter of the
node, another node's items, a plugin's function, a time zone's rules), its run ends with a question; the
answer is put in and the run begins anew. Expressions are pure, so that is not to be noticed; what can be
known from the text of a template is put in beforehand.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from nodeloom.errors import ExpressionError, ExpressionMemoryError, ExpressionTimeoutError
from nodeloom.expression import answers
from nodeloom.expression.crossing import decode, encode, number
from nodeloom.expression.scope import without_content
from nodeloom.expression.values import UNDEFINED

if TYPE_CHECKING:
    from nodeloom.expression.rewrite import Program
    from nodeloom.expression.scope import Environment, Item, ItemCell, Scope

#: Programs an engine keeps; more than a run has templates. Beyond it the engine starts afresh.
_MAX_PROGRAMS = 4000
#: Questions one evaluation may ask; a template that asks for more is at fault.
_MAX_QUESTIONS = 2000
_BOOT_LIMIT = 30.0
_LARGE = 1024 * 1024

_local = threading.local()


class _Discarded(Exception):
    """The engine cannot be used any more; holds the error that tells why."""

    def __init__(self, error: ExpressionError) -> None:
        super().__init__(error.message)
        self.error = error


def evaluate(program: Program, scope: Scope) -> object:
    """Run `program` against `scope`.

    Raises:
        ExpressionError: the code failed, or went over a limit.
    """
    from nodeloom.expression.quickjs import JSException

    engine = current_engine()
    try:
        value = engine.evaluate(program, scope)
    except _Discarded as broken:
        _local.engine = None
        raise broken.error from None
    except (JSException, MemoryError):
        # Outside a run only memory can fail: for what is handed over, or for a program's code.
        _local.engine = None
        raise _memory_error() from None
    return value


def check_syntax(program: Program) -> str | None:
    """What QuickJS has against the syntax of `program`, or None."""
    return current_engine().check(program)


def current_engine() -> Engine:
    """This thread's engine."""
    engine: Engine | None = getattr(_local, "engine", None)
    if engine is None or engine.process != os.getpid() or len(engine.programs) > _MAX_PROGRAMS:
        engine = _local.engine = Engine()
    return engine


@contextmanager
def _set_aside() -> Iterator[None]:
    """Let a host's function, which may evaluate expressions of its own, find another engine than its caller's."""
    engine, _local.engine = getattr(_local, "engine", None), getattr(_local, "spare", None)
    try:
        yield
    finally:
        _local.engine, _local.spare = engine, _local.engine


@cache
def module_source(name: str) -> str:
    """The JavaScript of one of the package's modules."""
    return resources.files("nodeloom.expression").joinpath("js", f"{name}.js").read_text("utf-8")


class Engine:
    """One QuickJS context and what it has been given so far."""

    def __init__(self) -> None:
        from nodeloom.expression.quickjs import Context

        self.process = os.getpid()
        self.programs: dict[str, int] = {}
        self._context: Any = Context()
        self._context.set_max_stack_size(_stack_size())
        api = self._context.eval(module_source("core"))
        self._define: Callable[[str, bool], int] = api("define")
        self._check: Callable[[str, str], None] = api("check")
        self._load: Callable[[str, str], str] = api("load")
        self._give: Callable[[str, str, str], None] = api("give")
        self._forget: Callable[[str], None] = api("forget")
        self._item: Callable[[str, str, int], None] = api("item")
        self._run: Callable[[int, str], Any] = api("run")
        for part in ("native", "native-loops", "native-date", "native-meter", "names", "harden"):
            api("install")(module_source(part))
        api("seal")()
        self._base = self._used()
        self._given: dict[str, set[tuple[str, str]]] = {level: set() for level in answers.LIFETIME.values()}
        self._held: dict[str, int] = {}  # bytes of large data handed over, by how long it stays; no part of the limit
        self._limits: tuple[float, int] | None = None
        self._environment: Environment | None = None
        self._items: object = None
        self._cell: ItemCell | None = None
        self._scope: Scope | None = None

    def _used(self) -> int:
        return int(self._context.memory()["malloc_size"])

    def check(self, program: Program) -> str | None:
        """The message of the syntax error in `program`, or None."""
        from nodeloom.expression.quickjs import JSException

        if program.source in self.programs:
            return None
        try:
            self._check(program.source, json.dumps(program.regexes))
        except JSException as fault:
            return str(fault).partition("\n")[0].removeprefix("SyntaxError: ")
        return None

    def evaluate(self, program: Program, scope: Scope) -> object:
        """See `evaluate`."""
        index = self.programs.get(program.source)
        if index is None:
            index = self.programs[program.source] = self._define(program.source, program.pure)
        self._prepare(program, scope)
        names = scope.names_text(program.names) if scope.names else ""
        time_limit = scope.environment.time_limit
        result = self._attempt(index, names, time_limit)
        if type(result) is str and result[0] == "?":
            result = self._converse(program, index, names, scope, result)
        return _value(result)

    def _prepare(self, program: Program, scope: Scope) -> None:
        """Put in what belongs to the scope, and its run's limits."""
        if scope is not self._scope:
            self._enter(scope)
        if program.item and scope.cell is not self._cell:
            self._take_item(scope.cell)
        for kind, key in program.preload:
            if (kind, key) not in self._given[answers.LIFETIME[kind]]:
                answers.preload(self, kind, key, scope)
        limits = (scope.environment.time_limit, scope.environment.memory_limit)
        if limits != self._limits:
            self._context.set_time_limit(limits[0])
            self._context.set_memory_limit(self._base + sum(self._held.values()) + limits[1])
            self._limits = limits

    def _attempt(self, index: int, names: str, time_limit: float) -> Any:
        """One run, its uncatchable failures made errors."""
        from nodeloom.expression.quickjs import JSException

        started = time.monotonic()
        while True:
            try:
                return self._run(index, names)
            except JSException as fault:
                if "interrupted" in str(fault):
                    # QuickJS counts the processor time of the whole process; other threads may have used it.
                    if time.monotonic() - started < time_limit * 0.9:
                        continue
                    raise _Discarded(
                        ExpressionTimeoutError(f"The expression took longer than its limit of {time_limit:g} s.")
                    ) from None
                raise _Discarded(_memory_error()) from None
            except MemoryError:
                raise _Discarded(_memory_error()) from None

    def _converse(self, program: Program, index: int, names: str, scope: Scope, result: Any) -> Any:
        """Answer the run's questions until it has no more."""
        time_limit = scope.environment.time_limit
        deadline = time.monotonic() + 2 * time_limit
        for _ in range(_MAX_QUESTIONS):
            for kind, key in decode(result[1:]):
                with _set_aside() if kind == "function" else nullcontext():
                    answers.answer(self, kind, key, scope)
            self._prepare(program, scope)
            result = self._attempt(index, names, time_limit)
            if type(result) is not str or result[0] != "?":
                return result
            if time.monotonic() > deadline:
                raise ExpressionTimeoutError(f"The expression took longer than its limit of {time_limit:g} s.")
        raise ExpressionError("The expression asks for too many things one by one.")

    def _enter(self, scope: Scope) -> None:
        """Forget what belongs to another scope, list of items or run."""
        if scope.environment is not self._environment:
            self._environment = scope.environment
            self._drop("environment")
        if scope.cell.items is not self._items:
            self._items = scope.cell.items
            self._drop("items")
        self._drop("scope")
        self._scope = scope

    def _drop(self, level: str) -> None:
        if self._given[level]:
            self._given[level].clear()
            self._forget(level)
            if self._held.pop(level, 0):
                self._limits = None

    def _take_item(self, cell: ItemCell) -> None:
        if cell.json_text is None or cell.rest_text is None:
            cell.json_text, cell.rest_text = _item_texts(cell.item)
        if self._held.pop("item", 0):
            self._limits = None
        self._hold("item", len(cell.json_text) + len(cell.rest_text))
        self._item(cell.json_text, cell.rest_text, cell.index)
        self._cell = cell

    def give(self, kind: str, key: str, text: str) -> None:
        """Hand over the answer to a question."""
        self._hold(answers.LIFETIME[kind], len(text))
        self._give(kind, key, text)
        self._given[answers.LIFETIME[kind]].add((kind, key))

    def _hold(self, level: str, size: int) -> None:
        """Count data handed over against nobody's limit, where it is large enough to matter."""
        if size >= _LARGE:
            self._held[level] = self._held.get(level, 0) + size
            self._context.set_memory_limit(-1)
            self._limits = None

    def load(self, name: str) -> None:
        """Load one of the package's modules; that is no part of an evaluation and has no part in its limits."""
        base, before = self._base, self._used()
        self._context.set_time_limit(_BOOT_LIMIT)
        self._context.set_memory_limit(-1)
        while first := self._load(name, module_source(name)):
            self.load(first)
        self._base = base + max(0, self._used() - before)
        self._limits = None


def _item_texts(item: Item | None) -> tuple[str, str]:
    """The item's data and the rest of it as they cross; empty if there is no item."""
    if item is None:
        return "", ""
    rest = {k: v for k, v in item.items() if k != "json"}
    if rest.get("binary"):
        rest["binary"] = without_content(rest["binary"])
    return encode(item.get("json", {})), encode(rest) if rest else "{}"


def _memory_error() -> ExpressionMemoryError:
    return ExpressionMemoryError("The expression wanted more memory than its limit, or its result is too large.")


def _value(result: Any) -> object:
    """The Python value of what `run` gave."""
    kind = type(result)
    if kind is str:
        mark = result[0]
        if mark == "u":
            return UNDEFINED
        if mark == "s":
            return result[1:]
        if mark == "j":
            return decode(result[1:])
        if mark == "n":
            return None
        if mark == "m":
            raise _Discarded(_memory_error())
        _, message = decode(result[1:])
        raise ExpressionError(message)
    if result is None:
        # `run` always returns something; without memory even its own handler fails.
        raise _Discarded(_memory_error())
    return result if kind is bool else number(result)


def _stack_size() -> int:
    """Bytes of C stack JavaScript may use: threads other than the main one may have little."""
    if threading.current_thread() is threading.main_thread():
        return 1024 * 1024
    configured = threading.stack_size()
    if configured:
        return min(1024 * 1024, configured // 2)
    return 256 * 1024
