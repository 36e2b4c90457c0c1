"""What a run gives back: results, counts, and a report that is JSON."""

from __future__ import annotations

import json
import random
from datetime import datetime
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from nodeloom.errors import ItemError, NotFoundError, NotRunError
from nodeloom.outcomes import Outcome, RunReport, RunResult

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[1] / "schemas" / "run-report.schema.json").read_text(encoding="utf-8")
)
KINDS = {"ok": None, "failed": ItemError, "not found": NotFoundError, "not run": NotRunError}


@given(st.lists(st.tuples(st.sampled_from(list(KINDS)), st.integers(0, 3), st.integers(0, 2)), max_size=30))
def test_the_counts_add_up(made: list[tuple[str, int, int]]) -> None:
    report = RunReport("probe")
    outcomes = []
    for index, (kind, items, retries) in enumerate(made):
        error = KINDS[kind]
        outcome = Outcome(
            index,
            [{"json": {}}] * items if error is None else [],
            error=None if error is None else error("failed", item=index, status=404),
            statuses=(200,) * items,
            retries=retries,
        )
        outcomes.append(outcome)
        report.add(outcome)
    counts = report.counts
    assert counts.items == len(made) == counts.succeeded + counts.failed + counts.not_run
    assert counts.failed + counts.not_run == sum(report.errors.values())
    assert report.retries == sum(retries for *_, retries in made)
    assert report.succeeded is (counts.succeeded == len(made))
    result = RunResult(outcomes, report)
    assert len(result.items) == counts.results + counts.failed + counts.not_run
    assert len(result.errors) == counts.failed + counts.not_run
    assert all("pairedItem" in item for item in result.items)
    written = json.loads(json.dumps(report.to_dict()))
    assert written["counts"]["items"] == len(made)
    Draft202012Validator(SCHEMA).validate(written)
    assert datetime.fromisoformat(written["startedAt"]) == report.started_at


def test_a_failed_item_has_its_error_in_json_and_beside_it() -> None:
    """n8n shows `json.error`; who reads by key looks at `error`."""
    outcome = Outcome(4, error=NotFoundError("gone", item=4, status=404))
    (result,) = outcome.results()
    assert result["json"]["error"] == result["error"]
    assert result["error"]["code"] == "not_found"
    assert result["pairedItem"] == {"item": 4}


def test_every_item_of_an_outcome_is_paired_with_its_input() -> None:
    outcome = Outcome(2, [{"json": {"a": 1}}, {"json": {"a": 2}, "binary": {}, "pairedItem": {"item": 9}}])
    assert [r["pairedItem"] for r in outcome.results()] == [{"item": 2}, {"item": 2}]
    assert outcome.results()[1]["binary"] == {}


def test_a_run_that_left_input_unread_did_not_succeed() -> None:
    assert RunReport("probe").succeeded
    assert not RunReport("probe", complete=False).succeeded


def test_the_schema_says_all_that_a_report_holds() -> None:
    """A field that is added to the report is added to its schema, with what it means."""
    written = RunReport("probe").to_dict()
    assert set(SCHEMA["required"]) <= set(written) <= set(SCHEMA["properties"])
    counts = SCHEMA["properties"]["counts"]
    assert set(counts["required"]) <= set(written["counts"]) <= set(counts["properties"])
    assert all(part["description"] for part in SCHEMA["properties"].values())


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["plain", "two", "none", "binary", "text", "error", "retried", "told", "other status"]),
            st.integers(0, 2**40),
        ),
        max_size=8,
    ),
    st.randoms(),
)
def test_outcomes_come_out_as_they_were_kept(made: list[tuple[str, int]], order: random.Random) -> None:
    """However they are kept, and in whatever order they came."""
    outcomes = [kept_outcome(kind, index, size) for index, (kind, size) in enumerate(made)]
    order.shuffle(outcomes)
    result = RunResult(outcomes, RunReport("probe"))
    assert result.items == [item for outcome in outcomes for item in outcome.results()]
    assert result.errors == [outcome.error for outcome in outcomes if outcome.error is not None]
    assert result.outcomes == outcomes
    assert result.outcomes is result.outcomes
    assert result.items == [item for outcome in outcomes for item in outcome.results()]


def kept_outcome(kind: str, index: int, size: int) -> Outcome:
    json: dict[str, Any] = {"n": index}
    items: dict[str, list[Any]] = {
        "two": [{"json": json}, {"json": json}],
        "none": [],
        "binary": [{"json": json, "binary": {}}],
        "text": [{"json": "text"}],
        "error": [],
    }
    return Outcome(
        index,
        items.get(kind, [{"json": json}]),
        NotFoundError("gone") if kind == "error" else None,
        (200,) if kind != "other status" else (200, 204),
        retries=int(kind == "retried"),
        size=size,
        told=kind == "told",
    )


def test_who_changes_an_outcome_finds_that_in_the_items() -> None:
    result = RunResult([Outcome(0, [{"json": {"a": 1}}])], RunReport("probe"))
    result.outcomes[0].items.append({"json": {"a": 2}})
    assert [item["json"] for item in result.items] == [{"a": 1}, {"a": 2}]


def test_a_result_tells_how_much_it_holds_instead_of_showing_it() -> None:
    assert repr(RunResult([Outcome(0), Outcome(1)], RunReport("probe"))).startswith("RunResult(2 outcomes, RunReport(")


def test_a_request_that_a_redirect_turned_into_another_is_marked_whatever_came_out() -> None:
    """One item of JSON is kept in a shorter form if there is nothing else to tell."""
    for items in ([{"json": {"a": 1}}], [{"json": {"a": 1}}, {"json": {"a": 2}}]):
        kept = RunResult([], RunReport("probe"))._kept
        kept.add(Outcome(0, items, None, (302, 200), redirect=302))
        kept.add(Outcome(1, items, None, (302, 200)))
        marks = [result.get("redirect") for result in RunResult(kept, RunReport("probe")).items]
        assert marks == [302] * len(items) + [None] * len(items)
