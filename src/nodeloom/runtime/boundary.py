"""The boundary of the public face: what a caller's credentials are held in, and what errors carry out.

A traceback holds the variables of every frame it went through. Tools that show them (rich, pytest, an error tracker)
would show plain text that has to be in a variable somewhere, in Nodeloom, in an HTTP client, in an event loop. So the
given credentials are put into values that mask themselves before any frame of Nodeloom holds them, and when an error
leaves, the variables of the frames behind it are let go.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from nodeloom import openfiles
from nodeloom.errors import NodeloomError
from nodeloom.redaction import MaskedValues, clean_interruption, let_go, masked
from nodeloom.run.redactor import Redactor

if TYPE_CHECKING:
    from nodeloom.redaction import SecretNames

P = ParamSpec("P")
R = TypeVar("R")


def shielded(secret: str, position: int | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Shield a method of the runtime that takes credentials as `secret`, by keyword or at `position` (after self).

    It may return an iterator, await, or be an asynchronous generator. The runtime's `secret_names` are masked in the
    errors that leave.
    """

    def masking(given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        if secret in named:
            named[secret] = masked(named[secret])
        elif position is not None and len(given) > position:
            return (*given[:position], masked(given[position]), *given[position + 1 :])
        return given

    def shield(method: Callable[P, R]) -> Callable[P, R]:
        return cast("Callable[P, R]", _wrapped(method, masking))

    return shield


def _wrapped(method: Any, masking: Callable[[tuple[Any, ...], dict[str, Any]], tuple[Any, ...]]) -> Any:
    # Ctrl-C may come at any line: the masking is inside of what lets go, and what came in plain is let go of as well.
    if inspect.isasyncgenfunction(method):

        async def shielded_stream(runtime: Any, *given: Any, **named: Any) -> AsyncIterator[Any]:
            inner = None
            try:
                given = masking(given, named)
                inner = method(runtime, *given, **named)
                async for value in inner:
                    yield value
            except BaseException as error:
                _tell_used_up(error)
                try:
                    let_out(error, runtime.secret_names, _parameters(given, named))
                finally:
                    given, named = (), {}
                raise
            finally:
                # A generator that is left early ends at that point, and its run with it.
                if inner is not None:
                    await inner.aclose()

        return functools.wraps(method)(shielded_stream)
    if inspect.iscoroutinefunction(method):

        async def shielded_coroutine(runtime: Any, *given: Any, **named: Any) -> Any:
            try:
                given = masking(given, named)
                return await method(runtime, *given, **named)
            except BaseException as error:
                _tell_used_up(error)
                try:
                    let_out(error, runtime.secret_names, _parameters(given, named))
                finally:
                    given, named = (), {}
                raise

        return functools.wraps(method)(shielded_coroutine)

    def shielded_call(runtime: Any, *given: Any, **named: Any) -> Any:
        try:
            given = masking(given, named)
            result = method(runtime, *given, **named)
            if isinstance(result, Iterator):
                return _Shielded(result, runtime.secret_names, _parameters(given, named))
        except BaseException as error:
            _tell_used_up(error)
            try:
                let_out(error, runtime.secret_names, _parameters(given, named))
            finally:
                given, named = (), {}
            raise
        return result

    return functools.wraps(method)(shielded_call)


def _parameters(given: tuple[Any, ...], named: Mapping[str, Any]) -> Mapping[str, Any]:
    """The author's parameters among the arguments of a public method: the only mapping that is given by position."""
    found = named.get("parameters", next((value for value in given if isinstance(value, Mapping)), None))
    # A credential's fields are known by value.
    return found if isinstance(found, Mapping) and not isinstance(found, MaskedValues) else {}


class _Shielded(Iterator[Any]):
    """An iterator whose errors leave their variables behind; all else of it is as it is."""

    def __init__(self, inner: Iterator[Any], names: SecretNames, parameters: Mapping[str, Any]) -> None:
        self._inner = inner
        self._names = names
        self._parameters = parameters

    def __next__(self) -> Any:
        try:
            return next(self._inner)
        except StopIteration:
            raise
        except BaseException as error:
            let_out(error, self._names, self._parameters)
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def _tell_used_up(error: BaseException) -> None:
    """Raise ConfigurationError if no file can be opened: modules are imported when they are first needed."""
    if isinstance(error, OSError) and openfiles.used_up(error):
        let_go(error)
        raise openfiles.cannot_begin() from error


def let_out(error: BaseException, names: SecretNames, parameters: Mapping[str, Any]) -> None:
    """Mask what an error of Nodeloom tells of secrets by name, and let go of what stands behind any error.

    Errors of items were masked before, with all that is known of the item.
    """
    with clean_interruption():
        if isinstance(error, NodeloomError):
            Redactor(names, None, parameters).words(error)
        let_go(error)
