"""Thousands of items against a service that fails now and then: each has one result, and it is true."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.testing import ThreeCXSandbox
from tests.run.doubles import DELETE, links

pytestmark = pytest.mark.slow


def test_five_thousand_items_with_five_percent_faults_come_back_as_five_thousand_results() -> None:
    """Half of the dropped connections are dropped after the link was deleted: their retry meets 404, and succeeded."""
    with (
        ThreeCXSandbox(
            links=5000, rate_429=0.02, rate_500=0.015, rate_drop=0.015, retry_after=0, seed=7, access_token="token"
        ) as sandbox,
        Runtime(discover_plugins=False, retries=6) as runtime,
    ):
        given = {"threeCxApi": {"serverUrl": sandbox.server_url, "accessToken": "token"}}
        result = runtime.run("threecx", DELETE, links(5000), credentials=given, concurrency=16, on_error="continue")
        requests = sandbox.requests
        left = sandbox.links
    assert [item["pairedItem"] for item in result.items] == [{"item": n} for n in range(5000)]
    assert [item["json"].get("Link") for item in result.items] == [f"link-{n}" for n in range(1, 5001)]
    assert result.errors == []
    assert left == {}
    # Each link was deleted once: by an answer 204, or by a request whose answer was lost.
    carried_out = Counter(r.key for r in requests if r.status == 204 or r.fault == "drop-after")
    assert set(carried_out) == {f"link-{n}" for n in range(1, 5001)}
    met_404 = {r.key for r in requests if r.status == 404}
    assert all(count == 1 for key, count in carried_out.items() if key not in met_404)
    faults = Counter(r.fault for r in requests if r.fault)
    assert {"429", "500", "drop-before", "drop-after"} <= set(faults)
    assert result.report.retries == len(requests) - 5000
    assert max(r.connection for r in requests) <= 16 + sum(1 for r in requests if r.status is None)


@pytest.mark.parametrize("fault", ["rate_429", "rate_500", "rate_drop"])
def test_a_token_that_cannot_be_had_at_first_is_asked_for_again(fault: str) -> None:
    faults: dict[str, Any] = {fault: 0.4}
    with (
        # The secret is a part of what faults are drawn by.
        ThreeCXSandbox(links=3, retry_after=0, seed=4, fault_token=True, client_secret="s", **faults) as sandbox,
        Runtime(discover_plugins=False, retries=8) as runtime,
    ):
        result = runtime.run("threecx", DELETE, links(3), credentials={"threeCxApi": sandbox.credential})
        assert result.report.succeeded
        assert sandbox.links == {}
        asked = [request.fault for request in sandbox.requests if request.path == "/connect/token"]
    assert len(asked) == 3
    assert None not in asked[:2]


def test_a_token_that_ends_in_the_middle_is_renewed_once() -> None:
    with ThreeCXSandbox(links=40) as sandbox, Runtime(discover_plugins=False) as runtime:
        given = {"threeCxApi": sandbox.credential}
        runtime.run("threecx", DELETE, links(20), credentials=given)
        sandbox.expire_tokens()
        result = runtime.run("threecx", DELETE, links(40)[20:], credentials=given, concurrency=8)
        assert result.report.succeeded
        assert sandbox.links == {}
        assert sandbox.tokens_issued == 2


@pytest.mark.parametrize("operation", ["Create Weblink"])
def test_what_may_not_happen_twice_is_not_repeated(operation: str) -> None:
    """A POST whose connection broke may have been carried out: it fails with that said, and is sent once."""
    parameters = {"resource": "Website Links", "operation": operation, "Link": "={{ $json.Link }}"}
    with (
        ThreeCXSandbox(rate_drop=1.0, access_token="token") as sandbox,
        Runtime(discover_plugins=False, retries=5) as runtime,
    ):
        given = {"threeCxApi": {"serverUrl": sandbox.server_url, "accessToken": "token"}}
        result = runtime.run("threecx", parameters, links(8), credentials=given, on_error="continue")
        assert [e.code for e in result.errors] == ["network"] * 8
        assert all("may have done the work" in str(e.hint) for e in result.errors)
        assert len(sandbox.requests) == 8
        assert 0 < len(sandbox.links) < 8
