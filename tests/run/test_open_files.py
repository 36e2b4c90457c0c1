"""A process that may open no further file or connection says so, for the run or the item, and nothing was sent then."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nodeloom import openfiles
from tests.transport.servers import Talk, answer, serving

pytestmark = pytest.mark.slow

resource = pytest.importorskip("resource", reason="Windows has no such limit")

VICTIM = """
import json, os, resource, sys
from nodeloom import Runtime
from nodeloom.errors import NodeloomError
from nodeloom.transport import sender

told = json.loads(sys.argv[1])
if told["loop"] == "asyncio":
    from nodeloom.runtime import background
    background._loop_factory = lambda: None
if told["channel"] == "httpx":
    sender.open_channel = lambda _limits: None
node = {"name": "probe", "displayName": "Probe", "version": 1, "description": "", "group": ["transform"],
    "defaults": {"name": "Probe"}, "inputs": ["main"], "outputs": ["main"],
    "requestDefaults": {"baseURL": told["url"], "url": "/x", "method": "POST"}, "properties": []}

def leave(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 60, hard))
    held = []
    try:
        while True:
            held.append(os.dup(0))
    except OSError:
        for descriptor in held[:count]:
            os.close(descriptor)
    return held[count:]

def told_of(result):
    return [item["json"].get("error") or "ok" for item in result.items]

with Runtime(discover_plugins=False, retries=0, **told["made"]) as runtime:
    runtime.add_node(node)
    if told["warm"]:
        assert told_of(runtime.run("probe", {}, [{}], on_error="continue")) == ["ok"]
    held = leave(told["left"])
    try:
        result = runtime.run(
            "probe", told["parameters"], [{}] * 40, on_error="continue", concurrency=40, break_after=0, **told["more"]
        )
        found = told_of(result)
    except NodeloomError as error:
        found = [error.to_dict()]
    for descriptor in held:
        os.close(descriptor)
    # What had no descriptor has one now.
    after = told_of(runtime.run("probe", told["parameters"], [{}], on_error="continue"))
print(json.dumps({"found": found, "after": after}))
"""


def ended(url: str, channel: str, *, left: int, warm: bool = True, **more: Any) -> list[Any]:
    """What became of forty items in a process that may open `left` more descriptors."""
    given = {"url": url, "channel": channel, "left": left, "warm": warm, "parameters": {}, "more": {}}
    given |= {"made": {}, "loop": "uvloop", **more}
    process = subprocess.run(
        [sys.executable, "-c", VICTIM, json.dumps(given)], capture_output=True, text=True, timeout=100, check=False
    )
    assert process.returncode == 0, process.stderr
    assert "Traceback" not in process.stderr
    told = json.loads(process.stdout)
    assert told["after"] == ["ok"]
    found: list[Any] = told["found"]
    return found


def ok() -> Talk:
    def talk(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(answer("200 OK", b'{"ok": true}', "Content-Type: application/json"))

    return talk


@pytest.mark.parametrize(
    ("channel", "host", "left"),
    [
        ("pyreqwest", "127.0.0.1", 0),
        ("pyreqwest", "localhost", 5),
        ("httpx", "127.0.0.1", 5),
        ("httpx", "localhost", 0),
    ],
)
def test_items_that_find_no_descriptor_say_so_and_were_not_sent(channel: str, host: str, left: int) -> None:
    """Every other one is done once."""
    with serving(ok()) as server:
        found = ended(f"http://{host}:{server.port}", channel, left=left)
        done = found.count("ok")
        assert len(server.heads) == done + 2
    failed = [error for error in found if error != "ok"]
    assert len(found) == 40
    assert failed
    assert {(e["type"], e["sent"]) for e in failed} == {("TooManyOpenFilesError", "no")}
    assert all("ulimit -n" in e["hint"] and "concurrency" in e["hint"] for e in failed)


HERE_ONLY = {"public_only": True, "networks": ["127.0.0.0/8", "::1/128"]}


@pytest.mark.parametrize(
    ("channel", "loop", "policy"),
    [
        ("pyreqwest", "uvloop", None),
        ("pyreqwest", "asyncio", HERE_ONLY),
        ("httpx", "uvloop", HERE_ONLY),
        ("httpx", "asyncio", None),
    ],
)
def test_a_name_that_cannot_be_looked_up_for_that_says_so_too(channel: str, loop: str, policy: Any) -> None:
    """The resolver of the system opens files as well, and calls what it could not find out a name that is not there."""
    with serving(ok()) as server:
        found = ended(f"http://localhost:{server.port}", channel, left=0, loop=loop, made={"policy": policy})
    failed = [error for error in found if error != "ok"]
    assert {(e["type"], e["sent"]) for e in failed} == {("TooManyOpenFilesError", "no")}


@pytest.mark.parametrize("channel", ["pyreqwest", "httpx"])
def test_what_another_channel_would_do_fails_alike(channel: str) -> None:
    """It is imported, and reads certificates, when it is first needed."""
    with serving(ok()) as server:
        unchecked = {"requestOptions": {"allowUnauthorizedCerts": True}}
        found = ended(server.url, channel, left=1, parameters=unchecked)
    failed = [error for error in found if error != "ok"]
    assert {(e["type"], e["sent"]) for e in failed} == {("TooManyOpenFilesError", "no")}


@pytest.mark.parametrize(
    ("channel", "left"), [("pyreqwest", 0), ("httpx", 2), ("pyreqwest", 4), ("httpx", 8), ("pyreqwest", 16)]
)
def test_a_run_that_cannot_begin_says_so(channel: str, left: int) -> None:
    """An event loop, a client's thread and the certificates want descriptors; libraries abort where there are none."""
    with serving(ok()) as server:
        (error,) = ended(server.url, channel, left=left, warm=False)
        assert len(server.heads) == 1
    assert error["code"] == "configuration"
    assert "too many files and connections open" in error["message"]
    assert "ulimit -n" in error["hint"]


@pytest.mark.parametrize("left", [0, 2])
def test_a_journal_that_cannot_be_opened_says_so(left: int, tmp_path: Path) -> None:
    with serving(ok()) as server:
        found = ended(server.url, "pyreqwest", left=left, more={"journal": str(tmp_path / "run.journal")})
    assert found[0] != "ok"
    assert {e["type"] for e in found if e != "ok"} <= {"JournalError", "ConfigurationError", "TooManyOpenFilesError"}
    assert all("ulimit -n" in e["hint"] for e in found if e != "ok")


@pytest.mark.parametrize("channel", ["pyreqwest"])
def test_the_command_line_ends_in_words(channel: str, tmp_path: Path) -> None:
    """Its items come from a file, which is open meanwhile, and results go to another."""
    items = tmp_path / "items.ndjson"
    items.write_text("{}\n" * 40)
    node = {"name": "probe", "displayName": "Probe", "version": 1, "description": "", "group": ["transform"]}
    node |= {"defaults": {"name": "Probe"}, "inputs": ["main"], "outputs": ["main"], "properties": []}
    with serving(ok()) as server:
        node["requestDefaults"] = {"baseURL": server.url, "url": "/x", "method": "POST"}
        (tmp_path / "probe.json").write_text(json.dumps(node))
        command = (
            f"ulimit -n 45; exec {sys.executable} -m nodeloom.cli run {tmp_path / 'probe.json'} "
            f"--items {items} --output {tmp_path / 'out.ndjson'} --on-error continue --concurrency 40 --retries 0"
        )
        process = subprocess.run(
            ["/bin/sh", "-c", command], capture_output=True, text=True, timeout=100, check=False, cwd=tmp_path
        )
    assert process.returncode in (0, 1), process.stderr
    assert "Traceback" not in process.stderr
    found = [json.loads(line)["json"] for line in (tmp_path / "out.ndjson").read_text().splitlines()]
    assert len(found) == 40
    assert {f["error"]["code"] for f in found if "error" in f} <= {"too_many_open_files"}


def test_a_fault_is_told_by_its_number_wherever_it_is_hidden() -> None:
    inner = OSError(24, "Too many open files")
    outer = OSError("All connection attempts failed")
    outer.__cause__ = BaseExceptionGroup("several", [OSError(111, "refused"), inner])
    assert openfiles.used_up(outer)
    assert openfiles.used_up(OSError(23, "Too many open files in system"))
    assert not openfiles.used_up(OSError(111, "refused"))
    looped = ValueError()
    looped.__cause__ = looped.__context__ = ValueError()
    looped.__cause__.__cause__ = looped
    assert not openfiles.used_up(looped)
    assert openfiles.said_used_up("tcp open error: Too many open files (os error 24)")
    assert openfiles.some_left(3)
