"""What an author writes for booleans, collections and choices: brought to the descriptor's form, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from nodeloom.datafolder import data_root
from nodeloom.descriptor.catalogue import Node
from nodeloom.errors import InvalidValueError, ParameterError, UnknownNameError
from nodeloom.expression import Literal
from nodeloom.plan.compiler import compile_plan
from tests.plan.harness import body_of, node, request_of, scope_of

THREECX = Node.from_path(data_root() / "nodes" / "threecx")
LIST = {"resource": "Website Links", "operation": "List Weblink"}


def sending(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "displayName": name.title(),
        "name": name,
        "type": kind,
        "routing": {"send": {"type": "body", "property": name}},
    } | more


FLAG = sending("flag", "boolean")
NUMBERED: list[dict[str, Any]] = [
    {"name": "One", "value": 1},
    {"name": "Yes", "value": True},
    {"name": "Text", "value": "1"},
]
COLLECTION = {
    "displayName": "Options",
    "name": "options",
    "type": "collection",
    "options": [sending("top", "number"), sending("all", "boolean")],
}
ROWS = {
    "displayName": "Rows",
    "name": "rows",
    "type": "fixedCollection",
    "options": [{"name": "row", "values": [sending("key", "string"), sending("on", "boolean")]}],
}


@pytest.mark.parametrize("written", [True, "true", "TRUE", " true "])
def test_a_boolean_may_be_written_as_text(written: Any) -> None:
    assert body_of(request_of(node(FLAG), {"flag": written})) == {"flag": True}


@pytest.mark.parametrize("written", ["no", "yes", "", 1, 0, "1", [], {}, 1.0])
def test_what_is_no_boolean_is_refused(written: Any) -> None:
    with pytest.raises(ParameterError, match="Flag is true or false") as caught:
        compile_plan(node(FLAG), {"flag": written})
    assert caught.value.property == "Flag"


@pytest.mark.parametrize("written", ["={{ $json.on }}", "{{ $json.on }}", "<<$json.on>>"])
def test_an_expression_may_stand_for_a_boolean(written: str) -> None:
    assert body_of(request_of(node(FLAG), {"flag": written}, {"on": False})) == {"flag": False}


def test_null_and_literals_are_left_as_they_are() -> None:
    assert body_of(request_of(node(FLAG), {"flag": None})) == {"flag": None}
    assert body_of(request_of(node(FLAG), {"flag": Literal("no")})) == {"flag": "no"}


def test_return_all_of_3cx_is_yes_or_no_and_nothing_else() -> None:
    for refused in ("no", "yes", 0, "off"):
        with pytest.raises(ParameterError, match="Return All is true or false"):
            compile_plan(THREECX, {**LIST, "Options": {"Return All": refused}})
    for written, pages in ((True, True), ("true", True), ("false", False), (False, False)):
        plan = compile_plan(THREECX, {**LIST, "Options": {"Return All": written}})
        assert bool(plan.draft(scope_of(plan)).paginate) is pages


@pytest.mark.parametrize(
    ("held", "pages"),
    [(True, True), ("true", True), ("FALSE", False), (False, False), (None, False), ("", False), (1, True), (0, False)],
)
def test_an_expression_for_return_all_counts_by_what_it_says(held: Any, pages: bool) -> None:
    plan = compile_plan(THREECX, {**LIST, "Options": {"Return All": "={{ $json.all }}"}})
    assert bool(plan.draft(scope_of(plan, {"all": held})).paginate) is pages


@pytest.mark.parametrize("held", ["no", "yes", "0", "off"])
def test_text_that_is_neither_true_nor_false_fails_its_item(held: str) -> None:
    for options in ({"Return All": "={{ $json.all }}"}, "={{ ({'Return All': $json.all}) }}"):
        plan = compile_plan(THREECX, {**LIST, "Options": options})
        with pytest.raises(InvalidValueError, match="not true or false") as caught:
            plan.draft(scope_of(plan, {"all": held}))
        assert caught.value.property == "Return All"


@pytest.mark.parametrize("held", [5, "5", '{"top": 5}', True, ["top"], []])
def test_an_expression_for_a_collection_gives_an_object(held: Any) -> None:
    with pytest.raises(InvalidValueError, match="Options takes an object") as caught:
        request_of(node(COLLECTION), {"options": "={{ $json.options }}"}, {"options": held})
    assert caught.value.expression == "={{ $json.options }}"
    assert request_of(node(COLLECTION), {"options": "={{ $json.options }}"}, {"options": held}, url_values="raw")


@pytest.mark.parametrize("written", [5, "5", "top", True, [], ["top"], 1.5])
def test_what_is_no_collection_is_refused(written: Any) -> None:
    with pytest.raises(ParameterError, match=r"(Options|JSON)") as caught:
        compile_plan(node(COLLECTION), {"options": written})
    assert caught.value.property == "Options"
    with pytest.raises(ParameterError):
        compile_plan(node(ROWS), {"rows": written})


def test_the_refusal_names_what_the_collection_has() -> None:
    with pytest.raises(ParameterError) as caught:
        compile_plan(THREECX, {**LIST, "Options": 5})
    assert caught.value.message == "Options takes an object, not 5."
    assert "Return All" in str(caught.value.hint)


def test_a_collection_may_be_the_text_of_an_object_as_on_the_command_line() -> None:
    assert body_of(request_of(node(COLLECTION), {"options": '{"Top": 5, "all": "true"}'})) == {"top": 5, "all": True}
    with pytest.raises(ParameterError, match="not JSON"):
        compile_plan(node(COLLECTION), {"options": "{top: 5}"})


@pytest.mark.parametrize("rows", [5, "x", [{"key": "a"}], True])
def test_a_group_that_is_no_object_is_refused(rows: Any) -> None:
    with pytest.raises(ParameterError, match="row takes an object"):
        compile_plan(node(ROWS), {"rows": {"row": rows}})


def test_entries_of_a_list_are_held_to_the_same() -> None:
    many = {**ROWS, "typeOptions": {"multipleValues": True}}
    assert compile_plan(node(many), {"rows": {"row": [{"key": "a", "on": "true"}, {"key": "b"}]}})
    with pytest.raises(ParameterError, match="row takes an object"):
        compile_plan(node(many), {"rows": {"row": [{"key": "a"}, 5]}})
    with pytest.raises(ParameterError, match="On is true or false"):
        compile_plan(node(many), {"rows": {"row": [{"on": "off"}]}})


def test_nothing_given_is_nothing_refused() -> None:
    nothings: list[Any] = [None, {}]
    for nothing in nothings:
        assert request_of(node(COLLECTION), {"options": nothing}).body is None
    beside = sending("name", "string")
    sent = request_of(node(COLLECTION, beside), {"options": "={{ $json.missing }}", "name": "n"})
    assert body_of(sent) == {"name": "n"}


def test_raw_takes_what_n8n_takes() -> None:
    assert body_of(request_of(node(FLAG), {"flag": "no"}, url_values="raw")) == {"flag": "no"}
    assert request_of(node(COLLECTION), {"options": 5}, url_values="raw").body is None
    sent = request_of(node(COLLECTION), {"options": {"top": 1, "unknown": 2}}, url_values="raw")
    assert body_of(sent) == {"top": 1}


def deciding(name: str, options: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A property whose choices bring a request of their own."""
    routing = {"send": {"type": "body", "property": name}}
    options = [{**option, "routing": {"request": {"headers": {}}}} for option in options]
    return {
        "displayName": name.title(),
        "name": name,
        "type": "options",
        "options": options,
        "routing": routing,
        **more,
    }


@pytest.mark.parametrize("written", [1, True, "1", None, "={{ $json.x }}", {"$literal": 1}])
def test_a_choice_is_taken_by_its_value(written: Any) -> None:
    assert compile_plan(node(deciding("pick", NUMBERED)), {"pick": written})


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("One", "Did you mean '1'?"),
        ("tru", "Did you mean 'true'?"),
        (2, "Known: '1', 'true', '1'."),
        ({"$literal": 3}, "Known"),
    ],
)
def test_a_value_that_is_no_choice_has_the_nearest(written: Any, hint: str) -> None:
    with pytest.raises(UnknownNameError, match="no value") as caught:
        compile_plan(node(deciding("pick", NUMBERED)), {"pick": written})
    assert str(caught.value.hint).startswith(hint)


def test_a_choice_that_brings_a_request_of_its_own_is_checked_inside_collections_too() -> None:
    made = {"name": "Made", "value": "made", "routing": {"request": {"qs": {"made": "1"}}}}
    kind = {"displayName": "Kind", "name": "kind", "type": "options", "options": [made]}
    probe = node({"displayName": "Options", "name": "options", "type": "collection", "options": [kind]})
    assert request_of(probe, {"options": {"kind": "made"}}).url.endswith("?made=1")
    with pytest.raises(UnknownNameError, match="no value 'maid' in Kind"):
        compile_plan(probe, {"options": {"kind": "maid"}})


def test_a_choice_that_shows_something_inside_a_collection_is_checked() -> None:
    kind = {"displayName": "Kind", "name": "kind", "type": "options", "options": [{"name": "A", "value": "a"}]}
    shown = sending("more", "string", displayOptions={"show": {"kind": ["a"]}})
    probe = node({"displayName": "Options", "name": "options", "type": "collection", "options": [kind, shown]})
    with pytest.raises(UnknownNameError, match="no value 'b' in Kind"):
        compile_plan(probe, {"options": {"kind": "b", "more": "x"}})


def test_a_choice_that_decides_nothing_is_the_service_s_to_judge_as_in_n8n() -> None:
    status = sending("status", "options", options=[{"name": "Sold", "value": "sold"}])
    assert body_of(request_of(node(status), {"status": "placed"})) == {"status": "placed"}


def test_a_service_may_have_further_choices() -> None:
    for more in ({"typeOptions": {"loadOptionsMethod": "load"}}, {"allowArbitraryValues": True}):
        assert compile_plan(node(deciding("pick", NUMBERED, **more)), {"pick": "other"})


def test_the_default_is_taken_whatever_it_is() -> None:
    assert compile_plan(node(deciding("pick", NUMBERED, default="")), {"pick": ""})
