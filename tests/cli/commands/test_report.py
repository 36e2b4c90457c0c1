"""`nodeloom report`: what became of every item, and which to run again."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from nodeloom.errors import InvalidItemError, MissingValueError, NetworkError
from nodeloom.outcomes import Outcome
from tests.cli.conftest import Call
from tests.journal.driving import Service, drive, links


def answer(index: int, raw: Any) -> Outcome:
    if isinstance(raw, InvalidItemError):
        return Outcome(index, error=raw)
    if index == 3:
        return Outcome(index, error=MissingValueError("Link is empty.", item=index))
    if index == 6:
        error = NetworkError("The connection broke.", item=index, sent="unknown")
        return Outcome(index, error=error, effect=error.effect)
    return Outcome(index, [{"json": {"done": raw["Link"]}}], statuses=(200,))


@pytest.fixture
def journal(tmp_path: Path) -> str:
    """The journal of a POST: 8 of 10 items, one failed and one unknown among them."""
    drive(tmp_path / "run.journal", links(10), Service(answer), repeatable=False, total=10, until=8)
    return str(tmp_path / "run.journal")


def test_the_summary_says_what_became_of_the_items_and_what_to_do(cli: Call, journal: str) -> None:
    said = cli("report", journal)
    assert said.code == 0
    assert said.out.splitlines() == [
        f"{journal}: 3CX, Website Links, Delete Weblink",
        "  succeeded  6",
        "  failed     1  run again with: --retry-failed",
        "  unknown    1  may have been done; never sent again by itself",
        "  in flight  0",
        "  not run    2",
        "  item 3 failed (missing_value): Link is empty.",
        "  item 6 unknown (network): The connection broke.",
    ]


def test_the_failed_items_can_be_run_again(cli: Call, journal: str) -> None:
    assert cli("report", journal, "--failed").results == [{"Link": "link-3"}]
    assert cli("report", journal, "--unknown").results == [{"Link": "link-6"}]
    assert cli("report", journal, "--failed", "--unknown").results == [{"Link": "link-3"}, {"Link": "link-6"}]


def test_every_outcome_as_json(cli: Call, journal: str) -> None:
    everything = cli("report", journal, "--json").results
    assert [line["item"] for line in everything] == list(range(8))
    assert [line["item"] for line in cli("report", journal, "--json", "--failed").results] == [3]


def test_a_long_list_of_failures_is_cut(cli: Call, tmp_path: Path) -> None:
    failing = Service(lambda index, raw: Outcome(index, error=MissingValueError("Empty.", item=index)))
    drive(tmp_path / "j", links(25), failing)
    said = cli("report", str(tmp_path / "j"))
    assert said.out.count("item ") == 20
    assert "… and 5 more: nodeloom report" in said.out


def test_lines_that_could_not_be_read_are_counted(cli: Call, tmp_path: Path) -> None:
    items = [InvalidItemError("Line 1 is no JSON.", value="{oops"), {"Link": "a"}]
    drive(tmp_path / "j", items, Service(answer))
    said = cli("report", str(tmp_path / "j"), "--failed")
    assert said.out == ""
    assert said.err == "1 item could not be read from the input, and so cannot be printed.\n"
    assert "?" not in cli("report", str(tmp_path / "j")).out


@pytest.mark.parametrize("content", [None, b"", b"Link\nsummer-sale\n"])
def test_what_is_no_journal_is_a_clear_error(cli: Call, tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "j").write_bytes(content)
    said = cli("report", str(tmp_path / "j"))
    assert said.code == 2
    assert said.err.startswith("error: ")
    assert "hint:" in said.err
    assert "Traceback" not in said.err


def test_results_are_json_whatever_is_in_them(cli: Call, tmp_path: Path) -> None:
    odd = {"a": "\ud800 ü \u2028", "n": 10**30}
    drive(tmp_path / "j", [odd], Service(lambda index, raw: Outcome(index, [{"json": raw}])))
    said = cli("report", str(tmp_path / "j"), "--json")
    assert json.loads(said.out)["results"][0]["json"] == odd


def edited(path: str, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


def test_of_a_damaged_journal_what_is_whole_is_told_and_the_rest_is_named(cli: Call, journal: str) -> None:
    edited(journal, "UPDATE item SET state = 1, error = NULL, results = '[]' WHERE position = 6")
    said = cli("report", journal)
    assert said.code == 2
    assert said.out.splitlines() == [
        f"{journal}: 3CX, Website Links, Delete Weblink (damaged: what is whole is counted)",
        "  succeeded  6",
        "  failed     1  run again with: --retry-failed",
        "  unknown    0",
        "  in flight  0",
        "  not run    ?  the journal is damaged",
        "  item 3 failed (missing_value): Link is empty.",
    ]
    assert (
        f"error: The journal {journal} cannot be used: it is damaged: what it says of item 6 was changed." in said.err
    )
    assert f"hint:       `nodeloom report {journal}` shows what can still be read" in said.err
    every = cli("report", journal, "--json")
    assert every.code == 2
    assert [line["item"] for line in every.results] == [0, 1, 2, 3, 4, 5, 7]
    assert cli("report", journal, "--unknown").results == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM fact", "what it knows of its run is missing"),
        ("DELETE FROM item WHERE position = 5", "rows are missing"),
        ("ALTER TABLE item ADD COLUMN more", "its tables are not those of a journal"),
        ("PRAGMA user_version = 1", "is of format 1, this Nodeloom writes format 2"),
    ],
)
def test_whatever_is_damaged_is_an_error_that_names_it(cli: Call, journal: str, statement: str, words: str) -> None:
    edited(journal, statement)
    said = cli("report", journal)
    assert said.code == 2
    assert words in said.err
    assert journal in said.err
    assert "hint:" in said.err
    assert "Traceback" not in said.err
