"""Collections, fixed collections, locators and options: which parts contribute, and with which values."""

from __future__ import annotations

from typing import Any

import pytest

from nodeloom.errors import InvalidValueError, ParameterError, UnknownNameError
from tests.plan.harness import body_of, node, request_of


def body(name: str, to: str, **more: Any) -> dict[str, Any]:
    return {"displayName": name, "name": name, "type": "string", **more} | {
        "routing": {"send": {"type": "body", "property": to, **more.get("send", {})}}
    }


COLLECTION = {
    "displayName": "Options",
    "name": "opts",
    "type": "collection",
    "default": {},
    "options": [body("a", "a", default="x"), body("b", "deep.b", default="y")],
}
PAIRS = {
    "displayName": "Pairs",
    "name": "pairs",
    "type": "fixedCollection",
    "typeOptions": {"multipleValues": True},
    "default": {},
    "options": [
        {
            "name": "pair",
            "values": [
                body("key", "=pairs[{{ $index }}].k"),
                body("value", "=map.{{ $parent.key }}", default="v0"),
            ],
        }
    ],
}


def test_only_members_that_are_present_contribute() -> None:
    assert body_of(request_of(node(COLLECTION), {"opts": {"b": "1"}})) == {"deep": {"b": "1"}}
    assert request_of(node(COLLECTION)).body is None


def test_a_member_may_be_a_template() -> None:
    assert body_of(request_of(node(COLLECTION), {"opts": {"a": "{{ $json.n }}"}}, {"n": 3})) == {"a": 3}


def test_a_whole_collection_may_be_a_template_and_its_data_is_not_read_again() -> None:
    sent = request_of(node(COLLECTION), {"opts": "={{ $json.o }}"}, {"o": {"a": "={{ $json.secret }}", "zz": 1}})
    assert body_of(sent) == {"a": "={{ $json.secret }}"}


def test_entries_know_their_index_and_parent() -> None:
    given = {"pair": [{"key": "k1", "value": "{{ $json.n }}"}, {"key": "{{ $json.k }}"}]}
    sent = request_of(node(PAIRS), {"pairs": given}, {"n": 7, "k": "k2"})
    assert body_of(sent) == {"pairs": [{"k": "k1"}, {"k": "k2"}], "map": {"k1": 7, "k2": "v0"}}


def test_a_locator_sends_what_its_mode_extracts() -> None:
    locator = {
        "displayName": "Item",
        "name": "item",
        "type": "resourceLocator",
        "modes": [
            {"name": "id", "type": "string"},
            {"name": "url", "extractValue": {"type": "regex", "regex": "/item/([a-z0-9]+)"}},
        ],
        "routing": {"send": {"type": "query", "property": "item"}},
    }
    by_url = {"__rl": True, "mode": "url", "value": "https://x.test/item/zz9/edit"}
    assert request_of(node(locator), {"item": by_url}).url.endswith("?item=zz9")
    by_id = {"__rl": True, "mode": "id", "value": "={{ $json.id }}"}
    assert request_of(node(locator), {"item": by_id}, {"id": "i1"}).url.endswith("?item=i1")
    with pytest.raises(ParameterError, match="mode expects"):
        request_of(node(locator), {"item": {**by_url, "value": "nothing"}})
    with pytest.raises(InvalidValueError, match="mode expects"):
        request_of(node(locator), {"item": {**by_url, "value": "={{ $json.u }}"}}, {"u": "nothing"})


def test_an_option_chosen_by_an_expression_contributes_per_item() -> None:
    kind = {
        "displayName": "Kind",
        "name": "kind",
        "type": "options",
        "default": "a",
        "options": [
            {"name": "A", "value": "a", "routing": {"request": {"headers": {"X-Kind": "is-a"}}}},
            {"name": "B", "value": "b", "routing": {"request": {"headers": {"X-Kind": "=is-{{ $value }}"}}}},
        ],
    }
    assert request_of(node(kind), {"kind": "{{ $json.k }}"}, {"k": "b"}).headers["X-Kind"] == "is-b"
    assert request_of(node(kind)).headers["X-Kind"] == "is-a"


def test_later_properties_win_and_undefined_never_does() -> None:
    first = body("one", "x", default="1")
    second = body("two", "x", default="={{ $json.maybe }}")
    assert body_of(request_of(node(first, second), {}, {"maybe": "2"})) == {"x": "2"}
    assert body_of(request_of(node(first, second), {}, {})) == {"x": "1"}


def test_a_property_that_is_hidden_contributes_nothing() -> None:
    switch = {"displayName": "On", "name": "on", "type": "boolean", "default": False}
    hidden = body("name", "name", default="n", displayOptions={"show": {"on": [True]}})
    assert request_of(node(switch, hidden)).body is None
    assert body_of(request_of(node(switch, hidden), {"on": True})) == {"name": "n"}


def test_members_match_without_case_and_a_wrong_one_suggests_the_nearest() -> None:
    long = {**COLLECTION, "options": [body("If Match", "m"), body("orderBy", "o")]}
    assert body_of(request_of(node(long), {"opts": {"if-match": "1", "ORDERBY": "2"}})) == {"m": "1", "o": "2"}
    with pytest.raises(UnknownNameError, match="ordrBy") as caught:
        request_of(node(long), {"opts": {"ordrBy": "2"}})
    assert "orderBy" in str(caught.value)
    with pytest.raises(ParameterError, match="given twice"):
        request_of(node(long), {"opts": {"orderBy": "1", "orderby": "2"}})


def test_entries_of_a_fixed_collection_match_the_same_way() -> None:
    sent = request_of(node(PAIRS), {"pairs": {"PAIR": [{"KEY": "k", "Value": "v"}]}})
    assert body_of(sent) == {"pairs": [{"k": "k"}], "map": {"k": "v"}}
    with pytest.raises(UnknownNameError, match="vlue"):
        request_of(node(PAIRS), {"pairs": {"pair": [{"key": "k", "vlue": "v"}]}})
    with pytest.raises(UnknownNameError, match="pear"):
        request_of(node(PAIRS), {"pairs": {"pear": []}})


def test_what_depends_on_an_expression_inside_a_collection_is_visible() -> None:
    inner = [
        {"displayName": "kind", "name": "kind", "type": "string"},
        body("more", "more", displayOptions={"show": {"kind": ["x"]}}),
    ]
    collection = {**COLLECTION, "options": inner}
    sent = request_of(node(collection), {"opts": {"kind": "{{ $json.k }}", "more": "m"}}, {"k": "x"})
    assert body_of(sent) == {"more": "m"}


def test_a_locator_pattern_is_javascript() -> None:
    locator = {
        "displayName": "Item",
        "name": "item",
        "type": "resourceLocator",
        "modes": [{"name": "url", "extractValue": {"type": "regex", "regex": "(?<id>[^/]+)$"}}],
        "routing": {"send": {"type": "query", "property": "item"}},
    }
    value = {"__rl": True, "mode": "url", "value": "https://x.test/abc"}
    assert request_of(node(locator), {"item": value}).url.endswith("?item=abc")


@pytest.mark.parametrize("value", [5, None, ["a"], {"a": 1}])
def test_what_is_no_text_has_no_part_to_extract(value: Any) -> None:
    """n8n refuses it as well; sent as it is, it would be another thing's name."""
    rule = {"type": "regex", "regex": "items/([a-z0-9]+)"}
    plain = {"displayName": "Item", "name": "item", "type": "string", "extractValue": rule}
    plain["routing"] = {"send": {"type": "query", "property": "item"}}
    modes = [{"name": "url", "type": "string", "extractValue": rule}]
    located = {**plain, "type": "resourceLocator", "modes": modes, "extractValue": None}
    for prop, given in ((plain, "={{ $json.v }}"), (located, {"__rl": True, "mode": "url", "value": "={{ $json.v }}"})):
        for mode in ("strict", "raw"):
            with pytest.raises(InvalidValueError, match="Item is not a text"):
                request_of(node(prop), {"item": given}, {"v": value}, url_values=mode)


def test_a_locator_of_n8n_without_its_mark_is_shown_as_it_is() -> None:
    """What n8n's form holds is marked; what an author writes need not be."""
    item = {"displayName": "Item", "name": "item", "type": "resourceLocator", "modes": [{"name": "id"}]}
    probe = node({**item, "routing": {"request": {"body": {"p": "={{ $parameter.item }}", "v": "={{ $value }}"}}}})
    given = {"item": {"mode": "id", "value": "i1"}}
    assert body_of(request_of(probe, given, dialect="n8n")) == {"p": given["item"], "v": "i1"}
    assert body_of(request_of(probe, given)) == {"p": "i1", "v": "i1"}


def test_of_two_visible_collections_with_one_name_no_member_is_lost() -> None:
    """n8n's form holds the members of the last one; strict holds those of both."""
    first = {**COLLECTION, "options": [body("a", "a")], "default": {"a": "d1"}}
    second = {**COLLECTION, "options": [body("b", "b")], "default": {"b": "d2"}}
    given = {"opts": {"a": "1", "b": "2"}}
    sent = {
        mode: [body_of(request_of(node(first, second), p, url_values=mode, dialect="n8n")) for p in ({}, given)]
        for mode in ("strict", "raw")
    }
    assert sent == {"raw": [{"b": "d2"}, {"b": "2"}], "strict": [{"b": "d2"}, {"a": "1", "b": "2"}]}
    assert body_of(request_of(node(first, second), given)) == {"a": "1", "b": "2"}
