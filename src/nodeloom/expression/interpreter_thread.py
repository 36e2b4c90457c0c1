"""An interpreter on a thread of its own, for threads whose stack is too small for JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from nodeloom.expression.interpreter import Interpreter, Result
from nodeloom.expression.stack import MOST, thread_with_stack

_P = ParamSpec("_P")
_T = TypeVar("_T")


class InterpreterThread:
    """As `Interpreter`, each command on a thread that has stack enough; it ends when this is let go.

    Args:
        boot: see `Interpreter`.
    """

    def __init__(self, boot: Sequence[str]) -> None:
        self._thread = thread_with_stack()
        self._interpreter = self._on_thread(Interpreter, boot, MOST)

    def _on_thread(self, command: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> _T:
        return self._thread.submit(command, *arguments, **named).result()

    @property
    def spoiled(self) -> bool:
        """See `Interpreter`."""
        return self._interpreter.spoiled

    def define(self, source: str) -> int:
        """See `Interpreter`."""
        return self._on_thread(self._interpreter.define, source)

    def load(self, name: str, source: str) -> str:
        """See `Interpreter`."""
        return self._on_thread(self._interpreter.load, name, source)

    def give(self, level: str, kind: str, key: str, text: str) -> None:
        """See `Interpreter`."""
        self._on_thread(self._interpreter.give, level, kind, key, text)

    def forget(self, level: str) -> None:
        """See `Interpreter`."""
        self._on_thread(self._interpreter.forget, level)

    def item(self, json: str, rest: str, index: int) -> None:
        """See `Interpreter`."""
        self._on_thread(self._interpreter.item, json, rest, index)

    def run(self, number: int, names: str, pure: bool, time_limit: float, memory_limit: int) -> Result:
        """See `Interpreter`."""
        return self._on_thread(self._interpreter.run, number, names, pure, time_limit, memory_limit)

    def seconds(self) -> float:
        """See `Interpreter`."""
        return self._on_thread(self._interpreter.seconds)
