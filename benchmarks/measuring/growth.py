"""How speed and peak memory go with the number of items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from measuring.attempt import attempt
from measuring.contestants import COMMAND_LINE, STREAM
from measuring.task import Task
from measuring.usage import Usage

SIZES = (1_000, 10_000, 20_000, 100_000, 1_000_000)
# The largest number's peak is held against that of 20,000 items, and against a limit.
COMPARED_WITH = 20_000
MOST_GROWTH = 1.1
MOST_BYTES = 150_000_000


@dataclass(frozen=True, slots=True)
class Grown:
    """What one way to run took for one number of items."""

    name: str
    usage: Usage


def grown(url: str, core: int | None, sizes: Sequence[int], concurrency: int) -> Iterator[Grown]:
    """`runtime.stream` over a generator and `nodeloom run` from file to file; each size in a process of its own.

    Raises AttemptError when one fails.
    """
    for name in (STREAM, COMMAND_LINE):
        for size in sizes:
            yield Grown(name, attempt(Task(name, url, size, concurrency, core)))


def verdicts(results: Sequence[Grown]) -> Iterator[str]:
    """A line for each way to run, on whether its memory stays flat."""
    for name in dict.fromkeys(result.name for result in results):
        peaks = {result.usage.items: result.usage.peak_bytes for result in results if result.name == name}
        largest = max(peaks)
        if largest <= COMPARED_WITH or COMPARED_WITH not in peaks:
            continue
        growth = peaks[largest] / peaks[COMPARED_WITH]
        held = "holds" if growth <= MOST_GROWTH and peaks[largest] < MOST_BYTES else "MISSED"
        yield (
            f"{name}: {largest:,} items peak at {growth:.2f} × the memory of {COMPARED_WITH:,}, wanted at most "
            f"{MOST_GROWTH} × and below {MOST_BYTES / 1e6:.0f} MB: {held}"
        )
