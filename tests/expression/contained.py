"""Evaluates expressions in a process of its own, which is ended where one holds it for too long."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

#: Seconds for all the expressions of one process. What these tests are about took minutes, or had no end.
WATCHDOG = 90


def _colliding_names() -> dict[str, int]:
    """Names that share one place in QuickJS's table of names: each pair of characters adds the same to their sum."""
    pieces = ("\u1000\u1200", "\u1001\u10f9")
    return {"".join(choice): 1 for choice in itertools.product(pieces, repeat=17)}


def _colliding_numbers() -> list[dict[str, int]]:
    """Objects whose keys share one place among the properties of an object (Fibonacci hashing)."""
    factor, steps = 0x61C8864680B583EB, (267914296, 433494437, 701408733, 1134903170, 102334155, 165580141, 63245986)

    def place(number: int) -> int:
        return ((number | 1 << 31) * factor % 2**64) >> 47

    found, waiting = {12345}, [12345]
    while waiting and len(found) < 16000:
        number = waiting.pop()
        for step in (*steps, *(-step for step in steps)):
            other = number + step
            if 0 <= other < 2**31 and other not in found and place(other) == place(12345):
                found.add(other)
                waiting.append(other)
    return [{str(number): 1 for number in found}] * 50


DATA: dict[str, Callable[[], Any]] = {
    "nothing": dict,
    "marks": lambda: {"text": "a" + "\u0301\u0327" * 1_500_000},
    "digits": lambda: {"text": "1" * 6_000_000},
    "names": lambda: {"inner": _colliding_names()},
    "numbers": lambda: {"inner": _colliding_numbers()},
    "texts": lambda: {
        "names": json.dumps(_colliding_names(), ensure_ascii=False),
        "numbers": json.dumps(_colliding_numbers()),
    },
}


def outcomes(codes: Sequence[str], data: str = "nothing", time_limit: float = 0.2) -> list[str]:
    """What became of each of `codes` (n8n's dialect), evaluated one after the other on an item with the data named.

    It is the name of an error, or `=` and the value's `repr`.
    """
    try:
        done = subprocess.run(
            [sys.executable, __file__, data, str(time_limit)],
            input=json.dumps(codes),
            capture_output=True,
            text=True,
            timeout=WATCHDOG,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        pytest.fail(f"held the process: {codes[len((late.output or b'').splitlines())]}")
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def _inside(data: str, time_limit: float) -> None:
    from nodeloom.errors import ExpressionError
    from nodeloom.expression import Environment, Scope, compile_value

    item, environment = {"json": DATA[data]()}, Environment(time_limit=time_limit)
    for code in json.load(sys.stdin):
        try:
            value = compile_value(f"={{{{ {code} }}}}", dialect="n8n").resolve(Scope(environment, [item], 0))
            sys.stdout.write(f"={value!r}"[:200] + "\n")
        except ExpressionError as error:
            sys.stdout.write(f"{type(error).__name__}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _inside(sys.argv[1], float(sys.argv[2]))
