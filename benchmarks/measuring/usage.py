"""Time, CPU time and peak memory of a piece of work, in this process or in a command."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# getrusage counts kilobytes, on macOS bytes.
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Usage:
    """What some items took: seconds on the clock, seconds of CPU, and the process's largest resident size in bytes."""

    items: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int

    @property
    def rate(self) -> float:
        """Items a second."""
        return self.items / self.seconds

    @property
    def cpu_microseconds(self) -> float:
        """CPU time of one item, in µs."""
        return self.cpu_seconds / self.items * 1e6


def peak_bytes() -> int:
    """The largest resident size this process has had.

    On Linux from /proc: getrusage's figure begins with the size of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_UNIT


def of_work(work: Callable[[], int]) -> Usage:
    """Do `work`, which returns how many items it did; its CPU time is that of all threads of this process."""
    cpu, started = time.process_time(), time.perf_counter()
    items = work()
    return Usage(items, time.perf_counter() - started, time.process_time() - cpu, peak_bytes())


def of_command(command: Sequence[str | Path], environment: Mapping[str, str], items: int) -> tuple[Usage, str]:
    """Run a command, its start included, and give what it used and what it printed.

    Raises CalledProcessError, with what it wrote to standard error, when it fails.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        list(command), env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    with process.stdout as pipe:
        printed = pipe.read()
    _pid, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[0], stderr=printed)
    return Usage(items, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * MAXRSS_UNIT), printed
