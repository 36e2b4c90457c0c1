"""How many repeats a whole run may afford, so that a service in trouble is not asked three times as often."""

from __future__ import annotations

import re
from typing import Any

from nodeloom.errors import ConfigurationError

FLOOR = 50
_PERCENT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*")


class RetryBudget:
    """Allows `floor` repeats, and `share` more for each request that is no repeat (0.2: one for five of them).

    `share` None allows any number.
    """

    def __init__(self, share: float | None, floor: int = FLOOR) -> None:
        self._share = share
        self._floor = floor
        self._spent = 0
        self.refused = 0
        """How many repeats were not made because the budget was used up."""

    def spend(self, requests: int) -> bool:
        """Take one repeat out, where it is there; `requests` is how many the run has made that are no repeats."""
        if self._share is not None and self._spent >= self._floor + self._share * requests:
            self.refused += 1
            return False
        self._spent += 1
        return True

    def give_back(self) -> None:
        """Put back a repeat that was taken and not made."""
        self._spent -= 1

    @property
    def spent(self) -> int:
        """How many repeats were made."""
        return self._spent


def read_share(written: Any) -> float | None:
    """The share that `written` means: 0.2, "0.2", "20%"; None or "none" for no limit.

    Raises ConfigurationError for anything else, and below zero.
    """
    if written is None or written == "none":
        return None
    share: float | None = None
    if isinstance(written, (int, float)) and not isinstance(written, bool):
        share = float(written)
    elif isinstance(written, str):
        percent = _PERCENT.fullmatch(written)
        try:
            share = float(percent[1]) / 100 if percent else float(written)
        except ValueError:
            share = None
    if share is None or not 0.0 <= share < float("inf"):
        raise ConfigurationError(
            "A retry budget is the share of requests that may be repeats.",
            property="retry_budget",
            value=written,
            hint='Write 20% or 0.2; "none" for no limit.',
        )
    return share
