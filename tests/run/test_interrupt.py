"""Ctrl-C, with a real process and a real signal."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from nodeloom.testing import ThreeCXSandbox

PROGRAM = """
import json, sys
from nodeloom import Runtime, RunInterrupted, Stop

class Told(Stop):
    def set(self, *, now=False):
        super().set(now=now)
        print("told", flush=True)

url, token, count = sys.argv[1:]
parameters = {"resource": "Website Links", "operation": "Delete Weblink", "Link": "={{ $json.Link }}"}
items = [{"Link": f"link-{n}"} for n in range(1, int(count) + 1)]
given = {"threeCxApi": {"serverUrl": url, "accessToken": token}}
with Runtime(discover_plugins=False) as runtime:
    try:
        runtime.run("threecx", parameters, items, credentials=given, concurrency=4, stop=Told())
    except RunInterrupted as interruption:
        report = interruption.result.report.to_dict()
        done = [o.index for o in interruption.result.outcomes if o.error is None]
        codes = sorted({o.error.code for o in interruption.result.outcomes if o.error is not None})
        print(json.dumps({"report": report, "done": done, "codes": codes}), flush=True)
        sys.exit(130)
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT for another process"),
]


@contextlib.contextmanager
def deleting(url: str, count: int) -> Iterator[subprocess.Popen[str]]:
    program = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM, url, "token", str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What runs in the background ignores it, and a child inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        yield program
    finally:
        program.kill()
        program.communicate()


def interrupt(program: subprocess.Popen[str]) -> None:
    """Send SIGINT, and wait until the program has told its run."""
    assert program.stdout is not None
    program.send_signal(signal.SIGINT)
    assert program.stdout.readline() == "told\n"


def ended(program: subprocess.Popen[str]) -> Any:
    assert program.stdout is not None
    assert program.stderr is not None
    # Not communicate(): what readline() has read ahead would be lost to it.
    out, err = program.stdout.read(), program.stderr.read()
    assert err == ""
    assert program.wait(60) == 130
    return json.loads(out.splitlines()[-1])


def test_one_interrupt_finishes_what_is_in_flight_and_reports_the_rest() -> None:
    with (
        ThreeCXSandbox(links=2000, latency=0.02, access_token="token") as sandbox,
        deleting(sandbox.server_url, 2000) as program,
    ):
        while not sandbox.requests:
            time.sleep(0.01)
        interrupt(program)
        told = ended(program)
        counts = told["report"]["counts"]
        assert counts["items"] == 2000
        assert counts["succeeded"] + counts["notRun"] == 2000
        assert counts["notRun"] > 0
        assert told["codes"] == ["not_run"]
        assert {f"link-{n + 1}" for n in told["done"]} == {f"link-{n}" for n in range(1, 2001)} - set(sandbox.links)


def test_a_second_interrupt_abandons_what_is_in_flight_and_says_so() -> None:
    """A service that takes requests and answers none: four are in flight, and what became of them is unknown."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        deleting(f"http://127.0.0.1:{listener.getsockname()[1]}", 20) as program,
        contextlib.ExitStack() as connections,
    ):
        for _ in range(4):
            connection = connections.enter_context(listener.accept()[0])
            assert connection.recv(65536).startswith(b"DELETE /xapi/v1/WebsiteLinks")
        interrupt(program)
        interrupt(program)
        told = ended(program)
    assert told["done"] == []
    assert told["report"]["errors"] == {"not_run": 16, "request": 4}
