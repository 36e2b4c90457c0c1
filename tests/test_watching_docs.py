"""docs/watching.md shows what there is."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from nodeloom.errors import NotFoundError
from nodeloom.outcomes import RunReport
from nodeloom.run.runlog import RequestLog
from nodeloom.run.watching import Watch
from tests.run.watching import RUN, run_items

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "watching.md").read_text(encoding="utf-8")


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((ROOT / "schemas" / name).read_text(encoding="utf-8")))


def test_the_report_it_shows_is_one() -> None:
    shown = re.search(r"^    \{\n(.*?)^    \}\n", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert shown is not None
    report = json.loads(shown[0])
    schema("run-report.schema.json").validate(report)
    assert set(report) == set(RunReport("probe").to_dict())


def test_the_event_it_shows_is_one() -> None:
    shown = next(line for line in TEXT.splitlines() if line.startswith('    {"event": "progress"'))
    schema("progress-event.schema.json").validate(json.loads(shown))


def documented_facts() -> dict[str, set[str]]:
    """The facts in the table of log messages, by logger and level."""
    facts: dict[str, set[str]] = {}
    for logger, level, names in re.findall(r"^\| `(nodeloom\.\w+)` \| (\w+) \| [^|]+ \| (.+) \|$", TEXT, re.MULTILINE):
        facts.setdefault(f"{logger} {level}", set()).update(re.findall(r"`(\w+)`", names))
    return facts


def test_the_facts_of_log_records_are_the_documented_ones(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="nodeloom")
    run_items(Watch([RequestLog()], RUN), [[204], [NotFoundError("gone", status=404)], [503, 204]])
    standard = set(vars(logging.makeLogRecord({}))) | {"message"}
    told: dict[str, set[str]] = {}
    for record in caplog.records:
        told.setdefault(f"{record.name} {record.levelname}", set()).update(set(vars(record)) - standard)
    assert told == documented_facts()
