"""What the tests of the journal share: a service that remembers what reached it, and a small run over a journal."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nodeloom.errors import NodeloomError, NotRunError
from nodeloom.journal.identity import Identity
from nodeloom.journal.journal import Journal
from nodeloom.journal.journaledwork import Work
from nodeloom.messages import Request, Response
from nodeloom.outcomes import Outcome
from nodeloom.redaction import Masker
from nodeloom.run.intent import recorded

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


async def _answered(request: Request) -> Response:
    return Response(204, {}, b"", "No Content", request.url)


_leave = recorded(_answered)


def sending(work: Work) -> Work:
    """`work` as a request of the item, which leaves once the item's intent is on record."""

    async def sent(index: int, raw: Any) -> Outcome:
        try:
            await _leave(Request("POST", "https://pbx.test"))
        except NotRunError as error:
            return Outcome(index, error=error)
        return await work(index, raw)

    return sent


class Service:
    """Work that a service does: every item that reached it is in `sent`. `answer` makes the outcome of one."""

    def __init__(self, answer: Callable[[int, Any], Outcome] | None = None) -> None:
        self.sent: list[Any] = []
        self._answer = answer or (lambda index, raw: Outcome(index, [{"json": {"done": raw}}], statuses=(200,)))

    async def __call__(self, index: int, raw: Any) -> Outcome:
        return await sending(self._reached)(index, raw)

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
        path,
        identity,
        title="3CX, Website Links, Delete Weblink",
        repeatable=repeatable,
        total=total,
        masker=None if masker is None else lambda: masker,
    )


def drive(
    path: Path,
    items: Sequence[Any],
    work: Any,
    *,
    again: Any = None,
    retry_failed: bool = False,
    concurrency: int = 4,
    until: int | None = None,
    **how: Any,
) -> Driven:
    """Run `items` by the journal at `path`, up to the item `until` (then it counts as stopped)."""

    async def run() -> Driven:
        driven = Driven()
        journal = open_journal(path, **how)

        def abort(fault: NodeloomError) -> None:
            driven.fault = driven.fault or fault

        journaled = journal.work(work, abort=abort, again=again, retry_failed=retry_failed)
        given = iter(enumerate(items[:until]))

        async def worker() -> None:
            for index, raw in given:
                if driven.fault is not None:
                    driven.outcomes[index] = Outcome(index, error=NotRunError("not run", item=index))
                    continue
                driven.outcomes[index] = await journaled(index, raw)

        await asyncio.gather(*(worker() for _ in range(concurrency)))
        complete = until is None and driven.fault is None
        try:
            await journal.aclose(read=len(items) if complete else None)
        except NodeloomError as fault:
            driven.fault = driven.fault or fault
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
