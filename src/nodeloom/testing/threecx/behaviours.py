"""Operations that change what the sandbox holds, as 3CX's do: those that delete many entities at once.

Every other action is checked and answered, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..odata.errors import ODataError
from ..odata.operations import Call


def behaviour_of(set_name: str, name: str) -> Callable[[Call], Any] | None:
    """What an operation does beyond answering, or None."""
    return bulk_delete if (set_name, name) in _BULK_DELETES else None


def bulk_delete(call: Call) -> None:
    """Delete those of `ids` that exist. An empty list is 400; where none of them exists, nothing happens but 404."""
    ids: list[str | int] = call.arguments["ids"]
    if not ids:
        raise ODataError.warning(400, "REQUIRED", "ids")
    # Recordings have an Id and no path to one of them, so their Id is no declared key.
    key = next(iter(call.store.entity_set.type.key), "Id")
    removed = [call.store.remove_by(key, value) for value in ids]
    if not any(removed):
        raise ODataError.warning(404, "NOT_FOUND", "ids")


_BULK_DELETES = frozenset(
    {
        ("BlackListNumbers", "Pbx.BulkNumbersDelete"),
        ("Blocklist", "Pbx.BulkIpsDelete"),
        ("Fax", "Pbx.BulkFaxDelete"),
        ("InboundRules", "Pbx.BulkInboundRulesDelete"),
        ("Recordings", "Pbx.BulkRecordingsDelete"),
        ("Users", "Pbx.BatchDelete"),
        ("WebsiteLinks", "Pbx.BulkLinksDelete"),
    }
)
