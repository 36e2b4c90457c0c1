"""An OpenAPI document is another's word: what it makes a reader do is bounded, and it reaches nothing beside itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.descriptor import documentfiles as files
from nodeloom.errors import DescriptorError
from nodeloom.importers.filing import file_stem
from nodeloom.importers.openapi import import_openapi
from nodeloom.importers.openapi import schemas as schemas_module
from nodeloom.importers.openapi.documentloading import parse_document, read_document
from nodeloom.importers.openapi.importer import import_raw
from nodeloom.importers.openapi.layout import file_names
from nodeloom.importers.openapi.yaml_reading import parse_yaml

LAUGHS = "a0: &a0 [lol, lol, lol]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAUGHS, "with its aliases it has more than 5,000,000 values at line"),
        ("a: &a [*a]", "'a' holds itself"),
        ("a: &a {b: {c: *a}}", "'a' holds itself"),
        ("a: &a {<<: *a}", "'a' holds itself"),
        ("a: *none", "anchor"),
        # Where a bracket may begin a key, PyYAML looks ahead, and may be the first to refuse it, in its own words.
        ("a: " + "[" * 100_000, "x is not YAML: .+ at line 1"),
        ("x: " + "{a: " * 100_000, "x is not YAML: .+ at line 1"),
        ("- " * 100_000, "nested too deeply at line 1"),
        ("\n".join(f"a{n}: &a{n} [*a{n - 1}]" if n else "a0: &a0 []" for n in range(300)), "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("[" * 100_000, "nested too deeply"),
        (json.dumps({"a": json.loads("[" * 250 + "]" * 250)}), "nested too deeply"),
    ],
    ids=range(12),
)
def test_what_would_not_end_is_refused_with_its_place(text: str, message: str) -> None:
    """Anchors that multiply or hold themselves, and nesting that ends other readers with the process."""
    with pytest.raises(DescriptorError, match=message):
        parse_document(text, "x")


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['id']",
        "!!python/name:os.system",
        "!!timestamp 2026-01-31",
        "!!timestamp nonsense",
        "!!binary aGk=",
        "!!set {a, b}",
        "!!omap [a: 1]",
        "!!map [1]",
        "!!seq {a: 1}",
        "!own thing",
        "!<tag:example.test,2026:x> thing",
        "!!int nonsense",
        "!!bool nonsense",
        "!!float nonsense",
        "!!null nonsense",
        "!!int true",
    ],
)
def test_no_tag_but_the_core_schemas_is_constructed(text: str) -> None:
    with pytest.raises(DescriptorError, match=r"x is not YAML: .* at line 1, column \d"):
        parse_document(f"a: {text}", "x")


def test_tags_of_the_core_schema_are_followed() -> None:
    text = "{a: !!str 1, b: !!int '2', c: !!float 3, d: !!bool 'true', e: !!null '', f: !!map {}, g: !!seq [], h: ! 4}"
    assert parse_yaml(text, "x") == {
        "a": "1", "b": 2, "c": 3.0, "d": True, "e": None, "f": {}, "g": [], "h": "4",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n'a': 2", "the key 'a' stands twice in one object at line 2"),
        ("1: 1\n'1': 2", "the key '1' stands twice"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice in one object"),
        ("a: 1\n---\nb: 2", "more than one document"),
        ("a: {<<: 1}", "a merge key is followed by an object"),
        ("a: \x01", "not YAML"),
        ("a: \ud800", "half of a surrogate pair"),
        ('{"a": NaN}', "NaN is not a JSON value"),
        ('{"a": ' + "1" * 5000 + "}", "is not JSON"),
    ],
)
def test_what_two_readers_would_read_differently_is_refused(text: str, message: str) -> None:
    with pytest.raises(DescriptorError, match=message):
        parse_document(text, "x")


def test_words_that_yaml_1_1_took_for_booleans_are_keys_like_others() -> None:
    assert parse_yaml("{on: 1, y: 2, no: 3, true: 4, ~: 5, 0x1F: 6}", "x") == {
        "on": 1, "y": 2, "no": 3, "true": 4, "~": 5, "0x1F": 6,
    }  # fmt: skip


def test_own_keys_count_before_merged_ones_and_the_first_merged_before_the_next() -> None:
    text = "a: &a {p: 1, q: 1}\nb: &b {q: 2, r: 2}\nc: {r: 3, <<: [*a, *b], s: 3}\nd: {'<<': 1}"
    found = parse_yaml(text, "x")
    assert found["c"] == {"p": 1, "q": 1, "r": 3, "s": 3}
    assert found["d"] == {"<<": 1}


def test_a_file_beyond_the_size_limit_is_refused_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    path = tmp_path / "big.yaml"
    path.write_text("a: 1\n" + "#" * 1000)
    with pytest.raises(DescriptorError, match=r"big\.yaml is too large: a document may have 1,000 bytes"):
        read_document(path)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=20,
    )
)
def test_json_is_yaml_and_means_the_same(value: Any) -> None:
    """JSON is a subset of YAML 1.2; as text, JSON's escapes are YAML's too (surrogate pairs aside)."""
    text = json.dumps({"a": value}, ensure_ascii=False)
    if any(not c.isprintable() or ord(c) > 0xFFFF for c in text):
        return
    # An exponent without a point is a float to JSON and to the core schema.
    assert parse_yaml(text, "x") == {"a": value}


@given(st.text(alphabet=st.sampled_from("a:-[]{},&*!<|>'\"\n #?%@1.~\t\\é\u202e"), max_size=60))
def test_any_text_is_a_document_or_an_error_of_ours(text: str) -> None:
    try:
        found = parse_yaml(text, "x")
    except DescriptorError:
        return
    json.dumps(found)


@pytest.mark.slow
def test_libyaml_and_pure_python_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &x {<<: {p: 1}, q: [1, 'a', ~, !!str 2]}\nb: *x\n? k\n: v\n"
    fast = parse_yaml(text, "x")
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert parse_yaml(text, "x") == fast
    with pytest.raises(DescriptorError, match="x is not YAML"):
        parse_yaml("[" * 5000, "x")


# -- what would be evaluated ------------------------------------------------------------------------------------------


def named(name: str) -> dict[str, Any]:
    """A document in which every name of a parameter, a field or a type is `name`, each in an operation of its own."""
    value = {"schema": {"type": "string"}}
    body = {"schema": {"type": "object", "properties": {name: {"type": "string"}}}}
    return {
        "/query": {"get": {"parameters": [{"in": "query", "name": name, "required": True, **value}]}},
        "/option": {"get": {"parameters": [{"in": "query", "name": name, **value}]}},
        "/header": {"get": {"parameters": [{"in": "header", "name": name, **value}]}},
        "/body": {"post": {"requestBody": {"content": {"application/json": body}}}},
        "/form": {"post": {"requestBody": {"content": {"application/x-www-form-urlencoded": body}}}},
        "/type": {"post": {"requestBody": {"content": {name: value}}}},
        "/server": {"get": {"servers": [{"url": "=https://x.test"}]}},
    }


@pytest.mark.parametrize("path", named(""))
def test_a_name_that_a_descriptor_would_evaluate_is_refused(path: str) -> None:
    raw = {"openapi": "3.0.0", "paths": {path: named("={{ $env.SECRET }}")[path]}}
    with pytest.raises(DescriptorError, match=r"which a descriptor evaluates|No header can be called") as caught:
        import_raw(raw)
    assert str(caught.value.path).startswith("$.paths")


@pytest.mark.parametrize(
    ("scheme", "url"),
    [
        ({"type": "apiKey", "in": "header", "name": "={{ $env.SECRET }}"}, "https://x.test"),
        ({"type": "apiKey", "in": "cookie", "name": "a{{ $env.SECRET }}"}, "https://x.test"),
        ({"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/{{ $env.SECRET }}"}}}, "https://x.test"),
        (
            {"type": "oauth2", "flows": {"authorizationCode": {"tokenUrl": "/", "authorizationUrl": "=x"}}},
            "https://x.test",
        ),
        (
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/t", "scopes": {"={{ 1 }}": ""}}}},
            "https://x.test",
        ),
    ],
    ids=range(5),
)
def test_an_address_or_a_header_of_a_credential_is_never_made_of_an_expression(scheme: Any, url: str) -> None:
    raw = {
        "openapi": "3.0.0",
        "servers": [{"url": url}],
        "paths": {"/x": {"get": {"security": [{"s": []}]}}},
        "components": {"securitySchemes": {"s": scheme}},
    }
    with pytest.raises(DescriptorError, match="which a descriptor would evaluate"):
        import_raw(raw)


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        (["x"], "[0]"),
        ("https://x.test", "[0]"),
        ({}, "[0]"),
        ({"url": 5}, "[0].url"),
        ({"url": "={{ $env.SECRET }}://x.test"}, "[0].url"),
        ({"url": "https://x.test/{{ $env.SECRET }}"}, "[0].url"),
        ({"url": "https://{r}.x.test", "variables": ["r"]}, "[0].variables"),
        ({"url": "https://{r}.x.test", "variables": {"r": {"enum": "eu"}}}, "[0].variables.r.enum"),
        ({"url": "https://{r}.x.test", "variables": {"r": {"default": "{{ $env.SECRET }}"}}}, "[0].variables.r"),
    ],
)
def test_a_broken_server_costs_that_server(broken: Any, place: str) -> None:
    raw = {"openapi": "3.0.0", "servers": [broken, {"url": "https://y.test"}], "paths": {"/x": {"get": {}}}}
    made = import_raw(raw)
    (fault,) = made.report.list_faults()
    assert fault.path.startswith(f"$.servers{place}")
    assert made.head["requestDefaults"]["baseURL"] == "https://y.test"
    alone = import_raw({**raw, "servers": [broken]})
    assert "SECRET" not in str(alone.documents())
    assert alone.head["requestDefaults"]["baseURL"] == "={{ $credentials.serverUrl }}"


@pytest.mark.parametrize("servers", ["https://x.test", {"url": "https://x.test"}])
def test_servers_that_are_no_list_leave_the_address_to_the_user(servers: Any) -> None:
    made = import_raw({"openapi": "3.0.0", "servers": servers, "paths": {"/x": {"get": {}}}})
    assert [fault.path for fault in made.report.list_faults()] == ["$.servers"]
    assert made.head["requestDefaults"]["baseURL"] == "={{ $credentials.serverUrl }}"


def test_a_schema_of_too_many_parts_is_refused() -> None:
    schema: dict[str, Any] = {"allOf": [{"properties": {f"a{n}": {}}} for n in range(2000)]}
    body = {"content": {"application/json": {"schema": schema}}}
    with pytest.raises(DescriptorError, match="composed of 2,000 parts"):
        import_raw({"openapi": "3.0.0", "paths": {"/x": {"post": {"requestBody": body}}}})


# -- references -------------------------------------------------------------------------------------------------------


REFERENCES = [
    "file:///etc/passwd", "/etc/passwd", "../secret.json", "secret.json#/a", "./secret.yaml",
    "http://127.0.0.1:9/x.json", "https://example.test/x", "//example.test/x", "ftp://example.test/x",
    "data:application/json,{}",     "\\\\host\\share\\x",
]  # fmt: skip

WATCHED = """
import sys
from pathlib import Path

def watch(event, given):
    if event.startswith("socket.") or event in ("subprocess.Popen", "os.system", "urllib.Request"):
        raise SystemExit(f"reached out: {event} {given!r}")
    if event == "open" and "secret" in str(given[0]):
        raise SystemExit(f"read: {given!r}")

import nodeloom.importers.openapi as importer
import nodeloom.importers.openapi.importer, nodeloom.descriptor.nodesearch, yaml
sys.addaudithook(watch)
made = importer.import_openapi(Path(sys.argv[1]))
print(made.report.left_out, len(made.report.remarks))
made.documents()
"""


@pytest.mark.slow
def test_no_reference_is_fetched_from_the_network_or_read_from_a_file(tmp_path: Path) -> None:
    """There is no option that would: Nodeloom reads the one document it is given, and says what it left out."""
    (tmp_path / "secret.json").write_text('{"a": {"type": "string"}}')
    (tmp_path / "secret.yaml").write_text("a: {type: string}")
    paths: dict[str, Any] = {"/ok": {"get": {"responses": {}}}}
    for number, reference in enumerate(REFERENCES):
        outside = {"$ref": reference}
        paths[f"/a{number}"] = {"get": {"parameters": [outside]}}
        paths[f"/b{number}"] = {"post": {"requestBody": {"content": {"application/json": {"schema": outside}}}}}
        paths[f"/c{number}"] = {"post": {"requestBody": outside}}
        paths[f"/d{number}"] = {"get": {"responses": {"200": outside}}}
        paths[f"/e{number}"] = {"get": {"parameters": [{"in": "query", "name": "q", "schema": {"allOf": [outside]}}]}}
    source = tmp_path / "api.json"
    source.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "x"}, "paths": paths}))
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(source)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(2 * len(REFERENCES)), str(4 * len(REFERENCES))]


@pytest.mark.slow
def test_schemas_that_all_refer_to_each_other_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way through twelve schemas that each name the others would be half a thousand million."""
    monkeypatch.setattr(schemas_module, "_MOST_STEPS", 1_000)
    names = [f"S{n}" for n in range(12)]
    schemas = {
        name: {"type": "object", "allOf": [{"$ref": f"#/components/schemas/{o}"} for o in names if o != name]}
        for name in names
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}
    raw = {"openapi": "3.0.0", "paths": {"/a": {"post": {"requestBody": body}}}, "components": {"schemas": schemas}}
    source = tmp_path / "api.json"
    source.write_text(json.dumps(raw))
    with pytest.raises(DescriptorError, match="refer to each other in more ways than are followed"):
        import_openapi(source)


def test_every_resource_is_a_file_that_every_system_takes() -> None:
    """Names of documents may be longer than a file's, or those of Windows' devices."""
    found = file_names(["x" * 400, "x" * 399 + "y", "CON", "con", "nul", "../../etc/passwd", "C:\\x", ".", ""])
    assert len(set(found.values())) == len(found)
    for path in found.values():
        folder, _, name = path.partition("/")
        assert folder == "resources"
        assert "/" not in name
        assert len(name) < 120
        stem = name.removesuffix(".json")
        assert stem[:100] == file_stem(stem)
