"""Recursion in JavaScript ends as an error whatever stack the thread has, and never ends the process."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from nodeloom.expression.stack import LEAST, MOST, stack_size, thread_with_stack

KIB = 1024
DEEP = [
    "(function f() { return f() })()",
    "(() => { const f = () => f(); return f() })()",
    "(() => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return JSON.stringify(a) })()",
    "(() => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a })()",
    "(() => { let a = 1; for (let i = 0; i < 1e5; i++) a = { a }; return `${JSON.stringify(a)}` })()",
    "JSON.parse('['.repeat(1e5))",
    "JSON.parse('{\"a\":'.repeat(1e5))",
    "new RegExp('('.repeat(9e3) + ')'.repeat(9e3)).test('a')",
    "/^(?:(a+)+)+$/.test('a'.repeat(30) + 'b')",
    "(() => { const a = []; a[0] = a; return a.flat(Infinity) })()",
    "(() => { const o = { toString: () => `${o}` }; return `${o}` })()",
    "(() => { const o = { get a() { return o.a } }; return o.a })()",
    "[2, 1].sort(function c() { return [2, 1].sort(c) })",
    "'x'.replace(/x/g, function r() { return 'x'.replace(/x/g, r) })",
    "(() => { let f = (x) => x; for (let i = 0; i < 1e5; i++) { const g = f; f = (x) => g(x) } return f(1) })()",
    "(() => { let C = class {}; for (let i = 0; i < 1e4; i++) C = class extends C {}; return new C() })()",
    "[...(function* g() { yield* g() })()]",
    "[" * 90 + "]" * 90,
    "(x => " * 90 + "1" + ")" * 90,
    "DateTime.now().year > 0",
]

CHILD = """
import asyncio, json, sys, threading
import ctypes  # what a small stack has no room to import
import nodeloom.expression.interpreter_thread, nodeloom.expression.judgement, nodeloom.expression.quickjs
import nodeloom.expression.rewrite
from nodeloom.errors import ExpressionError
from nodeloom.expression import Environment, Scope, compile_value
from nodeloom.expression.engine import Engine

where, size, codes = sys.argv[1], int(sys.argv[2]), json.load(sys.stdin)
found = []
compile_value("={{ 1 }}", dialect="n8n")  # loads what compiling loads

def work():
    environment = Environment(time_limit=0.5)
    for code in codes:
        try:
            value = compile_value("={{ " + code + " }}", dialect="n8n").resolve(Scope(environment, [{"json": {}}], 0))
            found.append(repr(value)[:9])
        except ExpressionError as error:
            found.append(type(error).__name__)

async def executor():
    await asyncio.get_running_loop().run_in_executor(None, work)

if size:
    threading.stack_size(size)
if where == "main":
    work()
elif where == "thread":
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
elif where == "asyncio":
    asyncio.run(executor())
else:
    import uvloop
    uvloop.run(executor())
print(json.dumps(found))
"""


def _ends(where: str, *, limit: str = "8192", size: int = 0) -> list[str]:
    """What became of each of `DEEP` on a thread with such a stack, in a process with such a `ulimit -s`."""
    command = ["sh", "-c", f'ulimit -S -s {limit} && exec "$@"', "sh", sys.executable, "-c", CHILD, where, str(size)]
    done = subprocess.run(command, input=json.dumps(DEEP), capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, f"ended by {done.returncode}: {done.stderr[-2000:]}"
    found: list[str] = json.loads(done.stdout)
    return found


def _as_ever(found: list[str]) -> None:
    """Errors of the code are undefined (n8n), what is too deep for a result or too long is an error."""
    assert len(found) == len(DEEP)
    assert set(found) <= {
        "undefined",
        "ExpressionError",
        "ExpressionTimeoutError",
        "ExpressionSyntaxError",
        "True",
        "1",
        "[[[[[[[[[",
    } | {"<function"}
    assert found[0] == "undefined"
    assert found[-1] == "True"


@pytest.mark.timeout(200)
@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "limit"),
    [
        ("main", "256"),
        ("main", "1024"),
        ("main", "unlimited"),
        ("uvloop", "256"),
        ("uvloop", "512"),
        ("uvloop", "8192"),
    ],
)
def test_whatever_the_system_grants(where: str, limit: str) -> None:
    """The main thread has it all, and others are made with as much."""
    pytest.importorskip("resource")
    if where == "uvloop":
        pytest.importorskip("uvloop")
    _as_ever(_ends(where, limit=limit))


@pytest.mark.timeout(200)
@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "size"),
    [
        ("thread", 64 * KIB),
        ("thread", 256 * KIB),
        ("asyncio", 64 * KIB),
        ("asyncio", 128 * KIB),
        ("asyncio", 1024 * KIB),
    ],
)
def test_whatever_a_thread_is_made_with(where: str, size: int) -> None:
    pytest.importorskip("resource")
    _as_ever(_ends(where, size=size))


def _on_thread(work: Callable[[], object], size: int) -> object:
    found: list[object] = []
    before = threading.stack_size(size)
    try:
        thread = threading.Thread(target=lambda: found.append(work()))
        thread.start()
        # The work may set the size for a thread of its own, and puts back what it found: it must end first.
        thread.join()
    finally:
        threading.stack_size(before)
    return found[0]


@pytest.mark.skipif(sys.platform != "linux", reason="what a thread has is measured on Linux")
@pytest.mark.parametrize(
    ("size", "least", "most"),
    [
        (128 * KIB, None, None),
        (400 * KIB, None, None),
        (1024 * KIB, LEAST, 512 * KIB),
        (2048 * KIB, 700 * KIB, MOST),
        (16 * 1024 * KIB, MOST, MOST),
    ],
)
def test_half_of_what_a_thread_has_left(size: int, least: int | None, most: int | None) -> None:
    # The C library may give a thread the stack of one that ended, of up to four times the size.
    most = min(4 * (most or size // 2), MOST)
    found = _on_thread(stack_size, size)
    if found is None:
        assert least is None
    else:
        assert isinstance(found, int)
        assert (least or LEAST) <= found <= most


@pytest.mark.skipif(sys.platform != "linux", reason="what a thread has is measured on Linux")
def test_what_calls_have_used_is_not_counted() -> None:
    """Half of a stack deep in calls is less than half of the stack."""

    def nested(depth: int) -> int | None:
        if depth == 0:
            return stack_size()
        # Each of these calls goes through C code, which has frames of its own.
        return max(map(nested, [depth - 1]), key=id)

    shallow, deep = _on_thread(lambda: nested(0), 1536 * KIB), _on_thread(lambda: nested(200), 1536 * KIB)
    assert isinstance(shallow, int)
    assert deep is None or (isinstance(deep, int) and deep < shallow)


def test_a_thread_of_its_own_has_stack_enough_and_leaves_the_setting_as_it_was() -> None:
    before = threading.stack_size()
    assert (thread_with_stack().submit(stack_size).result() or 0) > LEAST
    assert threading.stack_size() == before


@pytest.mark.skipif(sys.platform != "linux", reason="what a thread has is measured on Linux")
def test_engines_of_many_small_threads_end_with_them() -> None:
    from nodeloom.expressions import Engines, evaluate

    def work() -> object:
        with_own = Engines()
        return [evaluate("={{ $json.a + 1 }}", json={"a": n}, dialect="n8n", engines=with_own) for n in range(3)]

    running = threading.active_count()
    for _ in range(3):
        assert _on_thread(work, 200 * KIB) == [1, 2, 3]
    for thread in threading.enumerate():
        if thread.name.startswith("nodeloom-javascript"):
            thread.join(20)
    assert threading.active_count() <= running


def test_asyncio_has_enough() -> None:
    async def main() -> object:
        return await asyncio.get_running_loop().run_in_executor(None, stack_size)

    assert asyncio.run(main()) is not None
