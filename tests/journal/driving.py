"""What the tests of the journal share: a service that remembers what reached it, and a small run over a journal."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nodeloom.errors import NodeloomError, NotRunError
from nodeloom.journal.identity import Identity
from nodeloom.journal.intents import recorded
from nodeloom.journal.journal import Journal
from nodeloom.journal.journalplace import JournalPlace
from nodeloom.messages import Request, Response
from nodeloom.outcomes import Outcome
from nodeloom.redaction import Masker
from nodeloom.run.runner import Work
from nodeloom.transport.runcontrol import RunControl
from nodeloom.transport.trip import Trip

IDENTITY: dict[str, Any] = {
    "node": "threecx",
    "version": 1,
    "descriptor": "{}",
    "resource": "WebsiteLinks",
    "operation": "DeleteWeblink",
    "dialect": "author",
    "url_values": "strict",
    "credential": "threeCxApi (main)",
    "parameters": {"Link": "={{ $json.Link }}"},
}


async def _answered(request: Request, _trip: Trip) -> Response:
    return Response(204, {}, b"", "No Content", request.url)


_leave = recorded(_answered)


def sending(work: Callable[[int, Any], Awaitable[Outcome]]) -> Work:
    """`work` as a request of the item, which leaves once the item's intent is on record."""

    async def sent(trip: Trip) -> Outcome:
        try:
            await _leave(Request("POST", "https://pbx.test"), trip)
        except NotRunError as error:
            return Outcome(trip.index, error=error)
        return await work(trip.index, trip.raw)

    return sent


class Service:
    """Work that a service does: every item that reached it is in `sent`. `answer` makes the outcome of one.

    In `again` are those of which the journal says that an earlier run may have done them.
    """

    def __init__(self, answer: Callable[[int, Any], Outcome] | None = None) -> None:
        self.sent: list[Any] = []
        self.again: list[Any] = []
        self._answer = answer or (lambda index, raw: Outcome(index, [{"json": {"done": raw}}], statuses=(200,)))

    async def __call__(self, trip: Trip) -> Outcome:
        if trip.maybe_done:
            self.again.append(trip.raw)
        return await sending(self._reached)(trip)

    async def _reached(self, index: int, raw: Any) -> Outcome:
        self.sent.append(raw)
        await asyncio.sleep(0)
        return self._answer(index, raw)


@dataclass
class Driven:
    """What a run came to. `fault` is what it was ended by."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    fault: NodeloomError | None = None
    told: int = 0
    repeated: int = 0

    @property
    def codes(self) -> list[str]:
        """For each item in order: the code of its error, or "ok"."""
        return [o.error.code if o.error is not None else "ok" for _index, o in sorted(self.outcomes.items())]


def open_journal(
    path: Path,
    *,
    repeatable: bool = True,
    total: int | None = None,
    masker: Masker | None = None,
    **changes: Any,
) -> Journal:
    identity = Identity.of(**{**IDENTITY, **changes})
    return Journal(
        JournalPlace.of(path),
        identity,
        title="3CX, Website Links, Delete Weblink",
        repeatable=repeatable,
        total=total,
        masker=None if masker is None else lambda: masker,
    )


def by_journal(
    journal: Journal, work: Work, control: RunControl | None = None, *, retry_failed: bool = False
) -> Callable[[int, Any], Coroutine[Any, Any, Outcome]]:
    """Does items by the journal. Without a `control` of the test's own the journal must not end the run."""
    own = control or RunControl()
    journaled = journal.work(work, own, retry_failed=retry_failed)

    async def done(index: int, raw: Any) -> Outcome:
        outcome = await journaled(Trip(index, raw))
        assert control is not None or own.fault is None, own.fault
        return outcome

    return done


def drive(
    path: Path,
    items: Sequence[Any],
    work: Any,
    *,
    retry_failed: bool = False,
    concurrency: int = 4,
    until: int | None = None,
    **how: Any,
) -> Driven:
    """Run `items` by the journal at `path`, up to the item `until` (then it counts as stopped)."""

    async def run() -> Driven:
        driven = Driven()
        journal = open_journal(path, **how)
        control = RunControl()
        journaled = by_journal(journal, work, control, retry_failed=retry_failed)
        given = iter(enumerate(items[:until]))

        async def worker() -> None:
            for index, raw in given:
                if control.halted:
                    driven.outcomes[index] = Outcome(index, error=NotRunError("not run", item=index))
                    continue
                driven.outcomes[index] = await journaled(index, raw)

        await asyncio.gather(*(worker() for _ in range(concurrency)))
        complete = until is None and not control.halted
        try:
            await journal.aclose(read=len(items) if complete else None)
        except NodeloomError as fault:
            control.keep(fault)
        assert control.fault is None or isinstance(control.fault, NodeloomError)
        driven.fault = control.fault
        driven.told, driven.repeated = journal.report.told, journal.report.repeated
        return driven

    return asyncio.run(run())


def crashed_copy(path: Path, to: Path) -> Path:
    """The journal as a process that is killed now would leave it: without the lock, the log not carried over."""
    for suffix in ("", "-wal"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            shutil.copyfile(source, to.with_name(to.name + suffix))
    return to


def links(count: int) -> list[dict[str, Any]]:
    return [{"Link": f"link-{n}"} for n in range(count)]


def texts(outcomes: dict[int, Outcome]) -> list[str]:
    """Every outcome's results as text, in order."""
    return [json.dumps(o.results()) for _index, o in sorted(outcomes.items())]
