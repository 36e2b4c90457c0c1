"""`nodeloom credentials`: see the types, and add, connect, list, test, remove and encrypt stored credentials.

Secrets are asked for without echo, or read from standard input or an environment variable; never from the command
line, where the process list and the shell's history would keep them.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from nodeloom.cli.app import USAGE, show_error
from nodeloom.cli.commands.credential_connect import connect_command
from nodeloom.cli.commands.credential_encryption import decrypt_command, encrypt_command, rekey_command
from nodeloom.cli.credential_form import ask_fields, confirmed
from nodeloom.cli.passphrase import passphrases_are_asked_for
from nodeloom.cli.terminal import given_text, say, show, show_json
from nodeloom.errors import ConfigurationError, DescriptorError, ItemError, UnknownNameError
from nodeloom.jsonreading import ANY_JSON

if TYPE_CHECKING:
    from nodeloom import Runtime
    from nodeloom.credential import EncryptedFileProvider, FileProvider, KeyringProvider
    from nodeloom.descriptor.models import CredentialType, PropertyDescriptor
    from nodeloom.errors import NodeloomError

    Place = FileProvider | EncryptedFileProvider | KeyringProvider

_STORES = ("file", "encrypted", "keyring")


@click.group("credentials")
def credentials() -> None:
    """See credential types, and add, connect, list, test, remove and encrypt credentials.

    \b
    Example:
      nodeloom credentials add threeCxApi
      nodeloom credentials test threeCxApi
    """


for command in (connect_command, encrypt_command, decrypt_command, rekey_command):
    credentials.add_command(command)


@credentials.command("types")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def types_command(as_json: bool) -> None:
    """List the credential types and their fields.

    \b
    Example:
      nodeloom credentials types
      nodeloom credentials types --json
    """
    from nodeloom.cli.installednodes import warn

    with _runtime() as runtime:
        types = runtime.credential_types
        listed = []
        for one in types.values():
            try:
                listed.append(_described(_whole(one, types)))
            except NodeloomError as fault:
                say(f"warning: {one.name}: {fault}")
        warn(runtime.plugin_failures)
    if as_json:
        show_json(listed)
        return
    for kind in listed:
        show(f"{kind['name']}  ({kind['displayName']})")
        told: set[str] = set()
        for field in kind["fields"]:
            # A hidden field has its value from the type; two of one name are the same field in different cases.
            if field["type"] == "hidden" or field["name"] in told:
                continue
            told.add(field["name"])
            notes = [note for note in ("required", "secret") if field[note]]
            show(f"  {field['name']}{' [' + ', '.join(notes) + ']' if notes else ''}  {field['description'] or ''}")
        if kind["requireOneOf"]:
            show(f"  needs {' or '.join(' + '.join(fields) for fields in kind['requireOneOf'])}")


@credentials.command("list")
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

    with _runtime() as runtime:
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


@credentials.command("add")
@click.argument("type_name", metavar="TYPE")
@click.option("--name", help="Name to keep it under; the default is the type's name, which makes it the default one.")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Value of a field that is no secret.")
@click.option(
    "--store",
    type=click.Choice(_STORES),
    help="Where to keep it; without, the encrypted file where there is one, else the file.",
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

    with _runtime() as runtime:
        kind = inherited(named_type(runtime, type_name), runtime.credential_types)
    name = name or kind.name
    place = _store(store)
    values = _settings(kind, settings)
    if secrets_from_env:
        values |= _secrets(kind, os.environ.get(secrets_from_env), f"the environment variable {secrets_from_env}")
    if secrets_from_stdin:
        values |= _secrets(kind, given_text(), "standard input")
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


@credentials.command("remove")
@click.argument("name")
@click.option(
    "--store",
    type=click.Choice(_STORES),
    help="Where it is kept; without, the encrypted file where there is one, else the file.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove_command(name: str, store: str | None, yes: bool) -> None:
    """Remove the credential NAME from a store.

    \b
    Example:
      nodeloom credentials remove office
      nodeloom credentials remove office --store keyring --yes
    """
    place = _store(store)
    names = [stored.name for stored in place.list()]
    if name not in names:
        raise UnknownNameError("credential", name, names, within=place.name)
    if not yes and not confirmed(f"Remove the credential {name!r} from {place.name}?", "--yes"):
        say("Nothing was removed.")
        return
    place.remove(name)
    say(f"Removed the credential {name!r} from {place.name}.")


@credentials.command("test")
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

    with _runtime() as runtime:
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


def _runtime() -> Runtime:
    # Imported here: `nodeloom --help` has no need of it.
    from nodeloom import Runtime

    passphrases_are_asked_for()
    return Runtime()


def _store(store: str | None) -> Place:
    from nodeloom.credential import EncryptedFileProvider, FileProvider, KeyringProvider

    passphrases_are_asked_for()
    if store == "keyring":
        return KeyringProvider()
    encrypted = EncryptedFileProvider()
    if store == "encrypted":
        # Said before anything is asked for.
        encrypted.require_package()
    # Who has encrypted the credentials does not expect the next one in plain text.
    return encrypted if store == "encrypted" or (store is None and encrypted.file.exists()) else FileProvider()


def _whole(kind: CredentialType, types: Mapping[str, CredentialType]) -> CredentialType:
    """`kind` with what it inherits; with a warning, without it where it extends a type that is not there."""
    from nodeloom.credential import inherited

    try:
        return inherited(kind, types)
    except DescriptorError as fault:
        say(f"warning: {fault.message}")
        return kind


def _described(kind: CredentialType) -> dict[str, Any]:
    from nodeloom.credential import is_secret

    return {
        "name": kind.name,
        "displayName": kind.label,
        "documentationUrl": kind.documentation_url,
        "fields": [
            {
                "name": prop.name,
                "displayName": prop.label,
                "type": prop.type,
                "required": prop.required,
                "secret": is_secret(prop),
                "description": prop.description,
            }
            for prop in kind.properties
            if prop.type != "notice"
        ],
        "requireOneOf": kind.require_one_of or [],
        "test": kind.test is not None,
    }


def _field(kind: CredentialType, name: str) -> PropertyDescriptor:
    for prop in kind.properties:
        if prop.name == name:
            return prop
    raise UnknownNameError(
        "field", name, [prop.name for prop in kind.properties], within=f"the credential type {kind.name}"
    )


def _settings(kind: CredentialType, settings: tuple[str, ...]) -> dict[str, Any]:
    """The fields given by --set."""
    from nodeloom.credential import is_secret

    values: dict[str, Any] = {}
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


def _secrets(kind: CredentialType, text: str | None, where: str) -> dict[str, Any]:
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


def _may_overwrite(place: Place, name: str) -> bool:
    if name not in [stored.name for stored in place.list()]:
        return False
    if not confirmed(f"There is already a credential {name!r} in {place.name}. Overwrite it?", "--force"):
        raise click.Abort
    return True


__all__ = ["credentials"]
