"""Learning from refusals how fast a service lets itself be asked, and how much at once.

A service that limits requests says so with 429 (or 503), and rarely says its limit. `Pace` finds it: after a refusal
nothing is sent for a while, then at a rate between what the service took and what it refused, which rises as TCP's
CUBIC does (RFC 9438): fast up to just below the known limit, long on that level, then on to see whether more is
possible by now. If refusals come by chance (`chance.py`), there is no rate, and each refused request waits alone.
`Room` does the same for the number of requests in flight.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import NamedTuple

from nodeloom.transport.politeness.chance import Chance
from nodeloom.transport.politeness.rate import Schedule

# A new pace lies between these shares of the one that was refused, and rises to the third before it stays for a while.
_LEAST_SHARE, _MOST_SHARE, _LEVEL = 0.1, 0.8, 0.95
# What one series of refusals may cost: a twentieth of the requests that follow it, and a tenth of the time.
_REQUESTS_FOR_A_REFUSAL = 20.0
_SECONDS_FOR_A_PAUSED_ONE = 10.0
_LEAST_RISE_SECONDS = 2.0
# At this many times the level that was refused before, the limit is not there any more.
_GONE = 4.0
# Without Retry-After: the first pause at least, its growth, and the longest, in seconds.
_PAUSE_SECONDS, _PAUSE_GROWTH, _MOST_PAUSE_SECONDS = 0.1, 2.0, 30.0
# A service that refused everything for so long is waited for no further, and asked in vain with this pause.
SILENCE_SECONDS = 60.0
_VAIN_PAUSE_SECONDS = 1.0
# If no request wants a turn for so long, those before it do not count any more; after the second, all is forgotten.
_IDLE_SECONDS, _FORGET_SECONDS = 1.0, 60.0
# Until the first answer was timed.
_LATENCY_SECONDS = 0.05
# Timers miss by this much; a pace of thousands a second is kept on average.
_EVENED_SECONDS = 0.01


class Turn(NamedTuple):
    """When a request may go (`at`), and the state of the pace in which that was said (`epoch`)."""

    at: float
    epoch: int


class Pace:
    """The learned rate of one service; for one thread at a time. Times are seconds of a clock that never goes back.

    `engaged` is False until something was refused, and again when the limit is found gone: then no request needs a
    turn.
    """

    def __init__(self, draw: Callable[[], float] = random.random) -> None:
        self._draw = draw
        self.engaged = False
        self._epoch = 0
        self._schedule = Schedule()
        self._resumed = 0.0
        self._latency = _LATENCY_SECONDS
        # The curve: what it starts from and levels out at (requests a second), and what a pause and refusals cost.
        self._start = self._level = math.inf
        self._paused = 0.0
        self._refused = 0
        # Since the last cut: when it was, and how many requests were accepted.
        self._cut_at = 0.0
        self._accepted = 0
        # Since the last pause: how many were sent, whether one was accepted; and the pauses in a row without that.
        self._sent = 0
        self._flowing = False
        self._fruitless = 0
        self._last_accepted = 0.0
        # Since the last pause, or the last time that no request was sent; and when the last turn was.
        self._busy, self._busy_since = 0, 0.0
        self._last_at = 0.0
        self._chance = Chance()
        self._last_refused = -math.inf

    def turn(self, now: float) -> Turn:
        """The next request's turn. It is void once `epoch` has changed: then take another."""
        if self._chance.found:
            self._last_at = now
            return Turn(now, self._epoch)
        rate = self.rate(now)
        if now - self._last_at > max(_IDLE_SECONDS, 5.0 / rate):
            rate = self._after_idling(now, rate)
        at = self._schedule.take(now, 1.0 / rate, max(1.0, rate * _EVENED_SECONDS) if rate < math.inf else 1.0)
        if self._sent == 0:
            # The first request after a pause shows whether it was long enough; the second one waits to see.
            self._schedule.begin_at(at + max(1.0 / rate, 2.0 * self._latency))
        self._sent += 1
        self._busy += 1
        self._last_at = at
        return Turn(at, self._epoch)

    def _after_idling(self, now: float, rate: float) -> float:
        """Forget what time has made untrue: how much was sent a second, and after a while all that was learned."""
        self._busy, self._busy_since = 0, now
        self._cut_at += now - self._last_at
        if now - self._last_at > max(_FORGET_SECONDS, 20.0 / rate):
            self._start = self._level = rate = math.inf
            self._begin_cycle(now)
        return rate

    @property
    def known(self) -> bool:
        """Whether a rate was learned."""
        return self._start < math.inf

    @property
    def by_chance(self) -> bool:
        """Whether the service refuses by chance: a refused request waits alone, and all others go at full pace."""
        return self._chance.found

    def holds(self, turn: Turn) -> bool:
        """Whether nothing was refused since the turn was given."""
        return turn.epoch == self._epoch

    def rate(self, now: float) -> float:
        """Requests a second by the curve, infinite while it is not known."""
        if self._start == math.inf:
            return math.inf
        rise = max(
            _LEAST_RISE_SECONDS,
            self._paused * _SECONDS_FOR_A_PAUSED_ONE,
            self._refused * _REQUESTS_FOR_A_REFUSAL / self._level,
        )
        way = max(0.0, now - self._resumed) / rise - 1.0
        return self._level + (self._level - self._start) * way**3

    def accepted(self, now: float, turn: Turn | None, seconds: float) -> None:
        """A request was not refused; its answer took `seconds`. `turn` is None for one sent before `engaged`."""
        self._accepted += 1
        self._last_accepted = now
        self._chance.accept(now - seconds)
        if self._chance.found:
            self._flowing, self._fruitless = True, 0
            if now - self._last_refused > _FORGET_SECONDS:
                self.engaged = False
            return
        if turn is None or turn.epoch != self._epoch:
            return
        self._latency += 0.2 * (seconds - self._latency)
        if not self._flowing:
            self._flowing = True
            self._fruitless = 0
        if self._gone(now):
            self.engaged = False

    def _gone(self, now: float) -> bool:
        if self._level == math.inf:
            return now - self._resumed > _LEAST_RISE_SECONDS + self._paused * _SECONDS_FOR_A_PAUSED_ONE
        return self.rate(now) > _GONE * self._level

    def refused(self, now: float, turn: Turn | None, asked: float | None, began: float) -> None:
        """A request that began at `began` was refused; the service asked to wait `asked` seconds, None if it did not.

        `turn` is None for a request that was sent before `engaged`.
        """
        is_first = not self.engaged
        if is_first:
            self._engage(now)
        self._last_refused = now
        if self._chance.refuse(began, now):
            # It is a limit after all: the curve that was learned before, if there is one, holds again.
            self._begin_flow(now)
            is_first = True
        if self._chance.found:
            return
        if is_first:
            pass
        elif turn is None or turn.epoch != self._epoch:
            # It was on its way already when an earlier one was refused.
            self._refused += 1
            if asked is not None and now < self._resumed:
                self._hold(now, now + asked)
            return
        elif self._flowing:
            self._cut(now)
        else:
            self._fruitless += 1
        self._refused += 1
        seconds = asked if asked is not None else 0.0
        if self._fruitless or asked is None:
            # A service may ask for less than it wants.
            seconds = max(seconds, self._own_pause(now))
        self._resumed = now
        self._hold(now, now + seconds)

    @property
    def silence(self) -> float:
        """Seconds from the last accepted request to the next that may be sent; 0 while requests are accepted."""
        return max(0.0, self._resumed - self._last_accepted) if self.engaged and not self._flowing else 0.0

    def _engage(self, now: float) -> None:
        self.engaged = True
        if now - self._last_refused > _FORGET_SECONDS:
            self._chance = Chance()
        self._start = self._level = math.inf
        self._begin_flow(now)
        self._last_accepted = self._last_at = now

    def _begin_flow(self, now: float) -> None:
        self._flowing = False
        self._fruitless = 0
        self._begin_cycle(now)

    def _begin_cycle(self, now: float) -> None:
        self._cut_at = now
        self._accepted = 0
        self._paused = 0.0
        self._refused = 0

    def _cut(self, now: float) -> None:
        """Go on at a rate between what was taken (with all pauses) and what was refused."""
        if self._chance.is_open:
            return
        refused = min(self.rate(now), 1.25 * self._busy / max(now - self._busy_since, 1e-3))
        taken = max(self._accepted, 1e-9) / max(now - self._cut_at, 1e-3)
        self._start = min(max(math.sqrt(taken * refused), _LEAST_SHARE * refused), _MOST_SHARE * refused)
        self._level = _LEVEL * refused
        self._chance.cut(refused)
        self._begin_cycle(now)

    def _own_pause(self, now: float) -> float:
        rate = self.rate(now)
        first = max(_PAUSE_SECONDS, 1.0 / rate)
        left = self._last_accepted + SILENCE_SECONDS - now
        if left <= 0.0:
            # The run does not wait for the service any more, and a new request is to fail soon.
            return max(first, _VAIN_PAUSE_SECONDS)
        longest = min(_MOST_PAUSE_SECONDS, first * _PAUSE_GROWTH ** min(self._fruitless, 30))
        return min(max(first, longest) * (0.75 + 0.5 * self._draw()), max(first, left))

    def _hold(self, now: float, until: float) -> None:
        """Send nothing before `until`; a request that has a turn takes another."""
        self._paused += max(0.0, until - max(now, self._resumed))
        self._resumed = max(self._resumed, until)
        self._epoch += 1
        self._sent = 0
        self._busy, self._busy_since = 0, self._resumed
        self._flowing = False
        self._schedule.begin_at(self._resumed)


class Room:
    """How many requests may be in flight: halved when a service is overloaded, one more for each round that is not.

    For one thread at a time. `open` is True while the room is as large as was asked for: then nothing is counted.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._in_flight = 0
        self._quiet_until = -math.inf
        self._overloaded = False

    @property
    def open(self) -> bool:
        """Whether nothing restricts requests."""
        return self._limit >= self._most

    @property
    def limit(self) -> int:
        """How many may be in flight now."""
        return int(self._limit)

    @property
    def full(self) -> bool:
        """Whether a request has to wait."""
        return self._in_flight >= int(self._limit)

    def enter(self) -> None:
        """A request is in flight."""
        self._in_flight += 1

    def leave(self) -> None:
        """A request that entered is over."""
        self._in_flight -= 1

    def shrink(self, began: float, now: float, *, overloaded: bool) -> None:
        """A request that began at `began` was refused or met an overload.

        One halving for all that were in flight together. After an overload the room grows slowly.
        """
        if began < self._quiet_until:
            return
        self._overloaded = self._overloaded or overloaded
        self._quiet_until = now
        self._limit = max(1.0, self._limit / 2)

    def grow(self) -> None:
        """A request was answered well."""
        if self._limit >= self._most:
            return
        self._limit += 1.0 / self._limit if self._overloaded else 1.0
        if self._limit >= self._most:
            self._limit = float(self._most)
            self._overloaded = False
