"""The boundary of the public face: what a caller's credentials are held in, and what errors carry out.

A traceback holds the variables of every frame it went through. Tools that show them (rich, pytest, an error tracker)
would show plain text that has to be in a variable somewhere, in Nodeloom, in an HTTP client, in an event loop. So the
given credentials are put into values that mask themselves before any frame of Nodeloom holds them, and when an error
leaves, the variables of the frames behind it are let go.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from nodeloom import openfiles
from nodeloom.errors import NodeloomError
from nodeloom.redaction import forget_locals, masked

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
    if inspect.isasyncgenfunction(method):

        async def shielded_stream(runtime: Any, *given: Any, **named: Any) -> AsyncIterator[Any]:
            inner = method(runtime, *masking(given, named), **named)
            try:
                async for value in inner:
                    yield value
            except BaseException as error:
                _tell_used_up(error)
                let_out(error, runtime.secret_names)
                raise
            finally:
                # A generator that is left early ends where it stands, and its run with it.
                await inner.aclose()

        return functools.wraps(method)(shielded_stream)
    if inspect.iscoroutinefunction(method):

        async def shielded_coroutine(runtime: Any, *given: Any, **named: Any) -> Any:
            given = masking(given, named)
            try:
                return await method(runtime, *given, **named)
            except BaseException as error:
                _tell_used_up(error)
                let_out(error, runtime.secret_names)
                raise

        return functools.wraps(method)(shielded_coroutine)

    def shielded_call(runtime: Any, *given: Any, **named: Any) -> Any:
        given = masking(given, named)
        try:
            result = method(runtime, *given, **named)
        except BaseException as error:
            _tell_used_up(error)
            let_out(error, runtime.secret_names)
            raise
        return _Shielded(result, runtime.secret_names) if isinstance(result, Iterator) else result

    return functools.wraps(method)(shielded_call)


class _Shielded(Iterator[Any]):
    """An iterator whose errors leave their variables behind; all else of it is as it is."""

    def __init__(self, inner: Iterator[Any], names: SecretNames) -> None:
        self._inner = inner
        self._names = names

    def __next__(self) -> Any:
        try:
            return next(self._inner)
        except StopIteration:
            raise
        except BaseException as error:
            let_out(error, self._names)
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def _tell_used_up(error: BaseException) -> None:
    """Raise ConfigurationError where no file could be opened: modules are imported when they are first needed."""
    if isinstance(error, OSError) and openfiles.used_up(error):
        forget_locals(error)
        raise openfiles.cannot_begin() from error


def let_out(error: BaseException, names: SecretNames) -> None:
    """Mask what stands behind secret names in an error of Nodeloom, and let go of the variables behind any error."""
    if isinstance(error, NodeloomError):
        error.details = names.redacted(error.details)
        error.mask(names)
    forget_locals(error)
