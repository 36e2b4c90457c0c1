"""One request for each operation of 3CX's file, made from the sandbox's own data, and a service to put it to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from nodeloom.testing.odata.declarations import ComplexType, Edm, EntitySet, EnumType, Field, Operation, from_json
from nodeloom.testing.odata.literals import quote_literal
from nodeloom.testing.odata.refusal import ODataError
from nodeloom.testing.odata.service import Answer, ODataRequest, ODataService, refusal
from nodeloom.testing.threecx.servicecatalogue import ServiceCatalogue
from nodeloom.testing.threecx.synthetic import sample_entity, sample_value
from nodeloom.testing.threecx.weblinks import WEBSITE_LINKS, sample_link

ROOT = "http://pbx/xapi/v1"
CATALOGUE = ServiceCatalogue(3)


@dataclass(frozen=True)
class Probe:
    """A valid request with everything given, and one with only what must be; and the status both get."""

    template: str
    method: str
    path: str
    status: int
    entity_set: EntitySet | None = None
    operation: Operation | None = None
    options: str = ""
    body: Any = None
    least: Any = None

    @property
    def label(self) -> str:
        return f"{self.method} {self.template}"


def new_service() -> ODataService:
    """The whole service with three entities a set, as the sandbox serves it."""
    service = ODataService([WEBSITE_LINKS], root_url=ROOT, catalogue=lambda: CATALOGUE)
    for number in (1, 2, 3):
        service.stores["WebsiteLinks"].add(sample_link(f"link-{number}", number))
    return service


def ask(service: ODataService, method: str, path: str, query: str = "", body: Any = None) -> Answer:
    """The answer to one request; a body is sent as JSON."""
    payload = b"" if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"} if body is not None else {}
    try:
        target = service.resolve(path)
    except ODataError as error:
        return refusal(error)
    return service.handle(ODataRequest(method, target, query, headers.get, payload))


def put(service: ODataService, probe: Probe, **changes: Any) -> Answer:
    """The answer to a probe, with everything given or with `changes`."""
    given = replace(probe, **changes)
    return ask(service, given.method, given.path, given.options, given.body)


def probes() -> Iterator[Probe]:
    """A probe for every operation."""
    for name in CATALOGUE.names():
        entity_set = CATALOGUE.entity_set(name)
        if entity_set is not None:
            yield from _of_set(entity_set)
            continue
        operation = CATALOGUE.operation(name)
        assert operation is not None
        yield _invoked(f"/{name}", name, operation, None)


def literal(field: Field, number: int = 1) -> str:
    """A valid literal for a key or an argument, percent-encoded."""
    assert isinstance(field.type, Edm)
    return quote_literal(from_json(field.type, sample_value(field, number)))


def key_of(entity_set: EntitySet, number: int) -> str:
    """The literal that addresses seed entity `number`."""
    if entity_set.name == "WebsiteLinks":
        return f"'link-{number}'"
    values = sample_entity(entity_set, number)
    parts = [from_json(entity_set.type.by_name[k].type, values[k]) for k in entity_set.type.key]
    return ",".join(quote_literal(p) for p in parts)


def _of_set(entity_set: EntitySet) -> Iterator[Probe]:
    name, kind, verbs = entity_set.name, entity_set.type, entity_set.verbs
    shape = f"({{{kind.key[0]}}})" if kind.key else ""
    key = f"({key_of(entity_set, 1)})" if kind.key else ""
    entity = _entity_options(kind)
    full = _new_entity(entity_set)
    required = {k: full[k] for k in kind.key if k not in entity_set.made_keys}
    every = {n: v for n, v in full.items() if n not in kind.key}
    if "list" in verbs:
        yield Probe(f"/{name}", "GET", name, 200, entity_set, options=_list_options(kind))
    if "create" in verbs:
        yield Probe(f"/{name}", "POST", name, 201, entity_set, body=full, least=required)
    if "get" in verbs:
        yield Probe(f"/{name}{shape}", "GET", name + key, 200, entity_set, options=entity)
    if "update" in verbs:
        yield Probe(f"/{name}{shape}", "PATCH", name + key, 204, entity_set, body=every, least={})
    if "delete" in verbs:
        yield Probe(f"/{name}{shape}", "DELETE", name + key, 204, entity_set)
    for field in entity_set.alternate_keys:
        path = f"{name}({field}={literal(kind.by_name[field])})"
        yield Probe(f"/{name}({field}={{{field}}})", "GET", path, 200, entity_set, options=entity)
    for field in sorted(entity_set.navigation):
        options = _list_options(kind.by_name[field].type)
        yield Probe(f"/{name}{shape}/{field}", "GET", f"{name}{key}/{field}", 200, entity_set, options=options)
    for operation in entity_set.operations:
        on = operation.bound_to == "entity"
        template, path = (f"/{name}{shape}", name + key) if on else (f"/{name}", name)
        yield _invoked(f"{template}/{operation.name}", f"{path}/{operation.name}", operation, entity_set)


def _invoked(template: str, path: str, operation: Operation, entity_set: EntitySet | None) -> Probe:
    status = 200 if operation.gives or operation.kind == "function" else 204
    if operation.kind == "action":
        # What is to be deleted in bulk must exist, and number 1 does.
        body = {p.name: _argument(p, entity_set) for p in operation.parameters}
        least = {p.name: body[p.name] for p in operation.parameters if not p.nullable}
        return Probe(template, "POST", path, status, entity_set, operation, body=body, least=least)
    shape = ",".join(f"{p.name}={{{p.name}}}" for p in operation.parameters)
    given = ",".join(f"{p.name}={literal(p)}" for p in operation.parameters)
    options = ""
    if operation.options:
        options = "$top=2&$skip=1&$count=true&$search=x&$filter=true"
        options += "&$select=*&$expand=*" if "$select" in operation.options else ""
    return Probe(f"{template}({shape})", "GET", f"{path}({given})", status, entity_set, operation, options=options)


def _argument(field: Field, entity_set: EntitySet | None) -> Any:
    if field.name == "ids" and entity_set is not None and entity_set.type.key and field.type is Edm.STRING:
        return ["link-1"] if entity_set.name == "WebsiteLinks" else [sample_entity(entity_set, 1)["Id"]]
    return sample_value(field, 1)


def _new_entity(entity_set: EntitySet) -> dict[str, Any]:
    if not entity_set.type.fields:
        return {}
    return sample_entity(entity_set, 77)


def _first_text(kind: ComplexType) -> Field | None:
    return next((f for f in kind.fields if f.type is Edm.STRING and not f.collection), None)


def _entity_options(kind: ComplexType) -> str:
    shown = [f.name for f in kind.fields if not f.navigation]
    expanded = [f.name for f in kind.fields if f.navigation]
    options = f"$select={','.join(shown[:3]) or '*'}"
    return f"{options}&$expand={','.join(expanded)}" if expanded else options


def _list_options(kind: Any) -> str:
    assert isinstance(kind, ComplexType)
    text = _first_text(kind)
    options = f"{_entity_options(kind)}&$top=2&$skip=0&$count=true&$search=x"
    if text is not None:
        condition = quote(f"contains({text.name},'a') or {text.name} eq null")
        options += f"&$orderby={text.name} desc".replace(" ", "%20") + f"&$filter={condition}"
    return options


def misfit(field: Field) -> Any:
    """A JSON value that does not fit a field."""
    if field.collection:
        return "no list"
    match field.type:
        case ComplexType():
            return "no structure"
        case EnumType():
            return "No member of it"
        case Edm.STRING:
            return 5
        case Edm.BOOLEAN:
            return "true"
        case Edm.GUID | Edm.DATE | Edm.DATETIME | Edm.DURATION | Edm.TIME:
            return "no such thing"
        case _:
            return "1"


def bad_literal(field: Field) -> str:
    """A literal that is none of a key's or an argument's type."""
    return "unquoted" if field.type is Edm.STRING else quote_literal("text")
