"""The pace that is learned from refusals, and the room in flight, by the clock of the test."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.transport.politeness.adaptive import Pace, Room, Turn


@pytest.fixture
def channel() -> None:
    """Nothing is sent here, so there is no channel to choose."""


def paced(*, asked: float | None = None) -> Pace:
    """A pace that was refused at second 100 for the first time."""
    pace = Pace(draw=lambda: 0.5)
    pace.refused(100.0, None, asked, 100.0)
    return pace


def learned(rate: float = 100.0) -> tuple[Pace, float]:
    """A pace that was refused again after a second of `rate` requests, and the time then."""
    pace = paced(asked=1.0)
    for n in range(int(rate)):
        turn = pace.turn(101.0 + n / rate)
        pace.accepted(101.0 + (n + 1) / rate, turn, 0.001)
    pace.refused(102.0, pace.turn(102.0), 1.0, 102.0)
    return pace, 103.0


def test_nothing_is_engaged_before_something_was_refused() -> None:
    assert not Pace().engaged
    assert paced().engaged


def test_retry_after_holds_everything_back_for_that_long() -> None:
    pace = paced(asked=7.0)
    assert pace.turn(100.5).at == 107.0
    assert pace.turn(100.6).at >= 107.0


def test_without_retry_after_the_pauses_grow_until_something_is_accepted() -> None:
    pace, now, pauses = paced(), 100.0, []
    for _ in range(10):
        turn = pace.turn(now)
        pauses.append(turn.at - now)
        now = turn.at
        pace.refused(now, turn, None, now)
    # The last one ends the minute after which nobody waits any more.
    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 8.9])
    turn = pace.turn(now)
    pace.accepted(turn.at, turn, 0.01)
    now = turn.at + 1
    turn = pace.turn(now)
    pace.refused(now, turn, None, now)
    assert pace.turn(now).at - now < 10.0


def test_a_service_that_asks_for_less_than_it_wants_is_asked_less_and_less() -> None:
    pace, now = paced(asked=0.01), 100.0
    for _ in range(8):
        turn = pace.turn(now)
        now = turn.at
        pace.refused(now, turn, 0.01, now)
    assert pace.turn(now).at - now > 10.0


def test_after_a_minute_in_vain_whoever_asks_is_to_know_soon() -> None:
    pace, now = paced(), 100.0
    while now < 170.0:
        turn = pace.turn(now)
        now = turn.at
        pace.refused(now, turn, None, now)
    assert pace.turn(now).at - now == 1.0


def test_a_turn_that_was_given_before_a_refusal_is_void() -> None:
    pace = paced(asked=1.0)
    turn = pace.turn(101.0)
    assert pace.holds(turn)
    pace.refused(101.5, pace.turn(101.0), 1.0, 101.5)
    assert not pace.holds(turn)
    assert pace.turn(101.5).at >= 102.5


def test_what_was_on_its_way_when_another_was_refused_slows_nothing_down_further() -> None:
    pace, now = learned(100)
    rate = pace.rate(now)
    stale = Turn(now, -1)
    for _ in range(20):
        pace.refused(now - 0.5, stale, None, now - 0.5)
    assert pace.rate(now) == pytest.approx(rate, rel=0.01)
    assert pace.turn(now - 0.4).at == now


def test_a_longer_retry_after_of_such_a_one_counts_all_the_same() -> None:
    pace, now = learned(100)
    pace.refused(now - 0.5, Turn(now, -1), 60.0, now - 0.5)
    assert pace.turn(now).at == now + 59.5


def test_the_first_after_a_pause_goes_alone_until_it_is_answered() -> None:
    pace = paced(asked=1.0)
    assert [pace.turn(100.5).at for _ in range(3)] == [101.0, 101.1, 101.1]


def test_the_rate_begins_below_what_was_refused_levels_out_there_and_then_tries_more() -> None:
    pace, now = learned(100)
    rates = [pace.rate(now + t) for t in range(40)]
    assert rates == sorted(rates)
    assert 40 < rates[0] <= 100.0
    assert rates[10] == pytest.approx(119, rel=0.1)
    assert rates[-1] > 200


@given(
    st.floats(0.01, 5000),
    st.lists(st.tuples(st.sampled_from(["ok", "refused", "late"]), st.floats(0, 5)), max_size=200),
    st.one_of(st.none(), st.floats(0.01, 60)),
)
def test_whatever_happens_turns_are_finite_and_rates_above_zero(
    rate: float, story: list[tuple[str, float]], asked: float | None
) -> None:
    pace = Pace()
    now, turn = 1000.0, None
    for what, seconds in story:
        now += seconds / rate
        if what == "refused":
            pace.refused(now, turn, asked, now)
        elif pace.engaged:
            pace.accepted(now, turn if what == "ok" else None, seconds)
        if pace.engaged:
            turn = pace.turn(now)
            assert now <= turn.at < math.inf
            assert pace.rate(now) > 0
            assert pace.silence >= 0


def test_silence_is_counted_from_the_last_request_that_was_accepted() -> None:
    pace, _now = learned(100)
    # Accepted at 102, and held back until 103.
    assert pace.silence == pytest.approx(1.0)
    pace.refused(103.0, pace.turn(103.0), 10.0, 103.0)
    assert pace.silence == pytest.approx(11.0)
    turn = pace.turn(113.0)
    pace.accepted(113.0, turn, 0.1)
    assert pace.silence == 0.0


def test_when_four_times_as_much_is_taken_the_limit_is_gone() -> None:
    pace, now = learned(100)
    turn = pace.turn(now)
    pace.accepted(now, turn, 0.001)
    assert pace.engaged
    pace.accepted(now + 60, turn, 0.001)
    assert not pace.engaged


def test_a_refusal_that_stays_the_only_one_is_forgotten_soon() -> None:
    pace = paced()
    turn = pace.turn(100.2)
    pace.accepted(100.3, turn, 0.1)
    assert pace.engaged
    pace.accepted(104.0, turn, 0.1)
    assert not pace.engaged


def test_a_burst_after_a_long_pause_is_not_taken_for_a_low_rate() -> None:
    """What was sent before the pause says nothing about what was refused after it."""
    pace, now = learned(100)
    turn = pace.turn(now)
    pace.accepted(now, turn, 0.001)
    for later in (20.0, 3600.0):
        for n in range(8):
            turn = pace.turn(now + later + n / 1000)
        pace.refused(now + later + 0.01, turn, None, now + later + 0.01)
        turn = pace.turn(now + later + 0.02)
        assert pace.rate(turn.at + 1) > 50
        pace.accepted(turn.at, turn, 0.001)


def test_what_was_learned_is_forgotten_when_nobody_asks_for_a_minute() -> None:
    pace, now = learned(100)
    assert pace.known
    pace.turn(now)
    pace.turn(now + 59)
    assert pace.known
    pace.turn(now + 59 + 61)
    assert not pace.known


def test_the_room_halves_once_for_all_that_were_in_flight_together() -> None:
    room = Room(16)
    for _ in range(16):
        room.shrink(began=1.0, now=2.0, overloaded=True)
    assert room.limit == 8
    assert not room.open
    room.shrink(began=2.5, now=3.0, overloaded=True)
    assert room.limit == 4


def test_the_room_never_closes() -> None:
    room = Room(8)
    for second in range(100):
        room.shrink(began=second, now=second, overloaded=True)
    assert room.limit == 1


def test_after_an_overload_the_room_grows_by_one_each_round() -> None:
    room = Room(8)
    room.shrink(1.0, 2.0, overloaded=True)
    for _ in range(4):
        room.grow()
    assert room.limit == 4
    room.grow()
    assert room.limit == 5


@given(st.integers(1, 100), st.lists(st.sampled_from(["shrink", "refused", "grow"]), max_size=300))
def test_the_room_stays_between_one_and_what_was_asked_for_and_opens_again(most: int, story: list[str]) -> None:
    room = Room(most)
    for second, what in enumerate(story):
        if what == "grow":
            room.grow()
        else:
            room.shrink(second, second, overloaded=what == "shrink")
        assert 1 <= room.limit <= most
    for _ in range(most * most):
        room.grow()
    assert room.open
