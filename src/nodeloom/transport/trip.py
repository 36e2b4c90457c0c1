"""An item's trip to the service and back, which every request of the item carries along."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, Protocol

from nodeloom.errors import Effect
from nodeloom.messages import Content, Request, Response

# Looked up once: in Python 3.11 a member of an enumeration takes as long as a call, and an item asks several times.
_NONE, _UNKNOWN = Effect.NONE, Effect.UNKNOWN


class Intent(Protocol):
    """That an item is about to be sent.

    `written` says that it is on record, `maybe_done` that a request may have had an effect already.
    """

    written: bool
    maybe_done: bool

    def write(self) -> asyncio.Future[None]:
        """Put it on record; the request may leave when the future is done. The future raises JournalError."""
        ...

    def take_back(self) -> None:
        """Put on record that nothing was done after all."""
        ...


class Trip:
    """Which item requests are sent for, who is to know before they leave, and what they came to.

    `index` is the item's, -1 if requests are sent for no item, and `raw` the item as it came. `intents` are put on
    record before a request leaves; `seen` is told of every answer.

    `statuses` are those of the answers, `repeats` counts the requests that were repeats, `size` the bytes of the
    answers. `effect` is what all requests together may have done. `maybe_done` says that an answer was lost, so that
    the request may have been carried out. `cut_short` says that there was no further repeat because the run ended.
    `redirect` is the status of the last redirect that another method followed. `said` is what the requests were made
    of, and `request` the last of them, for what tells of the item. `sent` is for those who watch: of each request how
    often it was sent, and what came of it.
    """

    __slots__ = (
        "cut_short",
        "effect",
        "index",
        "intents",
        "maybe_done",
        "raw",
        "redirect",
        "repeats",
        "request",
        "said",
        "seen",
        "sent",
        "size",
        "statuses",
    )

    def __init__(self, index: int, raw: Any = None, intents: Sequence[Intent] = ()) -> None:
        self.index = index
        self.raw = raw
        self.intents = intents
        self.statuses: tuple[int, ...] = ()
        self.repeats = 0
        self.size = 0
        self.effect: Effect = _NONE
        self.maybe_done = False
        self.cut_short = False
        self.redirect: int | None = None
        self.seen: Callable[[Request, Response], None] | None = None
        self.said: list[Content] = []
        self.request: Request | None = None
        self.sent: dict[Hashable, tuple[int, str]] = {}

    def __repr__(self) -> str:
        # The item may hold secrets.
        return f"<Trip of {'no item' if self.item is None else f'item {self.item}'}, answered {[*self.statuses]}>"

    @classmethod
    def none(cls) -> Trip:
        """The trip of a request that is sent for no item: a token's, or a test of a credential."""
        return cls(-1)

    @classmethod
    def together(cls, trips: Sequence[Trip], raw: Any) -> Trip:
        """The trip of a call that does several items, whose content is `raw`: it leaves by the intents of them all."""
        return cls(trips[0].index, raw, tuple(intent for trip in trips for intent in trip.intents))

    @property
    def item(self) -> int | None:
        """The index of the item; None if requests are sent for no item."""
        return None if self.index < 0 else self.index

    def may_be_done(self) -> None:
        """Take note that an earlier run may have done the item already, and only its answer was lost."""
        self.maybe_done = True
        self.effect = Effect.UNKNOWN

    def leave(self) -> Effect:
        """Let a request leave, and give the effect before. Until it is known what it came to, it may have been done."""
        before = self.effect
        if before is _NONE:
            self.effect = _UNKNOWN
        return before

    def came_to(self, before: Effect, effect: Effect) -> None:
        """Add the effect of a request to that of those `before` it."""
        self.effect = effect if before is _NONE else max(before, effect)

    def answered(self, request: Request, response: Response) -> None:
        """Account for an answer."""
        if response.redirect is not None:
            self.redirect = response.redirect
            self.statuses += (response.redirect,)
        self.statuses += (response.status,)
        self.size += len(response.body)
        if self.seen is not None:
            self.seen(request, response)


Send = Callable[[Request, Trip], Awaitable[Response]]
"""How a request is sent on its trip. Raises a RequestError subclass if no answer came."""
