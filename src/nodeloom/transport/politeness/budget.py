"""How many repeats a whole run may afford, so that a service in trouble is not asked three times as often."""

from __future__ import annotations

import math
import re

from nodeloom.errors import ConfigurationError

# So many repeats are always there: a short run is not judged by its first requests.
FLOOR = 50
# Refusals that pacing holds back did no work and come at a bearable rate, and what was never sent was not work at all;
# this bounds a service that refuses for ever.
_HARMLESS_FLOOR, _HARMLESS_SHARE = 1000, 2.0
_PERCENT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*")


class RetryBudget:
    """Allows `floor` repeats, and `share` more for each request that is not a repeat (0.2: one for five of them).

    `share` None allows any number. Repeats of what was refused and held back by pacing, or never sent, have an account
    of their own.
    `requests` is counted by who makes them. `spent` counts the repeats that were made, `denied` those that were not
    because nothing was left.
    """

    __slots__ = ("_floor", "_harmless", "_share", "denied", "requests", "spent")

    def __init__(self, share: float | None, floor: int = FLOOR) -> None:
        self._share = share
        self._floor = floor
        self._harmless = 0
        self.requests = 0
        self.spent = 0
        self.denied = 0

    def afford(self) -> bool:
        """Take one repeat out, if one is left."""
        if self._share is not None and self.spent >= self._floor + self._share * self.requests:
            self.denied += 1
            return False
        self.spent += 1
        return True

    def afford_harmless(self) -> bool:
        """The same for one that was refused and waits for the pace, or was never sent."""
        if self._share is not None and self._harmless >= _HARMLESS_FLOOR + _HARMLESS_SHARE * self.requests:
            self.denied += 1
            return False
        self._harmless += 1
        return True


def read_share(written: object, name: str = "retry_budget") -> float | None:
    """The share that `written` means: 0.2, "0.2", "20%"; None or "none" for no limit.

    `name` is the option's, for errors. Raises ConfigurationError for anything else, and below zero.
    """
    if written is None or written == "none":
        return None
    share = _share(written)
    if share is None or not 0.0 <= share < math.inf:
        raise ConfigurationError(
            f"{name} must be the share of requests that may be repeats, from 0.",
            property=name,
            value=written,
            hint='Write 20% or 0.2; "none" for no limit.',
        )
    return share


def _share(written: object) -> float | None:
    if isinstance(written, bool) or not isinstance(written, (int, float, str)):
        return None
    percent = _PERCENT.fullmatch(written) if isinstance(written, str) else None
    try:
        return float(percent[1]) / 100 if percent else float(written)
    except (ValueError, OverflowError):
        return None
