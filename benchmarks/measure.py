"""What Nodeloom takes by itself: `python benchmarks/measure.py`.

start-up: how long short commands take (benchmarks/startup.py). planning: how many requests a second are made out of
items, nothing sent. expressions: how long templates of plain paths take; benchmarks/expressions.py has all kinds.
overhead: what an item of a run takes of the processor if its requests are answered at once, without a socket. growth:
speed and peak memory of 1,000 to 1,000,000 items, sent to a loopback server on another core, each number in a process
of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import startup
from expressions import PATHS, measure
from measuring import growth, machine, overhead, page
from measuring.cores import server_and_client
from measuring.planning import planned
from measuring.server import loopback

LEAST_PLANNED = 80_000
EXAMPLE = "python benchmarks/measure.py growth --up-to 100000"
Lines = Iterator[str]
Section = Callable[[argparse.Namespace], tuple[Any, Lines]]


def starting(options: argparse.Namespace) -> tuple[Any, Lines]:
    """Short commands, in seconds."""
    medians = startup.measure(options.rounds)
    return {f"{name} {way}".strip(): seconds for (name, way), seconds in medians.items()}, startup.table(medians)


def planning(options: argparse.Namespace) -> tuple[Any, Lines]:
    """Requests a second."""
    results = list(planned(options.items, options.rounds))

    def lines() -> Lines:
        yield f"{'requests a second, not sent':<31} {'plan room':>11} {'Runtime.plan':>13}"
        for result in results:
            yield f"{result.operation:<31} {result.plan_room:>11,.0f} {result.through_runtime:>13,.0f}"
        rate = results[0].plan_room
        held = "holds" if rate >= LEAST_PLANNED else "MISSED"
        yield f"{results[0].operation}: {rate:,.0f}, wanted {LEAST_PLANNED:,}: {held}"

    return [asdict(result) for result in results], lines()


def expressions(options: argparse.Namespace) -> tuple[Any, Lines]:
    """Templates of plain paths, in µs and a second."""
    per_item = {template: measure(template, options.items)[1] for template in PATHS}

    def lines() -> Lines:
        yield f"{'template':<31} {'µs an item':>11} {'a second':>13}"
        for template, microseconds in per_item.items():
            yield f"{template:<31} {microseconds:>11.2f} {1e6 / microseconds:>13,.0f}"

    return per_item, lines()


def overheads(options: argparse.Namespace) -> tuple[Any, Lines]:
    """Processor time of an item, in µs."""
    results = overhead.costs(options.items, options.rounds)

    def lines() -> Lines:
        yield f"{'answered at once':<31} {'CPU µs':>11} {'from–to':>13}"
        for cost in results:
            spread = f"{min(cost.rounds):.1f}–{max(cost.rounds):.1f}"
            yield f"{cost.name:<31} {cost.microseconds:>11.1f} {spread:>13}"
        held = "holds" if results[0].microseconds <= overhead.MOST_MICROSECONDS else "MISSED"
        yield f"{results[0].name}: {results[0].microseconds:.1f} µs, wanted {overhead.MOST_MICROSECONDS:g}: {held}"

    return [asdict(cost) for cost in results], lines()


def growing(options: argparse.Namespace) -> tuple[Any, Lines]:
    """Speed and memory by number of items."""
    server_core, client_core = server_and_client()
    sizes = [size for size in growth.SIZES if size <= options.up_to] or [options.up_to]
    results = []
    with loopback(server_core, nginx=not options.own_server) as server:
        for result in growth.grown(server.url, client_core, sizes, options.concurrency):
            results.append(result)
            _say(f"{result.name}, {result.usage.items:,} items: {result.usage.rate:,.0f} items/s")

    def lines() -> Lines:
        yield f"{'':<31} {'items':>11} {'items/s':>13} {'CPU µs':>7} {'MB':>6}"
        for result in results:
            used = result.usage
            numbers = (
                f"{used.items:>11,} {used.rate:>13,.0f} {used.cpu_microseconds:>7.1f} {used.peak_bytes / 1e6:>6.1f}"
            )
            yield f"{result.name:<31} {numbers}"
        yield from growth.verdicts(results)

    return [asdict(result) for result in results], lines()


SECTIONS: dict[str, Section] = {
    "start-up": starting,
    "planning": planning,
    "expressions": expressions,
    "overhead": overheads,
    "growth": growing,
}


def main() -> None:
    """Measure what was asked for and print it."""
    options = _options()
    found: dict[str, Any] = {"machine": machine.facts()}
    for name in options.sections or SECTIONS:
        found[name], described = SECTIONS[name](options)
        lines = [*described, machine.line()]
        if options.page:
            page.put(options.page, name, lines)
        if not options.json:
            print(*lines, sep="\n", end="\n\n")
    if options.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, epilog=f"Example:\n  {EXAMPLE}"
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"{', '.join(SECTIONS)}; all of them without")
    parser.add_argument(
        "--items", type=int, default=20_000, help="for planning, expressions and overhead (%(default)s)"
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=11,
        help="of start-up, planning and overhead; the median counts (%(default)s)",
    )
    parser.add_argument("--up-to", type=int, default=growth.SIZES[-1], help="items of growth (%(default)s)")
    parser.add_argument("--concurrency", type=int, default=32, metavar="N", help="of growth (%(default)s)")
    parser.add_argument("--own-server", action="store_true", help="our own server also where nginx is installed")
    parser.add_argument("--page", type=Path, metavar="FILE", help="put the tables into this page (docs/performance.md)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"there is no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    return options


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
