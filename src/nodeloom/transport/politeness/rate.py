"""How many requests may go in what time: what a user writes ("20/s"), and when the next one's turn is."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from nodeloom.errors import ConfigurationError, nearest

_SECONDS: dict[str, float] = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_RATE = re.compile(rf"\s*({_NUMBER})\s*(?:/\s*({_NUMBER})?\s*([A-Za-z]+)\s*)?")
_SPAN = re.compile(rf"\s*({_NUMBER})\s*([A-Za-z]*)\s*")
_EXAMPLES = "Write 20/s, 1200/min, 10/2s or 0.5/s; a number alone is per second."
_SPANS = "Write 90s, 15min, 2h or 1h30m; a number alone is seconds."

# What timers miss by: within so many seconds requests may catch up with an even pace, so that the rate is kept.
_EVENED_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `per_second` requests a second over time, and at most `burst` of them at once."""

    per_second: float
    burst: int

    @property
    def interval(self) -> float:
        """Seconds from one request to the next."""
        return 1.0 / self.per_second


def read_rate(written: object, burst: int | None = None, *, name: str = "rate") -> Rate | None:
    """The rate that `written` means: "20/s", "1200/min", "10/2s", or a number, which is per second; None for none.

    `burst` is how many may go at once after a pause; by default as many as 10 ms of the rate hold, at least one.
    `name` is the option's, for errors. Raises ConfigurationError for anything else.
    """
    if written is None:
        return None
    per_second = _per_second(written, name)
    if not 0.0 < per_second < math.inf:
        raise ConfigurationError(
            f"{name} must be above zero, and finite.",
            property=name,
            value=written,
            hint="Leave it out to send without a limit.",
        )
    return Rate(per_second, burst or max(1, round(min(per_second, 1e9) * _EVENED_SECONDS)))


def _per_second(written: object, name: str) -> float:
    if isinstance(written, (int, float)) and not isinstance(written, bool):
        try:
            return float(written)
        except OverflowError:
            return math.inf
    match = _RATE.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise ConfigurationError(
            f"{name} must be a number of requests in a time.", property=name, value=written, hint=_EXAMPLES
        )
    count, every, unit = match.groups()
    seconds = _unit_seconds(unit, name, written) if unit is not None else 1.0
    span = float(every or 1) * seconds
    if span <= 0.0:
        raise ConfigurationError(
            f"{name} must be a number of requests in a time above zero.", property=name, value=written, hint=_EXAMPLES
        )
    return float(count) / span


def _unit_seconds(unit: str, name: str, written: object) -> float:
    seconds = _SECONDS.get(unit.lower())
    if seconds is not None:
        return seconds
    close = nearest(unit, [known for known in _SECONDS if len(known) > 1])
    hint = f"Did you mean {close!r}?" if close else "Units are s, min, h and d."
    raise ConfigurationError(f"{name} has an unknown unit of time: {unit!r}.", property=name, value=written, hint=hint)


def read_seconds(written: object, name: str) -> float | None:
    """The seconds that `written` means: 90, "90s", "15min", "2h", "1h30m"; None for none.

    `name` is the option's, for errors. Raises ConfigurationError for anything else, zero and less included.
    """
    if written is None:
        return None
    seconds = _span(written, name)
    if not 0.0 < seconds < math.inf:
        raise ConfigurationError(f"{name} must be a time above zero.", property=name, value=written, hint=_SPANS)
    return seconds


def _span(written: object, name: str) -> float:
    if isinstance(written, (int, float)) and not isinstance(written, bool):
        try:
            return float(written)
        except OverflowError:
            return math.inf
    parts = _parts(written) if isinstance(written, str) else []
    # A number without a unit stands alone: "1h30" might mean minutes or seconds.
    if not parts or (len(parts) > 1 and not all(unit for _count, unit in parts)):
        raise ConfigurationError(f"{name} must be a span of time.", property=name, value=written, hint=_SPANS)
    return math.fsum(float(count) * (_unit_seconds(unit, name, written) if unit else 1.0) for count, unit in parts)


def _parts(written: str) -> list[tuple[str, str]]:
    """Numbers with their units, in order; none where the text is not made of them."""
    parts: list[tuple[str, str]] = []
    at = 0
    while at < len(written):
        match = _SPAN.match(written, at)
        if match is None:
            return []
        parts.append((match[1], match[2]))
        at = match.end()
    return parts


class Schedule:
    """Gives each request the moment it may go: a leaky bucket as a meter (ITU-T I.371, generic cell rate algorithm).

    Each request takes `interval` seconds of the time that is there. So runs with different rates can share one: what
    one leaves of its share the others may use. Times are seconds of a clock that never goes back.
    """

    __slots__ = ("_free_at",)

    def __init__(self) -> None:
        self._free_at = -math.inf

    def take(self, now: float, interval: float, burst: float = 1) -> float:
        """When the next request may go: `now`, or later. `burst` is how many may go at once after a pause."""
        at = max(self._free_at, now - (burst - 1) * interval)
        self._free_at = at + interval
        return max(at, now)

    def begin_at(self, moment: float) -> None:
        """Forget the turns that were given; the next is not before `moment`."""
        self._free_at = moment
