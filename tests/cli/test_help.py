"""Help, documentation, completion and start-up of every command."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import nodeloom
from nodeloom.cli import app as app_module
from nodeloom.cli.app import COMMANDS, app
from nodeloom.discovery import may_have_entry_points
from nodeloom.testing import ThreeCXSandbox
from tests.cli.conftest import TARGET, Call

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "cli.md"


def commands(command: click.Command = app, path: str = "nodeloom") -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, f"{path} {name}")


ALL = list(commands())


@pytest.mark.parametrize(("path", "command"), ALL, ids=[path for path, _command in ALL])
def test_every_command_has_help_with_an_example(path: str, command: click.Command) -> None:
    told = command.help or ""
    assert "Example:" in told
    examples = [line.strip() for line in told.partition("Example:")[2].splitlines() if path.split()[-1] in line]
    assert examples
    for example in examples:
        assert shlex.split(example)


@pytest.mark.parametrize(("path", "command"), ALL, ids=[path for path, _command in ALL])
def test_every_command_and_option_is_documented(path: str, command: click.Command) -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert path in document
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{path} {parameter.name} has no help"
            for flag in parameter.opts:
                if flag.startswith("--") and path != "nodeloom credentials" and "credentials " not in path:
                    assert f"`{flag}" in document, f"{path} {flag} is not in docs/cli.md"


def test_the_list_of_commands_says_what_each_command_says() -> None:
    for name, (_module, short) in COMMANDS.items():
        command = app.get_command(click.Context(app), name)
        assert command is not None
        assert short.rstrip(".") in " ".join((command.help or "").split()) or command.get_short_help_str(200)


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("run", "--help"), ("credentials", "--help")])
def test_help_is_printed(cli: Call, arguments: tuple[str, ...]) -> None:
    """Each command's own words are in it; those around them are click's."""
    said = cli(*arguments)
    command = app.get_command(click.Context(app), arguments[0]) if arguments and arguments[0] in COMMANDS else app
    first = " ".join(((command and command.help) or "").partition("\n\n")[0].split())
    assert first in " ".join((said.out + said.err).split())


@pytest.mark.parametrize("arguments", [(), ("credentials",)])
def test_a_call_without_a_command_is_answered_with_the_help(cli: Call, arguments: tuple[str, ...]) -> None:
    said = cli(*arguments)
    names = COMMANDS if not arguments else ("list", "test")
    assert all(name in said.out + said.err for name in names)
    assert "error:" not in said.err


@pytest.mark.parametrize("arguments", [("--version",), ("--version", "run")])
def test_the_version_is_printed(cli: Call, arguments: tuple[str, ...]) -> None:
    assert cli(*arguments).out == f"nodeloom {nodeloom.__version__}\n"


# What short commands do without; each costs as much as a command may take, or is used by runs only.
HEAVY = {
    "_quickjs",
    "anyio",
    "asyncio",
    "httpx",
    "jsonschema",
    "pydantic",
    "pyreqwest",
    "quickjs",
    "rich",
    "sqlite3",
    "ssl",
    "uvloop",
    "zoneinfo",
}
LOOKING = [
    ("describe", "threecx"),
    ("describe", *TARGET[:2]),
    ("describe", *TARGET),
    ("describe", *TARGET, "--json"),
    ("nodes",),
    ("search", "delete", "link"),
]


def imported(*arguments: str, **environment: str) -> set[str]:
    """The modules that a call of the command line imports."""
    code = (
        "import atexit, sys; from nodeloom.cli import main; "
        "atexit.register(lambda: print(*sys.modules, sep='\\n', file=sys.stderr)); main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, **environment},
    )
    return set(done.stderr.split())


def test_the_version_imports_next_to_nothing() -> None:
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert len(imported("--version") - set(bare.stdout.split())) <= 10
    assert imported("--version").isdisjoint(
        {*HEAVY, "click", "importlib.metadata", "typing"} - set(bare.stdout.split())
    )


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("describe", "--help"), ("validate", "--help")])
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert imported(*arguments).isdisjoint({*HEAVY, "pluggy"})


@pytest.mark.slow
@pytest.mark.parametrize("arguments", LOOKING, ids=" ".join)
def test_looking_at_nodes_imports_nothing_that_runs_need(arguments: tuple[str, ...]) -> None:
    modules = imported(*arguments)
    assert modules.isdisjoint(HEAVY)
    assert modules.isdisjoint(
        {"nodeloom.runtime.runtime", "nodeloom.expression", "nodeloom.credential", "nodeloom.plan"}
    )
    # An installed plugin, or a finder of somebody else's, is a reason to import it.
    assert "importlib.metadata" not in modules or may_have_entry_points("nodeloom")


@pytest.mark.slow
def test_completing_names_imports_nothing_that_runs_need() -> None:
    words = {"COMP_WORDS": shlex.join(["nodeloom", "describe", *TARGET[:2], "D"]), "COMP_CWORD": "4"}
    assert imported(_NODELOOM_COMPLETE="bash_complete", **words).isdisjoint({*HEAVY, "nodeloom.runtime.runtime"})


@pytest.mark.slow
def test_listing_plugins_does_without_http_javascript_and_tables() -> None:
    assert imported("plugins").isdisjoint({"httpx", "rich", "jsonschema", "quickjs", "anyio", "pydantic"})


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_printed(cli: Call, shell: str) -> None:
    said = cli("completion", shell)
    assert said.code == 0
    assert "_NODELOOM_COMPLETE" in said.out


def completed(*words: str, monkeypatch: pytest.MonkeyPatch, cli: Call) -> list[str]:
    monkeypatch.setenv("_NODELOOM_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", shlex.join(["nodeloom", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    said = cli()
    monkeypatch.delenv("_NODELOOM_COMPLETE")
    return [line.partition(",")[2] for line in said.out.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("de",), "demo"),
        (("run", "three"), "threecx"),
        (("run", "threecx", "web"), "Website Links"),
        (("run", *TARGET, "Del"), "Delete Weblink"),
        (("run", *TARGET, "List Weblink", "--set", "Opt"), "Options.Top="),
        (("plan", *TARGET, "Delete Weblink", "--set", ""), "Link="),
        (("describe", "threecx", ""), "Website Links"),
        (("run", "--cre"), "--credential"),
        (("run", *TARGET, "Delete Weblink", "--credential", ""), "threeCxApi"),
    ],
)
def test_names_are_completed(
    sandbox: ThreeCXSandbox, cli: Call, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], expected: str
) -> None:
    assert expected in completed(*words, monkeypatch=monkeypatch, cli=cli)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_completes_a_name_with_a_space_as_one_word(cli: Call, tmp_path: Path) -> None:
    (tmp_path / "nodeloom").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m nodeloom.cli "$@"\n')
    (tmp_path / "nodeloom").chmod(0o755)
    (tmp_path / "script").write_text(cli("completion", "bash").out)
    asked = (
        "complete() { :; }; source ./script; COMP_WORDS=(nodeloom run threecx Web); COMP_CWORD=3; "
        '_nodeloom_completion ./nodeloom; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == ["Website\\ Links"]


def test_completion_of_a_wrong_name_is_empty(cli: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed("run", "nowhere", "x", monkeypatch=monkeypatch, cli=cli) == []


@pytest.mark.slow
def test_a_listing_into_a_pipe_that_closes_is_quiet() -> None:
    call = f"{shlex.quote(sys.executable)} -m nodeloom.cli describe threecx 'Website Links' --json | true"
    done = subprocess.run(["/bin/sh", "-c", call], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""


def test_json_listings_are_one_document(cli: Call) -> None:
    for arguments in (
        ("nodes",),
        ("plugins",),
        ("describe", "threecx"),
        ("credentials", "types"),
        ("credentials", "list"),
    ):
        json.loads(cli(*arguments, "--json").out)


def test_every_command_in_the_table_is_in_its_module() -> None:
    assert app_module.PROGRAM == "nodeloom"
    for name in COMMANDS:
        assert isinstance(app.get_command(click.Context(app), name), click.Command)
