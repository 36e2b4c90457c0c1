"""Retries are for what provably did not happen, or may safely happen twice."""

from __future__ import annotations

import asyncio
import copy
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.errors import NetworkError, RequestError, RequestTimeoutError, TLSError, TooManyOpenFilesError
from nodeloom.messages import Request, Response
from nodeloom.transport import RetryingSender, RetryPolicy, RunControl, Trip
from nodeloom.transport.politeness.budget import RetryBudget
from nodeloom.transport.retry import retry_after


@pytest.fixture
def channel() -> None:
    """Nothing is sent here, so there is no channel to choose."""


IDEMPOTENT = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"]
OTHERS = ["POST", "PATCH"]

REFUSED = NetworkError("refused", sent="no")
BROKEN = NetworkError("broken", sent="unknown")
LATE = RequestTimeoutError("late", sent="unknown")
UNTRUSTED = TLSError("untrusted", sent="no")
NO_FILES = TooManyOpenFilesError("no more", sent="no")
TOO_LARGE = RequestError("too large", sent="yes")


def status(code: int, **headers: str) -> Response:
    return Response(code, {k.replace("_", "-"): v for k, v in headers.items()}, b"")


class Sleepless(RunControl):
    """A run whose pauses take no time; it keeps how long they were to be, and ends in one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []
        self.halts_after = math.inf

    async def pause(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) >= self.halts_after:
            self.halt("the run was stopped")


class Service:
    """Gives the outcomes of a list, the last one again and again."""

    def __init__(self, *outcomes: Response | RequestError) -> None:
        self._outcomes = list(outcomes)
        self.calls = 0
        self.control = Sleepless()

    @property
    def slept(self) -> list[float]:
        return self.control.slept

    async def __call__(self, _request: Request, _trip: Trip) -> Response:
        outcome = self._outcomes[min(self.calls, len(self._outcomes) - 1)]
        self.calls += 1
        if isinstance(outcome, RequestError):
            raise outcome
        return outcome

    def ask(self, method: str, **more: Any) -> Response:
        policy = more.pop("policy", RetryPolicy(retries=2, base_seconds=0.2))
        sender = RetryingSender(self, policy, control=self.control, **more)
        return asyncio.run(sender.send(Request(method, "https://x.test/"), Trip(0)))


@pytest.mark.parametrize("method", IDEMPOTENT + OTHERS)
@pytest.mark.parametrize(
    "outcome", [status(429), status(429, retry_after="1"), status(503, retry_after="1"), REFUSED], ids=repr
)
def test_what_did_not_happen_is_repeated_for_every_method(method: str, outcome: Any) -> None:
    service = Service(outcome, status(200))
    assert service.ask(method).status == 200
    assert service.calls == 2


@pytest.mark.parametrize("outcome", [status(500), status(502), status(503), status(504), BROKEN, LATE], ids=repr)
def test_what_may_have_happened_is_repeated_for_idempotent_methods_only(outcome: Any) -> None:
    for method in IDEMPOTENT:
        service = Service(outcome, status(200))
        assert service.ask(method).status == 200
        assert service.calls == 2
    for method in OTHERS:
        service = Service(outcome, status(200))
        if isinstance(outcome, RequestError):
            with pytest.raises(type(outcome)):
                service.ask(method)
        else:
            assert service.ask(method).status == outcome.status
        assert service.calls == 1


@pytest.mark.parametrize("outcome", [status(c) for c in (200, 204, 301, 400, 401, 403, 404, 409, 412, 501)], ids=repr)
def test_what_a_repeat_would_not_change_is_not_repeated(outcome: Response) -> None:
    service = Service(outcome)
    assert service.ask("GET") is outcome
    assert service.calls == 1


@pytest.mark.parametrize("outcome", [UNTRUSTED, TOO_LARGE], ids=repr)
def test_a_refused_certificate_and_a_refused_answer_are_not_repeated(outcome: RequestError) -> None:
    service = Service(outcome)
    with pytest.raises(type(outcome)):
        service.ask("GET")
    assert service.calls == 1


def test_the_last_outcome_is_the_callers() -> None:
    service = Service(status(500), BROKEN, status(502))
    assert service.ask("GET").status == 502
    assert service.calls == 3
    with pytest.raises(NetworkError, match="broken"):
        Service(status(500), BROKEN).ask("GET")


@pytest.mark.parametrize("before", [BROKEN, LATE, status(500), status(504)], ids=repr)
def test_a_delete_that_meets_404_on_its_retry_succeeded(before: Any) -> None:
    assert Service(before, status(404)).ask("DELETE").status == 204


@pytest.mark.parametrize("before", [status(429), status(503, retry_after="0"), REFUSED], ids=repr)
def test_a_delete_that_did_not_happen_before_is_not_there(before: Any) -> None:
    """After 429 nothing was done, so the 404 means what it says."""
    assert Service(before, status(404)).ask("DELETE").status == 404


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_404_on_a_retry_means_what_it_says_for_other_methods(method: str) -> None:
    assert Service(BROKEN, status(404)).ask(method).status == 404


def test_a_lost_answer_is_remembered_over_a_renewed_token() -> None:
    """DELETE is carried out, its answer is lost, the repeat meets 401, and with a new token 404: it succeeded."""
    service = Service(BROKEN, status(401), status(404))
    sender = RetryingSender(service, RetryPolicy(), control=service.control)
    request = Request("DELETE", "https://x.test/")
    trip = Trip(0)
    assert asyncio.run(sender.send(request, trip)).status == 401
    assert asyncio.run(sender.send(request, trip)).status == 204
    assert trip.statuses == (401, 404)
    assert trip.repeats == 1


def test_each_repeat_is_told_of() -> None:
    told: list[Any] = []
    service = Service(status(429, retry_after="3"), BROKEN, status(200))
    service.ask("GET", on_retry=lambda request, before, delay: told.append((before, delay)))
    assert [type(before) for before, _ in told] == [Response, NetworkError]
    assert told[0][1] == 3.0


def test_retry_after_decides_how_long_to_wait() -> None:
    service = Service(status(429, retry_after="7"), status(200))
    service.ask("POST")
    assert service.slept == [7.0]


def test_who_asks_for_more_patience_than_the_policy_has_is_not_waited_for() -> None:
    service = Service(status(429, retry_after="3600"), status(200))
    assert service.ask("GET").status == 429
    assert service.slept == []


def test_a_run_that_stops_does_not_repeat() -> None:
    service = Service(status(500), status(200))
    service.control.halt("the run was stopped")
    assert service.ask("GET").status == 500
    assert service.slept == []


def test_a_run_that_stops_during_the_wait_does_not_repeat() -> None:
    service = Service(BROKEN, status(200))
    service.control.halts_after = 1
    with pytest.raises(NetworkError):
        service.ask("GET")
    assert service.calls == 1


def test_a_request_that_does_no_harm_twice_may_be_repeated_whatever_its_method() -> None:
    service = Service(BROKEN, status(200))
    assert service.ask("POST", repeatable=lambda _request: True).status == 200


def test_no_retries_means_none() -> None:
    service = Service(status(429), status(200))
    assert service.ask("GET", policy=RetryPolicy(retries=0)).status == 429


@given(st.integers(1, 40), st.floats(0, 1, exclude_max=True), st.floats(0.01, 5), st.floats(0.01, 60))
def test_backoff_grows_and_is_bounded(attempt: int, draw: float, base: float, most: float) -> None:
    policy = RetryPolicy(base_seconds=base, most_seconds=most)
    delay = policy.backoff(attempt, lambda: draw)
    assert 0 <= delay <= most
    assert delay <= policy.backoff(attempt + 1, lambda: draw)


@given(st.integers(0, 10**6))
def test_retry_after_in_seconds(seconds: int) -> None:
    assert retry_after(status(429, retry_after=f" {seconds} ")) == float(seconds)


def test_a_fraction_of_a_second_is_waited_for() -> None:
    service = Service(status(429, retry_after="1.5"), status(200))
    service.ask("POST")
    assert service.slept == [1.5]


@pytest.mark.parametrize(
    ("method", "outcome"), [("GET", status(500)), ("GET", NetworkError("lost", sent="unknown")), ("POST", status(429))]
)
def test_what_the_budget_did_not_allow_is_told_with_the_outcome(method: str, outcome: Any) -> None:
    """A sender has one way to say so, whoever asked it: an item, or who fetches a token for many."""
    service = Service(copy.deepcopy(outcome))
    budget = RetryBudget(0.0, floor=1)
    if isinstance(outcome, RequestError):
        with pytest.raises(RequestError) as caught:
            service.ask(method, budget=budget)
        told = caught.value.hint
    else:
        told = service.ask(method, budget=budget).denied
    assert told == "It was not repeated: the retry budget of the run is used up (--retry-budget)."
    assert service.calls == 2


@pytest.mark.parametrize("outcome", [REFUSED, RequestTimeoutError("not connected", sent="no"), NO_FILES], ids=repr)
def test_what_was_never_sent_does_not_use_up_what_the_others_need(outcome: RequestError) -> None:
    """The service had no work with it; those that it did have work with are what the budget is for."""
    budget = RetryBudget(0.0, floor=0)
    assert Service(copy.deepcopy(outcome), status(200)).ask("POST", budget=budget).status == 200
    assert (budget.spent, budget.denied) == (0, 0)


def test_what_the_policy_does_not_allow_is_not_the_budgets_doing() -> None:
    assert Service(status(500)).ask("GET").denied is None
    assert Service(status(500)).ask("POST").denied is None


def test_a_status_that_is_taken_for_an_answer_is_no_reason_to_repeat() -> None:
    def ask(code: int, **request: Any) -> int:
        service = Service(status(code, retry_after="1"))
        sender = RetryingSender(service, RetryPolicy(retries=2, base_seconds=0.2), control=service.control)
        answer = asyncio.run(sender.send(Request("GET", "https://x.test/", **request), Trip(0)))
        assert answer.status == code
        return service.calls

    assert [ask(code) for code in (429, 500, 503)] == [3, 3, 3]
    assert [ask(code, every_status=True) for code in (429, 500, 503)] == [1, 1, 1]
    assert ask(503, every_status=True, failing=frozenset({503})) == 3


def test_a_repeat_ends_with_a_status_that_is_taken_for_an_answer() -> None:
    service = Service(BROKEN, status(500))
    sender = RetryingSender(service, RetryPolicy(retries=5, base_seconds=0.2), control=service.control)
    asyncio.run(sender.send(Request("GET", "https://x.test/", every_status=True), Trip(0)))
    assert service.calls == 2
