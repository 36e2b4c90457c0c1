"""The steps from an answer's items to the items that come out: n8n's `postReceive`, compiled once a plan.

`odata` is Nodeloom's: a collection's entities one item each, annotations left out.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nodeloom.descriptor.models import PostReceive
from nodeloom.errors import DescriptorError, ItemError, nearest
from nodeloom.expression import UNDEFINED, Compiled, Scope, compile_value
from nodeloom.messages import Response
from nodeloom.plan.wire import scalar_text

Item = dict[str, Any]

# An empty answer has nothing for the other steps to work on.
_ON_EMPTY = frozenset({"set", "setKeyValue"})


def as_item(value: Any) -> Item:
    """A JSON object as an item; any other value under `data`."""
    return {"json": value if isinstance(value, dict) else {"data": None if value is UNDEFINED else value}}


def is_file(response: Response) -> bool:
    """Whether the answer says that its body is to be saved (RFC 6266)."""
    return response.disposition.kind == "attachment"


def binary_item(content: bytes, response: Response, property_name: str) -> Item:
    """An item with `content` as binary data (base64), named by the answer's Content-Disposition."""
    data: dict[str, Any] = {
        "data": base64.b64encode(content).decode("ascii"),
        "mimeType": response.content_type or "application/octet-stream",
        "fileSize": len(content),
    }
    if response.disposition.name is not None:
        data["fileName"] = response.disposition.name
    return {"json": {}, "binary": {property_name: data}}


@dataclass(frozen=True, slots=True)
class PostReceiveStep:
    """One compiled step: its kind, whether it applies, its properties."""

    kind: str
    enabled: Compiled | None
    properties: Mapping[str, Compiled]

    @property
    def reads_names(self) -> bool:
        """Whether a template of it may look at names such as `$response`."""
        return not all(c.static for c in (self.enabled, *self.properties.values()) if c is not None)

    def apply(
        self, items: list[Item], scope: Scope, response: Response, *, empty: bool, annotations: bool | list[str] = False
    ) -> list[Item]:
        """The items after this step.

        `scope` has `$response` and `$value`; `empty` says the answer had no body, `annotations` which of OData's the
        items keep (True: all).
        """
        if self.enabled is not None and not self.enabled.resolve(scope):
            return items
        if empty and self.kind not in _ON_EMPTY:
            return items
        if self.kind == "odata":
            return _odata(items, response, annotations)
        return _KINDS[self.kind](self, items, scope, response)

    def value(self, name: str, scope: Scope) -> Any:
        """The resolved property of that name; UNDEFINED when the step has none."""
        compiled = self.properties.get(name)
        return UNDEFINED if compiled is None else compiled.resolve(scope)


def compile_step(step: PostReceive) -> PostReceiveStep:
    """Compile a step of a descriptor. Raises DescriptorError for an unknown type, with the nearest."""
    if step.type != "odata" and step.type not in _KINDS:
        close = nearest(step.type, [*_KINDS, "odata"])
        raise DescriptorError(
            f"postReceive has the unknown type {step.type!r}.",
            hint=f"Did you mean {close!r}?" if close else f"Known types: {', '.join(_KINDS)}, odata.",
        )
    return PostReceiveStep(
        step.type,
        None if step.enabled is None else compile_value(step.enabled, dialect="n8n", property="postReceive.enabled"),
        {
            name: compile_value(value, dialect="n8n", property=f"postReceive.{name}")
            for name, value in step.properties.items()
        },
    )


def count_of(value: Any) -> int | None:
    """A limit as a number; None for none. Raises ItemError for what is no number."""
    if isinstance(value, bool) or value is None or value is UNDEFINED or value == "":
        return None
    try:
        return max(0, int(float(value)))
    except (TypeError, ValueError, OverflowError):
        raise ItemError("maxResults is not a number.", value=value, hint="Give a whole number.") from None


def _root_property(step: PostReceiveStep, items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    path = str(step.value("property", scope)).split(".")
    found: list[Item] = []
    for item in items:
        value: Any = item["json"]
        for key in path:
            value = value.get(key, UNDEFINED) if isinstance(value, Mapping) else UNDEFINED
        if isinstance(value, list):
            found.extend(as_item(v) for v in value)
        elif value is not UNDEFINED:
            found.append(as_item(value))
    return found


def _filter(step: PostReceiveStep, items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    return [item for item in items if _truthy(step.value("pass", scope.extend({"$responseItem": item["json"]})))]


def _truthy(value: Any) -> bool:
    """Truth as in JavaScript, where empty lists and objects are true."""
    return (bool(value) and value == value) or isinstance(value, (list, dict))


def _limit(step: PostReceiveStep, items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    limit = count_of(step.value("maxResults", scope))
    return items if limit is None else items[:limit]


def _set(step: PostReceiveStep, _items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    value = step.value("value", scope)
    return [as_item(v) for v in value] if isinstance(value, list) else [as_item(value)]


def _set_key_value(step: PostReceiveStep, items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    found = []
    for item in items:
        own = scope.extend({"$responseItem": item["json"]})
        resolved = {key: value.resolve(own) for key, value in step.properties.items()}
        found.append({"json": {key: value for key, value in resolved.items() if value is not UNDEFINED}})
    return found


def _sort(step: PostReceiveStep, items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    key = str(step.value("key", scope))

    def text(item: Item) -> str:
        value = item["json"].get(key) if isinstance(item["json"], Mapping) else None
        return scalar_text(value).lower() if value else ""

    return sorted(items, key=text)


def _binary_data(step: PostReceiveStep, _items: list[Item], scope: Scope, response: Response) -> list[Item]:
    return [binary_item(response.body, response, str(step.value("destinationProperty", scope)))]


def _odata(items: list[Item], response: Response, annotations: bool | list[str]) -> list[Item]:
    """OData JSON Format v4.01, sections 4.5 and 13: annotations are left out, but for the ETag and those asked for.

    The ETag of a single entity may stand in the answer's header alone. What is asked for by name (a count) stands with
    the list, and each of its items has it; with `annotations=True` all stay where they are, and those of the list too.
    """
    keep = annotations is True
    named = annotations if isinstance(annotations, list) else []
    page = items[0]["json"] if len(items) == 1 else None
    if isinstance(page, dict) and isinstance(page.get("value"), list):
        of_list = {k: v for k, v in page.items() if "@odata." in k and (keep or k in named)}
        entities = [as_item(e if keep else _without_annotations(e)) for e in page["value"]]
        return [{"json": {**of_list, **entity["json"]}} for entity in entities] if of_list else entities
    found = [item["json"] if keep else _without_annotations(item["json"]) for item in items]
    etag = response.headers.get("etag")
    if len(found) == 1 and etag and isinstance(found[0], dict):
        found[0].setdefault("@odata.etag", etag)
    return [as_item(entity) for entity in found]


def _without_annotations(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_annotations(member)
            for key, member in value.items()
            if "@odata." not in key or key == "@odata.etag"
        }
    if isinstance(value, list):
        return [_without_annotations(member) for member in value]
    return value


_KINDS: dict[str, Callable[[PostReceiveStep, list[Item], Scope, Response], list[Item]]] = {
    "rootProperty": _root_property,
    "filter": _filter,
    "limit": _limit,
    "set": _set,
    "setKeyValue": _set_key_value,
    "sort": _sort,
    "binaryData": _binary_data,
}
