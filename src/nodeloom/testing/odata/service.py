"""An OData service: a request's method, path, query and body in; status, headers and body out.

The entity sets come from their declarations (`declarations.EntitySet`); what a request addresses is settled first
(`targets.resolve`), then the method decides which of the small functions of this file answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from nodeloom.testing.odata.bodychecks import check_fields, read_json_object
from nodeloom.testing.odata.boundoperations import Call, body_arguments, result_answer
from nodeloom.testing.odata.declarations import ComplexType, EntitySet, EntityType, Operation, from_json
from nodeloom.testing.odata.etagconditions import check_conditions, is_unmodified
from nodeloom.testing.odata.literals import quote_literal
from nodeloom.testing.odata.query import COUNT_OPTIONS, ENTITY_OPTIONS, LIST_OPTIONS, Query, parse_query
from nodeloom.testing.odata.refusal import ODataError, bad_request
from nodeloom.testing.odata.replies import Answer, json_answer, method_not_allowed, refusal
from nodeloom.testing.odata.store import Entity, EntityStore
from nodeloom.testing.odata.targets import Target, resolve
from nodeloom.values import Json, JsonObject

if TYPE_CHECKING:
    from nodeloom.testing.odata.offers import Catalogue

__all__ = ["Answer", "Call", "ODataRequest", "ODataService", "Target", "refusal"]


@dataclass(frozen=True, slots=True)
class ODataRequest:
    """What the service needs of a request. `header` looks a header up by its lower-case name."""

    method: str
    target: Target
    query: str
    header: Callable[[str], str | None]
    body: bytes


class ODataService:
    """Serves `entity_sets` under `root_url` (no slash at its end), every list with the cap `top_cap` on `$top`.

    What is not among them is looked for in the catalogue that `catalogue` makes when one is first needed; a set is
    kept from then on.
    """

    def __init__(
        self,
        entity_sets: Iterable[EntitySet],
        *,
        root_url: str,
        top_cap: int | None = 100,
        catalogue: Callable[[], Catalogue] | None = None,
    ) -> None:
        self.root_url = root_url
        self.stores = {s.name: EntityStore(s) for s in entity_sets}
        self._top_cap = top_cap
        self._make_catalogue = catalogue
        self._unbound = EntityStore(EntitySet("", EntityType("", ())))

    def store(self, name: str) -> EntityStore | None:
        """The entities of the set of that name; None if the set does not exist."""
        if name not in self.stores and self._catalogue is not None:
            made = self._catalogue.store(name)
            if made is not None:
                self.stores[name] = made
        return self.stores.get(name)

    @cached_property
    def _catalogue(self) -> Catalogue | None:
        return None if self._make_catalogue is None else self._make_catalogue()

    def entity_set(self, name: str) -> EntitySet | None:
        """The set or singleton of that name, or None."""
        store = self.store(name)
        return None if store is None else store.entity_set

    def operation(self, name: str) -> Operation | None:
        """The unbound operation of that name, or None."""
        return None if self._catalogue is None else self._catalogue.operation(name)

    def names(self) -> list[str]:
        """The names of all sets, singletons and unbound operations."""
        further = () if self._catalogue is None else self._catalogue.names()
        return [*self.stores, *(n for n in further if n not in self.stores)]

    def resolve(self, path: str) -> Target:
        """What a raw path below the service root addresses. Raises ODataError: 404 for names, 400 for keys."""
        return resolve(path, self)

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
        if not verbs and target.kind != "navigation":
            raise ODataError(404, f"Nothing is at '{target.set_name}' itself.", target=target.set_name)
        chosen = allowed.get("GET" if request.method == "HEAD" else request.method)
        offered = verbs | {"follow"}
        if chosen is None or chosen[0] not in offered:
            raise method_not_allowed(request.method, [m for m, (verb, _) in allowed.items() if verb in offered])
        return chosen[1](self, request)

    def _document(self, request: ODataRequest) -> Answer:  # noqa: ARG002 - as every handler
        sets = []
        for name in self.names():
            entity_set = self.entity_set(name)
            if entity_set is not None:
                kind = "Singleton" if entity_set.singleton else "EntitySet"
                sets.append({"name": name, "kind": kind, "url": name})
        return json_answer(200, {"@odata.context": f"{self.root_url}/$metadata", "value": sets})

    def _list(self, request: ODataRequest) -> Answer:
        store = self.stores[request.target.set_name]
        kind = store.entity_set.type
        query = parse_query(request.query, kind, LIST_OPTIONS, self._top_cap)
        document: JsonObject = {"@odata.context": self._context(store, query)}
        found: Iterable[Entity] = query.find(store, kind)
        if query.count:
            found = list(found)
            document["@odata.count"] = len(found)
        document["value"] = [_represent(store, e, query) for e in query.page(found)]
        return json_answer(200, document)

    def _count(self, request: ODataRequest) -> Answer:
        store = self.stores[request.target.set_name]
        query = parse_query(request.query, store.entity_set.type, COUNT_OPTIONS, None)
        number = sum(1 for _ in query.find(store, store.entity_set.type))
        return Answer(200, str(number).encode(), [("Content-Type", "text/plain")])

    def _follow(self, request: ODataRequest) -> Answer:
        """The elements of a navigation field, as a list."""
        store, entity = self._find_addressed(request)
        name = request.target.field
        kind = store.entity_set.type.by_name[name].type
        if not isinstance(kind, ComplexType):
            raise TypeError(f"The navigation field {name} leads to no structure.")
        query = parse_query(request.query, kind, LIST_OPTIONS, self._top_cap)
        elements: list[Mapping[str, Json]] = entity.values.get(name) or []
        found = list(query.find([Entity(dict(e), "") for e in elements], kind))
        document: JsonObject = {"@odata.context": f"{self.root_url}/$metadata#Collection({kind.name})"}
        if query.count:
            document["@odata.count"] = len(found)
        document["value"] = [query.project(e.values, kind) for e in query.page(found)]
        return json_answer(200, document)

    def _get(self, request: ODataRequest) -> Answer:
        store, entity = self._find_addressed(request)
        query = parse_query(request.query, store.entity_set.type, ENTITY_OPTIONS, None)
        # RFC 9110, 13.1.2: If-None-Match on a read is answered 304 before anything is made of it.
        if store.entity_set.etags and is_unmodified(request.header, entity.etag):
            return Answer(304, headers=[("ETag", entity.etag)])
        return self._entity_answer(200, store, entity, query)

    def _create(self, request: ODataRequest) -> Answer:
        store = self.stores[request.target.set_name]
        query = parse_query(request.query, store.entity_set.type, ENTITY_OPTIONS, None)
        kind = store.entity_set.type
        values = check_fields(read_json_object(request.body, request.header("content-type")), kind)
        self._check_keys(store.entity_set, store, values)
        answer = self._entity_answer(201, store, entity := store.add(values), query)
        answer.headers.append(("Location", self._address(store, entity)))
        return answer

    def _check_keys(self, entity_set: EntitySet, store: EntityStore, values: Mapping[str, Json]) -> None:
        """Refuse a new entity that lacks a key the service does not make, or whose key is in use."""
        kind, made = entity_set.type, entity_set.made_keys
        given = {n: values.get(n) for n in kind.key}
        for name, value in given.items():
            if value in (None, "") and name not in made and not kind.by_name[name].nullable:
                raise ODataError.warning(400, "REQUIRED", name)
        # 0 is what a client's generated model sends for an Id it does not know.
        is_given = all(v is not None and not (n in made and not v) for n, v in given.items())
        if kind.key and is_given and entity_set.key_of(values) in store:
            raise ODataError.warning(400, "ALREADY_IN_USE", kind.key[0])
        self._check_alternate_keys(store, values, None)

    def _check_alternate_keys(self, store: EntityStore, values: Mapping[str, Json], of: Entity | None) -> None:
        for name in store.entity_set.alternate_keys:
            other = store.find(name, values[name]) if values.get(name) else None
            if other is not None and other is not of:
                raise ODataError.warning(400, "ALREADY_IN_USE", name)

    def _update(self, request: ODataRequest) -> Answer:
        store, entity = self._find_addressed(request)
        self._no_options(request)
        kind = store.entity_set.type
        values = check_fields(read_json_object(request.body, request.header("content-type")), kind)
        check_conditions(request.header, entity.etag)
        for name in kind.key:
            part = kind.by_name[name].type
            if name in values and from_json(part, values[name]) != from_json(part, entity.values[name]):
                raise bad_request(f"The key '{name}' of an entity cannot be changed.", target=name)
        # An entity may keep its own number.
        self._check_alternate_keys(store, values, entity)
        store.update(entity, values)
        return Answer(204, headers=[("ETag", entity.etag)] if store.entity_set.etags else [])

    def _delete(self, request: ODataRequest) -> Answer:
        store, entity = self._find_addressed(request)
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
            raise method_not_allowed(request.method, [method])
        if not operation.options:
            self._no_options(request)
        store = self.stores[target.set_name] if target.set_name else self._unbound
        bound = operation.bound_to == "entity" or store.entity_set.singleton
        entity = self._find_addressed(request)[1] if bound else None
        arguments = (
            target.arguments
            if operation.kind == "function"
            else body_arguments(operation, request.body, request.header)
        )
        result = operation.run(Call(store, entity, arguments, self.stores))
        return result_answer(result, operation, request.query, root_url=self.root_url, top_cap=self._top_cap)

    def _find_addressed(self, request: ODataRequest) -> tuple[EntityStore, Entity]:
        target = request.target
        store = self.stores[target.set_name]
        if store.entity_set.singleton:
            entity, name = store.first(), target.set_name
        elif target.kind == "alternate":
            entity, name = store.find(target.field, target.key), target.field
        else:
            entity, name = store.get(target.key), store.entity_set.type.key[0]
        if entity is None:
            raise ODataError.warning(404, "NOT_FOUND", name)
        return store, entity

    def _no_options(self, request: ODataRequest) -> None:
        if request.query:
            store = self.stores.get(request.target.set_name, self._unbound)
            parse_query(request.query, store.entity_set.type, frozenset(), None)

    def _context(self, store: EntityStore, query: Query, suffix: str = "") -> str:
        suffix = "" if store.entity_set.singleton else suffix
        shown = [*(query.select or ()), *(f"{e}()" for e in sorted(query.expand))]
        selection = f"({','.join(shown)})" if shown else ""
        return f"{self.root_url}/$metadata#{store.entity_set.name}{selection}{suffix}"

    def _entity_answer(self, status: int, store: EntityStore, entity: Entity, query: Query) -> Answer:
        document = {"@odata.context": self._context(store, query, "/$entity"), **_represent(store, entity, query)}
        answer = json_answer(status, document)
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
# By what is addressed and how: the verb its set must offer, and who answers. What is only a path if the set says
# so (an alternate key, a navigation field) is always there to be followed.
_METHODS: dict[str, dict[str, tuple[str, _Handler]]] = {
    "service": {"GET": ("get", ODataService._document)},
    "set": {"GET": ("list", ODataService._list), "POST": ("create", ODataService._create)},
    "count": {"GET": ("list", ODataService._count)},
    "entity": {
        "GET": ("get", ODataService._get),
        "PATCH": ("update", ODataService._update),
        "DELETE": ("delete", ODataService._delete),
    },
    "alternate": {"GET": ("follow", ODataService._get)},
    "singleton": {"GET": ("get", ODataService._get), "PATCH": ("update", ODataService._update)},
    "navigation": {"GET": ("follow", ODataService._follow)},
}


def _represent(store: EntityStore, entity: Entity, query: Query) -> JsonObject:
    values = query.project(entity.values, store.entity_set.type)
    return {"@odata.etag": entity.etag, **values} if store.entity_set.etags else values
