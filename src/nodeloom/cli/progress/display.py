"""What standard error shows of a run: a bar or JSON events while it goes on, and a line at its end.

Both look at the run's report from a thread of their own, so that an item costs nothing more for being watched.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from nodeloom.cli.progress.standing import Gauge, Standing
from nodeloom.cli.progress.ticker import Ticker
from nodeloom.cli.terminal import say
from nodeloom.values import JsonObject

if TYPE_CHECKING:
    from nodeloom.outcomes import JournalReport, RunReport

Kind = Literal["bar", "json", "none"]

_BAR_SECONDS = 0.2
_EVENT_SECONDS = 1.0


def chosen(written: str, *, quiet: bool, results_on_screen: bool) -> Kind:
    """What `--progress` comes to: `auto` is a bar on a terminal, unless results appear there too."""
    if written == "json":
        return "json"
    if written == "none" or quiet or sys.stderr is None or not sys.stderr.isatty():
        return "none"
    return "none" if written == "auto" and results_on_screen else "bar"


def progress(kind: Kind, gauge: Gauge) -> AbstractContextManager[None]:
    """Shows while entered how the run stands. A single item known beforehand gets no bar."""
    if kind == "json":
        return events(gauge)
    total = gauge.read().total
    if kind == "none" or (total is not None and total.exact and total.items == 1):
        return contextlib.nullcontext()
    return bar(gauge)


# -- JSON events -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def events(gauge: Gauge, seconds: float = _EVENT_SECONDS) -> Iterator[None]:
    """An event a line on standard error: one at the beginning, one every `seconds`, one of kind `end` at the end."""

    def tell() -> None:
        say(_line(event("progress", gauge.read())))

    tell()
    try:
        with Ticker(seconds, tell):
            yield
    finally:
        ended = {"stopped": gauge.report.stopped, "complete": gauge.report.complete}
        say(_line({**event("end", gauge.read_last()), "timeLeft": 0.0, **ended}))


def event(kind: str, standing: Standing) -> JsonObject:
    """`standing` as `schemas/progress-event.schema.json` describes it."""
    left = standing.seconds_left
    return {
        "event": kind,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "duration": round(standing.seconds, 3),
        "counts": standing.counts.to_dict(),
        "retries": standing.retries,
        "rate": None if standing.rate is None else round(standing.rate, 3),
        "total": None if standing.total is None else standing.total.items,
        "estimated": standing.total is not None and not standing.total.exact,
        "timeLeft": None if left is None else round(left, 1),
    }


def _line(value: JsonObject) -> str:
    return json.dumps(value, ensure_ascii=True)


# -- the bar ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def bar(gauge: Gauge) -> Iterator[None]:
    """A bar on the terminal that standard error is; it goes away at the end."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = (
        SpinnerColumn(),
        BarColumn(bar_width=24),
        *(TextColumn(f"{{task.fields[words][{name}]}}") for name in ("done", "failed", "retried", "rate", "time")),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as shown:
        task = shown.add_task("run", total=None, words=words(gauge.read()))

        def show() -> None:
            standing = gauge.read()
            total = None if standing.total is None else standing.total.items
            shown.update(task, total=total, completed=standing.done, words=words(standing), refresh=True)

        try:
            with Ticker(_BAR_SECONDS, show):
                yield
        finally:
            show()


def words(standing: Standing) -> dict[str, str]:
    """What stands beside the bar: done, failed, retried, rate and time."""
    total, left = standing.total, standing.seconds_left
    of = "" if total is None else f"/{'' if total.exact else '~'}{total.items}"
    return {
        "done": f"{standing.done}{of} done",
        "failed": f"{standing.counts.failed} failed",
        "retried": f"{standing.retries} retried",
        "rate": "" if standing.rate is None else f"{standing.rate:.{0 if standing.rate >= 10 else 1}f}/s",
        "time": clock(standing.seconds) + ("" if left is None else f", {clock(left)} left"),
    }


def clock(seconds: float) -> str:
    """`0:07`, `12:34`, `1:00:00`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


# -- the end ---------------------------------------------------------------------------------------------------------


def summary(report: RunReport) -> str:
    """`3 items: 1 succeeded, 2 failed in 0.2 s`, and what else a report says."""
    counts = report.counts
    parts = [f"{counts.succeeded} succeeded"]
    if counts.failed:
        parts.append(f"{counts.failed} failed")
    if counts.not_run:
        parts.append(f"{counts.not_run} not run")
    if report.retries:
        parts.append("1 retry" if report.retries == 1 else f"{report.retries} retries")
    items = "1 item" if counts.items == 1 else f"{counts.items} items"
    unread = "" if report.complete else "; the rest of the items was not read"
    rest = f" ({report.stopped}{unread})" if report.stopped else ""
    return f"{items}: {', '.join(parts)} in {_duration(report.duration)}{rest}"


def journal_line(report: RunReport, journal: JournalReport) -> str:
    """What the journal had to do with the run, and what to do with it now."""
    parts = [
        *([f"{journal.told} told again"] if journal.told else []),
        *([f"{journal.repeated} repeated"] if journal.repeated else []),
        *(["its log had lost its end, what was missing was done again"] if journal.lost else []),
        *([f"{journal.unknown} unknown (see: nodeloom report {journal.file})"] if journal.unknown else []),
        *([] if report.stopped is None else ["go on with the same command"]),
    ]
    return f"journal {journal.file}{': ' if parts else ''}{', '.join(parts)}"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
