"""A world of secrets: credentials of every type with canaries in them, and a service that repeats all it is sent."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from nodeloom.cli import main
from nodeloom.credential import EncryptedFileProvider, FileProvider
from nodeloom.credential.oauth.tokenstore import TOKENS
from nodeloom.credential.stores.sealing import Work
from nodeloom.credential.stores.unlocking import ask_with
from tests.canaries.finding import Canary, canary, found
from tests.canaries.server import Hostile

HEADER = '{}/+="&?'  # what a header can hold

CLIENT = canary("clientsecret")
BEARER = canary("accesstoken", HEADER)
ISSUED = canary("issuedtoken", HEADER)
PASSWORD = canary("password", '{}:/+="\\ü&?')
APIKEY = canary("apikey", HEADER)
HEADERVALUE = canary("headervalue", HEADER)
CUSTOM = canary("custom", HEADER)
REFRESH = canary("refreshtoken")
OLDTOKEN = canary("oldtoken", HEADER)
CODE = canary("code")
PASSPHRASE = canary("passphrase", "{} and more")
CANARIES = [
    CLIENT, BEARER, ISSUED, PASSWORD, APIKEY, HEADERVALUE, CUSTOM, REFRESH, OLDTOKEN, CODE, PASSPHRASE
]  # fmt: skip


def credentials(url: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Name → (type, fields) of one credential for each way a secret gets onto a request."""
    user = {
        "authUrl": f"{url}/authorize",
        "accessTokenUrl": f"{url}/token",
        "clientId": "me",
        "clientSecret": CLIENT.text,
        "oauthTokenData": {"access_token": OLDTOKEN.text, "refresh_token": REFRESH.text, "expires_at": 1},
    }
    return {
        "office": ("threeCxApi", {"serverUrl": url, "clientId": "me", "clientSecret": CLIENT.text}),
        "bearer": ("threeCxApi", {"serverUrl": url, "accessToken": BEARER.text}),
        "basic": ("httpBasicAuth", {"user": "me", "password": PASSWORD.text}),
        "query": ("httpQueryAuth", {"name": "apikey", "value": APIKEY.text}),
        "header": ("httpHeaderAuth", {"name": "X-Custom", "value": HEADERVALUE.text}),
        "custom": (
            "httpCustomAuth",
            {"json": json.dumps({"headers": {"X-A": CUSTOM.text}, "body": {"b": CUSTOM.text}})},
        ),
        "user": ("oAuth2Api", {**user, "grantType": "authorizationCode", "authentication": "header"}),
        "user-body": ("oAuth2Api", {**user, "grantType": "pkce", "authentication": "body"}),
        "machine": ("oAuth2Api", {**user, "grantType": "clientCredentials", "oauthTokenData": {}}),
    }


def probe(url: str) -> dict[str, Any]:
    """A node that takes any of the generic credentials, with a body and a query of its own."""
    types = ["httpBasicAuth", "httpQueryAuth", "httpHeaderAuth", "httpCustomAuth", "oAuth2Api"]
    return {
        "name": "probe",
        "displayName": "Probe",
        "version": 1,
        "credentials": [
            {"name": kind, "required": True, "displayOptions": {"show": {"authentication": [kind]}}} for kind in types
        ],
        "requestDefaults": {"baseURL": url},
        "properties": [
            {
                "displayName": "Authentication",
                "name": "authentication",
                "type": "options",
                "default": types[0],
                "options": [{"name": kind, "value": kind} for kind in types],
            },
            {
                "displayName": "Operation",
                "name": "operation",
                "type": "options",
                "default": "send",
                "options": [
                    {
                        "name": "Send",
                        "value": "send",
                        "routing": {"request": {"method": "POST", "url": "/thing", "body": {"of": "the author"}}},
                    }
                ],
            },
            {
                "displayName": "Which",
                "name": "which",
                "type": "string",
                "default": "",
                "required": True,
                "routing": {"send": {"type": "body", "property": "which"}},
            },
            {
                "displayName": "Space",
                "name": "space",
                "type": "options",
                "default": "",
                "typeOptions": {
                    "loadOptions": {"routing": {"request": {"method": "GET", "url": "/spaces"}, "output": {}}}
                },
            },
        ],
    }


@dataclass
class World:
    """Where a command runs: a folder, a credential file, a service; and what was written and logged so far."""

    folder: Path
    server: Hostile
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    caplog: pytest.LogCaptureFixture
    said: list[str] = field(default_factory=list)
    kept: set[str] = field(default_factory=lambda: {"credentials.toml"})

    @property
    def store(self) -> FileProvider:
        """The plain credential file."""
        return FileProvider(self.folder / "credentials.toml")

    def file(self, name: str, text: str) -> str:
        """A file in the folder."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def call(self, *arguments: str, stdin: str = "") -> int:
        """Run the command line in this process; its exit code."""
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        code = main(arguments)
        out, err = self.capsys.readouterr()
        self.said += [out, err]
        return code

    def encrypt(self) -> None:
        """Move the credentials into the encrypted file."""
        self.monkeypatch.setenv("NODELOOM_CREDENTIALS_PASSPHRASE", PASSPHRASE.text)
        encrypted = EncryptedFileProvider(self.folder / "credentials.enc")
        for stored in self.store.list():
            encrypted.put(stored.name, stored.type, stored.values)
        self.store.path.unlink()

    def written(self) -> str:
        """All that was said, logged, and written to files but for the credential file itself."""
        files = [
            f"{path.relative_to(self.folder)}\n{path.read_bytes().decode('utf-8', 'replace')}"
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.name not in self.kept
        ]
        return "\n".join([*self.said, *self.logged(), *files])

    def logged(self) -> list[str]:
        """The log, at every level; without httpcore's own trace of the wire, which has answers' headers as they came.

        Whoever switches that on asks for what the service says, whatever it says; nothing of a request is in it.
        """
        formatter = logging.Formatter("%(levelname)s %(name)s %(message)s")
        records = [record for record in self.caplog.records if not record.name.startswith("httpcore.")]
        return [formatter.format(record) for record in records]

    def silent(self) -> None:
        """Assert that no canary was written anywhere."""
        assert found(self.written(), CANARIES) == []

    def had(self, *birds: Canary) -> None:
        """Assert that the service was sent these canaries, so that there was something to show."""
        sent = "\n".join(self.server.sent)
        for bird in birds:
            assert found(sent, [bird]), f"{bird.name} was never sent"


@pytest.fixture
def world(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[World]:
    """A folder of its own with a credential file; everything is logged."""
    caplog.set_level(logging.DEBUG)
    server = Hostile(ISSUED.text)
    folder = tmp_path / "work"
    folder.mkdir(mode=0o700)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("NODELOOM_CREDENTIALS", str(folder / "credentials.toml"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setattr(Work.__init__, "__defaults__", (2**14, 8, 1))
    made = World(folder, server, monkeypatch, capsys, caplog)
    for name, (kind, fields) in credentials(server.url).items():
        made.store.put(name, kind, fields)
    made.file("probe.json", json.dumps(probe(server.url)))
    yield made
    server.close()
    TOKENS.clear()
    ask_with(None)


Setup = Callable[[World], None]
