"""Validation leads to the very place, shows the piece and says what would be right."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from nodeloom.descriptor.models import CredentialType, NodeDescriptor
from nodeloom.descriptor.validation import (
    KINDS,
    Problem,
    json_path,
    kind_of,
    load_schema,
    validate_document,
)
from nodeloom.errors import DescriptorError
from tests.descriptor.corpus import FILES, ROOT, credentials, document, needs_corpus
from tests.descriptor.pieces import KEYS, REQUIRED, WRONG, Piece, pieces_of

# A descriptor with one of everything, for machines without the recorded ones.
SAMPLE: Any = {
    "name": "sample",
    "displayName": "Sample",
    "version": [1, 1.1],
    "group": ["transform"],
    "description": "d",
    "defaults": {"name": "Sample"},
    "inputs": ["main"],
    "credentials": [{"name": "sampleApi", "required": True, "displayOptions": {"show": {"authentication": ["key"]}}}],
    "requestDefaults": {"baseURL": "https://h", "headers": {"a": "b"}},
    "properties": [
        {
            "displayName": "Operation",
            "name": "operation",
            "type": "options",
            "noDataExpression": True,
            "default": "go",
            "options": [
                {
                    "name": "Go",
                    "value": "go",
                    "action": "Go",
                    "routing": {
                        "request": {"method": "GET", "url": "/go"},
                        "output": {"postReceive": [{"type": "rootProperty", "properties": {"property": "data"}}]},
                    },
                }
            ],
        },
        {
            "displayName": "Fields",
            "name": "fields",
            "type": "collection",
            "default": {},
            "displayOptions": {"show": {"operation": ["go"]}},
            "options": [
                {
                    "displayName": "A",
                    "name": "a",
                    "type": "string",
                    "required": True,
                    "routing": {"send": {"type": "query", "property": "a", "propertyInDotNotation": False}},
                }
            ],
        },
        {
            "displayName": "Rows",
            "name": "rows",
            "type": "fixedCollection",
            "typeOptions": {"multipleValues": True},
            "default": {},
            "options": [
                {"name": "row", "displayName": "Row", "values": [{"name": "key", "type": "string", "default": ""}]}
            ],
        },
    ],
}
CREDENTIAL: Any = {
    "name": "sampleApi",
    "displayName": "Sample API",
    "properties": [{"name": "key", "displayName": "Key", "type": "string", "default": ""}],
    "authenticate": {"type": "generic", "properties": {"headers": {"k": "={{ $credentials.key }}"}}},
    "test": {"request": {"baseURL": "https://h", "url": "/me"}},
    "token": {"accessTokenUrl": "u", "clientId": "c", "clientSecret": "s"},
}
# The small ones: a hundred copies of the large ones take a minute, and hold nothing new.
NODES = [SAMPLE, *(document(file)["node"] for file in FILES if file.stat().st_size < 40_000)]
NODE_SCHEMA = Draft202012Validator(load_schema("node"))
slow = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def pieces(draw: st.DrawFn) -> tuple[Any, Piece]:
    """A copy of a descriptor, and one object in it."""
    node = copy.deepcopy(draw(st.sampled_from(NODES)))
    found = pieces_of(node)
    kind = draw(st.sampled_from(sorted({piece.kind for piece in found})))
    return node, draw(st.sampled_from([piece for piece in found if piece.kind == kind]))


def agreed(node: Any) -> bool:
    """Whether the node is valid, after a check that reading, model, published schema and validation say the same."""
    try:
        NodeDescriptor.model_validate(node)
    except ValidationError:
        valid = False
    else:
        valid = True
    try:
        NodeDescriptor.declared.model.model_validate(node)
    except ValidationError:
        assert not valid
    else:
        assert valid
    assert NODE_SCHEMA.is_valid(node) is valid
    assert valid or validate_document(node, "node")
    return valid


@pytest.mark.slow
@needs_corpus
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_recorded_descriptor_is_valid_for_models_and_schemas(file: Any) -> None:
    node = document(file)["node"]
    assert kind_of(node) == "node"
    assert validate_document(node, "node") == []
    assert list(NODE_SCHEMA.iter_errors(node)) == []
    for credential in credentials(file):
        assert kind_of(credential) == "credential"
        assert validate_document(credential, "credential") == []
        assert Draft202012Validator(load_schema("credential")).is_valid(credential)


@pytest.mark.slow
@needs_corpus
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_recorded_descriptor_is_written_out_as_it_was_read(file: Any) -> None:
    node = document(file)["node"]
    assert NodeDescriptor.model_validate(node).to_dict() == node
    for credential in credentials(file):
        assert CredentialType.model_validate(credential).to_dict() == credential


@given(
    pieces(), st.dictionaries(st.from_regex(r"x_[a-z0-9]{6}", fullmatch=True), st.integers() | st.text(), max_size=3)
)
@slow
def test_keys_nobody_knows_are_kept_and_no_fault(found: tuple[Any, Piece], extra: dict[str, Any]) -> None:
    node, piece = found
    piece.value.update(extra)
    assert validate_document(node, "node") == []
    assert agreed(node)
    assert NodeDescriptor.model_validate(node).to_dict() == node


@given(pieces(), st.data())
@slow
def test_a_required_key_that_is_missing_is_named_at_its_object(found: tuple[Any, Piece], data: st.DataObject) -> None:
    node, piece = found
    assume(piece.kind in REQUIRED)
    key = data.draw(st.sampled_from(REQUIRED[piece.kind]))
    del piece.value[key]
    assert not agreed(node)
    problems = [p for p in validate_document(node, "node") if p.path == json_path(piece.path)]
    assert [(p.message, p.hint) for p in problems] == [(f"{key!r} is missing.", f"Add {key!r}.")]


@given(pieces(), st.data())
@slow
def test_a_value_of_the_wrong_type_is_shown_where_it_is(found: tuple[Any, Piece], data: st.DataObject) -> None:
    node, piece = found
    present = sorted(set(KEYS[piece.kind]) & piece.value.keys())
    assume(present)
    key = data.draw(st.sampled_from(present))
    wrong = data.draw(st.sampled_from(WRONG[KEYS[piece.kind][key]]))
    piece.value[key] = wrong
    assert not agreed(node)
    path = json_path((*piece.path, key))
    problems = validate_document(node, "node")
    # A wrong type of a property also says something else about what its options are.
    assert problems[0].path == path or (key == "type" and path in [p.path for p in problems])
    (problem,) = [p for p in problems if p.path == path]
    assert problem.value is not None
    assert problem.hint is not None
    assert problem.hint.startswith(("Write ", "Allowed: ", "Did you mean "))


def slips(key: str) -> list[str]:
    """The ways to write a key with one slip."""
    found = []
    for i in range(len(key)):
        found += [key[:i] + key[i + 1 :], key[:i] + key[i] + key[i:], key[:i] + "q" + key[i + 1 :]]
        if i + 1 < len(key):
            found.append(key[:i] + key[i + 1] + key[i] + key[i + 2 :])
    return [f for f in dict.fromkeys([*found, key.lower(), key.upper()]) if f != key]


@given(pieces(), st.data())
@slow
def test_a_misspelt_key_is_answered_with_the_right_one(found: tuple[Any, Piece], data: st.DataObject) -> None:
    node, piece = found
    present = [key for key in sorted(set(KEYS[piece.kind]) & piece.value.keys()) if len(key) >= 4]
    assume(present)
    key = data.draw(st.sampled_from(present))
    slip = data.draw(st.sampled_from(slips(key)))
    assume(slip not in KEYS[piece.kind] and slip not in piece.value and slip != "value")
    piece.value[slip] = piece.value.pop(key)
    agreed(node)
    path = json_path((*piece.path, slip))
    (problem,) = [p for p in validate_document(node, "node") if p.path == path]
    assert problem.message == f"unknown key {slip!r}."
    assert problem.hint == f"Did you mean {key!r}?"


@pytest.mark.parametrize(
    ("key", "beside", "meant"),
    [
        ("optoins", "options", "options"),
        ("methd", "method", "method"),
        ("ulr", "method", "url"),
        ("ulr", "url", "url"),
        ("sned", "send", "send"),
        ("shwo", "show", "show"),
    ],
)
def test_a_misspelt_key_is_named_also_beside_the_right_one_and_in_three_letters(
    key: str, beside: str, meant: str
) -> None:
    node = {
        "name": "x",
        "displayName": "X",
        "version": 1,
        "properties": [
            {
                "displayName": "A",
                "name": "a",
                "type": "options",
                "default": "",
                "options": [{"name": "Get", "value": "get"}],
                "displayOptions": {"show": {"a": ["get"]}},
                "routing": {"request": {"method": "GET"}, "send": {"type": "query", "property": "a"}},
            }
        ],
    }
    prop: Any = node["properties"][0]  # type: ignore[index]
    holders = [prop, prop["displayOptions"], prop["routing"], prop["routing"]["request"]]
    holder = next((h for h in holders if beside in h), holders[-1])
    holder[beside] = holder.get(beside, "/a")
    holder[key] = {} if isinstance(holder[beside], dict) else holder[beside]
    (problem,) = validate_document(node, "node")
    assert problem.message == f"unknown key {key!r}."
    assert problem.hint == f"Did you mean {meant!r}?"


@given(st.sampled_from(["options", "values", "modes", "properties", "postReceive"]), st.data())
@slow
def test_models_and_schema_agree_about_entries_of_lists(key: str, data: st.DataObject) -> None:
    holders = [(n, i) for n, node in enumerate(NODES) for i, p in enumerate(pieces_of(node)) if p.value.get(key)]
    assume(holders)
    number, position = data.draw(st.sampled_from(holders))
    node = copy.deepcopy(NODES[number])
    entries = pieces_of(node)[position].value[key]
    assume(isinstance(entries, list))
    index = data.draw(st.integers(0, len(entries) - 1))
    entries[index] = data.draw(st.sampled_from([None, 5, "x", [], {}, {"name": "n"}, {"type": "string"}]))
    agreed(node)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), st.lists, max_leaves=3), st.data())
@slow
def test_models_and_schema_agree_about_any_value_of_any_key(value: Any, data: st.DataObject) -> None:
    node, piece = data.draw(pieces())
    piece.value[data.draw(st.sampled_from(sorted([*KEYS[piece.kind], "version", "default", "encode", "paginate"])))] = (
        value
    )
    agreed(node)


@pytest.mark.parametrize("key", ["grantType", "authentication", "skipSslCertificateValidation", "scope", "field"])
@pytest.mark.parametrize("value", ["pkce", "header", "={{ $credentials.x }}", "other", "", True, 5, None, []])
def test_models_and_schema_agree_about_tokens(key: str, value: Any) -> None:
    credential = copy.deepcopy(CREDENTIAL)
    credential["token"][key] = value
    valid = validate_document(credential, "credential") == []
    assert Draft202012Validator(load_schema("credential")).is_valid(credential) is valid


@pytest.mark.parametrize("model", ["credential", "resource"])
@pytest.mark.parametrize("wrong", [None, 5, "x", [], {}, {"name": 5}, {"properties": [{}]}])
def test_models_and_schemas_of_other_documents_agree(model: str, wrong: Any) -> None:
    assert Draft202012Validator(load_schema(model)).is_valid(wrong) == (validate_document(wrong, model) == [])


def problem(document_: Any, kind: str = "node") -> Problem:
    (found,) = validate_document(document_, kind)
    return found


def test_a_problem_reads_as_a_block() -> None:
    node = copy.deepcopy(SAMPLE)
    node["properties"][1]["options"][0]["requierd"] = node["properties"][1]["options"][0].pop("required")
    found = problem(node)
    assert str(found) == (
        "$.properties[1].options[0].requierd: unknown key 'requierd'.\n"
        "    found: true\n"
        "    hint:  Did you mean 'required'?"
    )
    assert found.to_dict() == {
        "path": "$.properties[1].options[0].requierd",
        "message": "unknown key 'requierd'.",
        "value": "true",
        "hint": "Did you mean 'required'?",
    }


def test_a_union_is_one_problem_that_names_all_that_is_allowed() -> None:
    found = problem({**SAMPLE, "version": {}})
    assert (found.path, found.message) == ("$.version", "an object stands where a number or a list […] is wanted.")
    assert problem({**SAMPLE, "version": [1, "2"]}).path == "$.version[1]"


def test_a_wrong_choice_is_answered_with_the_nearest() -> None:
    node = copy.deepcopy(SAMPLE)
    node["properties"][1]["options"][0]["routing"]["send"]["type"] = "querry"
    found = problem(node)
    assert found.path == "$.properties[1].options[0].routing.send.type"
    assert found.hint == "Did you mean 'query'? Allowed: 'body', 'query', 'path', 'header', 'cookie'."


def test_what_a_collection_holds_are_properties_whatever_they_look_like() -> None:
    node = copy.deepcopy(SAMPLE)
    node["properties"][1]["options"][0] = {"name": "a", "value": "b"}
    assert problem(node).message == "'type' is missing."
    node["properties"][1]["options"][0] = {"name": "a", "tpye": "string"}
    assert problem(node).hint == "Did you mean 'type'?"
    node = copy.deepcopy(SAMPLE)
    node["properties"][2]["options"][0]["vaules"] = node["properties"][2]["options"][0].pop("values")
    assert problem(node).hint == "Did you mean 'values'?"


@pytest.mark.parametrize(
    ("condition", "path", "hint"),
    [
        ({"startswith": "a"}, "._cnd.startswith", "Did you mean 'startsWith'?"),
        ({"regex": "("}, "._cnd.regex", "Mend it; it stands without the slashes around it."),
        ({"between": 5}, "._cnd.between", 'Write {"from": 1, "to": 5}.'),
        ({}, "._cnd", "Known: eq, not, gt, gte, lt, lte, between, startsWith, endsWith, includes, regex, exists."),
    ],
)
def test_a_condition_that_would_fail_later_is_found_now(condition: Any, path: str, hint: str) -> None:
    node = copy.deepcopy(SAMPLE)
    node["properties"][1]["displayOptions"]["show"]["x"] = [{"_cnd": condition}]
    found = problem(node)
    assert found.path == "$.properties[1].displayOptions.show.x[0]" + path
    assert found.hint == hint


def test_a_credential_type_is_judged_as_well() -> None:
    assert validate_document(CREDENTIAL, "credential") == []
    broken = copy.deepcopy(CREDENTIAL)
    broken["token"]["accessTokenURL"] = broken["token"].pop("accessTokenUrl")
    assert problem(broken, "credential").path == "$.token.accessTokenURL"
    assert problem(broken, "credential").hint == "Did you mean 'accessTokenUrl'?"
    broken["token"] = {"grantType": "password", "accessTokenUrl": "u", "clientId": "c", "clientSecret": "s"}
    assert problem(broken, "credential").path == "$.token.grantType"
    assert str(problem(broken, "credential").hint).startswith("Allowed: 'client_credentials', ")
    broken["token"]["grantType"] = "client_credential"
    assert str(problem(broken, "credential").hint).startswith("Did you mean 'client_credentials'? ")


@pytest.mark.parametrize(
    ("kind", "document_", "path", "message", "hint"),
    [
        ("node-instance", {"name": "x"}, "$", "'parameters' is missing.", "Add 'parameters'."),
        ("node-instance", {"paramters": {}}, "$.paramters", "unknown key 'paramters'.", "Did you mean 'parameters'?"),
        ("node-instance", {"parameters": []}, "$.parameters", None, "Write an object {…}."),
        ("items", [5], "$[0]", "a number stands where an object {…} is wanted.", None),
        ("items", {"json": {}, "binary": {"f": {"data": "x"}}}, "$[0].binary.f", "'mimeType' is missing.", None),
        ("run-report", {}, "$", "'nodeloom' is missing.", "Add 'nodeloom'."),
    ],
)
def test_documents_that_have_only_a_schema(
    kind: str, document_: Any, path: str, message: str | None, hint: str | None
) -> None:
    found = validate_document(document_, kind)[0]
    assert found.path == path
    assert message is None or found.message == message
    assert hint is None or found.hint == hint


@pytest.mark.parametrize(
    ("document_", "kind"),
    [
        (SAMPLE, "node"),
        ({"name": "n", "displayName": "N", "properties": []}, "node"),
        ({"name": "n", "propertes": []}, "node"),
        (CREDENTIAL, "credential"),
        ({"name": "x", "properties": [], "extends": ["oAuth2Api"]}, "credential"),
        ({"name": "x", "properties": [], "documentationUrl": "httprequest"}, "credential"),
        ({"resource": "R", "properties": []}, "resource"),
        ({"parameters": {}, "type": "x"}, "node-instance"),
        ({"nodes": [], "connections": {}}, "node-instance"),
        ({"json": {}}, "items"),
        ([], "items"),
        ([{"Link": "a"}], "items"),
        ({"nodeloom": "1", "counts": {}}, "run-report"),
    ],
)
def test_the_kind_of_a_document_shows(document_: Any, kind: str) -> None:
    assert kind_of(document_) == kind
    assert kind in KINDS


@pytest.mark.parametrize("document_", [{}, {"a": 1}, 5, "x", None])
def test_what_is_no_known_document_is_said_to_be_none(document_: Any) -> None:
    with pytest.raises(DescriptorError, match="neither a node") as caught:
        kind_of(document_)
    assert caught.value.path == "$"


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ((), "$"),
        (("a", 0, "b_c"), "$.a[0].b_c"),
        (("Website Links",), "$['Website Links']"),
        (("it's",), "$['it\\'s']"),
        (("", "9a"), "$['']['9a']"),
    ],
)
def test_json_paths(keys: tuple[str | int, ...], wanted: str) -> None:
    assert json_path(keys) == wanted


@pytest.mark.slow
@pytest.mark.parametrize("file", sorted((ROOT / "nodes").rglob("*.json")), ids=lambda file: file.name)
def test_what_ships_is_valid(file: Any) -> None:
    raw = json.loads(file.read_text(encoding="utf-8"))
    assert validate_document(raw, kind_of(raw)) == []
    assert Draft202012Validator(load_schema(kind_of(raw))).is_valid(raw)


@pytest.mark.parametrize("file", sorted((ROOT / "credentials").glob("*.json")), ids=lambda file: file.name)
def test_the_credential_types_that_ship_are_valid(file: Any) -> None:
    raw = json.loads(file.read_text(encoding="utf-8"))
    assert kind_of(raw) == "credential"
    assert validate_document(raw, "credential") == []
