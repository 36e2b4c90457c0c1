"""When standard input is read for items, and that a silent one does not hold up what needs none."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nodeloom.cli import main
from nodeloom.testing import ThreeCXSandbox
from tests.cli.conftest import DELETE, TARGET, Said, command, finish, start

ONE = (*TARGET, "Get Weblink", "--set", "Link=link-1")
RunWith = Callable[[int], Said]


@pytest.fixture
def run_with(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunWith:
    """Runs once in this process, with that file descriptor as standard input."""

    def run(number: int) -> Said:
        with os.fdopen(os.dup(number)) as stream, monkeypatch.context() as changed:
            changed.setattr(sys, "stdin", stream)
            code = main(("run", *ONE))
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


def test_a_pipe_with_items_runs_once_for_each(sandbox: ThreeCXSandbox, run_with: RunWith) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"{}\n{}\n")
    os.close(writing)
    assert len(run_with(reading).results) == 2
    os.close(reading)


def test_a_file_with_items_runs_once_for_each(sandbox: ThreeCXSandbox, run_with: RunWith, tmp_path: Path) -> None:
    (tmp_path / "items").write_text("{}\n{}\n{}\n")
    with (tmp_path / "items").open() as items:
        assert len(run_with(items.fileno()).results) == 3


@pytest.mark.slow
def test_an_empty_pipe_file_or_null_device_runs_once(
    sandbox: ThreeCXSandbox, run_with: RunWith, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.close(writing)
    assert len(run_with(reading).results) == 1
    os.close(reading)
    (tmp_path / "empty").touch()
    with (tmp_path / "empty").open() as empty:
        assert len(run_with(empty.fileno()).results) == 1
    with Path(os.devnull).open() as null:
        assert len(run_with(null.fileno()).results) == 1


def test_a_terminal_runs_once(sandbox: ThreeCXSandbox, run_with: RunWith) -> None:
    master, slave = pty.openpty()
    assert len(run_with(slave).results) == 1
    os.close(slave)
    os.close(master)


def test_a_socket_runs_once(sandbox: ThreeCXSandbox, run_with: RunWith) -> None:
    """Some programs give those they start a socket that stays silent."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert len(run_with(theirs.fileno()).results) == 1


@pytest.mark.slow
def test_a_closed_standard_input_runs_once(sandbox: ThreeCXSandbox) -> None:
    closing = ["/bin/sh", "-c", 'exec "$@" <&-', "sh"]
    process = subprocess.run([*closing, *command("run", *ONE)], capture_output=True, timeout=60, check=False)
    assert process.returncode == 0
    assert process.stdout.count(b"\n") == 1


@pytest.mark.slow
def test_a_silent_pipe_does_not_hold_up_what_needs_no_items(sandbox: ThreeCXSandbox, run_with: RunWith) -> None:
    """As when a service starts the command with a pipe that nobody writes to."""
    reading, writing = os.pipe()
    said = run_with(reading)
    os.close(reading)
    os.close(writing)
    assert (said.code, len(said.results)) == (0, 1)
    assert "running once" in said.err


@pytest.mark.slow
def test_a_silent_pipe_is_waited_for_when_items_are_needed_and_that_is_said(sandbox: ThreeCXSandbox) -> None:
    reading, writing = os.pipe()
    process = start("run", *DELETE, "--set", "Link=<<$json.Link>>", stdin=reading)
    os.close(reading)
    assert process.stderr is not None
    assert b"Waiting for items on standard input." in process.stderr.readline()
    os.write(writing, b'{"Link":"link-1"}\n')
    os.close(writing)
    said = finish(process)
    assert said.code == 0
    assert said.results[0]["json"]["Link"] == "link-1"
