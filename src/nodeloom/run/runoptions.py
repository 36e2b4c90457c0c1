"""The keywords of a run, which `Runtime.run`, `arun`, `stream` and `astream` share."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from nodeloom.errors import ConfigurationError, UnknownNameError
from nodeloom.run.stop import Stop

if TYPE_CHECKING:
    from nodeloom.expression import Dialect
    from nodeloom.run.events import Observer

OnError = Literal["stop", "continue"]
GivenCredentials = Mapping[str, Any] | str | None


class RunKeywords(TypedDict, total=False):
    """What `run`, `arun`, `stream` and `astream` take besides node, parameters and items; `Runtime.run` explains it."""

    credentials: GivenCredentials
    on_error: OnError
    concurrency: int
    ordered: bool
    in_flight_bytes: int
    stop: Stop | None
    nodes: Mapping[str, Sequence[Any]] | None
    dialect: Dialect
    version: int | float | None
    coalesce: int
    rate: str | float | None
    burst: int | None
    adaptive: bool
    retry_budget: str | float | None
    break_after: int
    deadline: str | float | None
    observer: Observer | Sequence[Observer] | None
    journal: str | os.PathLike[str] | None
    retry_failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a run was asked for, checked. Raises ConfigurationError for a value out of bounds."""

    credentials: GivenCredentials = None
    on_error: OnError = "stop"
    concurrency: int = 8
    ordered: bool = True
    in_flight_bytes: int = 64 * 1024 * 1024
    stop: Stop = field(default_factory=Stop)
    nodes: Mapping[str, Sequence[Any]] | None = None
    dialect: Dialect = "author"
    version: int | float | None = None
    coalesce: int = 1
    rate: str | float | None = None
    burst: int | None = None
    adaptive: bool = True
    retry_budget: str | float | None = 0.2
    break_after: int = 20
    deadline: str | float | None = None
    observer: Observer | Sequence[Observer] | None = None

    @property
    def observers(self) -> Sequence[Observer]:
        """Whoever is told how the run goes."""
        given = self.observer
        return () if given is None else given if isinstance(given, Sequence) else (given,)

    journal: str | os.PathLike[str] | None = None
    retry_failed: bool = False

    def __post_init__(self) -> None:
        if self.on_error not in ("stop", "continue"):
            raise ConfigurationError("on_error is 'stop' or 'continue'.", property="on_error", value=self.on_error)
        for name in ("concurrency", "coalesce", "in_flight_bytes"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ConfigurationError(f"{name} is a whole number from 1.", property=name, value=value)
        if self.nodes is not None:
            from nodeloom.inputs.handover import as_nodes

            object.__setattr__(self, "nodes", as_nodes(self.nodes))
        if self.dialect not in ("author", "n8n"):
            raise ConfigurationError("dialect is 'author' or 'n8n'.", property="dialect", value=self.dialect)
        for name in ("ordered", "adaptive", "retry_failed"):
            value = getattr(self, name)
            if not isinstance(value, bool):
                raise ConfigurationError(f"{name} is True or False.", property=name, value=value)
        journal: Any = self.journal
        if journal is not None and not isinstance(journal, (str, os.PathLike)):
            kind = type(journal).__name__
            raise ConfigurationError("journal is the path of a file.", property="journal", value=kind)
        if journal is not None and not os.fspath(journal):
            raise ConfigurationError(
                "The journal's path is empty.", property="journal", hint="Name a file (journal=…, --journal FILE)."
            )
        if self.retry_failed and self.journal is None:
            raise ConfigurationError(
                "Only a run with a journal knows what failed before.",
                property="retry_failed",
                hint="Name its journal too (journal=…, --journal FILE).",
            )
        if not isinstance(self.stop, Stop):
            raise ConfigurationError("stop is a nodeloom.Stop.", property="stop", value=type(self.stop).__name__)
        if (self.rate, self.burst, self.retry_budget, self.break_after, self.deadline) != (None, None, 0.2, 20, None):
            from nodeloom.run.politeness import check

            check(self)
        if self.observer is not None:
            _check_observers(self.observers)


def _check_observers(observers: Sequence[Any]) -> None:
    from nodeloom.run.events import Observer, check_observer

    for observer in observers:
        if not isinstance(observer, Observer):
            raise ConfigurationError(
                "observer is a nodeloom.Observer, or several in a list.",
                property="observer",
                value=type(observer).__name__,
                hint="Derive its class from nodeloom.Observer.",
            )
        check_observer(observer)


_KNOWN = tuple(field.name for field in fields(RunOptions))


def run_options(keywords: Mapping[str, Any]) -> RunOptions:
    """The options that the keywords ask for. Raises UnknownNameError for one nobody knows, ConfigurationError."""
    for name in keywords:
        if name not in _KNOWN:
            raise UnknownNameError("keyword", name, _KNOWN, within="a run")
    given = {name: value for name, value in keywords.items() if not (name == "stop" and value is None)}
    return RunOptions(**given)
