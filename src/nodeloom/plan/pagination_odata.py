"""Pages of an OData list (OData v4.01 part 1, section 11.2.6).

A service that makes pages of its own gives a next link. It is followed as it is until an answer has none; whether it
holds `$skip`, `$skiptoken` or anything else is the service's matter. A service without links is asked by `$top` and
`$skip` until a short page: 3CX does so, and caps `$top` by an undocumented number for each endpoint; its error names
the cap, and the page is asked for again with it. A `$top` and `$skip` that the author set bound the whole.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from urllib.parse import urljoin

from nodeloom.expression import UNDEFINED
from nodeloom.messages import Response
from nodeloom.plan.call import Call
from nodeloom.plan.merge import copy_json
from nodeloom.plan.next_page import follow_link
from nodeloom.plan.pageguard import PageGuard
from nodeloom.plan.reception import Reception, read_body
from nodeloom.plan.service_words import service_words
from nodeloom.values import Item, Json

_PAGE_SIZE = 100
# 3CX: "The limit of '100' for Top query has been exceeded".
_CAP = re.compile(r"limit of '?(\d{1,9})'? for Top", re.IGNORECASE)
#: OData 4.0, 4.01 (JSON Format, section 4.6.5), and 3.0.
_NEXT = ("@odata.nextLink", "@nextLink", "odata.nextLink")


def odata_pages(
    first: Call, reception: Reception, properties: Mapping[str, Json], guard: PageGuard
) -> Generator[Call, Response, list[Item]]:
    """Yield the call of each page, take its answer, and return the items of all pages; `first` is the call of a draft.

    A page is asked for `properties.pageSize` entities at most (100 when it is not given).
    """
    query = first.options.get("qs")
    given = query if isinstance(query, Mapping) else {}
    size = int(properties.get("pageSize") or _PAGE_SIZE)
    left = _least(_number(given.get("$top")), reception.max_results())
    skip = _number(given.get("$skip")) or 0
    items: list[Item] = []
    while True:
        limit = size if left is None else min(size, left)
        if limit <= 0 and items:
            return items
        # The first page is asked for without `$skip=0`: not every service knows `$skip`.
        call = _page(first, limit, skip or None)
        response = yield call
        cap = _cap(response)
        if cap is not None and 0 < cap < limit:
            size = cap
            continue
        page = reception.items(response, call)
        count, link = _length(read_body(response, call))
        if link is not None:
            found = yield from _follow_links(call, response, page, reception, left, guard)
            # A service that gives more than `$top` leads through everything by its links.
            if len(found) != limit or limit == left:
                return items + found
            # The service makes its own pages, and its links lead through what was asked for, `limit` entities. Whether
            # it knows `$skip` as well is not certain, so all is asked for.
            call = _page(first, None if left is None else left + len(items), _number(given.get("$skip")))
            response = yield call
            page = reception.items(response, call)
            whole = None if left is None else left + len(items)
            # The same links lead through it again.
            return (yield from _follow_links(call, response, page, reception, whole, guard.anew()))
        items += page
        reception.check_count(items)
        # A page that is longer than was asked for is all there is: the service knows no pages.
        if count is None or count != limit:
            return items
        skip += count
        if left is not None:
            left -= count
            if left <= 0:
                return items
        # Pages of some properties only may well look alike; pages of whole entities have different keys.
        guard.check(f"{call.url()}#{skip}" if "$select" in given else call.url(), response)


def _follow_links(
    first: Call, response: Response, page: list[Item], reception: Reception, left: int | None, guard: PageGuard
) -> Generator[Call, Response, list[Item]]:
    """The items of `page` and of all that its next links lead to; no more pages once there are `left` items.

    Args:
        first: the call of the page.
        response: its answer.
        page: its items.
        reception: what reads answers.
        left: how many items are wanted; None for all.
        guard: what ends a service that does not come to an end.
    """
    items = list(page)
    call = first
    while True:
        link = _length(read_body(response, call))[1]
        reception.check_count(items)
        if link is None or (left is not None and len(items) >= left):
            return items
        # By its link a page is told from the one before it: an empty one looks like any other.
        guard.check_link(link, response)
        call = _call_of(first, urljoin(response.url or call.url(), link))
        response = yield call
        items += reception.items(response, call)


def _call_of(first: Call, link: str) -> Call:
    """The call of a next link, which holds its whole query."""
    options = copy_json(first.options)
    options["url"] = follow_link(first, "url", link)
    # The link of OData is opaque: nothing may be added to it (part 1, section 11.2.6.7).
    options.pop("qs", None)
    return first.with_options(options)


def _page(first: Call, limit: int | None, skip: int | None) -> Call:
    """The call `first`, asking for `limit` entities after the first `skip`; None leaves the parameter out."""
    call = first.with_options(copy_json(first.options))
    query = call.options.get("qs")
    if not isinstance(query, dict):
        query = call.options["qs"] = {}
    for name, number in (("$top", limit), ("$skip", skip)):
        query.pop(name, None)
        if number is not None:
            query[name] = number
    return call


def _cap(response: Response) -> int | None:
    """The cap of `$top` that a refusal names; None when it is another answer."""
    if response.status != 400:
        return None
    match = _CAP.search(" ".join(service_words(response)))
    return int(match[1]) if match else None


def _length(body: object) -> tuple[int | None, str | None]:
    """How many entities a page has, and the link to the next one; None and None if it is not a list."""
    if isinstance(body, Mapping) and isinstance(body.get("value"), list):
        link = next((body[name] for name in _NEXT if isinstance(body.get(name), str) and body[name]), None)
        return len(body["value"]), link
    return (len(body), None) if isinstance(body, list) else (None, None)


def _number(value: object) -> int | None:
    if isinstance(value, bool) or value is None or value is UNDEFINED:
        return None
    if isinstance(value, (int, float)):
        return int(value)
    return int(str(value)) if str(value).isdecimal() else None


def _least(one: int | None, other: int | None) -> int | None:
    known = [n for n in (one, other) if n is not None]
    return min(known) if known else None
