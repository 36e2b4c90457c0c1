"""What an item costs the processor besides its HTTP client: the channel answers at once, no socket is opened."""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from measuring.answer import ANSWER
from measuring.nodeloom_modes import NODE, PARAMETERS, Item, credential
from measuring.task import WARMING_ITEMS
from nodeloom import Observer, Runtime
from nodeloom.messages import Request, Response
from nodeloom.transport import sender

RUN = "run()"
MOST_MICROSECONDS = 18.0
CONCURRENCY = 32
_HEADERS = {"content-type": "application/json", "content-length": str(len(ANSWER))}


class AtOnce:
    """A channel that answers every request at once, with what the loopback server of the other benchmarks answers."""

    async def exchange(self, request: Request, _address: str | None = None) -> Response:
        """The answer, without a turn of the event loop."""
        return Response(200, _HEADERS, ANSWER, "OK", request.url)

    async def aclose(self) -> None:
        """Nothing was opened."""


class Seen(Observer):
    """An observer that does nothing with what it is told."""

    def request_ended(self, run: object, request: object) -> None:
        """One answer."""

    def item_done(self, run: object, outcome: object, seconds: float) -> None:
        """One item."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one item of a way to run takes of the processor, in µs: the median of the rounds, and each of them."""

    name: str
    microseconds: float
    rounds: list[float]


def costs(count: int, rounds: int) -> list[Cost]:
    """The cost of each way to run `count` items; the ways take turns, round after round, in this process."""
    items: list[Item] = [{"Link": f"link-{i}"} for i in range(count)]
    # Whichever channel this machine has, the senders that are opened inside have this one.
    at_once = patch.object(sender, "open_channel", lambda _limits: AtOnce())
    with at_once, tempfile.TemporaryDirectory() as folder, Runtime() as runtime:
        ways = dict(_ways(runtime, Path(folder)))
        for run in ways.values():
            run(items[:WARMING_ITEMS])
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, run in ways.items():
                taken[name].append(_seconds(run, items) / count * 1e6)
    return [Cost(name, statistics.median(some), some) for name, some in taken.items()]


def _ways(runtime: Runtime, folder: Path) -> Iterator[tuple[str, Callable[[list[Item]], int]]]:
    common: dict[str, Any] = {"concurrency": CONCURRENCY, "credentials": credential("http://127.0.0.1:9")}

    def run(items: list[Item], **keywords: Any) -> int:
        return len(runtime.run(NODE, PARAMETERS, items, **common, **keywords).items)

    def journalled(items: list[Item]) -> int:
        file = folder / "journal"
        file.unlink(missing_ok=True)
        return run(items, journal=file)

    yield RUN, run
    yield "run(), journal", journalled
    yield "run(), an observer", lambda items: run(items, observer=Seen())


def _seconds(run: Callable[[list[Item]], int], items: list[Item]) -> float:
    # What an earlier round left behind is not this one's to collect.
    gc.collect()
    started = time.process_time()
    done = run(items)
    seconds = time.process_time() - started
    assert done == len(items), f"{done} of {len(items)} items were done"
    return seconds
