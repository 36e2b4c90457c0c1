"""What has the right form and means nothing is found before it breaks a node."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from nodeloom.descriptor import partkeys
from nodeloom.descriptor.soundness import METHODS, TYPES, VALIDATED, unsound_parts
from nodeloom.plan import coercion, postreceive
from nodeloom.plan.pagination import PAGINATIONS
from tests.descriptor.corpus import FILES, credentials, document, needs_corpus

Json = dict[str, Any]

NODE: Json = {
    "name": "n",
    "displayName": "N",
    "credentials": [{"name": "nApi", "displayOptions": {"show": {"authentication": ["key"]}}}],
    "requestDefaults": {"baseURL": "https://h", "method": "GET"},
    "properties": [
        {"name": "authentication", "type": "options", "options": [{"name": "Key", "value": "key"}]},
        {
            "name": "operation",
            "type": "options",
            "displayOptions": {"show": {"authentication": ["key"]}},
            "options": [
                {"name": "Get", "value": "get", "routing": {"request": {"method": "GET", "url": "/x"}}},
                {"name": "Put", "value": "put", "routing": {"request": {"method": "=P{{ 'UT' }}", "url": "/x"}}},
            ],
        },
        {
            "name": "more",
            "type": "collection",
            "displayOptions": {"hide": {"operation": ["put"], "@version": [1]}},
            "options": [
                {"name": "a", "type": "string", "displayOptions": {"show": {"b": ["x"], "/operation": ["get"]}}},
                {"name": "b", "type": "number", "typeOptions": {"minValue": 1, "somethingOfN8nToCome": 1}},
            ],
        },
        {
            "name": "rows",
            "type": "fixedCollection",
            "options": [
                {
                    "name": "row",
                    "values": [
                        {"name": "key", "type": "string"},
                        {"name": "value", "type": "string", "displayOptions": {"show": {"key": ["a"]}}},
                    ],
                }
            ],
        },
    ],
}


def at(raw: Json, *keys: str | int) -> Any:
    found: Any = raw
    for key in keys:
        found = found[key]
    return found


def problems(*keys: str | int, **changed: Any) -> list[tuple[str, str | None]]:
    """Path and hint of what is unsound once a part of the node is changed."""
    raw = copy.deepcopy(NODE)
    at(raw, *keys).update(changed)
    return [(problem.path, problem.hint) for problem in unsound_parts(raw)]


def test_what_is_right_has_no_problem() -> None:
    assert problems() == []


@pytest.mark.slow
@needs_corpus
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_is_wrong_with_nodes_that_run(file: Any) -> None:
    assert unsound_parts(document(file)["node"]) == []
    for credential in credentials(file):
        if not credential.get("extends"):
            assert unsound_parts(credential) == []


@pytest.mark.parametrize(
    ("keys", "kind", "hint"),
    [
        (("properties", 0), "optoins", "Did you mean 'options'?"),
        (("properties", 2, "options", 0), "strnig", "Did you mean 'string'?"),
        (("properties", 3, "options", 0, "values", 0), "datetime", "Did you mean 'dateTime'?"),
        (("properties", 2, "options", 1), "zzz", f"Known: {', '.join(sorted(TYPES))}."),
    ],
)
def test_an_unknown_type_of_a_property(keys: tuple[str | int, ...], kind: str, hint: str) -> None:
    [(path, said)] = problems(*keys, type=kind)
    assert path.endswith(".type")
    assert said == hint


@pytest.mark.parametrize(
    ("keys", "options", "place", "hint"),
    [
        (("properties", 1), {"show": {"authentcation": [1]}}, "show.authentcation", "Did you mean 'authentication'?"),
        (("properties", 2), {"hide": {"operaton": [1]}}, "hide.operaton", "Did you mean 'operation'?"),
        (("properties", 2, "options", 0), {"show": {"/operatoin": [1]}}, "show['/operatoin']", "'operation'"),
        # A sibling is meant by its name, a property at the root with a slash.
        (("properties", 2, "options", 0), {"show": {"operation": [1]}}, "show.operation", "'/operation'"),
        (("properties", 3, "options", 0, "values", 1), {"show": {"kye": [1]}}, "show.kye", "Did you mean 'key'?"),
        (("properties", 1, "options", 0), {"show": {"zzz": [1]}}, "show.zzz", "take the condition out"),
        (("credentials", 0), {"show": {"authenticate": [1]}}, "show.authenticate", "'authentication'"),
    ],
)
def test_a_name_in_display_options_that_no_property_has(
    keys: tuple[str | int, ...], options: Json, place: str, hint: str
) -> None:
    [(path, said)] = problems(*keys, displayOptions=options)
    assert path.endswith(f".displayOptions.{place}")
    assert hint in str(said)


@pytest.mark.parametrize("name", ["@version", "@tool", "@feature", "authentication.inner", "authentication[0]"])
def test_a_name_that_leads_somewhere_is_right(name: str) -> None:
    assert problems("properties", 1, displayOptions={"show": {name: [1]}}) == []


def test_names_of_another_document_count() -> None:
    raw = {"resource": "r", "properties": [{"name": "a", "type": "string", "displayOptions": {"show": {"x": [1]}}}]}
    assert len(unsound_parts(raw)) == 1
    assert unsound_parts(raw, frozenset({"x"})) == []


@pytest.mark.parametrize(
    ("method", "hint"),
    [
        ("GTE", "Did you mean 'GET'?"),
        ("POTS", "Did you mean 'POST'?"),
        ("DELET", "Did you mean 'DELETE'?"),
        ("X Y", ""),
    ],
)
def test_an_unknown_method(method: str, hint: str) -> None:
    for keys in (("requestDefaults",), ("properties", 1, "options", 0, "routing", "request")):
        [(path, said)] = problems(*keys, method=method)
        assert path.endswith(".method")
        assert hint in str(said)
    test = {"name": "c", "properties": [], "test": {"request": {"method": method}}}
    assert [problem.path for problem in unsound_parts(test)] == ["$.test.request.method"]


@pytest.mark.parametrize("method", ["get", "PATCH", "PROPFIND", "QUERY", "={{ $parameter.method }}"])
def test_a_known_method_or_one_that_is_worked_out(method: str) -> None:
    assert problems("requestDefaults", method=method) == []


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "TRACK"])
def test_a_method_that_is_never_sent_is_none(method: str) -> None:
    assert method not in METHODS
    assert problems("requestDefaults", method=method)


def test_operations_with_one_value() -> None:
    [(path, hint)] = problems("properties", 1, "options", 1, value="get")
    assert path == "$.properties[1].options[1].value"
    assert "'Put'" in str(hint)


def test_choices_of_any_property_with_one_value() -> None:
    raw = copy.deepcopy(NODE)
    raw["properties"][2]["options"].append(
        {"name": "c", "type": "options", "options": [{"name": "A", "value": 1}, {"name": "B", "value": 1}]}
    )
    assert [problem.path for problem in unsound_parts(raw)] == ["$.properties[2].options[2].options[1].value"]
    # True is not 1, and what is never visible together may be alike.
    raw["properties"][2]["options"][2]["options"][1] = {"name": "B", "value": True}
    assert unsound_parts(raw) == []
    shown = {"show": {"operation": ["get"]}}
    raw["properties"][0]["options"] = [{"name": "A", "value": 1}, {"name": "B", "value": 1, "displayOptions": shown}]
    assert unsound_parts(raw) == []


def test_operations_of_two_properties_that_are_visible_together() -> None:
    raw = copy.deepcopy(NODE)
    raw["properties"].append(copy.deepcopy(raw["properties"][1]))
    assert [problem.path for problem in unsound_parts(raw)] == [
        "$.properties[4].options[0].value",
        "$.properties[4].options[1].value",
    ]
    raw["properties"][4]["displayOptions"] = {"show": {"authentication": ["none"]}}
    assert unsound_parts(raw) == []


@pytest.mark.parametrize(
    ("key", "meant"), [("multipleValue", "multipleValues"), ("pasword", "password"), ("minvalue", "minValue")]
)
def test_a_misspelt_option_of_a_type(key: str, meant: str) -> None:
    [(path, hint)] = problems("properties", 2, "options", 0, typeOptions={key: True})
    assert path == f"$.properties[2].options[0].typeOptions.{key}"
    assert hint == f"Did you mean {meant!r}?"


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"$ref": "http://h.test/x"}, "schema['$ref']"),
        ({"items": {"pattern": "("}}, "schema.items.pattern"),
        ({"minimum": "1"}, "schema.minimum"),
    ],
)
def test_a_schema_that_cannot_be_used(schema: Json, place: str) -> None:
    [(path, _hint)] = problems("properties", 2, "options", 0, schema=schema)
    assert path == f"$.properties[2].options[0].{place}"


@pytest.mark.parametrize("raw", [None, [], 5, {}, {"properties": 5}, {"properties": [5, {"options": {}}]}])
def test_what_has_not_even_the_form_is_passed_by(raw: Any) -> None:
    assert unsound_parts(raw) == []


ROUTED: Json = {
    "name": "n",
    "properties": [
        {
            "name": "operation",
            "type": "options",
            "default": "get",
            "options": [
                {
                    "name": "Get",
                    "value": "get",
                    "routing": {
                        "output": {"postReceive": [{"type": "rootProperty", "properties": {"property": "a"}}]},
                        "operations": {
                            "pagination": {
                                "type": "offset",
                                "properties": {
                                    "limitParameter": "l",
                                    "offsetParameter": "o",
                                    "pageSize": 5,
                                    "type": "query",
                                },
                            }
                        },
                    },
                },
                {"name": "List", "value": "list"},
            ],
        },
        {"name": "a", "type": "string", "validateType": "number", "displayOptions": {"show": {"operation": ["list"]}}},
        {
            "name": "more",
            "type": "collection",
            "options": [{"name": "b", "type": "string", "displayOptions": {"hide": {"/operation": ["get"]}}}],
        },
    ],
}
STEP = ("properties", 0, "options", 0, "routing", "output", "postReceive", 0)
PAGES = ("properties", 0, "options", 0, "routing", "operations", "pagination", "properties")
TYPE: Json = {
    "name": "nApi",
    "properties": [{"name": "key", "type": "string"}],
    "authenticate": {"type": "generic", "properties": {"headers": {"X": "y"}, "auth": {"username": "u"}}},
    "test": {"request": {"url": "/me"}, "rules": [{"type": "responseCode", "properties": {"value": 401}}]},
}


@pytest.mark.parametrize(
    ("raw", "keys", "old", "new", "path", "meant"),
    [
        (ROUTED, (*STEP, "properties"), "property", "proprety", ".properties.proprety", "property"),
        (ROUTED, PAGES, "limitParameter", "limitParametr", ".pagination.properties.limitParametr", "limitParameter"),
        (ROUTED, PAGES, "pageSize", "pagesize", ".pagination.properties.pagesize", "pageSize"),
        (ROUTED, PAGES, "type", "tpye", ".pagination.properties.tpye", "type"),
        (TYPE, ("authenticate",), "type", "tpye", "$.authenticate.tpye", "type"),
        (TYPE, ("authenticate",), "properties", "propertis", "$.authenticate.propertis", "properties"),
        (TYPE, ("authenticate", "properties"), "headers", "header", "$.authenticate.properties.header", "headers"),
        (TYPE, ("authenticate", "properties", "auth"), "username", "usernam", ".auth.usernam", "username"),
        (TYPE, ("test", "rules", 0), "type", "tpye", "$.test.rules[0].tpye", "type"),
        (TYPE, ("test", "rules", 0, "properties"), "value", "vaule", "$.test.rules[0].properties.vaule", "value"),
    ],
)
def test_a_misspelt_key_of_what_models_keep_as_it_is(
    raw: Json, keys: tuple[str | int, ...], old: str, new: str, path: str, meant: str
) -> None:
    assert unsound_parts(raw) == []
    changed = copy.deepcopy(raw)
    part = at(changed, *keys)
    part[new] = part.pop(old)
    (problem,) = unsound_parts(changed)
    assert problem.path.endswith(path)
    assert problem.hint == f"Did you mean {meant!r}?"


@pytest.mark.parametrize(
    ("raw", "keys", "value", "meant"),
    [
        (ROUTED, ("properties", 1, "displayOptions", "show", "operation"), ["lsit"], "list"),
        (ROUTED, ("properties", 1, "displayOptions", "show", "operation"), ["get", "lst"], "list"),
        (ROUTED, ("properties", 2, "options", 0, "displayOptions", "hide", "/operation"), ["List"], "list"),
        (ROUTED, ("properties", 0, "default"), "lst", "list"),
        (ROUTED, ("properties", 1, "validateType"), "nubmer", "number"),
        (ROUTED, (*PAGES, "type"), "quary", "query"),
        (TYPE, ("authenticate", "type"), "generc", "generic"),
        (TYPE, ("test", "rules", 0, "type"), "responsCode", "responseCode"),
    ],
)
def test_a_misspelt_value_of_a_choice(raw: Json, keys: tuple[str | int, ...], value: Any, meant: str) -> None:
    changed = copy.deepcopy(raw)
    at(changed, *keys[:-1])[keys[-1]] = value
    (problem,) = unsound_parts(changed)
    assert problem.hint == f"Did you mean {meant!r}?"


def test_a_value_is_no_typo_where_others_may_come_to_the_choices() -> None:
    changed = copy.deepcopy(ROUTED)
    changed["properties"][1]["displayOptions"]["show"]["operation"] = ["lsit"]
    changed["properties"][0]["typeOptions"] = {"loadOptionsMethod": "x"}
    assert unsound_parts(changed) == []
    # Of two properties of one name, each has its own choices.
    changed = copy.deepcopy(ROUTED)
    changed["properties"].append({"name": "operation", "type": "options", "options": [{"name": "X", "value": "lsit"}]})
    changed["properties"][1]["displayOptions"]["show"]["operation"] = ["lsit"]
    assert unsound_parts(changed) == []


def test_the_types_that_are_known_are_those_that_values_are_brought_to() -> None:
    read = {*coercion._READERS, "datetime", "options", "string"}
    assert {kind.lower() for kind in VALIDATED} == read
    assert set(partkeys._PAGINATION_PROPERTIES) < set(PAGINATIONS)
    assert set(partkeys._STEP_PROPERTIES) < set(postreceive._KINDS)
