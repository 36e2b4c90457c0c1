"""What pacing costs where refusals come by chance and where a limit refuses: `python benchmarks/chance.py`.

It runs in a checkout, on virtual time: the services and the clock are those of the tests. Each line is the median and
the slowest of some runs with different random numbers: how long it took, beside the same run without pacing for
services that refuse by chance, and how much of a limit was used. `--set SURE=4` gives a constant of
`nodeloom/transport/politeness/chance.py` another value; the summary at the end is what its comments quote.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.transport.limited import LimitedService, Limiter, fixed_window, sliding_window, token_bucket
from tests.transport.politeness.test_pacing import Run
from tests.transport.virtualtime import now, run_virtually

from nodeloom.transport.politeness import chance

MOST_SECONDS = 3000.0
"""A run is ended then."""
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3)
LIMITS: dict[str, Callable[[int], Limiter]] = {
    "fixed": fixed_window,
    "sliding": sliding_window,
    "small": lambda limit: token_bucket(limit, 5),
    "large": lambda limit: token_bucket(limit, 2 * limit),
}


@dataclass(frozen=True, slots=True)
class Case:
    """How a service answers (`latency` in seconds), and how many requests are in flight."""

    retry_after: bool
    latency: float
    concurrency: int

    def __str__(self) -> str:
        """One column of the table."""
        said = "Retry-After" if self.retry_after else "silent"
        return f"{said:11} {self.latency * 1000:4.0f} ms {self.concurrency:2} in flight"


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of one run."""

    seconds: float
    done: int
    share: float


def by_chance(share: float, seed: int) -> Limiter:
    """Refuses this share of the requests, and asks to wait a second."""
    draw = random.Random(seed).random
    return lambda _at: 1.0 if draw() < share else None


def measure(limiter: Limiter, case: Case, items: int, seed: int, *, adaptive: bool = True) -> Measured:
    """One run against a service of its own."""

    async def whole() -> Measured:
        service = LimitedService(limiter, latency=case.latency, retry_after=case.retry_after, seed=seed)
        run = Run(service, concurrency=case.concurrency, adaptive=adaptive)
        began = now()
        asyncio.get_running_loop().call_later(MOST_SECONDS, run.stop)
        await run.items(items)
        return Measured(now() - began, run.done, service.refused / len(service.asked))

    return run_virtually(whole())


def ordered(runs: list[Measured]) -> tuple[Measured, Measured]:
    """The median and the slowest."""
    runs.sort(key=lambda run: run.seconds)
    return runs[len(runs) // 2], runs[-1]


def measure_chance(items: int, rounds: int) -> None:
    """Services that refuse by chance."""
    cases = [Case(said, latency, 8) for said in (True, False) for latency in (0.001, 0.02, 0.1)]
    cases += [Case(said, 0.02, concurrency) for said in (True, False) for concurrency in (1, 2, 32)]
    medians: list[float] = []
    slowest: list[float] = []
    for share in SHARES:
        for case in cases:
            runs = [measure(by_chance(share, n), case, items, n) for n in range(rounds)]
            median, slow = ordered(runs)
            plain, _ = ordered([measure(by_chance(share, n), case, items, n, adaptive=False) for n in range(rounds)])
            medians.append(median.seconds / plain.seconds)
            slowest.append(slow.seconds / plain.seconds)
            print(
                f"{share:4.0%} {case}: {median.seconds:7.1f} s, slowest {slow.seconds:7.1f} s, done {median.done};"
                f" without pacing {plain.seconds:6.1f} s, done {plain.done}",
                flush=True,
            )
    print(
        f"by chance, times the seconds without pacing: median {sum(medians) / len(medians):.2f} (most"
        f" {max(medians):.1f}), slowest {sum(slowest) / len(slowest):.2f} (most {max(slowest):.1f})"
    )


def measure_limits(items: int, rounds: int) -> None:
    """Services with a limit."""
    used: list[float] = []
    shares: list[float] = []
    for kind, make in LIMITS.items():
        for case in (Case(said, latency, 8) for said in (True, False) for latency in (0.001, 0.1)):
            for limit, concurrency in ((50, 8), (50, 32), (70, 8), (50, 2)):
                one = Case(case.retry_after, case.latency, concurrency)
                runs = [measure(make(limit), one, items, n) for n in range(rounds)]
                median, _slow = ordered(runs)
                used.append(items / limit / median.seconds)
                shares += [run.share for run in runs]
                print(
                    f"{kind:8} {limit}/s {one}: {median.seconds:6.1f} s, used {used[-1]:4.0%},"
                    f" refused {median.share:5.1%}, most {max(run.share for run in runs):5.1%}",
                    flush=True,
                )
    print(
        f"by a limit: used {sum(used) / len(used):.1%}, refused {sum(shares) / len(shares):.2%} (most"
        f" {max(shares):.1%})"
    )


def main() -> None:
    """Both kinds of services."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a constant of chance.py")
    asked = parser.parse_args()
    for setting in asked.set:
        name, _, value = setting.partition("=")
        old = getattr(chance, f"_{name}")
        setattr(chance, f"_{name}", type(old)(value))
    measure_chance(asked.items, asked.rounds)
    measure_limits(2 * asked.items, asked.rounds)


if __name__ == "__main__":
    main()
