"""`nodeloom credentials types`: the credential types and their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from nodeloom.cli.credential_place import credential_runtime
from nodeloom.cli.terminal import say, show, show_json
from nodeloom.errors import DescriptorError, NodeloomError

if TYPE_CHECKING:
    from nodeloom.descriptor.models import CredentialType
    from nodeloom.values import JsonObject


@click.command("types")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def types_command(as_json: bool) -> None:
    """List the credential types and their fields.

    \b
    Example:
      nodeloom credentials types
      nodeloom credentials types --json
    """
    from nodeloom.cli.installednodes import warn

    with credential_runtime() as runtime:
        types = runtime.credential_types
        listed = []
        for one in types.values():
            try:
                listed.append(_describe_type(_inherit(one, types)))
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


def _inherit(kind: CredentialType, types: Mapping[str, CredentialType]) -> CredentialType:
    """`kind` with what it inherits. If it extends a type that is not there, `kind` alone, with a warning."""
    from nodeloom.credential import inherited

    try:
        return inherited(kind, types)
    except DescriptorError as fault:
        say(f"warning: {fault.message}")
        return kind


def _describe_type(kind: CredentialType) -> JsonObject:
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
