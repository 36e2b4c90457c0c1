"""n8n's `allowedHttpRequestDomains`: which hosts an author's parameters may choose for a credential.

As n8n 2.41 has it for declarative nodes: a host that the node or the credential names is no author's choice.
"""

from __future__ import annotations

from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.errors import CredentialError, InvalidValueError
from nodeloom.testing import RecordingTransport

REGIONAL = "=https://{{ $parameter.region }}.example.com"
KEY: dict[str, Any] = {
    "name": "keyApi",
    "displayName": "Key",
    "properties": [
        {"displayName": "Key", "name": "key", "type": "string", "typeOptions": {"password": True}},
        {"displayName": "Server", "name": "server", "type": "string", "typeOptions": {"url": True}},
    ],
    "authenticate": {"type": "generic", "properties": {"headers": {"X-Key": "={{ $credentials.key }}"}}},
}


def node(base: str) -> dict[str, Any]:
    """A node whose requests go to `base`, with a parameter that it may be made of."""
    get = {"name": "Get", "value": "get", "routing": {"request": {"url": "/thing"}}}
    return {
        "name": "probe",
        "displayName": "Probe",
        "credentials": [{"name": "keyApi", "required": True}],
        "requestDefaults": {"baseURL": base},
        "properties": [
            {"displayName": "Operation", "name": "operation", "type": "options", "default": "get", "options": [get]},
            {"displayName": "Region", "name": "region", "type": "string", "default": "eu"},
        ],
    }


def hosts_called(base: str, region: Any = "eu", *, raw: bool = False, **fields: Any) -> list[str]:
    """The hosts that were sent the secret for one item; raises what the run raises."""
    transport = RecordingTransport()
    with Runtime(transport=transport, discover_plugins=False, url_values="raw" if raw else "strict") as runtime:
        runtime.add_credential_type(KEY)
        runtime.add_node(node(base))
        credentials = {"keyApi": {"key": "canary-key", **fields}}
        runtime.run("probe", {"operation": "get", "region": region}, [{"region": "eu"}], credentials=credentials)
    assert all(request.headers["x-key"] == "canary-key" for request in transport.requests)
    return [request.url.host for request in transport.requests]


def restricted(mode: str, domains: Any = None) -> dict[str, Any]:
    return {"allowedHttpRequestDomains": mode, **({} if domains is None else {"allowedDomains": domains})}


@pytest.mark.parametrize("fields", [{}, restricted("all"), restricted("all", "other.com"), {"allowedDomains": "x.com"}])
def test_without_a_restriction_the_author_chooses(fields: dict[str, Any]) -> None:
    assert hosts_called(REGIONAL, **fields) == ["eu.example.com"]


@pytest.mark.parametrize(
    "domains", ["eu.example.com", "*.example.com", "x.com, EU.Example.COM.,", " *.com ", "*.x.com,*.example.com"]
)
def test_a_listed_host_may_be_chosen(domains: str) -> None:
    assert hosts_called(REGIONAL, **restricted("domains", domains)) == ["eu.example.com"]


@pytest.mark.parametrize(
    "fields",
    [
        restricted("none"),
        restricted("none", "eu.example.com"),
        restricted("domains"),
        restricted("domains", " , "),
        *(restricted("domains", d) for d in ("example.com", "us.example.com", "*.eu.example.com", "*.", "*", ".com")),
    ],
)
def test_no_other_host_may_be(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError, match="a host that a parameter chooses") as caught:
        hosts_called(REGIONAL, **fields)
    assert caught.value.value == "https://eu.example.com:443"
    assert "allowedDomains" in str(caught.value.hint)


def test_a_wildcard_is_for_what_is_below_and_not_for_the_domain_itself() -> None:
    base = "=https://{{ $parameter.region }}/"
    assert hosts_called(base, "a.b.example.com", raw=True, **restricted("domains", "*.example.com")) == [
        "a.b.example.com"
    ]
    for other in ("example.com", "badexample.com", "example.com.evil.test"):
        with pytest.raises(InvalidValueError, match="a host that a parameter chooses"):
            hosts_called(base, other, raw=True, **restricted("domains", "*.example.com"))


@pytest.mark.parametrize("fields", [restricted("none"), restricted("domains", "other.com"), restricted("domains")])
def test_a_host_that_the_node_or_the_credential_names_is_not_restricted(fields: dict[str, Any]) -> None:
    """n8n's restriction is about the hosts that a user picks; a node's own credential works in it."""
    assert hosts_called("https://api.example.com", **fields) == ["api.example.com"]
    own: dict[str, Any] = {"server": "https://own.example.com"}
    assert hosts_called("={{ $credentials.server }}", **own, **fields) == ["own.example.com"]
    assert hosts_called("={{ $parameter.region }}", "https://own.example.com", **own, **fields) == ["own.example.com"]


def test_a_path_that_a_parameter_fills_is_not_a_host() -> None:
    assert hosts_called("=https://api.example.com/{{ $parameter.region }}", **restricted("none")) == ["api.example.com"]


def test_the_list_lets_no_item_choose() -> None:
    with pytest.raises(InvalidValueError, match="which host is called"):
        hosts_called(REGIONAL, "={{ $json.region }}", **restricted("domains", "*.example.com"))


@pytest.mark.parametrize("fields", [restricted("Domains", "x.com"), restricted("some"), restricted("domains", 7)])
def test_what_n8n_does_not_know_is_refused_and_lifts_nothing(fields: dict[str, Any]) -> None:
    with pytest.raises(CredentialError, match="allowed"):
        hosts_called(REGIONAL, **fields)


def test_a_type_may_fix_it() -> None:
    """As types do that declare the field themselves."""
    fixed = {"name": "allowedHttpRequestDomains", "displayName": "Allowed", "type": "hidden", "default": "none"}
    transport = RecordingTransport()
    with Runtime(transport=transport, discover_plugins=False) as runtime:
        runtime.add_credential_type({**KEY, "properties": [*KEY["properties"], fixed]})
        runtime.add_node(node(REGIONAL))
        with pytest.raises(InvalidValueError, match="a host that a parameter chooses"):
            runtime.run("probe", {"operation": "get"}, credentials={"keyApi": {"key": "canary-key"}})
    assert transport.requests == []


def test_a_plan_says_so_as_well() -> None:
    with Runtime(discover_plugins=False) as runtime:
        runtime.add_credential_type(KEY)
        runtime.add_node(node(REGIONAL))
        credentials = {"keyApi": {"key": "canary-key", **restricted("none")}}
        (planned,) = runtime.plan("probe", {"operation": "get"}, credentials=credentials)
    assert isinstance(planned.error, InvalidValueError)
