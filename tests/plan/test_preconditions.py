"""A condition that came to nothing is no condition: the item fails, and nothing is sent."""

from __future__ import annotations

from typing import Any

import pytest

from nodeloom.datafolder import data_root
from nodeloom.descriptor.catalogue import Node
from nodeloom.errors import MissingValueError, ParameterError
from nodeloom.plan.compiler import compile_plan
from nodeloom.plan.preconditions import is_condition
from tests.plan.harness import BASE, body_of, node, request_of, scope_of

THREECX = Node.from_path(data_root() / "nodes" / "threecx")
DELETE = {"resource": "Website Links", "operation": "Delete Weblink", "Link": "a"}
PLACEHOLDER = '={{ $json["@odata.etag"] }}'
NOTHING: list[dict[str, Any]] = [{}, {"etag": None}, {"etag": ""}, {"etag": "  "}]


def threecx_request(parameters: dict[str, Any], item: dict[str, Any]) -> Any:
    plan = compile_plan(THREECX, {**DELETE, **parameters})
    scope = scope_of(plan, item).extend({"$credentials": {"serverUrl": "https://pbx.example.test"}})
    return plan.call(plan.draft(scope)).request()


def sent_as(kind: str, name: str, **more: Any) -> dict[str, Any]:
    routing = {"send": {"type": kind, "property": name, **more.pop("send", {})}}
    return {"displayName": "Tag", "name": "tag", "type": "string", "routing": routing, **more}


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("If-Match", True),
        ("if-none-match", True),
        ("If-Unmodified-Since", True),
        ("IF-MODIFIED-SINCE", True),
        ("If-Range", True),
        ("If", True),
        ("If-Schedule-Tag-Match", True),
        ("x-goog-if-generation-match", True),
        ("X-Amz-Copy-Source-If-Match", True),
        ("Idempotency-Key", True),
        ("X-Idempotency-Key", True),
        ("PayPal-Request-Id", True),
        ("Repeatability-Request-ID", True),
        ("idempotency_key", False),
        ("idempotencyKey", False),
        ("IdempotencyToken", False),
        ("ifGenerationMatch", False),
        ("x-ms-if-sequence-number-le", True),
        ("x-ms-if-tags", True),
        ("x-amz-if-match-size", True),
        ("Lock-Token", True),
        ("MessageDeduplicationId", False),
        ("clientRequestToken", False),
        ("if_seq_no", False),
        ("if_primary_term", False),
    ],
)
def test_what_counts_as_a_condition(name: str, header: bool) -> None:
    assert is_condition(name, header=header)


@pytest.mark.parametrize("name", ["Match", "X-Request-Id", "ETag", "Gift-Match", "Since", "Notify", "", None, 5])
def test_what_does_not(name: Any) -> None:
    assert not is_condition(name)


def test_a_body_member_called_if_is_none() -> None:
    assert not is_condition("if", header=False)


@pytest.mark.parametrize(
    "item", [{}, {"@odata.etag": None}, {"@odata.etag": ""}, {"@odata.etag": "\t"}, {"odata.etag": "x"}]
)
def test_an_item_without_an_etag_deletes_nothing(item: dict[str, Any]) -> None:
    with pytest.raises(MissingValueError, match="If Match is missing") as caught:
        threecx_request({"If Match": PLACEHOLDER}, item)
    assert caught.value.property == "If Match"
    assert caught.value.expression == PLACEHOLDER


def test_the_error_names_the_keys_and_the_nearest() -> None:
    with pytest.raises(MissingValueError) as caught:
        threecx_request({"If Match": PLACEHOLDER}, {"odata.etag": "x", "Link": "a"})
    assert caught.value.hint == "The item has the keys: odata.etag, Link. Did you mean $json['odata.etag']?"


def test_a_condition_that_came_to_something_is_sent_and_one_that_was_never_set_is_not() -> None:
    sent = threecx_request({"If Match": PLACEHOLDER}, {"@odata.etag": 'W/"5"'})
    assert sent.headers["If-Match"] == 'W/"5"'
    assert "If-Match" not in threecx_request({}, {}).headers


@pytest.mark.parametrize("written", ["", None, "  "])
def test_a_condition_that_is_set_to_nothing_is_refused_before_the_run(written: Any) -> None:
    """As `--set "If Match=$ETAG"` does where the shell has no ETAG."""
    with pytest.raises(ParameterError, match="If Match is empty"):
        compile_plan(THREECX, {**DELETE, "If Match": written})


def test_an_idempotency_key_in_whatever_place_fails_too() -> None:
    places = (
        ("header", "Idempotency-Key"),
        ("query", "idempotency_key"),
        ("body", "idempotencyKey"),
        ("body", "a.idempotency_key"),
    )
    for kind, name in places:
        for encode in ({}, {"encode": "string"}):
            probe = node(sent_as(kind, name, default="", send=encode))
            for item in NOTHING:
                with pytest.raises(MissingValueError, match="Tag is missing"):
                    request_of(probe, {"tag": "={{ $json.etag }}"}, item)
            assert request_of(probe, {"tag": "={{ $json.etag }}"}, {"etag": "k1"})
            # Its default, given back by a form, is not set.
            assert request_of(probe, {"tag": ""}) == request_of(probe, {})


def test_a_part_that_came_to_nothing_fails_as_well() -> None:
    probe = node(sent_as("header", "Idempotency-Key"))
    for item in NOTHING[:3]:
        with pytest.raises(MissingValueError, match="A part of Tag is missing"):
            request_of(probe, {"tag": "run-{{ $json.etag }}"}, item)


@pytest.mark.slow
@pytest.mark.parametrize("item", NOTHING)
def test_a_condition_the_descriptor_writes_from_a_parameter(item: dict[str, Any]) -> None:
    etag = {"displayName": "Etag", "name": "etag", "type": "string", "default": ""}
    for headers in (
        {"If-Match": "={{ $parameter.etag }}"},
        {"If-Match": "={{ $parameter['etag'].trim() }}"},
        '={{ ({"If-Match": $parameter.etag}) }}',
        '={{ $parameter.etag ? {"If-Match": $parameter.etag} : {} }}',
    ):
        probe = node({**etag, "routing": {"request": {"headers": headers}}})
        with pytest.raises(MissingValueError) as caught:
            request_of(probe, {"etag": "={{ $json.etag }}"}, item)
        assert caught.value.expression == "={{ $json.etag }}"
        # Nobody set it: it is left out.
        assert "If-Match" not in request_of(probe, {}, item).headers
        assert "If-Match" not in request_of(probe, {"etag": ""}, item).headers
    sent = request_of(probe, {"etag": "={{ $json.etag }}"}, {"etag": '"7"'})
    assert sent.headers["If-Match"] == '"7"'


def test_a_condition_in_a_property_s_own_request() -> None:
    routing = {"request": {"headers": {"If-None-Match": "={{ $value }}", "X-Other": "={{ $value }}"}}}
    probe = node({"displayName": "Etag", "name": "etag", "type": "string", "default": "", "routing": routing})
    with pytest.raises(MissingValueError, match="If-None-Match is missing"):
        request_of(probe, {"etag": "={{ $json.etag }}"}, {})
    assert request_of(probe, {"etag": "={{ $json.etag }}"}, {"etag": "*"}).headers["If-None-Match"] == "*"
    assert "If-None-Match" not in request_of(probe, {}).headers


@pytest.mark.slow
@pytest.mark.parametrize("part", ["qs", "body"])
def test_an_idempotency_key_that_the_descriptor_writes_from_a_parameter(part: str) -> None:
    key = {"displayName": "Key", "name": "key", "type": "string", "default": ""}
    for written in ({"idempotency_key": "={{ $parameter.key }}"}, '={{ ({"idempotency_key": $parameter.key}) }}'):
        probe = node({**key, "routing": {"request": {part: written}}})
        for item in ({}, {"k": None}, {"k": ""}):
            with pytest.raises(MissingValueError, match="idempotency_key is missing"):
                request_of(probe, {"key": "={{ $json.k }}"}, item)
        if isinstance(written, dict):
            with pytest.raises(MissingValueError, match="A part of Key is missing"):
                request_of(probe, {"key": "run-{{ $json.k }}"}, {})
        sent = request_of(probe, {"key": "={{ $json.k }}"}, {"k": "k1"})
        assert "k1" in sent.url + (sent.body or b"").decode()
        # Nobody set it: as n8n has it.
        assert request_of(probe, {}, {}) == request_of(probe, {}, {}, url_values="raw")


def test_a_condition_in_the_node_s_defaults() -> None:
    etag = {"displayName": "Etag", "name": "etag", "type": "string", "default": ""}
    defaults = {"baseURL": BASE, "headers": {"If-Match": "={{ $parameter.etag }}"}}
    probe = node(etag, requestDefaults=defaults)
    with pytest.raises(MissingValueError):
        request_of(probe, {"etag": "={{ $json.etag }}"}, {})
    assert "If-Match" not in request_of(probe, {}).headers
    # What the descriptor reads off the item itself is set for every item.
    own = node(requestDefaults={**defaults, "headers": {"If-Match": "={{ $json.etag }}"}})
    with pytest.raises(MissingValueError):
        request_of(own, {}, {})
    assert request_of(own, {}, {"etag": "x"}).headers["If-Match"] == "x"


def test_a_condition_inside_a_collection_that_an_item_gives_whole() -> None:
    inner = sent_as("header", "If-Match")
    probe = node({"displayName": "Options", "name": "options", "type": "collection", "default": {}, "options": [inner]})
    for held in (None, "", " "):
        with pytest.raises(MissingValueError, match="Tag is empty"):
            request_of(probe, {"options": "={{ $json.options }}"}, {"options": {"tag": held}})
    with pytest.raises(MissingValueError, match="Tag is missing"):
        request_of(probe, {"options": {"tag": "={{ $json.etag }}"}}, {})
    with pytest.raises(ParameterError, match="Tag is empty"):
        request_of(probe, {"options": {"tag": ""}})
    assert request_of(probe, {"options": "={{ $json.options }}"}, {"options": {}}).headers == {}


def test_what_is_no_condition_is_left_out_as_before() -> None:
    for item in NOTHING:
        sent = request_of(node(sent_as("header", "X-Note")), {"tag": "={{ $json.etag }}"}, item)
        assert "X-Note" not in sent.headers


def test_raw_sends_without_the_condition_as_n8n_does() -> None:
    probe = node(sent_as("body", "idempotency_key", default=""))
    assert body_of(request_of(probe, {"tag": "={{ $json.etag }}"}, {}, url_values="raw")) == {}
    header = node(
        {
            "displayName": "E",
            "name": "etag",
            "type": "string",
            "default": "",
            "routing": {"request": {"headers": {"If-Match": "={{ $value }}"}}},
        }
    )
    assert request_of(header, {"etag": "={{ $json.etag }}"}, {}, url_values="raw").headers.get("If-Match") is None


def pairs(kind: str, **value: Any) -> dict[str, Any]:
    """Names and values of headers or query parameters, as an author lists them."""
    routing = {"send": {"type": kind, "property": "={{ $parent.name }}"}, **value}
    plain = {"displayName": "Name", "name": "name", "type": "string", "default": ""}
    held = {**plain, "name": "value", "displayName": "Value", "routing": routing}
    return {
        "displayName": "Pairs",
        "name": "pairs",
        "type": "fixedCollection",
        "default": {},
        "typeOptions": {"multipleValues": True},
        "options": [{"name": "pair", "displayName": "Pair", "values": [plain, held]}],
    }


@pytest.mark.parametrize(
    "entries",
    [
        [{"name": "If-Match", "value": "={{ $json.etag }}"}],
        [{"name": "If-Match", "value": 'W/"{{ $json.etag }}"'}],
        [{"name": "={{ 'If-' + 'Match' }}", "value": "={{ $json.etag }}"}],
        [{"name": "X-A", "value": "1"}, {"name": "idempotency-key", "value": "<<$json.etag>>"}],
        [{"name": "If-None-Match", "value": ""}],
        [{"name": "If-Unmodified-Since"}],
        "={{ [{ name: 'If-Match', value: $json.etag }] }}",
    ],
)
def test_a_condition_among_an_authors_own_headers(entries: Any) -> None:
    """The descriptor does not know the header's name; the author gave it."""
    for item in NOTHING[:3]:
        with pytest.raises(MissingValueError):
            request_of(node(pairs("header")), {"pairs": {"pair": entries}}, item)


def test_other_headers_of_an_author_may_come_to_nothing() -> None:
    entries = [{"name": "X-A", "value": "={{ $json.etag }}"}, {"name": "If-Match", "value": "*"}]
    assert request_of(node(pairs("header")), {"pairs": {"pair": entries}}).headers["If-Match"] == "*"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("$filter", "={{ $json.etag }}"),
        ("$filter", "Name eq '{{ $json.etag }}'"),
        ("$Filter", "={{ $json.a.b }}"),
        ("$search", "={{ $json.etag }}"),
        ("$apply", "={{ $json.etag }}"),
    ],
)
@pytest.mark.parametrize("listed", [True, False])
def test_what_narrows_a_query_may_not_come_to_nothing(option: str, value: str, listed: bool) -> None:
    """Without its filter a list is of everything."""
    probe = node(pairs("query") if listed else sent_as("query", option))
    given = {"pairs": {"pair": [{"name": option, "value": value}]}} if listed else {"tag": value}
    for item in NOTHING[:3]:
        with pytest.raises(MissingValueError):
            request_of(probe, given, item)


@pytest.mark.parametrize("option", ["$select", "$expand", "$orderby", "$top", "page"])
def test_other_query_options_may_come_to_nothing(option: str) -> None:
    assert request_of(node(sent_as("query", option)), {"tag": "={{ $json.etag }}"}).url == f"{BASE}/go"


def test_a_filter_that_nobody_set_is_not_sent_and_one_that_is_empty_is_refused() -> None:
    assert request_of(node(sent_as("query", "$filter"))).url == f"{BASE}/go"
    with pytest.raises(ParameterError, match="empty"):
        request_of(node(sent_as("query", "$filter")), {"tag": ""})


@pytest.mark.parametrize("nothing", ["", None, "={{ $json.etag }}"])
def test_a_member_of_a_collection_is_set_by_who_adds_it(nothing: Any) -> None:
    tag = sent_as("header", "If-Match", default="")
    more = {"displayName": "More", "name": "more", "type": "collection", "default": {}, "options": [tag]}
    with pytest.raises((MissingValueError, ParameterError)):
        request_of(node(more), {"more": {"tag": nothing}})
    with pytest.raises(MissingValueError):
        request_of(node(more), {"more": "={{ ({ tag: '' }) }}"})
    assert "If-Match" not in request_of(node(more), {"more": {}}).headers


@pytest.mark.parametrize(
    "sent", ["={{ $value }}", '="{{ $value }}"', "={{ 'W/' + $value }}", "={{ $parameter.tag }}", "={{ [$value][0] }}"]
)
def test_the_descriptor_may_write_the_value_that_is_sent(sent: str) -> None:
    probe = node(sent_as("header", "If-Match", send={"value": sent}))
    with pytest.raises(MissingValueError):
        request_of(probe, {"tag": "={{ $json.etag }}"})
    assert "a" in request_of(probe, {"tag": "={{ $json.etag }}"}, {"etag": "a"}).headers["If-Match"]


def test_a_key_inside_an_object_of_the_body() -> None:
    body = {"meta": {"idempotencyKey": "={{ $parameter.key }}"}, "a": 1}
    key = {"displayName": "Key", "name": "key", "type": "string", "default": ""}
    probe = node(key, {**key, "name": "o", "default": "x", "routing": {"request": {"body": body}}})
    with pytest.raises(MissingValueError, match="idempotencyKey"):
        request_of(probe, {"key": "={{ $json.etag }}"})
    assert body_of(request_of(probe, {"key": "k"})) == {"meta": {"idempotencyKey": "k"}, "a": 1}


@pytest.mark.parametrize("nothing", ["={{ [] }}", "={{ ({}) }}", "={{ $json.n * 2 }}"])
def test_a_list_or_number_of_nothing_is_nothing(nothing: str) -> None:
    with pytest.raises(MissingValueError):
        request_of(node(sent_as("query", "$filter")), {"tag": nothing})


@pytest.mark.slow
@pytest.mark.parametrize(
    "written",
    [
        '={{ ({ "If-Match": $json.etag }) }}',
        {"If-Match": "={{ $json.etag }}", "X-A": "1"},
        '{"If-Match": "{{ $json.etag }}"}',
        '={{ JSON.stringify({ "If-Match": $json.etag ?? "" }) }}',
    ],
)
@pytest.mark.parametrize("nested", [True, False])
def test_a_condition_in_an_object_of_headers(written: Any, nested: bool) -> None:
    """What is undefined in an object is lost on its way through the descriptor's expression."""
    code = "={{ typeof $value === 'string' ? JSON.parse($value) : $value }}"
    headers = {"displayName": "H", "name": "h", "type": "json", "routing": {"request": {"headers": code}}}
    more = {"displayName": "More", "name": "more", "type": "collection", "default": {}, "options": [headers]}
    probe, given = (node(more), {"more": {"h": written}}) if nested else (node(headers), {"h": written})
    with pytest.raises(MissingValueError):
        request_of(probe, given)
    assert request_of(probe, given, {"etag": "a"}).headers["If-Match"] == "a"
