"""Call every built-in function of an engine with hostile values: `python fuzz/natives.py [NAME …]`.

Prints the calls that hold the thread: a time limit stops everything else within a few milliseconds of it. Names
choose the functions whose path holds one of them, such as `String.prototype`. Processes run the calls, a few
functions each; one that is silent for ten seconds is ended, and what it was about is printed. All functions take
about half an hour.

Ends with 0 when nothing was found, 1 when something was.
"""

from __future__ import annotations

import argparse
import os
import random
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
#: Seconds of processor time a call is given, and what it may take beyond them.
LIMIT, MORE = 0.05, 0.1
MEMORY = 64 * 1024 * 1024
SILENCE = 10.0
#: Functions a process calls; calls of one receiver that are told, and seconds they may take together.
FUNCTIONS, TOLD, TOGETHER = 20, 3, 0.2
_INSIDE = "--inside"


def _engine() -> tuple[Any, Any]:
    """A context as expressions have it, and the functions of hostile.js in it."""
    from nodeloom.expression.interpreter import Interpreter
    from nodeloom.expression.modules import boot_sources, module_source

    interpreter = Interpreter(boot_sources(), 1024 * 1024)
    for module in ("sets", "crowding"):
        interpreter.load(module, module_source(module))
    context = interpreter._context
    context.set_time_limit(60)
    return context, context.eval(HERE.with_name("hostile.js").read_text("utf-8"))


def _inside(numbers: list[int]) -> None:
    """Be a process that calls functions. A line that begins with @ says what is called, others what was found."""
    context, api = _engine()
    names = api("functions")().split("\n")
    receivers = ["new", *api("values")().split("\n")]
    lists = api("argumentLists")().split("\n") if numbers else []
    if not numbers:
        print("\n".join(names))
    held = context.memory()["malloc_size"]
    for number in numbers:
        told: set[str] = set()  # the arguments that were slow with one receiver are, as a rule, with all
        for receiver in receivers:
            found, together = 0, 0.0
            # Time ends before all are called, with another receiver others.
            shuffled = random.Random(f"{number} {receiver}").sample(lists, len(lists))  # noqa: S311 - no secret
            for arguments in shuffled:
                if found == TOLD or together > TOGETHER:
                    break
                print(f"@ {number} this={receiver} ({arguments})", flush=True)
                context.set_memory_limit(-1)
                context.set_time_limit(60)
                made = [api("prepare")(name) for name in (receiver, *arguments.split())]
                if any(made):
                    held = context.memory()["malloc_size"]  # counting takes long
                context.set_memory_limit(held + MEMORY)
                context.set_time_limit(LIMIT)
                spent, end = _timed(api("call"), number, receiver, arguments)
                together += spent
                if spent > LIMIT + MORE and arguments not in told:
                    told.add(arguments)
                    found += 1
                    print(f"{spent:6.2f} s  {names[number]} this={receiver} ({arguments}): {end}", flush=True)
        context.set_time_limit(60)
        api("forget")(number)


def _timed(call: Any, *arguments: object) -> tuple[float, str]:
    from nodeloom.expression.quickjs import JSException

    started = time.process_time()
    try:
        call(*arguments)
        end = "ended"
    except (JSException, MemoryError) as fault:
        end = str(fault).partition("\n")[0][:60]
    return time.process_time() - started, end


def _lines(process: subprocess.Popen[bytes]) -> Iterator[str | None]:
    """What the process prints; None when it was silent for too long."""
    if process.stdout is None:
        return
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if not selector.select(SILENCE):
                yield None
                return
            piece = os.read(process.stdout.fileno(), 1 << 16)
            if not piece:
                return
            *lines, rest = (rest + piece).split(b"\n")
            yield from (line.decode("utf-8", "replace") for line in lines)


def _call_all(numbers: list[int], names: list[str]) -> int:
    """Have the functions called. Return how many calls were found to hold the thread."""
    found = 0
    while numbers:
        command = [sys.executable, str(HERE), _INSIDE, *map(str, numbers[:FUNCTIONS])]
        current, last = numbers[0], ""
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            for line in _lines(process):
                if line is None:
                    process.kill()
                elif line.startswith("@"):
                    last = line.split(" ", 2)[2]
                    current = int(line.split()[1])
                else:
                    found += 1
                    print(line, flush=True)
        if process.returncode:
            found += 1
            print(f" ended by {process.returncode}  {names[current]} {last}", flush=True)
            numbers = numbers[numbers.index(current) + 1 :]
        else:
            numbers = numbers[FUNCTIONS:]
    return found


def main() -> int:
    """Call what the command line chooses."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="a piece of a function's path; without, all")
    chosen = parser.parse_args().names
    listing = subprocess.run([sys.executable, str(HERE), _INSIDE], capture_output=True, text=True, check=True)
    names = listing.stdout.split("\n")[:-1]
    numbers = [i for i, name in enumerate(names) if not chosen or any(piece in name for piece in chosen)]
    print(f"{len(numbers)} functions", flush=True)
    return 1 if _call_all(numbers, names) else 0


if __name__ == "__main__":
    if sys.argv[1:2] == [_INSIDE]:
        _inside([int(number) for number in sys.argv[2:]])
    else:
        sys.exit(main())
