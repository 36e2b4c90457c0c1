"""The log: what was asked can be read back, secrets cannot."""

from __future__ import annotations

import httpx
import pytest

from nodeloom.testing import ThreeCXSandbox
from nodeloom.testing.requestlog import mask_form, mask_headers, mask_target, mask_token_body
from tests.testing.conftest import Connect, fetch_token


def test_a_request_is_logged_as_it_came_and_as_it_was_understood(sandbox: ThreeCXSandbox, connect: Connect) -> None:
    sandbox.add_link("O'Brien/x")
    client = connect(sandbox)
    client.patch("WebsiteLinks('O%27%27Brien%2Fx')", json={"Name": "Ω"}, headers={"X-Mine": "1"})
    (logged,) = sandbox.requests
    assert logged.method == "PATCH"
    assert logged.target == "/xapi/v1/WebsiteLinks('O%27%27Brien%2Fx')"
    assert logged.path == "/xapi/v1/WebsiteLinks('O''Brien/x')"
    assert (logged.resource, logged.key, logged.operation) == ("WebsiteLinks", "O'Brien/x", None)
    assert logged.json() == {"Name": "Ω"}
    assert logged.headers["x-mine"] == "1"
    assert (logged.status, logged.fault) == (204, None)
    assert logged.time > 1_700_000_000


def test_operations_and_what_cannot_be_read_are_logged_too(sandbox: ThreeCXSandbox, connect: Connect) -> None:
    client = connect(sandbox)
    client.post("WebsiteLinks/Pbx.BulkLinksDelete", json={"ids": ["link-1"]})
    client.get("WebsiteLinks(link-1)")
    client.get("/elsewhere?x=1")
    bulk, unreadable, elsewhere = sandbox.requests
    assert (bulk.resource, bulk.key, bulk.operation) == ("WebsiteLinks", None, "Pbx.BulkLinksDelete")
    assert (unreadable.resource, unreadable.status) == (None, 400)
    assert (elsewhere.path, elsewhere.target, elsewhere.status) == ("/xapi/v1/elsewhere", "/xapi/v1/elsewhere?x=1", 404)
    sandbox.clear_requests()
    assert sandbox.requests == []


def test_the_log_keeps_the_last_requests_only(connect: Connect) -> None:
    with ThreeCXSandbox(log_size=2) as sandbox:
        client = connect(sandbox)
        for i in range(4):
            client.get("Defs", params={"turn": i})
        assert [r.target[-6:] for r in sandbox.requests] == ["turn=2", "turn=3"]


@pytest.mark.slow
def test_no_secret_and_no_token_reaches_the_log(sandbox: ThreeCXSandbox, connect: Connect) -> None:
    token = fetch_token(sandbox)
    client = connect(sandbox)
    fresh = client.headers["Authorization"].removeprefix("Bearer ")
    client.get("Defs", params={"access_token": token}, headers={"Cookie": f"session={token}"})
    with httpx.Client(base_url=sandbox.server_url, trust_env=False) as other:
        other.post("/connect/token", json={"client_secret": sandbox.client_secret})
        other.post(
            "/connect/token",
            content=f"client%5Fsecret={sandbox.client_secret}&grant_type=x",
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        other.post("/connect/token", auth=("me", sandbox.client_secret))
    fetch_token(sandbox)
    log = repr(sandbox.requests)
    for secret in (token, fresh, sandbox.client_secret):
        assert secret not in log
    assert "client_id=sandbox&client_secret=***&grant_type=client_credentials" in log
    assert sandbox.requests[0].headers["authorization"] == "Bearer ***"


def test_only_what_is_secret_is_masked() -> None:
    assert mask_form("a=1&client_secret=x&b") == "a=1&client_secret=***&b"
    assert mask_target("/a?access_token=x&q=2") == "/a?access_token=***&q=2"
    assert mask_target("/a") == "/a"
    assert mask_token_body(b"", None) == b""
    assert mask_token_body(b"x", "text/plain") == b"***"
    assert mask_headers([("a", "1"), ("a", "2"), ("authorization", "x")]) == {"a": "1, 2", "authorization": "***"}
