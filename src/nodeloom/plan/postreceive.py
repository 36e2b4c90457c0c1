"""The steps from an answer's items to the items that come out: n8n's `postReceive`, compiled once a plan.

The steps work on any JSON; a value that is not an object becomes an item when they are done (`as_item`). `odata` is
Nodeloom's: a collection's entities one item each, annotations left out.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nodeloom.descriptor.keypaths import value_at
from nodeloom.descriptor.models import PostReceive
from nodeloom.errors import DescriptorError, InvalidValueError, nearest
from nodeloom.expression import UNDEFINED, Compiled, Scope, compile_value
from nodeloom.messages import Response
from nodeloom.plan.wire import is_truthy, name_text, number_of, scalar_text
from nodeloom.values import Item, Json

#: Under which name an item holds the ETag of its entity.
ETAG = "@odata.etag"
#: OData's control information, of an entity or of a property (JSON Format v4.01, section 4.6): 4.01 may leave out the
#: prefix `odata.`, 4.0 does not. What else stands behind an `@` is an annotation of the service's own.
_CONTROL = re.compile(
    r"@(?:odata\.|(?:context|metadataEtag|type|count|nextLink|deltaLink|id|editLink|readLink|etag|navigationLink"
    r"|associationLink|removed|collectionAnnotations|media(?:EditLink|ReadLink|Etag|ContentType))$)"
)

# An empty answer has nothing for the other steps to work on.
_ON_EMPTY = frozenset({"set", "setKeyValue"})
# In n8n these do nothing with an answer that is a list, which is one item there; here they work on its entries.
_ON_ENTRIES = frozenset({"filter", "limit", "sort"})
# What `parseInt` and `Number` of JavaScript read.
_WHOLE = re.compile(r"\s*([+-]?[0-9]{1,15})")


def as_item(value: object) -> Item:
    """A JSON object as an item; any other value under `data`."""
    return {"json": value if isinstance(value, dict) else {"data": None if value is UNDEFINED else value}}


def is_file(response: Response) -> bool:
    """Whether the answer says that its body is to be saved (RFC 6266)."""
    return response.disposition.kind == "attachment"


def binary_item(content: bytes, response: Response, property_name: str) -> Item:
    """An item with `content` as binary data (base64), named by the answer's Content-Disposition."""
    data: dict[str, object] = {
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
    as_n8n: bool = False

    @property
    def reads_names(self) -> bool:
        """Whether a template of it may look at names such as `$response`."""
        return not all(c.static for c in self.properties.values())

    def applies(self, scope: Scope) -> bool:
        """Whether it is enabled, which n8n settles before the request is sent."""
        if self.enabled is None:
            return True
        value = self.enabled.resolve(scope)
        return value is not False if self.enabled.static else is_truthy(value)

    def apply(
        self, items: list[Item], scope: Scope, response: Response, *, empty: bool, annotations: bool | list[str] = False
    ) -> list[Item]:
        """The items after this step.

        Args:
            items: those before it.
            scope: has `$response` and `$value`.
            response: the answer.
            empty: whether the answer had no body.
            annotations: which of OData's annotations the items keep; True for all.
        """
        if empty and self.kind not in _ON_EMPTY:
            return items
        if self.kind == "odata":
            return _odata(items, response, annotations)
        if self.kind in _ON_ENTRIES and not self.as_n8n:
            items = entries_of(items)
        return _KINDS[self.kind](self, items, scope, response)

    def value(self, name: str, scope: Scope) -> object:
        """The resolved property of that name; UNDEFINED when the step has none."""
        compiled = self.properties.get(name)
        return UNDEFINED if compiled is None else compiled.resolve(scope)

    def name(self, name: str, scope: Scope) -> str:
        """The property of that name as text; n8n reads no expression in it."""
        compiled = self.properties.get(name)
        return name_text(compiled.source if self.as_n8n and compiled else self.value(name, scope), "UTC", as_n8n=True)


def entries_of(items: list[Item]) -> list[Item]:
    """The entries of an answer that is a list, one item each."""
    whole = items[0]["json"] if len(items) == 1 else None
    return [{"json": value} for value in whole] if isinstance(whole, list) else items


def compile_step(step: PostReceive, *, as_n8n: bool = False) -> PostReceiveStep:
    """Compile a step of a descriptor. Raises DescriptorError for an unknown type, with the nearest."""
    # n8n fails at the answer, when the request has been made already.
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
        as_n8n,
    )


def count_of(value: Json) -> int | None:
    """A limit as a number; None for none. Raises InvalidValueError if it is not a number, or below zero."""
    if value is False or value is None or value is UNDEFINED or value == "":
        return None
    try:
        # True is 1 to Python, and is not meant as a number.
        count = -1 if value is True else int(float(value))
    except (TypeError, ValueError, OverflowError):
        count = -1
    if count < 0:
        raise InvalidValueError(
            "maxResults is not a number of items.",
            property="maxResults",
            value=value,
            hint="Give a whole number, 0 or more.",
        )
    return count


def cut_as_n8n(items: list[Item], most: object) -> list[Item]:
    """`items` without those from `most` on (JavaScript's `splice`): a negative number counts from the end."""
    start = number_of(most)
    return items[: int(start)] if math.isfinite(start) else items[: None if start == math.inf else 0]


def _root_property(step: PostReceiveStep, items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    path = step.name("property", scope)
    found: list[Item] = []
    for item in items:
        value = value_at(item["json"], path, UNDEFINED)
        if isinstance(value, list):
            found.extend({"json": entry} for entry in value)
        elif value is not UNDEFINED or step.as_n8n:
            found.append({"json": value})
    return found


def _filter(step: PostReceiveStep, items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    return [item for item in items if is_truthy(step.value("pass", scope.extend({"$responseItem": item["json"]})))]


def _limit(step: PostReceiveStep, items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    most = step.value("maxResults", scope)
    if step.as_n8n:
        found = _WHOLE.match(scalar_text(most, objects=True)) if not isinstance(most, bool) else None
        return items[: int(found[1]) if found else 0]
    limit = count_of(most)
    return items if limit is None else items[:limit]


def _set(step: PostReceiveStep, _items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    value = _drop_undefined(step.value("value", _without_credentials(scope)))
    # n8n makes one item of a list, whose `json` is the list.
    return [{"json": v} for v in value] if isinstance(value, list) and not step.as_n8n else [{"json": value}]


def _drop_undefined(value: object) -> object:
    """JSON without what is undefined: a member is left out, an entry of a list is null."""
    if isinstance(value, dict):
        return {key: _drop_undefined(inner) for key, inner in value.items() if inner is not UNDEFINED}
    if isinstance(value, list):
        return [None if inner is UNDEFINED else _drop_undefined(inner) for inner in value]
    return value


def _without_credentials(scope: Scope) -> Scope:
    """What makes items cannot read the credential (n8n)."""
    return scope.extend({"$credentials": UNDEFINED})


def _set_key_value(step: PostReceiveStep, items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    found = []
    for item in items:
        own = _without_credentials(scope).extend({"$responseItem": item["json"]})
        found.append({"json": _drop_undefined({key: value.resolve(own) for key, value in step.properties.items()})})
    return found


def _sort(step: PostReceiveStep, items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    key = step.name("key", scope)

    def units(item: Item) -> bytes:
        value = item["json"].get(key) if isinstance(item["json"], Mapping) else None
        # By UTF-16 code units, as JavaScript orders text.
        return scalar_text(value, objects=True).lower().encode("utf-16-be", "surrogatepass")

    return sorted(items, key=units)


def _binary_data(step: PostReceiveStep, _items: list[Item], scope: Scope, response: Response) -> list[Item]:
    return [binary_item(response.body, response, str(step.value("destinationProperty", scope)))]


def _odata(items: list[Item], response: Response, annotations: bool | list[str]) -> list[Item]:
    """OData JSON Format v4.01, sections 4.5 and 13: annotations are left out, but for the ETag and those asked for.

    The ETag of a single entity may stand in the answer's header alone. What is asked for by name (a count) stands with
    the list, and each of its items has it; with `annotations=True` all stay where they are, and those of the list too.
    """
    items = entries_of(items)
    keep = annotations is True
    named = annotations if isinstance(annotations, list) else []
    page = items[0]["json"] if len(items) == 1 else None
    if isinstance(page, dict) and isinstance(page.get("value"), list):
        of_list = {k: v for k, v in page.items() if _CONTROL.search(k) and (keep or _add_prefix(k) in named)}
        entities = [as_item(e if keep else _without_annotations(e)) for e in page["value"]]
        if not keep:
            of_list = {_add_prefix(name): value for name, value in of_list.items()}
        return [{"json": {**of_list, **entity["json"]}} for entity in entities] if of_list else entities
    found = [item["json"] if keep else _without_annotations(item["json"]) for item in items]
    # A service may give an entity's ETag in the header only, and If-Match needs it.
    etag = response.headers.get("etag")
    if len(found) == 1 and etag and isinstance(found[0], dict) and not {ETAG, "@etag"} & found[0].keys():
        found[0][ETAG] = etag
    return [as_item(entity) for entity in found]


def _add_prefix(name: str) -> str:
    """The name of control information as OData 4.0 writes it: `@odata.count` for `@count`."""
    return name if "@odata." in name else name.replace("@", "@odata.", 1)


def _without_annotations(value: object) -> object:
    if isinstance(value, dict):
        kept = {key: _without_annotations(member) for key, member in value.items() if not _CONTROL.search(key)}
        etag = value.get(ETAG, value.get("@etag"))
        return kept if etag is None else {ETAG: etag, **kept}
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
