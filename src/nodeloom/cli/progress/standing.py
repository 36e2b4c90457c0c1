"""How a run stands at a moment: its counts, how fast it goes, how long it will still take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nodeloom.outcomes import Counts, RunReport

if TYPE_CHECKING:
    from nodeloom.cli.progress.metering import Total

# The rate is that of the last so many seconds: enough to be steady, few enough to show a service that slows down.
_WINDOW_SECONDS = 10.0
# Over a shorter time a rate says nothing.
_LEAST_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Standing:
    """One moment of a run.

    `seconds` since it began, `rate` in items a second (None while it cannot be told), `total` as far as it is known.
    """

    seconds: float
    counts: Counts
    retries: int
    rate: float | None
    total: Total | None

    @property
    def done(self) -> int:
        """Items that succeeded or failed."""
        return self.counts.succeeded + self.counts.failed

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take at this rate, None where total or rate is not known."""
        if self.total is None or not self.rate:
            return None
        return max(0, self.total.items - self.done) / self.rate


class Gauge:
    """Reads how the run stands that fills `report`; `total` tells how many items there are.

    The clock starts when the gauge is made. Reading costs the run nothing: it only looks.
    """

    def __init__(
        self,
        report: RunReport,
        total: Callable[[], Total | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.report = report
        self._total = total
        self._clock = clock
        self._began = clock()
        self._past: deque[tuple[float, int]] = deque([(0.0, 0)])

    def read(self) -> Standing:
        """This moment, with the rate of the last seconds."""
        standing = self._now()
        self._past.append((standing.seconds, standing.done))
        while len(self._past) > 2 and self._past[1][0] <= standing.seconds - _WINDOW_SECONDS:
            self._past.popleft()
        since, done = self._past[0]
        seconds = standing.seconds - since
        return replace(standing, rate=(standing.done - done) / seconds if seconds >= _LEAST_SECONDS else None)

    def read_last(self) -> Standing:
        """The end, with the rate of the whole run."""
        standing = self._now()
        return replace(standing, rate=standing.done / standing.seconds if standing.seconds else None)

    def _now(self) -> Standing:
        report = self.report
        return Standing(self._clock() - self._began, replace(report.counts), report.retries, None, self._total())
