"""A run that only fails, through no fault of its items, is ended."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.errors import (
    AuthenticationError,
    BadRequestError,
    InvalidItemError,
    MissingValueError,
    NetworkError,
    NodeloomError,
    NotFoundError,
    NotRunError,
    PermissionDeniedError,
    PreconditionFailedError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
    TLSError,
    UnexpectedRedirectError,
    UnreadableAnswerError,
)
from nodeloom.transport.politeness.breaker import Breaker

AT_FAULT = [
    NetworkError,
    TLSError,
    RequestTimeoutError,
    AuthenticationError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    UnexpectedRedirectError,
    UnreadableAnswerError,
]
ITEM_FAULTS = [NotFoundError, PreconditionFailedError, BadRequestError]
UNSENT = [MissingValueError, InvalidItemError, NotRunError]


@pytest.fixture
def channel() -> None:
    """Nothing is sent here, so there is no channel to choose."""


def worked(breaker: Breaker) -> Breaker:
    assert breaker.see(None) is None
    return breaker


@pytest.mark.parametrize("kind", AT_FAULT)
def test_so_many_items_in_a_row_that_the_service_failed_end_the_run(kind: type[NodeloomError]) -> None:
    breaker = worked(Breaker(20))
    assert [breaker.see(kind("failed")) for _ in range(19)] == [None] * 19
    assert breaker.see(kind("failed")) == f"20 items in a row failed ({kind.code})"


@pytest.mark.parametrize("kind", AT_FAULT)
def test_when_nothing_ever_went_well_eight_of_a_kind_are_enough(kind: type[NodeloomError]) -> None:
    breaker = Breaker(20)
    assert [breaker.see(kind("failed")) for _ in range(7)] == [None] * 7
    assert breaker.see(kind("failed")) == f"the first 8 items failed ({kind.code})"


def test_failures_of_several_kinds_are_named_with_their_counts() -> None:
    breaker = worked(Breaker(4))
    for error in (ServerError("a"), ServerError("b"), NetworkError("c")):
        assert breaker.see(error) is None
    assert breaker.see(ServerError("d")) == "4 items in a row failed (server 3, network 1)"


@pytest.mark.parametrize("kind", [None, *ITEM_FAULTS])
def test_a_success_or_an_items_own_fault_shows_that_the_service_works(kind: type[NodeloomError] | None) -> None:
    breaker = Breaker(5)
    for _ in range(10):
        assert [breaker.see(ServerError("failed")) for _ in range(4)] == [None] * 4
        assert breaker.see(kind("at fault") if kind else None) is None


@pytest.mark.parametrize("kind", UNSENT)
def test_an_item_that_nothing_was_sent_for_says_nothing_about_the_service(kind: type[NodeloomError]) -> None:
    breaker = worked(Breaker(3))
    said = [breaker.see(error) for _ in range(3) for error in (kind("not sent"), ServerError("failed"))]
    assert said[:-1] == [None] * 5
    assert said[-1] is not None
    assert all(Breaker(1).see(kind("not sent")) is None for _ in range(10))


def test_one_is_enough_where_that_was_asked_for() -> None:
    assert Breaker(1).see(AuthenticationError("wrong")) == "the first item failed (authentication)"


def test_zero_counts_nothing() -> None:
    breaker = Breaker(0)
    assert all(breaker.see(NetworkError("failed")) is None for _ in range(1000))


@given(
    st.lists(st.sampled_from([None, ServerError, NotFoundError, MissingValueError]), max_size=200), st.integers(1, 30)
)
def test_it_ends_no_run_in_which_fewer_failed_in_a_row(ends: list[type[NodeloomError] | None], after: int) -> None:
    breaker, in_a_row, well = Breaker(after), 0, False
    for kind in ends:
        if kind is None or kind is NotFoundError:
            in_a_row, well = 0, True
        elif kind is ServerError:
            in_a_row += 1
        expected = kind is ServerError and (in_a_row >= after or (not well and in_a_row >= 8))
        assert (breaker.see(kind("failed") if kind else None) is not None) is expected
