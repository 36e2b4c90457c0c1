"""From an answer to items.

JSON objects become items, lists one item each, other JSON and text `{"data": …}`; a body that is not text becomes
binary data; an empty success says so. Then come the descriptor's `postReceive` steps, in order (n8n), and
`maxResults`. With `url_values="raw"`, which is n8n to the letter, a body that is no object is the item's `json` as
it is, and one that only says it is JSON is text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

from nodeloom.errors import LimitError
from nodeloom.expression import UNDEFINED
from nodeloom.messages import Response
from nodeloom.plan.call import Call
from nodeloom.plan.draft import Draft
from nodeloom.plan.failure import failure, unreadable
from nodeloom.plan.postreceive import as_item, binary_item, count_of, cut_as_n8n, is_file
from nodeloom.plan.wire import is_truthy, number_of

if TYPE_CHECKING:
    from nodeloom.plan.operation import OperationPlan

Item = dict[str, Any]

_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/javascript", "application/x-www-form")


# Encodings of text, by their registered names (IANA). Python has others behind such names: `punycode` and `idna` take
# time with the square of the length, `unicode_escape` is no encoding of text.
_CHARSET = re.compile(
    r"(?:us-)?ascii|utf[-_]?(?:8|16|32)(?:[-_]?[bl]e)?|iso[-_]?8859[-_]\d{1,2}|latin[-_]?\d{1,2}"
    r"|(?:windows|cp|ibm)[-_]?\d{3,5}|koi8[-_][rtu]|mac(?:intosh|roman)|tis[-_]?620"
    r"|gb(?:2312|k|18030)|big5(?:-?hkscs)?|s(?:hift)?[-_]?jis|euc[-_](?:jp|kr)|iso[-_]2022[-_](?:jp|kr)",
    re.IGNORECASE,
)


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
    encoding = call.options.get("encoding")
    if encoding in ("arraybuffer", "stream"):
        return response.body
    if not response.body:
        return EMPTY
    if isinstance(encoding, str) and encoding not in ("", "json"):
        # A node that asks for text has text, also where it is JSON (axios `responseType`).
        return _text(response)
    kind = response.content_type
    says_json = kind == "application/json" or kind.endswith("+json")
    if not says_json and kind and not kind.startswith(_TEXT_TYPES) and not kind.endswith("+xml"):
        return response.body
    try:
        return response.json()
    except ValueError as fault:
        if says_json and call.url_values == "strict":
            # Where Python's reader stumbled says little of a page of HTML; what it took for JSON and is none, all.
            reason = "" if isinstance(fault, (JSONDecodeError, UnicodeDecodeError)) else str(fault)
            raise unreadable(response, call, "JSON", reason) from None
    return _text(response)


def _text(response: Response) -> str | bytes:
    """The body as text by its charset, without a byte order mark; bytes where it is none."""
    if _CHARSET.fullmatch(response.charset) is None:
        return response.body
    try:
        return response.body.decode(response.charset).removeprefix("\ufeff")
    except (UnicodeError, LookupError):
        return response.body


class Reception:
    """Reads the answers of one item by its plan and draft."""

    def __init__(self, plan: OperationPlan, draft: Draft) -> None:
        self._plan = plan
        self._draft = draft
        self._as_n8n = plan.url_values == "raw"
        self._most = plan.max_items

    def items(self, response: Response, call: Call) -> list[Item]:
        """The items of one answer. Raises a ResponseError subclass when the answer is no success."""
        if not call.statuses.has(response.status):
            raise failure(response, call, self._plan.operation, self._draft.values, self._plan.title)
        body = read_body(response, call)
        steps = self._draft.receiving
        if not steps:
            return self._plain_items(body, response)
        # Read only where something looks at it: it holds every header.
        full = self.response_name(response, body) if any(r.reads_names for r in steps) else None
        items, empty = self._whole(body, response)
        for receiving in steps:
            structured = isinstance(body, (dict, list, _Empty))
            if receiving.needs_object and not structured and not (receiving.may_be_file or is_file(response)):
                raise unreadable(response, call, "OData JSON")
            if receiving.needs_object and (not structured or (receiving.may_be_file and is_file(response))):
                return [binary_item(response.body, response, "data")]
            scope = self._draft.scope
            if receiving.reads_names:
                scope = scope.extend({**receiving.names, "$value": receiving.value, "$response": full})
            for step in receiving.steps:
                items = step.apply(items, scope, response, empty=empty, annotations=self._draft.annotations)
        self.check_count(items)
        return [item if "binary" in item else self._finished(item["json"]) for item in items]

    def _plain_items(self, body: Any, response: Response) -> list[Item]:
        """The items of an answer that no step works on: of a list one for each entry."""
        if isinstance(body, list):
            self.check_count(body)
            return [self._finished(value) for value in body]
        return [item if "binary" in item else self._finished(item["json"]) for item in self._whole(body, response)[0]]

    def _whole(self, body: Any, response: Response) -> tuple[list[Item], bool]:
        """What the steps begin with: one item with all of the answer (n8n), and whether it is empty for them."""
        if body is EMPTY and self._as_n8n and not self._draft.echo:
            return [{"json": ""}], False
        if body is EMPTY:
            echoed = {name: self._draft.values[name] for name in self._draft.echo if name in self._draft.values}
            return [{"json": {"success": True, "statusCode": response.status, **echoed}}], True
        if isinstance(body, bytes):
            return [binary_item(body, response, "data")], False
        return [{"json": body}], False

    def _finished(self, value: Any) -> Item:
        """JSON as an item; what is no object stays as it is in n8n, undefined becomes null."""
        if not self._as_n8n:
            return as_item(value)
        return {"json": None if value is UNDEFINED else value}

    def check_count(self, found: Sequence[Any]) -> None:
        """Raise LimitError when these are more items than one item's answers may become."""
        if len(found) > self._most:
            raise LimitError(
                f"The service gives more than {self._most} items.",
                hint="Narrow the query, set a limit, or raise the bound (max_items of the policy).",
            )

    def limited(self, items: list[Item]) -> list[Item]:
        """`items` cut to `maxResults`."""
        if self._as_n8n:
            most = self._draft.max_results
            return cut_as_n8n(items, most) if is_truthy(most) else items
        limit = self.max_results()
        return items if limit is None else items[:limit]

    def max_results(self) -> int | None:
        """How many items at most; None when there is no limit. In n8n it may be a negative number."""
        most = self._draft.max_results
        if not self._as_n8n:
            return count_of(most)
        number = number_of(most) if is_truthy(most) else math.nan
        return int(number) if math.isfinite(number) else None

    def response_name(self, response: Response, body: Any) -> dict[str, Any]:
        """What `$response` shows: body, headers, statusCode, statusMessage."""
        return {
            "body": "" if body is EMPTY else body,
            "headers": {**response.headers, **_cookies(response)},
            "statusCode": response.status,
            "statusMessage": response.reason,
        }


def _cookies(response: Response) -> dict[str, Any]:
    """`Set-Cookie` as Node has it: a list, since its lines cannot be joined (RFC 9110 section 5.3)."""
    return {"set-cookie": list(response.cookies)} if response.cookies else {}
