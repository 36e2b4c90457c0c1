"""Website Links over a real socket, as 3CX answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodeloom.testing import ThreeCXSandbox

IN_USE = "WARNINGS.XAPI.ALREADY_IN_USE"


def at(link: str) -> str:
    return f"WebsiteLinks('{quote(link.replace(chr(39), chr(39) * 2), safe='')}')"


def codes(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(d["target"], d["message"]) for d in answer.json()["error"]["details"]]


def test_links_are_named_and_listed_in_order(client: httpx.Client) -> None:
    answer = client.get("WebsiteLinks", params={"$select": "Link"})
    assert answer.status_code == 200
    assert [e["Link"] for e in answer.json()["value"]] == [f"link-{i}" for i in range(1, 11)]
    assert answer.json()["@odata.context"] == f"{client.base_url}$metadata#WebsiteLinks(Link)"
    assert answer.headers["x-3cx-version"] == "20.0.10"


def test_one_link_comes_with_its_etag_and_all_its_fields(sandbox: ThreeCXSandbox, client: httpx.Client) -> None:
    answer = client.get(at("link-3"))
    entity = answer.json()
    assert answer.headers["etag"] == entity["@odata.etag"] == sandbox.etag("link-3")
    assert entity["Link"] == "link-3"
    assert entity["Website"] == ["https://www.example.com"]
    assert entity["Styling"] is None
    assert "DN" not in entity
    assert client.get(at("link-3"), params={"$expand": "DN"}).json()["DN"]["Number"] == "800"


def test_a_link_that_is_not_there_is_404_in_3cx_words(client: httpx.Client) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        answer = client.request(method, at("nope"), json={})
        assert answer.status_code == 404
        assert answer.json()["error"]["message"] == "Link:\nWARNINGS.XAPI.NOT_FOUND"
        assert answer.json()["error"]["code"] == ""
        assert codes(answer) == [("Link", "WARNINGS.XAPI.NOT_FOUND")]


def test_create_answers_201_with_the_entity_and_where_it_is(sandbox: ThreeCXSandbox, client: httpx.Client) -> None:
    answer = client.post("WebsiteLinks", json={"Link": "O'Brien/x", "Name": "Ω", "Website": ["https://a"]})
    assert answer.status_code == 201
    assert answer.json()["Name"] == "Ω"
    assert answer.json()["Id"] == 11
    assert answer.json()["CallsEnabled"] is True
    assert answer.headers["location"] == f"{client.base_url}WebsiteLinks(%27O%27%27Brien%2Fx%27)"
    assert client.get(answer.headers["location"]).json()["Link"] == "O'Brien/x"
    assert answer.headers["etag"] == sandbox.etag("O'Brien/x")


def test_a_link_in_use_is_refused_in_3cx_words(client: httpx.Client) -> None:
    answer = client.post("WebsiteLinks", json={"Link": "link-1"})
    assert answer.status_code == 400
    assert answer.json() == {
        "error": {
            "code": "",
            "message": f"Link:\n{IN_USE}",
            "target": "Link",
            "details": [{"code": "", "message": IN_USE, "target": "Link"}],
            "innerError": {},
        }
    }


def test_a_link_needs_its_name(client: httpx.Client) -> None:
    for body in ({}, {"Link": ""}, {"Link": None}, {"Name": "x"}):
        assert client.post("WebsiteLinks", json=body).status_code == 400


def test_update_answers_204_and_changes_the_etag(sandbox: ThreeCXSandbox, client: httpx.Client) -> None:
    before = sandbox.etag("link-2")
    answer = client.patch(at("link-2"), json={"Link": "link-2", "Name": "New", "ChatBox": {"ChatDelay": 5}})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["etag"] == sandbox.etag("link-2") != before
    assert sandbox.links["link-2"]["Name"] == "New"
    assert sandbox.links["link-2"]["Group"] == "GRP0000"
    unchanged = sandbox.etag("link-2")
    assert client.patch(at("link-2"), json={}).status_code == 204
    assert sandbox.etag("link-2") != unchanged


def test_a_field_that_does_not_fit_is_400_and_changes_nothing(sandbox: ThreeCXSandbox, client: httpx.Client) -> None:
    """One body of each kind; `test_operations.py` has every field of every operation."""
    before = sandbox.etag("link-2"), sandbox.links["link-2"]
    bodies: list[tuple[dict[str, Any], str]] = [
        ({"Nmae": "x"}, "Nmae"),
        ({"Website": [1]}, "Website/0"),
        ({"General": {"Greeting": "Always"}}, "General/Greeting"),
        ({"General": {"Greting": "Disabled"}}, "General/Greting"),
        ({"Styling": {"Style": "x" * 2049}}, "Styling/Style"),
        ({"Link": "other"}, "Link"),
    ]
    for body, target in bodies:
        answer = client.patch(at("link-2"), json={"Group": "GRP0001", **body})
        assert (answer.status_code, answer.json()["error"]["target"]) == (400, target)
        assert (sandbox.etag("link-2"), sandbox.links["link-2"]) == before


def test_delete_answers_204_once(sandbox: ThreeCXSandbox, client: httpx.Client) -> None:
    assert client.delete(at("link-4")).status_code == 204
    assert "link-4" not in sandbox.links
    assert client.delete(at("link-4")).status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_if_match_lets_the_current_etag_through_only(
    sandbox: ThreeCXSandbox, client: httpx.Client, method: str
) -> None:
    stale = sandbox.etag("link-5")
    client.patch(at("link-5"), json={"Name": "changed"})
    current = sandbox.etag("link-5")
    for refused in (stale, '"00"', f'{stale}, W/"x"', "unquoted", ""):
        answer = client.request(method, at("link-5"), json={}, headers={"If-Match": refused})
        assert answer.status_code == 412
        assert sandbox.etag("link-5") == current
    assert client.patch(at("link-5"), json={}, headers={"If-Match": "*"}).status_code == 204
    for form in ("{}", '"other", {}'):
        tag = form.format(sandbox.etag("link-5"))
        assert client.patch(at("link-5"), json={}, headers={"If-Match": tag}).status_code == 204
    strong = sandbox.etag("link-5").removeprefix("W/")
    assert client.request(method, at("link-5"), json={}, headers={"If-Match": strong}).status_code == 204


def test_if_none_match_answers_304_to_a_read_and_412_to_a_change(sandbox: ThreeCXSandbox, client: httpx.Client) -> None:
    known = {"If-None-Match": sandbox.etag("link-6")}
    answer = client.get(at("link-6"), headers=known)
    assert (answer.status_code, answer.content) == (304, b"")
    assert client.delete(at("link-6"), headers=known).status_code == 412
    client.patch(at("link-6"), json={})
    assert client.get(at("link-6"), headers=known).status_code == 200


def test_an_etag_never_comes_back(sandbox: ThreeCXSandbox, client: httpx.Client) -> None:
    before = sandbox.etag("link-7")
    client.delete(at("link-7"))
    client.post("WebsiteLinks", json={"Link": "link-7"})
    assert sandbox.etag("link-7") != before


def test_validate_link_says_whether_a_name_is_free(client: httpx.Client) -> None:
    def validate(body: dict[str, Any]) -> httpx.Response:
        return client.post("WebsiteLinks/Pbx.ValidateLink", json=body)

    assert validate({"model": {"FriendlyName": "free", "Pair": "800"}}).status_code == 204
    taken = validate({"model": {"FriendlyName": "link-1", "Pair": "800"}})
    assert taken.status_code == 400
    assert codes(taken) == [("FriendlyName", IN_USE)]
    misfits: list[dict[str, Any]] = [
        {},
        {"model": None},
        {"model": "x"},
        {"model": {}},
        {"model": {"FriendlyName": 1}},
        {"modle": {}},
    ]
    for body in misfits:
        assert validate(body).status_code == 400


def test_bulk_delete_removes_those_that_exist(sandbox: ThreeCXSandbox, client: httpx.Client) -> None:
    def delete(ids: Any) -> int:
        return client.post("WebsiteLinks/Pbx.BulkLinksDelete", json={"ids": ids}).status_code

    assert delete(["link-1", "unknown", "link-2", "link-2"]) == 204
    assert list(sandbox.links) == [f"link-{i}" for i in range(3, 11)]
    assert delete(["link-1", "unknown"]) == 404
    for ids in ("link-3", None, [], [3], [None], {"link-3": 1}):
        assert delete(ids) == 400
    assert client.post("WebsiteLinks/Pbx.BulkLinksDelete", json={}).status_code == 400
    assert len(sandbox.links) == 8


def test_a_key_without_quotes_is_400(client: httpx.Client) -> None:
    answer = client.get("WebsiteLinks(link-1)")
    assert answer.status_code == 400
    assert "quoted" in answer.json()["error"]["message"]


def test_top_has_a_cap_and_without_top_all_come(sandbox: ThreeCXSandbox, client: httpx.Client) -> None:
    for i in range(150):
        sandbox.add_link(f"more-{i}")
    refused = client.get("WebsiteLinks", params={"$top": 101})
    assert refused.status_code == 400
    assert "The limit of '100' for Top query has been exceeded" in refused.json()["error"]["message"]
    pages = [client.get("WebsiteLinks", params={"$top": 100, "$skip": s}).json()["value"] for s in (0, 100, 200)]
    assert [len(p) for p in pages] == [100, 60, 0]
    assert len(client.get("WebsiteLinks").json()["value"]) == 160


def test_the_connection_check_answers_an_entity_with_an_id(client: httpx.Client) -> None:
    """Defs is a singleton in 3CX's file: no list of one."""
    answer = client.get("Defs", params={"$select": "Id"})
    assert answer.status_code == 200
    assert answer.json() == {"@odata.context": f"{client.base_url}$metadata#Defs(Id)", "Id": 1}
    assert answer.headers["x-3cx-version"] == "20.0.10"


def test_a_filter_finds_a_link_by_any_name(sandbox: ThreeCXSandbox, client: httpx.Client) -> None:
    sandbox.add_link("O'Brien & Søn/+", Name="it")
    found = client.get("WebsiteLinks", params={"$filter": "Link eq 'O''Brien & Søn/+'", "$count": "true"}).json()
    assert found["@odata.count"] == 1
    assert found["value"][0]["Name"] == "it"


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_link_of_any_name_can_be_made_read_and_deleted(
    sandbox: ThreeCXSandbox, client: httpx.Client, link: str
) -> None:
    client.delete(at(link))
    assert client.post("WebsiteLinks", json={"Link": link}).status_code == 201
    assert client.get(at(link)).json()["Link"] == link
    assert client.delete(at(link)).status_code == 204
    assert sandbox.requests[-1].key == link
