"""An item's intent: it is put on record when a request of the item is about to leave, not while that waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nodeloom.errors import Effect, JournalError, NotRunError, RequestError
from nodeloom.journal.entries import Slot, State
from nodeloom.messages import Request, Response
from nodeloom.transport.effect import effect_of
from nodeloom.transport.trip import Intent, Send, Trip

if TYPE_CHECKING:
    from nodeloom.journal.checksum import Row
    from nodeloom.journal.committer import Committer
    from nodeloom.journal.entries import Entry


# Plain numbers: sqlite3 asks an enumeration's member at length how it wants to be stored.
_IN_FLIGHT, _NOT_RUN = int(State.IN_FLIGHT), int(State.NOT_RUN)


class ItemIntent(Slot):
    """That the item at `position` is about to be sent; `kept` is what the journal keeps of it. An `Intent` of its trip.

    `before` is what an earlier run left.
    """

    __slots__ = ("_committer", "_kept", "maybe_done", "written")

    def __init__(
        self, committer: Committer, position: int, digest: bytes, kept: str | None, before: Entry | None
    ) -> None:
        self.position = position
        self.digest = digest
        self._committer = committer
        self._kept = kept
        if before is None:
            self.checksum = 0
            self.written = self.maybe_done = False
        else:
            self.checksum = before.checksum
            self.written = before.state is State.IN_FLIGHT
            self.maybe_done = before.maybe_done

    def write(self) -> asyncio.Future[None]:
        """Write it down; what is intended may be done when the future is. The future raises JournalError."""
        return self._committer.begin(self, self._row(_IN_FLIGHT))

    def take_back(self) -> None:
        """Write down that nothing was done after all."""
        self._committer.put(self, self._row(_NOT_RUN))

    def _row(self, state: int) -> Row:
        return self.position, self.digest, state, time.time(), self._kept, None, None, None, 0


def recorded(send: Send) -> Send:
    """`send`, with the intents of the trip put on record before; goes around nothing but the network.

    What is refused so that it certainly did not happen is taken back, until it is sent again. Raises NotRunError when
    an intent cannot be written.
    """

    async def sent(request: Request, trip: Trip) -> Response:
        intents = trip.intents
        missing = [intent for intent in intents if not intent.written]
        if missing:
            try:
                await (missing[0].write() if len(missing) == 1 else _all_written(missing))
            except JournalError as fault:
                raise NotRunError(f"The item was not run: {fault.message}", hint=fault.hint) from None
            for intent in missing:
                intent.written = True
        sure = [intent for intent in intents if not intent.maybe_done]
        for intent in sure:
            intent.maybe_done = True
        try:
            response = await send(request, trip)
        except RequestError as error:
            if effect_of(error) is Effect.NONE:
                _take_back(sure)
            raise
        if effect_of(response) is Effect.NONE:
            _take_back(sure)
        return response

    return sent


async def _all_written(intents: Sequence[Intent]) -> None:
    """Put them on record. Raises JournalError if one of them cannot be."""
    await asyncio.gather(*[intent.write() for intent in intents])


def _take_back(intents: Sequence[Intent]) -> None:
    for intent in intents:
        intent.maybe_done = intent.written = False
        intent.take_back()
