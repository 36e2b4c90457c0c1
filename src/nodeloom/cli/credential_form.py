"""Asking a person for the fields of a credential, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from nodeloom.cli.terminal import ask, confirm, is_terminal, say
from nodeloom.errors import ConfigurationError
from nodeloom.printable import escaped, one_line
from nodeloom.values import Json, JsonObject

if TYPE_CHECKING:
    from nodeloom.descriptor.models import CredentialType, PropertyDescriptor

# One line can hold these; fields of other types are given as JSON (--secrets-from-stdin).
_ASKED = frozenset({"string", "number", "boolean", "options", "json", "dateTime", "color"})


def ask_fields(kind: CredentialType, values: JsonObject) -> None:
    """Fill `values` with the answers to what is still open, field by field."""
    from nodeloom.credential import UNVERIFIED
    from nodeloom.descriptor.visibility import visible_form

    # What makes a credential less safe is not offered.
    declined: set[str] = {UNVERIFIED}
    for prop in kind.properties:
        visible = visible_form(kind.properties, values, version=1, is_template=lambda _: False).properties
        if prop in visible and prop.type in _ASKED and prop.name not in values and prop.name not in declined:
            wanted = _judge_need(kind, prop, values, declined)
            answer = None if wanted is None else _answer(kind, prop, required=wanted)
            if answer is None or answer == "":
                declined.add(prop.name)
            else:
                values[prop.name] = answer


def _judge_need(
    kind: CredentialType, prop: PropertyDescriptor, values: Mapping[str, Json], declined: set[str]
) -> bool | None:
    """Whether a field must be filled in (True), may be (False), or need not be asked for (None).

    Of the sets of `requireOneOf` one is enough: once it is complete, the fields of the others are not asked for.
    """
    if prop.required:
        return True
    sets = kind.require_one_of or []
    mine = [fields for fields in sets if prop.name in fields]
    if not mine:
        return False
    if any(all(values.get(field) for field in fields) for fields in sets):
        return None
    possible = [fields for fields in sets if not declined.intersection(fields)]
    if not any(fields in possible for fields in mine):
        return None
    return all(prop.name in fields for fields in possible) or _begun(prop, mine, values, sets)


def _begun(prop: PropertyDescriptor, mine: list[list[str]], values: Mapping[str, Json], sets: list[list[str]]) -> bool:
    """Whether a field that only this field's sets have is filled in already, so that the choice is made."""
    others = {field for fields in sets if prop.name not in fields for field in fields}
    return any(values.get(field) for fields in mine for field in fields if field not in others)


def _answer(kind: CredentialType, prop: PropertyDescriptor, *, required: bool) -> Json:
    from nodeloom.credential import is_secret

    default = _default(prop)
    if prop.description:
        say(one_line(prop.description))
    try:
        if prop.type == "boolean":
            return confirm(prop.label, default=bool(default))
        if prop.type == "options" and (required or default):
            return _choice(prop, default)
        return ask(
            prop.label if required or default else f"{prop.label} (empty to leave it out)",
            default=default or (None if required else ""),
            show_default=bool(default) and not is_secret(prop),
            hide_input=is_secret(prop),
            type=str,
            value_proc=_url_reader(kind, prop),
        )
    except click.Abort:
        if is_terminal():
            raise
        if default:
            # What Enter would give. A secret is not shown.
            shown = "" if is_secret(prop) else f": {one_line(default)}"
            say(f"{prop.name} is not given; its default is taken{shown}")
            return prop.default
        if not (required or any(prop.name in fields for fields in kind.require_one_of or [])):
            return ""
        raise ConfigurationError(
            f"The field {prop.name!r} is not given, and there is no one to ask.",
            hint="Give it by --secrets-from-stdin." if is_secret(prop) else f"Give it by --set {prop.name}=VALUE.",
        ) from None


def _default(prop: PropertyDescriptor) -> str:
    """The default as it would be typed; empty when there is none, or when it is computed from other fields."""
    from nodeloom.credential import is_expression

    if not prop.has_default or prop.default in (None, "", False) or is_expression(prop.default):
        return ""
    return str(prop.default)


def _choice(prop: PropertyDescriptor, default: str) -> Json:
    values = {escaped(str(choice.value)): choice.value for choice in prop.choices()}
    chosen = ask(prop.label, default=escaped(default) or None, type=click.Choice(list(values)))
    return values[chosen]


def _url_reader(kind: CredentialType, prop: PropertyDescriptor) -> Any:
    """A function that checks an address as soon as a person has typed it; None for other fields."""
    from nodeloom.credential import is_url, normalise_url
    from nodeloom.errors import CredentialError

    if not is_url(prop):
        return None

    def read(text: str) -> str:
        try:
            return normalise_url(kind, prop, text)
        except CredentialError as fault:
            raise click.BadParameter(str(fault)) from None

    return read


def ask_consent(question: str, option: str) -> bool:
    """Whether the person says yes. If no one can be asked, a ConfigurationError names the option to give."""
    try:
        return confirm(question)
    except click.Abort:
        if is_terminal():
            raise
        raise ConfigurationError(f"{question} There is no one to ask.", hint=f"Give {option}.") from None
