"""Nodeloom: a Python runtime for declarative workflow nodes.

from nodeloom import Runtime

with Runtime() as runtime:
    result = runtime.run("threecx", {"resource": "Website Links", "operation": "List Weblink"})
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # typing's own takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from nodeloom import errors, expressions
    from nodeloom.errors import NodeloomError
    from nodeloom.expression import Literal
    from nodeloom.hooks import CallContext, hookimpl
    from nodeloom.messages import Request, Response
    from nodeloom.outcomes import Outcome, RunReport, RunResult
    from nodeloom.redaction import Secret
    from nodeloom.run.events import ObservedRequest, ObservedRun, Observer
    from nodeloom.run.stop import Stop
    from nodeloom.runtime.planning import PlannedRequest
    from nodeloom.runtime.runtime import RunInterrupted, Runtime
    from nodeloom.transport.policy import Policy

__version__ = "0.1.0"

__all__ = [
    "CallContext",
    "Literal",
    "NodeloomError",
    "ObservedRequest",
    "ObservedRun",
    "Observer",
    "Outcome",
    "PlannedRequest",
    "Policy",
    "Request",
    "Response",
    "RunInterrupted",
    "RunReport",
    "RunResult",
    "Runtime",
    "Secret",
    "Stop",
    "__version__",
    "errors",
    "expressions",
    "hookimpl",
]

# Loaded when first asked for: `nodeloom --version` needs none of it.
_HOMES = {
    "CallContext": "nodeloom.hooks",
    "Literal": "nodeloom.expression",
    "NodeloomError": "nodeloom.errors",
    "ObservedRequest": "nodeloom.run.events",
    "ObservedRun": "nodeloom.run.events",
    "Observer": "nodeloom.run.events",
    "Outcome": "nodeloom.outcomes",
    "PlannedRequest": "nodeloom.runtime.planning",
    "Policy": "nodeloom.transport.policy",
    "Request": "nodeloom.messages",
    "Response": "nodeloom.messages",
    "RunInterrupted": "nodeloom.runtime.runtime",
    "RunReport": "nodeloom.outcomes",
    "RunResult": "nodeloom.outcomes",
    "Runtime": "nodeloom.runtime.runtime",
    "Secret": "nodeloom.redaction",
    "Stop": "nodeloom.run.stop",
    "hookimpl": "nodeloom.hooks",
}


def __getattr__(name: str) -> Any:
    if name in ("errors", "expressions"):
        return import_module(f"nodeloom.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'nodeloom' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
