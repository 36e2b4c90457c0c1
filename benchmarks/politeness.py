"""How a run gets on with a service that limits requests: `python benchmarks/politeness.py`.

A server in a process of its own answers 429 above so many requests a second (50), by a window of one second and by a
token bucket that holds a few, or to one request in twenty by chance; it says Retry-After or does not. A run of so many
items (2,000, half as many for chance) goes against each at default concurrency. Prints what was refused, and how much
of what the limit allows was used; exit code 1 if an item was not done or a tenth of the requests or more was refused.
One round takes about as many seconds as items / limit. `--no-adaptive` is the comparison for refusals by chance.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import multiprocessing
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from nodeloom import Runtime
from nodeloom.testing.httpserver import HttpServer, Request, Response

MOST_REFUSED = 0.1
BUCKET = 5
SHARE_BY_CHANCE = 0.05

Limiter = Callable[[], float]
"""Seconds until the request might pass; 0 when it passes."""


def window(limit: int) -> Limiter:
    """At most `limit` in each second of the clock."""
    state = {"second": 0, "passed": 0}

    def ask() -> float:
        now = time.time()
        if int(now) != state["second"]:
            state.update(second=int(now), passed=0)
        if state["passed"] >= limit:
            return int(now) + 1 - now
        state["passed"] += 1
        return 0.0

    return ask


def bucket(limit: int) -> Limiter:
    """`limit` a second over time, and a few at once."""
    state = {"tokens": float(BUCKET), "at": time.monotonic()}

    def ask() -> float:
        now = time.monotonic()
        state["tokens"] = min(BUCKET, state["tokens"] + (now - state["at"]) * limit)
        state["at"] = now
        if state["tokens"] < 1.0:
            return (1.0 - state["tokens"]) / limit
        state["tokens"] -= 1.0
        return 0.0

    return ask


def chance(_limit: int) -> Limiter:
    """One in twenty, whatever the pace."""
    draw = random.Random(1).random
    return lambda: 1.0 if draw() < SHARE_BY_CHANCE else 0.0


LIMITERS = {"window": window, "bucket": bucket, "chance": chance}


@dataclass(frozen=True, slots=True)
class Setting:
    """One service: its kind of limit, and whether it says Retry-After."""

    kind: str
    retry_after: bool
    limit: int


def serve(setting: Setting, talk: Connection) -> None:
    """Serve until told to end, then tell how many requests were asked and how many refused."""
    limiter = LIMITERS[setting.kind](setting.limit)
    counts = {"asked": 0, "refused": 0}

    async def application(_request: Request) -> Response:
        counts["asked"] += 1
        wait = limiter()
        if not wait:
            return Response(200, b'{"done": true}', [("Content-Type", "application/json")])
        counts["refused"] += 1
        # Whole seconds, as the header has no others.
        return Response(429, headers=[("Retry-After", str(math.ceil(wait)))] if setting.retry_after else [])

    async def whole() -> None:
        server = HttpServer(application)
        talk.send(await server.start())
        await asyncio.to_thread(talk.recv)
        await server.stop()
        talk.send(counts)

    asyncio.run(whole())


def node(port: int) -> dict[str, Any]:
    """A node whose one operation posts an item; a POST is repeated only because a 429 shows that nothing was done."""
    routing = {"request": {"method": "POST", "url": "/items", "body": {"number": "={{ $json.number }}"}}}
    return {
        "name": "limited",
        "displayName": "Limited",
        "version": 1,
        "requestDefaults": {"baseURL": f"http://127.0.0.1:{port}"},
        "properties": [
            {
                "displayName": "Operation",
                "name": "operation",
                "type": "options",
                "options": [{"name": "Post", "value": "post", "routing": routing}],
            }
        ],
    }


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of one run."""

    done: int
    asked: int
    refused: int
    seconds: float

    @property
    def share(self) -> float:
        """The share of requests that was refused."""
        return self.refused / self.asked


def measure(setting: Setting, items: int, how: dict[str, Any]) -> Measured:
    """One run against a server of its own."""
    talk, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(setting, theirs), daemon=True)
    server.start()
    port = talk.recv()
    with Runtime(discover_plugins=False) as runtime:
        runtime.add_node(node(port))
        began = time.perf_counter()
        result = runtime.run(
            "limited", {"operation": "post"}, [{"number": n} for n in range(items)], on_error="continue", **how
        )
        seconds = time.perf_counter() - began
    talk.send("end")
    counts = talk.recv()
    server.join()
    return Measured(result.report.counts.succeeded, counts["asked"], counts["refused"], seconds)


def main() -> int:
    """Every kind of limit in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--limit", type=int, default=50, help="requests a second")
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--rate", help="give the run a rate, such as 50/s")
    parser.add_argument("--no-adaptive", action="store_true", help="do not learn from refusals")
    asked = parser.parse_args()
    how = {
        "concurrency": asked.concurrency,
        "adaptive": not asked.no_adaptive,
        **({"rate": asked.rate} if asked.rate else {}),
    }
    print(f"{asked.items} items, {asked.limit} a second allowed, {asked.concurrency} in flight")
    heads = f"{'limit':8} {'Retry-After':12} {'done':>6} {'requests':>9} {'refused':>8}"
    print(f"{heads} {'share':>7} {'seconds':>8} {'used':>6}")
    held = True
    for kind in LIMITERS:
        for retry_after in (True, False):
            items = asked.items // 2 if kind == "chance" else asked.items
            got = measure(Setting(kind, retry_after, asked.limit), items, how)
            used = "" if kind == "chance" else f"{items / asked.limit / got.seconds:.0%}"
            print(
                f"{kind:8} {'yes' if retry_after else 'no':12} {got.done:6} {got.asked:9} {got.refused:8}"
                f" {got.share:7.1%} {got.seconds:8.1f} {used:>6}",
                flush=True,
            )
            held = held and got.done == items and got.share < MOST_REFUSED
    print("holds" if held else f"does not hold: every item done, and fewer than {MOST_REFUSED:.0%} refused")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
