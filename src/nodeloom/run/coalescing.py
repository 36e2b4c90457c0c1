"""Several items in one call: an operation's bulk twin, with one result for each item all the same.

`Delete Weblink` for a hundred items can be one `Bulk Links Delete` of a hundred keys. Items are gathered as they come;
when the bulk call fails, each item is sent by itself, so that each gets its own truth. An item with a precondition
(If-Match) is always sent by itself: a bulk call cannot carry it. So is one whose key is secret, by its property's name
or because it is made of the credential's: of a bulk call's list that is not known.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nodeloom.errors import ConfigurationError, Effect, NodeloomError, NotFoundError, NotRunError, RequestError
from nodeloom.inputs.items import as_item
from nodeloom.outcomes import Outcome
from nodeloom.redaction import interrupted_clean
from nodeloom.transport.trip import Trip

if TYPE_CHECKING:
    from nodeloom.descriptor.models import BulkTwin
    from nodeloom.plan.address import UrlValues
    from nodeloom.plan.operation import OperationPlan
    from nodeloom.run.itemscopes import ItemScopes
    from nodeloom.run.itemwork import ItemWork

# How long the first item of a batch waits for more, in seconds: longer than reading items takes, shorter than a call.
LINGER = 0.02


def bulk_plan(plan: OperationPlan, url_values: UrlValues) -> tuple[BulkTwin, OperationPlan]:
    """The bulk twin of a plan's operation, and the twin's plan; its items are `{"keys": [...]}`.

    Raises ConfigurationError when the operation has no twin.
    """
    from nodeloom.plan.compiler import compile_plan

    twin = plan.operation.bulk if plan.operation is not None else None
    if twin is None:
        raise ConfigurationError(
            f"{plan.title} has no bulk operation that could do several items in one call.",
            property="coalesce",
            hint="Run it without coalescing.",
        )
    parameters: dict[str, Any] = {"operation": twin.operation, twin.list: "={{ $json.keys }}"}
    if plan.resource is not None:
        parameters["resource"] = plan.resource
    return twin, compile_plan(plan.node, parameters, url_values=url_values)


@dataclass(slots=True)
class _Member:
    """An item of a batch, by its own trip."""

    trip: Trip
    outcome: asyncio.Future[Outcome]


@dataclass(slots=True)
class _Batch:
    keys: list[Any] = field(default_factory=list)
    members: list[_Member] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = None


class CoalescingWork:
    """Does items in batches, used like ItemWork; for one event loop.

    Args:
        single: does one item.
        bulk: does a batch, as an item that holds `keys`.
        plan: that of `single`.
        scopes: what its templates are resolved in.
        twin: the operation's bulk twin.
        size: the most items of a batch.
        concurrency: the most calls at a time.
        linger: seconds that the first item of a batch waits for more.
    """

    def __init__(
        self,
        single: ItemWork,
        bulk: ItemWork,
        plan: OperationPlan,
        scopes: ItemScopes,
        twin: BulkTwin,
        *,
        size: int,
        concurrency: int,
        linger: float = LINGER,
    ) -> None:
        self._single = single
        self._bulk = bulk
        self._plan = plan
        self._scopes = scopes
        self._twin = twin
        self._size = size
        self._linger = linger
        self._own_key = bool(plan.made_of.get(twin.item))
        self._calls = asyncio.Semaphore(concurrency)
        self._batch = _Batch()
        self._flushing: set[asyncio.Task[None]] = set()

    async def __call__(self, trip: Trip) -> Outcome:
        """The outcome of one item."""
        try:
            item = as_item(trip.raw, trip.index)
            draft = self._plan.draft(self._scopes.of(trip.index, item))
        except NodeloomError:
            # The single call fails the same way, with the words for it, and sends nothing.
            return await self._single(trip)
        key = draft.values.get(self._twin.item)
        sent = draft.options["headers"]
        conditional = isinstance(sent, dict) and any(name.lower() == "if-match" for name in sent)
        # A key that an expression made of the credential's is the credential's in the single call only.
        secret = self._own_key or (draft.untold is not None and key in draft.untold)
        # What an earlier run may have done has an answer of its own: its key may be gone.
        if key is None or conditional or secret or trip.maybe_done:
            async with self._calls:
                return await self._single(trip)
        return await self._gathered(trip, key)

    async def _gathered(self, trip: Trip, key: Any) -> Outcome:
        if key in self._batch.keys:
            # One call cannot tell the second of two equal keys what the first left behind.
            self._flush()
        batch = self._batch
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        batch.keys.append(key)
        batch.members.append(_Member(trip, outcome))
        if len(batch.keys) >= self._size:
            self._flush()
        elif batch.timer is None:
            batch.timer = asyncio.get_running_loop().call_later(self._linger, self._flush_if, batch)
        try:
            return await outcome
        except asyncio.CancelledError:
            if all(member.outcome.done() for member in batch.members):
                await self._give_up(batch)
            raise

    async def _give_up(self, batch: _Batch) -> None:
        """Send nothing more for a batch that no item waits for."""
        if batch is self._batch:
            self._batch = _Batch()
        if batch.timer is not None:
            batch.timer.cancel()
        if batch.task is not None:
            batch.task.cancel()
            await asyncio.wait([batch.task])

    def _flush_if(self, batch: _Batch) -> None:
        if batch is self._batch:
            self._flush()

    def _flush(self) -> None:
        batch, self._batch = self._batch, _Batch()
        if batch.timer is not None:
            batch.timer.cancel()
        task = batch.task = asyncio.get_running_loop().create_task(interrupted_clean(self._send(batch)))
        self._flushing.add(task)
        task.add_done_callback(self._flushing.discard)

    async def _send(self, batch: _Batch) -> None:
        try:
            async with self._calls:
                await self._do(batch)
        except BaseException as fault:
            for member in batch.members:
                if not member.outcome.done() and isinstance(fault, Exception):
                    member.outcome.set_exception(fault)
                elif not member.outcome.done():
                    member.outcome.cancel()
            if not isinstance(fault, Exception):
                raise

    async def _do(self, batch: _Batch) -> None:
        if len(batch.keys) == 1:
            _settle(batch.members[0], await self._single(batch.members[0].trip))
            return
        trip = Trip.together([member.trip for member in batch.members], {"json": {"keys": batch.keys}})
        done = await self._bulk(trip)
        if done.error is None:
            for position, member in enumerate(batch.members):
                _settle(member, self._succeeded(member.trip.index, batch.keys[position], done, first=position == 0))
            return
        maybe_done = done.effect is not Effect.NONE
        for position, member in enumerate(batch.members):
            index = member.trip.index
            alone = await self._single(member.trip)
            if maybe_done and isinstance(alone.error, NotFoundError):
                # The bulk call did it and only its answer was lost, as with a DELETE that is repeated.
                alone = self._succeeded(index, batch.keys[position], done, first=False)
            elif maybe_done and isinstance(alone.error, NotRunError):
                alone.error, alone.cut_short = _left_open(index, done.error), True
            alone.effect = max(alone.effect, done.effect if alone.error is None else min(done.effect, Effect.UNKNOWN))
            if position == 0:
                alone.statuses = (*done.statuses, *alone.statuses)
                alone.retries += done.retries
            _settle(member, alone)

    def _succeeded(self, index: int, key: Any, done: Outcome, *, first: bool) -> Outcome:
        """A member's own success; the call itself is counted once, with the first.

        It is marked as `bulk`: such a call says nothing of single keys, so that one that never existed succeeds too.
        """
        status = done.statuses[-1] if done.error is None and done.statuses else 204
        return Outcome(
            index,
            [{"json": {"success": True, "statusCode": status, "bulk": True, self._twin.item: key}}],
            statuses=done.statuses if first else (),
            retries=done.retries if first else 0,
            effect=Effect.DONE,
        )


def _left_open(index: int, fault: NodeloomError) -> RequestError:
    """The error of an item whose bulk call failed with `fault`, and that was not sent by itself any more."""
    return RequestError(
        f"The call for several items that this one was in may have been carried out: {fault.message}",
        item=index,
        hint="The run ended before it could be sent by itself. Check whether it was done before you repeat it.",
        sent="unknown",
    )


def _settle(member: _Member, outcome: Outcome) -> None:
    if not member.outcome.done():
        member.outcome.set_result(outcome)
