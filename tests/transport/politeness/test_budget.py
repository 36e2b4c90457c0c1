"""A retry budget bounds what a whole run repeats."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.errors import ConfigurationError
from nodeloom.transport.politeness.budget import RetryBudget, read_share


@pytest.fixture
def channel() -> None:
    """Nothing is sent here, so there is no channel to choose."""


@given(st.floats(0, 2), st.integers(0, 100), st.integers(0, 500))
def test_repeats_are_a_share_of_the_requests_and_a_floor(share: float, floor: int, requests: int) -> None:
    budget = RetryBudget(share, floor)
    budget.requests = requests
    made = sum(budget.afford() for _ in range(1500))
    assert made == budget.spent == min(1500, math.ceil(floor + share * requests))
    assert budget.denied == 1500 - made


def test_without_a_share_there_is_no_bound() -> None:
    budget = RetryBudget(None, 0)
    assert all(budget.afford() and budget.afford_harmless() for _ in range(10_000))
    assert budget.denied == 0


def test_what_was_refused_and_waits_for_the_pace_does_not_use_up_what_the_others_need() -> None:
    budget = RetryBudget(0.2)
    assert all(budget.afford_harmless() for _ in range(1000))
    assert not budget.afford_harmless()
    assert budget.afford()


@pytest.mark.parametrize(
    ("written", "share"),
    [(0.2, 0.2), ("20%", 0.2), (" 2.5 % ", 0.025), ("0.2", 0.2), (0, 0), (None, None), ("none", None)],
)
def test_a_share_is_a_number_or_percent(written: object, share: float | None) -> None:
    assert read_share(written) == share


@pytest.mark.parametrize(
    "written", ["", "many", "-5%", -0.1, "20 percent", True, [], math.inf, math.nan, "inf", 10**400]
)
def test_anything_else_is_an_error_that_says_what_is_meant(written: object) -> None:
    with pytest.raises(ConfigurationError, match="share of requests") as caught:
        read_share(written)
    assert caught.value.property == "retry_budget"
    assert caught.value.hint is not None


@given(st.one_of(st.text(max_size=8), st.floats(), st.integers()))
def test_whatever_is_given_is_a_share_from_zero_or_an_error(written: object) -> None:
    try:
        share = read_share(written)
    except ConfigurationError:
        return
    assert share is None or 0 <= share < math.inf
