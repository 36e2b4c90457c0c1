"""Whether what is compiled here may need JavaScript.

A host switches it off with `Runtime(javascript=False)`, and it is absent if QuickJS was not installed: not every
system has a wheel of it.
What needs it is then refused while a plan is compiled, before anything is sent; what only shows with an item's data
fails that item (`Environment.javascript`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.util import find_spec

from nodeloom.errors import JavaScriptDisabledError

_off: ContextVar[bool] = ContextVar("nodeloom_javascript_off", default=False)

HINT = "Without JavaScript, templates may hold member paths such as {{ $json.name }} and text."


@cache
def is_installed() -> bool:
    """Whether the engine, the package quickjs-ng, is installed."""
    return find_spec("_quickjs") is not None


def is_allowed() -> bool:
    """Whether what is compiled here may need JavaScript, and the engine is installed."""
    return not _off.get() and is_installed()


@contextmanager
def allowed(javascript: bool) -> Iterator[None]:
    """Within, what needs JavaScript is refused unless `javascript`."""
    before = _off.set(not javascript)
    try:
        yield
    finally:
        _off.reset(before)


def require(what: str, *, expression: str | None = None, property: str | None = None) -> None:  # noqa: A002 - as in errors
    """Raise JavaScriptDisabledError if JavaScript is off or absent; `what` is what needs it, as a sentence begins."""
    if not is_allowed():
        raise disabled(what, expression=expression, property=property)


def disabled(what: str, *, expression: str | None = None, property: str | None = None) -> JavaScriptDisabledError:  # noqa: A002 - the descriptor's own word
    """The error for what needs JavaScript if that is switched off, or its engine is not installed."""
    if is_installed():
        why, hint = "which is switched off here", HINT
    else:
        why, hint = "and its engine is not installed", f"Install it with: pip install quickjs-ng. {HINT}"
    message = f"{what} needs JavaScript, {why}."
    return JavaScriptDisabledError(message, expression=expression, property=property, hint=hint)
