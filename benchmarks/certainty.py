"""Whether a journal keeps its word: `python benchmarks/certainty.py [--items 20000] [--kills 20] [--seed 1]`.

A run over a sandbox that refuses, fails and drops connections is killed with SIGKILL at random moments, and gone on
with by the same command until it comes to its end; once deleting links (DELETE, may happen twice), once creating them
(POST, may not). Then three accounts are laid side by side: the outcomes of the run that came to the end, what the
sandbox was asked for, and what it holds. Prints them, and ends with 1 when they do not agree.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nodeloom.testing import LoggedRequest, SandboxOptions, ThreeCXSandbox

OPERATIONS = {
    "Delete Weblink": ("--set", "Link=<<$json.Link>>"),
    "Create Weblink": ("--set", "Link=<<$json.Link>>", "--set", 'Website=["https://www.example.com"]'),
}


@dataclass
class Account:
    """What an operation's run came to. Every list names items that should not be in it."""

    operation: str
    items: int
    kills: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    repeated: int = 0
    without_one_outcome: list[int] = field(default_factory=list)
    sent_twice: list[int] = field(default_factory=list)
    untrue: list[int] = field(default_factory=list)
    unknown_done: int = 0

    @property
    def holds(self) -> bool:
        """Whether every promise was kept."""
        return not (self.without_one_outcome or self.sent_twice or self.untrue)

    def lines(self) -> list[str]:
        """The account in words."""
        outcomes = ", ".join(f"{count} {state}" for state, count in self.outcomes.most_common())
        return [
            f"{self.operation}: {self.items} items, killed {self.kills} times, {self.seconds:.0f} s",
            f"  outcomes of the last run:                    {outcomes}",
            f"  of those unknown, done on the sandbox:       {self.unknown_done}",
            f"  requests that reached the sandbox:           {self.requests} ({self.repeated} of them repeats)",
            f"  items without exactly one outcome:           {_told(self.without_one_outcome)}",
            f"  items sent again that may not happen twice:  {_told(self.sent_twice)}",
            f"  items whose outcome the sandbox contradicts: {_told(self.untrue)}",
        ]


def _told(items: list[int]) -> str:
    return f"{len(items)}{': ' if items else ''}{', '.join(map(str, items[:10]))}"


def killed_run(operation: str, *, items: int, kills: int, seed: int, folder: Path, concurrency: int = 16) -> Account:
    """Run an operation over a sandbox with faults, killed `kills` times; the account of it."""
    names = [f"link-{n}" for n in range(1, items + 1)]
    source = folder / "items.ndjson"
    source.write_text("".join(json.dumps({"Link": name}) + "\n" for name in names))
    options = SandboxOptions(
        links=items if operation == "Delete Weblink" else 0,
        rate_429=0.02,
        rate_500=0.02,
        rate_drop=0.02,
        retry_after=0,
        seed=seed,
        log_size=4 * items + 1000,
    )
    account = Account(operation, items)
    started = time.perf_counter()
    with ThreeCXSandbox(options) as sandbox:
        chance = random.Random(seed)
        command = [
            *(sys.executable, "-m", "nodeloom.cli", "run", "threecx", "Website Links", operation),
            *OPERATIONS[operation],
            *("--items", str(source), "--journal", str(folder / "journal"), "--on-error", "continue"),
            *("--concurrency", str(concurrency), "--retries", "4", "--quiet"),
        ]
        environment = {**os.environ, "NODELOOM_CREDENTIAL_THREECXAPI": json.dumps(sandbox.credential)}
        for moment in sorted(chance.sample(range(items), kills)):
            account.kills += _run_and_kill(command, environment, sandbox, moment, chance)
        output = folder / "results.ndjson"
        subprocess.run([*command, "--output", str(output)], env=environment, check=False)
        requests = [r for r in sandbox.requests if r.resource == "WebsiteLinks"]
        held = set(sandbox.links)
    account.seconds = time.perf_counter() - started
    _lay_side_by_side(account, output, names, requests, held)
    return account


def _run_and_kill(
    command: list[str], environment: dict[str, str], sandbox: ThreeCXSandbox, moment: int, chance: random.Random
) -> int:
    """Kill a run when the sandbox has been asked `moment` times in all, or a little later; 0 when it ended before."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        begun = time.monotonic()
        late = chance.random() * 0.05
        # Where the moment is past already, it is somewhere in the beginning: at the start, or while it is told again.
        grace = chance.random() * 1.5
        while process.poll() is None and (len(sandbox.requests) < moment or time.monotonic() < begun + grace):
            time.sleep(0.005)
        time.sleep(late)
        if process.poll() is not None:
            return 0
        process.send_signal(signal.SIGKILL)
        process.wait()
    return 1


def _lay_side_by_side(
    account: Account, output: Path, names: list[str], requests: list[LoggedRequest], held: set[str]
) -> None:
    deleting = account.operation == "Delete Weblink"
    results: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for line in output.read_text().splitlines():
        result = json.loads(line)
        results[result["pairedItem"]["item"]].append(result)
    asked: dict[str, list[LoggedRequest]] = defaultdict(list)
    for request in requests:
        asked[request.key if deleting else request.json()["Link"]].append(request)
    account.requests = len(requests)
    account.repeated = len(requests) - len(asked)
    account.without_one_outcome = [index for index in range(len(names)) if len(results[index]) != 1]
    account.without_one_outcome += [index for index in results if not 0 <= index < len(names)]
    for index, name in enumerate(names):
        if len(results[index]) != 1:
            continue
        error = results[index][0].get("error")
        # What the sandbox answers 429 was certainly not done, and may be sent again whatever it is.
        if not deleting and len([r for r in asked[name] if r.fault != "429"]) > 1:
            account.sent_twice.append(index)
        account.outcomes[error["code"] if error else "succeeded"] += 1
        done = (name in held) is not deleting
        if error is not None and error["code"] == "unknown":
            account.unknown_done += done
        if (error is None and not done) or (error is not None and done and not _may_be_done(error)):
            account.untrue.append(index)


def _may_be_done(error: dict[str, Any]) -> bool:
    """Whether the outcome itself says that it may have been done."""
    return error.get("sent") == "unknown" or error.get("status", 0) >= 500


def main() -> int:
    """Both operations, one after the other."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    holds = True
    for operation in OPERATIONS:
        with tempfile.TemporaryDirectory() as folder:
            account = killed_run(operation, items=given.items, kills=given.kills, seed=given.seed, folder=Path(folder))
        print("\n".join(account.lines()), flush=True)
        holds = holds and account.holds
    print("Every promise was kept." if holds else "A promise was broken.")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
