"""A run without a credential has nothing to mask."""

from __future__ import annotations

from nodeloom import Runtime

NODE = {
    "name": "open",
    "displayName": "Open",
    "requestDefaults": {"baseURL": "https://api.example.test", "headers": {"X-Note": "canary-token…"}},
    "properties": [],
}


def test_without_a_credential_a_plan_shows_everything_as_it_is() -> None:
    with Runtime() as runtime:
        runtime.add_node(NODE)
        (request,) = runtime.plan("open", {})
    assert request.error is None
    assert dict(request.headers or {})["X-Note"] == "canary-token…"
