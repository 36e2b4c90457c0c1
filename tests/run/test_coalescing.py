"""Coalescing: several items in one call, and one true result for each all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.errors import ConfigurationError, MissingValueError, NotFoundError, PreconditionFailedError
from nodeloom.testing import ThreeCXSandbox

DELETE = {"resource": "Website Links", "operation": "Delete Weblink", "Link": "{{ $json.Link }}"}


@pytest.fixture
def pbx() -> Iterator[ThreeCXSandbox]:
    with ThreeCXSandbox(links=60) as sandbox:
        yield sandbox


def run(pbx: ThreeCXSandbox, items: list[Any], parameters: dict[str, Any] | None = None, **how: Any) -> Any:
    with Runtime() as runtime:
        return runtime.run(
            "threecx",
            parameters or DELETE,
            items,
            credentials={"threeCxApi": pbx.credential},
            on_error="continue",
            **{"coalesce": 20, **how},
        )


def calls(pbx: ThreeCXSandbox) -> list[tuple[str, str]]:
    return [(r.method, r.target.rpartition("/")[2]) for r in pbx.requests if "/connect/token" not in r.target]


def test_items_share_calls_and_keep_their_results(pbx: ThreeCXSandbox) -> None:
    result = run(pbx, [{"Link": f"link-{n}"} for n in range(1, 51)])
    assert [item["json"]["Link"] for item in result.items] == [f"link-{n}" for n in range(1, 51)]
    assert all(item["json"]["success"] for item in result.items)
    assert [item["pairedItem"]["item"] for item in result.items] == list(range(50))
    assert calls(pbx) == [("POST", "Pbx.BulkLinksDelete")] * 3
    assert len(pbx.links) == 10
    assert sum(result.report.statuses.values()) == 3


def test_an_item_that_cannot_be_sent_fails_alone(pbx: ThreeCXSandbox) -> None:
    result = run(pbx, [{"Link": "link-1"}, {}, {"Link": "link-2"}])
    assert [type(o.error) for o in result.outcomes] == [type(None), MissingValueError, type(None)]
    assert calls(pbx) == [("POST", "Pbx.BulkLinksDelete")]


def test_when_the_bulk_call_fails_each_item_gets_its_own_truth(pbx: ThreeCXSandbox) -> None:
    result = run(pbx, [{"Link": "gone-1"}, {"Link": "gone-2"}])
    assert all(isinstance(o.error, NotFoundError) for o in result.outcomes)
    assert "'gone-2'" in str(result.outcomes[1].error)
    assert sorted(calls(pbx)) == [
        ("DELETE", "WebsiteLinks('gone-1')"),
        ("DELETE", "WebsiteLinks('gone-2')"),
        ("POST", "Pbx.BulkLinksDelete"),
    ]


def test_an_item_with_a_precondition_is_sent_by_itself(pbx: ThreeCXSandbox) -> None:
    parameters = {**DELETE, "If Match": "{{ $json.etag }}"}
    items = [
        {"Link": "link-1"},
        {"Link": "link-2", "etag": 'W/"stale"'},
        {"Link": "link-3", "etag": pbx.etag("link-3")},
    ]
    result = run(pbx, items, parameters)
    assert isinstance(result.outcomes[0].error, MissingValueError)
    assert isinstance(result.outcomes[1].error, PreconditionFailedError)
    assert result.outcomes[2].error is None
    assert sorted(calls(pbx)) == [("DELETE", "WebsiteLinks('link-2')"), ("DELETE", "WebsiteLinks('link-3')")]
    assert {"link-1", "link-2"} <= set(pbx.links)


@pytest.mark.slow
def test_equal_keys_do_not_share_a_call(pbx: ThreeCXSandbox) -> None:
    result = run(pbx, [{"Link": "link-1"}, {"Link": "link-2"}, {"Link": "link-1"}], concurrency=1)
    assert [type(o.error) for o in result.outcomes] == [type(None), type(None), NotFoundError]


def test_an_operation_without_a_twin_refuses(pbx: ThreeCXSandbox) -> None:
    with pytest.raises(ConfigurationError, match="no bulk operation"):
        run(pbx, [{}], {"resource": "Website Links", "operation": "Get Weblink", "Link": "x"})


def test_one_by_one_unless_asked(pbx: ThreeCXSandbox) -> None:
    run(pbx, [{"Link": "link-1"}, {"Link": "link-2"}], coalesce=1)
    assert {method for method, _ in calls(pbx)} == {"DELETE"}


@pytest.mark.slow
def test_faults_lose_and_double_nothing() -> None:
    with ThreeCXSandbox(links=300, rate_500=0.1, rate_drop=0.1, seed=3) as pbx:
        result = run(pbx, [{"Link": f"link-{n}"} for n in range(1, 301)], coalesce=7)
        assert [o.index for o in result.outcomes] == list(range(300))
        for outcome in result.outcomes:
            assert (outcome.error is None) <= (f"link-{outcome.index + 1}" not in pbx.links)
