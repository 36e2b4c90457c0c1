"""What a journal costs: `python benchmarks/journal.py [FOLDER]`.

Prints microseconds an item, of the processor and of the clock, for items that do nothing else: with a journal less
without. The folder decides about the disk (the current one by default). "may repeat" is an operation that may happen
twice (DELETE), "once only" one that may not (POST), whose intent waits for the disk; "told again" is a resumed run
that finds everything done. Rounds with and without the journal take turns; the medians count.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nodeloom.errors import Effect
from nodeloom.journal.identity import Identity
from nodeloom.journal.intents import recorded
from nodeloom.journal.journal import Journal
from nodeloom.journal.journalplace import JournalPlace
from nodeloom.messages import Request, Response
from nodeloom.outcomes import Outcome
from nodeloom.redaction.masker import Masker
from nodeloom.transport.runcontrol import RunControl
from nodeloom.transport.trip import Trip

ROUNDS = 5
ITEMS = [{"Link": f"summer-sale-{n}", "Group": "GRP0000"} for n in range(5_000)]
SECRETS = ["a client secret of some length", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0", "dXNlcjpwYXNz"]
IDENTITY = Identity.of(
    node="threecx",
    version=1,
    descriptor="{}",
    resource="WebsiteLinks",
    operation="DeleteWeblink",
    dialect="author",
    url_values="strict",
    credential=None,
    parameters={"Link": "={{ $json.Link }}"},
)


REQUEST = Request("DELETE", "https://pbx.test")


async def passed(request: Request, _trip: Trip) -> Response:
    """A request that is answered after one turn of the loop."""
    await asyncio.sleep(0)
    return Response(204, {}, b"", "No Content", request.url)


leave = recorded(passed)


async def answered(trip: Trip) -> Outcome:
    """An item that is done after one turn of the loop."""
    await leave(REQUEST, trip)
    done = {"success": True, "statusCode": 204, "Link": trip.raw["Link"]}
    return Outcome(trip.index, [{"json": done}], statuses=(204,), effect=Effect.DONE)


async def work_off(work: Any, concurrency: int) -> tuple[float, float]:
    """Processor and clock, in microseconds an item."""
    given = iter(enumerate(ITEMS))

    async def worker() -> None:
        for index, raw in given:
            await work(Trip(index, raw))

    busy, started = time.process_time(), time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    count = len(ITEMS) / 1e6
    return (time.process_time() - busy) / count, (time.perf_counter() - started) / count


async def with_journal(path: Path, concurrency: int, *, repeatable: bool) -> tuple[float, float]:
    """The same by a journal, its closing not counted."""
    masker = Masker(SECRETS)
    journal = Journal(
        JournalPlace.of(path), IDENTITY, title="Delete Weblink", repeatable=repeatable, masker=lambda: masker
    )
    control = RunControl()
    cost = await work_off(journal.work(answered, control), concurrency)
    if control.fault is not None:
        raise control.fault
    await journal.aclose(read=len(ITEMS))
    return cost


def measure(folder: Path, concurrency: int, *, repeatable: bool, told: bool) -> tuple[float, float]:
    """What the journal adds: processor and clock."""
    added: list[Sequence[float]] = []
    for number in range(ROUNDS):
        path = folder / f"{concurrency}-{repeatable}-{told}-{number}"
        if told:
            asyncio.run(with_journal(path, 512, repeatable=True))
        plain = asyncio.run(work_off(answered, concurrency))
        journaled = asyncio.run(with_journal(path, concurrency, repeatable=repeatable))
        added.append([after - before for before, after in zip(plain, journaled, strict=True)])
    return statistics.median(a for a, _ in added), statistics.median(b for _, b in added)


def main() -> None:
    """Print the table."""
    where = sys.argv[1] if len(sys.argv) > 1 else "."
    print(f"{'':<12} {'in flight':>9} {'processor':>10} {'clock':>8}   (µs an item)")
    with tempfile.TemporaryDirectory(dir=where) as folder:
        for words, repeatable, told in (
            ("may repeat", True, False),
            ("once only", False, False),
            ("told again", True, True),
        ):
            for concurrency in (1, 8, 32, 128):
                processor, clock = measure(Path(folder), concurrency, repeatable=repeatable, told=told)
                print(f"{words:<12} {concurrency:>9} {processor:>10.1f} {clock:>8.1f}")


if __name__ == "__main__":
    main()
