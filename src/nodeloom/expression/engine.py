"""The JavaScript evaluator: what a run's templates need of QuickJS, and what QuickJS is given of a scope.

An engine has an interpreter, which holds a bare QuickJS context: in this process (`interpreter.py`), or in one of its
own that is killed at its limit (`interpreter_process.py`). It starts with js/core.js (data in and out), the native*.js
that mend built-in methods, names.js (what expressions see) and harden.js (which freezes all of it). The other modules
in js/ are loaded when an expression first needs them: ext-*.js are n8n's extension methods by type, datetime*.js,
duration.js and interval.js are luxon's classes, intl*.js and locales.js know languages, jmespath*.js answers queries.

Engines belong to a runtime (`Engines`), and within it to the thread that made them; a forked child makes its own. So
what one tenant's expression might leave in an engine, against all that is done to prevent it, no other tenant meets.

A context with a time limit cannot call Python. If JavaScript needs something from here (a parameter of the node,
another node's items, a plugin's function, a time zone's rules), its run ends with a question; the answer is put in
and the run begins anew. Expressions are pure, so that is not to be noticed; what can be known from the text of a
template is put in beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

from nodeloom.errors import ExpressionError, ExpressionMemoryError, ExpressionTimeoutError
from nodeloom.expression.answers import LIFETIME, answer, preload
from nodeloom.expression.crossing import decode, encode, number
from nodeloom.expression.enginefault import DiscardedEngine
from nodeloom.expression.interpreter import Interpreter, Mark, Result
from nodeloom.expression.modules import boot_sources, module_source
from nodeloom.expression.scope import Environment, ItemCell, Scope, without_content
from nodeloom.expression.stack import stack_size
from nodeloom.values import UNDEFINED, Item

if TYPE_CHECKING:
    from nodeloom.expression.rewrite import Program

#: Questions one evaluation may ask; a template that asks for more is at fault.
_MAX_QUESTIONS = 2000
#: Of the time limit, what a run and its repeats after questions may take together.
_WITH_QUESTIONS = 2


class _Interpreter(Protocol):
    """What an engine needs of its interpreter, in this process or in another one; see `interpreter.py`."""

    @property
    def spoiled(self) -> bool: ...

    def define(self, source: str) -> int: ...
    def load(self, name: str, source: str) -> str: ...
    def give(self, level: str, kind: str, key: str, text: str) -> None: ...
    def forget(self, level: str) -> None: ...
    def item(self, json: str, rest: str, index: int) -> None: ...
    def run(self, number: int, names: str, pure: bool, time_limit: float, memory_limit: int) -> Result: ...
    def seconds(self) -> float: ...


class Engine:
    """One interpreter, and what it has been given so far.

    While the context of `set_aside` is open, another evaluation on this thread gets another engine: a function of the
    host may evaluate expressions of its own. `process` says that the interpreter has a process of its own.
    """

    def __init__(self, set_aside: Callable[[], AbstractContextManager[None]], *, process: bool) -> None:
        self.programs: dict[str, int] = {}
        self._set_aside = set_aside
        self.interpreter = _make_interpreter(process)
        self._given: dict[str, set[tuple[str, str]]] = {level: set() for level in LIFETIME.values()}
        self._environment: Environment | None = None
        self._items: object = None
        self._cell: ItemCell | None = None
        self._scope: Scope | None = None

    def evaluate(self, program: Program, scope: Scope) -> object:
        """See `Engines.evaluate`. Raises DiscardedEngine if the engine must not be used again."""
        index = self.programs.get(program.source)
        if index is None:
            index = self.programs[program.source] = self.interpreter.define(program.source)
        try:
            self._prepare(program, scope)
            names = scope.names_text(program.names) if scope.names else ""
            environment = scope.environment
            result = self.interpreter.run(index, names, program.pure, environment.time_limit, environment.memory_limit)
            if type(result) is str and result[0] == Mark.QUESTIONS:
                result = self._converse(program, index, names, scope, result)
        except MemoryError:
            raise DiscardedEngine(_memory_error()) from None
        if isinstance(result, str):
            return _value(result, environment)
        return result if type(result) is bool else number(result)

    def _prepare(self, program: Program, scope: Scope) -> None:
        """Put in what belongs to the scope."""
        if scope is not self._scope:
            self._enter(scope)
        if program.item and scope.cell is not self._cell:
            self._take_item(scope.cell)
        for kind, key in program.preload:
            if (kind, key) not in self._given[LIFETIME[kind]]:
                preload(self, kind, key, scope)

    def _converse(self, program: Program, index: int, names: str, scope: Scope, result: str) -> Result:
        """Answer the run's questions until it has no more."""
        environment = scope.environment
        started = self.interpreter.seconds()
        for _ in range(_MAX_QUESTIONS):
            for kind, key in _questions(result[1:]):
                with self._set_aside() if kind == "function" else nullcontext():
                    answer(self, kind, key, scope)
            self._prepare(program, scope)
            following = self.interpreter.run(
                index, names, program.pure, environment.time_limit, environment.memory_limit
            )
            if type(following) is not str or following[0] != Mark.QUESTIONS:
                return following
            result = following
            if self.interpreter.seconds() - started > _WITH_QUESTIONS * environment.time_limit:
                raise _time_error(environment)
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
            self.interpreter.forget(level)

    def _take_item(self, cell: ItemCell) -> None:
        if cell.json_text is None or cell.rest_text is None:
            cell.json_text, cell.rest_text = _item_texts(cell.item)
        self.interpreter.item(cell.json_text, cell.rest_text, cell.index)
        self._cell = cell

    def give(self, kind: str, key: str, text: str) -> None:
        """Hand over the answer to a question."""
        level = LIFETIME[kind]
        self.interpreter.give(level, kind, key, text)
        self._given[level].add((kind, key))

    def load(self, name: str) -> None:
        """Load one of the package's modules; its limits are not those of an evaluation."""
        while first := self.interpreter.load(name, module_source(name)):
            self.load(first)


def _make_interpreter(process: bool) -> _Interpreter:
    if process:
        from nodeloom.expression.interpreter_process import InterpreterProcess

        return InterpreterProcess(boot_sources())
    stack = stack_size()
    if stack is None:
        from nodeloom.expression.interpreter_thread import InterpreterThread

        return InterpreterThread(boot_sources())
    return Interpreter(boot_sources(), stack)


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


def _time_error(environment: Environment) -> ExpressionTimeoutError:
    return ExpressionTimeoutError(f"The expression took longer than its limit of {environment.time_limit:g} s.")


def _value(result: str, environment: Environment) -> object:
    """The Python value of the text that a run gave."""
    mark = result[0]
    if mark == Mark.TEXT:
        return result[1:]
    if mark == Mark.JSON:
        return decode(result[1:])
    if mark == Mark.UNDEFINED:
        return UNDEFINED
    if mark == Mark.NULL:
        return None
    if mark == Mark.MEMORY:
        raise DiscardedEngine(_memory_error())
    if mark == Mark.TIME:
        raise DiscardedEngine(_time_error(environment))
    if mark == Mark.LOST:
        raise DiscardedEngine(ExpressionError("The process that evaluates expressions ended before it had a result."))
    if mark != Mark.ERROR:
        raise _nonsense()
    described = decode(result[1:])
    if not isinstance(described, str):
        raise _nonsense()
    raise ExpressionError(described)


def _questions(text: str) -> list[tuple[str, str]]:
    """What a run asks for. A process that is not our code any more could ask for anything."""
    asked = decode(text)
    if not isinstance(asked, list) or not all(_are_texts(pair) and pair[0] in LIFETIME for pair in asked):
        raise _nonsense()
    return [(kind, key) for kind, key in asked]


def _are_texts(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)


def _nonsense() -> DiscardedEngine:
    return DiscardedEngine(
        ExpressionError("The process that evaluates expressions gave an answer that Nodeloom does not know.")
    )
