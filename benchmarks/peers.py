"""How fast Nodeloom is beside others: `python benchmarks/peers.py`.

A loopback server (nginx where it is installed) runs on one core, its clients one after the other on another. Each
deletes the same website links, one request a link, with Nodeloom, with a loop written by hand around an HTTP client,
or in n8n. Every measurement is a process of its own; all take turns, round after round; the table holds medians.

Whoever is not installed is left out: `pip install aiohttp httpx-aiohttp pyreqwest uvloop` brings the clients. For n8n
see --n8n.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import sys
from pathlib import Path

from measuring import machine, page, table
from measuring.contest import Contest
from measuring.contestants import CONTESTANTS
from measuring.cores import server_and_client
from measuring.n8n_peer import INSTALL
from measuring.server import loopback

N8N_PEER = Path(__file__).resolve().parents[2] / "shared" / "bench" / "n8n_peer"


def main() -> None:
    """Hold the contest and print what came out."""
    options = _options()
    chosen = [name for name in CONTESTANTS if any(fnmatch.fnmatch(name, pattern) for pattern in options.only)]
    missing = {name: CONTESTANTS[name].missing(options.n8n) for name in chosen}
    skipped = {name: why for name, why in missing.items() if why is not None}
    server_core, client_core = server_and_client()
    if client_core is None:
        _say("server and clients share the cores: their times are not comparable with those of another machine")
    with loopback(server_core, nginx=not options.own_server) as server:
        contest = Contest(server.url, options.items, client_core, _say, options.concurrency, options.n8n)
        rows = contest.hold([name for name in chosen if name not in skipped], options.rounds)
    skipped |= contest.failures
    lines = [*table.table(rows), "", *table.ratios(rows), *table.warnings(rows), f"{server.kind}; {machine.line()}"]
    if options.json:
        print(json.dumps(table.document(rows, skipped, server.kind), indent=2, ensure_ascii=False))
    else:
        print(*lines, *(f"left out: {name}: {why}" for name, why in skipped.items()), sep="\n")
    if options.page:
        page.put(options.page, "peers", map(str, lines))
    if contest.failures:
        sys.exit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, epilog="Example:\n  " + EXAMPLE
    )
    parser.add_argument("--items", type=int, default=20_000, help="how many (slow contestants do fewer; %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each runs (%(default)s)")
    parser.add_argument("--only", action="append", metavar="PATTERN", help="contestants, as in 'nodeloom*'; repeatable")
    parser.add_argument("--concurrency", type=int, metavar="N", help="for all, instead of the best for each")
    parser.add_argument("--n8n", default=str(N8N_PEER), metavar="PATH", help=f"folder of the n8n peer: {INSTALL}")
    parser.add_argument("--own-server", action="store_true", help="our own server also where nginx is installed")
    parser.add_argument("--page", type=Path, metavar="FILE", help="put the table into this page (docs/performance.md)")
    parser.add_argument("--json", action="store_true", help="print JSON, every round in it")
    options = parser.parse_args()
    options.only = options.only or ["*"]
    return options


EXAMPLE = "python benchmarks/peers.py --only 'nodeloom run()' --only pyreqwest --rounds 9"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
