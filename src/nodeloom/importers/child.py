"""The process in which a package's JavaScript is evaluated; run by path, and never imported.

It is given text only: on standard input a JSON object with the boot code, the files and the list of what to
describe. It writes a JSON object a line. The parent ends it when it takes too long, and its own limits end it before
it takes much memory; it has no environment, opens no file and no socket, and JavaScript in it cannot call Python.
"""

from __future__ import annotations

import json
import runpy
import sys


def _say(**line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _failure(fault: BaseException) -> str:
    text = str(fault)
    if "interrupted" in text:
        return "time"
    # QuickJS throws null when it has no memory left to make an error of.
    if isinstance(fault, MemoryError) or "out of memory" in text or text in ("", "null"):
        return "memory"
    return "error"


def main() -> None:
    """Read the job, describe every unit, and say what happened."""
    folder, confinement = sys.argv[1:3]
    # The interpreter runs without site packages, so the folder of the engine's extension is named.
    sys.path.append(folder)
    from _quickjs import Context, JSException, StackOverflow  # type: ignore[import-not-found]  # the extension has no stubs

    job = json.load(sys.stdin)
    confine = runpy.run_path(confinement)["confine"]
    # More than the engine's own limit, because Python and the parser need memory as well.
    # The engine's limit shall be met first, because it can be told as "memory".
    stack = confine(3 * job["memory"] + 512 * 1024 * 1024, job["seconds"])
    context = Context()
    context.set_max_stack_size(stack)
    context.set_memory_limit(job["memory"])
    context.set_time_limit(job["seconds"])
    try:
        api = context.eval(job["boot"])
        api("begin")(job["input"])
        describe = api("describe")
        for kind, path, name in job["units"]:
            # Before the work: if the process is ended, the parent knows which module it was in.
            _say(at=path)
            described = describe(kind, path, name)
            _say(described=described)
        _say(state=api("state")())
    except (JSException, StackOverflow, MemoryError) as fault:
        _say(failed=_failure(fault), message=str(fault)[:500])


main()
