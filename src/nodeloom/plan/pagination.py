"""Pages: one item that takes several calls (n8n `operations.pagination`, generic and offset; `odata` is Nodeloom's)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nodeloom import javascript
from nodeloom.descriptor.keypaths import value_at
from nodeloom.errors import DescriptorError, InvalidValueError, ItemError, LimitError
from nodeloom.expression import UNDEFINED, Compiled, Scope, compile_value
from nodeloom.messages import Response
from nodeloom.plan.address import Address
from nodeloom.plan.call import Call
from nodeloom.plan.draft import Draft
from nodeloom.plan.marks import Marks, Within, joined, marks_of_part
from nodeloom.plan.merge import copy_json
from nodeloom.plan.next_page import followed
from nodeloom.plan.pagination_odata import odata_pages
from nodeloom.plan.postreceive import as_item
from nodeloom.plan.reception import Reception, read_body
from nodeloom.plan.wire import is_truthy
from nodeloom.values import Item

if TYPE_CHECKING:
    from nodeloom.plan.operation import OperationPlan


#: The types of a pagination.
PAGINATIONS = ("generic", "offset", "odata")
MAX_PAGE_SIZE = 2**53
#: The parts of a request that may be made of a secret.
_PARTS = ("url", "method", "headers", "qs", "body")


def exchange_pages(plan: OperationPlan, draft: Draft, reception: Reception) -> Generator[Call, Response, list[Item]]:
    """Yield the calls of all pages, are sent their answers, return all items."""
    pagination = draft.pagination
    if pagination is None or pagination.type not in PAGINATIONS:
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
    return reception.limited((yield from _offset(plan, draft, reception, pagination)))


class PageGuard:
    """Stops a pagination that does not come to an end: too many pages, or the same page again and again."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pages = 0
        self._last: tuple[str, bytes] | None = None
        self._led: set[tuple[str, int]] = set()

    def anew(self) -> PageGuard:
        """A guard for the same pages, fetched once more."""
        return PageGuard(self._limit)

    def check_link(self, link: str, response: Response) -> None:
        """As `check`, for a page that leads on by a `link`: one that led there before leads in a circle."""
        self.check(link, response)
        page = (link, hash(response.body))
        if page in self._led:
            raise ItemError(
                "The service's next links lead in a circle.",
                value=link,
                hint="Report it to the service's operator, or narrow the query.",
            )
        self._led.add(page)

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
    """The compiled templates of a generic pagination: whether to go on, and the parts of the next request.

    An expression in place of the `request` gives all parts at once, so there is `whole` instead of `parts`.
    """

    proceed: Compiled
    parts: Mapping[str, Compiled]
    whole: Compiled | None = None

    def compiled(self) -> list[Compiled]:
        """Every template."""
        return [self.proceed, *self.parts.values(), *([self.whole] if self.whole is not None else [])]

    def part(self, key: str) -> Compiled | None:
        """The template that makes a part of the request; None if there is none."""
        return self.parts.get(key) if self.whole is None else self.whole

    def marks(self, within: Within) -> Marks:
        """What of the next request is the credential's; all of it may be if one expression makes the whole."""
        made = self.parts if self.whole is None else dict.fromkeys(_PARTS, self.whole)
        return joined(marks_of_part(key, part, within) for key, part in made.items())

    def resolve(self, scope: Scope) -> dict[str, Any]:
        """The parts of the next request, those that are undefined too."""
        if self.whole is None:
            return {key: part.resolve(scope) for key, part in self.parts.items()}
        found = self.whole.resolve(scope)
        return dict(found) if isinstance(found, Mapping) else {}


class Pagination:
    """A pagination as a descriptor has it; `written` is its JSON.

    Many a node has one that only some operations, or `returnAll`, ask for: its templates are compiled when a plan may
    use them, once.
    """

    __slots__ = ("_size", "_templates", "properties", "type", "written")

    def __init__(self, written: Any) -> None:
        document: Mapping[str, Any] = written if isinstance(written, Mapping) else {}
        self.written = written
        self.type = document.get("type")
        self.properties: Mapping[str, Any] = document.get("properties") or {}
        self._templates: GenericTemplates | None = None
        self._size: Compiled | None = None

    @property
    def templates(self) -> GenericTemplates:
        """The templates of a generic one. Raises ExpressionSyntaxError, or JavaScriptDisabledError."""
        if self._templates is None:
            properties = self.properties
            request = properties.get("request") or {}
            self._templates = GenericTemplates(
                compile_value(properties.get("continue"), dialect="n8n", property="pagination.continue"),
                {
                    key: compile_value(value, dialect="n8n", property=f"pagination.request.{key}")
                    for key, value in (request.items() if isinstance(request, Mapping) else ())
                },
                None
                if isinstance(request, Mapping)
                else compile_value(request, dialect="n8n", property="pagination.request"),
            )
        return self._templates

    @property
    def chooses_method(self) -> bool:
        """Whether it says by which method a page is fetched."""
        request = self.properties.get("request")
        return isinstance(request, Mapping) and "method" in request

    def compiled(self) -> list[Compiled]:
        """Every template, compiled. Raises as `templates` does."""
        if self.type == "generic":
            return self.templates.compiled()
        return [] if self.size is None else [self.size]

    @property
    def size(self) -> Compiled | None:
        """The `pageSize` of offset pages. Raises as `templates` does."""
        if self.type != "offset":
            return None
        if self._size is None:
            self._size = compile_value(self.properties.get("pageSize"), dialect="n8n", property="pagination.pageSize")
        return self._size


def pagination_of(operations: Mapping[str, Any] | None) -> Pagination | None:
    """The pagination among n8n's `operations` (or `requestOperations`)."""
    return Pagination(operations["pagination"]) if operations and "pagination" in operations else None


def _generic(
    plan: OperationPlan, draft: Draft, reception: Reception, templates: GenericTemplates
) -> Generator[Call, Response, list[Item]]:
    """The request part is evaluated before each call, with `$request` as the call was first built."""
    first = plan.call(draft)
    # As in n8n there is no `$credentials`, and no `$pageCount`, which only its HTTP Request node has.
    names: dict[str, Any] = {"$request": _request_name(first.options), "$response": {}, "$credentials": UNDEFINED}
    as_n8n = plan.url_values == "raw"
    within = Within(plan.made_of, request=first.marks)
    marks = first.marks.plus(templates.marks(within))
    guard = PageGuard(plan.max_pages)
    items: list[Item] = []
    while True:
        options = copy_json(first.options)
        for key, value in templates.resolve(draft.scope.extend(names)).items():
            if value is UNDEFINED and not as_n8n:
                continue  # n8n would call the service's root instead
            if key in ("url", "baseURL") and isinstance(value, str):
                if value != names["$request"].get(key):
                    options[key] = followed(first, key, value, within.fields(templates.part(key)))
            else:
                options[key] = value
        call = Call(options, first.path, plan.url_values, plan.transfer, marks=marks, draft=draft)
        response = yield call
        items += reception.items(response, call)
        reception.check_count(items)
        names["$response"] = reception.response_name(response, read_body(response, call))
        # n8n fetches pages that it then throws away.
        limit = None if as_n8n else reception.max_results()
        if limit is not None and len(items) >= limit:
            return items
        if not is_truthy(templates.proceed.resolve(draft.scope.extend(names))):
            return items
        guard.check(call.url(), response)


def _request_name(options: Mapping[str, Any]) -> dict[str, Any]:
    """What `$request` shows: the options with addresses as text."""
    return {key: value.text if isinstance(value, Address) else value for key, value in options.items()}


def _offset(
    plan: OperationPlan, draft: Draft, reception: Reception, pagination: Pagination
) -> Generator[Call, Response, list[Item]]:
    """Limit and offset parameters, until a page is shorter than `pageSize`."""
    properties = pagination.properties
    where = "body" if properties.get("type") == "body" else "qs"
    as_n8n = plan.url_values == "raw"
    with javascript.allowed(draft.scope.environment.javascript):
        size = _page_size(pagination, draft.scope, as_n8n=as_n8n)
    root = properties.get("rootProperty")
    most = reception.max_results()
    guard = PageGuard(plan.max_pages)
    items: list[Item] = []
    offset: Any = 0
    while True:
        limit = size if not most or not isinstance(size, (int, float)) else min(size, most - len(items))
        if isinstance(limit, (int, float)) and most and limit < 1:
            return items
        call = plan.call(draft)
        call.options = copy_json(call.options)
        target = call.options.get(where)
        if isinstance(target, (str, bytes, list)):
            raise InvalidValueError(
                "The node's pagination has no place in a body that is no object.",
                property="body",
                hint="Send an object, which can take limit and offset.",
            )
        if not isinstance(target, dict):
            target = call.options[where] = {}
        target[str(properties.get("limitParameter"))] = limit
        target[str(properties.get("offsetParameter"))] = offset
        response = yield call
        page = reception.items(response, call)
        if root:
            page = _rooted(page, str(root), as_n8n=as_n8n)
        items += page
        reception.check_count(items)
        if not page or not isinstance(size, (int, float)) or len(page) != size:
            return items
        offset += size
        guard.check(call.url(), response)


def _page_size(pagination: Pagination, scope: Scope, *, as_n8n: bool) -> Any:
    """How many entries a page has. n8n reads no expression here, and sends one as it stands (`as_n8n`).

    Raises InvalidValueError for what is no number of entries.
    """
    compiled = pagination.size
    if compiled is None or as_n8n:
        return pagination.properties.get("pageSize")
    size = compiled.resolve(scope)
    if isinstance(size, str) and size.strip().isdecimal():
        size = int(size)
    if isinstance(size, bool) or not isinstance(size, (int, float)) or not 1 <= size <= MAX_PAGE_SIZE:
        raise InvalidValueError(
            "The pageSize of the node's pagination is not a number of entries.",
            property="pagination.pageSize",
            expression=None if compiled.static else str(compiled.source),
            value=None if size is UNDEFINED else size,
            hint="It must be a whole number, 1 or more.",
        )
    return int(size)


def _rooted(page: list[Item], root: str, *, as_n8n: bool) -> list[Item]:
    value: Any = value_at(page[0]["json"], root, UNDEFINED) if page else UNDEFINED
    if not isinstance(value, list):
        raise ItemError(
            f"The answer has no list at {root!r}, where the node's pagination looks for the page.",
            value=page[0]["json"] if page else None,
            hint="Check that the operation's answer is what the node was written for.",
        )
    return [{"json": entry} if as_n8n else as_item(entry) for entry in value]
