"""Actions and functions: their call, an action's arguments out of the body, and what becomes of the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nodeloom.testing.odata.bodychecks import check_value, read_json_object
from nodeloom.testing.odata.declarations import File, Operation, Result, Rows
from nodeloom.testing.odata.query import parse_query
from nodeloom.testing.odata.refusal import ODataError, bad_request
from nodeloom.testing.odata.replies import Answer, file_answer, json_answer
from nodeloom.testing.odata.store import Entity, EntityStore
from nodeloom.values import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Call:
    """An operation under way: what it is bound to, its arguments (checked; null if not given), all stores.

    An operation that is not bound has an empty store.
    """

    store: EntityStore
    entity: Entity | None
    arguments: Mapping[str, Json]
    stores: Mapping[str, EntityStore]


def body_arguments(operation: Operation, body: bytes, header: Callable[[str], str | None]) -> JsonObject:
    """An action's arguments out of the body, null if not given. Raises ODataError (400, 415).

    A body may be left out if no parameter must be given.
    """
    parameters = {p.name: p for p in operation.parameters}
    if not parameters:
        return {}
    if not body and all(p.nullable for p in operation.parameters):
        return dict.fromkeys(parameters)
    given = read_json_object(body, header("content-type"))
    for name in given:
        if name not in parameters and "@" not in name:
            raise bad_request(f"The action '{operation.name}' has no parameter '{name}'.", target=name)
    for name, parameter in parameters.items():
        if given.get(name) is None and not parameter.nullable:
            raise ODataError.warning(400, "REQUIRED", name)
    return {n: check_value(p, given[n], n) if given.get(n) is not None else None for n, p in parameters.items()}


def result_answer(result: Result, operation: Operation, query: str, *, root_url: str, top_cap: int | None) -> Answer:
    """The answer for what an operation gave: 204 for None, a file, chosen rows, or the JSON it is.

    Args:
        result: what it gave.
        operation: says which query options it takes and which type it gives.
        query: the request's query, as it was sent.
        root_url: of the service, for `@odata.context`.
        top_cap: the highest `$top`; None for no cap.

    Raises ODataError (400) for query options the operation does not take.
    """
    if isinstance(result, Rows):
        return _rows_answer(result, operation, query, root_url, top_cap)
    if result is None:
        return Answer(204)
    if isinstance(result, File):
        return file_answer(result)
    # OData JSON Format 4.01: the context URL is the first member.
    if operation.gives:
        result = {"@odata.context": f"{root_url}/$metadata#{operation.gives}", **result}
    return json_answer(200, result)


def _rows_answer(rows: Rows, operation: Operation, raw: str, root_url: str, top_cap: int | None) -> Answer:
    """As `result_answer`, for rows; `raw` is the query."""
    query = parse_query(raw, rows.type, operation.options, top_cap)
    found = list(query.find([Entity(dict(values), "") for values in rows.values], rows.type))
    chosen = [query.project(entity.values, rows.type) for entity in query.page(found)]
    if rows.file is not None:
        return file_answer(rows.file(chosen))
    document: JsonObject = {"@odata.context": f"{root_url}/$metadata#Collection({rows.type.name})"}
    if query.count:
        document["@odata.count"] = len(found)
    document["value"] = [row["$it"] if set(row) == {"$it"} else row for row in chosen]
    return json_answer(200, document)
