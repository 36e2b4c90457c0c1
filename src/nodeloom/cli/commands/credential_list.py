"""`nodeloom credentials list`: the stored credentials, without their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nodeloom.cli.app import USAGE, show_error
from nodeloom.cli.credential_place import credential_runtime
from nodeloom.cli.terminal import say, show, show_json

if TYPE_CHECKING:
    from nodeloom.errors import NodeloomError


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(as_json: bool) -> None:
    """List the stored credentials: name, type and where each is kept. Values are not shown.

    A place that cannot be used (an encrypted file without its passphrase) is named, and the code is 2 then.

    \b
    Example:
      nodeloom credentials list
      nodeloom credentials list --json
    """
    from nodeloom.credential import Credentials, default_providers

    with credential_runtime() as runtime:
        chain = Credentials(default_providers(type_names=list(runtime.credential_types)))
    unusable: list[NodeloomError] = []
    listed = [{"name": c.name, "type": c.type, "source": c.source} for c in chain.list(unusable.append)]
    if as_json:
        show_json(listed)
    else:
        if not listed and not unusable:
            say("There are no stored credentials. Add one with: nodeloom credentials add TYPE")
        for row in listed:
            show(f"{row['name']}  {row['type']}  {row['source']}")
    for fault in unusable:
        show_error(fault)
    if unusable:
        raise SystemExit(USAGE)
