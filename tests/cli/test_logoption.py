"""`--log`: the run's events as lines of text or JSON, on standard error or in a file."""

from __future__ import annotations

import errno
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from nodeloom.cli.logoption import JSONLines, TextLines, logs
from nodeloom.errors import ConfigurationError
from nodeloom.testing import ThreeCXSandbox
from tests.cli.conftest import DELETE, Call, Said, finish, start
from tests.transport.servers import answer, says, serving, tls_server

LOGGER = logging.getLogger("nodeloom.item")


def record(message: str = "item %d failed", *arguments: object, **facts: object) -> logging.LogRecord:
    made = logging.makeLogRecord(
        {"name": "nodeloom.item", "msg": message, "args": arguments or (3,), "levelname": "WARNING", "created": 0.25}
    )
    vars(made).update(facts)
    return made


def test_a_line_of_text_has_the_message_and_its_facts() -> None:
    line = TextLines().format(record(item=3, error="not_found", hint="List them.", status=None))
    assert line == (
        "1970-01-01T00:00:00.250Z WARNING nodeloom.item: item 3 failed "
        'item=3 error=not_found hint="List them."'
    )  # fmt: skip
    assert TextLines().format(record()).endswith("item 3 failed")


def test_a_line_of_json_has_the_same() -> None:
    line = JSONLines().format(record(item=3, error="not_found", status=None, odd={1, 2}))
    assert json.loads(line) == {
        "time": "1970-01-01T00:00:00.250Z",
        "level": "warning",
        "logger": "nodeloom.item",
        "message": "item 3 failed",
        "item": 3,
        "error": "not_found",
        "odd": "set",
    }
    assert line.startswith('{"time"')


def test_no_fact_takes_the_place_of_what_every_line_has() -> None:
    assert json.loads(JSONLines().format(record(time="never", level="none", logger="x")))["level"] == "warning"


def test_a_terminal_gets_nothing_to_obey_and_a_program_one_line() -> None:
    hostile = record("item %s failed", "\x1b[2J\x07", item="\x1b]0;x")
    assert "\x1b" not in TextLines().format(hostile)
    assert "\x07" not in TextLines().format(hostile)
    assert "\n" not in JSONLines().format(record("two\nlines %d"))


def test_a_traceback_is_told_in_both() -> None:
    failed = record()
    failed.exc_info = (ValueError, ValueError("why"), None)
    assert TextLines().format(failed).splitlines()[-1] == "ValueError: why"
    assert json.loads(JSONLines().format(failed))["exception"].endswith("ValueError: why")


def test_without_an_option_nothing_changes(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("nodeloom")
    before = (logger.level, list(logger.handlers))
    with logs(None, None, None):
        assert (logger.level, logger.handlers) == before
    with logs("json", "debug", None):
        assert logger.level == logging.DEBUG
    assert (logger.level, logger.handlers) == before


@pytest.mark.parametrize(("level", "told"), [(None, ["b", "c"]), ("debug", ["a", "b", "c"]), ("warning", ["c"])])
def test_the_level_says_what_is_logged(capsys: pytest.CaptureFixture[str], level: str | None, told: list[str]) -> None:
    with logs("json", level, None):
        LOGGER.debug("a")
        LOGGER.info("b")
        LOGGER.warning("c")
    assert [json.loads(line)["message"] for line in capsys.readouterr().err.splitlines()] == told


def test_a_level_or_a_file_alone_asks_for_text(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with logs(None, "info", None):
        LOGGER.info("hello")
    assert capsys.readouterr().err.endswith("INFO nodeloom.item: hello\n")
    (tmp_path / "run.log").write_text("before\n")
    with logs(None, None, str(tmp_path / "run.log")):
        LOGGER.info("hello")
    assert (tmp_path / "run.log").read_text().splitlines()[0] == "before", "a log is appended to"
    assert (tmp_path / "run.log").read_text().endswith("hello\n")
    assert capsys.readouterr().err == ""


def test_a_file_that_cannot_be_opened_is_told_at_once() -> None:
    with (
        pytest.raises(ConfigurationError, match="no/such/folder/x cannot be written"),
        logs("json", None, "no/such/folder/x"),
    ):
        raise AssertionError


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_log_that_cannot_be_written_any_more_does_not_end_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    with logs("json", None, "/dev/full"):
        LOGGER.info("one")
        LOGGER.info("two")
    assert capsys.readouterr().err == f"warning: The log cannot be written to /dev/full: {os.strerror(errno.ENOSPC)}.\n"


# -- a run -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def items() -> str:
    return '{"Link":"link-1"}\n{"Link":"nope"}\n'


RUN = ("run", *DELETE, "--set", "Link=<<$json.Link>>", "--on-error", "continue", "--quiet")


def test_a_run_is_silent_unless_it_is_to_be_logged(sandbox: ThreeCXSandbox, cli: Call, items: str) -> None:
    assert cli(*RUN, stdin=items).err == ""


def test_a_run_is_logged_as_json(sandbox: ThreeCXSandbox, cli: Call, items: str) -> None:
    entries = [json.loads(line) for line in cli(*RUN, "--log", "json", stdin=items).err.splitlines()]
    started, failed, ended = entries
    assert started["message"] == "run started: threecx, Website Links, Delete Weblink"
    assert (failed["level"], failed["item"], failed["error"], failed["status"]) == ("warning", 1, "not_found", 404)
    assert (ended["items"], ended["succeeded"], ended["failed"], ended["complete"]) == (2, 1, 1, True)
    assert len({entry["run"] for entry in entries}) == 1


def test_debug_shows_requests_and_no_secret(sandbox: ThreeCXSandbox, cli: Call, items: str, tmp_path: Path) -> None:
    said = cli(*RUN, "--log", "text", "--log-level", "debug", "--log-file", "run.log", stdin=items)
    assert said.err == ""
    log = (tmp_path / "run.log").read_text()
    assert "nodeloom.request: request sent: DELETE" in log
    assert sandbox.credential["clientSecret"] not in log
    assert "Bearer" not in log


def test_a_log_and_events_on_standard_error_can_be_told_apart(sandbox: ThreeCXSandbox, cli: Call, items: str) -> None:
    lines = cli(*RUN, "--log", "json", "--progress", "json", stdin=items).err.splitlines()
    entries = [json.loads(line) for line in lines]
    assert all(("event" in entry) != ("level" in entry) for entry in entries)
    assert entries[-1]["event"] == "end"


@pytest.fixture
def unverified(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A service with a certificate of nobody, and a credential that does not mind."""
    with serving(says(answer("204 No Content")), tls_server(trustme.CA(), "127.0.0.1")) as server:
        fields = {"serverUrl": server.url, "accessToken": "token", "allowUnauthorizedCerts": True}
        monkeypatch.setenv("NODELOOM_CREDENTIAL_THREECXAPI", json.dumps(fields))
        yield


def deleted(*options: str) -> Said:
    """In a process of its own: here, pytest listens to all loggers."""
    return finish(start("run", *DELETE, "--set", "Link=link-1", *options))


@pytest.mark.slow
def test_a_warning_stays_with_quiet(unverified: None) -> None:
    """Nobody who leaves out the notes agreed to a connection that others can read."""
    said = deleted("--quiet")
    assert said.code == 0
    assert said.err.startswith("The certificate of https://127.0.0.1:")
    assert said.err.count("\n") == 1


@pytest.mark.slow
def test_a_warning_can_be_left_out_or_written_elsewhere(unverified: None, tmp_path: Path) -> None:
    assert deleted("--quiet", "--log-level", "error").err == ""
    assert deleted("--quiet", "--log-file", "log").err == ""
    assert "WARNING nodeloom: The certificate of" in (tmp_path / "log").read_text()
