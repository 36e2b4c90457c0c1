"""Runs a benchmark as a user does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


def benchmark(name: str, *arguments: str) -> Any:
    """What the benchmark prints with `--json`."""
    command = [sys.executable, str(FOLDER / name), *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
