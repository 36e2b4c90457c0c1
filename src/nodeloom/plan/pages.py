"""Pages: one item that takes several calls (n8n `operations.pagination`, generic and offset)."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from nodeloom import javascript
from nodeloom.descriptor.keypaths import value_at
from nodeloom.errors import DescriptorError, InvalidValueError, ItemError
from nodeloom.expression import UNDEFINED, Scope
from nodeloom.messages import Response
from nodeloom.plan.answerbounds import Bounds
from nodeloom.plan.call import Call
from nodeloom.plan.draft import Draft
from nodeloom.plan.marks import Within
from nodeloom.plan.merge import copy_json
from nodeloom.plan.next_page import follow_link
from nodeloom.plan.pageguard import PageGuard
from nodeloom.plan.pagination import PAGINATIONS, GenericTemplates, Pagination
from nodeloom.plan.pagination_odata import odata_pages
from nodeloom.plan.pieces import Address
from nodeloom.plan.postreceive import as_item
from nodeloom.plan.reception import Reception, read_body
from nodeloom.plan.wire import is_truthy
from nodeloom.values import Item

#: The largest `pageSize`: above it JavaScript does not count in steps of one (Number.MAX_SAFE_INTEGER).
MAX_PAGE_SIZE = 2**53


def exchange_pages(
    first: Call, draft: Draft, reception: Reception, bounds: Bounds
) -> Generator[Call, Response, list[Item]]:
    """Yield the call of each page, take its answer, and return the items of all pages; `first` is the call of a draft.

    Raises DescriptorError for a pagination of an unknown type, and an ItemError subclass when the item fails.
    """
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
        return reception.limit_items((yield from _generic(first, draft, reception, bounds, templates)))
    if pagination.type == "odata":
        guard = PageGuard(bounds.max_pages)
        return reception.limit_items((yield from odata_pages(first, reception, properties, guard)))
    return reception.limit_items((yield from _offset(first, draft, reception, bounds, pagination)))


def _generic(
    first: Call, draft: Draft, reception: Reception, bounds: Bounds, templates: GenericTemplates
) -> Generator[Call, Response, list[Item]]:
    """Evaluate the request part before each call, with `$request` as the call was first built.

    Args:
        first: the call of the draft.
        draft: what is known of the item, its scope among it.
        reception: what reads answers.
        bounds: what is to be known of the plan.
        templates: those of the pagination.
    """
    # As in n8n there is no `$credentials`, and no `$pageCount`, which only its HTTP Request node has.
    request = _request_name(first.options)
    names: dict[str, object] = {"$request": request, "$response": {}, "$credentials": UNDEFINED}
    as_n8n = bounds.as_n8n
    within = Within(bounds.made_of, request=first.marks)
    # A later page may be made of what the first one was made of (`$request`), so its marks count as well.
    marks = first.marks.plus(templates.marks(within))
    guard = PageGuard(bounds.max_pages)
    items: list[Item] = []
    while True:
        options = copy_json(first.options)
        for key, value in templates.resolve(draft.scope.extend(names)).items():
            if value is UNDEFINED and not as_n8n:
                # n8n would call the service's root instead.
                continue
            if key in ("url", "baseURL") and isinstance(value, str):
                if value != request.get(key):
                    options[key] = follow_link(first, key, value, within.fields(templates.part(key)))
            else:
                options[key] = value
        call = first.with_options(options, marks)
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


def _request_name(options: Mapping[str, object]) -> dict[str, object]:
    """What `$request` shows: the options with addresses as text."""
    return {key: value.text if isinstance(value, Address) else value for key, value in options.items()}


def _offset(
    first: Call, draft: Draft, reception: Reception, bounds: Bounds, pagination: Pagination
) -> Generator[Call, Response, list[Item]]:
    """Count on with the limit and offset parameters until a page is shorter than `pageSize`.

    Args:
        first: the call of the draft.
        draft: what is known of the item, its scope among it.
        reception: what reads answers.
        bounds: what is to be known of the plan.
        pagination: the descriptor's.
    """
    properties = pagination.properties
    where = "body" if properties.get("type") == "body" else "qs"
    as_n8n = bounds.as_n8n
    with javascript.allowed(draft.scope.environment.javascript):
        size = _page_size(pagination, draft.scope, as_n8n=as_n8n)
    root = properties.get("rootProperty")
    most = reception.max_results()
    guard = PageGuard(bounds.max_pages)
    items: list[Item] = []
    offset: int | float = 0
    while True:
        # The last page is asked for only as many entries as are still wanted.
        limit = size if not most or not isinstance(size, (int, float)) else min(size, most - len(items))
        if isinstance(limit, (int, float)) and most and limit < 1:
            return items
        call = first.with_options(copy_json(first.options))
        target = call.options.get(where)
        if isinstance(target, (str, bytes, list)):
            raise InvalidValueError(
                "The node's pagination has no place in a body that is not an object.",
                property="body",
                hint="Send an object, which can take limit and offset.",
            )
        if not isinstance(target, dict):
            target = call.options[where] = {}
        target[str(properties.get("limitParameter"))] = limit
        target[str(properties.get("offsetParameter"))] = offset
        response = yield call
        page = reception.items(response, call)
        # n8n looks for the page below `rootProperty` after the steps, in the first item.
        if root:
            page = _take_page(page, str(root), as_n8n=as_n8n)
        items += page
        reception.check_count(items)
        if not page or not isinstance(size, (int, float)) or len(page) != size:
            return items
        offset += size
        guard.check(call.url(), response)


def _page_size(pagination: Pagination, scope: Scope, *, as_n8n: bool) -> object:
    """How many entries a page has. n8n reads no expression here, and sends one as it stands (`as_n8n`).

    Raises InvalidValueError for a value that is not a number of entries.
    """
    compiled = pagination.size
    if compiled is None or as_n8n:
        return pagination.properties.get("pageSize")
    size = compiled.resolve(scope)
    # An expression gives a text where a form has a field for numbers.
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


def _take_page(page: list[Item], root: str, *, as_n8n: bool) -> list[Item]:
    value: object = value_at(page[0]["json"], root, UNDEFINED) if page else UNDEFINED
    if not isinstance(value, list):
        raise ItemError(
            f"The answer has no list at {root!r}, where the node's pagination looks for the page.",
            value=page[0]["json"] if page else None,
            hint="Check that the operation's answer is what the node was written for.",
        )
    return [{"json": entry} if as_n8n else as_item(entry) for entry in value]
