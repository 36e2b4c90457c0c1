"""What a host needs to draw a form: fields in order, and a JSON Schema that accepts what the runtime accepts."""

from __future__ import annotations

import functools
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from nodeloom.datafolder import data_root
from nodeloom.descriptor.catalogue import OPERATION, RESOURCE, Node
from nodeloom.descriptor.forms import describe
from nodeloom.errors import UnknownNameError
from tests.descriptor.corpus import FILES, document, needs_corpus

THREECX = Node.from_path(data_root() / "nodes" / "threecx")


def node_of(*properties: dict[str, Any], operations: list[dict[str, Any]] | None = None, **more: Any) -> Node:
    """A node with these properties, and one operation `go` unless others are given."""
    options = operations or [{"name": "Go", "value": "go"}]
    operation = {"name": "operation", "type": "options", "options": options}
    return Node({"name": "n", "displayName": "N", "properties": [operation, *properties], **more})


@functools.cache
def check(schema: str) -> None:
    """That a part of a schema is valid; parts that look alike are checked once, for it takes long."""
    Draft202012Validator.check_schema(json.loads(schema))


def check_schema(schema: dict[str, Any]) -> None:
    for part in [*schema["properties"].values(), *schema.get("allOf", ())]:
        check(json.dumps({k: v for k, v in part.items() if k not in ("title", "description", "default")}))
        assert all(isinstance(part.get(key, ""), str) for key in ("title", "description"))
    check(json.dumps({k: v for k, v in schema.items() if k not in ("title", "properties", "allOf")}))


def accepts(node: Node, **parameters: Any) -> bool:
    schema = describe(node, "go")["schema"]
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema).is_valid(parameters)


def text(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "string", **more}


def defaulted(node: Node, name: str, resource: str | None) -> Any:
    """The resource or operation that n8n uses when a case names none."""
    for prop in node.document.properties:
        shown = (prop.display_options.show or {}) if prop.display_options else {}
        if prop.name == name and prop.has_default and resource in shown.get(RESOURCE, [resource]):
            return prop.default
    return None


@pytest.mark.slow
@needs_corpus
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_operation_s_schema_accepts_what_was_recorded_for_it_and_no_misspelt_parameter(file: Path) -> None:
    node = Node(document(file)["node"])
    recorded: dict[tuple[Any, Any], list[Any]] = {}
    for case in document(file)["cases"]:
        parameters = case["parameters"]
        resource = parameters.get(RESOURCE) or defaulted(node, RESOURCE, None)
        operation = parameters.get(OPERATION) or defaulted(node, OPERATION, resource)
        recorded.setdefault((resource, operation), []).append(parameters)
    for resource in node.resources() or [None]:  # type: ignore[list-item]
        for option in node.operations(resource):
            names = [option.value] if resource is None else [resource, option.value]
            described = describe(node, *names)
            check_schema(described["schema"])
            validator = Draft202012Validator(described["schema"])
            for parameters in recorded.pop((resource, option.value), []):
                assert list(validator.iter_errors(parameters)) == []
                for name in list(parameters)[-1:]:
                    misspelt = {(f"{k}x" if k == name else k): v for k, v in parameters.items()}
                    assert not validator.is_valid(misspelt)
    # What is left names an operation that its resource does not offer; n8n runs it without routing.
    for resource, operation in recorded:
        with pytest.raises(UnknownNameError):
            node.match_operation(resource, operation)


def test_the_description_of_a_node() -> None:
    described = describe(THREECX)
    assert described["node"] == "threecx"
    assert described["label"] == "3CX"
    assert described["credentials"] == ["threeCxApi"]
    assert {"name": "Website Links", "value": "Website Links", "operations": 7} in described["resources"]
    assert sum(resource["operations"] for resource in described["resources"]) == 601
    json.dumps(described)


def test_the_description_of_a_resource() -> None:
    described = describe(THREECX, "websitelinks")
    assert described["resource"] == "Website Links"
    assert described["operations"][-1] == {
        "name": "Delete Weblink",
        "value": "Delete Weblink",
        "action": "Delete a website link",
        "description": "Delete the website link with this key.",
    }


def test_the_description_of_an_operation() -> None:
    described = describe(THREECX, "website links", "delete weblink")
    assert (described["method"], described["url"]) == ("DELETE", "/WebsiteLinks({Link})")
    assert described["fields"] == [
        {
            "name": "Link",
            "label": "Link",
            "type": "string",
            "required": True,
            "description": "Key of the website link.",
            "default": "={{ $json.Link }}",
        },
        {
            "name": "If Match",
            "label": "If Match",
            "type": "string",
            "required": False,
            "description": "ETag the website link must still have.",
            "placeholder": '={{ $json["@odata.etag"] }}',
        },
    ]
    assert described["schema"]["title"] == "3CX, Website Links, Delete Weblink"
    json.dumps(described)


def test_wrong_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="no resource"):
        describe(THREECX, "Websites")
    with pytest.raises(UnknownNameError) as caught:
        describe(THREECX, "Website Links", "Delete Web Lnk")
    assert caught.value.hint == "Did you mean 'Delete Weblink'?"


def test_a_node_without_resources_takes_the_operation_in_their_place() -> None:
    node = node_of(text("a"))
    assert describe(node)["operations"] == [{"name": "Go", "value": "go"}]
    assert describe(node, "go") == describe(node, None, "GO")


def test_a_node_that_is_its_own_one_operation_is_described_with_its_fields() -> None:
    node = Node({"name": "n", "displayName": "N", "properties": [text("a", required=True)]})
    described = describe(node)
    assert described["operations"] == []
    assert [field["name"] for field in described["fields"]] == ["a"]
    assert described["schema"]["required"] == ["a"]
    assert described["example"] == "nodeloom run n --set a=example"


def test_fields_stand_in_order_with_what_a_form_shows() -> None:
    node = node_of(
        text("b", displayName="Bee", description="d", hint="h", placeholder="p", default="x", required=True),
        {"name": "note", "type": "notice"},
        {"name": "list", "type": "string", "typeOptions": {"multipleValues": True}},
        {
            "name": "pick",
            "type": "options",
            "options": [{"name": "One", "value": 1, "description": "first"}, {"name": "Two", "value": 2}],
        },
        {
            "name": "c",
            "type": "collection",
            "default": {},
            "options": [text("inner"), {"name": "n2", "type": "notice"}],
        },
        {
            "name": "f",
            "type": "fixedCollection",
            "options": [{"name": "row", "displayName": "Row", "values": [text("key")]}],
        },
        text("later", displayOptions={"show": {"b": ["y"], "operation": ["go"]}, "hide": {"/pick": [2]}}),
        text("elsewhere", displayOptions={"show": {"operation": ["stop"]}}),
        text("hidden", displayOptions={"hide": {"/operation": ["go"]}}),
        operations=[{"name": "Go", "value": "go"}, {"name": "Stop", "value": "stop"}],
    )
    fields = describe(node, "go")["fields"]
    assert [field["name"] for field in fields] == ["b", "list", "pick", "c", "f", "later"]
    bee, several, pick, collection, fixed, later = fields
    assert bee == {
        "name": "b",
        "label": "Bee",
        "type": "string",
        "required": True,
        "description": "d",
        "hint": "h",
        "placeholder": "p",
        "default": "x",
    }
    assert several["multiple"] is True
    assert pick["options"] == [{"name": "One", "value": 1, "description": "first"}, {"name": "Two", "value": 2}]
    assert [inner["name"] for inner in collection["fields"]] == ["inner"]
    assert [(g["name"], g["label"], [f["name"] for f in g["fields"]]) for g in fixed["groups"]] == [
        ("row", "Row", ["key"])
    ]
    assert later["visibleWhen"] == {"show": {"b": ["y"]}, "hide": {"/pick": [2]}}


def test_parts_another_operation_has_are_not_offered() -> None:
    elsewhere = {"show": {"/operation": ["stop"]}}
    node = node_of(
        {
            "name": "pick",
            "type": "options",
            "options": [{"name": "A", "value": "a"}, {"name": "B", "value": "b", "displayOptions": elsewhere}],
        },
        {"name": "c", "type": "collection", "options": [text("x"), text("y", displayOptions=elsewhere)]},
        operations=[{"name": "Go", "value": "go"}, {"name": "Stop", "value": "stop"}],
    )
    pick, collection = describe(node, "go")["fields"]
    assert [option["value"] for option in pick["options"]] == ["a"]
    assert [field["name"] for field in collection["fields"]] == ["x"]


def test_the_version_decides_too() -> None:
    old = text("old", displayOptions={"show": {"@version": [1]}})
    new = text("new", displayOptions={"show": {"@version": [{"_cnd": {"gte": 2}}]}})
    assert [f["name"] for f in describe(node_of(old, new, version=[1, 2]), "go")["fields"]] == ["new"]


TEMPLATES: list[Any] = [
    "={{ $json.x }}",
    "{{ $json.x }}",
    "<<$json.x>>",
    "=",
    {"$literal": "{{ x }}"},
    {"$literal": {}},
]
FIELDS: dict[str, tuple[dict[str, Any], list[Any], list[Any]]] = {
    "string": ({"type": "string"}, ["x", "", 5, 1.5, True, None], [[], {}, ["x"]]),
    "number": ({"type": "number"}, [5, 1.5, None], ["5", "x", True, [], {}]),
    "boolean": ({"type": "boolean"}, [True, False], ["true", 1, None, []]),
    "dateTime": ({"type": "dateTime"}, ["2026-01-31T00:00:00Z"], [[], {}]),
    "options": (
        {"type": "options", "options": [{"name": "A", "value": "a"}, {"name": "N", "value": 1}], "default": ""},
        ["a", 1, ""],
        ["A", "b", True, ["a"]],
    ),
    "loaded options": (
        {"type": "options", "typeOptions": {"loadOptionsMethod": "x"}, "options": []},
        ["a"],
        [["a"], {}],
    ),
    "multiOptions": (
        {"type": "multiOptions", "options": [{"name": "A", "value": "a"}, {"name": "B", "value": "b"}]},
        [["a"], ["a", "b"], [], ["={{ $json.x }}"]],
        ["a", ["c"], {}],
    ),
    "several strings": (
        {"type": "string", "typeOptions": {"multipleValues": True}},
        [["a", "={{ $json.x }}", {"$literal": "x"}], "a", []],
        [[[]], {"a": 1}],
    ),
    "json": ({"type": "json"}, ['{"a": 1}', "no json yet", {"a": 1}, [], 5, None], []),
    "json with a schema": (
        {
            "type": "json",
            "schema": {
                "type": "object",
                "properties": {"n": {"type": "integer"}, "l": {"type": "array", "items": {"type": "integer"}}},
                "additionalProperties": False,
            },
        },
        [{"n": 5}, {"n": "={{ $json.n }}"}, {"l": [1, "{{ $json.n }}"]}, {"n": {"$literal": 5}}, '{"n": 5}'],
        [{"n": "5"}, [], {"l": ["x"]}, {"m": 1}, 5],
    ),
    "an encoded number": (
        {"type": "number", "routing": {"send": {"property": "x", "encode": "integer"}}},
        [5, "5", " -5 "],
        ["5.5", "x", True],
    ),
    "an encoded boolean": (
        {"type": "boolean", "routing": {"send": {"property": "x", "encode": "boolean"}}},
        [True, "TRUE", "false"],
        ["yes", 1],
    ),
    "collection": (
        {"type": "collection", "options": [{"name": "a", "type": "number"}]},
        [{}, {"a": 1}, {"a": "={{ 1 }}"}],
        [{"b": 1}, {"a": "x"}, [], "x"],
    ),
    "several collections": (
        {"type": "collection", "typeOptions": {"multipleValues": True}, "options": [{"name": "a", "type": "number"}]},
        [[], [{"a": 1}, {}], {"a": 1}],
        [[{"b": 1}], [5]],
    ),
    "fixedCollection": (
        {"type": "fixedCollection", "options": [{"name": "row", "values": [{"name": "a", "type": "number"}]}]},
        [{}, {"row": {"a": 1}}],
        [{"rows": {}}, {"row": {"b": 1}}, {"row": [{"a": 1}]}],
    ),
    "several fixed collections": (
        {
            "type": "fixedCollection",
            "typeOptions": {"multipleValues": True},
            "options": [{"name": "row", "values": [{"name": "a", "type": "number"}]}],
        },
        [{"row": [{"a": 1}, {}]}, {"row": {"a": 1}}],
        [{"row": [{"b": 1}]}, {"row": "x"}],
    ),
    "resourceLocator": (
        {"type": "resourceLocator"},
        ["x", 5, {"__rl": True, "mode": "id", "value": "x"}, {"mode": "id", "value": "={{ $json.x }}"}],
        [{"mode": "id"}, []],
    ),
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_takes_values_of_its_type_and_expressions_and_literals(field: str) -> None:
    raw, good, bad = FIELDS[field]
    node = node_of({"name": "x", **raw})
    for value in [*good, *TEMPLATES]:
        assert accepts(node, operation="go", x=value), value
    for value in bad:
        assert not accepts(node, operation="go", x=value), value


def test_a_field_without_expressions_takes_none() -> None:
    node = node_of({"name": "x", "type": "number", "noDataExpression": True})
    assert not accepts(node, x="={{ $json.x }}")
    assert accepts(node, x={"$literal": 5})


def test_unknown_parameters_are_refused_and_request_options_taken() -> None:
    node = node_of(text("a"))
    assert not accepts(node, b=1)
    assert accepts(node, a="x", requestOptions={"timeout": 5})


def test_defaults_are_written_where_they_are() -> None:
    schema = describe(node_of(text("a", default="x", displayName="Ay", description="d")), "go")["schema"]
    found = schema["properties"]["a"]
    assert (found["title"], found["description"], found["default"]) == ("Ay", "d", "x")


@pytest.mark.parametrize(
    ("more", "required"),
    [
        ({}, True),
        ({"default": ""}, True),
        ({"default": None}, True),
        ({"default": "x"}, False),
        ({"default": 0}, False),
    ],
)
def test_a_required_field_is_required_unless_a_default_fills_it(more: dict[str, Any], required: bool) -> None:
    node = node_of(text("a", required=True, **more))
    assert accepts(node) is not required
    assert accepts(node, a="x")


def test_a_field_is_required_when_it_is_visible() -> None:
    node = node_of(
        text("mode", default="list"),
        {"name": "all", "type": "boolean", "default": False},
        text("id", required=True, displayOptions={"show": {"mode": ["id", "url"]}}),
        text("limit", required=True, displayOptions={"show": {"mode": ["list"], "all": [False]}}),
        text("why", required=True, displayOptions={"hide": {"mode": ["list", "id"]}}),
    )
    assert accepts(node, limit="5")
    assert not accepts(node)
    assert accepts(node, all=True)
    assert not accepts(node, mode="id")
    assert accepts(node, mode="id", id="x")
    assert not accepts(node, mode="url", id="x")
    assert accepts(node, mode="url", id="x", why="y")


def test_several_fields_of_one_name_take_what_any_takes() -> None:
    node = node_of(
        text("mode"),
        {"name": "x", "type": "number", "displayOptions": {"show": {"mode": ["n"]}}},
        {"name": "x", "type": "boolean", "displayOptions": {"show": {"mode": ["b"]}}},
    )
    assert accepts(node, x=5)
    assert accepts(node, x=True)
    assert not accepts(node, x="five")


def test_resource_and_operation_go_by_value_or_label_and_may_be_left_out_when_the_runtime_knows_them() -> None:
    two = [{"name": "Do it", "value": "go"}, {"name": "Stop", "value": "stop"}]
    assert not accepts(node_of(operations=two))
    assert accepts(node_of(operations=two), operation="go")
    assert accepts(node_of(operations=two), operation="Do it")
    assert not accepts(node_of(operations=two), operation="stop")
    assert accepts(node_of())
    operation = {"name": "operation", "type": "options", "options": two, "default": "go"}
    with_default = Node({"name": "n", "displayName": "N", "properties": [operation]})
    assert accepts(with_default)
    assert describe(with_default, "stop")["schema"]["required"] == ["operation"]


@pytest.mark.parametrize("operation", THREECX.operation_names("Website Links"))
def test_the_example_of_an_operation_is_one_shell_command_that_names_what_is_needed(operation: str) -> None:
    described = describe(THREECX, "Website Links", operation)
    words = shlex.split(described["example"])
    assert words[:5] == ["nodeloom", "run", "threecx", "Website Links", operation]
    assert set(words[5::2]) <= {"--set"}
    given = dict(setting.split("=", 1) for setting in words[6::2])
    schema = Draft202012Validator(described["schema"])
    assert list(schema.iter_errors({"resource": "Website Links", "operation": operation, **given})) == []
    assert {f["name"] for f in described["fields"] if f["required"] and "visibleWhen" not in f} == set(given)


def test_an_example_is_quoted_for_the_shell() -> None:
    node = node_of(
        text("a b", required=True, default="it's; rm -rf $HOME"),
        {"name": "n", "type": "options", "required": True, "options": [{"name": "Yes", "value": True}]},
        {"name": "j", "type": "json", "required": True, "placeholder": '["a"]'},
        {"name": "k", "type": "number", "required": True, "default": "={{ $json.k }}"},
    )
    assert shlex.split(describe(node, "go")["example"]) == [
        *["nodeloom", "run", "n", "Go"],
        *["--set", "a b=it's; rm -rf $HOME"],
        *["--set", "n=true"],
        *["--set", 'j=["a"]'],
        *["--set", "k=1"],
    ]
