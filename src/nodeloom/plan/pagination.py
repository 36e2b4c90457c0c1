"""Pages: one item that takes several calls (n8n `operations.pagination`, generic and offset; `odata` is Nodeloom's)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nodeloom import javascript
from nodeloom.errors import DescriptorError, InvalidValueError, ItemError, LimitError
from nodeloom.expression import UNDEFINED, Compiled, compile_value
from nodeloom.expression.fieldreads import Fields
from nodeloom.messages import Response, origin_of
from nodeloom.plan.address import Address, Origin, Piece, finish, join
from nodeloom.plan.call import Call
from nodeloom.plan.draft import Draft
from nodeloom.plan.marks import Within, joined, marks_of_part
from nodeloom.plan.merge import copy_json
from nodeloom.plan.pagination_odata import odata_pages
from nodeloom.plan.receive import Reception, read_body

if TYPE_CHECKING:
    from nodeloom.plan.operation import OperationPlan

Item = dict[str, Any]


def exchange_pages(plan: OperationPlan, draft: Draft, reception: Reception) -> Generator[Call, Response, list[Item]]:
    """Yield the calls of all pages, are sent their answers, return all items."""
    pagination = draft.pagination
    if pagination is None or pagination.type not in ("generic", "offset", "odata"):
        raise DescriptorError(
            "operations.pagination is of an unknown type.",
            value=None if pagination is None else pagination.written,
            hint="Known types: generic, offset, odata.",
        )
    properties = pagination.properties
    if pagination.type == "generic":
        # One that only this item chose is compiled here.
        with javascript.allowed(draft.scope.environment.javascript):
            templates = pagination.templates
        return reception.limited((yield from _generic(plan, draft, reception, templates)))
    if pagination.type == "odata":
        guard = PageGuard(plan.max_pages)
        return reception.limited((yield from odata_pages(plan, draft, reception, properties, guard)))
    return reception.limited((yield from _offset(plan, draft, reception, properties)))


class PageGuard:
    """Stops a pagination that does not come to an end: too many pages, or the same page again and again."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pages = 0
        self._last: tuple[str, bytes] | None = None

    def check(self, url: str, response: Response) -> None:
        """Raise LimitError or ItemError when this page must be the last and is not."""
        self._pages += 1
        if self._pages >= self._limit:
            raise LimitError(
                f"The pagination did not end within {self._limit} pages.", hint="Narrow the query or set a limit."
            )
        page = (url, response.body)
        if page == self._last:
            raise ItemError(
                "The service answers the same page again and again.",
                value=url,
                hint="The node's pagination does not advance; report it to the node's author.",
            )
        self._last = page


@dataclass(frozen=True, slots=True)
class GenericTemplates:
    """The compiled templates of a generic pagination: whether to go on, and the parts of the next request."""

    proceed: Compiled
    parts: Mapping[str, Compiled]


class Pagination:
    """A pagination as a descriptor has it; `written` is its JSON.

    Many a node has one that only some operations, or `returnAll`, ask for: its templates are compiled when a plan may
    use them, once.
    """

    __slots__ = ("_templates", "properties", "type", "written")

    def __init__(self, written: Any) -> None:
        document: Mapping[str, Any] = written if isinstance(written, Mapping) else {}
        self.written = written
        self.type = document.get("type")
        self.properties: Mapping[str, Any] = document.get("properties") or {}
        self._templates: GenericTemplates | None = None

    @property
    def templates(self) -> GenericTemplates:
        """The templates of a generic one. Raises ExpressionSyntaxError, or JavaScriptDisabledError."""
        if self._templates is None:
            properties = self.properties
            self._templates = GenericTemplates(
                compile_value(properties.get("continue"), dialect="n8n", property="pagination.continue"),
                {
                    key: compile_value(value, dialect="n8n", property=f"pagination.request.{key}")
                    for key, value in (properties.get("request") or {}).items()
                },
            )
        return self._templates

    def compiled(self) -> list[Compiled]:
        """Every template, compiled. Raises as `templates` does."""
        return [self.templates.proceed, *self.templates.parts.values()] if self.type == "generic" else []


def pagination_of(operations: Mapping[str, Any] | None) -> Pagination | None:
    """The pagination among n8n's `operations` (or `requestOperations`)."""
    return Pagination(operations["pagination"]) if operations and "pagination" in operations else None


def _generic(
    plan: OperationPlan, draft: Draft, reception: Reception, templates: GenericTemplates
) -> Generator[Call, Response, list[Item]]:
    """The request part is evaluated before each call, with `$request` as the call was first built."""
    first = plan.call(draft)
    within = Within(plan.made_of, request=first.marks)
    marks = first.marks.plus(joined(marks_of_part(key, part, within) for key, part in templates.parts.items()))
    names: dict[str, Any] = {
        "$request": _request_name(first.options),
        "$response": {},
        "$pageCount": 0,
    }
    guard = PageGuard(plan.max_pages)
    items: list[Item] = []
    while True:
        scope = draft.scope.extend(names)
        options = copy_json(first.options)
        for key, part in templates.parts.items():
            value = part.resolve(scope)
            if value is UNDEFINED and plan.url_values == "strict":
                continue  # n8n would call the service's root instead
            if key in ("url", "baseURL") and isinstance(value, str):
                if value != names["$request"].get(key):
                    options[key] = _followed(first, key, value, within.fields(part))
            else:
                options[key] = value
        call = Call(options, first.path, plan.url_values, plan.transfer, marks=marks, draft=draft)
        response = yield call
        items += reception.items(response, call)
        reception.check_count(items)
        names["$response"] = reception.response_name(response, read_body(response, call))
        names["$pageCount"] += 1
        limit = reception.max_results()
        if limit is not None and len(items) >= limit:
            return items
        if templates.proceed.resolve(draft.scope.extend(names)) is not True:
            return items
        guard.check(call.url(), response)


def _request_name(options: Mapping[str, Any]) -> dict[str, Any]:
    """What `$request` shows: the options with addresses as text."""
    return {key: value.text if isinstance(value, Address) else value for key, value in options.items()}


def _followed(first: Call, key: str, value: str, made_of: Fields) -> Address:
    """The address of a next page, `made_of` these fields of the credential.

    A link the service gives may not lead to another origin (strict); with `"raw"` no credential goes there.
    """
    address = Address((Piece(value, Origin.SERVICE, None, made_of),))
    base = first.options.get("baseURL")
    target = join(base if isinstance(base, Address) and key == "url" else None, address)
    url = finish(target, first.path, "raw")
    if origin_of(url) == origin_of(first.url()):
        return address
    if first.url_values == "strict":
        raise InvalidValueError(
            "The next page is on another host than the first.", value=url, hint="Nodeloom does not follow it."
        )
    return Address((Piece(value, Origin.VALUE, None, made_of),))


def _offset(
    plan: OperationPlan, draft: Draft, reception: Reception, properties: Mapping[str, Any]
) -> Generator[Call, Response, list[Item]]:
    """Limit and offset parameters, until a page is shorter than `pageSize`."""
    where = "body" if properties.get("type") == "body" else "qs"
    size = int(properties["pageSize"])
    root = properties.get("rootProperty")
    most = reception.max_results()
    guard = PageGuard(plan.max_pages)
    items: list[Item] = []
    offset = 0
    while True:
        limit = size if most is None else min(size, most - len(items))
        if limit <= 0:
            return items
        call = plan.call(draft)
        call.options = copy_json(call.options)
        target = call.options.get(where)
        if not isinstance(target, dict):
            target = call.options[where] = {}
        target[str(properties["limitParameter"])] = limit
        target[str(properties["offsetParameter"])] = offset
        response = yield call
        page = reception.items(response, call)
        if root is not None:
            page = _rooted(page, str(root))
        items += page
        reception.check_count(items)
        offset += size
        if len(page) < size:
            return items
        guard.check(call.url(), response)


def _rooted(page: list[Item], root: str) -> list[Item]:
    value: Any = page[0]["json"] if page else UNDEFINED
    for key in root.split("."):
        value = value.get(key, UNDEFINED) if isinstance(value, Mapping) else UNDEFINED
    if not isinstance(value, list):
        raise ItemError(
            f"The answer has no list at {root!r}, where the node's pagination looks for the page.",
            value=page[0]["json"] if page else None,
            hint="Check that the operation's answer is what the node was written for.",
        )
    return [{"json": v if isinstance(v, dict) else {"data": v}} for v in value]
