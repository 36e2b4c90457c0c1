"""What QuickJS has against printed code: it is compiled, and never run.

The context that judges is bare. No data, no helper and no author's code is ever evaluated in it, so that all runtimes
of a process may ask it.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from nodeloom.expression.stack import MOST, stack_size, thread_with_stack

if TYPE_CHECKING:
    from nodeloom.expression.rewrite import Program

#: Reading a pattern is one step for QuickJS, which no limit of time ends; longer ones are refused.
LONGEST_PATTERN = 10_000
#: So many classes of Unicode characters (`\\p{L}`) may stand in the patterns of a program: each takes a quarter of a
#: millisecond to read, and one of sequences some milliseconds. js/native-regexes.js has the same bounds.
MOST_CLASSES = 200
_SEQUENCES = 25
_SECONDS = 5.0
_BYTES = 64 * 1024 * 1024

_local = threading.local()


def syntax_fault(program: Program) -> str | None:
    """What is wrong with the syntax of `program`, or None."""
    if sum(_classes(pattern, flags) for pattern, flags in program.regexes) > MOST_CLASSES:
        return f"Its regular expressions have more than {MOST_CLASSES} classes of Unicode characters"
    for pattern, flags in program.regexes:
        if len(pattern) > LONGEST_PATTERN:
            return f"A regular expression is longer than {LONGEST_PATTERN:,} characters"
        fault = _judge(f"new RegExp({json.dumps(pattern)},{json.dumps(flags)})")
        if fault is not None:
            return fault
    return _judge(program.source)


def _classes(pattern: str, flags: str) -> int:
    sequences = pattern.count("Emoji") if "v" in flags else 0
    return pattern.count("\\p") + pattern.count("\\P") + _SEQUENCES * sequences


def _judge(source: str) -> str | None:
    stack = _stack()
    if stack is not None:
        return _judge_here(source, stack)
    if not hasattr(_local, "thread"):
        _local.thread = thread_with_stack()
    fault: str | None = _local.thread.submit(_judge_here, source, MOST).result()
    return fault


def _judge_here(source: str, stack: int) -> str | None:
    from nodeloom.expression.quickjs import JSException, StackOverflow

    try:
        _context(stack).eval(source)
    except JSException as fault:
        return str(fault).partition("\n")[0].removeprefix("SyntaxError: ")
    except (MemoryError, StackOverflow):
        _local.context = None
        return "The code is too large, or nested too deeply"
    return None


def _stack() -> int | None:
    if not hasattr(_local, "stack"):
        _local.stack = stack_size()
    size: int | None = _local.stack
    return size


def _context(stack: int) -> Any:
    context = getattr(_local, "context", None)
    if context is None:
        from nodeloom.expression.quickjs import Context

        context = _local.context = Context()
        context.set_max_stack_size(stack)
        context.set_time_limit(_SECONDS)
        context.set_memory_limit(_BYTES)
    return context
