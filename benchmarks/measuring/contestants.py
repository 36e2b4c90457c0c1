"""Who runs: Nodeloom's modes, the hand-written loops, n8n."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from measuring import n8n_peer, nodeloom_modes
from measuring.loops.timing import timed
from measuring.task import Task
from measuring.usage import Usage

Measure = Callable[[Task], Usage]

RUN = "nodeloom run()"
UNORDERED = "nodeloom run(), unordered"
JOURNAL = "nodeloom run(), journal"
STREAM = "nodeloom stream()"
COMMAND_LINE = "nodeloom run, command line"
N8N = "n8n"
# n8n opens a connection for every item before it reads an answer; 2,000 break it.
MOST_N8N_ITEMS = 500


@dataclass(frozen=True, slots=True)
class Contestant:
    """One row of the table.

    `measure` is called in a process of its own. The best of `concurrencies` is taken, or, where there are none, the
    one that was best for `as_`. `share` of the items is enough for a slow one, and `most` at most. `needs` are
    packages it imports. Of a `whole_process` the CPU time is counted from its start.
    """

    measure: Measure
    concurrencies: tuple[int, ...] = ()
    as_: str = RUN
    share: float = 1.0
    most: int | None = None
    needs: tuple[str, ...] = ()
    whole_process: bool = False

    def items(self, wanted: int) -> int:
        """How many items it does when `wanted` are asked for."""
        return max(1, min(int(wanted * self.share), self.most or wanted))

    def missing(self, n8n: str) -> str | None:
        """Why it cannot run here, and how to mend that; None when it can. `n8n` is the folder of the n8n peer."""
        absent = [package for package in self.needs if importlib.util.find_spec(package) is None]
        if absent:
            return f"{' and '.join(absent)} not installed: pip install {' '.join(absent)}"
        if self.measure is n8n_peer.run and not n8n_peer.installed(n8n):
            return f"not installed: {n8n_peer.INSTALL}"
        return None


def loop(module: str, function: str = "delete_all", *, uvloop: bool = False) -> Measure:
    """A hand-written loop; its module is imported when it runs, because its client may be absent."""

    def measure(task: Task) -> Usage:
        delete_all = getattr(importlib.import_module(f"measuring.loops.{module}"), function)
        return timed(task, delete_all, uvloop=uvloop)

    return measure


CONTESTANTS = {
    RUN: Contestant(nodeloom_modes.run, (8, 16, 32, 64, 128)),
    "nodeloom run(), 8 in flight": Contestant(nodeloom_modes.run, (8,)),
    UNORDERED: Contestant(nodeloom_modes.unordered),
    JOURNAL: Contestant(nodeloom_modes.journalled, (8, 16, 32, 64)),
    "nodeloom run(), coalesce=100": Contestant(nodeloom_modes.coalesced),
    STREAM: Contestant(nodeloom_modes.stream),
    COMMAND_LINE: Contestant(nodeloom_modes.command_line, whole_process=True),
    "nodeloom run(), without uvloop": Contestant(nodeloom_modes.without_uvloop),
    "nodeloom run(), plain httpx": Contestant(nodeloom_modes.without_pyreqwest, (4, 8, 16), share=0.25),
    "pyreqwest, uvloop": Contestant(
        loop("pyreqwest_loop", uvloop=True), (16, 32, 64, 128), needs=("pyreqwest", "uvloop")
    ),
    "pyreqwest": Contestant(loop("pyreqwest_loop"), (16, 32, 64, 128), needs=("pyreqwest",)),
    "aiohttp, uvloop": Contestant(loop("aiohttp_loop", uvloop=True), (8, 16, 32, 64), needs=("aiohttp", "uvloop")),
    "aiohttp": Contestant(loop("aiohttp_loop"), (8, 16, 32, 64), needs=("aiohttp",)),
    "httpx over aiohttp": Contestant(
        loop("httpx_loop", "delete_all_over_aiohttp"), (8, 16, 32), share=0.5, needs=("httpx_aiohttp",)
    ),
    "httpx": Contestant(loop("httpx_loop"), (2, 4, 8, 16), share=0.25),
    N8N: Contestant(n8n_peer.run, (0,), most=MOST_N8N_ITEMS, whole_process=True),
}
