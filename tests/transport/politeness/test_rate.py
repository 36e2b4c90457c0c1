"""Rates and spans of time as users write them, and the moment each request may go."""

from __future__ import annotations

import math
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.errors import ConfigurationError
from nodeloom.transport.politeness.rate import Schedule, read_rate, read_seconds

UNITS = {"s": 1, "sec": 1, "second": 1, "min": 60, "m": 60, "minutes": 60, "h": 3600, "hour": 3600, "d": 86400}


@pytest.fixture
def channel() -> None:
    """Nothing is sent here, so there is no channel to choose."""


def per_second(written: object) -> float:
    rate = read_rate(written)
    assert rate is not None
    return rate.per_second


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("20/s", 20),
        ("1200/min", 20),
        ("0.5/s", 0.5),
        ("10/2s", 5),
        ("5", 5),
        (".5", 0.5),
        (" 20 / s ", 20),
        ("20/S", 20),
        ("36000/h", 10),
        ("86400/day", 1),
        ("3/0.5s", 6),
        (7, 7),
        (0.25, 0.25),
    ],
)
def test_a_rate_is_a_count_in_a_time_and_a_plain_number_is_per_second(written: object, expected: float) -> None:
    assert per_second(written) == pytest.approx(expected)


@given(st.floats(0.001, 1e6), st.sampled_from(sorted(UNITS)), st.one_of(st.none(), st.integers(1, 1000)), st.booleans())
def test_every_count_span_and_unit_is_read(count: float, unit: str, every: int | None, spaced: bool) -> None:
    gap = " " if spaced else ""
    written = f"{count:.6f}{gap}/{gap}{'' if every is None else every}{gap}{unit}"
    assert per_second(written) == pytest.approx(float(f"{count:.6f}") / ((every or 1) * UNITS[unit]))


@given(st.text(alphabet=string.digits + "./smhd -+einfa", max_size=12))
def test_whatever_is_written_is_a_rate_above_zero_or_an_error_that_shows_it(written: str) -> None:
    try:
        rate = read_rate(written)
    except ConfigurationError as error:
        said = (error.property, bool(error.hint))
    else:
        said = ("rate", rate is not None and 0 < rate.per_second < math.inf and rate.burst >= 1)
    assert said == ("rate", True)


@pytest.mark.parametrize("written", ["", "fast", "20/", "/s", "20/s/s", "-5/s", "1e3/s", "٣/s", True, [20], "20//s"])
def test_what_is_no_rate_says_how_one_is_written(written: object) -> None:
    with pytest.raises(ConfigurationError, match="rate must be a number of requests in a time") as caught:
        read_rate(written)
    assert caught.value.hint is not None
    assert "20/s" in caught.value.hint


@pytest.mark.parametrize("written", [0, "0/s", "0", -1, math.inf, math.nan, 10**400, "9" * 400, -(10**400)])
def test_a_rate_is_above_zero_and_finite(written: object) -> None:
    with pytest.raises(ConfigurationError, match="above zero"):
        read_rate(written)


def test_a_rate_is_for_a_time_above_zero() -> None:
    with pytest.raises(ConfigurationError, match="time above zero"):
        read_rate("5/0s")


def test_an_unknown_unit_comes_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="rate has an unknown unit of time: 'minuts'") as caught:
        read_rate("20/minuts")
    assert caught.value.hint == "Did you mean 'minutes'?"
    with pytest.raises(ConfigurationError) as caught:
        read_rate("20/fortnight")
    assert caught.value.hint == "Units are s, min, h and d."


def test_without_a_rate_there_is_none() -> None:
    assert read_rate(None) is None


def test_an_error_has_the_name_that_the_caller_gives_the_option() -> None:
    with pytest.raises(ConfigurationError, match=r"^--rate must be above zero") as caught:
        read_rate("0/s", name="--rate")
    assert caught.value.property == "--rate"


def test_a_burst_is_one_unless_it_is_given_or_the_rate_is_finer_than_timers() -> None:
    bursts = [read_rate(rate, burst) for rate, burst in (("20/s", None), ("20/s", 40), ("5000/s", None))]
    assert [rate.burst for rate in bursts if rate] == [1, 40, 50]


@pytest.mark.parametrize(
    ("written", "expected"),
    [(90, 90), ("90", 90), ("90s", 90), ("2h", 7200), ("1h30m", 5400), ("1 h 30 min", 5400), ("1.5h", 5400)],
)
def test_a_span_is_numbers_with_units_and_a_plain_number_is_seconds(written: object, expected: float) -> None:
    assert read_seconds(written, "deadline") == expected


@given(st.lists(st.tuples(st.integers(1, 10_000), st.sampled_from(sorted(UNITS))), min_size=1, max_size=4))
def test_the_parts_of_a_span_add_up(parts: list[tuple[int, str]]) -> None:
    written = "".join(f"{count}{unit}" for count, unit in parts)
    assert read_seconds(written, "deadline") == sum(count * UNITS[unit] for count, unit in parts)


@given(st.text(alphabet=string.digits + ". smhdayx-", max_size=12))
def test_whatever_is_written_is_a_span_above_zero_or_an_error(written: str) -> None:
    try:
        seconds = read_seconds(written, "deadline")
    except ConfigurationError as error:
        said = (error.property, bool(error.hint))
    else:
        said = ("deadline", seconds is not None and 0 < seconds < math.inf)
    assert said == ("deadline", True)


@pytest.mark.parametrize("written", ["", "soon", "1h30", "h", "2 h later", "-1h", True, [1], 0, -1, math.nan, 10**400])
def test_what_is_no_span_says_how_one_is_written(written: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_seconds(written, "deadline")
    assert caught.value.hint is not None
    assert "1h30m" in caught.value.hint
    assert read_seconds(None, "deadline") is None


@given(
    st.floats(0.001, 10),
    st.integers(1, 20),
    st.lists(st.floats(0, 5), min_size=1, max_size=100),
)
def test_never_more_than_the_rate_and_one_burst_in_any_time(interval: float, burst: int, pauses: list[float]) -> None:
    """Whenever requests come: in any span of n intervals at most n + burst of them go."""
    schedule, now, went = Schedule(), 1000.0, []
    for pause in pauses:
        now += pause
        went.append(schedule.take(now, interval, burst))
    assert went == sorted(went)
    for first, begin in enumerate(went):
        for last in range(first, len(went)):
            assert last - first + 1 <= (went[last] - begin) / interval + burst + 1e-6


def test_who_comes_late_to_a_busy_schedule_costs_no_rate() -> None:
    """A timer that fires a little late delays that request only."""
    schedule = Schedule()
    now = 0.0
    for _ in range(100):
        at = schedule.take(now, 0.1)
        now = at + 0.03
    assert now == pytest.approx(99 * 0.1 + 0.03)


def test_runs_with_different_rates_share_the_time_there_is() -> None:
    """One at 20 a second that sends 10 leaves half of the time: one at 50 sends 25 in it."""
    schedule, now = Schedule(), 0.0
    for _ in range(10):
        schedule.take(now, 1 / 20)
    for _ in range(25):
        schedule.take(now, 1 / 50)
    assert schedule.take(now, 1 / 20) == pytest.approx(1.0)
