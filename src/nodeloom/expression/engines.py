"""The JavaScript engines of a runtime. QuickJS is loaded with the first of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nodeloom.errors import ExpressionError
    from nodeloom.expression.engine import Engine
    from nodeloom.expression.rewrite import Program
    from nodeloom.expression.scope import Scope


class DiscardedEngine(Exception):
    """The engine cannot be used any more; holds the error that tells why."""

    def __init__(self, error: ExpressionError) -> None:
        super().__init__(error.message)
        self.error = error


class Engines:
    """The engines of one runtime: one for each thread that evaluates, made when it first does.

    Two runtimes never share one.

    Args:
        process: whether JavaScript runs in a process of its own (one a thread), which is killed if it goes over its
            limit and does not say so itself.
    """

    def __init__(self, *, process: bool = False) -> None:
        self.process = process
        self._local = threading.local()

    def evaluate(self, program: Program, scope: Scope) -> object:
        """Run `program` against `scope`.

        Raises:
            ExpressionError: the code failed, or went over a limit.
        """
        try:
            return self.current().evaluate(program, scope)
        except DiscardedEngine as broken:
            self._local.engine = None
            raise broken.error from None

    def current(self) -> Engine:
        """This thread's engine."""
        engine: Engine | None = getattr(self._local, "engine", None)
        if engine is None or engine.is_used_up():
            from nodeloom.expression.engine import Engine

            engine = self._local.engine = Engine(self)
        return engine

    def close(self) -> None:
        """Let go of every engine, and end their processes. New ones are made if more is evaluated."""
        self._local = threading.local()

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """Let a host's function, which may evaluate expressions of its own, find another engine than its caller's."""
        local = self._local
        engine, local.engine = getattr(local, "engine", None), getattr(local, "spare", None)
        try:
            yield
        finally:
            local.engine, local.spare = engine, local.engine
