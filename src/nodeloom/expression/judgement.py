"""What QuickJS has against printed code: it is compiled, and never run.

The context that judges is bare. No data, no helper and no author's code is ever evaluated in it, so that all runtimes
of a process may ask it.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nodeloom.expression.rewrite import Program

#: Reading a pattern is one step for QuickJS, which no limit of time ends; longer ones are refused.
LONGEST_PATTERN = 10_000
_SECONDS = 5.0
_BYTES = 64 * 1024 * 1024

_local = threading.local()


def syntax_fault(program: Program) -> str | None:
    """What is wrong with the syntax of `program`, or None."""
    for pattern, flags in program.regexes:
        if len(pattern) > LONGEST_PATTERN:
            return f"A regular expression is longer than {LONGEST_PATTERN:,} characters"
        fault = _judge(f"new RegExp({json.dumps(pattern)},{json.dumps(flags)})")
        if fault is not None:
            return fault
    return _judge(program.source)


def _judge(source: str) -> str | None:
    from nodeloom.expression.quickjs import JSException, StackOverflow

    try:
        _context().eval(source)
    except JSException as fault:
        return str(fault).partition("\n")[0].removeprefix("SyntaxError: ")
    except (MemoryError, StackOverflow):
        _local.context = None
        return "The code is too large, or nested too deeply"
    return None


def _context() -> Any:
    context = getattr(_local, "context", None)
    if context is None:
        from nodeloom.expression.quickjs import Context

        context = _local.context = Context()
        context.set_time_limit(_SECONDS)
        context.set_memory_limit(_BYTES)
    return context
