"""The files and connections that a process may have open: whether they are used up, and what is said then."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import Any

from nodeloom.errors import ConfigurationError, TooManyOpenFilesError

# Of this process, and of the whole system.
_USED_UP = (errno.EMFILE, errno.ENFILE)


def used_up(fault: BaseException) -> bool:
    """Whether `fault`, or what it came from, is that no file or connection could be opened any more."""
    return any(isinstance(cause, OSError) and cause.errno in _USED_UP for cause in _causes(fault))


def said_used_up(text: str) -> bool:
    """Whether `text` of a library in Rust says the same."""
    return any(f"(os error {number})" in text for number in _USED_UP)


def some_left(count: int = 1) -> bool:
    """Whether `count` more can be opened now."""
    try:
        require(count)
    except OSError as fault:
        return fault.errno not in _USED_UP
    return True


def require(count: int) -> None:
    """Raise OSError when `count` more cannot be opened now."""
    opened: list[int] = []
    try:
        for _ in range(count):
            opened.append(os.open(os.devnull, os.O_RDONLY))
    finally:
        for descriptor in opened:
            os.close(descriptor)


def too_many(*, sent: str = "no", **about: Any) -> TooManyOpenFilesError:
    """The error for an item whose request could not be made."""
    return TooManyOpenFilesError(f"{_what()}, so that no connection could be opened.", hint=_hint(), sent=sent, **about)


def cannot_begin() -> ConfigurationError:
    """The error for a run that cannot be begun."""
    return ConfigurationError(f"{_what()}, so that nothing could be begun.", hint=_hint())


def _what() -> str:
    limit = _limit()
    return f"The process has too many files and connections open{f' (it may have {limit})' if limit else ''}"


def _hint() -> str:
    return "Lower --concurrency, or allow more (ulimit -n NUMBER)."


def _limit() -> int | None:
    try:
        import resource
    except ImportError:  # on Windows
        return None
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _causes(fault: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [fault]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions
