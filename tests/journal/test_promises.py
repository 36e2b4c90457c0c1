"""Whatever happens in whatever order, the journal keeps its promises.

A machine begins items, finishes them well or badly, kills the process, ends the run in good order, and opens the
journal again. A service counts what reached it.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nodeloom.errors import NetworkError
from nodeloom.journal.journal import Journal
from nodeloom.outcomes import Outcome
from tests.journal.driving import by_journal, crashed_copy, links, open_journal, sending

pytestmark = pytest.mark.slow

ITEMS = links(8)
ENDS = ("well", "refused", "unknown")


class Promises(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "j0"
        self.crashes = 0
        self.journal: Journal | None = None
        self.work: Any
        self.loop = asyncio.new_event_loop()
        self.next = 0
        self.hanging: dict[int, tuple[asyncio.Task[Outcome], asyncio.Future[str]]] = {}
        self.sent: Counter[int] = Counter()
        self.may_be_sent: Counter[int] = Counter(dict.fromkeys(range(len(ITEMS)), 1))
        # By index: the outcomes that were given out, and those of them that a clean end has put on record.
        self.given: dict[int, str] = {}
        self.recorded: dict[int, str] = {}
        self.fresh: set[int] = set()

    @initialize(repeatable=st.booleans())
    def begin(self, repeatable: bool) -> None:
        self.repeatable = repeatable

    @precondition(lambda self: self.journal is None)
    @rule(retry_failed=st.booleans())
    def open(self, retry_failed: bool) -> None:
        async def opened() -> None:
            self.journal = open_journal(self.path, repeatable=self.repeatable, total=len(ITEMS))
            self.work = by_journal(self.journal, sending(self._reach), retry_failed=retry_failed)

        self.loop.run_until_complete(opened())
        assert self.journal is not None
        assert self.journal.report.lost == 0, "a process that dies loses nothing"
        self.next, self.retrying = 0, retry_failed
        self.fresh.clear()

    @precondition(lambda self: self.journal is not None and self.next < len(ITEMS))
    @rule()
    def take(self) -> None:
        """The next item: it is in flight then, or it has its outcome from before."""
        index, self.next = self.next, self.next + 1
        if self.retrying and self.given.get(index) == "refused":
            self.may_be_sent[index] += 1

        async def taken() -> None:
            self.reached: asyncio.Future[str] = self.loop.create_future()
            before = self.sent[index]
            task = self.loop.create_task(self._do(index))
            while not task.done() and self.sent[index] == before:  # noqa: ASYNC110 - either may come
                await asyncio.sleep(0)
            if task.done():
                self._told(index, task.result())
            else:
                self.hanging[index] = (task, self.reached)
                assert index not in self.recorded or (self.retrying and self.recorded[index] != "well")
                self.recorded.pop(index, None)

        self.loop.run_until_complete(taken())

    @precondition(lambda self: self.hanging)
    @rule(data=st.data(), end=st.sampled_from(ENDS))
    def finish(self, data: st.DataObject, end: str) -> None:
        index = data.draw(st.sampled_from(sorted(self.hanging)))
        task, reached = self.hanging.pop(index)
        reached.set_result(end)
        self.loop.run_until_complete(task)
        self.given[index] = end
        self.fresh.add(index)

    @precondition(lambda self: self.journal is not None)
    @rule()
    def crash(self) -> None:
        """What the process would leave behind now, and nothing of what it still had in mind."""
        self.crashes += 1
        left = crashed_copy(self.path, Path(self.folder.name) / f"j{self.crashes}")
        self._abandon()
        self.path = left

    @precondition(lambda self: self.journal is not None)
    @rule()
    def end(self) -> None:
        """The run is stopped; what is in flight is abandoned."""
        self._abandon()
        self.recorded.update((index, self.given[index]) for index in self.fresh)

    @invariant()
    def nothing_is_sent_twice_that_may_not_be(self) -> None:
        for index, count in self.sent.items():
            assert self.repeatable or count <= self.may_be_sent[index]

    def teardown(self) -> None:
        """Every run comes to an end at which every item has one outcome."""
        if self.journal is not None:
            self.end()
        self.open(retry_failed=False)
        for index in range(len(ITEMS)):
            self.take()
            if index in self.hanging:
                task, reached = self.hanging.pop(index)
                reached.set_result("well")
                self.loop.run_until_complete(task)
                self.given[index] = "well"
        self.nothing_is_sent_twice_that_may_not_be()
        self._abandon()
        assert sorted(self.given) == list(range(len(ITEMS)))
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        self.folder.cleanup()

    async def _do(self, index: int) -> Outcome:
        outcome: Outcome = await self.work(index, ITEMS[index])
        return outcome

    async def _reach(self, index: int, raw: Any) -> Outcome:
        assert raw == ITEMS[index]
        self.sent[index] += 1
        end = await self.reached
        if end == "well":
            return Outcome(index, [{"json": raw}], statuses=(200,))
        error = NetworkError(end, item=index, sent="no" if end == "refused" else "unknown")
        return Outcome(index, error=error, effect=error.effect)

    def _told(self, index: int, outcome: Outcome) -> None:
        """What a journal says without sending is what was given out before, or that it is not known."""
        assert outcome.told
        said = "well" if outcome.error is None else outcome.error.message
        known = self.recorded.get(index)
        if known is not None:
            assert said == known
        elif outcome.error is not None and outcome.error.code == "unknown":
            assert not self.repeatable
        else:
            assert said == self.given.get(index, said)
        self.given[index] = said
        self.fresh.add(index)

    def _abandon(self) -> None:
        async def ended() -> None:
            for task, _reached in self.hanging.values():
                task.cancel()
            if self.hanging:
                await asyncio.wait([task for task, _reached in self.hanging.values()])
            assert self.journal is not None
            await self.journal.aclose()

        self.loop.run_until_complete(ended())
        self.hanging, self.journal = {}, None


TestPromises = Promises.TestCase
TestPromises.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
