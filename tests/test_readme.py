"""What the README shows is what happens."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_prints_what_the_readme_shows() -> None:
    code, shown = re.findall(r"```(?:python|text)\n(.*?)```", README, flags=re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert printed.getvalue() == shown


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    commands = [line.strip() for line in README.splitlines() if line.startswith("    python3 -m venv")]
    assert len(commands) == 2
    assert commands[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_continuous_integration_runs_it_before_anything_else_is_installed() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd ", "export ", "unset "))]
    assert commands[0] == "rm -rf .venv"
    assert commands[1].startswith("python3 -m venv .venv && ")
    # And the locked environment as well.
    assert any("--require-hashes -r requirements-test.lock" in line for line in commands[2:])
    assert commands[-1] == ".venv/bin/pytest -q -n 3"


@pytest.mark.skipif(sys.platform == "win32", reason="a script for bash")
def test_the_script_for_all_versions_says_what_is_missing() -> None:
    command = [str(ROOT / ".ci" / "versions"), "3.11", "3.98", "3.99"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "python3.98 python3.99" in done.stderr


def releases(name: str) -> dict[str, str]:
    """The releases a file of requirements names, by package."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pinned = [line.removesuffix("\\").strip() for line in lines if line and line[0] not in "# "]
    return dict(line.split("==", 1) for line in pinned)


def test_the_readmes_reader_gets_the_releases_of_the_lock() -> None:
    assert "-c constraints.txt" in README
    assert releases("constraints.txt") == releases("requirements-test.lock")
    assert len(releases("constraints.txt")) > 50
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*declared["dependencies"], *declared["optional-dependencies"]["test"]]
    names = {re.split(r"[\[<>=;]", entry)[0].strip().lower().replace("_", "-") for entry in wanted}
    assert names - {"nodeloom"} <= {name.lower() for name in releases("constraints.txt")}


def test_every_link_leads_to_a_file() -> None:
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "ARCHITECTURE.md",
        *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")),
    ):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert ((ROOT / name).parent / target).exists(), f"{name} links to {target}"
