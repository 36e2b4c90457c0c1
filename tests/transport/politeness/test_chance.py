"""Whether refusals come by chance or from a limit, by the clock of the test."""

from __future__ import annotations

import pytest

from nodeloom.transport.politeness.chance import Chance


@pytest.fixture
def channel() -> None:
    """Nothing is sent here, so there is no channel to choose."""


def refuse(chance: Chance, *, accepted: int, refused: int) -> None:
    """One request is refused at second 2, and of those that were under way with it so many ended so."""
    chance.refuse(1.0, 2.0)
    for _ in range(refused):
        chance.refuse(1.5, 2.5)
    for _ in range(accepted):
        chance.accept(1.5)


@pytest.mark.parametrize(
    ("accepted", "refused", "found", "is_open"),
    [
        (0, 0, False, False),
        (7, 0, False, True),
        (10, 0, True, False),
        (12, 1, False, True),
        (16, 1, True, False),
        (0, 1, False, True),
        (0, 2, False, False),
        (20, 2, False, False),
    ],
)
def test_requests_beside_a_refused_one_show_what_it_comes_from(
    accepted: int, refused: int, found: bool, is_open: bool
) -> None:
    chance = Chance()
    refuse(chance, accepted=accepted, refused=refused)
    assert (chance.found, chance.is_open) == (found, is_open)


@pytest.mark.parametrize("began", [0.5, 1.0, 2.0, 3.0])
def test_a_request_before_or_after_the_refused_one_shows_nothing(began: float) -> None:
    chance = Chance()
    chance.refuse(1.0, 2.0)
    for _ in range(100):
        chance.accept(began)
    assert not chance.found


def test_what_was_undecided_is_over_once_a_rate_is_learned() -> None:
    chance = Chance()
    refuse(chance, accepted=7, refused=0)
    chance.cut(100.0)
    refuse(chance, accepted=100, refused=0)
    assert not chance.found


def cut(chance: Chance, rate: float, factor: float, cycles: int = 60) -> int | None:
    """Cuts at a rate that changes by `factor` each time, one request in ten refused; the number of cuts to a trial."""
    for number in range(1, cycles + 1):
        for _ in range(9):
            chance.accept(0.0)
        chance.refuse(0.0, 0.0)
        chance.cut(rate)
        if chance.found:
            return number
        rate *= factor
    return None


@pytest.mark.parametrize(("factor", "cuts"), [(0.8, 8), (0.5, 8), (0.95, None), (1.0, None), (1.2, None)])
def test_refusals_that_go_on_at_lower_and_lower_rates_bring_a_trial(factor: float, cuts: int | None) -> None:
    assert cut(Chance(), 1000.0, factor) == cuts


def test_a_trial_fails_if_more_is_refused_at_full_pace_and_the_next_one_comes_later() -> None:
    chance = Chance()
    assert cut(chance, 1000.0, 0.8) == 8
    ends = [chance.refuse(0.0, 0.0) for _ in range(7)]
    assert ends == [False] * 6 + [True]
    assert not chance.found
    assert cut(chance, 1000.0, 0.8) == 16


def test_a_trial_goes_on_as_long_as_the_share_stays_what_it_was() -> None:
    chance = Chance()
    cut(chance, 1000.0, 0.8)
    for _ in range(1000):
        for _ in range(9):
            chance.accept(0.0)
        assert not chance.refuse(0.0, 0.0)
    assert chance.found


@pytest.mark.parametrize("accepted", [0, 1, 3])
def test_a_trial_ends_where_everything_is_refused_however_much_was_refused_before_it(accepted: int) -> None:
    chance = Chance()
    rate = 100.0
    while not chance.found:
        for _ in range(2):
            chance.refuse(0.0, 1.0)
        for _ in range(accepted):
            chance.accept(0.0)
        chance.cut(rate)
        rate *= 0.7
    assert any(chance.refuse(0.0, 1.0) for _ in range(20))
