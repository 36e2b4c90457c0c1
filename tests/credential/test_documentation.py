"""docs/credentials.md tells every command, option, type and field."""

from __future__ import annotations

import json
import re

import click
import pytest

from nodeloom import Runtime
from nodeloom.cli.commands.credentials import credentials
from nodeloom.credential import inherited
from nodeloom.descriptor.models import CredentialType
from tests.credential.helpers import ROOT

DOCUMENT = (ROOT / "docs" / "credentials.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", credentials.commands.values(), ids=list(credentials.commands))
def test_every_command_and_option_is_told(command: click.Command) -> None:
    """In the table of commands."""
    assert f"nodeloom credentials {command.name}" in DOCUMENT
    rows = DOCUMENT.partition(f"\n| `{command.name}")[2].partition("\n\n")[0]
    rows = re.split(r"\n\| `", rows)[0]
    for parameter in command.params:
        for flag in parameter.opts:
            if flag.startswith("--"):
                assert flag in rows, f"{command.name} {flag}"


def test_every_type_that_ships_is_told_with_its_fields() -> None:
    """By name."""
    for kind in Runtime(discover_plugins=False).credential_types.values():
        for name in (kind.name, *(prop.name for prop in kind.properties)):
            assert f"`{name}`" in DOCUMENT, f"{kind.name}: {name}"


def test_the_type_in_the_document_can_be_used() -> None:
    """As it stands there."""
    (text,) = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    types = Runtime(discover_plugins=False).credential_types
    kind = inherited(CredentialType.model_validate(json.loads(text)), types)
    assert {"serverUrl", "clientId", "oauthTokenData"} <= {prop.name for prop in kind.properties}
