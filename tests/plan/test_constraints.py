"""What a descriptor states of a value is held to: literals when compiled, items when resolved, and nothing is sent."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from nodeloom import Runtime
from nodeloom.descriptor.catalogue import Node
from nodeloom.errors import DescriptorError, InvalidValueError, ParameterError
from nodeloom.testing import RecordingTransport
from tests.plan.harness import body_of, node, request_of

Json = dict[str, Any]


def prop(send: Json, **more: Any) -> Json:
    routing = {"send": {"property": "a", **send}}
    return {"displayName": "A", "name": "a", "type": "string", **more, "routing": routing}


def options(send: Json, *values: Any, **more: Any) -> Json:
    return prop(send, **{"type": "options", "options": [{"name": f"The {v}", "value": v} for v in values], **more})


SPEED = options({"type": "body", "encode": "string"}, "fast", "slow")

REFUSED = [
    (SPEED, "fats", "fast"),
    (SPEED, "The fast", "fast"),
    (options({"type": "query", "encode": "integer"}, 1, 2), 3, "1, 2"),
    (options({"type": "header"}, "on", "off"), "of", "off"),
    (options({"type": "path"}, "eu", "us"), "ue", "'us'"),
    (options({"type": "query", "style": "form", "explode": True}, "a", "b", type="multiOptions"), ["a", "c"], "'a'"),
    (prop({"type": "query", "encode": "integer"}, schema={"minimum": 1, "maximum": 9}), 10, "9 or less"),
    (prop({"type": "body", "encode": "string"}, schema={"pattern": "^[a-z]+$"}), "A1", "^[a-z]+$"),
    (prop({"type": "path"}, schema={"maxLength": 3}), "abcd", "at most 3"),
    (prop({"type": "header"}, schema={"type": "integer", "maximum": 5}), "7", "5 or less"),
    (prop({"type": "cookie", "encode": "string"}, schema={"minLength": 2}), "x", "at least 2"),
    (prop({"type": "body", "encode": "string"}, schema={"format": "date-time"}), "tomorrow", "2026-01-31T09:30:00Z"),
    (prop({"type": "query", "encode": "jsonText"}, schema={"type": "array"}), '{"a": 1}', "a list"),
    (prop({"type": "path", "encode": "odata.integer"}, schema={"format": "int32"}), 2**31, "2147483647"),
    (prop({"type": "query", "encode": "number"}, type="number", typeOptions={"minValue": 1}), 0, "1 or more"),
    (
        prop(
            {"type": "query", "style": "form", "explode": True},
            schema={"type": "array", "items": {"type": "integer", "maximum": 3}},
            typeOptions={"multipleValues": True},
        ),
        ["1", "4"],
        "3 or less",
    ),
    # Sent as n8n sends it, but with a schema, which is Nodeloom's.
    (prop({"type": "query"}, schema={"enum": ["x", "y"]}), "z", "'x', 'y'"),
    ({"displayName": "A", "name": "a", "type": "string", "schema": {"maxLength": 1}}, "zz", "at most 1"),
]


@pytest.mark.parametrize(("declared", "value", "hint"), REFUSED, ids=range(len(REFUSED)))
def test_a_literal_is_checked_when_it_is_compiled(declared: Json, value: Any, hint: str) -> None:
    url = "/{a}" if declared.get("routing", {}).get("send", {}).get("type") == "path" else "/x"
    with pytest.raises(ParameterError) as caught:
        request_of(node(declared, requestDefaults={"baseURL": "https://h.test", "url": url}), {"a": value})
    assert caught.value.property == "A"
    assert caught.value.value is not None
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize(("declared", "value", "hint"), REFUSED, ids=range(len(REFUSED)))
def test_an_item_is_checked_when_it_is_resolved_and_nothing_is_sent(declared: Json, value: Any, hint: str) -> None:
    transport = RecordingTransport()
    probe = node(declared)
    with Runtime(transport=transport) as runtime:
        runtime.add_node(probe.document.to_dict())
        [failed, _good] = runtime.run(
            "probe", {"a": "={{ $json.a }}"}, items=[{"a": value}, {}], on_error="continue"
        ).items
    error = failed["json"]["error"]
    assert error["code"] == "invalid_value"
    assert error["property"] == "A"
    assert error["expression"] == "={{ $json.a }}"
    assert hint in error["hint"]


TAKEN = [
    (SPEED, "slow"),
    (options({"type": "query", "encode": "integer"}, 1, 2), "2"),
    (options({"type": "header"}, 1, 2), 2),
    (options({"type": "query", "style": "form", "explode": True}, "a", "b", type="multiOptions"), "a"),
    (options({"type": "query", "style": "form", "explode": True}, 1, 2, type="multiOptions"), ["1", 2]),
    (options({"type": "body", "encode": "boolean"}, True, False), "true"),
    # What is written in the descriptor as a default is a choice.
    (options({"type": "body", "encode": "string"}, "a", default="b"), "b"),
    # The descriptor says that there are more.
    (options({"type": "body", "encode": "string"}, "a", allowArbitraryValues=True), "z"),
    (options({"type": "body", "encode": "string"}, "a", typeOptions={"loadOptionsMethod": "get"}), "z"),
    (prop({"type": "query", "encode": "integer"}, schema={"minimum": 1}), "5"),
    # null is a value of any field of a body, and a choice of none.
    (SPEED, None),
]


@pytest.mark.parametrize(("declared", "value"), TAKEN, ids=range(len(TAKEN)))
def test_what_is_allowed_is_sent(declared: Json, value: Any) -> None:
    for written, item in ((value, {}), ("={{ $json.a }}", {"a": value})):
        request_of(node(declared), {"a": written}, item)


N8N = [
    options({"type": "body"}, "fast", "slow"),
    options({"type": "query"}, "fast", "slow"),
    prop({"type": "query"}, type="number", typeOptions={"minValue": 1, "maxValue": 2}),
    options({}, 1, 2),
]


@pytest.mark.parametrize("declared", N8N, ids=range(len(N8N)))
def test_descriptors_written_for_n8n_are_not_held_to_what_n8n_does_not_check(declared: Json) -> None:
    request_of(node(declared), {"a": 7})
    request_of(node(declared), {"a": "={{ $json.a }}"}, {"a": "other"})


def test_members_of_a_collection_are_checked_as_well() -> None:
    inner = options({"type": "query", "encode": "string"}, "fast", "slow")
    probe = node({"displayName": "Options", "name": "more", "type": "collection", "default": {}, "options": [inner]})
    with pytest.raises(ParameterError, match="not one of the choices") as caught:
        request_of(probe, {"more": {"a": "fst"}})
    assert caught.value.property == "A"
    with pytest.raises(InvalidValueError, match="not one of the choices"):
        request_of(probe, {"more": "={{ $json }}"}, {"a": "fst"})
    with pytest.raises(InvalidValueError, match="not one of the choices"):
        request_of(probe, {"more": {"a": "={{ $json.a }}"}}, {"a": "fst"})


def test_the_place_inside_a_json_value_is_named() -> None:
    schema = {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer", "maximum": 9}}}}
    probe = node(prop({"type": "body", "encode": "json"}, type="json", schema=schema))
    with pytest.raises(ParameterError, match=r"at \$\[1\]\.n: the number is greater than 9"):
        request_of(probe, {"a": '[{"n": 1}, {"n": 10}]'})
    assert body_of(request_of(probe, {"a": [{"n": 9}]})) == {"a": [{"n": 9}]}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "http://127.0.0.1:9/x.json"}, "nothing is fetched"),
        ({"$ref": "file:///etc/hostname"}, "nothing is fetched"),
        ({"$ref": "#/$defs/none"}, "leads nowhere"),
        ({"pattern": "("}, "not a JavaScript regular expression"),
        ({"minimum": "a"}, "not a number"),
    ],
)
def test_a_schema_that_cannot_be_used_names_its_property_before_anything_is_sent(schema: Json, words: str) -> None:
    """In a run and in a plan alike, whatever the policy is: the schema is looked at when it is compiled."""
    transport = RecordingTransport()
    with Runtime(transport=transport) as runtime:
        runtime.add_node(node(prop({"type": "body", "encode": "json"}, type="json", schema=schema)).document.to_dict())
        for attempt in (runtime.plan, runtime.run):
            with pytest.raises(DescriptorError, match=words) as caught:
                attempt("probe", {"a": "={{ $json.a }}"}, items=[{"a": 1}])
            assert caught.value.property == "A"
            assert str(caught.value.path).startswith("$.schema")
    assert transport.requests == []


def test_a_pattern_that_does_not_end_fails_its_item_only() -> None:
    probe = node(prop({"type": "query", "encode": "string"}, schema={"pattern": "^(a+)+$"}))
    with Runtime(transport=RecordingTransport()) as runtime:
        runtime.add_node(probe.document.to_dict())
        result = runtime.run(
            "probe", {"a": "={{ $json.a }}"}, items=[{"a": "a" * 60 + "!"}, {"a": "aa"}], on_error="continue"
        )
    assert [item["json"].get("error", {}).get("code") for item in result.items] == ["invalid_value", None]


def test_without_javascript_patterns_are_the_service_s_to_judge() -> None:
    probe = node(prop({"type": "query", "encode": "string"}, schema={"pattern": "^a$", "maxLength": 3}))
    with Runtime(transport=RecordingTransport(), javascript=False) as runtime:
        runtime.add_node(probe.document.to_dict())
        [taken, refused] = runtime.run(
            "probe", {"a": "={{ $json.a }}"}, items=[{"a": "b"}, {"a": "bbbb"}], on_error="continue"
        ).items
    assert "error" not in taken["json"]
    assert refused["json"]["error"]["code"] == "invalid_value"


def test_the_form_that_is_described_says_what_is_checked() -> None:
    declared = [
        prop({"type": "query", "encode": "integer"}, type="number", schema={"type": "integer", "minimum": 1}),
        prop({"type": "query", "encode": "string"}, name="b", schema={"pattern": "^a", "maxLength": 3}),
    ]
    with Runtime(transport=RecordingTransport()) as runtime:
        runtime.add_node(Node(node(*declared).document.to_dict()).document.to_dict())
        described = runtime.describe("probe", "go")["schema"]["properties"]
    assert described["a"]["anyOf"][0] == {"type": ["number", "null"], "minimum": 1}
    first = described["b"]["anyOf"][0]
    assert (first["pattern"], first["maxLength"]) == ("^a", 3)


def test_a_schema_that_refers_to_itself_is_described_so_that_it_still_does() -> None:
    tree = {"type": "object", "properties": {"below": {"$ref": "#"}}, "additionalProperties": False}
    probe = node(prop({"type": "body", "encode": "json"}, type="json", schema=tree))
    with Runtime(transport=RecordingTransport()) as runtime:
        runtime.add_node(probe.document.to_dict())
        validator = Draft202012Validator(runtime.describe("probe", "go")["schema"])
    assert validator.is_valid({"a": {"below": {"below": {}}}})
    assert not validator.is_valid({"a": {"below": {"other": 1}}})
