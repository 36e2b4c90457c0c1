"""Expressions in a process of their own."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.errors import ConfigurationError, ExpressionError, ExpressionMemoryError, ExpressionTimeoutError
from nodeloom.expression import Environment, Scope, compile_value
from nodeloom.expression import interpreter_process as room
from nodeloom.expression.engines import Engines, engines_of
from nodeloom.expression.interpreter import Mark
from nodeloom.expression.interpreter_process import InterpreterProcess

pytestmark = pytest.mark.skipif(not hasattr(select, "poll"), reason="this system has no pipes that can be waited for")

HERE, APART = Engines(), Engines(process=True)


def run(code: str, engines: Engines = APART, *, environment: Environment | None = None, **data: Any) -> object:
    scope = Scope(environment or Environment(engines=engines), [{"json": data}], 0)
    return compile_value(f"={{{{ {code} }}}}", dialect="n8n").resolve(scope)


def process_of(engines: Engines) -> subprocess.Popen[bytes]:
    interpreter = engines.current().interpreter
    assert isinstance(interpreter, InterpreterProcess)
    return interpreter._child


@pytest.mark.parametrize(
    "code",
    [
        "1 + 1",
        "-0",
        "0.1 + 0.2",
        "2 ** 60 + 0",
        "1 / 0",
        "true && !$json.n",
        "[null, undefined]",
        "({ a: [$json.n, 'ä😀\\0\\ud800'] })",
        "'ä😀'.repeat(100000)",
        "'\\ud800'",
        "$json.text.toTitleCase()",
        "DateTime.fromISO('2024-03-31T12:00', { zone: 'Europe/Berlin' }).plus({ days: 1 }).toISO()",
        "new Date(0)",
        "$json.list.map(n => n.hash ? n : `${n}`.hash('sha256'))",
        "$input.all().length + $itemIndex",
        "missing?.deeper",
        "$json.nothing.at.all",
        "123n",
        "$jmespath($json, 'list[0]')",
        "(1234.5).toLocaleString('de')",
    ],
)
def test_the_answers_are_those_of_this_process(code: str) -> None:
    """Numbers, texts of any kind, dates, questions and modules cross alike."""
    data: dict[str, Any] = {"n": 5, "text": "abc def", "list": [1, 2, 3]}
    here, apart = run(code, HERE, **data), run(code, APART, **data)
    assert repr(apart) == repr(here)


def test_what_a_host_gives_is_the_same() -> None:
    """Functions, other nodes, parameters: this side answers what JavaScript asks for."""
    environment = Environment(
        engines=APART, functions={"twice": lambda n: n * 2}, nodes={"Other": [{"json": {"x": 7}}]}, vars={"v": 1}
    )
    assert run("twice(4) + $('Other').first().json.x + $vars.v", environment=environment) == 16
    with pytest.raises(ExpressionError, match="no node"):
        run("$('Missing').first()", environment=environment)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("(() => { for (;;); })()", ExpressionTimeoutError),
        ("'x'.repeat(2 ** 29)", ExpressionMemoryError),
        ("(() => { let a = []; for (;;) a.push('x'.repeat(1000) + a.length) })()", ExpressionMemoryError),
    ],
)
def test_limits_are_told_alike(code: str, error: type[ExpressionError]) -> None:
    environment = Environment(engines=APART, time_limit=0.2, memory_limit=32 * 1024 * 1024)
    with pytest.raises(error):
        run(code, environment=environment)
    assert run("1 + 1", environment=environment) == 2


#: A ground without any of what mends built-in methods.
BARE = (
    "(() => { const programs = []; const api = { seal() {}, install() {}, give() {}, forget() {}, item() {},"
    " load: () => '', define: (code) => programs.push((0, eval)(code)), run: (number) => programs[number]() };"
    " return (which) => api[which] })()"
)
NATIVES = [
    "[].reverse.call({ length: 2 ** 53 - 1 })",
    "String.raw({ raw: { length: 2 ** 53 - 1 } })",
    "[].fill.call({ length: 2 ** 53 - 1 })",
    "new RegExp('a|'.repeat(4e5))",
]


@pytest.mark.parametrize("code", NATIVES)
def test_a_built_in_that_does_not_look_at_the_clock_is_ended_by_the_system(code: str) -> None:
    """QuickJS's own limit does not hold here: that is what the process is for."""
    interpreter = InterpreterProcess([BARE])
    number = interpreter.define(f"(() => {code})")
    assert interpreter.run(number, "", False, 0.2, 64 * 1024 * 1024) in (Mark.TIME, Mark.MEMORY)


def test_a_process_that_ends_costs_its_evaluation_and_no_other() -> None:
    engines = Engines(process=True)
    assert run("1 + 1", engines) == 2
    process = process_of(engines)
    process.kill()
    process.wait()
    with pytest.raises(ExpressionError, match="ended before it had a result"):
        run("1 + 2", engines)
    assert run("1 + 3", engines) == 4
    assert process_of(engines).pid != process.pid


def test_a_process_that_is_stopped_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It uses no time of any processor, so the clock on the wall decides."""
    monkeypatch.setattr(room, "_WALL_SECONDS", 0.2)
    monkeypatch.setattr(room, "_WALL_SHARE", 0.0)
    engines = Engines(process=True)
    assert run("1 + 1", engines) == 2
    process = process_of(engines)
    os.kill(process.pid, signal.SIGSTOP)
    with pytest.raises(ExpressionTimeoutError):
        run("1 + 2", engines)
    assert process.poll() is not None


def test_a_process_that_reads_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it is sent is longer than a pipe holds."""
    monkeypatch.setattr(room, "_WALL_SECONDS", 0.2)
    monkeypatch.setattr(room, "_WALL_SHARE", 0.0)
    engines = Engines(process=True)
    assert run("1 + 1", engines) == 2
    process = process_of(engines)
    os.kill(process.pid, signal.SIGSTOP)
    with pytest.raises(ExpressionTimeoutError):
        run("$json.text.length + 1", engines, text="x" * 1_000_000)
    assert process.poll() is not None


@pytest.mark.parametrize("program", ["/nonexistent", "/bin/false"])
def test_a_process_that_does_not_start_is_told(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a traceback of the pipe's."""
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(ConfigurationError, match="did not start"):
        run("1 + 1", Engines(process=True))


@pytest.mark.parametrize(
    "answer",
    [
        "?5",
        "?[[1,2]]",
        "?[5]",
        '?[["nothing","x"]]',
        '?[["module","../x"]]',
        '?[["node",5]]',
        '?[["hash","a"]]',
        '?[["hash","md5:5"]]',
        '?[["hash","md5:"]]',
        '?[["function","5"]]',
        '?[["function","[5,[]]"]]',
        "e5",
        "e[1,2]",
        "z",
        'j{"\\u0000":5}',
        'j{"\\u0000":["nothing"]}',
        'j{"\\u0000":["date","a"]}',
        'j{"\\u0000":["datetime",5]}',
    ],
)
def test_an_answer_that_means_nothing_is_an_error_of_the_expression(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code that got hold of the process can ask and say anything, and learns nothing by it."""
    monkeypatch.setattr(InterpreterProcess, "_exchange", lambda _self, _patience: answer)
    with pytest.raises(ExpressionError):
        run("$json.n + 1", Engines(process=True), n=1)


def test_closing_a_runtime_ends_its_process() -> None:
    with Runtime(javascript="process") as runtime:
        environment = runtime.environment()
        assert run("1 + 1", environment=environment) == 2
        process = process_of(engines_of(environment))
        assert process.poll() is None
    assert process.poll() is not None


def test_an_interrupt_in_the_midst_of_an_exchange_leaves_no_answer_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The answer that comes later belongs to an evaluation that is over."""
    engines = Engines(process=True)
    assert run("'first'.concat()", engines) == "first"

    def interrupted(self: InterpreterProcess, count: int, deadline: float) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(InterpreterProcess, "_receive", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run("'second'.concat()", engines)
    assert run("'third'.concat()", engines) == "third"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_starts_a_process_of_its_own() -> None:
    """The parent's goes on."""
    engines = Engines(process=True)
    assert run("1 + 1", engines) == 2
    process = process_of(engines)
    child = os.fork()
    if child == 0:
        right = run("2 + 2", engines) == 4 and process_of(engines).pid != process.pid
        engines.close()
        os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert process.poll() is None
    assert run("1 + 2", engines) == 3
    assert process_of(engines) is process


def test_a_process_holds_nothing_of_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment, no open file but its three pipes, and none that it could open."""
    monkeypatch.setenv("NODELOOM_TEST_CANARY", "canary")
    engines = Engines(process=True)
    run("1 + 1", engines)
    proc = Path("/proc") / str(process_of(engines).pid)
    if not proc.exists():
        pytest.skip("this system does not show its processes as files")
    assert b"canary" not in (proc / "environ").read_bytes()
    assert {entry.name for entry in (proc / "fd").iterdir()} == {"0", "1", "2"}
    limits = (proc / "limits").read_text()
    assert "Max open files            3                    3" in limits
    assert "Max file size             0                    0" in limits


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (b"", Mark.LOST),
        (b"\x01", Mark.LOST),
        (b"\0" * 13, Mark.LOST),
        (b"\xff" * 13, Mark.MEMORY),
        (b"\x02\0\0\0" + b"\0" * 9 + b"ix", Mark.LOST),
        (b"\x03\0\0\0" + b"\0" * 9 + b"s\xff\xfe", Mark.LOST),
        (b"\x03\0\0\0" + b"\0" * 9 + b"fxx", Mark.LOST),
    ],
)
def test_nonsense_of_a_process_is_no_result(answer: bytes, result: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that got hold of it could write anything."""
    writer = f"import os, sys; os.read(0, 1); os.write(1, {answer!r})"

    def start(_program: Path, _what: str) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, "-I", "-S", "-c", writer], stdin=pipe, stdout=pipe, stderr=pipe)

    monkeypatch.setattr(room, "start_isolated", start)
    interpreter = InterpreterProcess(["x"])
    assert interpreter.run(0, "", False, 1.0, 1) == result
    assert interpreter.spoiled


def test_large_data_crosses_whole() -> None:
    text = "ä" * 3_000_000
    assert run("$json.text + '!'", text=text) == text + "!"


@pytest.mark.parametrize("value", ["thread", "", 1, None, "Process"])
def test_a_runtime_says_what_javascript_may_be(value: Any) -> None:
    with pytest.raises(ConfigurationError, match='javascript must be True, False or "process"'):
        Runtime(javascript=value)


def test_a_run_evaluates_in_a_process() -> None:
    """The whole way, from the face of the runtime."""
    from nodeloom.testing import ThreeCXSandbox

    with ThreeCXSandbox(links=3) as sandbox, Runtime(javascript="process") as runtime:
        result = runtime.run(
            "threecx",
            {"resource": "Website Links", "operation": "Delete Weblink", "Link": "{{ 'link-' + $json.n }}"},
            items=[{"n": 1}, {"n": 2}, {"n": 3}],
            credentials={"threeCxApi": sandbox.credential},
        )
    assert [outcome.items[0]["json"]["Link"] for outcome in result.outcomes] == ["link-1", "link-2", "link-3"]
