"""Run fuzz targets for a given time: `python fuzz/run.py --seconds 600 [TARGET …]`.

Needs atheris (`pip install atheris`; Linux and macOS). Each target runs in a process of its own, one after the other
unless `--jobs` says otherwise. What was found interesting is kept in `FOLDER/corpus/TARGET` and begun with the next
time; an input that breaks a promise is kept in `FOLDER/crashes/TARGET`. FOLDER is outside the repository: the user's
cache, or `--folder`. To repeat a find: `python fuzz/run.py --repeat FILE TARGET`. `--seed NUMBER` makes random inputs,
the same ones for the same number, and needs no atheris.

Ends with 0 when nothing was found, 1 when something was.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("template", "javascript", "engine", "descriptor", "openapi", "answer")
# An input that takes longer counts as found; so does a process that needs more memory.
_SLOW_SECONDS = 20
_MEMORY_MEGABYTES = 2048
_LONGEST = 1024
_LENGTHS = (10, 20, 40, 60, 100, 200, 300)
# The first word of a command line that this program gives itself.
_INSIDE = "--inside"


def _arguments() -> argparse.Namespace:
    from platformdirs import user_cache_path

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(NAMES)}; without, all")
    parser.add_argument("--seconds", type=int, default=60, help="how long each target runs (default: 60)")
    parser.add_argument("--jobs", type=int, default=1, help="how many targets run at the same time (default: 1)")
    parser.add_argument("--folder", type=Path, default=user_cache_path("nodeloom-fuzz"), help="for corpora and crashes")
    parser.add_argument("--repeat", type=Path, metavar="FILE", help="run one target on this one input, without atheris")
    parser.add_argument("--seed", type=int, metavar="NUMBER", help="random inputs of this seed, without atheris")
    given = parser.parse_args()
    unknown = [name for name in given.targets if name not in NAMES]
    if unknown:
        parser.error(f"there is no target {unknown[0]!r}; known: {', '.join(NAMES)}")
    return given


def _fuzz(name: str, options: list[str]) -> None:
    """Be the process of one target."""
    import atheris

    with atheris.instrument_imports(include=["nodeloom", "fuzz"], enable_loader_override=False):
        from fuzz.targets import TARGETS
    atheris.Setup([sys.argv[0], *options], TARGETS[name])
    atheris.Fuzz()


def _run(name: str, seconds: int, folder: Path) -> str | None:
    """Run one target in a process of its own; what to tell about a find, or None."""
    corpus, crashes = folder / "corpus" / name, folder / "crashes" / name
    for place in (corpus, crashes):
        place.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, str(Path(__file__)), _INSIDE, name, str(corpus), f"-max_total_time={seconds}",
        f"-artifact_prefix={crashes}{os.sep}", f"-timeout={_SLOW_SECONDS}", f"-rss_limit_mb={_MEMORY_MEGABYTES}",
        f"-max_len={_LONGEST}", "-len_control=0", "-print_final_stats=1",
    ]  # fmt: skip
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, cwd=ROOT)
    executions = re.findall(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    count = f"{int(executions[-1]):,}" if executions else "an unknown number of"
    print(
        f"{name}: {count} executions in {time.monotonic() - begun:.0f} s, {len(list(corpus.iterdir()))} in the corpus"
    )
    if done.returncode == 0:
        return None
    return f"{name} found something, kept in {crashes}:\n{_told(done.stdout + done.stderr)}"


def _run_seeded(name: str, seconds: int, folder: Path, seed: int) -> str | None:
    """Run one target on random inputs, without atheris; what to tell about a find, or None."""
    from fuzz.targets import TARGETS

    numbers = random.Random(f"{seed} {name}")  # noqa: S311 - inputs, no secrets
    begun, count = time.monotonic(), 0
    while time.monotonic() - begun < seconds:
        data = numbers.randbytes(numbers.choice(_LENGTHS))
        count += 1
        try:
            TARGETS[name](data)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is a find
            place = folder / "crashes" / name / f"seed-{seed}-{count}"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            return f"{name} found something, kept in {place}:\n{fault!r}"
    print(f"{name}: {count:,} executions in {time.monotonic() - begun:.0f} s")
    return None


def _told(output: str) -> str:
    """What a person needs of a fuzzer's output: from the exception on, without the progress."""
    lines = [line for line in output.splitlines() if not re.match(r"#\d+\s|INFO: |WARNING: Failed", line)]
    begin = next((index for index, line in enumerate(lines) if "Uncaught Python exception" in line), 0)
    return "\n".join(lines[begin:][:120])


def main() -> int:
    """Run what the command line says; the exit code."""
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    if sys.argv[1:2] == [_INSIDE]:
        _fuzz(sys.argv[2], sys.argv[3:])
        return 0
    given = _arguments()
    targets = given.targets or list(NAMES)
    if given.repeat is not None:
        from fuzz.targets import TARGETS

        for name in targets:
            TARGETS[name](given.repeat.read_bytes())
        print("nothing found")
        return 0
    if given.seed is not None:
        found = [_run_seeded(name, given.seconds, given.folder, given.seed) for name in targets]
    else:
        with ThreadPoolExecutor(given.jobs) as pool:
            found = list(pool.map(lambda name: _run(name, given.seconds, given.folder), targets))
    finds = [find for find in found if find]
    for find in finds:
        print(find, file=sys.stderr)
    return 1 if finds else 0


if __name__ == "__main__":
    sys.exit(main())
