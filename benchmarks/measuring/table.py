"""The result of a contest as a table, as the ratios that are wanted, and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from measuring import machine
from measuring.contest import Row
from measuring.contestants import CONTESTANTS, JOURNAL, N8N, RUN, UNORDERED

# Below this part of a core, others had too much of it.
QUIET = 0.85


@dataclass(frozen=True, slots=True)
class Wanted:
    """A ratio of medians, and what it shall be at least."""

    of: str
    to: str
    least: float


WANTED = [
    Wanted(RUN, N8N, 45),
    Wanted(RUN, "aiohttp", 1.2),
    Wanted(RUN, "pyreqwest", 0.65),
    Wanted(RUN, "pyreqwest, uvloop", 0.62),
    Wanted(RUN, "httpx", 8),
    Wanted(JOURNAL, RUN, 0.72),
    Wanted(RUN, UNORDERED, 0.9),
]


def table(rows: Sequence[Row]) -> Iterator[str]:
    """A line for each contestant, beginning with a head. The ratio is that of Nodeloom's run() to it."""
    yield f"{'':<31} {'in flight':>9} {'items':>7} {'items/s':>8} {'from–to':>15} {'run() is':>9} {'CPU µs':>7}    MB"
    run = next((row.rate for row in rows if row.name == RUN), None)
    for row in rows:
        rates = [usage.rate for usage in row.rounds]
        spread = f"{min(rates):,.0f}–{max(rates):,.0f}"
        ratio = f"{run / row.rate:.2f} ×" if run else "–"
        flight = row.concurrency or "all"
        yield (
            f"{row.name:<31} {flight:>9} {row.rounds[0].items:>7,} {row.rate:>8,.0f} {spread:>15} {ratio:>9}"
            f" {row.cpu_microseconds:>7.1f} {row.peak_bytes / 1e6:>5.0f}"
        )


@dataclass(frozen=True, slots=True)
class Ratio:
    """A wanted ratio as it came out, by the clock and by CPU time, which a busy machine changes less.

    The first one counts. There is no second one where a process's start is in its CPU time.
    """

    wanted: Wanted
    by_clock: float
    by_cpu: float | None

    def __str__(self) -> str:
        held = "holds" if self.by_clock >= self.wanted.least else "MISSED"
        by_cpu = "" if self.by_cpu is None else f" (by CPU time {self.by_cpu:.2f})"
        return f"{self.wanted.of} / {self.wanted.to}: {self.by_clock:.2f}{by_cpu}, wanted {self.wanted.least:g}: {held}"


def ratios(rows: Sequence[Row]) -> Iterator[Ratio]:
    """The wanted ratios of which both sides ran."""
    named = {row.name: row for row in rows}
    for wanted in WANTED:
        if wanted.of in named and wanted.to in named:
            of, to = named[wanted.of], named[wanted.to]
            whole = CONTESTANTS[of.name].whole_process or CONTESTANTS[to.name].whole_process
            yield Ratio(wanted, of.rate / to.rate, None if whole else to.cpu_microseconds / of.cpu_microseconds)


def warnings(rows: Sequence[Row]) -> Iterator[str]:
    """A line when the machine was too busy for the clock to be believed."""
    shares = [row.share for row in rows if not CONTESTANTS[row.name].whole_process]
    if shares and (share := statistics.median(shares)) < QUIET:
        yield (
            f"BUSY: the contestants had {share:.0%} of their core. Those with threads of their own (pyreqwest's) "
            "then get more of it than others, so ratios by the clock flatter them; repeat it on a quiet machine."
        )


def document(rows: Sequence[Row], skipped: Mapping[str, str], server: str) -> dict[str, Any]:
    """Everything as JSON: machine, rows with each round, ratios, who was left out and why."""
    return {
        "machine": machine.facts(),
        "server": server,
        "rows": [
            {
                "name": row.name,
                "concurrency": row.concurrency,
                "itemsPerSecond": row.rate,
                "cpuSeconds": statistics.median(usage.cpu_seconds for usage in row.rounds),
                "peakBytes": row.peak_bytes,
                "rounds": [asdict(usage) for usage in row.rounds],
            }
            for row in rows
        ],
        "warnings": list(warnings(rows)),
        "ratios": [asdict(ratio) for ratio in ratios(rows)],
        "skipped": dict(skipped),
    }
