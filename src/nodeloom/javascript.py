"""Whether what is compiled here may need JavaScript.

A host switches it off with `Runtime(javascript=False)`. What needs it is then refused while a plan is compiled, before
anything is sent; what only shows with an item's data fails that item (`Environment.javascript`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from nodeloom.errors import JavaScriptDisabledError

_off: ContextVar[bool] = ContextVar("nodeloom_javascript_off", default=False)

HINT = "Without JavaScript, templates may hold member paths such as {{ $json.name }} and text."


@contextmanager
def allowed(javascript: bool) -> Iterator[None]:
    """Within, what needs JavaScript is refused unless `javascript`."""
    before = _off.set(not javascript)
    try:
        yield
    finally:
        _off.reset(before)


def require(what: str, *, expression: str | None = None, property: str | None = None) -> None:  # noqa: A002 - as in errors
    """Raise JavaScriptDisabledError when JavaScript is switched off; `what` is what needs it, as a sentence begins."""
    if _off.get():
        raise disabled(what, expression=expression, property=property)


def disabled(what: str, *, expression: str | None = None, property: str | None = None) -> JavaScriptDisabledError:  # noqa: A002
    """The error for what needs JavaScript where it is switched off."""
    return JavaScriptDisabledError(
        f"{what} needs JavaScript, which is switched off here.", expression=expression, property=property, hint=HINT
    )
