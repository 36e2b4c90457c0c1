"""Contestants in turn, round after round, so that what disturbs the machine disturbs all alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from measuring.attempt import AttemptError, attempt
from measuring.contestants import CONTESTANTS
from measuring.task import Task
from measuring.usage import Usage

TUNING_SHARE = 4
TUNING_ROUNDS = 3


@dataclass(slots=True)
class Row:
    """A contestant, the concurrency it was best at, and what it used in each round."""

    name: str
    concurrency: int
    rounds: list[Usage] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The median rate, in items a second."""
        return statistics.median(usage.rate for usage in self.rounds)

    @property
    def cpu_microseconds(self) -> float:
        """The median CPU time of an item, in µs."""
        return statistics.median(usage.cpu_microseconds for usage in self.rounds)

    @property
    def peak_bytes(self) -> float:
        """The median of the largest resident sizes."""
        return statistics.median(usage.peak_bytes for usage in self.rounds)

    @property
    def share(self) -> float:
        """The part of its core that the contestant had, from 0 to 1; less than 1 is time that others took."""
        return statistics.median(usage.cpu_seconds / usage.seconds for usage in self.rounds)


@dataclass(slots=True)
class Contest:
    """One run of the benchmark at the server with this address, the contestants on core `core`.

    `concurrency` is for all, instead of the best for each. `n8n` is the folder of the n8n peer. `say` gets a line for
    what happens; why a contestant failed is in `failures`.
    """

    url: str
    items: int
    core: int | None
    say: Callable[[str], None]
    concurrency: int | None = None
    n8n: str = ""
    attempt: Callable[[Task], Usage] = attempt
    failures: dict[str, str] = field(default_factory=dict)

    def hold(self, names: Sequence[str], rounds: int) -> list[Row]:
        """Find each contestant's best concurrency, then let all run `rounds` times in turn."""
        rows = [Row(name, concurrency) for name, concurrency in self._concurrencies(names).items()]
        for number in range(rounds):
            for row in rows:
                usage = self._attempt(row.name, row.concurrency, self.items)
                if usage is not None:
                    row.rounds.append(usage)
                    self.say(f"round {number + 1}: {row.name}: {usage.rate:,.0f} items/s")
        return [row for row in rows if row.rounds]

    def _concurrencies(self, names: Sequence[str]) -> dict[str, int]:
        """The concurrency of each contestant that has one; what fails already here has none."""
        if self.concurrency is not None:
            return dict.fromkeys(names, self.concurrency)
        models = {name: name if CONTESTANTS[name].concurrencies else CONTESTANTS[name].as_ for name in names}
        best = self._best(dict.fromkeys(models.values()))
        return {name: best[model] for name, model in models.items() if model in best}

    def _best(self, names: Iterable[str]) -> dict[str, int]:
        """The concurrency each did most items a second with, by the median, all having been tried in turn."""
        choices = {name: CONTESTANTS[name].concurrencies for name in names}
        tried: dict[str, dict[int, list[float]]] = {name: {} for name in choices}
        for _ in range(TUNING_ROUNDS):
            for name, some in choices.items():
                for concurrency in some if len(some) > 1 else ():
                    usage = self._attempt(name, concurrency, max(1, self.items // TUNING_SHARE))
                    if usage is not None:
                        tried[name].setdefault(concurrency, []).append(usage.rate)
        best = {name: some[0] for name, some in choices.items() if len(some) == 1}
        for name, rates in tried.items():
            if rates:
                rate, best[name] = max((statistics.median(found), concurrency) for concurrency, found in rates.items())
                self.say(f"{name}: best with {best[name]} in flight ({rate:,.0f} items/s)")
        return best

    def _attempt(self, name: str, concurrency: int, items: int) -> Usage | None:
        """What one attempt used; None when it fails, or did before."""
        if name in self.failures:
            return None
        task = Task(name, self.url, CONTESTANTS[name].items(items), concurrency, self.core, n8n=self.n8n)
        try:
            return self.attempt(task)
        except AttemptError as fault:
            self.failures[name] = str(fault)
            return None
