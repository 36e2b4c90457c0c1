"""`nodeloom credentials`: secrets are asked for without echo, and never come from the command line."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from click.testing import CliRunner, Result

from nodeloom import Runtime
from nodeloom.cli.commands.credentials import credentials
from nodeloom.credential import FileProvider
from nodeloom.credential.oauth.tokenstore import TOKENS
from nodeloom.errors import (
    AuthenticationError,
    ConfigurationError,
    CredentialError,
    CredentialNotFoundError,
    CredentialStoreError,
    DescriptorError,
    NodeloomError,
    UnknownNameError,
)
from nodeloom.testing import ThreeCXSandbox
from tests.credential.helpers import MemoryKeyring, field


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileProvider]:
    """The credential file of the test, and a keyring in memory."""
    path = tmp_path / "credentials.toml"
    monkeypatch.setenv("NODELOOM_CREDENTIALS", str(path))
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())
    yield FileProvider(path)
    keyring.set_keyring(before)
    TOKENS.clear()


def run(*arguments: str, answers: str = "") -> Result:
    result = CliRunner().invoke(credentials, arguments, input=answers)
    if result.exception is not None and not isinstance(result.exception, (NodeloomError, SystemExit)):
        raise result.exception
    return result


def fails(*arguments: str, answers: str = "", kind: type[NodeloomError]) -> str:
    """The message of a command that must fail with this error."""
    error = run(*arguments, answers=answers).exception
    assert type(error) is kind, error
    assert "canary" not in str(error)
    return str(error)


def test_add_asks_for_what_is_missing_and_hides_the_secret(store: FileProvider) -> None:
    """Client id and secret complete the credential: the access token is not asked for."""
    result = run("add", "threeCxApi", answers="https://pbx:5001/xapi/v1/\nme\ncanary-20\n")
    assert result.exit_code == 0, result.output
    assert "canary" not in result.output
    assert "Access Token" not in result.output
    assert result.stderr.endswith("nodeloom credentials test threeCxApi\n")
    assert result.stdout == ""
    found = store.find("threeCxApi", None)
    assert found is not None
    assert found.values == {"serverUrl": "https://pbx:5001", "clientId": "me", "clientSecret": "canary-20"}
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_add_goes_on_with_the_token_when_the_client_is_left_out(store: FileProvider) -> None:
    """The secret of a client that is not there is not asked for either."""
    result = run("add", "threeCxApi", "--name", "my office", answers="https://pbx\n\ncanary-21\n")
    assert result.exit_code == 0, result.output
    assert result.stderr.endswith("nodeloom credentials test threeCxApi --name 'my office'\n")
    assert "Client Secret" not in result.output
    found = store.find("threeCxApi", "my office")
    assert found is not None
    assert found.values == {"serverUrl": "https://pbx", "accessToken": "canary-21"}


def test_fields_of_every_kind_are_asked_for(store: FileProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Choices, numbers, switches and defaults; a field that is not visible or computed is not asked for."""

    def runtime() -> Runtime:
        made = Runtime(discover_plugins=False)
        made.add_credential_type(
            {
                "name": "demoApi",
                "displayName": "Demo",
                "properties": [
                    field(
                        "region",
                        type="options",
                        default=1,
                        options=[{"name": "A", "value": 1}, {"name": "B", "value": 2}],
                    ),
                    field("own", type="boolean", default=False),
                    field("host", required=True, displayOptions={"show": {"own": [True]}}),
                    field("port", type="number", default=1),
                    field("note"),
                    field("apiKey", required=True),
                    field("more", type="collection", default={}),
                    field("url", type="hidden", default="=https://{{ $self.region }}"),
                ],
            }
        )
        return made

    monkeypatch.setattr("nodeloom.Runtime", runtime)
    result = run("add", "demoApi", answers="3\n2\ny\n\nexample.com\n1.5\n\ncanary-31\n")
    assert result.exit_code == 0, result.output
    assert "canary" not in result.output
    found = store.find("demoApi", None)
    assert found is not None
    assert found.values == {"region": 2, "own": True, "host": "example.com", "port": 1.5, "apiKey": "canary-31"}


def test_an_address_is_checked_while_it_is_typed(store: FileProvider) -> None:
    """What to write instead is said, and it is asked for again."""
    result = run("add", "threecxapi", answers="pbx:5001\nhttps://pbx:5001\nme\ns\n")
    assert result.exit_code == 0, result.output
    assert "https://pbx:5001?" in result.output
    assert store.find("threeCxApi", None) is not None


def test_add_without_anyone_to_ask(store: FileProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fields by --set, secrets by standard input or a variable."""
    fields = ("--set", "serverUrl=https://pbx", "--set", "clientId=me")
    secrets = json.dumps({"clientSecret": "canary-22"})
    assert run("add", "threeCxApi", *fields, "--secrets-from-stdin", answers=secrets).exit_code == 0
    monkeypatch.setenv("PBX", secrets)
    assert run("add", "threeCxApi", *fields, "--secrets-from-env", "PBX", "--name", "b").exit_code == 0
    assert [c.values["clientSecret"] for c in store.list()] == ["canary-22", "canary-22"]
    said = fails("add", "threeCxApi", *fields, "--name", "c", kind=ConfigurationError)
    assert "'clientSecret'" in said
    assert "--secrets-from-stdin" in said
    assert "--set serverUrl=VALUE" in fails("add", "threeCxApi", "--name", "c", kind=ConfigurationError)


@pytest.mark.parametrize("required", [True, False])
def test_a_default_counts_if_there_is_no_one_to_ask(
    store: FileProvider, monkeypatch: pytest.MonkeyPatch, required: bool
) -> None:
    """As it does for a person who presses Enter; a field without a default is still missing."""
    choices = [{"name": "A", "value": 1}, {"name": "B", "value": 2}]

    def runtime() -> Runtime:
        made = Runtime(discover_plugins=False)
        fields = [
            field("serverUrl", required=required, default="https://api.test"),
            field("region", type="options", required=required, default=2, options=choices),
            field("port", type="number", default=5001),
            field("apiKey", required=True),
        ]
        made.add_credential_type({"name": "demoApi", "displayName": "Demo", "properties": fields})
        return made

    monkeypatch.setattr("nodeloom.Runtime", runtime)
    assert "'apiKey' is not given" in fails("add", "demoApi", kind=ConfigurationError)
    result = run("add", "demoApi", "--secrets-from-stdin", answers='{"apiKey": "canary-32"}')
    assert result.exit_code == 0, result.output
    assert "serverUrl is not given; its default is taken: https://api.test" in result.stderr
    found = store.find("demoApi", None)
    assert found is not None
    assert found.values == {"serverUrl": "https://api.test", "region": 2, "port": 5001, "apiKey": "canary-32"}


def test_a_secret_on_the_command_line_is_refused_with_the_reason(store: FileProvider) -> None:
    """The process list and the shell's history would keep it."""
    said = fails("add", "threeCxApi", "--set", "clientSecret=canary-23", kind=ConfigurationError)
    assert "history" in said
    assert list(store.list()) == []


def test_typos_bring_the_nearest_name() -> None:
    """In the type, in a field, in the fields on standard input, in a name."""
    assert "threeCxApi" in fails("add", "threeCxApy", kind=UnknownNameError)
    assert "serverUrl" in fails("add", "threeCxApi", "--set", "serverURI=x", kind=UnknownNameError)
    wrong = '{"clientSecrt": "canary-24"}'
    assert "clientSecret" in fails("add", "threeCxApi", "--secrets-from-stdin", answers=wrong, kind=UnknownNameError)
    assert "FIELD=VALUE" in fails("add", "threeCxApi", "--set", "serverUrl", kind=ConfigurationError)


@pytest.mark.parametrize("text", ["", "canary-25", '["canary-25"]', '{"clientSecret": "canary-25'])
def test_secrets_that_are_no_json_object_are_not_repeated(text: str) -> None:
    """The message names the place only."""
    arguments = ("add", "threeCxApi", "--secrets-from-stdin")
    assert "standard input" in fails(*arguments, answers=text, kind=ConfigurationError)


def test_an_incomplete_credential_is_not_stored(store: FileProvider) -> None:
    """It is checked as it will be when it is used."""
    arguments = ("add", "threeCxApi", "--set", "serverUrl=pbx", "--secrets-from-stdin")
    secrets = '{"clientId": "me", "clientSecret": "canary-26"}'
    assert "absolute address" in fails(*arguments, answers=secrets, kind=CredentialError)
    assert list(store.list()) == []


def test_overwriting_is_asked_for(store: FileProvider) -> None:
    """Before anything else is; `--force` answers it."""
    store.put("threeCxApi", "threeCxApi", {"serverUrl": "https://old"})
    refused = run("add", "threeCxApi", answers="n\n")
    assert refused.exit_code == 1
    assert "Server URL" not in refused.output
    assert "--force" in fails("add", "threeCxApi", kind=ConfigurationError)
    assert run("add", "threeCxApi", answers="y\nhttps://new\nme\ns\n").exit_code == 0
    assert run("add", "threeCxApi", "--force", answers="https://newer\nme\ns\n").exit_code == 0
    assert [c.values["serverUrl"] for c in store.list()] == ["https://newer"]


def test_the_keyring_is_another_store(store: FileProvider) -> None:
    """`--store keyring`, for adding and removing."""
    answers = "https://pbx\nme\ncanary-27\n"
    assert run("add", "threeCxApi", "--store", "keyring", answers=answers).exit_code == 0
    assert list(store.list()) == []
    assert json.loads(run("list", "--json").stdout) == [
        {"name": "threeCxApi", "type": "threeCxApi", "source": "keyring"}
    ]
    assert "There is no credential" in fails("remove", "threeCxApi", "--yes", kind=UnknownNameError)
    assert run("remove", "threeCxApi", "--store", "keyring", "--yes").exit_code == 0
    assert json.loads(run("list", "--json").stdout) == []


def test_list_shows_names_and_places_only(store: FileProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's among them."""
    store.put("office", "threeCxApi", {"clientSecret": "canary-28"})
    monkeypatch.setenv("NODELOOM_CREDENTIAL_THREECXAPI__CLIENTSECRET", "canary-28")
    result = run("list")
    assert result.stdout.splitlines() == [
        "threeCxApi  threeCxApi  environment",
        f"office  threeCxApi  file {store.path}",
    ]
    assert "canary" not in run("list", "--json").output


def test_an_open_file_is_reported_with_its_chmod(store: FileProvider) -> None:
    """Every command says so."""
    store.put("office", "threeCxApi", {"clientSecret": "canary-29"})
    store.path.chmod(0o644)
    for arguments in (("add", "threeCxApi"), ("remove", "office"), ("test", "threeCxApi")):
        assert f"chmod 600 {store.path}" in fails(*arguments, kind=CredentialStoreError)
    listed = run("list")
    assert (listed.exit_code, listed.stdout) == (2, "")
    assert f"chmod 600 {store.path}" in listed.stderr


def test_remove_asks_first(store: FileProvider) -> None:
    """And names the nearest for a typo."""
    store.put("office", "threeCxApi", {})
    assert "'office'" in fails("remove", "ofice", kind=UnknownNameError)
    assert "Nothing was removed" in run("remove", "office", answers="n\n").stderr
    assert "--yes" in fails("remove", "office", kind=ConfigurationError)
    assert run("remove", "office", answers="y\n").exit_code == 0
    assert list(store.list()) == []


def test_types_lists_fields() -> None:
    """What is required, what is secret, and which sets are enough."""
    listed = {kind["name"]: kind for kind in json.loads(run("types", "--json").stdout)}
    fields = {field["name"]: field for field in listed["threeCxApi"]["fields"]}
    assert [name for name, field in fields.items() if field["secret"]] == ["clientSecret", "accessToken"]
    assert [name for name, field in fields.items() if field["required"]] == ["serverUrl"]
    text = run("types").stdout
    assert "clientSecret [secret]" in text
    assert "needs serverUrl + clientId + clientSecret or serverUrl + accessToken" in text


def test_types_tells_inherited_fields_and_what_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that the type fills in itself is not told; one type that cannot be used does not hide the others."""

    def runtime() -> Runtime:
        made = Runtime(discover_plugins=False)
        grant = field("grantType", type="hidden", default="pkce")
        made.add_credential_type({"name": "demoOAuth2Api", "extends": ["oAuth2Api"], "properties": [grant]})
        made.add_credential_type({"name": "brokenApi", "extends": ["oAuth2Ap"], "properties": [field("key")]})
        return made

    monkeypatch.setattr("nodeloom.Runtime", runtime)
    result = run("types")
    demo = result.stdout.partition("demoOAuth2Api")[2].partition("brokenApi")[0]
    assert "  clientId [required]" in demo
    assert demo.count("clientSecret") == 1
    assert "grantType" not in demo
    assert "oauthTokenData" not in demo
    assert "brokenApi" in result.stdout
    assert "warning: The credential type 'brokenApi' extends 'oAuth2Ap'" in result.stderr
    result = run("add", "demoOAuth2Api", answers="https://a/auth\nhttps://a/token\nme\n\n\n\nbody\n")
    assert result.exit_code == 0, result.output
    assert result.stderr.endswith("nodeloom credentials connect demoOAuth2Api\n")
    assert "'oAuth2Api'" in fails("add", "brokenApi", kind=DescriptorError)


def test_test_says_what_the_answer_means(store: FileProvider) -> None:
    """0 when it works, 1 when the service refuses, 2 when there is none (by the error's place in the tree)."""
    with ThreeCXSandbox() as sandbox:
        store.put("threeCxApi", "threeCxApi", sandbox.credential)
        store.put("wrong", "threeCxApi", {**sandbox.credential, "clientSecret": "canary-30"})
        result = run("test", "threeCxApi")
        assert result.exit_code == 0, result.output
        assert "answered 200" in result.stdout
        assert json.loads(run("test", "threeCxApi", "--json").stdout)["ok"] is True
        assert "invalid_client" in fails("test", "threeCxApi", "--name", "wrong", kind=AuthenticationError)
        refused = run("test", "threeCxApi", "--name", "wrong", "--json")
        assert refused.exit_code == 1
        assert json.loads(refused.stdout)["error"]["code"] == "authentication"
        assert "canary" not in refused.output
    fails("test", "threeCxApi", "--name", "rong-name", kind=CredentialNotFoundError)


@pytest.mark.parametrize("command", ["", "types", "list", "add", "connect", "remove", "test"])
def test_every_help_has_an_example(command: str) -> None:
    """So that nobody has to look elsewhere."""
    arguments = [command, "--help"] if command else ["--help"]
    output = CliRunner().invoke(credentials, arguments).output
    assert "Example:" in output
    assert f"nodeloom credentials {command}" in output
