"""One contestant at one task, in a process of its own: `python -m measuring.attempt TASK`, TASK as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from measuring.contestants import CONTESTANTS
from measuring.cores import pin
from measuring.task import Task
from measuring.usage import Usage

PACKAGES = Path(__file__).resolve().parents[1]


class AttemptError(Exception):
    """A contestant failed, or did not do every item; the message holds what it wrote to standard error."""


def attempt(task: Task) -> Usage:
    """Let the contestant do its task in a new process, pinned to the task's core. Raises AttemptError."""
    with tempfile.TemporaryDirectory(prefix="attempt-") as folder:
        command = [sys.executable, "-m", "measuring.attempt", json.dumps(asdict(replace(task, folder=folder)))]
        path = os.pathsep.join([str(PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AttemptError(f"{task.contestant} failed:\n{done.stderr[-2000:]}")
    usage = Usage(**json.loads(done.stdout.splitlines()[-1]))
    if usage.items != task.items:
        raise AttemptError(f"{task.contestant} did {usage.items} of {task.items} items.")
    return usage


def main() -> None:
    """Do the task and print what it used."""
    task = Task(**json.loads(sys.argv[1]))
    pin(task.core)
    print(json.dumps(asdict(CONTESTANTS[task.contestant].measure(task))))


if __name__ == "__main__":
    main()
