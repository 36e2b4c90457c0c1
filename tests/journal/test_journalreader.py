"""Reading a journal: of a run that goes on, that ended, that crashed."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from nodeloom.descriptor.validation import load_schema
from nodeloom.errors import NetworkError
from nodeloom.journal.entries import State
from nodeloom.journal.journalreader import Account, JournalReader, to_dict
from nodeloom.outcomes import Outcome
from tests.journal.driving import Service, by_journal, crashed_copy, drive, links, open_journal, sending


def answer(index: int, raw: Any) -> Outcome:
    """Item 3 certainly fails, item 6 may have been done."""
    if index in (3, 6):
        sent = "no" if index == 3 else "unknown"
        error = NetworkError("It broke.", item=index, sent=sent)
        return Outcome(index, error=error, effect=error.effect)
    return Outcome(index, [{"json": {"done": raw}}, {"json": {}}], statuses=(429, 200), retries=1)


def journal_of(path: Path, *, repeatable: bool) -> Path:
    drive(path, links(10), Service(answer), repeatable=repeatable, total=10, until=8)
    return path


@pytest.mark.parametrize(("repeatable", "account"), [(True, Account(6, 2, 0, 0, 2)), (False, Account(6, 1, 1, 0, 2))])
def test_the_account_of_a_run_that_ended(tmp_path: Path, repeatable: bool, account: Account) -> None:
    with JournalReader(journal_of(tmp_path / "j", repeatable=repeatable)) as reader:
        assert reader.account() == account
        assert reader.title == "3CX, Website Links, Delete Weblink"
        assert not reader.live


def test_every_entry_as_json_matches_its_schema(tmp_path: Path) -> None:
    validator = Draft202012Validator(load_schema("journal-entry"), format_checker=Draft202012Validator.FORMAT_CHECKER)
    with JournalReader(journal_of(tmp_path / "j", repeatable=False)) as reader:
        documents = [to_dict(entry) for entry in reader.entries()]
    for document in documents:
        validator.validate(json.loads(json.dumps(document)))
    assert [d["item"] for d in documents] == list(range(8))
    assert [d["state"] for d in documents[2:7]] == ["succeeded", "failed", "succeeded", "succeeded", "unknown"]
    assert documents[0]["results"][0] == {"json": {"done": {"Link": "link-0"}}, "pairedItem": {"item": 0}}
    assert documents[0]["statuses"] == [429, 200]
    assert documents[3]["input"] == {"Link": "link-3"}


def test_entries_are_chosen_by_their_state(tmp_path: Path) -> None:
    with JournalReader(journal_of(tmp_path / "j", repeatable=False)) as reader:
        assert [e.position for e in reader.entries((State.FAILED,))] == [3]
        assert [e.position for e in reader.entries((State.FAILED, State.UNKNOWN))] == [3, 6]


def test_long_journals_are_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nodeloom.journal.journalreader._CHUNK", 7)
    drive(tmp_path / "j", links(50), Service())
    with JournalReader(tmp_path / "j") as reader:
        assert [e.position for e in reader.entries()] == list(range(50))


@pytest.mark.parametrize("repeatable", [True, False])
def test_a_run_that_goes_on_and_one_that_was_killed(tmp_path: Path, repeatable: bool) -> None:
    path = tmp_path / "j"

    async def run() -> Path:
        journal = open_journal(path, repeatable=repeatable)
        reached = asyncio.Event()

        @sending
        async def work(index: int, raw: Any) -> Outcome:
            reached.set()
            await asyncio.Event().wait()
            raise AssertionError

        task = asyncio.create_task(by_journal(journal, work)(0, links(1)[0]))
        await reached.wait()
        with JournalReader(path) as reader:
            assert reader.live
            assert reader.account() == Account(0, 0, 0, 1, None)
            assert [to_dict(e)["state"] for e in reader.entries()] == ["in flight"]
        left = crashed_copy(path, tmp_path / "left")
        task.cancel()
        await asyncio.wait([task])
        await journal.aclose()
        return left

    with JournalReader(asyncio.run(run())) as reader:
        assert not reader.live
        assert reader.account() == (Account(0, 0, 0, 1, None) if repeatable else Account(0, 0, 1, 0, None))
        [document] = [to_dict(entry) for entry in reader.entries()]
        if repeatable:
            assert document["state"] == "in flight"
        else:
            assert document["state"] == "unknown"
            assert document["results"][0]["error"]["code"] == "unknown"
            assert document["input"] == {"Link": "link-0"}
            assert [e.position for e in reader.entries((State.UNKNOWN,))] == [0]
        assert list(reader.entries((State.SUCCEEDED,))) == []


def test_reading_changes_nothing(tmp_path: Path) -> None:
    """Not even the log of a crashed run is carried over: who reads may have no right to write."""
    path = journal_of(tmp_path / "whole", repeatable=True)
    for mode in (0o600, 0o400):
        path.chmod(mode)
        before = path.read_bytes()
        with JournalReader(path) as reader:
            list(reader.entries())
        assert path.read_bytes() == before
        assert stat.S_IMODE(path.stat().st_mode) == mode
    assert list(tmp_path.iterdir()) == [path]
