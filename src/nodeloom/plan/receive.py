"""From an answer to items.

JSON objects become items, lists one item each, other JSON and text `{"data": …}`; a body that is not text becomes
binary data; an empty success says so. Then come the descriptor's `postReceive` steps, in order (n8n), and
`maxResults`. With `url_values="raw"`, which is n8n to the letter, a body that is no object is the item's `json` as
it is, and one that only says it is JSON is text.
"""

from __future__ import annotations

from collections.abc import Sequence
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

from nodeloom.errors import AnswerTooLargeError, LimitError
from nodeloom.jsonbounds import TooMuchJSON
from nodeloom.messages import Response, origin_of
from nodeloom.plan.call import Call
from nodeloom.plan.contentkind import Kind, json_of, kind_of, may_be_json, text_of
from nodeloom.plan.draft import Draft
from nodeloom.plan.failure import failure, is_success, unreadable
from nodeloom.plan.postreceive import as_item, binary_item, count_of, is_file

if TYPE_CHECKING:
    from nodeloom.plan.operation import OperationPlan

Item = dict[str, Any]


class _Empty:
    """The body of an answer that has none."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<no body>"


EMPTY = _Empty()


def read_body(response: Response, call: Call) -> Any:
    """The body: JSON where it is JSON, text, bytes when it is neither, EMPTY when there is none.

    Raises UnreadableAnswerError when the answer says JSON and is not, AnswerTooLargeError when it holds too much JSON.
    """
    if call.options.get("encoding") in ("arraybuffer", "stream"):
        return response.body
    if not response.body:
        return EMPTY
    as_n8n = call.url_values == "raw"
    kind = kind_of(response, as_n8n=as_n8n)
    if kind is Kind.JSON or may_be_json(response.body, kind):
        try:
            return json_of(response)
        except TooMuchJSON as fault:
            if kind is Kind.JSON:
                raise _too_much(fault, call) from None
        except ValueError as fault:
            if kind is Kind.JSON and not as_n8n:
                # Where Python's reader stumbled says little of a page of HTML; what it took for JSON and is none, all.
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


def _as_is(value: Any) -> Item:
    return {"json": value}


class Reception:
    """Reads the answers of one item by its plan and draft."""

    def __init__(self, plan: OperationPlan, draft: Draft) -> None:
        self._plan = plan
        self._draft = draft
        self._as_n8n = plan.url_values == "raw"
        self._most = plan.max_items

    def items(self, response: Response, call: Call) -> list[Item]:
        """The items of one answer. Raises a ResponseError subclass when the answer is no success."""
        if not is_success(response.status, call.options.get("ignoreHttpStatusErrors")):
            raise failure(response, call, self._plan.operation, self._draft.values, self._plan.title)
        body = read_body(response, call)
        # Read only where something looks at it: it holds every header.
        full = None
        if "returnFullResponse" in call.options or any(r.reads_names for r in self._draft.receiving):
            full = self.response_name(response, body)
            if call.options.get("returnFullResponse") in (True, "true"):
                body = full
        items = self._first_items(body, response)
        for receiving in self._draft.receiving:
            structured = isinstance(body, (dict, list, _Empty))
            if receiving.needs_object and not structured and not (receiving.may_be_file or is_file(response)):
                raise unreadable(response, call, "OData JSON")
            if receiving.needs_object and (not structured or (receiving.may_be_file and is_file(response))):
                return [binary_item(response.body, response, "data")]
            scope = self._draft.scope
            if receiving.reads_names:
                scope = scope.extend({**receiving.names, "$value": receiving.value, "$response": full})
            for step in receiving.steps:
                items = step.apply(items, scope, response, empty=body is EMPTY, annotations=self._draft.annotations)
        self.check_count(items)
        return items

    def check_count(self, found: Sequence[Any]) -> None:
        """Raise LimitError when these are more items than one item's answers may become."""
        if len(found) > self._most:
            raise LimitError(
                f"The service gives more than {self._most} items.",
                hint="Narrow the query, set a limit, or raise the bound (max_items of the policy).",
            )

    def limited(self, items: list[Item]) -> list[Item]:
        """`items` cut to `maxResults`."""
        limit = self.max_results()
        return items if limit is None else items[:limit]

    def max_results(self) -> int | None:
        """How many items at most; None when there is no limit."""
        return count_of(self._draft.max_results)

    def response_name(self, response: Response, body: Any) -> dict[str, Any]:
        """What `$response` shows: body, headers, statusCode, statusMessage."""
        return {
            "body": "" if body is EMPTY else body,
            "headers": response.headers,
            "statusCode": response.status,
            "statusMessage": response.reason,
        }

    def _first_items(self, body: Any, response: Response) -> list[Item]:
        item = _as_is if self._as_n8n else as_item
        if body is EMPTY and self._as_n8n and not self._draft.echo:
            return [item("")]
        if body is EMPTY:
            echoed = {name: self._draft.values[name] for name in self._draft.echo if name in self._draft.values}
            return [{"json": {"success": True, "statusCode": response.status, **echoed}}]
        if isinstance(body, bytes):
            return [binary_item(body, response, "data")]
        if isinstance(body, list):
            self.check_count(body)
            return [item(value) for value in body]
        return [item(body)]
