"""Actions and functions: their call, an action's arguments out of the body, and what becomes of the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nodeloom.testing.odata.bodychecks import check_value, read_json_object
from nodeloom.testing.odata.declarations import File, Operation, Rows
from nodeloom.testing.odata.query import parse_query
from nodeloom.testing.odata.refusal import ODataError, bad_request
from nodeloom.testing.odata.replies import Answer, file_answer, json_answer
from nodeloom.testing.odata.store import Entity, EntityStore


@dataclass(frozen=True, slots=True)
class Call:
    """An operation under way: where it is bound, its arguments (checked; null where not given), all stores.

    An operation that is bound to nothing has an empty store.
    """

    store: EntityStore
    entity: Entity | None
    arguments: Mapping[str, Any]
    stores: Mapping[str, EntityStore]


def body_arguments(operation: Operation, body: bytes, header: Callable[[str], str | None]) -> dict[str, Any]:
    """An action's arguments out of the body, null where not given. Raises ODataError (400, 415).

    A body may be left out where there is nothing that must be in it.
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


def result_answer(result: Any, operation: Operation, query: str, *, root_url: str, top_cap: int | None) -> Answer:
    """The answer for what an operation gave: 204 for None, a file, chosen rows, or the JSON it is.

    Raises ODataError (400) for query options the operation does not take.
    """
    if isinstance(result, Rows):
        return _rows_answer(result, operation, query, root_url, top_cap)
    if result is None:
        return Answer(204)
    if isinstance(result, File):
        return file_answer(result)
    if operation.gives:
        result = {"@odata.context": f"{root_url}/$metadata#{operation.gives}", **result}
    return json_answer(200, result)


def _rows_answer(rows: Rows, operation: Operation, raw: str, root_url: str, top_cap: int | None) -> Answer:
    query = parse_query(raw, rows.type, operation.options, top_cap)
    found = list(query.find([Entity(dict(values), "") for values in rows.values], rows.type))
    chosen = [query.project(entity.values, rows.type) for entity in query.page(found)]
    if rows.file is not None:
        return file_answer(rows.file(chosen))
    document: dict[str, Any] = {"@odata.context": f"{root_url}/$metadata#Collection({rows.type.name})"}
    if query.count:
        document["@odata.count"] = len(found)
    document["value"] = [row["$it"] if set(row) == {"$it"} else row for row in chosen]
    return json_answer(200, document)
