"""From an answer to items.

JSON objects become items, lists one item each, other JSON and text `{"data": …}`; a body that is not text becomes
binary data; an empty success says so. Then come the descriptor's `postReceive` steps, in order (n8n), and
`maxResults`. With `url_values="raw"`, which is n8n to the letter, a body that is not an object is the item's `json` as
it is, and one that only says it is JSON is text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from json import JSONDecodeError

from nodeloom.errors import AnswerTooLargeError, LimitError
from nodeloom.expression import UNDEFINED
from nodeloom.jsonbounds import TooMuchJSON
from nodeloom.messages import Response, origin_of
from nodeloom.plan.answerbounds import Bounds
from nodeloom.plan.call import Call
from nodeloom.plan.contentkind import Kind, json_of, kind_of, may_be_json, text_of
from nodeloom.plan.draft import Draft
from nodeloom.plan.failure import failure, is_page, not_the_service, unreadable
from nodeloom.plan.postreceive import as_item, binary_item, count_of, cut_as_n8n, is_file
from nodeloom.plan.wire import is_truthy, number_of
from nodeloom.values import Item

#: Statuses that a server on the way to the service answers for itself.
_OF_THE_WAY = frozenset({401, 403, 407, 429})


# Looked up once, as in `contentkind`.
_JSON = Kind.JSON


class _Empty:
    """The body of an answer that has none."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<no body>"


EMPTY = _Empty()


def read_body(response: Response, call: Call) -> object:
    """The body: JSON if it is JSON, else text, else bytes; EMPTY if the answer has no body.

    Raises UnreadableAnswerError when the answer says JSON and is not, AnswerTooLargeError when it holds too much JSON.
    """
    encoding = call.options.get("encoding")
    if encoding in ("arraybuffer", "stream"):
        return response.body
    if not response.body:
        return EMPTY
    as_n8n = call.url_values == "raw"
    kind = kind_of(response, as_n8n=as_n8n)
    if isinstance(encoding, str) and encoding not in ("", "json"):
        # A node that asks for text gets text, also if it is JSON (axios `responseType`).
        asked = text_of(response, kind)
        return response.body if asked is None else asked
    says_json = kind is _JSON
    if says_json or may_be_json(response.body, kind):
        try:
            return json_of(response)
        except TooMuchJSON as fault:
            if says_json:
                raise _too_much(fault, call) from None
        except ValueError as fault:
            if says_json and not as_n8n:
                # Python's reader stumbles at the first letter of a page of HTML, which says little. A reason of our own
                # reader says why a text that looks like JSON is refused.
                reason = "" if isinstance(fault, (JSONDecodeError, UnicodeDecodeError)) else str(fault)
                raise unreadable(response, call, "JSON", reason) from None
    if kind in (Kind.FILE, Kind.MAYBE_FILE):
        return response.body
    text = text_of(response, kind)
    return response.body if text is None else text


def _too_much(fault: TooMuchJSON, call: Call) -> AnswerTooLargeError:
    return AnswerTooLargeError(
        f"The answer is more than is read: {fault}.",
        hint="Ask for less, or raise the limit (max_answer_values, max_answer_bytes).",
        sent="yes",
        method=call.method,
        origin=origin_of(call.url()),
    )


def _says_json(kind: str) -> bool:
    """Whether a media type is one of JSON (RFC 6839)."""
    return kind == "application/json" or kind.endswith("+json")


def _is_json_text(response: Response) -> bool:
    """Whether a body that was read as text is a text of JSON, not of another kind."""
    return _says_json(response.content_type) or response.body[:1] == b'"'


class Reception:
    """Reads the answers of one item by its draft, within the bounds of its plan."""

    __slots__ = ("_as_n8n", "_bounds", "_draft")

    def __init__(self, bounds: Bounds, draft: Draft) -> None:
        self._bounds = bounds
        self._draft = draft
        self._as_n8n = bounds.as_n8n

    def items(self, response: Response, call: Call) -> list[Item]:
        """The items of one answer. Raises a ResponseError subclass if the answer is not a success."""
        if not call.statuses.has(response.status):
            self._check_service(response, call)
            raise failure(response, call, self._bounds.operation, self._draft.values, self._bounds.title)
        body = read_body(response, call)
        self._check_kind(body, response, call)
        steps = self._draft.receiving
        if not steps:
            return self._plain_items(body, response)
        # Read only where something looks at it: it holds every header.
        full = self.response_name(response, body) if any(r.reads_names for r in steps) else None
        items, empty = self._whole(body, response)
        for receiving in steps:
            # A function may give a single value of a primitive type, which is JSON too.
            structured = not isinstance(body, (str, bytes)) or _is_json_text(response)
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
        return [item if "binary" in item else self._finish(item["json"]) for item in items]

    def _plain_items(self, body: object, response: Response) -> list[Item]:
        """The items of an answer without steps: of a list one for each entry."""
        if isinstance(body, list):
            self.check_count(body)
            return [self._finish(value) for value in body]
        if body is EMPTY or isinstance(body, bytes):
            return self._whole(body, response)[0]
        return [self._finish(body)]

    def _whole(self, body: object, response: Response) -> tuple[list[Item], bool]:
        """What the steps begin with: one item with all of the answer (n8n), and whether it is empty for them."""
        # n8n gives an empty text for an answer without a body.
        if body is EMPTY and self._as_n8n and not self._draft.echo:
            return [{"json": ""}], False
        if body is EMPTY:
            # Many services answer a change with nothing; the key of what was changed is what the next node needs.
            echoed = {name: self._draft.values[name] for name in self._draft.echo if name in self._draft.values}
            return [{"json": {"success": True, "statusCode": response.status, **echoed}}], True
        if isinstance(body, bytes):
            return [binary_item(body, response, "data")], False
        return [{"json": body}], False

    def _finish(self, value: object) -> Item:
        """JSON as an item; a value that is not an object stays as it is in n8n, undefined becomes null."""
        if not self._as_n8n:
            return as_item(value)
        return {"json": None if value is UNDEFINED else value}

    def _check_service(self, response: Response, call: Call) -> None:
        """Refuse a refusal that is a web page, of a service that states what it answers: another server gave it.

        A page that says 404 does not say that the item's entity does not exist. Statuses that a server on the way to
        the service has of its own (a proxy's 401 or 502) keep their meaning.
        """
        if self._draft.answer is None or self._as_n8n or response.status in _OF_THE_WAY or response.status >= 500:
            return
        if is_page(response):
            raise not_the_service(response, call)

    def _check_kind(self, body: object, response: Response, call: Call) -> None:
        """Refuse a success of another kind than the descriptor states; a login page comes with status 200."""
        stated = self._draft.answer
        # A login page or a proxy's page comes with 200 too, and must not count as a success.
        if stated is None or self._as_n8n or not isinstance(body, (str, bytes)) or is_file(response):
            return
        if not (isinstance(body, str) and _is_json_text(response)) and not self._may_be_file():
            raise unreadable(response, call, "JSON" if stated == "json" else "empty, as the operation states")

    def _may_be_file(self) -> bool:
        return any(receiving.may_be_file for receiving in self._draft.receiving)

    def check_count(self, found: Sequence[object]) -> None:
        """Raise LimitError when these are more items than one item's answers may become."""
        most = self._bounds.max_items
        if len(found) > most:
            raise LimitError(
                f"The service gives more than {most} items.",
                hint="Narrow the query, set a limit, or raise the bound (max_items of the policy).",
            )

    def limit_items(self, items: list[Item]) -> list[Item]:
        """`items` cut to `maxResults`."""
        if self._as_n8n:
            most = self._draft.max_results
            return cut_as_n8n(items, most) if is_truthy(most) else items
        limit = None if self._draft.max_results is None else self.max_results()
        return items if limit is None else items[:limit]

    def max_results(self) -> int | None:
        """How many items at most; None when there is no limit. In n8n it may be a negative number."""
        most = self._draft.max_results
        if not self._as_n8n:
            return count_of(most)
        number = number_of(most) if is_truthy(most) else math.nan
        return int(number) if math.isfinite(number) else None

    def response_name(self, response: Response, body: object) -> dict[str, object]:
        """What `$response` shows: body, headers, statusCode, statusMessage."""
        return {
            "body": "" if body is EMPTY else body,
            "headers": {**response.headers, **_cookies(response)},
            "statusCode": response.status,
            "statusMessage": response.reason,
        }


def _cookies(response: Response) -> dict[str, object]:
    """`Set-Cookie` as Node has it: a list, since its lines cannot be joined (RFC 9110 section 5.3)."""
    return {"set-cookie": list(response.cookies)} if response.cookies else {}
