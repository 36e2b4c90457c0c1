"""Faults: at the rate asked for, the same ones with the same seed, and never half done."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.testing import ThreeCXSandbox
from nodeloom.testing.faultschedule import Fault, FaultPlan, RateLimit
from tests.testing.conftest import Connect, fetch_token


def plan(seed: int = 1, **rates: float) -> FaultPlan:
    return FaultPlan(**{"rate_429": 0.0, "rate_500": 0.0, "rate_drop": 0.0, **rates}, seed=seed)


def decisions(faults: FaultPlan, targets: list[str]) -> dict[str, Fault | None]:
    return {t: faults.decide("DELETE", t, b"") for t in targets}


TARGETS = [f"/xapi/v1/WebsiteLinks('link-{i}')" for i in range(4000)]


def test_faults_come_at_their_rates() -> None:
    found = Counter(decisions(plan(rate_429=0.1, rate_500=0.2, rate_drop=0.3), TARGETS).values())
    for fault, rate in (("429", 0.1), ("500", 0.2), ("drop-before", 0.15), ("drop-after", 0.15), (None, 0.4)):
        assert found[fault] / len(TARGETS) == pytest.approx(rate, abs=0.03)  # type: ignore[index]


@given(st.integers(), st.permutations(range(30)))
def test_the_same_seed_gives_the_same_faults_in_whatever_order(seed: int, order: list[int]) -> None:
    rates = {"rate_429": 0.2, "rate_500": 0.2, "rate_drop": 0.2}
    once = decisions(plan(seed, **rates), TARGETS[:30])
    assert decisions(plan(seed, **rates), [TARGETS[i] for i in order]) == once


def test_another_seed_gives_other_faults_and_a_retry_has_its_own_chance() -> None:
    faults = plan(1, rate_500=0.5)
    first = decisions(faults, TARGETS[:200])
    assert decisions(plan(2, rate_500=0.5), TARGETS[:200]) != first
    assert decisions(faults, TARGETS[:200]) != first


def test_a_rate_of_one_is_always_and_of_zero_never() -> None:
    assert set(decisions(plan(rate_429=1.0), TARGETS).values()) == {"429"}
    assert set(decisions(plan(), TARGETS).values()) == {None}


def test_a_limit_counts_what_passed_in_the_last_second() -> None:
    now = [0.0]
    limit = RateLimit(2, clock=lambda: now[0])
    passed = []
    for now[0] in (0.0, 0.5, 0.9, 0.99, 1.0, 1.2, 1.5, 1.6):
        passed.append(limit.lets_pass())
    assert passed == [True, True, False, False, True, False, True, False]
    assert all(RateLimit(None).lets_pass() for _ in range(1000))


def delete_all(client: httpx.Client, count: int) -> dict[str, int | None]:
    """Status by link, None where no answer came."""
    found: dict[str, int | None] = {}
    for i in range(1, count + 1):
        try:
            found[f"link-{i}"] = client.delete(f"WebsiteLinks('link-{i}')").status_code
        except httpx.TransportError:
            found[f"link-{i}"] = None
    return found


@pytest.mark.slow
def test_what_failed_was_not_done_and_the_log_knows_about_the_drops(connect: Connect) -> None:
    rates: dict[str, Any] = {"rate_429": 0.2, "rate_500": 0.2, "rate_drop": 0.3, "seed": 7, "retry_after": 5}
    with ThreeCXSandbox(links=60, **rates) as sandbox:
        answers = delete_all(connect(sandbox), 60)
        left, log = sandbox.links, sandbox.requests
    assert set(answers.values()) == {204, 429, 500, None}
    faults = {r.key: r.fault for r in log}
    for link, status in answers.items():
        assert (link in left) is (status in (429, 500) or faults[link] == "drop-before")
        assert (status is None) is (faults[link] in ("drop-before", "drop-after"))
    assert {r.key: r.status for r in log} == answers
    assert {"drop-before", "drop-after", "429", "500", None} == set(faults.values())
    with ThreeCXSandbox(links=60, **rates) as again:
        assert delete_all(connect(again), 60) == answers
        assert again.links == left


def test_a_429_says_when_to_come_back(connect: Connect) -> None:
    with ThreeCXSandbox(rate_429=1.0, retry_after=5) as sandbox:
        answer = connect(sandbox).get("Defs")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
        assert answer.json()["error"]["message"]
        assert answer.headers["x-3cx-version"] == "20.0.10"
    with ThreeCXSandbox(rate_429=1.0, retry_after=None) as sandbox:
        assert "retry-after" not in connect(sandbox).get("Defs").headers


def test_the_token_endpoint_is_spared_unless_asked(connect: Connect) -> None:
    with ThreeCXSandbox(rate_500=1.0) as sandbox:
        assert fetch_token(sandbox)
    with ThreeCXSandbox(rate_500=1.0, fault_token=True) as sandbox:
        with httpx.Client(trust_env=False) as client:
            assert client.post(f"{sandbox.server_url}/connect/token", data={"a": "b"}).status_code == 500
        assert sandbox.tokens_issued == 0
        assert sandbox.requests[0].fault == "500"


def test_above_the_limit_calls_are_429_and_not_done(connect: Connect) -> None:
    with ThreeCXSandbox(links=20, limit_per_second=1) as sandbox:
        answers = delete_all(connect(sandbox), 20)
        refused = [link for link, status in answers.items() if status == 429]
        assert refused
        assert set(sandbox.links) == set(refused)
        assert {r.fault for r in sandbox.requests} == {"limit", None}


def test_latency_comes_before_every_answer(connect: Connect) -> None:
    with ThreeCXSandbox(latency=0.001, jitter=0.001) as sandbox:
        assert connect(sandbox).get("Defs").status_code == 200
