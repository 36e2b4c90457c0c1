"""Operations that change what the sandbox holds, as 3CX's do: those that delete or change many entities at once.

Every other action is checked and answered, and does not change data.
"""

from __future__ import annotations

from collections.abc import Callable

from nodeloom.testing.odata.boundoperations import Call
from nodeloom.testing.odata.declarations import ComplexType, Field, Result, Rows
from nodeloom.testing.odata.refusal import ODataError
from nodeloom.values import Json


def behaviour_of(set_name: str, name: str, result: Field | None) -> Callable[[Call], Result] | None:
    """What an operation that answers `result` does beyond answering, or None."""
    if (set_name, name) == ("Users", "Pbx.BatchDelete") and result is not None:
        return _make_user_deletion(result)
    return _BEHAVIOURS.get((set_name, name))


def bulk_delete(call: Call) -> None:
    """Delete those of `ids` that exist. An empty list is 400; if none of them exists, the answer is 404."""
    _each(call, call.store.remove_by)


def bulk_update(call: Call) -> None:
    """Put what `user` says over those users of `ids` that exist; refused as `bulk_delete` is. Their keys stay."""
    changes = {n: v for n, v in call.arguments["user"].items() if n not in call.store.entity_set.type.key}

    def update(field: str, value: Json) -> bool:
        entity = call.store.find(field, value)
        if entity is not None:
            call.store.update(entity, changes)
        return entity is not None

    _each(call, update)


def _make_user_deletion(result: Field) -> Callable[[Call], Result]:
    """Users are deleted as other things are, and the answer says which could not be."""
    kind = result.type
    if not isinstance(kind, ComplexType):
        raise TypeError(f"{result.name} is a list of structures.")

    def run(call: Call) -> Rows:
        missing = _each(call, call.store.remove_by)
        error = "WARNINGS.XAPI.NOT_FOUND"
        return Rows(kind, [{"Error": error, "ExtensionNumber": str(value)} for value in missing])

    return run


def _each(call: Call, change: Callable[[str, Json], bool]) -> list[Json]:
    """Do `change` for each of `ids`, given with the field they are values of; those for which it says False."""
    # An Id given twice is deleted once, and is not missing the second time.
    ids: list[str | int] = list(dict.fromkeys(call.arguments["ids"]))
    if not ids:
        raise ODataError.warning(400, "REQUIRED", "ids")
    # Recordings have an Id and no path to one of them, so their Id is not a declared key.
    key = next(iter(call.store.entity_set.type.key), "Id")
    missing = [value for value in ids if not change(key, value)]
    if len(missing) == len(ids):
        raise ODataError.warning(404, "NOT_FOUND", "ids")
    return missing


_BEHAVIOURS: dict[tuple[str, str], Callable[[Call], Result]] = {
    ("BlackListNumbers", "Pbx.BulkNumbersDelete"): bulk_delete,
    ("Blocklist", "Pbx.BulkIpsDelete"): bulk_delete,
    ("Contacts", "Pbx.DeleteContactsById"): bulk_delete,
    ("Fax", "Pbx.BulkFaxDelete"): bulk_delete,
    ("InboundRules", "Pbx.BulkInboundRulesDelete"): bulk_delete,
    ("Recordings", "Pbx.BulkRecordingsDelete"): bulk_delete,
    ("Users", "Pbx.BulkUpdate"): bulk_update,
    ("WebsiteLinks", "Pbx.BulkLinksDelete"): bulk_delete,
}
