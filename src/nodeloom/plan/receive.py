"""From an answer to items.

JSON objects become items, lists one item each, other JSON and text `{"data": …}`; a body that is not text becomes
binary data; an empty success says so. Then come the descriptor's `postReceive` steps, in order (n8n), and
`maxResults`. With `url_values="raw"`, which is n8n to the letter, a body that is no object is the item's `json` as
it is, and one that only says it is JSON is text.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nodeloom.errors import DescriptorError, ItemError
from nodeloom.expression import UNDEFINED, Scope, compile_value
from nodeloom.messages import Response
from nodeloom.plan.call import Call
from nodeloom.plan.draft import Draft, Receiving
from nodeloom.plan.failure import failure, is_success, unreadable

if TYPE_CHECKING:
    from nodeloom.plan.operation import OperationPlan

Item = dict[str, Any]

_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/javascript", "application/x-www-form")


class _Empty:
    """The body of an answer that has none."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<no body>"


EMPTY = _Empty()


def read_body(response: Response, call: Call) -> Any:
    """The body: JSON where it is JSON, text, bytes when it is neither, EMPTY when there is none.

    Raises UnreadableAnswerError when the answer says JSON and is not.
    """
    if call.options.get("encoding") in ("arraybuffer", "stream"):
        return response.body
    if not response.body:
        return EMPTY
    kind = response.content_type
    says_json = kind == "application/json" or kind.endswith("+json")
    if kind and not says_json and not kind.startswith(_TEXT_TYPES) and not kind.endswith("+xml"):
        return response.body
    try:
        return response.json()
    except (ValueError, RecursionError):
        if says_json and call.url_values == "strict":
            raise unreadable(response, call, "JSON") from None
    try:
        return response.body.decode(response.charset)
    except (UnicodeDecodeError, LookupError):
        return response.body


def _item(value: Any) -> Item:
    return {"json": value if isinstance(value, dict) else {"data": None if value is UNDEFINED else value}}


def _as_is(value: Any) -> Item:
    return {"json": value}


def _binary(value: bytes, response: Response, property_name: str) -> Item:
    disposition = response.headers.get("content-disposition", "")
    name = next(
        (p.partition("=")[2].strip().strip('"') for p in disposition.split(";") if p.strip().startswith("filename=")),
        None,
    )
    data = {
        "data": base64.b64encode(value).decode("ascii"),
        "mimeType": response.content_type or "application/octet-stream",
        "fileSize": len(value),
    }
    if name:
        data["fileName"] = name.replace("\\", "/").rpartition("/")[2]
    return {"json": {}, "binary": {property_name: data}}


class Reception:
    """Reads the answers of one item by its plan and draft."""

    def __init__(self, plan: OperationPlan, draft: Draft) -> None:
        self._plan = plan
        self._draft = draft
        self._as_n8n = plan.url_values == "raw"

    def items(self, response: Response, call: Call) -> list[Item]:
        """The items of one answer. Raises a ResponseError subclass when the answer is no success."""
        if not is_success(response.status, call.options.get("ignoreHttpStatusErrors")):
            raise failure(response, call, self._plan.operation, self._draft.values, self._plan.title)
        body = read_body(response, call)
        full = self.response_name(response, body)
        if call.options.get("returnFullResponse") in (True, "true"):
            body = full
        items = self._first_items(body, response)
        for receiving in self._draft.receiving:
            for step in receiving.steps:
                items = self._step(step, items, receiving, response, full, body, call)
        return items

    def limited(self, items: list[Item]) -> list[Item]:
        """`items` cut to `maxResults`."""
        limit = self.max_results()
        return items if limit is None else items[:limit]

    def max_results(self) -> int | None:
        """How many items at most; None when there is no limit."""
        return _count(self._draft.max_results)

    def response_name(self, response: Response, body: Any) -> dict[str, Any]:
        """What `$response` shows: body, headers, statusCode, statusMessage."""
        return {
            "body": "" if body is EMPTY else body,
            "headers": response.headers,
            "statusCode": response.status,
            "statusMessage": response.reason,
        }

    def _first_items(self, body: Any, response: Response) -> list[Item]:
        item = _as_is if self._as_n8n else _item
        if body is EMPTY and self._as_n8n and not self._draft.echo:
            return [item("")]
        if body is EMPTY:
            echoed = {name: self._draft.values[name] for name in self._draft.echo if name in self._draft.values}
            return [{"json": {"success": True, "statusCode": response.status, **echoed}}]
        if isinstance(body, bytes):
            return [_binary(body, response, "data")]
        if isinstance(body, list):
            return [item(value) for value in body]
        return [item(body)]

    def _step(
        self,
        step: Any,
        items: list[Item],
        receiving: Receiving,
        response: Response,
        full: Mapping[str, Any],
        body: Any,
        call: Call,
    ) -> list[Item]:
        kind = step.type
        scope = self._draft.scope.extend({**receiving.names, "$value": receiving.value, "$response": full})
        if step.enabled is not None and not _resolve(step.enabled, scope):
            return items
        if body is EMPTY and kind not in ("set", "setKeyValue"):
            return items
        if kind == "odata":
            return _odata(body, response, call)
        handler = _STEPS.get(kind)
        if handler is None:
            raise DescriptorError(
                f"postReceive has the unknown type {kind!r}.", hint=f"Known types: {', '.join([*_STEPS, 'odata'])}."
            )
        return handler(step.properties, items, scope, response)


def _resolve(written: Any, scope: Scope) -> Any:
    return compile_value(written, dialect="n8n").resolve(scope)


def _count(value: Any) -> int | None:
    if isinstance(value, bool) or value is None or value is UNDEFINED or value == "":
        return None
    try:
        return max(0, int(float(value)))
    except (TypeError, ValueError, OverflowError):
        raise ItemError(f"maxResults is not a number: {value!r}.", hint="Give a whole number.") from None


def _root_property(properties: Mapping[str, Any], items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    path = str(_resolve(properties.get("property"), scope)).split(".")
    found: list[Item] = []
    for item in items:
        value: Any = item["json"]
        for key in path:
            value = value.get(key, UNDEFINED) if isinstance(value, Mapping) else UNDEFINED
        if isinstance(value, list):
            found.extend(_item(v) for v in value)
        elif value is not UNDEFINED:
            found.append(_item(value))
    return found


def _filter(properties: Mapping[str, Any], items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    passes = compile_value(properties.get("pass"), dialect="n8n")
    return [item for item in items if passes.resolve(scope.extend({"$responseItem": item["json"]}))]


def _limit(properties: Mapping[str, Any], items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    limit = _count(_resolve(properties.get("maxResults"), scope))
    return items if limit is None else items[:limit]


def _set(properties: Mapping[str, Any], _items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    value = _resolve(properties.get("value"), scope)
    return [_item(v) for v in value] if isinstance(value, list) else [_item(value)]


def _set_key_value(properties: Mapping[str, Any], items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    compiled = {key: compile_value(value, dialect="n8n") for key, value in properties.items()}
    found = []
    for item in items:
        own = scope.extend({"$responseItem": item["json"]})
        resolved = {key: value.resolve(own) for key, value in compiled.items()}
        found.append({"json": {key: value for key, value in resolved.items() if value is not UNDEFINED}})
    return found


def _sort(properties: Mapping[str, Any], items: list[Item], scope: Scope, _response: Response) -> list[Item]:
    from nodeloom.plan.wire import scalar_text

    key = str(_resolve(properties.get("key"), scope))

    def text(item: Item) -> str:
        value = item["json"].get(key)
        return scalar_text(value).lower() if value else ""

    return sorted(items, key=text)


def _binary_data(properties: Mapping[str, Any], _items: list[Item], scope: Scope, response: Response) -> list[Item]:
    return [_binary(response.body, response, str(_resolve(properties.get("destinationProperty"), scope)))]


_STEPS: dict[str, Callable[[Mapping[str, Any], list[Item], Scope, Response], list[Item]]] = {
    "rootProperty": _root_property,
    "filter": _filter,
    "limit": _limit,
    "set": _set,
    "setKeyValue": _set_key_value,
    "sort": _sort,
    "binaryData": _binary_data,
}


def _odata(body: Any, response: Response, call: Call) -> list[Item]:
    """Items of an OData answer: a collection's entities one each; annotations left out, but for the ETag.

    OData JSON Format v4.01, sections 4.5 and 13. The ETag of a single entity may stand in the header alone.
    """
    if not isinstance(body, (dict, list)):
        raise unreadable(response, call, "OData JSON")
    if isinstance(body, dict) and isinstance(body.get("value"), list):
        return [_item(_without_annotations(entity)) for entity in body["value"]]
    entity = _without_annotations(body)
    etag = response.headers.get("etag")
    if isinstance(entity, dict) and etag and "@odata.etag" not in entity:
        entity["@odata.etag"] = etag
    return [_item(entity)]


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
