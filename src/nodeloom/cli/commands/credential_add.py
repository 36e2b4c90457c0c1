"""`nodeloom credentials add`: keep a credential.

Secrets are asked for without echo, or read from standard input or an environment variable; never from the command
line, where the process list and the shell's history would keep them.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import click

from nodeloom.cli.credential_form import ask_consent, ask_fields
from nodeloom.cli.credential_place import STORES, choose_store, credential_runtime
from nodeloom.cli.terminal import read_standard_input, say
from nodeloom.errors import ConfigurationError, UnknownNameError
from nodeloom.jsonreading import ANY_JSON

if TYPE_CHECKING:
    from nodeloom.cli.credential_place import Place
    from nodeloom.descriptor.models import CredentialType, PropertyDescriptor
    from nodeloom.values import JsonObject


@click.command("add")
@click.argument("type_name", metavar="TYPE")
@click.option("--name", help="Name to keep it under; the default is the type's name, which makes it the default one.")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Value of a field that is not a secret.")
@click.option(
    "--store",
    type=click.Choice(STORES),
    help="Where to keep it; without this option, the encrypted file if there is one, else the file.",
)
@click.option("--secrets-from-stdin", is_flag=True, help="Read a JSON object with fields from standard input.")
@click.option("--secrets-from-env", metavar="VARIABLE", help="Read a JSON object with fields from this variable.")
@click.option("--force", is_flag=True, help="Overwrite a credential of that name without asking.")
def add_command(
    type_name: str,
    name: str | None,
    settings: tuple[str, ...],
    store: str | None,
    secrets_from_stdin: bool,
    secrets_from_env: str | None,
    force: bool,
) -> None:
    """Add a credential of TYPE, a name or a path to the type's file.

    What is not given is asked for, secrets without echo.

    \b
    Example:
      nodeloom credentials add threeCxApi
      nodeloom credentials add threeCxApi --name office --set serverUrl=https://pbx.example.com:5001
      nodeloom credentials add threeCxApi --secrets-from-stdin < /run/secrets/pbx.json
      nodeloom credentials add ./service/credentials/serviceApi.json
    """
    from nodeloom.cli.installednodes import named_type
    from nodeloom.credential import CredentialSession, StoredCredential, inherited

    with credential_runtime() as runtime:
        kind = inherited(named_type(runtime, type_name), runtime.credential_types)
    name = name or kind.name
    place = choose_store(store)
    values = _settings(kind, settings)
    if secrets_from_env:
        values |= _secrets(kind, os.environ.get(secrets_from_env), f"the environment variable {secrets_from_env}")
    if secrets_from_stdin:
        values |= _secrets(kind, read_standard_input(), "standard input")
    overwrite = force or _may_overwrite(place, name)
    ask_fields(kind, values)
    session = CredentialSession(kind, StoredCredential(name, kind.name, values, "given"))
    place.put(name, kind.name, {field: session.values[field] for field in values}, overwrite=overwrite)
    say(f"Added the credential {name!r} of type {kind.name} to {place.name}.")
    if not session.has_tokens:
        file = "" if type_name.casefold() == kind.name.casefold() else f" --credential-type {shlex.quote(type_name)}"
        say(f"Sign in with: nodeloom credentials connect {shlex.quote(name)}{file}")
    elif kind.test is not None:
        which = "" if name == kind.name else f" --name {shlex.quote(name)}"
        say(f"Try it with: nodeloom credentials test {shlex.quote(type_name)}{which}")


def _settings(kind: CredentialType, settings: tuple[str, ...]) -> JsonObject:
    """The fields given by --set."""
    from nodeloom.credential import is_secret

    values: JsonObject = {}
    for setting in settings:
        field, separator, value = setting.partition("=")
        if not separator:
            raise ConfigurationError(f"--set {field} gives no value.", hint="Write it as --set FIELD=VALUE.")
        if is_secret(_field(kind, field)):
            raise ConfigurationError(
                f"The field {field!r} is a secret and is not taken from the command line, where the process list and "
                "the shell's history would show it.",
                hint="Leave it out to be asked for it, or use --secrets-from-stdin or --secrets-from-env.",
            )
        values[field] = value
    return values


def _secrets(kind: CredentialType, text: str | None, where: str) -> JsonObject:
    """The fields in a JSON object; its text is not repeated in errors."""
    try:
        fields = ANY_JSON.read(text) if text else None
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise ConfigurationError(
            f"There is no JSON object with the secrets in {where}.", hint='Write it as {"field": "value"}.'
        )
    for field in fields:
        _field(kind, field)
    return fields


def _field(kind: CredentialType, name: str) -> PropertyDescriptor:
    for prop in kind.properties:
        if prop.name == name:
            return prop
    raise UnknownNameError(
        "field", name, [prop.name for prop in kind.properties], within=f"the credential type {kind.name}"
    )


def _may_overwrite(place: Place, name: str) -> bool:
    if name not in [stored.name for stored in place.list()]:
        return False
    if not ask_consent(f"There is already a credential {name!r} in {place.name}. Overwrite it?", "--force"):
        raise click.Abort
    return True
