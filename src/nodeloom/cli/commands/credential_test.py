"""`nodeloom credentials test`: send the test request of a credential's type."""

from __future__ import annotations

import click

from nodeloom.cli.credential_place import credential_runtime
from nodeloom.cli.terminal import show, show_json
from nodeloom.errors import ItemError


@click.command("test")
@click.argument("type_name", metavar="TYPE")
@click.option("--name", help="Name of the stored credential; without it the default one of the type.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def test_command(type_name: str, name: str | None, as_json: bool) -> None:
    """Send the test request of TYPE (a name, or a path to the type's file) with a stored credential.

    Says what the answer means.

    Ends with 0 when the credential works, 1 when it does not, 2 when it is missing or incomplete.

    \b
    Example:
      nodeloom credentials test threeCxApi
      nodeloom credentials test threeCxApi --name office
    """
    from nodeloom.cli.installednodes import named_type

    with credential_runtime() as runtime:
        kind = named_type(runtime, type_name)
        try:
            said = runtime.test_credential(kind.name, name)
        except ItemError as fault:
            if not as_json:
                raise
            show_json({"ok": False, "error": fault.to_dict()})
            raise SystemExit(1) from None
    if as_json:
        show_json({"ok": True, "message": said})
    else:
        show(said)
