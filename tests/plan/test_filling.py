"""What a form holds before anything is sent, as n8n's form holds it (recorded from n8n 2.41)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from nodeloom.errors import InvalidValueError, ParameterError
from nodeloom.messages import Request
from nodeloom.plan.address import UrlValues
from tests.plan.harness import body_of, node, request_of

MODES: tuple[UrlValues, UrlValues] = ("strict", "raw")


def prop(name: str = "p", **more: Any) -> dict[str, Any]:
    routing = {"send": {"type": "body", "property": name}}
    return {"displayName": name, "name": name, "type": "string", "default": "", "routing": routing, **more}


def sent(given: Any, *properties: Mapping[str, Any], mode: UrlValues = "strict", **how: Any) -> Any:
    return body_of(request_of(node(*properties), given, {"k": "v", "n": 7}, url_values=mode, **how))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("kind", "default", "wanted"),
    [
        ("string", "d", "d"),
        ("json", "{}", "{}"),
        ("dateTime", "2026", "2026"),
        ("color", "#fff", "#fff"),
        ("multiOptions", ["a"], ["a"]),
        ("hidden", "d", "d"),
        # False, 0 and null are values of these.
        ("number", 4, None),
        ("boolean", True, None),
        ("options", "a", None),
        ("collection", {}, {}),
        ("fixedCollection", {}, {}),
    ],
)
def test_null_is_no_value_where_a_default_stands(mode: UrlValues, kind: str, default: Any, wanted: Any) -> None:
    assert sent({"p": None}, prop(type=kind, default=default), mode=mode) == {"p": wanted}


def test_null_is_a_value_where_there_is_no_default() -> None:
    plain = prop()
    del plain["default"]
    assert sent({"p": None}, plain) == {"p": None}


def test_null_in_a_collection_is_the_members_default() -> None:
    collection = prop("c", type="collection", default={}, options=[prop("a", default="da"), prop("b", default="db")])
    del collection["routing"]
    assert sent({"c": {"a": None}}, collection) == {"a": "da"}
    assert sent({"c": {}}, collection) is None


def test_what_is_visible_by_a_value_is_so_by_the_default_that_takes_the_place_of_null() -> None:
    follower = prop("q", default="q", displayOptions={"show": {"p": ["d"]}})
    assert sent({"p": None}, prop(default="d"), follower) == {"p": "d", "q": "q"}


GROUP = {
    "name": "g",
    "displayName": "G",
    "values": [prop("k", default="dk", routing=None), prop("v", default="dv", routing=None)],
}


def rows(*, multiple: bool, **more: Any) -> dict[str, Any]:
    options = {"typeOptions": {"multipleValues": True}} if multiple else {}
    return prop("f", type="fixedCollection", default={}, options=[GROUP], **options, **more)


@pytest.mark.parametrize("mode", MODES)
def test_a_collection_that_is_sent_whole_has_the_defaults_of_its_entries(mode: UrlValues) -> None:
    many, one = rows(multiple=True), rows(multiple=False)
    assert sent({"f": {"g": [{"k": "={{ $json.k }}"}, {}]}}, many, mode=mode) == {
        "f": {"g": [{"k": "v", "v": "dv"}, {"k": "dk", "v": "dv"}]}
    }
    assert sent({"f": {"g": {"v": 1}}}, one, mode=mode) == {"f": {"g": {"k": "dk", "v": 1}}}
    assert sent({"f": {"g": {}}}, one, mode=mode) == {"f": {"g": {"k": "dk", "v": "dv"}}}
    assert sent({}, many, mode=mode) == {"f": {}}


def test_a_default_is_no_template_of_the_authors() -> None:
    collection = rows(multiple=True)
    collection["options"] = [{**GROUP, "values": [prop("k", default="{{ $json.k }}", routing=None)]}]
    assert sent({"f": {"g": [{}]}}, collection) == {"f": {"g": [{"k": "{{ $json.k }}"}]}}
    collection["options"] = [{**GROUP, "values": [prop("k", default="={{ $json.k }}", routing=None)]}]
    assert sent({"f": {"g": [{}]}}, collection) == {"f": {"g": [{"k": "v"}]}}


def entry_rows(*, multiple: bool) -> dict[str, Any]:
    values = [prop("k", default="dk", routing={"send": {"type": "body", "property": "={{ $index + $parent.k }}"}})]
    group = {**GROUP, "values": values}
    return rows(multiple=multiple, routing=None) | {"options": [group]}


def test_the_one_entry_of_a_group_has_the_index_zero() -> None:
    assert sent({"f": {"g": {"k": "x"}}}, entry_rows(multiple=False)) == {"0x": "x"}
    assert sent({"f": {"g": {}}}, entry_rows(multiple=False)) == {"0dk": "dk"}
    assert sent({"f": {"g": [{"k": "x"}, {}]}}, entry_rows(multiple=True)) == {"0x": "x", "1dk": "dk"}


def test_an_expression_in_place_of_entries_gives_them() -> None:
    written = {"f": {"g": "={{ [{ k: $json.k }] }}"}}
    assert sent(written, entry_rows(multiple=True)) == {"0v": "v"}
    assert sent({"f": {"g": ["={{ ({ k: $json.k }) }}"]}}, entry_rows(multiple=True)) == {"0v": "v"}
    assert sent({"f": {"g": "={{ $json.nothing }}"}}, entry_rows(multiple=True)) is None
    # n8n looks for the entries in the expression's text.
    assert sent({"f": "={{ ({ g: [{ k: 'x' }] }) }}"}, entry_rows(multiple=True), mode="raw") is None


@pytest.mark.parametrize(
    ("multiple", "entries"), [(True, "={{ $json.k }}"), (True, ["x"]), (False, "={{ [{ k: 1 }] }}"), (True, 5)]
)
def test_entries_that_are_none_are_refused(multiple: bool, entries: Any) -> None:
    with pytest.raises((InvalidValueError, ParameterError), match="G takes"):  # data, or the author's own writing
        sent({"f": {"g": entries}}, entry_rows(multiple=multiple))


def test_where_n8n_takes_one_entry_it_takes_the_defaults_for_anything_else() -> None:
    for entries in ([], [{"k": "x"}], "={{ [] }}"):
        assert sent({"f": {"g": entries}}, entry_rows(multiple=False), mode="raw", dialect="n8n") == {"0dk": "dk"}


def test_n8n_shows_a_member_by_its_siblings_and_sends_it_by_the_root() -> None:
    shown = prop("b", default="db", displayOptions={"show": {"a": ["1"]}})
    collection = {**prop("c", type="collection", default={}, options=[prop("a"), shown]), "routing": None}
    assert sent({"c": {"a": "1", "b": "2"}}, collection) == {"a": "1", "b": "2"}
    assert sent({"c": {"a": "1", "b": "2"}}, collection, mode="raw") == {"a": "1"}
    by_root = prop("r", displayOptions={"show": {"/operation": ["go"]}})
    assert sent({"c": {"r": "2"}}, {**collection, "options": [by_root]}, mode="raw") == {"r": "2"}


CHOICES: list[dict[str, Any]] = [
    {"name": "A", "value": "a", "routing": {"request": {"qs": {"z": "A", "w": "={{ typeof $value }}"}}}},
    {"name": "One", "value": 1, "routing": {"request": {"qs": {"z": "1"}}}},
    {"name": "True", "value": True, "routing": {"request": {"qs": {"z": "T"}}}},
]


def query(given: Any, mode: UrlValues, choices: list[dict[str, Any]] = CHOICES) -> str:
    chosen = {**prop("o", type="options", default="a", options=choices), "routing": None}
    request: Request = request_of(node(chosen), {"o": given}, {"k": "a"}, url_values=mode, dialect="n8n")
    return request.url.partition("?")[2]


def test_an_option_is_chosen_by_its_value_and_in_n8n_by_no_expression() -> None:
    assert [query(v, "raw") for v in ("a", 1, True, "1", 0)] == ["z=A&w=undefined", "z=1", "z=T", "", ""]
    assert query("={{ $json.k }}", "raw") == ""
    assert query("={{ $json.k }}", "strict") == "z=A&w=string"


def test_of_two_options_with_one_value_n8n_looks_at_the_first() -> None:
    hidden = {
        "name": "H",
        "value": "a",
        "displayOptions": {"show": {"zz": [1]}},
        "routing": {"request": {"qs": {"h": 1}}},
    }
    assert query("a", "raw", [hidden, *CHOICES]) == ""
    assert query("a", "strict", [hidden, *CHOICES]) == "z=A&w=string"


def test_a_property_that_takes_no_expression_has_text_in_n8n() -> None:
    plain = prop(noDataExpression=True)
    assert sent({"p": "={{ $json.k }}"}, plain, mode="raw", dialect="n8n") == {"p": "{{ $json.k }}"}
    assert sent({"p": "={{ $json.k }}"}, plain, mode="raw") == {"p": "{{ $json.k }}"}
    assert sent({"p": "={{ $json.k }}"}, plain) == {"p": "v"}
    # What is no expression is as it was, also where others look at it.
    follower = prop("q", default="q", displayOptions={"show": {"p": ["plain"]}})
    assert sent({"p": "plain"}, plain, follower, mode="raw") == {"p": "plain", "q": "q"}


@pytest.mark.parametrize("value", ["", 0, False, None])
def test_a_send_value_that_is_false_in_javascript_is_none(value: Any) -> None:
    plain = prop(default="own", routing={"send": {"type": "body", "property": "x", "value": value}})
    assert sent({}, plain) == {"x": "own"}


def test_an_undefined_member_does_not_take_the_body_with_it() -> None:
    """Also where one expression makes the whole body."""
    for body in ("={{ ({ sub: $json.nothing }) }}", {"sub": "={{ $json.nothing }}"}):
        assert sent({}, prop(routing={"request": {"body": body}})) == {}
    whole = {"request": {"body": "={{ ({ sub: $json.nothing, k: $json.k }) }}"}}
    assert sent({}, prop(routing=whole)) == {"k": "v"}


def test_a_list_that_is_the_body_takes_what_stands_at_its_indices() -> None:
    listed = prop("l", routing={"request": {"body": [{"x": 1}]}})
    assert sent({}, listed, prop("a")) == [{"x": 1}]
    assert sent({"a": "w"}, listed, prop("a", routing={"send": {"type": "body", "property": "[0].y"}})) == [
        {"x": 1, "y": "w"}
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "raw", "strict"),
    [
        ("undefined", "undefined", None),
        ("null", "null", None),
        ("5", "5", "5"),
        ("true", "true", "true"),
        ("['a', 'b']", '[Array: ["a", "b"]]', InvalidValueError),
        ("({ k: 1, l: [2] })", '[Object: {"k": 1, "l": [2]}]', InvalidValueError),
        ("DateTime.utc(2026, 1, 1)", "[DateTime: 2026-01-01T00:00:00.000Z]", "2026-01-01T00:00:00.000Z"),
        ("new Date(0)", "[Date: 1970-01-01T00:00:00.000Z]", "1970-01-01T00:00:00.000Z"),
    ],
)
def test_the_name_something_is_sent_under_is_text(code: str, raw: str, strict: Any) -> None:
    send = {"type": "body", "property": "={{ " + code + " }}", "propertyInDotNotation": False}
    named = prop(default="v", routing={"send": send})
    assert sent({}, named, mode="raw") == {raw: "v"}
    if strict is InvalidValueError:
        with pytest.raises(InvalidValueError):
            sent({}, named)
    else:
        assert sent({}, named) == (None if strict is None else {strict: "v"})


def test_a_filter_is_sent_with_what_n8ns_form_fills_in() -> None:
    filled = {"caseSensitive": True, "leftValue": "", "typeValidation": "strict", "version": 1}
    for mode in MODES:
        found = [sent({"p": given}, prop(type="filter"), mode=mode) for given in ({}, {"options": {"version": 2}}, "t")]
        both = [{"combinator": "and", "options": {**filled, **more}} for more in ({}, {"version": 2})]
        assert found == [*({"p": value} for value in both), {"p": "t"}]
    kept = {"combinator": "or", "conditions": [{"leftValue": "v"}], "options": {**filled, "caseSensitive": False}}
    assert sent({"p": kept}, prop(type="filter")) == {"p": kept}
