"""Structured logs: who gets which records, and what they hold."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from nodeloom.errors import NotFoundError
from nodeloom.run.runlog import RequestLog, RunLog, run_log
from nodeloom.run.watching import Watch
from tests.run.watching import RUN, mask, run_items

LOGGERS = ("nodeloom", "nodeloom.run", "nodeloom.item", "nodeloom.request")


@pytest.fixture(autouse=True)
def _levels() -> Iterator[None]:
    """Levels as Python has them at its start, before and after."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.WARNING)
    yield
    root.setLevel(before)
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.NOTSET)


def told(caplog: pytest.LogCaptureFixture, level: int) -> list[tuple[str, str, str]]:
    """Logger, level and message of what a run with a failure and a repeat logs."""
    logging.getLogger("nodeloom").setLevel(level)
    log = run_log()
    assert log is not None
    gone = NotFoundError("There is no link 'x'.", item=1, property="Link", hint="List them.", status=404)
    run_items(Watch([log], RUN, mask), [[204], [gone], [503, 204]])
    return [(r.name.removeprefix("nodeloom."), r.levelname, r.getMessage()) for r in caplog.records]


def test_nothing_is_logged_unless_somebody_asked() -> None:
    assert run_log() is None
    logging.getLogger("nodeloom").setLevel(logging.INFO)
    assert isinstance(run_log(), RequestLog)


def test_a_level_on_a_logger_above_asks_too_and_one_on_a_logger_below() -> None:
    logging.getLogger().setLevel(logging.INFO)
    assert isinstance(run_log(), RequestLog)
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("nodeloom.item").setLevel(logging.WARNING)
    assert type(run_log()) is RunLog, "requests are not watched where nobody logs them"


def test_info_tells_runs_failures_and_repeats(caplog: pytest.LogCaptureFixture) -> None:
    assert told(caplog, logging.INFO) == [
        ("run", "INFO", "run started: probe, Things, Delete"),
        ("item", "WARNING", "item 1 failed: There is no link 'x'."),
        ("request", "INFO", "request repeated after 503: DELETE https://probe.test/things/***"),
        ("run", "INFO", "run ended: 3 items, 2 succeeded, 1 failed, 0 not run"),
    ]


def test_warning_tells_failures(caplog: pytest.LogCaptureFixture) -> None:
    assert [level for _logger, level, _message in told(caplog, logging.WARNING)] == ["WARNING"]


def test_debug_tells_every_item_and_request(caplog: pytest.LogCaptureFixture) -> None:
    messages = [message for _logger, _level, message in told(caplog, logging.DEBUG)]
    assert messages[1:4] == [
        "request sent: DELETE https://probe.test/things/***",
        "request ended: DELETE https://probe.test/things/***: 204",
        "item 0 done",
    ]
    assert "request ended: DELETE https://probe.test/things/***: not_found" in messages


def test_records_carry_their_facts(caplog: pytest.LogCaptureFixture) -> None:
    told(caplog, logging.DEBUG)
    facts = {(r.name, r.msg): vars(r) for r in caplog.records}
    assert {values["run"] for values in facts.values()} == {RUN.id}
    started = facts["nodeloom.run", "run started: %s"]
    assert [started[name] for name in ("node", "resource", "operation", "total")] == ["probe", "Things", "Delete", 2]
    failed = facts["nodeloom.item", "item %d failed: %s"]
    assert [failed[name] for name in ("item", "error", "status", "property", "hint", "retries")] == [
        1, "not_found", 404, "Link", "List them.", 0,
    ]  # fmt: skip
    repeated = facts["nodeloom.request", "request repeated after %s: %s %s"]
    assert [repeated[name] for name in ("item", "resend", "after", "method")] == [2, 1, "503", "DELETE"]
    ended = facts["nodeloom.run", "run ended: %d items, %d succeeded, %d failed, %d not run%s"]
    names = ("items", "succeeded", "failed", "not_run", "retries", "seconds", "stopped", "complete")
    assert [ended[name] for name in names] == [3, 2, 1, 0, 1, 1.5, None, True]


def test_no_record_holds_a_secret_or_a_query(caplog: pytest.LogCaptureFixture) -> None:
    told(caplog, logging.DEBUG)
    everything = " ".join(str(vars(record)) for record in caplog.records)
    assert "canary-secret" not in everything
    assert "Ann" not in everything
    assert "user:pass" not in everything
