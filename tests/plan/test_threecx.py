"""The 3CX node as shipped: the names users know, and the requests 3CX's description asks for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.datafolder import data_root
from nodeloom.descriptor.catalogue import OPERATION, RESOURCE, Node
from nodeloom.descriptor.forms import describe
from nodeloom.errors import InvalidValueError, MissingValueError, NodeloomError, ParameterError
from nodeloom.expression import Environment, Scope
from nodeloom.messages import Request
from nodeloom.plan.compiler import compile_plan
from nodeloom.testing.odata.paths import parse_path

PAGES = Path(__file__).resolve().parents[3] / "shared" / "facts" / "3cx-node-pages.json"
WEBSITE_LINKS = "Website Links"
BASE = "https://pbx.example.com:5001/xapi/v1/"
NODE = Node.from_path(data_root() / "nodes" / "threecx")

BODY_FIELDS = [
    *["Advanced", "Calls Enabled", "Chat Box", "Chat Enabled", "Default Record", "DN", "Enable Re Captcha", "General"],
    *["Group", "Hidden", "Id", "Link", "Meeting Enabled", "Name", "Styling", "Translations", "Website"],
]
# Operation → its properties in order, its method and its path (3CX's description, 20.0.10).
OPERATIONS: dict[str, tuple[list[str], str, str]] = {
    "List Weblink": (["Options"], "GET", "/WebsiteLinks"),
    "Create Weblink": (BODY_FIELDS, "POST", "/WebsiteLinks"),
    "Validate Link": (["Model"], "POST", "/WebsiteLinks/Pbx.ValidateLink"),
    "Bulk Links Delete": (["Ids"], "POST", "/WebsiteLinks/Pbx.BulkLinksDelete"),
    "Get Weblink": (["Link", "Options"], "GET", "/WebsiteLinks({Link})"),
    # A body field with the name of the key appears once, at the key.
    "Update Weblink": (["Link", *(f for f in BODY_FIELDS if f != "Link")], "PATCH", "/WebsiteLinks({Link})"),
    "Delete Weblink": (["Link", "If Match"], "DELETE", "/WebsiteLinks({Link})"),
}
OPTIONS = ["Top", "Skip", "Search", "Filter", "Count", "Orderby", "Select", "Expand"]
AWKWARD_KEYS = [
    "O'Brien/x?y#z",
    "a b+c%20d",
    "ünï",
    "'; drop",
    "../Users",
    "x" * 1000,
    "{Link}",
    "..",
    "%27",
    "=1+1",
    "{{ 1 }}",
]


def request(operation: str, item: dict[str, Any] | None = None, **parameters: Any) -> Request:
    """The request of one item."""
    plan = compile_plan(NODE, {RESOURCE: WEBSITE_LINKS, OPERATION: operation, **parameters})
    scope = Scope(
        Environment(),
        [],
        0,
        item={"json": item or {}},
        parameters=plan.parameters,
        names={"$credentials": {"serverUrl": "https://pbx.example.com:5001"}},
    )
    return plan.call(plan.draft(scope)).request()


def body(of: Request) -> Any:
    return None if of.body is None else json.loads(of.body)


def key_of(of: Request) -> object:
    """The key an OData service reads out of the address."""
    (segment,) = parse_path(of.url.removeprefix(BASE))
    assert segment.name == "WebsiteLinks"
    assert segment.arguments is not None
    return segment.arguments[""]


def test_the_operations_are_those_of_3cx_s_description_in_order() -> None:
    assert NODE.operation_names(WEBSITE_LINKS) == list(OPERATIONS)
    assert [o.name for o in NODE.operations(WEBSITE_LINKS)] == list(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_has_its_properties_in_order_and_its_path(operation: str) -> None:
    described = describe(NODE, WEBSITE_LINKS, operation)
    properties, method, path = OPERATIONS[operation]
    assert [field["name"] for field in described["fields"]] == properties
    assert [field["label"] for field in described["fields"]] == properties
    assert (described["method"], described["url"]) == (method, path)


@pytest.mark.skipif(not PAGES.exists(), reason="the pages of the known node (../shared/facts) are absent")
def test_it_is_the_node_that_users_know() -> None:
    pages = [p for p in json.loads(PAGES.read_text(encoding="utf-8")) if p["resource"] == WEBSITE_LINKS]
    assert {page["operation"] for page in pages} == {"Delete Weblink", "Bulk Links Delete"}
    for page in pages:
        described = describe(NODE, page["resource"], page["operation"])
        assert [field["name"] for field in described["fields"]] == page["properties"]
        assert (described["method"], described["url"]) == (page["method"], page["path"])


@pytest.mark.parametrize(("operation", "members"), [("List Weblink", OPTIONS), ("Get Weblink", ["Select", "Expand"])])
def test_options_gathers_the_query_parameters(operation: str, members: list[str]) -> None:
    (options,) = [f for f in describe(NODE, WEBSITE_LINKS, operation)["fields"] if f["name"] == "Options"]
    assert options["type"] == "collection"
    more = [*(["Return All", "Max Results"] if "Top" in members else []), "Include Annotations"]
    assert [member["name"] for member in options["fields"]] == [*members, *more]


def test_every_option_is_sent_under_its_odata_name() -> None:
    sent = request(
        "List Weblink",
        Options={
            "Top": "25",
            "Skip": 5,
            "Search": "a b",
            "Filter": "Group eq 'DEFAULT'",
            "Count": True,
            "Orderby": "Link desc",
            "Select": ["Link", "Name"],
            "Expand": "DN",
        },
    )
    assert parse_qsl(urlsplit(sent.url).query, keep_blank_values=True) == [
        ("$top", "25"),
        ("$skip", "5"),
        ("$search", '"a b"'),
        ("$filter", "Group eq 'DEFAULT'"),
        ("$count", "true"),
        ("$orderby", "Link desc"),
        ("$select", "Link,Name"),
        ("$expand", "DN"),
    ]
    assert sent.body is None


@pytest.mark.parametrize(
    "operation", ["List Weblink", "Get Weblink", "Create Weblink", "Update Weblink", "Delete Weblink"]
)
def test_what_nobody_set_is_not_sent(operation: str) -> None:
    """3CX's file wants a body for a link that is created, and a PATCH is none without: these get an empty one."""
    sent = request(operation, {"Link": "a"})
    wants_a_body = operation in ("Create Weblink", "Update Weblink")
    assert body(sent) == ({} if wants_a_body else None)
    assert "?" not in sent.url
    assert {name.lower() for name in sent.headers} == ({"accept", "content-type"} if wants_a_body else {"accept"})


@pytest.mark.parametrize("key", AWKWARD_KEYS)
@pytest.mark.parametrize("operation", ["Get Weblink", "Update Weblink", "Delete Weblink"])
def test_a_key_addresses_exactly_the_link_of_that_name(operation: str, key: str) -> None:
    sent = request(operation, {"Link": key})
    assert key_of(sent) == key
    assert sent.method == OPERATIONS[operation][1]


@pytest.mark.slow
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
@settings(deadline=None)
def test_any_key_is_deleted_alone(key: str) -> None:
    try:
        sent = request("Delete Weblink", {"Link": key})
    except MissingValueError:
        assert key.strip() == ""
        return
    assert key_of(sent) == key


@pytest.mark.parametrize("item", [{}, {"Link": None}, {"Link": ""}, {"Link": " "}, {"link": "a"}])
def test_without_a_key_nothing_is_sent(item: dict[str, Any]) -> None:
    with pytest.raises(MissingValueError) as caught:
        request("Delete Weblink", item)
    assert caught.value.property == "Link"
    if "link" in item:
        assert "Did you mean $json.link?" in str(caught.value.hint)


@pytest.mark.parametrize("key", ["\ud800", ["a"], {"a": 1}, float("nan")])
def test_a_key_that_is_no_text_is_refused(key: Any) -> None:
    with pytest.raises(InvalidValueError) as caught:
        request("Delete Weblink", {"Link": key})
    assert caught.value.property == "Link"


@pytest.mark.parametrize("name", ["If Match", "If-Match", "ifMatch"])
def test_if_match_is_a_header(name: str) -> None:
    sent = request("Delete Weblink", {"Link": "a", "@odata.etag": 'W/"5"'}, **{name: '={{ $json["@odata.etag"] }}'})
    assert sent.headers["If-Match"] == 'W/"5"'
    assert "If-Match" not in request("Delete Weblink", {"Link": "a"}).headers
    with pytest.raises(MissingValueError, match="If Match is missing"):
        request("Delete Weblink", {"Link": "a"}, **{name: '={{ $json["@odata.etag"] }}'})


def test_if_match_cannot_bring_another_header() -> None:
    with pytest.raises(InvalidValueError, match="line breaks"):
        request("Delete Weblink", {"Link": "a", "e": "x\r\nX-Evil: 1"}, **{"If Match": "={{ $json.e }}"})


@pytest.mark.parametrize("ids", ['["a", "b"]', ["a", "b"], "={{ $json.ids }}", "={{ JSON.stringify($json.ids) }}"])
def test_bulk_delete_sends_the_ids(ids: Any) -> None:
    sent = request("Bulk Links Delete", {"ids": ["a", "b"]}, Ids=ids)
    assert (sent.method, sent.url) == ("POST", f"{BASE}WebsiteLinks/Pbx.BulkLinksDelete")
    assert body(sent) == {"ids": ["a", "b"]}


@pytest.mark.parametrize("ids", ["[]", [], [""], "[null]", [5], "{}", "a,b", "", None])
def test_bulk_delete_of_nothing_or_of_what_is_no_list_is_refused(ids: Any) -> None:
    with pytest.raises(NodeloomError):
        request("Bulk Links Delete", {"ids": ids}, Ids="={{ $json.ids }}")
    with pytest.raises(NodeloomError):
        request("Bulk Links Delete", {}, Ids=ids)


def test_bulk_delete_needs_its_ids() -> None:
    with pytest.raises(ParameterError, match="Ids"):
        request("Bulk Links Delete", {"Ids": ["a"]})


def test_validate_link_sends_its_model() -> None:
    model = {"FriendlyName": "summer", "Pair": "x"}
    assert body(request("Validate Link", Model=json.dumps(model))) == {"model": model}
    assert body(request("Validate Link", {"n": "summer"}, Model={"FriendlyName": "={{ $json.n }}"})) == {
        "model": {"FriendlyName": "summer"}
    }


@pytest.mark.parametrize("operation", ["Create Weblink", "Update Weblink"])
def test_body_fields_are_sent_under_3cx_s_names_and_types(operation: str) -> None:
    sent = request(
        operation,
        {"Link": "a"},
        **{
            "Calls Enabled": "true",
            "DN": '{"Id": 5}',
            "Enable Re Captcha": False,
            "Group": "DEFAULT",
            "Id": "7",
            "Name": None,
            "Website": ["https://x"],
            "Styling": None,
        },
    )
    assert body(sent) == {
        "CallsEnabled": True,
        "DN": {"Id": 5},
        "EnableReCaptcha": False,
        "Group": "DEFAULT",
        "Id": 7,
        "Name": None,
        "Website": ["https://x"],
        "Styling": None,
    }
    assert sent.headers["content-type"] == "application/json"


def test_a_new_link_s_name_stands_in_the_body() -> None:
    sent = request("Create Weblink", Link="O'Brien/x")
    assert (sent.url, body(sent)) == (f"{BASE}WebsiteLinks", {"Link": "O'Brien/x"})


def test_the_address_is_written_so_that_a_reader_sees_a_string_key() -> None:
    sent = request("Delete Weblink", {"Link": "O'Brien/x"})
    assert sent.url == f"{BASE}WebsiteLinks('O%27%27Brien%2Fx')"
    assert unquote(sent.url).endswith("('O''Brien/x')")
