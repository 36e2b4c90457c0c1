"""A key deletes the link of that very name and nothing else; what is missing sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodeloom import Runtime
from nodeloom.errors import (
    InvalidValueError,
    MissingValueError,
    NodeloomError,
    NotFoundError,
    ParameterError,
    PreconditionFailedError,
)
from nodeloom.outcomes import RunResult
from nodeloom.testing import ThreeCXSandbox
from tests.run.doubles import BULK, DELETE

AWKWARD = [
    "O'Brien/x?y#z",
    "a b+c%20d",
    "ünï",
    "'; drop",
    "../Users",
    "..",
    ".",
    "%2e%2e%2fUsers",
    "a&b=c;d",
    "('x')",
    "')/Pbx.BulkLinksDelete('",
    "{Link}",
    "={{ $json.Link }}",
    "\\back\\slash",
    "tab\tand\nline",
    " spaces ",
    "日本語",
    "🙂",
    "null",
    "0",
    "x" * 1000,
]


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[ThreeCXSandbox, Runtime]]:
    with ThreeCXSandbox(link_names=["bystander", "Users"]) as sandbox, Runtime(discover_plugins=False) as runtime:
        yield sandbox, runtime


@pytest.fixture
def bare() -> Iterator[tuple[ThreeCXSandbox, Runtime]]:
    with ThreeCXSandbox(links=4) as sandbox, Runtime(discover_plugins=False) as runtime:
        yield sandbox, runtime


def run(
    both: tuple[ThreeCXSandbox, Runtime], parameters: dict[str, Any], items: list[Any] | None = None, **more: Any
) -> RunResult:
    sandbox, runtime = both
    given = {"threeCxApi": sandbox.credential}
    return runtime.run("threecx", parameters, items, credentials=given, on_error="continue", **more)


def check_key(both: tuple[ThreeCXSandbox, Runtime], key: str) -> None:
    sandbox, _ = both
    sandbox.add_link(key)
    neighbours = set(sandbox.links) - {key}
    sandbox.clear_requests()
    result = run(both, DELETE, [{"Link": key}])
    assert result.errors == []
    assert result.items[0]["json"] == {"success": True, "statusCode": 204, "Link": key}
    assert set(sandbox.links) == neighbours
    (request,) = [r for r in sandbox.requests if r.method != "POST"]
    assert (request.method, request.resource, request.key, request.operation) == ("DELETE", "WebsiteLinks", key, None)
    again = run(both, DELETE, [{"Link": key}])
    assert isinstance(again.errors[0], NotFoundError)
    assert set(sandbox.links) == neighbours


@pytest.mark.slow
@pytest.mark.parametrize("key", AWKWARD)
def test_a_key_deletes_exactly_the_link_of_that_name(shared: tuple[ThreeCXSandbox, Runtime], key: str) -> None:
    check_key(shared, key)


@pytest.mark.slow
@given(key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(lambda k: k.strip()))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_a_key(shared: tuple[ThreeCXSandbox, Runtime], key: str) -> None:
    if key not in ("bystander", "Users"):
        check_key(shared, key)


@pytest.mark.parametrize("key", [0, 25, 2.5, True])
def test_a_key_that_is_no_text_is_taken_as_text(shared: tuple[ThreeCXSandbox, Runtime], key: Any) -> None:
    sandbox, _ = shared
    written = {0: "0", 25: "25", 2.5: "2.5"}.get(key, "true") if key is not True else "true"
    sandbox.add_link(written)
    assert run(shared, DELETE, [{"Link": key}]).errors == []
    assert written not in sandbox.links


@pytest.mark.slow
@pytest.mark.parametrize("item", [{}, {"Link": None}, {"Link": ""}, {"link": "link-1"}, {"Link": []}, {"Link": {}}])
def test_a_missing_key_is_an_error_and_no_request(bare: tuple[ThreeCXSandbox, Runtime], item: dict[str, Any]) -> None:
    result = run(bare, DELETE, [item])
    (error,) = result.errors
    assert isinstance(error, (MissingValueError, InvalidValueError))
    assert error.property == "Link"
    assert bare[0].requests == []
    if "link" in item:
        assert "Did you mean $json.link?" in str(error.hint)


def test_a_stale_etag_leaves_the_link_alone_and_says_so(bare: tuple[ThreeCXSandbox, Runtime]) -> None:
    sandbox, _ = bare
    stale = sandbox.etag("link-1")
    update = {"resource": "Website Links", "operation": "Update Weblink", "Link": "link-1", "Name": "changed"}
    assert run(bare, update).errors == []
    parameters = {**DELETE, "If Match": "={{ $json.etag }}"}
    result = run(bare, parameters, [{"Link": "link-1", "etag": stale}])
    (error,) = result.errors
    assert isinstance(error, PreconditionFailedError)
    assert "'link-1' was changed" in error.message
    assert "If Match" in str(error.hint)
    assert sandbox.links["link-1"]["Name"] == "changed"
    assert run(bare, parameters, [{"Link": "link-1", "etag": sandbox.etag("link-1")}]).errors == []
    assert "link-1" not in sandbox.links


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ids", "items"),
    [
        ('["link-1","link-3"]', None),
        (["link-1", "link-3"], None),
        ("={{ $json.ids }}", [{"ids": ["link-1", "link-3"]}]),
        ("={{ $json.ids }}", [{"ids": '["link-1", "link-3"]'}]),
        ("<<$json.ids>>", [{"ids": ["link-1", "link-3"]}]),
        (["={{ $json.first }}", "link-3"], [{"first": "link-1"}]),
    ],
)
def test_bulk_delete_takes_text_lists_and_expressions(
    bare: tuple[ThreeCXSandbox, Runtime], ids: Any, items: Any
) -> None:
    result = run(bare, {**BULK, "Ids": ids}, items)
    assert result.errors == []
    assert set(bare[0].links) == {"link-2", "link-4"}
    (request,) = [r for r in bare[0].requests if r.operation]
    assert request.json() == {"ids": ["link-1", "link-3"]}


def test_bulk_delete_over_all_items(bare: tuple[ThreeCXSandbox, Runtime]) -> None:
    """One call for all items: the first item's, with the keys of every one."""
    sandbox, runtime = bare
    items = [{"Link": "link-1"}, {"Link": "link-2"}, {"Link": "link-4"}]
    ids = "={{ $input.all().map(item => item.json.Link) }}"
    planned = list(
        runtime.plan("threecx", {**BULK, "Ids": ids}, iter(items), credentials={"threeCxApi": sandbox.credential})
    )
    assert {p.body for p in planned} == {'{"ids":["link-1","link-2","link-4"]}'}
    result = run(bare, {**BULK, "Ids": ids}, items)
    assert result.outcomes[0].error is None
    assert set(sandbox.links) == {"link-3"}
    # The others asked for the same and found nothing left.
    assert all(isinstance(error, NotFoundError) for error in result.errors)


def refusal(both: tuple[ThreeCXSandbox, Runtime], ids: Any, item: dict[str, Any]) -> NodeloomError:
    """The error for these Ids: of the item, or before the run where every item would meet it."""
    try:
        (error,) = run(both, {**BULK, "Ids": ids}, [item]).errors
    except ParameterError as before:
        return before
    assert isinstance(error, (MissingValueError, InvalidValueError)), error
    return error


BROKEN_IDS: list[Any] = [
    "",
    None,
    [],
    "[]",
    "{}",
    {"a": 1},
    '["a"',
    "a,b",
    '"a"',
    "3",
    3,
    True,
    "null",
    '[["a"]]',
    '["a", ""]',
]


@pytest.mark.slow
@pytest.mark.parametrize("ids", [*BROKEN_IDS, "={{ $json.nope }}"])
@pytest.mark.parametrize("by", ["parameter", "item"])
def test_ids_that_are_no_list_of_keys_are_an_error_and_no_request(
    bare: tuple[ThreeCXSandbox, Runtime], ids: Any, by: str
) -> None:
    error = refusal(bare, ids, {"x": 1}) if by == "parameter" else refusal(bare, "={{ $json.ids }}", {"ids": ids})
    assert error.property == "Ids"
    assert error.hint
    assert bare[0].requests == []
    assert len(bare[0].links) == 4
