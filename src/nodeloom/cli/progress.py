"""What standard error shows of a run: a bar while it goes on, on a terminal, and a line at its end."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Protocol

from nodeloom.run.result import JournalReport, RunReport


class Progress(Protocol):
    """Is told after each item how the run stands."""

    def show(self, report: RunReport) -> None:
        """Show the counts of `report`."""
        ...


class _Silent:
    def show(self, report: RunReport) -> None:
        """Nothing."""


@contextlib.contextmanager
def progress_bar(total: int | None, *, wanted: bool) -> Iterator[Progress]:
    """A bar on standard error when it is a terminal; nothing else, and nothing where results go to the same screen."""
    if not wanted or total == 1 or not sys.stderr.isatty():
        yield _Silent()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    columns = [
        SpinnerColumn(),
        BarColumn(bar_width=24),
        MofNCompleteColumn() if total is not None else TextColumn("{task.completed:.0f} done"),
        TextColumn("{task.fields[failed]} failed"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        *([TimeRemainingColumn()] if total is not None else []),
    ]
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("run", total=total, failed=0, rate="")

        class Shown:
            def show(self, report: RunReport) -> None:
                """Move the bar."""
                rate = f"{report.counts.items / report.duration:.0f}/s" if report.duration > 0.5 else ""
                bar.update(task, completed=report.counts.items, failed=report.counts.failed, rate=rate)

        yield Shown()


def summary(report: RunReport) -> str:
    """`3 items: 1 succeeded, 2 failed in 0.2 s`, and whatever else there is to say."""
    counts = report.counts
    parts = [f"{counts.succeeded} succeeded"]
    if counts.failed:
        parts.append(f"{counts.failed} failed")
    if counts.not_run:
        parts.append(f"{counts.not_run} not run")
    if report.retries:
        parts.append("1 retry" if report.retries == 1 else f"{report.retries} retries")
    items = "1 item" if counts.items == 1 else f"{counts.items} items"
    rest = "" if report.complete else f" ({report.stopped}; the rest of the items was not read)"
    return f"{items}: {', '.join(parts)} in {_duration(report.duration)}{rest}"


def journal_line(report: RunReport, journal: JournalReport) -> str:
    """What the journal had to do with the run, and what to do with it now."""
    parts = [
        *([f"{journal.told} told again"] if journal.told else []),
        *([f"{journal.repeated} repeated"] if journal.repeated else []),
        *([f"{journal.unknown} unknown (see: nodeloom report {journal.file})"] if journal.unknown else []),
        *([] if report.complete and not report.counts.not_run else ["go on with the same command"]),
    ]
    return f"journal {journal.file}{': ' if parts else ''}{', '.join(parts)}"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
