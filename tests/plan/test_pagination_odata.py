"""Lists of OData, page after page: $top and $skip until a short page, shrinking where the service caps $top."""

from __future__ import annotations

from typing import Any

import pytest

from nodeloom.descriptor.catalogue import Node
from nodeloom.errors import BadRequestError, ItemError
from nodeloom.importers.openapi import odata
from nodeloom.messages import Response

from .harness import answer, answering, exchange

NAMES = ["$top", "$skip", "$filter", "$count", "$select"]


def lists() -> Node:
    """A list with the options the importer gives it."""
    options = [odata.option(name, name.removeprefix("$").title()) for name in NAMES]
    options += [*odata.paging(NAMES), odata.keeping_annotations()]
    collection = {"displayName": "Options", "name": "Options", "type": "collection", "default": {}, "options": options}
    return answering(
        {"request": {"queryEncoding": "odata"}, "output": {"postReceive": [odata.receiving(False)]}}, collection
    )


def page(first: int, count: int, **more: Any) -> Response:
    return answer({"@odata.context": "x", **more, "value": [{"Id": n} for n in range(first, first + count)]})


def capped(cap: int) -> Response:
    words = f"The query specified in the URI is not valid. The limit of '{cap}' for Top query has been exceeded."
    return answer({"error": {"code": "", "message": words}}, 400)


def run(*answers: Response, **options: Any) -> tuple[list[str], list[Any]]:
    sent, items = exchange(lists(), list(answers), {"Options": options})
    return [r.url.partition("/go")[2] for r in sent], [i["json"] for i in items]


def test_without_return_all_one_page_is_asked_for() -> None:
    assert run(page(0, 100))[0] == [""]


def test_pages_are_asked_for_until_a_short_one() -> None:
    urls, items = run(page(0, 100), page(100, 100), page(200, 7), **{"Return All": True, "Filter": "a eq 'b'"})
    assert urls == [f"?$filter=a%20eq%20'b'&$top=100&$skip={n}" for n in (0, 100, 200)]
    assert [i["Id"] for i in items] == list(range(207))


def test_an_empty_last_page_ends_it() -> None:
    assert len(run(page(0, 100), page(100, 0), **{"Return All": True})[1]) == 100


def test_a_page_that_the_service_caps_is_asked_for_again_in_its_size() -> None:
    urls, items = run(capped(40), page(0, 40), page(40, 12), **{"Return All": True})
    assert urls == ["?$top=100&$skip=0", "?$top=40&$skip=0", "?$top=40&$skip=40"]
    assert len(items) == 52


def test_a_cap_that_is_no_smaller_is_an_error() -> None:
    with pytest.raises(BadRequestError):
        run(capped(100), **{"Return All": True})


def test_max_results_bounds_the_whole() -> None:
    urls, items = run(page(0, 100), page(100, 50), **{"Return All": True, "Max Results": 150})
    assert urls == ["?$top=100&$skip=0", "?$top=50&$skip=100"]
    assert len(items) == 150


def test_top_and_skip_bound_the_whole() -> None:
    urls, items = run(page(30, 100), page(130, 20), **{"Return All": True, "Top": 120, "Skip": 30})
    assert urls == ["?$top=100&$skip=30", "?$top=20&$skip=130"]
    assert len(items) == 120


def test_a_next_link_says_that_a_short_page_is_not_the_last() -> None:
    link = {"@odata.nextLink": "https://api.example.test/v1/go?$skip=60"}
    urls, items = run(page(0, 60, **link), page(60, 5), **{"Return All": True})
    assert urls == ["?$top=100&$skip=0", "?$top=100&$skip=60"]
    assert len(items) == 65


def test_an_answer_that_is_no_list_is_one_page() -> None:
    assert run(answer({"Id": 1}), **{"Return All": True}) == (["?$top=100&$skip=0"], [{"Id": 1}])


def test_a_service_that_never_ends_is_stopped() -> None:
    same = page(0, 100)
    with pytest.raises(ItemError, match="same page"):
        run(same, **{"Return All": True})
    with pytest.raises(ItemError, match="within 10000 pages"):
        run(same, **{"Return All": True, "Select": "Kind"})


def test_pages_of_some_properties_may_look_alike() -> None:
    alike = answer({"value": [{"Kind": "x"}] * 100})
    items = run(alike, alike, page(0, 3), **{"Return All": True, "Select": "Kind"})[1]
    assert len(items) == 203


def test_a_service_that_knows_no_pages_gives_all_at_once() -> None:
    assert len(run(page(0, 500), **{"Return All": True})[1]) == 500


def test_a_count_that_is_asked_for_stands_with_every_item() -> None:
    counted = page(0, 2, **{"@odata.count": 9})
    assert run(counted, Count=True)[1] == [{"@odata.count": 9, "Id": 0}, {"@odata.count": 9, "Id": 1}]
    assert run(counted)[1] == [{"Id": 0}, {"Id": 1}]


def test_annotations_are_kept_when_asked_for() -> None:
    annotated = answer({"@odata.context": "c", "value": [{"@odata.type": "#T", "@odata.etag": "e", "Id": 1}]})
    assert run(annotated, **{"Include Annotations": True})[1] == [
        {"@odata.context": "c", "@odata.type": "#T", "@odata.etag": "e", "Id": 1}
    ]
    assert run(annotated)[1] == [{"@odata.etag": "e", "Id": 1}]
