"""`nodeloom credentials remove`: take a credential out of its store."""

from __future__ import annotations

import click

from nodeloom.cli.credential_form import ask_consent
from nodeloom.cli.credential_place import STORES, choose_store
from nodeloom.cli.terminal import say
from nodeloom.errors import UnknownNameError


@click.command("remove")
@click.argument("name")
@click.option(
    "--store",
    type=click.Choice(STORES),
    help="Where it is kept; without this option, the encrypted file if there is one, else the file.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove_command(name: str, store: str | None, yes: bool) -> None:
    """Remove the credential NAME from a store.

    \b
    Example:
      nodeloom credentials remove office
      nodeloom credentials remove office --store keyring --yes
    """
    place = choose_store(store)
    names = [stored.name for stored in place.list()]
    if name not in names:
        raise UnknownNameError("credential", name, names, within=place.name)
    if not yes and not ask_consent(f"Remove the credential {name!r} from {place.name}?", "--yes"):
        say("Nothing was removed.")
        return
    place.remove(name)
    say(f"Removed the credential {name!r} from {place.name}.")
