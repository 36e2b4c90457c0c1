"""The command line has the options of the tables: flags, defaults, groups, checks, and the tables of docs/cli.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest

from nodeloom.cli.commands.plan import plan
from nodeloom.cli.commands.run import run
from nodeloom.cli.options import JOB_OPTIONS, GroupedOption, read_options, run_keywords
from nodeloom.run.runoptions import RUN_OPTIONS, RUNTIME_OPTIONS, Group
from nodeloom.testing import ThreeCXSandbox
from tests.cli.conftest import TARGET, Call
from tests.optiontables import flag_rows

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")


def parsed(*words: str) -> dict[str, Any]:
    return run.make_context("run", ["threecx", *words]).params


def test_without_options_a_run_and_its_runtime_have_the_defaults_of_the_tables() -> None:
    params = parsed()
    for table in (RUN_OPTIONS, RUNTIME_OPTIONS):
        for name, value in read_options(params, table).items():
            assert value == (() if table[name].many else table[name].default), name


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--unordered"], "ordered", False),
        (["--no-adaptive"], "adaptive", False),
        (["--concurrency", "3"], "concurrency", 3),
        (["--node-version", "1.1"], "version", 1.1),
        (["--retry-failed", "--journal", "j"], "retry_failed", True),
        (["--rate", "5/s", "--burst", "2"], "burst", 2),
        (["--deadline", "2h"], "deadline", "2h"),
    ],
)
def test_a_flag_sets_its_keyword(words: list[str], name: str, value: object) -> None:
    assert dict(run_keywords(parsed(*words)))[name] == value


@pytest.mark.parametrize(
    ("words", "value"),
    [([], True), (["--isolate-javascript"], "process"), (["--isolate-javascript", "--no-javascript"], False)],
)
def test_two_flags_may_set_one_argument(words: list[str], value: object) -> None:
    assert read_options(parsed(*words), RUNTIME_OPTIONS)["javascript"] == value


@pytest.mark.parametrize("command", [run, plan], ids=["run", "plan"])
def test_the_command_has_the_options_of_the_table_and_no_others(command: click.Command) -> None:
    own = {"as_curl"} if command is plan else set()
    declared = [p.declared.name for p in command.params if isinstance(p, GroupedOption)]
    assert set(declared) == set(JOB_OPTIONS) | own
    assert [p.name for p in command.params if isinstance(p, click.Option) and not isinstance(p, GroupedOption)] == []


def sections(text: str) -> dict[str, str]:
    """What stands under each heading of a help."""
    parts = re.split(r"^(\S.*):$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_help_of_a_run_shows_its_options_in_groups(cli: Call) -> None:
    found = sections(cli("run", "--help").out)
    assert list(found) == [*(group.value for group in Group), "Help"]
    for option in JOB_OPTIONS.values():
        for flag in option.flags or [switch.flag for switch in option.switches]:
            assert flag.partition("/")[0] in found[option.group.value]
    assert all(len(re.findall(r"^  -", section, flags=re.MULTILINE)) <= 9 for section in found.values())


def test_the_help_of_a_plan_explains_what_matters_to_it_and_names_the_rest(cli: Call) -> None:
    found = sections(cli("plan", "--help").out)
    ignored = found.pop("Taken as by `nodeloom run`, and ignored")
    assert list(found) == ["Parameters", "Items", "Running", "Safety", "Output", "Help"]
    assert {"--journal,", "--retry-failed,", "--concurrency,", "--timeout,"} <= set(ignored.split())
    assert "--journal" not in "".join(found.values())
    assert "--curl" in found["Output"]


@pytest.mark.parametrize("group", Group, ids=lambda group: group.value)
def test_the_page_of_the_command_line_has_the_tables(group: Group) -> None:
    rows = PAGE.split(f"### {group.value}\n\n| option | |\n|---|---|\n")[1].split("\n\n")[0].splitlines()
    assert rows == flag_rows(group), "python -m tests.optiontables prints the tables"


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["--concurrency", "0"], "--concurrency must be a whole number from 1.", "--concurrency 1?"),
        (["--concurrency", "many"], "--concurrency must be a whole number from 1.", "--concurrency 8"),
        (["--on-error", "contiue"], "--on-error must be stop or continue.", "--on-error continue?"),
        (["--max-items", "0"], "--max-items must be a whole number from 1.", "--max-items 1?"),
        (["--timeout", "nan"], "--timeout must be a number above 0.", "--timeout 60"),
        (["--timezone", "Europe/Berln"], "--timezone must be the IANA name of a time zone.", "Europe/Berlin?"),
        (["--node-version", "x"], "--node-version must be a number.", "--node-version 1"),
        (["--journal", ""], "--journal is empty.", "--journal journal.file"),
        (["--burst", "3"], "--burst needs --rate.", "Give --rate too"),
        (["--retry-failed"], "--retry-failed needs --journal.", "Give --journal too"),
        (["--rate", "20/minuts"], "--rate has an unknown unit of time: 'minuts'.", "'minutes'"),
        (["--allow-host", ""], "--allow-host must be a host, without a scheme or a path.", "api.example.com"),
        (["--allow-host", "https://a.test"], "--allow-host must be a host, without a scheme or a path.", "a.test"),
        (["--deadline=-1"], "--deadline must be a span of time.", "90s"),
        (["--rate=-5/s"], "--rate must be a number of requests in a time.", "20/s"),
        (["--max-items=-1"], "--max-items must be a whole number from 1.", "--max-items 1?"),
        (["--set-file", "Link="], "--set-file Link= names no file.", "--set-file NAME=FILE"),
        (["--log-level", "inf"], "--log-level must be debug, info, warning or error.", "--log-level info?"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_its_flag(
    sandbox: ThreeCXSandbox, cli: Call, words: list[str], message: str, hint: str
) -> None:
    said = cli("run", *TARGET, "List Weblink", *words)
    assert said.code == 2
    assert said.err.startswith(f"error: {message}\n")
    assert hint in said.err
    assert "where:" not in said.err
    assert sandbox.requests == []


@pytest.mark.parametrize("flag", sorted({o.flags[0] for o in JOB_OPTIONS.values() if o.metavar}))
def test_a_flag_whose_value_is_left_out_is_a_usage_error(cli: Call, flag: str) -> None:
    said = cli("run", *TARGET, "List Weblink", flag)
    assert said.code == 2
    assert said.err == f"error: Option '{flag}' requires an argument.\n"


def test_an_error_that_the_runtime_finds_names_the_flag_too(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli("run", *TARGET, "List Weblink", "--coalesce", "4")
    assert "--coalesce" in said.err
    assert sandbox.requests == []
