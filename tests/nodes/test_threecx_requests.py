"""Every operation of the 3CX node sends what 3CX's own file allows, judged by openapi-core."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest

from nodeloom import Runtime
from nodeloom.descriptor.models import PropertyDescriptor
from nodeloom.testing import RecordingTransport
from tests.nodes import samples

Json = dict[str, Any]

CREDENTIALS = {"threeCxApi": {"serverUrl": "https://pbx.example.com", "accessToken": "token"}}
CHUNKS = 2
TIME_OF_DAY = re.compile(r"\d\d:\d\d:\d\d(\.\d{1,12})?")


@functools.cache
def operation_of(method: str, path: str) -> Json:
    return next(o for p, m, o in samples.operations() if (p, m) == (path, method))


def schema_of(operation: Json, where: str, name: str) -> Json:
    """The schema of what a property sends: a parameter's, or a member's of the body."""
    if where == "body":
        return dict(samples.members(samples.body_schema(operation))[name])
    parameters = [samples.resolved(p) for p in operation.get("parameters", [])]
    return dict(next(p for p in parameters if p["in"] == where and p["name"] == name)["schema"])


def value_for(prop: PropertyDescriptor, operation: Json) -> Any:
    """A valid value of a property, as 3CX's file describes it."""
    assert prop.routing is not None
    send = prop.routing.send
    assert send is not None
    assert send.property is not None
    return samples.sample(schema_of(operation, send.type, send.property))


def sends(prop: PropertyDescriptor) -> bool:
    return prop.routing is not None and prop.routing.send is not None and prop.routing.send.property is not None


def parameters_for(prop: PropertyDescriptor, operation: Json) -> Any:
    if prop.type == "collection":
        return {child.name: value_for(child, operation) for child in prop.children() if sends(child)}
    return value_for(prop, operation)


class Checker:
    """Answers requests, and keeps what is wrong with them."""

    def __init__(self) -> None:
        self.expected: tuple[str, str] = ("", "")
        self.violations: list[str] = []
        self.checked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        method, path = self.expected
        self.checked += 1
        self.violations += [f"{method.upper()} {path}: {fault}" for fault in faults(request, method, path)]
        return httpx.Response(204)


def faults(request: httpx.Request, method: str, path: str) -> list[str]:
    """What 3CX's file has against a request that is meant for an operation."""
    from openapi_core.exceptions import OpenAPIError

    found = []
    if request.method.lower() != method:
        found.append(f"the method is {request.method}")
    raw = request.url.raw_path.decode("ascii").partition("?")[0]
    template = re.sub(r"\\\{[^{}]+\\\}", "([^/]+)", re.escape(f"/xapi/v1{path}"))
    values = re.fullmatch(template, raw)
    if values is None:
        return [*found, f"the path is {raw}"]
    declared = {p["name"] for p in map(samples.resolved, operation_of(method, path).get("parameters", []))}
    query = urlsplit(str(request.url)).query
    for pair in filter(None, query.split("&")):
        name = pair.partition("=")[0]
        if name not in declared:
            found.append(f"{name!r} is no query parameter (as written)")
    if " " in query or "+" in query:
        found.append("a blank of the query is no %20")
    try:
        validator(method, path).validate_request(Seen(request, path, values.groups()))
    except OpenAPIError as fault:
        found.append(f"{fault!r} {fault.__cause__!r} {list(getattr(fault.__cause__, 'schema_errors', []))[:3]}")
    return found


class Seen:
    """A request as openapi-core reads it; the literals of its path are plain values, as the file declares them."""

    def __init__(self, request: httpx.Request, path: str, literals: tuple[str, ...]) -> None:
        from openapi_core.datatypes import RequestParameters
        from werkzeug.datastructures import Headers, ImmutableMultiDict

        self.host_url = "https://pbx.example.com"
        plain = iter(re.fullmatch(r"'(.*)'|(.*)", unquote(text)) for text in literals)

        def value(_placeholder: re.Match[str]) -> str:
            found = next(plain)
            assert found is not None
            return found[1] if found[1] is not None else found[2]

        self.path = "/xapi/v1" + re.sub(r"\{[^{}]+\}", value, path)
        self.method = request.method.lower()
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(list(request.url.params.multi_items())),
            header=Headers(dict(request.headers)),
            cookie=ImmutableMultiDict([]),
        )
        self.content_type = request.headers.get("content-type", "")
        self.body = request.content or None


@functools.cache
def validator(method: str, path: str) -> Any:
    """openapi-core, told of one operation only, so that a request cannot pass for another."""
    from openapi_core import Config, OpenAPI

    whole = samples.document()
    one: Mapping[str, Any] = {
        **{key: value for key, value in whole.items() if key not in ("paths", "security")},
        "paths": {path: {method: whole["paths"][path][method]}},
    }
    # The file's times are Edm.TimeOfDay, without the offset that JSON Schema's format asks for.
    config = Config(
        spec_validator_cls=None,  # type: ignore[arg-type]
        extra_format_validators={"time": is_time_of_day},
    )
    return OpenAPI.from_dict(dict(one), config=config)


def is_time_of_day(value: Any) -> bool:
    return TIME_OF_DAY.fullmatch(value) is not None


def chunk_of(index: int) -> list[tuple[str, str]]:
    return [(p, m) for number, (p, m, _o) in enumerate(samples.operations()) if number % CHUNKS == index]


@functools.cache
def node_operations() -> dict[tuple[str, str], tuple[str, str]]:
    """(method, path as the descriptor has it) → (resource, operation) of the node."""
    found = {}
    with Runtime() as runtime:
        node = runtime.node("threecx")
        for resource in node.resources():
            for option in node.operations(resource):
                assert option.routing is not None
                assert option.routing.request is not None
                request = option.routing.request
                found[str(request.method).lower(), str(request.url)] = (resource, option.name)
    return found


def test_the_node_has_each_of_the_601_operations_once() -> None:
    wanted = {(method, path) for path, method, _o in samples.operations()}
    assert len(wanted) == 601
    assert node_operations().keys() == wanted
    with Runtime() as runtime:
        node = runtime.node("threecx")
        assert sum(len(node.operation_names(r)) for r in node.resources()) == 601


@pytest.mark.slow
@pytest.mark.parametrize("index", range(CHUNKS))
def test_every_operation_sends_what_the_file_allows(index: int) -> None:
    """With what is required only, and with everything if that is more."""
    checker = Checker()
    runs = 0
    with Runtime(transport=RecordingTransport(checker)) as runtime:
        node = runtime.node("threecx")
        for path, method in chunk_of(index):
            resource, name = node_operations()[method, path]
            operation = operation_of(method, path)
            form = form_of(node, resource, name)
            checker.expected = (method, path)
            sent: tuple[Json, Json] | None = None
            for everything in (False, True):
                item: Json = {}
                parameters: Json = {"resource": resource, "operation": name}
                for prop in form:
                    if prop.required and isinstance(prop.default, str) and prop.default.startswith("="):
                        key = json.loads(f'"{prop.default.removeprefix("={{ $json.").removesuffix(" }}")}"')
                        item[key] = value_for(prop, operation)
                    elif prop.required or everything:
                        parameters[prop.name] = parameters_for(prop, operation)
                if (item, parameters) == sent:
                    continue
                sent = item, parameters
                runs += 1
                result = runtime.run("threecx", parameters, items=[item], credentials=CREDENTIALS)
                assert not result.report.counts.failed, (path, result.items)
    assert len(chunk_of(index)) < runs == checker.checked
    assert not checker.violations


def form_of(node: Any, resource: str, operation: str) -> list[PropertyDescriptor]:
    """The properties an operation shows, in order."""
    return [
        prop
        for prop in node.descriptor(resource).properties
        if prop.display_options is not None
        and prop.display_options.show is not None
        and operation in prop.display_options.show.get("operation", [])
    ]


@pytest.mark.slow
def test_every_operation_validates_against_the_published_schema() -> None:
    from nodeloom.datafolder import data_root
    from nodeloom.descriptor.documentfiles import read_json
    from nodeloom.descriptor.validation import kind_of, validate_document

    folder = data_root() / "nodes" / "threecx"
    for file in [folder / "node.json", *sorted((folder / "resources").glob("*.json"))]:
        raw = read_json(file)
        assert validate_document(raw, kind_of(raw)) == [], file.name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "path", "url", "body"),
    [
        ("get", "/Users", "/Users?%24top=5", None),
        ("get", "/Users", "/Users?$top=five", None),
        ("get", "/Users", "/Users?$filter=a+eq+1", None),
        ("delete", "/Users({Id})", "/Users('a')", None),
        ("delete", "/Users({Id})", "/Users/7", None),
        ("patch", "/Users({Id})", "/Users(7)", {"Enabled": "yes"}),
        ("post", "/Users/Pbx.BatchDelete", "/Users/Pbx.BatchDelete", None),
        ("post", "/Users/Pbx.BatchDelete", "/Users/Pbx.BatchDelete", {"ids": ["a"]}),
    ],
)
def test_what_the_file_does_not_allow_is_found(method: str, path: str, url: str, body: Any) -> None:
    """The check itself is checked: each of these is refused."""
    samples.document()
    request = httpx.Request(method.upper(), f"https://pbx.example.com/xapi/v1{url}", json=body)
    assert faults(request, method, path)
