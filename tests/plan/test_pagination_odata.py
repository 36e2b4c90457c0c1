"""Lists of OData, page after page: $top and $skip until a short page, shrinking where the service caps $top."""

from __future__ import annotations

from typing import Any

import pytest

from nodeloom.descriptor.catalogue import Node
from nodeloom.errors import BadRequestError, InvalidValueError, ItemError
from nodeloom.importers.openapi import odata
from nodeloom.messages import Response
from nodeloom.plan.compiler import compile_plan
from tests.plan.harness import answer, answering, exchange, exchanged

NAMES = ["$top", "$skip", "$filter", "$count", "$select"]


def lists() -> Node:
    """A list with the options the importer gives it."""
    options = [odata.option(name, name.removeprefix("$").title()) for name in NAMES]
    options += [*odata.paging_options(NAMES), odata.annotations_option()]
    collection = {"displayName": "Options", "name": "Options", "type": "collection", "default": {}, "options": options}
    return answering(
        {"request": {"queryEncoding": "odata"}, "output": {"postReceive": [odata.receive_step(False)]}}, collection
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
    assert urls == [f"?$filter=a%20eq%20'b'&$top=100{skip}" for skip in ("", "&$skip=100", "&$skip=200")]
    assert [i["Id"] for i in items] == list(range(207))


def test_an_empty_last_page_ends_it() -> None:
    assert len(run(page(0, 100), page(100, 0), **{"Return All": True})[1]) == 100


def test_a_page_that_the_service_caps_is_asked_for_again_in_its_size() -> None:
    urls, items = run(capped(40), page(0, 40), page(40, 12), **{"Return All": True})
    assert urls == ["?$top=100", "?$top=40", "?$top=40&$skip=40"]
    assert len(items) == 52


def test_a_cap_that_is_no_smaller_is_an_error() -> None:
    with pytest.raises(BadRequestError):
        run(capped(100), **{"Return All": True})


def test_max_results_bounds_the_whole() -> None:
    urls, items = run(page(0, 100), page(100, 50), **{"Return All": True, "Max Results": 150})
    assert urls == ["?$top=100", "?$top=50&$skip=100"]
    assert len(items) == 150


def test_top_and_skip_bound_the_whole() -> None:
    urls, items = run(page(30, 100), page(130, 20), **{"Return All": True, "Top": 120, "Skip": 30})
    assert urls == ["?$top=100&$skip=30", "?$top=20&$skip=130"]
    assert len(items) == 120


LINK = "https://api.example.test/v1/go"


@pytest.mark.parametrize("name", ["@odata.nextLink", "@nextLink", "odata.nextLink"])
@pytest.mark.parametrize("link", [f"{LINK}?$skiptoken=a%27b", "go?$skiptoken=a%27b", "/v1/go?$skiptoken=a%27b"])
def test_a_next_link_is_followed_as_it_is(name: str, link: str) -> None:
    """OData 4.0, 4.01 and 3.0; absolute, and relative to the address that was called. Its query is the service's."""
    urls, items = run(page(0, 60, **{name: link}), page(60, 5), **{"Return All": True, "Filter": "a eq 1"})
    assert urls == ["?$filter=a%20eq%201&$top=100", "?$skiptoken=a%27b"]
    assert len(items) == 65


def test_links_are_followed_to_their_end() -> None:
    """Also behind a page that is empty."""
    pages = [page(0, 3, **{"@odata.nextLink": f"{LINK}?p=1"}), page(3, 0, **{"@odata.nextLink": f"{LINK}?p=2"})]
    urls, items = run(*pages, page(3, 4), **{"Return All": True})
    assert urls == ["?$top=100", "?p=1", "?p=2"]
    assert [i["Id"] for i in items] == list(range(7))


def test_links_that_end_with_what_was_asked_for_are_followed_for_all() -> None:
    """`$top` bounds what the links lead through; whether the service knows `$skip` is not certain."""
    windows = [page(0, 60, **{"@odata.nextLink": f"{LINK}?p=1"}), page(60, 40)]
    whole = [page(60 * n, 60, **{"@odata.nextLink": f"{LINK}?n={n}"}) for n in range(3)]
    urls, items = run(*windows, *whole, page(180, 1), **{"Return All": True})
    assert urls == ["?$top=100", "?p=1", "", "?n=0", "?n=1", "?n=2"]
    assert [i["Id"] for i in items] == list(range(181))


def test_links_are_followed_no_further_than_is_wanted() -> None:
    pages = [page(10 * n, 10, **{"@odata.nextLink": f"{LINK}?n={n}"}) for n in range(5)]
    urls, items = run(*pages, **{"Return All": True, "Max Results": 25})
    assert urls == ["?$top=25", "?n=0", "?n=1"]
    assert len(items) == 25


def test_a_link_to_another_host_is_not_followed() -> None:
    with pytest.raises(InvalidValueError, match="another host"):
        run(page(0, 3, **{"@odata.nextLink": "https://evil.example/v1/go?p=1"}), **{"Return All": True})


def test_links_in_a_circle_are_stopped() -> None:
    same = page(0, 3, **{"@odata.nextLink": f"{LINK}?p=1"})
    with pytest.raises(ItemError, match="same page"):
        run(same, same, same, **{"Return All": True})


def test_an_answer_that_is_no_list_is_one_page() -> None:
    assert run(answer({"Id": 1}), **{"Return All": True}) == (["?$top=100"], [{"Id": 1}])


def test_a_service_that_never_ends_is_stopped() -> None:
    same = page(0, 100)
    with pytest.raises(ItemError, match="same page"):
        run(same, **{"Return All": True})
    plan = compile_plan(lists(), {"Options": {"Return All": True, "Select": "Kind"}})
    assert plan.bounds.max_pages == 10_000
    plan.bound(max_pages=30)
    with pytest.raises(ItemError, match="within 30 pages"):
        exchanged(plan, [same])


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


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ({"Max Results": 7}, "?$top=7"),
        ({"Max Results": 7, "Top": 100}, "?$top=7"),
        ({"Top": 5, "Max Results": 7}, "?$top=5"),
        ({"Top": 5}, "?$top=5"),
    ],
)
def test_max_results_alone_asks_for_no_more(options: dict[str, Any], query: str) -> None:
    """What would be thrown away is not asked for; of two bounds the smaller one counts."""
    assert run(page(0, 3), **options)[0] == [query]


def linked(first: int, count: int, token: int | None) -> Response:
    return page(first, count, **({} if token is None else {"@odata.nextLink": f"go?$skiptoken={token}"}))


def test_links_that_lead_through_more_than_was_asked_for_are_all_there_is() -> None:
    """A service that takes no `$top` needs not be asked for the whole again."""
    urls, items = run(linked(0, 60, 1), linked(60, 60, 2), linked(120, 9, None), **{"Return All": True})
    assert urls == ["?$top=100", "?$skiptoken=1", "?$skiptoken=2"]
    assert len(items) == 129


def test_links_that_end_where_top_does_are_followed_from_the_beginning_without_it() -> None:
    """The one link leads to the same page both times."""
    answers = [linked(0, 60, 1), linked(60, 40, None), linked(0, 60, 1), linked(60, 70, None)]
    urls, items = run(*answers, **{"Return All": True})
    assert urls == ["?$top=100", "?$skiptoken=1", "", "?$skiptoken=1"]
    assert len(items) == 130


def test_links_in_a_circle_end() -> None:
    circle = [linked(0, 60, 1), linked(60, 1, 2), linked(61, 1, 1), linked(60, 1, 2)]
    with pytest.raises(ItemError, match="in a circle"):
        run(*circle, **{"Return All": True})


def test_enough_is_enough() -> None:
    urls, items = run(linked(0, 60, 1), linked(60, 60, 2), **{"Return All": True, "Max Results": 110})
    assert urls[:2] == ["?$top=100", "?$skiptoken=1"]
    assert len(items) == 110
