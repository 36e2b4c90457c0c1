"""The JavaScript engines of a runtime. QuickJS is loaded with the first of them."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nodeloom.expression.enginefault import DiscardedEngine
from nodeloom.expression.scope import Environment, Scope

if TYPE_CHECKING:
    from nodeloom.expression.engine import Engine
    from nodeloom.expression.rewrite import Program


#: Programs an engine keeps; more than a run has templates. Beyond it another one is made.
_MAX_PROGRAMS = 4000


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
        _ALL.add(self)

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
        if engine is None or engine.interpreter.spoiled or len(engine.programs) > _MAX_PROGRAMS:
            from nodeloom.expression.engine import Engine

            engine = self._local.engine = Engine(self.set_aside, process=self.process)
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


def engines_of(environment: Environment) -> Engines:
    """The engines that evaluate what is resolved in `environment`; it gets its own if it was made without."""
    engines = environment.engines
    if engines is None:
        engines = environment.engines = Engines()
    assert isinstance(engines, Engines)  # noqa: S101 - there is no other evaluator; Environment cannot name the class
    return engines


_ALL: weakref.WeakSet[Engines] = weakref.WeakSet()


def _begin_anew() -> None:
    """Let go of the parent's engines in a forked child, which makes its own."""
    for engines in list(_ALL):
        engines.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
