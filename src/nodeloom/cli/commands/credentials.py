"""`nodeloom credentials`: the group of its commands, each in a file of its own."""

from __future__ import annotations

import click

from nodeloom.cli.commands.credential_add import add_command
from nodeloom.cli.commands.credential_connect import connect_command
from nodeloom.cli.commands.credential_encryption import decrypt_command, encrypt_command, rekey_command
from nodeloom.cli.commands.credential_list import list_command
from nodeloom.cli.commands.credential_remove import remove_command
from nodeloom.cli.commands.credential_test import test_command
from nodeloom.cli.commands.credential_types import types_command


@click.group("credentials")
def credentials() -> None:
    """See credential types, and add, connect, list, test, remove and encrypt credentials.

    \b
    Example:
      nodeloom credentials add threeCxApi
      nodeloom credentials test threeCxApi
    """


for command in (
    types_command,
    add_command,
    connect_command,
    list_command,
    test_command,
    remove_command,
    encrypt_command,
    decrypt_command,
    rekey_command,
):
    credentials.add_command(command)
