"""The files and connections that a process may have open: whether they are used up, and what is said then."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import Any

from nodeloom.errors import ConfigurationError, TooManyOpenFilesError

WHAT = "the process has too many files and connections open"
HINT = "Lower --concurrency (concurrency=), or allow more (ulimit -n NUMBER)."

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
    return TooManyOpenFilesError(f"No connection could be opened: {WHAT}{_limit()}.", hint=HINT, sent=sent, **about)


def cannot_begin() -> ConfigurationError:
    """The error for a run that cannot be begun."""
    return ConfigurationError(f"Nothing could be begun: {WHAT}{_limit()}.", hint=HINT)


def _limit() -> str:
    try:
        import resource
    except (ImportError, OSError):  # Windows lacks the module, and the process may not be able to open its file
        return ""
    return f" (it may have {resource.getrlimit(resource.RLIMIT_NOFILE)[0]})"


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
