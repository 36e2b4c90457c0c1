"""`nodeloom sandbox`: a 3CX to try things on."""

from __future__ import annotations

import dataclasses
import json
import signal
from pathlib import Path

import httpx
import pytest

from nodeloom.cli.commands.sandbox import SANDBOX_OPTIONS, _announce
from nodeloom.testing import SandboxOptions, ThreeCXSandbox
from tests.cli.conftest import Call, finish, start


def test_every_option_of_the_sandbox_can_be_given() -> None:
    assert set(SANDBOX_OPTIONS) == {field.name for field in dataclasses.fields(SandboxOptions)}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_tells_its_credential_serves_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    process = start("sandbox", "threecx", "--links", "3", "--client-secret", "s3cret", "--log", "log.ndjson")
    assert process.stdout is not None
    credential = json.loads(process.stdout.readline())
    assert credential["clientSecret"] == "s3cret"
    form = {"client_id": credential["clientId"], "client_secret": "s3cret", "grant_type": "client_credentials"}
    assert httpx.post(credential["serverUrl"] + "/connect/token", data=form, trust_env=False).status_code == 200
    process.send_signal(number)
    said = finish(process)
    assert said.code == 0
    assert "Traceback" not in said.err
    assert "export NODELOOM_CREDENTIAL_THREECXAPI=" in said.err
    (logged,) = [json.loads(line) for line in (tmp_path / "log.ndjson").read_text().splitlines()]
    assert logged["target"] == "/connect/token"
    assert "s3cret" not in json.dumps(logged)


@pytest.mark.parametrize(
    ("windows", "said"),
    [(True, "  $env:NODELOOM_CREDENTIAL_THREECXAPI = '{"), (False, "  export NODELOOM_CREDENTIAL_THREECXAPI='{")],
)
def test_how_to_use_it_is_told_as_the_systems_shell_takes_it(
    windows: bool,
    said: str,
    sandbox: ThreeCXSandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("nodeloom.cli.commands.sandbox._WINDOWS", windows)
    _announce(sandbox)
    assert said in capsys.readouterr().err


def test_an_option_out_of_bounds_is_told(cli: Call) -> None:
    said = cli("sandbox", "threecx", "--rate-429", "1.5")
    assert said.code == 2
    assert "rate_429" in said.err
    assert cli("sandbox", "asterisk").code == 2
    assert cli("sandbox", "--top-cap", "some").code == 2


def test_a_port_that_is_taken_is_told(cli: Call) -> None:
    from nodeloom.testing import ThreeCXSandbox

    with ThreeCXSandbox() as running:
        port = running.server_url.rpartition(":")[2]
        said = cli("sandbox", "--port", port, "--retry-after", "none")
    assert said.code == 2
    assert "cannot listen" in said.err
