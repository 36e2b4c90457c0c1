"""Items: n8n's form `{"json": {…}, "binary": …}`, or a bare JSON object that stands for its `json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nodeloom.errors import InvalidItemError, ItemError
from nodeloom.inputs.plainvalues import AS_IT_IS, TEXT, NoJsonError, plain
from nodeloom.values import Item, Json
from nodeloom.valuewords import kind_of

_ITEM_KEYS = {"json", "binary", "pairedItem", "error", "index"}


def as_item(value: object, index: int) -> Item:
    """`value` as an item. Raises InvalidItemError if it is not a JSON object.

    An object is taken for n8n's form when its `json` is an object and all its keys are n8n's own.
    """
    if type(value) is dict and "json" not in value:
        return {"json": value}
    if isinstance(value, InvalidItemError):
        value.item = index
        raise value
    if not isinstance(value, (dict, Mapping)):
        raise InvalidItemError(
            f"The item is {kind_of(value)}, not an object.",
            item=index,
            value=value,
            hint='An item is a JSON object such as {"Link": "summer-sale"}.',
        )
    if "json" in value and isinstance(value["json"], Mapping) and value.keys() <= _ITEM_KEYS:
        return dict(value)
    return {"json": value if isinstance(value, dict) else dict(value)}


def plain_item(raw: object) -> Json | InvalidItemError:
    """An item as it was given, with Python's values in it as JSON; the error for one that holds what has no JSON form.

    The error is given, not raised: it is that item's own, whose turn comes later.
    """
    # Most items are this; a call fewer counts.
    if type(raw) is dict and AS_IT_IS.issuperset(map(type, raw.values())) and TEXT.issuperset(map(type, raw)):
        return raw
    if isinstance(raw, InvalidItemError):
        return raw
    try:
        if type(raw) is dict and "json" in raw and raw.keys() <= _ITEM_KEYS:
            # Files are not data: what they hold may be bytes.
            data = plain(raw["json"], ("json",))
            return raw if data is raw["json"] else {**raw, "json": data}
        return plain(raw)
    except NoJsonError as fault:
        where = f"The item's {fault.place}" if fault.keys else "The item"
        error = InvalidItemError(f"{where} {fault.reason}.", hint=fault.hint, path=fault.place or None)
        error.__cause__ = fault.__cause__
        return error
    except RecursionError:
        return too_deep()


def too_deep() -> InvalidItemError:
    """The error for an item that Python's stack is too small for."""
    return InvalidItemError("The item is nested too deeply.", hint="Use fewer levels of lists and objects.")


class AllItems(Sequence[Item]):
    """All items of a run in n8n's form, made when first looked at; one that is not an object counts as empty."""

    def __init__(self, raw: Sequence[object]) -> None:
        self._raw = raw
        self._items: list[Item] | None = None

    def _make_items(self) -> list[Item]:
        if self._items is None:
            self._items = [_or_empty(value, index) for index, value in enumerate(self._raw)]
        return self._items

    def __len__(self) -> int:
        return len(self._raw)

    def __getitem__(self, index: Any) -> Any:
        return self._make_items()[index]


def _or_empty(value: object, index: int) -> Item:
    try:
        return as_item(value, index)
    except ItemError:
        return {"json": {}}
