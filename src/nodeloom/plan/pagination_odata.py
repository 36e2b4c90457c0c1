"""Pages of an OData list: `$top` and `$skip` until a short page (OData v4.01 part 1, section 11.2.6).

3CX gives no `@odata.nextLink`, and caps `$top` by an undocumented number for each endpoint; its error names the cap,
and the page is asked for again with it. A `$top` and `$skip` the author set bound the whole.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from nodeloom.expression import UNDEFINED
from nodeloom.messages import Response
from nodeloom.plan.call import Call
from nodeloom.plan.draft import Draft
from nodeloom.plan.merge import copy_json
from nodeloom.plan.receive import Reception, read_body
from nodeloom.plan.service_words import service_words

if TYPE_CHECKING:
    from nodeloom.plan.operation import OperationPlan
    from nodeloom.plan.pagination import PageGuard

Item = dict[str, Any]

_PAGE_SIZE = 100
_CAP = re.compile(r"limit of '?(\d{1,9})'? for Top", re.IGNORECASE)
_NEXT = "@odata.nextLink"


def odata_pages(
    plan: OperationPlan, draft: Draft, reception: Reception, properties: Mapping[str, Any], guard: PageGuard
) -> Generator[Call, Response, list[Item]]:
    """Yield the calls of all pages, are sent their answers, return all items.

    `properties.pageSize` is what a page is asked for, at most (100 when it is not given).
    """
    query = plan.call(draft).options.get("qs")
    given = query if isinstance(query, Mapping) else {}
    size = int(properties.get("pageSize") or _PAGE_SIZE)
    left = _least(_number(given.get("$top")), reception.max_results())
    skip = _number(given.get("$skip")) or 0
    items: list[Item] = []
    while True:
        limit = size if left is None else min(size, left)
        if limit <= 0 and items:
            return items
        call = _page(plan.call(draft), limit, skip)
        response = yield call
        cap = _cap(response)
        if cap is not None and 0 < cap < limit:
            size = cap
            continue
        items += reception.items(response, call)
        reception.check_count(items)
        count, more = _length(read_body(response, call))
        # A page that is longer than was asked for is all there is: the service knows no pages.
        if count is None or count == 0 or (count != limit and not more):
            return items
        skip += count
        if left is not None:
            left -= count
            if left <= 0:
                return items
        # Pages of some properties only may well look alike; pages of whole entities have different keys.
        guard.check(f"{call.url()}#{skip}" if "$select" in given else call.url(), response)


def _page(call: Call, limit: int, skip: int) -> Call:
    call.options = copy_json(call.options)
    query = call.options.get("qs")
    if not isinstance(query, dict):
        query = call.options["qs"] = {}
    query["$top"] = limit
    query["$skip"] = skip
    return call


def _cap(response: Response) -> int | None:
    """The cap of `$top` that a refusal names; None when it is another answer."""
    if response.status != 400:
        return None
    match = _CAP.search(" ".join(service_words(response)))
    return int(match[1]) if match else None


def _length(body: Any) -> tuple[int | None, bool]:
    """How many entities a page has, and whether the service says that there is another; None when it is no list."""
    if isinstance(body, Mapping) and isinstance(body.get("value"), list):
        return len(body["value"]), bool(body.get(_NEXT))
    return (len(body), False) if isinstance(body, list) else (None, False)


def _number(value: Any) -> int | None:
    if isinstance(value, bool) or value is None or value is UNDEFINED:
        return None
    return int(value) if isinstance(value, (int, float)) or str(value).isdecimal() else None


def _least(one: int | None, other: int | None) -> int | None:
    known = [n for n in (one, other) if n is not None]
    return min(known) if known else None
