"""`nodeloom credentials connect`: the whole round trip, a client in place of the browser."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import keyring
import pytest
from click.testing import CliRunner, Result

from nodeloom.cli.commands.credentials import credentials
from nodeloom.credential import FileProvider, KeyringProvider
from nodeloom.credential.oauth.loopback import Loopback
from nodeloom.credential.oauth.tokenstore import TOKENS
from nodeloom.errors import (
    AuthenticationError,
    ConfigurationError,
    CredentialError,
    CredentialStoreError,
    NodeloomError,
    UnknownNameError,
)
from tests.credential.authorization_server import AuthorizationServer
from tests.credential.helpers import MemoryKeyring


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


class Browser:
    """Opens an address in a thread, as a browser would, and keeps the page it ends on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, change: Any = None) -> None:
        self.pages: list[httpx.Response] = []
        self.opened: list[str] = []
        self._change = change
        self._threads: list[threading.Thread] = []
        monkeypatch.setattr("webbrowser.open", self.open)

    def open(self, url: str) -> bool:
        self.opened.append(url)
        thread = threading.Thread(target=self._visit, args=(url,))
        self._threads.append(thread)
        thread.start()
        return True

    def _visit(self, url: str) -> None:
        with httpx.Client(trust_env=False) as client:
            location = client.get(url).headers["location"]
            if self._change is not None:
                location = self._change(location)
            self.pages.append(client.get(location))

    @property
    def page(self) -> httpx.Response:
        for thread in self._threads:
            thread.join()
        (page,) = self.pages
        return page


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(credentials, arguments)
    if result.exception is not None and not isinstance(result.exception, (NodeloomError, SystemExit)):
        raise result.exception
    return result


def fails(*arguments: str, kind: type[NodeloomError]) -> NodeloomError:
    result = run(*arguments)
    assert type(result.exception) is kind, result.exception
    assert isinstance(result.exception, kind)
    assert_silent(f"{result.exception} {result.exception.to_dict()} {result.output.replace('canary-code', '')}")
    return result.exception


def assert_silent(text: str) -> None:
    """No secret in any form: every one of the server's holds the word, also in base64."""
    assert "canary" not in text
    assert "Y2FuYXJ5" not in text


def test_a_type_that_is_not_installed_is_given_by_its_file(
    store: FileProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "shopOAuth2Api.json"
    kind = {"name": "shopOAuth2Api", "displayName": "Shop", "extends": ["oAuth2Api"], "properties": []}
    file.write_text(json.dumps(kind), encoding="utf-8")
    with AuthorizationServer() as server:
        fields = {**server.credential, "grantType": "authorizationCode"}
        secrets = json.dumps(fields)
        added = CliRunner().invoke(
            credentials,
            # What may be left out is, where there is no one to ask.
            ["add", str(file), "--name", "shop", "--secrets-from-stdin"],
            input=secrets,
        )
        assert f"nodeloom credentials connect shop --credential-type {file}\n" in added.stderr, added.output
        Browser(monkeypatch)
        result = run("connect", "shop", "--credential-type", str(file))
    assert result.exit_code == 0, result.output
    (found,) = store.list()
    assert found.values["oauthTokenData"]["refresh_token"]


@pytest.mark.parametrize(
    ("grant", "client_auth"), [("authorizationCode", "header"), ("authorizationCode", "body"), ("pkce", "none")]
)
def test_the_round_trip_ends_with_tokens_in_the_file(
    store: FileProvider, monkeypatch: pytest.MonkeyPatch, grant: str, client_auth: str
) -> None:
    """The server has checked state, challenge, redirect address and client; other fields and comments stay."""
    with AuthorizationServer(client_auth=client_auth) as server:
        server.extra["scope"] = "read"
        fields = {**server.credential, "grantType": grant, "authQueryParameters": "prompt=consent&access_type=offline"}
        if client_auth == "none":
            del fields["clientSecret"]
        store.put("office", "oAuth2Api", fields)
        browser = Browser(monkeypatch)
        result = run("connect", "office")
        assert result.exit_code == 0, result.output
        assert "Signed in" in browser.page.text
        assert browser.page.status_code == 200
        (asked,) = server.authorizations
        assert (asked["response_type"], asked["scope"]) == ("code", "read write")
        assert (asked["prompt"], asked["access_type"]) == ("consent", "offline")
        (found,) = store.list()
        kept = dict(found.values)
        data = kept.pop("oauthTokenData")
        assert kept == fields
        expires_at = data.pop("expires_at")
        assert isinstance(expires_at, int)
        assert data == {
            "access_token": "canary-access+1/=",
            "refresh_token": "canary-refresh~1",
            "scope": "read",
            "token_type": "Bearer",
        }
    assert result.stdout == ""
    assert "granted: read" in result.stderr
    assert "not granted: write" in result.stderr
    assert_silent(result.output)


def test_the_keyring_keeps_tokens_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the credential is."""
    with AuthorizationServer() as server:
        KeyringProvider().put("office", "oAuth2Api", server.credential)
        Browser(monkeypatch)
        result = run("connect", "office")
        assert result.exit_code == 0, result.output
    (found,) = KeyringProvider().list()
    assert found.values["oauthTokenData"]["refresh_token"] == "canary-refresh~1"
    assert found.values["clientSecret"] == server.client_secret


def test_without_a_browser_the_address_is_printed(store: FileProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """By `--no-browser`, and where none can be opened; nothing goes to standard output."""
    with AuthorizationServer() as server, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        store.put("office", "oAuth2Api", server.credential)
        opened: list[str] = []

        def none_there(url: str) -> bool:
            opened.append(url)
            return False

        monkeypatch.setattr("webbrowser.open", none_there)
        error = fails(
            "connect", "office", "--no-browser", "--port", str(port), "--timeout", "0.01", kind=CredentialError
        )
        assert "within 0.01 s" in str(error)
        assert opened == []
        result = run("connect", "office", "--timeout", "0.01")
        assert len(opened) == 1
        assert result.stdout == ""
        assert f"\n  {server.url}/authorize?response_type=code&" in result.stderr
        assert "Visit this address" in result.stderr
    (found,) = store.list()
    assert "oauthTokenData" not in found.values


def test_a_port_in_use_is_named(store: FileProvider) -> None:
    """Before anything is opened."""
    with AuthorizationServer() as server:
        store.put("office", "oAuth2Api", server.credential)
        port = server.url.rpartition(":")[2]
        error = fails("connect", "office", "--port", port, kind=ConfigurationError)
    assert f"Port {port}" in str(error)
    assert "--port" in (error.hint or "")


def test_a_refused_sign_in_says_so_in_both_places(store: FileProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the service says goes into the page escaped, and nothing is stored."""
    with AuthorizationServer() as server:
        server.deny = {"error": "access_denied", "error_description": "<script>no</script>"}
        store.put("office", "oAuth2Api", server.credential)
        browser = Browser(monkeypatch)
        error = fails("connect", "office", kind=CredentialError)
        assert "access_denied: <script>no</script>" in error.message
        assert "&lt;script&gt;no&lt;/script&gt;" in browser.page.text
        assert "<script>" not in browser.page.text
        server.deny = {"error": "invalid_scope"}
        Browser(monkeypatch)
        assert "Check the scope" in (fails("connect", "office", kind=CredentialError).hint or "")
        assert server.token_forms == []
    (found,) = store.list()
    assert "oauthTokenData" not in found.values


@pytest.mark.parametrize(
    "change",
    [
        lambda location: location.replace("state=", "state=x"),
        lambda location: location.replace("state=", "other="),
        lambda location: location + "&state=again",
        lambda location: location.partition("?")[0] + "?code=canary-other&state=",
    ],
)
def test_another_state_is_refused(store: FileProvider, monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """RFC 6749 section 10.12: the code is not exchanged."""
    with AuthorizationServer() as server:
        store.put("office", "oAuth2Api", server.credential)
        browser = Browser(monkeypatch, change)
        assert "another sign-in" in fails("connect", "office", kind=CredentialError).message
        assert "another sign-in" in browser.page.text
        assert_silent(browser.page.text)
        assert server.token_forms == []


def test_a_redirect_without_a_code_is_refused(store: FileProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authorization address is most likely another page."""
    with AuthorizationServer() as server:
        store.put("office", "oAuth2Api", server.credential)
        Browser(monkeypatch, lambda location: location.replace("code=", "cod="))
        assert "without an authorization code" in fails("connect", "office", kind=CredentialError).message


@pytest.mark.parametrize("secret", ["canary", "canary/+ é&"])
def test_an_exchange_that_is_refused_shows_neither_code_nor_secret(
    store: FileProvider, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    """The server repeats the code in its answer; the page in the browser does not show it either."""
    with AuthorizationServer(secret=secret) as server:
        store.put("office", "oAuth2Api", server.credential)

        def forgetting(location: str) -> str:
            server.codes.clear()
            return location

        browser = Browser(monkeypatch, forgetting)
        error = fails("connect", "office", kind=AuthenticationError)
        assert error.details["serviceCode"] == "invalid_grant"
        assert "sign in again" in (error.hint or "")
        assert_silent(browser.page.text)
        store.put("office", "oAuth2Api", {**server.credential, "clientSecret": "canary-wrong"}, overwrite=True)
        Browser(monkeypatch)
        assert "invalid_client" in fails("connect", "office", kind=AuthenticationError).message


def test_what_cannot_be_connected_is_said_first(
    store: FileProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An unknown name, a type without sign-in, a grant without one, and a place that keeps nothing."""
    browser = Browser(monkeypatch)
    with AuthorizationServer() as server:
        store.put("office", "oAuth2Api", server.credential)
        assert "'office'" in (fails("connect", "ofice", kind=UnknownNameError).hint or "")
        store.put("basic", "httpBasicAuth", {"user": "u", "password": "canary-p"})
        assert "No user signs in" in fails("connect", "basic", kind=CredentialError).message
        store.put("machine", "oAuth2Api", {**server.credential, "grantType": "clientCredentials"})
        assert "No user signs in" in fails("connect", "machine", kind=CredentialError).message
        for name, value in server.credential.items():
            monkeypatch.setenv(f"NODELOOM_CREDENTIAL_OAUTH2API__{name}", str(value))
        assert "cannot be kept" in fails("connect", "oAuth2Api", kind=CredentialStoreError).message
    assert browser.opened == []


def test_add_tells_to_connect(store: FileProvider) -> None:
    """A credential without tokens cannot be used yet."""
    with AuthorizationServer() as server:
        fields = server.credential
        settings = [f"--set={name}={value}" for name, value in fields.items() if name != "clientSecret"]
        secrets = '{"clientSecret": "canary-s"}'
        result = CliRunner().invoke(
            credentials,
            [
                "add",
                "oAuth2Api",
                "--name",
                "my box",
                *settings,
                "--set=authQueryParameters=a=b",
                "--secrets-from-stdin",
            ],
            input=secrets,
        )
        assert result.exit_code == 0, result.output
        assert result.stderr.endswith("Sign in with: nodeloom credentials connect 'my box'\n")
        result = run("test", "oAuth2Api", "--name", "my box")
    assert isinstance(result.exception, CredentialError)
    assert "nodeloom credentials connect" in (result.exception.hint or "")


def test_the_listener_answers_one_redirect_and_nothing_else() -> None:
    """Icons, prefetches and a second redirect are turned away; the page loads nothing and is not kept."""
    with Loopback() as listener, httpx.Client(trust_env=False) as client:
        base = listener.redirect_uri
        assert client.get(base.replace("/callback", "/favicon.ico")).status_code == 404
        assert client.get(base).status_code == 400
        assert client.post(f"{base}?code=a").status_code == 501
        pages: list[httpx.Response] = []
        first = threading.Thread(target=lambda: pages.append(httpx.get(f"{base}?code=a&state=b", trust_env=False)))
        first.start()
        assert listener.wait(30) == "/callback?code=a&state=b"
        assert client.get(f"{base}?code=c&state=d").status_code == 410
        listener.answer("Done <b>", "One\ntwo & three")
        first.join()
    (page,) = pages
    assert "Done &lt;b&gt;" in page.text
    assert "One<br>two &amp; three" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["server"].startswith("nodeloom")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to another process")
def test_ctrl_c_ends_the_program_cleanly(store: FileProvider) -> None:
    """130, one word, no traceback, nothing stored."""
    with AuthorizationServer() as server:
        store.put("office", "oAuth2Api", server.credential)
        command = [sys.executable, "-m", "nodeloom.cli", "credentials", "connect", "office", "--no-browser"]
        process = subprocess.Popen(
            command,
            stderr=subprocess.PIPE,
            text=True,
            # What runs in the background ignores it, and a child inherits that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        assert process.stderr is not None
        said = ""
        while "Waiting" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        process.stderr.close()
        assert process.wait() == 130
    assert rest.split() == ["interrupted"]
    (found,) = store.list()
    assert "oauthTokenData" not in found.values


def test_an_interruption_frees_the_port_and_stores_nothing(
    store: FileProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while waiting; a connection a browser opened in advance does not hold up the end."""
    with AuthorizationServer() as server:
        store.put("office", "oAuth2Api", server.credential)
        waiting: list[socket.socket] = []

        def interrupted(self: Loopback, seconds: float) -> str:
            port = int(self.redirect_uri.rpartition(":")[2].partition("/")[0])
            waiting.append(socket.create_connection(("127.0.0.1", port)))
            raise KeyboardInterrupt

        monkeypatch.setattr("nodeloom.credential.oauth.loopback.Loopback.wait", interrupted)
        result = CliRunner().invoke(credentials, ["connect", "office", "--no-browser"])
        assert result.exit_code == 1
        waiting[0].close()
    (found,) = store.list()
    assert "oauthTokenData" not in found.values
