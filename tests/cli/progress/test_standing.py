"""Rate and time left, from counts and a clock."""

from __future__ import annotations

from nodeloom.cli.progress.metering import Total
from nodeloom.cli.progress.standing import Gauge
from nodeloom.outcomes import Outcome, RunReport


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def gauge(total: Total | None = None) -> tuple[Gauge, Clock, RunReport]:
    clock, report = Clock(), RunReport("probe")
    return Gauge(report, lambda: total, clock), clock, report


def do(report: RunReport, number: int) -> None:
    for _ in range(number):
        report.add(Outcome(0, [{"json": {}}]))


def test_the_rate_is_that_of_the_last_ten_seconds() -> None:
    read, clock, report = gauge(Total(1000))
    for second in range(1, 31):
        clock.now += 1
        do(report, 20 if second <= 15 else 10)
        standing = read.read()
    assert standing.rate == 10
    assert standing.done == 450
    assert standing.seconds == 30
    assert standing.seconds_left == 55
    assert read.read_last().rate == 15, "at the end it is that of the whole run"


def test_nothing_is_told_before_anything_can_be_told() -> None:
    read, clock, report = gauge()
    assert read.read().rate is None
    do(report, 5)
    clock.now += 0.1
    assert read.read().rate is None
    assert read.read().seconds_left is None
    clock.now += 0.9
    assert read.read().rate == 5
    assert read.read().seconds_left is None, "without a total"
    assert gauge()[0].read_last().rate is None


def test_a_run_that_stands_still_has_no_time_left() -> None:
    read, clock, _report = gauge(Total(10))
    clock.now += 5
    assert read.read().rate == 0
    assert read.read().seconds_left is None


def test_more_done_than_was_estimated_leaves_no_time() -> None:
    read, clock, report = gauge(Total(5, exact=False))
    do(report, 10)
    clock.now += 1
    assert read.read().seconds_left == 0


def test_a_reading_does_not_change_with_the_run() -> None:
    read, _clock, report = gauge()
    before = read.read()
    do(report, 1)
    assert before.counts.items == 0
