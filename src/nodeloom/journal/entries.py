"""What a journal says about one item."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from typing import Any

from nodeloom.errors import Effect, NotRunError, UnknownOutcomeError, restored
from nodeloom.outcomes import Outcome


class State(enum.IntEnum):
    """How far an item has come. The numbers stand in files: they do not change."""

    IN_FLIGHT = 0
    """Begun, and no outcome yet."""
    SUCCEEDED = 1
    FAILED = 2
    """It did not happen."""
    UNKNOWN = 3
    """It may have happened, and may not happen twice."""
    NOT_RUN = 4
    """All that was sent of it was refused, so that nothing was done, and it waited to be sent again."""
    FAILED_OPEN = 5
    """It may have happened, and may happen twice."""


# Looked up once: in Python 3.11 a member of an enumeration takes as long as a call.
_SUCCEEDED = State.SUCCEEDED
#: The states of an item that failed and may be run again.
FAILURES = (State.FAILED, State.FAILED_OPEN)


# The columns of a row, in the order of `Entry`.
COLUMNS = "position, digest, state, at, item, results, error, statuses, retries, tick, checksum"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: an item's position and content (`digest`), its state, and since when (`at`, seconds since the epoch).

    `item`, `results`, `error` and `statuses` are JSON. `item` is kept of what may not happen twice, and of what failed.
    `tick` is the number of the commit that wrote it.
    """

    position: int
    digest: bytes
    state: State
    at: float
    item: str | None
    results: str | None
    error: str | None
    statuses: str | None
    retries: int
    tick: int = 0
    checksum: int = 0

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> Entry:
        """The entry in a row of `COLUMNS`."""
        position, digest, state, *rest = row
        return cls(position, digest, State(state), *rest)

    @property
    def maybe_done(self) -> bool:
        """Whether the item may have been done, though nothing says that it succeeded."""
        return self.state in (State.IN_FLIGHT, State.UNKNOWN, State.FAILED_OPEN)

    def outcome(self) -> Outcome:
        """The outcome as it was given when the item was run. An item in flight does not have one yet."""
        error = restored(json.loads(self.error)) if self.error is not None else None
        items = json.loads(self.results) if self.results is not None else []
        statuses = tuple(json.loads(self.statuses)) if self.statuses is not None else ()
        size = len(self.results or "")
        redirect = _redirect_among(statuses) if error is None else None
        outcome = Outcome(self.position, items, error, statuses, self.retries, size, told=True, redirect=redirect)
        is_open = self.maybe_done or redirect is not None
        outcome.effect = Effect.UNKNOWN if is_open else Effect.DONE if error is None else Effect.NONE
        return outcome


def _redirect_among(statuses: tuple[int, ...]) -> int | None:
    """The redirect that made another request of one; it is noted before the answer behind it."""
    return next((status for status in reversed(statuses[:-1]) if status in (301, 302, 303)), None)


class Slot:
    """An item's place in a journal: what its rows have in common, and the checksum of the one that is on record.

    `checksum` is 0 if no row is on record; the file keeps it up to date.
    """

    __slots__ = ("checksum", "digest", "position")

    def __init__(self, position: int, digest: bytes, checksum: int = 0) -> None:
        self.position = position
        self.digest = digest
        self.checksum = checksum


def broken_off(position: int) -> UnknownOutcomeError:
    """The error of an item that was in flight when its run died, and may not be sent twice."""
    return UnknownOutcomeError(
        "An earlier run was broken off while this item was in flight, and it may not be sent twice.",
        item=position,
        hint="Check whether it was done. If not, run it by itself: nodeloom report JOURNAL --unknown gives it.",
        sent="unknown",
    )


def state_of(outcome: Outcome, *, repeatable: bool) -> State:
    """How an outcome counts. `repeatable` says that the operation may happen twice."""
    if outcome.error is None:
        return _SUCCEEDED
    if isinstance(outcome.error, NotRunError) and not outcome.statuses:
        return State.NOT_RUN
    if outcome.effect is Effect.NONE:
        return State.FAILED
    return State.FAILED_OPEN if repeatable else State.UNKNOWN
