"""Whatever can be left out of an installation: each command does without it, or names what to install.

A module that is None in `sys.modules` is found by nobody, as one that is not installed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nodeloom.testing import ThreeCXSandbox
from tests.cli.conftest import DELETE, TARGET, Said

pytestmark = pytest.mark.slow

EXTRAS = ("backports", "brotli", "compression", "cryptography", "keyring", "opentelemetry", "yaml")
QUICK = ("pyreqwest", "uvloop")
ENGINE = ("_quickjs", "quickjs")
LINK = ("--set", "Link={{ $json.Link }}", "--items", "links.ndjson")
SHOUTED = ("--set", "Link={{ $json.Link.toLowerCase() }}", "--items", "links.ndjson")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    (tmp_path / "links.ndjson").write_text('{"Link": "link-1"}\n', encoding="utf-8")
    (tmp_path / "service.yaml").write_text("openapi: 3.0.0\n", encoding="utf-8")
    plain = tmp_path / "plain.toml"
    plain.write_text('[office]\ntype = "threeCxApi"\n', encoding="utf-8")
    plain.chmod(0o600)


#: How a process calls the command line: once, or for each of the commands in its argument, whose codes it writes.
CALLS = {
    "once": "sys.exit(main(sys.argv[1:]))",
    "each": "import json; print(json.dumps([main(c) for c in json.loads(sys.argv[1])]), file=sys.stderr)",
}


def without(modules: tuple[str, ...], *arguments: str, call: str = "once") -> Said:
    """The command line in a process that finds none of `modules`."""
    code = f"import sys; sys.modules.update(dict.fromkeys({modules!r})); from nodeloom.cli import main; {CALLS[call]}"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, stdin=subprocess.DEVNULL)
    assert "Traceback" not in done.stderr
    return Said(done.returncode, done.stdout, done.stderr)


COMMANDS = (
    ("--version",),
    ("nodes",),
    ("search", "delete link"),
    ("describe", *TARGET),
    ("plugins",),
    ("completion", "bash"),
    ("credentials", "types"),
    ("credentials", "list"),
    ("credentials", "test", "threeCxApi"),
    ("plan", *DELETE, *LINK),
    ("run", *DELETE, *LINK, "--journal", "run.journal"),
    ("run", *DELETE, *LINK, "--on-error", "continue", "--unordered", "--rate", "20/s", "--report", "report.json"),
    ("demo",),
)


def test_the_core_does_its_work_alone(sandbox: ThreeCXSandbox) -> None:
    """No extra, no faster client or loop, and no JavaScript engine: none of these needs one."""
    said = without(EXTRAS + QUICK + ENGINE, json.dumps(COMMANDS), call="each")
    # The link is gone when it is to be deleted again.
    assert json.loads(said.err.splitlines()[-1]) == [0] * 11 + [1, 0]
    assert json.loads(Path("report.json").read_text(encoding="utf-8"))["errors"] == {"not_found": 1}


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (("import", "openapi", "service.yaml"), "openapi"),
        (("run", *DELETE, *LINK, "--telemetry"), "telemetry"),
        (("credentials", "add", "httpBearerAuth", "--store", "keyring"), "keyring"),
        (("credentials", "add", "httpBearerAuth", "--store", "encrypted"), "encrypted"),
        (("credentials", "remove", "office", "--store", "keyring", "--yes"), "keyring"),
        (("credentials", "encrypt"), "encrypted"),
        (("credentials", "rekey"), "encrypted"),
        (("credentials", "decrypt", "--yes"), "encrypted"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_needs_an_extra_names_it(
    arguments: tuple[str, ...], extra: str, sandbox: ThreeCXSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a message, with the command that installs it."""
    monkeypatch.setenv("NODELOOM_CREDENTIALS", str(tmp_path / "plain.toml"))
    if arguments[1] in ("rekey", "decrypt"):
        (tmp_path / "plain.enc").write_bytes(b"sealed")
        (tmp_path / "plain.enc").chmod(0o600)
    said = without(EXTRAS, *arguments)
    assert said.code == 2
    assert f"pip install 'nodeloom[{extra}]'" in said.err


@pytest.mark.parametrize("command", ["plan", "run"])
def test_an_expression_that_needs_the_engine_says_so(command: str, sandbox: ThreeCXSandbox) -> None:
    """Before anything is sent, with what would do without it."""
    said = without(ENGINE, command, *DELETE, *SHOUTED)
    assert said.code == 2
    assert said.out == ""
    assert "needs JavaScript, and its engine is not installed" in said.err
    assert "pip install quickjs-ng" in said.err
    assert "{{ $json.Link.toLowerCase() }}" in said.err


def test_a_packages_code_that_needs_the_engine_says_so(tmp_path: Path) -> None:
    """`nodeloom import n8n`."""
    package = {"name": "n8n-nodes-x", "version": "1.0.0", "n8n": {"nodes": ["dist/X.node.js"], "credentials": []}}
    folder = tmp_path / "package"
    (folder / "dist").mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps(package), encoding="utf-8")
    (folder / "dist" / "X.node.js").write_text("exports.X = class {}", encoding="utf-8")
    said = without(ENGINE, "import", "n8n", str(folder))
    assert said.code == 2
    assert "pip install quickjs-ng" in said.err


def test_the_log_says_that_requests_take_the_slower_way(sandbox: ThreeCXSandbox) -> None:
    """Who wonders why a run is slow finds the reason there; nobody else is told."""
    said = without(QUICK, "run", *DELETE, *LINK, "--log", "json", "--quiet")
    assert said.code == 0
    told = [json.loads(line) for line in said.err.splitlines()]
    reasons = [line["message"] for line in told if line["logger"] == "nodeloom.transport"]
    assert [reason.partition(":")[0] for reason in reasons] == [
        "the event loop is asyncio's own, which is slower",
        "requests go over httpx, which is slower",
    ]
    assert without(QUICK, "run", *DELETE, *LINK, "--quiet", "--on-error", "continue").err == ""
