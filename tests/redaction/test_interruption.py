"""Ctrl-C shows no secret, at whatever line it comes: not in variables, not in an error that it came in the way of."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nodeloom.redaction import clean_interruption, interrupted_clean, let_go

TESTS = Path(__file__).resolve().parents[1]


MASKING = ("redaction/masker.py", "redaction/secretnames.py", "run/redactor.py")
CASES = {
    "the given credential is put into values that mask themselves": ("run", "redaction/secret.py"),
    "a masker is made and used": ("arun", *MASKING),
    "a masker is made for a journal": ("journal", *MASKING, "/re/__init__.py", "/re/_compiler.py"),
    "a masker is made for the test of a credential": ("test", *MASKING, "credential/probe.py"),
    "a token is fetched": (
        "token",
        "credential/oauth/oauth2.py",
        "credential/oauth/tokenstore.py",
        "credential/session.py",
    ),
    "a credential file is unlocked": ("sealed", "credential/stores/sealing.py", "credential/stores/unlocking.py"),
    "headers are built": ("arun", "plan/call.py", "credential/generic.py", "credential/templates.py"),
    "a body is written as JSON": ("plan", "plan/wire.py", "jsonwriting.py", "plan/merge.py"),
}


@pytest.mark.slow
def test_an_interruption_shows_no_secret() -> None:
    """KeyboardInterrupt at each line of the files that do it; everything a traceback with variables shows.

    In a process of its own, because it is traced: one for all cases.
    """
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    command = [sys.executable, "-W", "ignore", str(TESTS / "interrupting.py"), json.dumps(CASES)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert {case: told["leaks"] for case, told in found.items()} == {case: {} for case in CASES}
    assert {case: told["missed"] for case, told in found.items()} == {case: [] for case in CASES}
    assert min(told["interrupted"] for told in found.values()) > 10


def interrupting_an_error() -> None:
    secret = "canary"
    known: dict[str, str] = {}
    try:
        known[secret]
    except KeyError:
        raise KeyboardInterrupt from None


def test_what_an_interruption_came_in_the_middle_of_is_let_go() -> None:
    """Python keeps it as the context, with words that nobody has masked."""
    with pytest.raises(KeyboardInterrupt) as caught, clean_interruption():
        interrupting_an_error()
    assert caught.value.__context__ is None
    frame = caught.traceback[-1].frame
    assert "secret" not in frame.f_locals


def test_an_interruption_of_a_task_is_clean_for_whoever_runs_the_loop() -> None:
    """The loop passes it on past the one that waits for the task."""

    async def work() -> None:
        interrupting_an_error()

    async def waiting() -> None:
        await asyncio.get_running_loop().create_task(interrupted_clean(work()))

    with pytest.raises(KeyboardInterrupt) as caught:
        asyncio.run(waiting())
    assert caught.value.__context__ is None
    assert not [entry for entry in caught.traceback if "secret" in entry.frame.f_locals]


def test_an_error_keeps_what_it_came_of() -> None:
    """Its causes are told; they were masked."""
    error = ValueError("outer")
    error.__cause__ = cause = KeyError("inner")
    let_go(error)
    assert error.__cause__ is cause
