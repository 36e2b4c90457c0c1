"""How long short commands take, as multiples of an interpreter that does nothing: `python benchmarks/startup.py`.

Every command is run once in each round, one after the other, so that what else the machine does falls on all alike;
the medians are compared with that of `python -c pass`. Commands are run as the installed script and as a module.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import nodeloom

COMMANDS: Mapping[str, Sequence[str]] = {
    "--version": ["--version"],
    "--help": ["--help"],
    "nodes": ["nodes"],
    "search": ["search", "delete", "link"],
    "describe, a resource": ["describe", "threecx", "Website Links"],
    "describe, an operation": ["describe", "threecx", "Website Links", "Delete Weblink"],
    "completion of an operation": [],
}
# What the shell sets when Tab is pressed.
COMPLETING = {
    "_NODELOOM_COMPLETE": "bash_complete",
    "COMP_WORDS": "nodeloom describe threecx 'Website Links' D",
    "COMP_CWORD": "4",
}
#: The ratios that start-up is held to.
AT_MOST = {"--version": 6.0, "describe, a resource": 15.0}
BASE = "python -c pass"


def commands() -> dict[tuple[str, str], list[str]]:
    """Name and way of starting → the command."""
    python = sys.executable
    found = {
        (BASE, ""): [python, "-c", "pass"],
        ("import nodeloom", ""): [python, "-c", "import nodeloom"],
        ("Runtime()", ""): [python, "-c", "import nodeloom; nodeloom.Runtime().close()"],
    }
    script = Path(sysconfig.get_path("scripts")) / ("nodeloom.exe" if os.name == "nt" else "nodeloom")
    for name, arguments in COMMANDS.items():
        if script.exists():
            found[name, "script"] = [str(script), *arguments]
        found[name, "module"] = [python, "-m", "nodeloom.cli", *arguments]
    return found


def seconds(name: str, command: Sequence[str]) -> float:
    """The wall-clock time of one run of `command`."""
    environment = {**os.environ, **(COMPLETING if name.startswith("completion") else {})}
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, env=environment)
    return time.perf_counter() - started


def measure(rounds: int) -> dict[tuple[str, str], float]:
    """The median seconds of each command, after a round that only warms the files."""
    every = commands()
    taken: dict[tuple[str, str], list[float]] = {which: [] for which in every}
    for number in range(rounds + 1):
        for which, command in every.items():
            spent = seconds(which[0], command)
            if number > 0:
                taken[which].append(spent)
    return {which: statistics.median(times) for which, times in taken.items()}


def table(medians: Mapping[tuple[str, str], float]) -> Iterator[str]:
    """A line for each command, after a head."""
    base = medians[BASE, ""]
    yield f"{'':<28} {'started as':<10} {'ms':>7} {'ratio':>7} {'at most':>8}"
    for (name, way), median in medians.items():
        limit = f"{AT_MOST[name]:8.0f}" if name in AT_MOST else ""
        yield f"{name:<28} {way:<10} {median * 1e3:7.1f} {median / base:7.2f} {limit}".rstrip()


def compiled_ahead() -> bool:
    """Whether the interpreter finds the package's bytecode, or compiles the source each time."""
    return Path(importlib.util.cache_from_source(nodeloom.__file__)).exists()


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description="How long short commands take, as multiples of `python -c pass` (medians over interleaved rounds).",
        epilog="Example: python benchmarks/startup.py --rounds 41",
    )
    parser.add_argument("--rounds", type=int, default=21, metavar="N", help="how often each is run (default: 21)")
    rounds: int = parser.parse_args().rounds
    if rounds < 1:
        parser.error("--rounds is at least 1")
    print(*table(measure(rounds)), sep="\n")
    print(f"\n{rounds} rounds, Python {sys.version.split()[0]}, nodeloom {nodeloom.__version__}.")
    if not compiled_ahead():
        print("The package's bytecode is not cached, so every start compiles its source (PYTHONDONTWRITEBYTECODE?).")


if __name__ == "__main__":
    main()
