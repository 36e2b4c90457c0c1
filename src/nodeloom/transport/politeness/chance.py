"""Tells refusals that come by chance from those of a limit.

Some services refuse one request in so many at any pace, because one of their machines is busy. A run that slows
down for them only loses time, and refusals that go on drive its rate towards zero. `benchmarks/chance.py` measures
both kinds of services on virtual time, and `--set NAME=VALUE` another value of a constant below.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

# Wald's sequential probability ratio test, on the requests that were under way together with a refused one. A limit
# of 50/s refuses 37 % with 8 in flight and answers that take 0.1 s (80/s at full pace), and more with faster answers.
_SHARE_BY_CHANCE, _SHARE_BY_LIMIT = 0.05, 0.3
# ln 20: by Wald's bound the test is wrong once in twenty times. With 4, runs by chance take longer (1.80 times the
# seconds without pacing, not 1.71) and a limit refuses as much (2.10 %, 2.07 %).
_SURE = 3.0
# At full pace so many may be refused. `benchmarks/politeness.py` asks for fewer than a tenth of every run.
_ALLOWED_SHARE = 0.1
# How many refusals above the allowed share end a trial: Page's cumulative sum. A limit ends it at the sixth refusal in
# a row, and refusals by chance of 5 % end it once in a thousand refusals (e ** -(1.4 * 5)).
_EXCESS = 5.0
# The share at full pace may be so many times the share at the learned pace, which is counted from a few refusals.
_WORSE = 2.5
# No trial allows more than this share: with 1 or more, one that refuses every request would go on for ever. With 0.5,
# eleven refusals in a row end it.
_MOST_ALLOWED = 0.5
# A limit of 10/s is found within 7 cuts from 8,000/s on; from then on its rates are alike within a fifth.
_CUTS = 8
# If refusals go on by chance, the rate is at less than 0.7 of what it was four cuts before. Measured, as the summary of
# the benchmark says it (times the seconds without pacing: median and slowest; refused by a limit): with 0.7 1.71, 4.26,
# 2.07 %; with 0.5 1.94, 9.74, 1.92 %; without the condition 1.74, 4.50, 2.30 %.
_CUTS_BACK, _FALLEN = 4, 0.7


class _Cut(NamedTuple):
    """A refusal that lowered the rate (requests a second), and how the requests since the one before it ended."""

    rate: float
    accepted: int
    refused: int


class Chance:
    """Whether a service refuses by chance. Times are seconds of a clock that never goes back.

    `found` is True while refused requests are to wait alone and all others go at full pace. Two things begin this:

    * While the rate is not known, most requests that were under way together with a refused one were accepted.
    * The rate was cut again and again, and refusals went on. Requests at full pace then show whether more are refused.

    It ends if too many requests are refused at full pace.
    """

    def __init__(self) -> None:
        self.found = False
        # The first thing: whether it is still looked at, when the refused request was under way, and how the requests
        # beside it ended (how many, and the logarithm of the ratio of both likelihoods).
        self._looking = True
        self._began = self._ended = -math.inf
        self._beside = 0
        self._likelihood = 0.0
        # The second thing: the last cuts, how many are needed, and the requests since the last one.
        self._last: deque[_Cut] = deque(maxlen=_CUTS_BACK + 1)
        self._cuts, self._needed = 0, _CUTS
        self._accepted = self._refused = 0
        # At full pace: the share that may be refused, and how many more were refused by now.
        self._allowed = _ALLOWED_SHARE
        self._excess = 0.0

    @property
    def is_open(self) -> bool:
        """Whether more refusals may show what they come from, so that no rate needs to be learned yet."""
        return self._looking and self._beside > 0

    def accept(self, began: float) -> None:
        """Account for a request that began at `began` and was accepted."""
        if self.found:
            self._excess = max(0.0, self._excess - self._allowed)
            return
        self._accepted += 1
        if self._looking and self._began < began < self._ended:
            self._weigh((1.0 - _SHARE_BY_CHANCE) / (1.0 - _SHARE_BY_LIMIT))

    def refuse(self, began: float, now: float) -> bool:
        """Account for a request that began at `began` and was refused; True if that ends the full pace."""
        if self.found:
            self._excess += 1.0 - self._allowed
            if self._excess > _EXCESS:
                self._end_trial()
            return not self.found
        self._refused += 1
        if self._looking:
            if self._began < began < self._ended:
                self._weigh(_SHARE_BY_CHANCE / _SHARE_BY_LIMIT)
            else:
                self._began, self._ended = began, now
        return False

    def cut(self, rate: float) -> None:
        """Account for a refusal at `rate` (requests a second) after which the rate is lowered."""
        self._looking = False
        self._cuts += 1
        self._last.append(_Cut(rate, self._accepted, self._refused))
        self._accepted = self._refused = 0
        if self._cuts >= self._needed and rate < _FALLEN * self._last[0].rate:
            # The next trial, if this one fails, comes after twice as many cuts.
            self._needed *= 2
            refused = sum(cut.refused for cut in self._last)
            share = refused / (refused + sum(cut.accepted for cut in self._last))
            self._begin_trial(min(max(_ALLOWED_SHARE, _WORSE * share), _MOST_ALLOWED))

    def _weigh(self, ratio: float) -> None:
        self._beside += 1
        self._likelihood += math.log(ratio)
        if self._likelihood > _SURE:
            self._begin_trial(_ALLOWED_SHARE)
        elif self._likelihood < -_SURE:
            self._looking = False

    def _begin_trial(self, allowed: float) -> None:
        self.found, self._looking = True, False
        self._allowed, self._excess = allowed, 0.0

    def _end_trial(self) -> None:
        self.found = False
        self._cuts = self._accepted = self._refused = 0
        self._last.clear()
