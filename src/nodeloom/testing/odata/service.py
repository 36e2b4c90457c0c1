"""An OData service: a request's method, path, query and body in; status, headers and body out.

The entity sets come from their declarations (`model.EntitySet`); what a request addresses is settled first
(`resolve`), then the method decides which of the small functions of this file answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ...errors import nearest
from .bodies import check_fields, check_value, read_json_object
from .conditions import check_conditions, is_unmodified
from .errors import ODataError, bad_request
from .literals import Value, quote_literal
from .model import EntitySet, Key, Operation, fits_literal
from .paths import Segment, parse_path
from .query import COUNT_OPTIONS, ENTITY_OPTIONS, LIST_OPTIONS, Query, parse_query
from .store import Entity, EntityStore

_JSON = "application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Target:
    """What a path addresses: the service itself, a set, the count of a set, an entity, or an operation."""

    kind: Literal["service", "set", "count", "entity", "operation"]
    set_name: str = ""
    key: Key = None
    """The entity's key, for an entity and for an operation bound to one."""
    operation: Operation | None = None
    arguments: Mapping[str, Value] = field(default_factory=dict)
    """A function's arguments out of the path."""


@dataclass(frozen=True, slots=True)
class ODataRequest:
    """What the service needs of a request. `header` looks a header up by its lower-case name."""

    method: str
    target: Target
    query: str
    header: Callable[[str], str | None]
    body: bytes


@dataclass(slots=True)
class Answer:
    """What the service answers."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Call:
    """An operation under way: where it is bound, its arguments (checked; null where not given), all stores."""

    store: EntityStore
    entity: Entity | None
    arguments: Mapping[str, Any]
    stores: Mapping[str, EntityStore]


class ODataService:
    """Serves `entity_sets` under `root_url` (no slash at its end), every list with the cap `top_cap` on `$top`."""

    def __init__(self, entity_sets: Iterable[EntitySet], *, root_url: str, top_cap: int | None = 100) -> None:
        self.root_url = root_url
        self.stores = {s.name: EntityStore(s) for s in entity_sets}
        self._top_cap = top_cap

    def resolve(self, raw_path: str) -> Target:
        """What the raw path below the root addresses. Raises ODataError: 400 for its syntax, 404 for its names."""
        if not raw_path:
            return Target("service")
        first, *rest = parse_path(raw_path)
        store = self.stores.get(first.name)
        if store is None:
            raise _no_resource(first.name, self.stores)
        key: Key = None
        bound_to: Literal["set", "entity"] = "set"
        if first.arguments is not None:
            key, bound_to = _key(first, store.entity_set), "entity"
        if not rest:
            return Target(bound_to, first.name, key)
        if len(rest) == 1 and rest[0].name == "$count" and rest[0].arguments is None and bound_to == "set":
            return Target("count", first.name)
        operation = store.entity_set.operations_by_name.get(rest[0].name)
        if len(rest) > 1 or operation is None or operation.bound_to != bound_to:
            raise _no_resource(rest[0].name, store.entity_set.operations_by_name)
        return Target("operation", first.name, key, operation, _path_arguments(operation, rest[0]))

    def handle(self, request: ODataRequest) -> Answer:
        """Answer one request; a refusal is an answer as well."""
        try:
            return self._dispatch(request)
        except ODataError as error:
            return refusal(error)

    def _dispatch(self, request: ODataRequest) -> Answer:
        target = request.target
        if target.kind == "operation":
            return self._invoke(request)
        allowed = _METHODS[target.kind]
        verbs = self.stores[target.set_name].entity_set.verbs if target.set_name else frozenset({"get"})
        chosen = allowed.get("GET" if request.method == "HEAD" else request.method)
        if chosen is None or chosen[0] not in verbs:
            raise _method_not_allowed(request.method, [m for m, (verb, _) in allowed.items() if verb in verbs])
        return chosen[1](self, request)

    def _document(self, request: ODataRequest) -> Answer:
        self._no_options(request)
        sets = [{"name": n, "kind": "EntitySet", "url": n} for n in self.stores]
        return _json_answer(200, {"@odata.context": f"{self.root_url}/$metadata", "value": sets})

    def _list(self, request: ODataRequest) -> Answer:
        store = self.stores[request.target.set_name]
        kind = store.entity_set.type
        query = parse_query(request.query, kind, LIST_OPTIONS, self._top_cap)
        document: dict[str, Any] = {"@odata.context": self._context(store, query)}
        found: Iterable[Entity] = query.find(store, kind)
        if query.count:
            found = list(found)
            document["@odata.count"] = len(found)
        document["value"] = [_represent(store, e, query) for e in query.page(found)]
        return _json_answer(200, document)

    def _count(self, request: ODataRequest) -> Answer:
        store = self.stores[request.target.set_name]
        query = parse_query(request.query, store.entity_set.type, COUNT_OPTIONS, None)
        number = sum(1 for _ in query.find(store, store.entity_set.type))
        return Answer(200, str(number).encode(), [("Content-Type", "text/plain")])

    def _get(self, request: ODataRequest) -> Answer:
        store, entity = self._addressed(request)
        query = parse_query(request.query, store.entity_set.type, ENTITY_OPTIONS, None)
        if store.entity_set.etags and is_unmodified(request.header, entity.etag):
            return Answer(304, headers=[("ETag", entity.etag)])
        return self._entity_answer(200, store, entity, query)

    def _create(self, request: ODataRequest) -> Answer:
        store = self.stores[request.target.set_name]
        query = parse_query(request.query, store.entity_set.type, ENTITY_OPTIONS, None)
        kind = store.entity_set.type
        values = check_fields(read_json_object(request.body, request.header("content-type")), kind)
        for name in kind.key:
            if values.get(name) in (None, "") and not kind.by_name[name].nullable:
                raise ODataError.warning(400, "REQUIRED", name)
        if all(values.get(n) is not None for n in kind.key) and store.entity_set.key_of(values) in store:
            raise ODataError.warning(400, "ALREADY_IN_USE", kind.key[0])
        answer = self._entity_answer(201, store, entity := store.add(values), query)
        answer.headers.append(("Location", self._address(store, entity)))
        return answer

    def _update(self, request: ODataRequest) -> Answer:
        store, entity = self._addressed(request)
        self._no_options(request)
        kind = store.entity_set.type
        values = check_fields(read_json_object(request.body, request.header("content-type")), kind)
        check_conditions(request.header, entity.etag)
        for name in kind.key:
            if name in values and values[name] != entity.values[name]:
                raise bad_request(f"The key '{name}' of an entity cannot be changed.", target=name)
        store.update(entity, values)
        return Answer(204, headers=[("ETag", entity.etag)] if store.entity_set.etags else [])

    def _delete(self, request: ODataRequest) -> Answer:
        store, entity = self._addressed(request)
        self._no_options(request)
        check_conditions(request.header, entity.etag)
        store.remove(request.target.key)
        return Answer(204)

    def _invoke(self, request: ODataRequest) -> Answer:
        target = request.target
        operation = target.operation
        if operation is None:
            raise AssertionError("resolve gives an operation with its target")
        method = "POST" if operation.kind == "action" else "GET"
        if request.method != method and not (method == "GET" and request.method == "HEAD"):
            raise _method_not_allowed(request.method, [method])
        self._no_options(request)
        store = self.stores[target.set_name]
        entity = self._addressed(request)[1] if operation.bound_to == "entity" else None
        arguments = target.arguments if operation.kind == "function" else _body_arguments(operation, request)
        result = operation.run(Call(store, entity, arguments, self.stores))
        return Answer(204) if result is None else _json_answer(200, result)

    def _addressed(self, request: ODataRequest) -> tuple[EntityStore, Entity]:
        store = self.stores[request.target.set_name]
        entity = store.get(request.target.key)
        if entity is None:
            raise ODataError.warning(404, "NOT_FOUND", store.entity_set.type.key[0])
        return store, entity

    def _no_options(self, request: ODataRequest) -> None:
        if request.query and request.target.set_name:
            parse_query(request.query, self.stores[request.target.set_name].entity_set.type, frozenset(), None)

    def _context(self, store: EntityStore, query: Query, suffix: str = "") -> str:
        shown = [*(query.select or ()), *(f"{e}()" for e in sorted(query.expand))]
        selection = f"({','.join(shown)})" if shown else ""
        return f"{self.root_url}/$metadata#{store.entity_set.name}{selection}{suffix}"

    def _entity_answer(self, status: int, store: EntityStore, entity: Entity, query: Query) -> Answer:
        document = {"@odata.context": self._context(store, query, "/$entity"), **_represent(store, entity, query)}
        answer = _json_answer(status, document)
        if store.entity_set.etags:
            answer.headers.append(("ETag", entity.etag))
        return answer

    def _address(self, store: EntityStore, entity: Entity) -> str:
        kind = store.entity_set.type
        parts = [store.entity_set.key_of(entity.values)]
        if len(kind.key) == 1:
            return f"{self.root_url}/{store.entity_set.name}({quote_literal(parts[0])})"  # type: ignore[arg-type]
        named = zip(kind.key, parts[0], strict=True)  # type: ignore[arg-type]
        return f"{self.root_url}/{store.entity_set.name}({','.join(f'{n}={quote_literal(v)}' for n, v in named)})"


_Handler = Callable[[ODataService, ODataRequest], Answer]
# By what is addressed and how: the verb its set must offer, and who answers.
_METHODS: dict[str, dict[str, tuple[str, _Handler]]] = {
    "service": {"GET": ("get", ODataService._document)},
    "set": {"GET": ("list", ODataService._list), "POST": ("create", ODataService._create)},
    "count": {"GET": ("list", ODataService._count)},
    "entity": {
        "GET": ("get", ODataService._get),
        "PATCH": ("update", ODataService._update),
        "DELETE": ("delete", ODataService._delete),
    },
}


def refusal(error: ODataError) -> Answer:
    """The answer a refused request gets."""
    return Answer(error.status, error.body(), [("Content-Type", _JSON), ("OData-Version", "4.0"), *error.headers])


def _json_answer(status: int, document: Any) -> Answer:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, [("Content-Type", _JSON), ("OData-Version", "4.0")])


def _represent(store: EntityStore, entity: Entity, query: Query) -> dict[str, Any]:
    values = query.project(entity.values, store.entity_set.type)
    return {"@odata.etag": entity.etag, **values} if store.entity_set.etags else values


def _no_resource(name: str, known: Iterable[str]) -> ODataError:
    close = nearest(name, known)
    hint = f" Did you mean '{close}'?" if close else ""
    return ODataError(404, f"No resource '{name}'.{hint}", target=name)


def _method_not_allowed(method: str, allowed: list[str]) -> ODataError:
    return ODataError(
        405,
        f"The requested resource does not support http method '{method}'.",
        headers=(("Allow", ", ".join(allowed)),),
    )


def _key(segment: Segment, entity_set: EntitySet) -> Key:
    """The key in `Set(…)`: one bare literal, or all key fields by name. Raises ODataError (400)."""
    given = dict(segment.arguments or {})
    names = entity_set.type.key
    if list(given) == [""] and len(names) == 1:
        given = {names[0]: given[""]}
    if set(given) != set(names):
        raise bad_request(f"The key of '{segment.name}' is ({', '.join(names)}).", target=segment.name)
    for name, value in given.items():
        kind = entity_set.type.by_name[name].type
        if not fits_literal(kind, value):
            raise bad_request(
                f"The key '{name}' of '{segment.name}' must be a literal of {_type_name(kind)}.", target=name
            )
    return given[names[0]] if len(names) == 1 else tuple(given[n] for n in names)


def _path_arguments(operation: Operation, segment: Segment) -> dict[str, Value]:
    """A function's arguments, each a literal of its declared type. Raises ODataError (400; 404 for wrong names)."""
    given = dict(segment.arguments or {})
    if operation.kind == "action":
        if given:
            raise bad_request(f"The action '{operation.name}' takes its arguments in the body.")
        return {}
    if set(given) != {p.name for p in operation.parameters}:
        names = ", ".join(p.name for p in operation.parameters)
        raise ODataError(404, f"No function '{operation.name}' with these arguments; it takes ({names}).")
    for parameter in operation.parameters:
        value = given[parameter.name]
        if (value is None and not parameter.nullable) or (
            value is not None and not fits_literal(parameter.type, value)
        ):
            kind = _type_name(parameter.type)
            raise bad_request(f"The argument '{parameter.name}' must be a literal of {kind}.", target=parameter.name)
    return given


def _body_arguments(operation: Operation, request: ODataRequest) -> dict[str, Any]:
    """An action's arguments out of the body, null where not given. Raises ODataError (400, 415)."""
    if not operation.parameters:
        return {}
    given = read_json_object(request.body, request.header("content-type"))
    parameters = {p.name: p for p in operation.parameters}
    for name in given:
        if name not in parameters and "@" not in name:
            raise bad_request(f"The action '{operation.name}' has no parameter '{name}'.", target=name)
    for name, parameter in parameters.items():
        if given.get(name) is None and not parameter.nullable:
            raise ODataError.warning(400, "REQUIRED", name)
    return {n: check_value(p, given[n], n) if given.get(n) is not None else None for n, p in parameters.items()}


def _type_name(kind: Any) -> str:
    return str(getattr(kind, "name", kind)) if not isinstance(kind, str) else str(kind)
