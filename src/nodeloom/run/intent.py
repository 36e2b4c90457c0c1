"""An item's intent: it is put on record when a request of the item is about to leave, not while that waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Protocol

from nodeloom.errors import Effect, JournalError, NotRunError, RequestError
from nodeloom.messages import Request, Response
from nodeloom.transport.effect import effect_of

Send = Callable[[Request], Awaitable[Response]]


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


# Of the items in whose task a request is sent: `send` knows the request only. A bulk call is that of many.
_INTENTS: ContextVar[tuple[Intent, ...]] = ContextVar("nodeloom_intents", default=())


def intend(intent: Intent) -> None:
    """Let what is sent from here on, in this task, be sent by that intent."""
    _INTENTS.set((intent,))


def together(contexts: Sequence[Context]) -> Context:
    """The first of `contexts`, in which what is sent is sent by the intents of all of them."""
    joined = contexts[0].copy()
    joined.run(_INTENTS.set, tuple(intent for context in contexts for intent in context.get(_INTENTS, ())))
    return joined


@contextmanager
def without_intent() -> Iterator[None]:
    """Inside, what is sent is no item's: a token for example."""
    before = _INTENTS.set(())
    try:
        yield
    finally:
        _INTENTS.reset(before)


def recorded(send: Send) -> Send:
    """`send`, with the intents of whoever sends put on record before; goes around nothing but the network.

    What is refused so that it certainly did not happen is taken back, until it is sent again. Raises NotRunError when
    an intent cannot be written.
    """

    async def sent(request: Request) -> Response:
        intents = _INTENTS.get()
        for intent in intents:
            if not intent.written:
                await before_sending(intents)
                break
        sure = [intent for intent in intents if not intent.maybe_done]
        for intent in sure:
            intent.maybe_done = True
        try:
            response = await send(request)
        except RequestError as error:
            if effect_of(error) is Effect.NONE:
                _take_back(sure)
            raise
        if effect_of(response) is Effect.NONE:
            _take_back(sure)
        return response

    return sent


async def before_sending(intents: Sequence[Intent]) -> None:
    """Put those on record that are not. Raises NotRunError when that cannot be done."""
    missing = [intent for intent in intents if not intent.written]
    if not missing:
        return
    try:
        if len(missing) == 1:
            await missing[0].write()
        else:
            await asyncio.gather(*[intent.write() for intent in missing])
    except JournalError as fault:
        raise NotRunError(f"The item was not run: {fault.message}", hint=fault.hint) from None
    for intent in missing:
        intent.written = True


def _take_back(intents: Sequence[Intent]) -> None:
    for intent in intents:
        intent.maybe_done = intent.written = False
        intent.take_back()
