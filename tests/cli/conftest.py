"""The command line, in this process or in one of its own, against a sandbox on a real socket."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nodeloom.cli import main
from nodeloom.testing import ThreeCXSandbox

TARGET = ("threecx", "Website Links")
DELETE = (*TARGET, "Delete Weblink")


@dataclass(frozen=True)
class Said:
    """What a call of the command line came to."""

    code: int
    out: str
    err: str

    @property
    def results(self) -> list[dict[str, Any]]:
        """Standard output as NDJSON."""
        return [json.loads(line) for line in self.out.splitlines()]


Call = Callable[..., Said]


@pytest.fixture(autouse=True)
def _own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the credentials or settings of whoever runs it."""
    for variable in list(os.environ):
        if variable.upper().startswith(("NODELOOM_", "_NODELOOM")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreeCXSandbox]:
    """A sandbox with ten links, whose credential is in the environment."""
    with ThreeCXSandbox(links=10) as running:
        monkeypatch.setenv("NODELOOM_CREDENTIAL_THREECXAPI", json.dumps(running.credential))
        yield running


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls the command line in this process; `stdin` is what stands on standard input."""

    def call(*arguments: str, stdin: str | bytes = b"") -> Said:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        capsys.readouterr()
        code = main(arguments)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


def command(*arguments: str) -> list[str]:
    """The words that start the command line in a process of its own."""
    return [sys.executable, "-m", "nodeloom.cli", *arguments]


def heeding_signals() -> None:
    """What ran in the background, or by nohup, ignores these, and a child inherits that."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(*arguments: str, stdin: int = subprocess.DEVNULL, **options: Any) -> subprocess.Popen[bytes]:
    """The command line in a process of its own, with Python's own way of taking SIGINT."""
    return subprocess.Popen(
        command(*arguments),
        stdin=stdin,
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        # Unbuffered: what a test's readline() took ahead, communicate() would not give any more.
        bufsize=0,
        preexec_fn=heeding_signals,
        **options,
    )


def finish(process: subprocess.Popen[bytes]) -> Said:
    """Wait for a process that was started."""
    out, err = process.communicate(timeout=60)
    return Said(process.returncode, (out or b"").decode(), err.decode())
