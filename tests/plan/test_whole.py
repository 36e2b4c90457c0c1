"""Text that addresses something is whole, or its item fails; elsewhere a block may come to nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.datafolder import data_root
from nodeloom.descriptor.catalogue import Node
from nodeloom.errors import InvalidValueError, MissingValueError, ParameterError
from nodeloom.expression import Environment, Scope, compile_value
from nodeloom.plan.compiler import compile_plan
from nodeloom.plan.whole import whole
from tests.plan.harness import BASE, body_of, node, request_of, scope_of

THREECX = Node.from_path(data_root() / "nodes" / "threecx")
DELETE = {"resource": "Website Links", "operation": "Delete Weblink"}
NOTHING: list[dict[str, Any]] = [{}, {"x": None}, {"x": ""}, {"x": float("nan")}]


def sent_as(kind: str, name: str, **more: Any) -> dict[str, Any]:
    routing = {"send": {"type": kind, "property": name, **more.pop("send", {})}}
    return {"displayName": "Key", "name": "key", "type": "string", "routing": routing, **more}


def at(url: str, *properties: dict[str, Any]) -> Node:
    """A node whose one operation calls `url`."""
    go = {"name": "Go", "value": "go", "routing": {"request": {"method": "DELETE", "url": url}}}
    operation = {"name": "operation", "type": "options", "default": "go", "options": [go]}
    return Node(
        {
            "name": "probe",
            "displayName": "Probe",
            "requestDefaults": {"baseURL": BASE},
            "properties": [operation, *properties],
        }
    )


KEY = {"displayName": "Key", "name": "key", "type": "string", "default": ""}


@pytest.mark.parametrize(
    "written",
    [
        "web-{{ $json.Lnk }}",
        "=web-{{ $json.Lnk }}",
        "web-<<$json.Lnk>>",
        "{{ $json.Lnk }}-web",
        "web-{{ $json.Lnk.trim() }}",
    ],
)
def test_a_key_that_lacks_a_part_deletes_nothing(written: str) -> None:
    plan = compile_plan(THREECX, {**DELETE, "Link": written})
    with pytest.raises(MissingValueError, match="A part of Link is missing") as caught:
        plan.draft(scope_of(plan, {"Link": "a"}))
    assert caught.value.property == "Link"
    assert caught.value.expression == written
    assert caught.value.hint == "The item has the keys: Link. Did you mean $json.Link?"
    assert plan.draft(scope_of(plan, {"Lnk": "a"})).path["Link"] in ("'web-a'", "'a-web'")


@pytest.mark.parametrize(
    ("written", "unknown"),
    [
        ("{{ $json.Link | upper }}", "upper"),
        ("x-{{ $json.Link | upper }}", "upper"),
        ("{{ 'web-' + Link }}", "Link"),
        ("<<$jsn.Link + 'x'>>", "$jsn"),
        ("{{ [$json.Link].map(x => x + y)[0] }}", "y"),
    ],
)
def test_a_key_that_is_made_with_a_name_that_nothing_has_deletes_nothing(written: str, unknown: str) -> None:
    plan = compile_plan(THREECX, {**DELETE, "Link": written})
    with pytest.raises(MissingValueError) as caught:
        plan.draft(scope_of(plan, {"Link": "a"}))
    assert f"Nothing is called {unknown} in expressions" in str(caught.value.hint)


@pytest.mark.parametrize(
    "written", ["{{ typeof upper === 'function' ? 1 : $json.Link }}", "{{ (upper => upper)($json.Link) }}"]
)
def test_a_name_that_is_asked_for_or_bound_is_no_such_name(written: str) -> None:
    plan = compile_plan(THREECX, {**DELETE, "Link": written})
    assert plan.draft(scope_of(plan, {"Link": "a"})).path["Link"] == "'a'"


@pytest.mark.parametrize("item", NOTHING)
def test_undefined_null_and_empty_are_no_parts_of_a_path(item: dict[str, Any]) -> None:
    for encode in ({}, {"encode": "odata.string"}, {"encode": "segment"}):
        probe = at("/things/{key}", sent_as("path", "key", send=encode))
        with pytest.raises(MissingValueError, match="A part of Key is missing"):
            request_of(probe, {"key": "web-{{ $json.x }}"}, item)


@pytest.mark.parametrize("item", NOTHING)
def test_nor_of_a_header_or_cookie(item: dict[str, Any]) -> None:
    for kind in ("header", "cookie"):
        with pytest.raises(MissingValueError, match="A part of Key is missing"):
            request_of(node(sent_as(kind, "X-Note")), {"key": "a {{ $json.x }}"}, item)


@pytest.mark.slow
@pytest.mark.parametrize("item", NOTHING)
@pytest.mark.parametrize(
    "url",
    [
        "=/things/{{ $parameter.key }}",
        "=/things/{{ $parameter['key'] }}/more",
        "=/things/{{ encodeURIComponent($parameter.key) }}",
        '={{ "/things/" + $parameter.key }}',
    ],
)
def test_nor_of_a_parameter_that_the_descriptor_puts_into_the_path(url: str, item: dict[str, Any]) -> None:
    with pytest.raises(MissingValueError, match="A part of Key is missing"):
        request_of(at(url, KEY), {"key": "web-{{ $json.x }}"}, item)
    assert request_of(at(url, KEY), {"key": "web-{{ $json.x }}"}, {"x": 1}).url.startswith(f"{BASE}/things/web-1")


def test_nor_of_a_property_s_own_url_or_headers() -> None:
    for request in (
        {"url": "=/things/{{ $value }}"},
        {"headers": {"X-Key": "={{ $value }}"}},
        {"headers": {"X-Key": "=k {{ $value }}"}},
    ):
        probe = node({**KEY, "routing": {"request": request}})
        with pytest.raises(MissingValueError, match="A part of Key is missing"):
            request_of(probe, {"key": "web-{{ $json.x }}"}, {})


def test_nor_of_an_entry_that_becomes_a_header() -> None:
    rows = {
        "displayName": "Headers",
        "name": "headers",
        "type": "fixedCollection",
        "typeOptions": {"multipleValues": True},
        "options": [
            {
                "name": "header",
                "values": [
                    {"displayName": "Name", "name": "name", "type": "string"},
                    {
                        "displayName": "Value",
                        "name": "value",
                        "type": "string",
                        "routing": {"request": {"headers": "={{ ({[$parent.name]: $value}) }}"}},
                    },
                ],
            }
        ],
    }
    given_rows = {"headers": {"header": [{"name": "X-A", "value": "a {{ $json.x }}"}]}}
    with pytest.raises(MissingValueError, match="A part of Value is missing"):
        request_of(node(rows), given_rows, {})
    with pytest.raises(MissingValueError, match="A part of"):
        request_of(node(rows), {"headers": {"header": [{"name": "X-{{ $json.x }}", "value": "a"}]}}, {})
    assert request_of(node(rows), given_rows, {"x": 1}).headers["X-A"] == "a 1"


@pytest.mark.parametrize("item", [{}, {"x": None}])
def test_a_block_of_the_descriptor_s_own_path_may_not_be_undefined(item: dict[str, Any]) -> None:
    for url in (
        "=/things/web-{{ $json.x }}",
        "=/things/{{ $json.x }}/more",
        "=/things/{{ $json.x }}",
        "=/a{{ $json.x }}",
    ):
        with pytest.raises(MissingValueError, match="value of the address is missing") as caught:
            request_of(at(url), {}, {**item, "xx": 1})
        assert "{{" in str(caught.value.message)


def test_what_the_descriptor_computes_to_be_empty_is_its_own_affair() -> None:
    probe = at("=/things{{ $json.x ? '/' + $json.x : '' }}")
    assert request_of(probe, {}, {}).url == f"{BASE}/things"
    assert request_of(probe, {}, {"x": 1}).url == f"{BASE}/things/1"


def test_a_query_in_the_address_stays_as_n8n_has_it() -> None:
    assert request_of(at("=/things?q={{ $json.x }}&n=1"), {}, {}).url == f"{BASE}/things?q=&n=1"


def test_a_parameter_that_only_passes_through_is_the_one_that_is_named() -> None:
    with pytest.raises(MissingValueError) as caught:
        request_of(at("=/things/{{ $parameter.key }}", KEY), {"key": "={{ $json.idd }}"}, {"id": 1})
    assert caught.value.message == "Key is missing, a value of the address."
    assert caught.value.expression == "={{ $json.idd }}"
    assert caught.value.hint == "The item has the keys: id. Did you mean $json.id?"


@pytest.mark.parametrize("item", NOTHING)
def test_text_in_a_body_or_a_plain_query_stays_as_n8n_has_it(item: dict[str, Any]) -> None:
    assert body_of(request_of(node(sent_as("body", "key")), {"key": "a{{ $json.x }}"}, item)) == {"key": "a"}
    assert request_of(node(sent_as("query", "q")), {"key": "a{{ $json.x }}"}, item).url.endswith("?q=a")


@pytest.mark.parametrize("item", NOTHING)
def test_raw_sends_what_n8n_sends(item: dict[str, Any]) -> None:
    sent = request_of(at("=/things/{{ $parameter.key }}", KEY), {"key": "web-{{ $json.x }}"}, item, url_values="raw")
    assert sent.url == f"{BASE}/things/web-"
    header = node({**KEY, "routing": {"request": {"headers": {"X-Key": "=k {{ $value }}"}}}})
    assert request_of(header, {"key": "a{{ $json.x }}"}, item, url_values="raw").headers["X-Key"] == "k a"


def test_one_lone_expression_says_itself_what_may_be_empty() -> None:
    probe = at("/things/{key}", sent_as("path", "key"))
    assert request_of(probe, {"key": '={{ "web-" + ($json.x ?? "") }}'}, {}).url == f"{BASE}/things/web-"


def test_a_header_of_the_descriptor_whose_parts_nobody_gave_stays_as_it_is() -> None:
    probe = node({**KEY, "routing": {"request": {"headers": {"X-Key": "=k {{ $parameter.key }}"}}}})
    assert request_of(probe, {}, {}).headers["X-Key"] == "k"
    with pytest.raises(MissingValueError, match="A part of headers is missing"):
        request_of(probe, {"key": "={{ $json.x }}"}, {})


def test_a_parameter_that_is_read_for_nothing_fails_nobody() -> None:
    probe = at("=/things/{{ $json.direct || $parameter.key }}", KEY)
    sent = request_of(probe, {"key": "web-{{ $json.x }}"}, {"direct": "d"})
    assert sent.url == f"{BASE}/things/d"
    with pytest.raises(MissingValueError, match="A part of Key is missing"):
        request_of(probe, {"key": "web-{{ $json.x }}"}, {})


def test_code_may_hold_what_closes_a_block() -> None:
    probe = at("=/things/{{ ({a: {b: $json.x\\}}).a.b }}")
    assert request_of(probe, {}, {"x": "k"}).url == f"{BASE}/things/k"


JSON = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.lists(st.text(), max_size=2)
)


@pytest.mark.slow
@given(st.lists(JSON, min_size=1, max_size=3), st.text("ab {}=\\", max_size=4))
def test_whole_text_is_the_joined_text_wherever_nothing_is_missing(values: list[Any], text: str) -> None:
    """By both evaluators: member paths, and JavaScript."""
    item = {f"k{i}": value for i, value in enumerate(values)}
    scope = Scope(Environment(), [], 0, item={"json": item})
    for block in ("{{ $json.k%d }}", "{{ $json['k' + %d] }}"):
        source = "=" + "x".join(block % i for i in range(len(values))) + "x" + text.replace("{{", "")
        joined = compile_value(source, dialect="n8n").resolve(scope)
        compiled = compile_value(source, dialect="n8n", template=whole())
        if any(value is None or value == "" or value == [] or value == [""] for value in values):
            with pytest.raises(MissingValueError):
                compiled.resolve(scope)
        else:
            assert compiled.resolve(scope) == joined


SPELLED = [
    "={{ 'web-' + $json.x }}",
    "={{ `web-${$json.x}` }}",
    "={{ 'web' + $json.x }}",
    "={{ 'web-'.concat($json['x']) }}",
    "={{ 'web-' + $input.item.json.x }}",
    "={{ (() => 'web-' + $json.x)() }}",
    "={{ 'web-' + $json.x }}-b",
    "={{ 'web-' + ($json.x * 2) }}",
    "={{ 'NaN-' + $json.x }}",
    "={{ $json.x === NaN ? '' : 'web-' + $json.x }}",
]


@pytest.mark.slow
@pytest.mark.parametrize("written", SPELLED)
@pytest.mark.parametrize("kind", ["path", "header", "cookie"])
def test_an_expression_that_spells_out_what_is_undefined_is_not_whole(written: str, kind: str) -> None:
    """In JavaScript `"web-" + undefined` is `web-undefined`, which would be another key."""
    probe = at("/x/{key}" if kind == "path" else "/x", sent_as(kind, "key"))
    for item in ({}, {"x": None}):
        if item and "* 2" in written:
            continue  # null is 0 in a calculation
        with pytest.raises(MissingValueError, match="A part of Key is missing"):
            request_of(probe, {"key": written}, item)
    assert request_of(probe, {"key": written}, {"x": 5})


@pytest.mark.slow
@pytest.mark.parametrize("url", ["=/x/{{ $parameter.key }}", "={{ '/x/' + $parameter.key }}"])
@pytest.mark.parametrize("written", SPELLED)
def test_nor_is_an_address_that_is_made_of_it(url: str, written: str) -> None:
    with pytest.raises(MissingValueError):
        request_of(at(url, KEY), {"key": written})


@pytest.mark.slow
@pytest.mark.parametrize(
    "url", ["={{ '/x/' + $parameter.key }}", "=/x/{{ encodeURIComponent($parameter.key) }}", "={{ '/x' + $json.x }}"]
)
@pytest.mark.parametrize("item", [{}, {"x": None}, {"x": ""}, {"x": []}, {"x": " "}])
def test_what_an_address_computes_of_nothing_is_refused(url: str, item: dict[str, Any]) -> None:
    if "$json" in url and item.get("x") is not None:
        return  # what a descriptor computes of an item is its own affair
    with pytest.raises(MissingValueError):
        request_of(at(url, KEY), {"key": "={{ $json.x }}"}, item)


@pytest.mark.parametrize(
    ("written", "item", "key"),
    [
        ("={{ $json.x || 'undefined' }}", {}, "undefined"),
        ("={{ $json.y }}", {"y": "undefined"}, "undefined"),
        ("={{ $json.y.trim() + ($json.x ?? '') }}", {"y": "null-undefined"}, "null-undefined"),
        ("={{ 'a-' + ($json.x ?? 'b') }}", {}, "a-b"),
        ("={{ $json.y.join('-') + ($json.x ?? '') }}", {"y": ["null-island", "b"]}, "null-island-b"),
        ("={{ Object.keys($json.y)[0] + ($json.x ?? '') }}", {"y": {"NaN": 1}}, "NaN"),
        ("={{ $json.y.map(String).join('-') + ($json.x ?? '') }}", {"y": [None, "b"]}, "null-b"),
        ("={{ $json.y.toUpperCase() }}", {"y": "a"}, "A"),
        ("={{ 'a' + $json.y }}", {"y": False}, "afalse"),
    ],
)
def test_a_word_that_was_written_means_itself(written: str, item: dict[str, Any], key: str) -> None:
    assert request_of(at("/x/{key}", sent_as("path", "key")), {"key": written}, item).url == f"{BASE}/x/{key}"


@pytest.mark.parametrize("written", ["={{ $json.x }}", "web-{{ $json.x }}", "={{ 'web-' + $json.x }}"])
def test_a_member_of_a_collection_that_an_address_reads(written: str) -> None:
    """n8n shows the template's text there, which would be the key."""
    held = {"displayName": "C", "name": "c", "type": "collection", "default": {}, "options": [KEY]}
    probe = at("=/x/{{ $parameter.c.key }}", held)
    with pytest.raises(MissingValueError):
        request_of(probe, {"c": {"key": written}})
    assert request_of(probe, {"c": {"key": written}}, {"x": 5}).url.endswith("5")
    assert "%7B%7B" in request_of(probe, {"c": {"key": written}}, {"x": 5}, url_values="raw").url


@pytest.mark.parametrize("host", ["={{ $json.x }}", "", "={{ null }}"])
def test_a_host_of_which_a_label_came_to_nothing_is_none(host: str) -> None:
    probe = Node(
        {
            "name": "probe",
            "displayName": "Probe",
            "requestDefaults": {"baseURL": "=https://{{ $parameter.key }}.example.test/v1", "url": "/x"},
            "properties": [KEY],
        }
    )
    with pytest.raises((InvalidValueError, MissingValueError, ParameterError)):
        request_of(probe, {"key": host})
    assert request_of(probe, {"key": "a"}).url == "https://a.example.test/v1/x"


def test_an_address_that_its_author_set_to_nothing_does_not_leave_another_one() -> None:
    other = {**KEY, "routing": {"request": {"url": "={{ $value || undefined }}"}}}
    assert request_of(at("/x", other)).url == f"{BASE}/x"
    assert request_of(at("/x", other), {"key": "/y"}).url == f"{BASE}/y"
    by_name = {**KEY, "name": "o", "default": "o", "routing": {"request": {"url": "={{ $parameter.key }}"}}}
    with pytest.raises(MissingValueError):
        request_of(at("/x", KEY, by_name), {"key": "={{ $json.x }}"})
