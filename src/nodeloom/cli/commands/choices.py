"""`nodeloom choices`."""

from __future__ import annotations

import json

import click

from nodeloom.cli.columns import columns
from nodeloom.cli.options import json_option, target_arguments
from nodeloom.cli.passphrase import passphrases_are_asked_for
from nodeloom.cli.terminal import show, show_json
from nodeloom.values import JsonObject


@click.command("choices")
@target_arguments
@click.option("--property", "property_name", required=True, metavar="NAME", help="The property to choose for.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter the choices depend on.")
@click.option("--credential", metavar="NAME", help="A stored credential; by default the one of the node's type.")
@click.option("--credential-type", "credential_types", multiple=True, metavar="FILE", help="A credential type besides.")
@json_option
def choices(
    node: str,
    resource: str | None,
    operation: str | None,
    property_name: str,
    settings: tuple[str, ...],
    credential: str | None,
    credential_types: tuple[str, ...],
    as_json: bool,
) -> int:
    """Ask the service which values a property of an operation can have.

    For properties whose choices the node loads by a request (n8n's declarative loadOptions).

    \b
    Example:
      nodeloom choices nodes/example.json Space "Get Info" --property spaceId
    """
    from nodeloom.cli.assignments import split_setting
    from nodeloom.cli.installednodes import named_node
    from nodeloom.runtime.runtime import Runtime

    parameters: JsonObject = dict(split_setting("--set", setting) for setting in settings)
    passphrases_are_asked_for()
    with Runtime() as runtime:
        for path in credential_types:
            runtime.add_credential_type(path)
        name = named_node(runtime, node).name
        if operation is None and resource is not None and not runtime.node(name).resources():
            resource, operation = None, resource
        parameters |= {k: v for k, v in (("resource", resource), ("operation", operation)) if v is not None}
        found = runtime.choices(name, property_name, parameters, credentials=credential)
    if as_json:
        show_json(found)
    else:
        rows = [(json.dumps(c["value"], ensure_ascii=False), c["name"]) for c in found]
        for line in columns(rows):
            show(line)
    return 0
