"""The process in which a package's JavaScript is evaluated; run by path, and never imported.

It is given nothing but text: on standard input a JSON object with the boot code, the files and the list of what to
describe. It writes a JSON object a line. The parent ends it when it takes too long, and its own limits end it before
it takes much memory; it has no environment, opens no file and no socket, and JavaScript in it cannot call Python.
"""

from __future__ import annotations

import json
import sys
from typing import Any

_STACK = 4 * 1024 * 1024


def _limit(seconds: float, memory: int) -> int:
    """Limit this process, and return the bytes of stack JavaScript may use."""
    try:
        import resource
    except ImportError:
        # Not every system has resource limits; QuickJS's own and the parent's clock hold there.
        return _STACK // 8
    for kind, most in (
        (resource.RLIMIT_CPU, int(seconds) + 5),
        (resource.RLIMIT_AS, 3 * memory + 512 * 1024 * 1024),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        # What is open stays so: the pipes to the parent. Nothing can be opened besides, and no process started.
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_NPROC, 0),
    ):
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):
            # The system grants less already, or counts otherwise.
            continue
    stack, _hard = resource.getrlimit(resource.RLIMIT_STACK)
    return _STACK if stack == resource.RLIM_INFINITY else min(_STACK, stack // 2)


def _say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _failure(fault: BaseException) -> str:
    text = str(fault)
    if "interrupted" in text:
        return "time"
    if isinstance(fault, MemoryError) or "out of memory" in text or text in ("", "null"):
        return "memory"
    return "error"


def main() -> None:
    """Read the job, describe every unit, and say what happened."""
    sys.path.append(sys.argv[1])
    from _quickjs import Context, JSException, StackOverflow  # type: ignore[import-not-found]  # the extension has no stubs

    job = json.load(sys.stdin)
    stack = _limit(job["seconds"], job["memory"])
    context = Context()
    context.set_max_stack_size(stack)
    context.set_memory_limit(job["memory"])
    context.set_time_limit(job["seconds"])
    try:
        api = context.eval(job["boot"])
        api("begin")(job["input"])
        describe = api("describe")
        for kind, path, name in job["units"]:
            _say(at=path)
            described = describe(kind, path, name)
            _say(described=described)
        _say(state=api("state")())
    except (JSException, StackOverflow, MemoryError) as fault:
        _say(failed=_failure(fault), message=str(fault)[:500])


main()
