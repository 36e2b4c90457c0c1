"""Sends at the pace that was asked for, or that a service allows; between `Sender.send` and the retries."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Protocol

from nodeloom.errors import NotRunError, RequestTimeoutError, TooManyOpenFilesError
from nodeloom.messages import Request, Response, origin_of
from nodeloom.transport.politeness.adaptive import SILENCE_SECONDS, Pace, Room, Turn
from nodeloom.transport.politeness.rate import Rate, Schedule
from nodeloom.transport.retry import retry_after
from nodeloom.transport.runcontrol import RunControl
from nodeloom.transport.trip import Send, Trip

# Refusals that ask for more than this are not waited out.
PATIENCE_SECONDS = 300.0
# A service that has taken nothing of a run yet may never do so: it is waited for so long.
_FIRST_SILENCE_SECONDS = 10.0
# Sleeping for less than a timer's step takes longer than it should.
_TIMER_STEP_SECONDS = 0.0005
_MOST_PACERS = 1024


class Pacer:
    """When requests of one credential may go, for all runs; used from any thread.

    `clock` counts seconds and never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.pace = Pace()
        self._schedule = Schedule()
        self._lock = threading.Lock()

    @property
    def engaged(self) -> bool:
        """Whether the service has refused requests and its pace is being kept."""
        return self.pace.engaged

    def slot(self, rate: Rate) -> float:
        """When a request of a run with this rate may go; it is taken with that."""
        with self._lock:
            return self._schedule.take(self.clock(), rate.interval, rate.burst)

    def turn(self) -> Turn:
        """When a request may go by the learned pace."""
        with self._lock:
            return self.pace.turn(self.clock())

    def holds(self, turn: Turn) -> bool:
        """Whether the turn is good; otherwise another is to be taken."""
        return self.pace.holds(turn)

    def accepted(self, turn: Turn | None, seconds: float) -> None:
        """The service did a request of this turn, or answered to it at least; that took `seconds`."""
        with self._lock:
            self.pace.accepted(self.clock(), turn, seconds)

    def refused(self, turn: Turn | None, asked: float | None, began: float) -> None:
        """The service refused a request of this turn that began at `began`.

        It asked to wait `asked` seconds, None if it did not say.
        """
        with self._lock:
            self.pace.refused(self.clock(), turn, asked, began)

    @property
    def silence(self) -> float:
        """Seconds from the last request the service accepted to the next that may be sent; 0 while it accepts."""
        with self._lock:
            return self.pace.silence


class Pacers:
    """The pacers of a process by what they are for; those not asked for longest are forgotten. Thread-safe."""

    def __init__(self, most: int = _MOST_PACERS) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._pacers: OrderedDict[Hashable, Pacer] = OrderedDict()

    def of(self, key: Hashable) -> Pacer:
        """The pacer for `key`: a credential, or an origin if there is no credential."""
        with self._lock:
            pacer = self._pacers.get(key)
            if pacer is None:
                pacer = self._pacers[key] = Pacer()
            self._pacers.move_to_end(key)
            while len(self._pacers) > self._most:
                self._pacers.popitem(last=False)
            return pacer

    def begin_anew(self) -> None:
        """Forget all: a forked child has none of its parent's runs, and may have its locks as they were held."""
        self._lock = threading.Lock()
        self._pacers = OrderedDict()


PACERS = Pacers()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=PACERS.begin_anew)


class Account(Protocol):
    """Counts requests that were refused, and seconds in which a run was held back."""

    refused: int
    waited: float


@dataclass(slots=True)
class Paced:
    """An account of its own."""

    refused: int = 0
    waited: float = 0.0


class PacedSender:
    """Sends one run's requests at a pace; for one event loop.

    Args:
        send: sends one request.
        pacer: whose pace it is; None for that of the first request's origin.
        rate: what the run asked for.
        adaptive: whether refusals (429 and 503) slow the run down, and whether timeouts and a lack of file descriptors
            lower the number in flight.
        concurrency: the most in flight.
        control: ends the waiting with the run.
        account: where it is counted what pacing came to.
    """

    def __init__(
        self,
        send: Send,
        pacer: Pacer | None,
        *,
        rate: Rate | None = None,
        adaptive: bool = True,
        concurrency: int = 8,
        control: RunControl | None = None,
        account: Account | None = None,
    ) -> None:
        self._send = send
        self._pacer = Pacer() if pacer is None else pacer
        self._by_origin = pacer is None
        self._rate = rate
        self._adaptive = adaptive
        self._control = RunControl() if control is None else control
        self._room = Room(concurrency)
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._served = False
        # One request of a run waits for its turn, the others behind it: a run that ends gives up one turn at most.
        self._turnstile = asyncio.Lock()
        self.paced: Account = account if account is not None else Paced()

    def holds_back(self, response: Response) -> bool | str:
        """Whether a request answered like this may come again at once, and waits here until it may go.

        In words, why it is to come no more: the service accepts nothing, for a minute by now or two pauses as it asked
        for, or for some seconds if it never accepted anything.
        """
        if not self._adaptive or (response.status != 429 and response.status != 503):
            return False
        asked = retry_after(response)
        if (asked is None and response.status == 503) or (asked is not None and not _worth_waiting(asked)):
            return False
        silence = self._pacer.silence
        # Two pauses as it asked for, and what came between.
        if silence > max(SILENCE_SECONDS if self._served else _FIRST_SILENCE_SECONDS, 2.5 * (asked or 0.0)):
            return f"the service accepts nothing, for {silence:.0f} s by the time it could be sent"
        return True

    @property
    def waits_alone(self) -> bool:
        """Whether a refused request waits by itself, because the service refuses by chance."""
        return self._pacer.pace.by_chance

    async def send(self, request: Request, trip: Trip) -> Response:
        """The answer. Raises what sending raises, and NotRunError when the run ends before the request's turn."""
        if self._by_origin:
            self._share_with_origin(request)
        pacer = self._pacer
        if self._rate is not None or pacer.pace.engaged or not self._room.open:
            return await self._in_turn(request, trip)
        if not self._adaptive:
            return await self._send(request, trip)
        began = pacer.clock()
        try:
            response = await self._send(request, trip)
        except (RequestTimeoutError, TooManyOpenFilesError):
            self._overloaded(began)
            raise
        if response.status == 429 or response.status == 503:
            self._refused(response, None, began)
        else:
            self._served = True
            if pacer.engaged:
                # Another was refused meanwhile, and this one shows what that came from.
                pacer.accepted(None, pacer.clock() - began)
        return response

    def _share_with_origin(self, request: Request) -> None:
        self._by_origin = False
        # A request without an origin cannot be sent; the sender says so.
        with contextlib.suppress(ValueError):
            self._pacer = PACERS.of(origin_of(request.url))

    async def _in_turn(self, request: Request, trip: Trip) -> Response:
        counted = not self._room.open
        if counted:
            await self._enter()
        try:
            turn = await self._turn()
            began = self._pacer.clock()
            response = await self._send(request, trip)
        except (RequestTimeoutError, TooManyOpenFilesError):
            if self._adaptive:
                self._overloaded(began)
            raise
        finally:
            if counted:
                self._leave()
        if not self._adaptive:
            return response
        if response.status == 429 or response.status == 503:
            self._refused(response, turn, began)
        else:
            self._served = True
            self._room.grow()
            if self._pacer.engaged:
                self._pacer.accepted(turn, self._pacer.clock() - began)
        return response

    def _refused(self, response: Response, turn: Turn | None, began: float) -> None:
        self.paced.refused += 1
        asked = retry_after(response)
        if asked is not None and not _worth_waiting(asked):
            return
        if not self.waits_alone and (response.status == 503 or not self._pacer.pace.known):
            # As long as the pace is not known, all that is in flight is refused with the first.
            self._room.shrink(began, self._pacer.clock(), overloaded=response.status == 503)
        self._pacer.refused(turn, asked, began)

    def _overloaded(self, began: float) -> None:
        self._room.shrink(began, self._pacer.clock(), overloaded=True)

    async def _enter(self) -> None:
        """Wait until there is room, first come, first served."""
        if not self._room.full:
            self._room.enter()
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                # The place was given to it already.
                self._leave()
            raise

    def _leave(self) -> None:
        """Give the place to the next request that waits."""
        self._room.leave()
        while self._waiting and not self._room.full:
            future = self._waiting.popleft()
            if not future.done():
                self._room.enter()
                future.set_result(None)

    async def _turn(self) -> Turn | None:
        """Wait for the request's turn, in the order the requests came."""
        async with self._turnstile:
            at = self._pacer.slot(self._rate) if self._rate is not None else 0.0
            while True:
                self._require_running()
                turn = self._pacer.turn() if self._adaptive and self._pacer.engaged else None
                while (wait := max(at, turn.at if turn else 0.0) - self._pacer.clock()) > _TIMER_STEP_SECONDS:
                    await self._wait(wait)
                    self._require_running()
                    if turn is not None and not self._pacer.holds(turn):
                        break
                else:
                    return turn

    async def _wait(self, seconds: float) -> None:
        began = self._pacer.clock()
        await self._control.pause(seconds)
        self.paced.waited += self._pacer.clock() - began

    def _require_running(self) -> None:
        why = self._control.why
        if why is not None:
            raise NotRunError(
                f"The request was not sent: {why}.",
                hint="Run the item again.",
            )


def _worth_waiting(asked: float) -> bool:
    """Whether to wait so many seconds: zero says that it does not help, and an hour is longer than a user waits."""
    return 0.0 < asked <= PATIENCE_SECONDS
