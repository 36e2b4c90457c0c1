"""`--set NAME=VALUE` and its kin: which property NAME means, and what VALUE is by the property's type."""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any

from nodeloom.descriptor.catalogue import OPERATION, RESOURCE, plain
from nodeloom.errors import ConfigurationError, ParameterError, UnknownNameError
from nodeloom.jsonreading import ANY_JSON, reason_of
from nodeloom.values import Json, JsonObject

Field = Mapping[str, Json]

# Properties whose text is read as JSON when it is an object or a list.
_STRUCTURED = ("collection", "fixedCollection", "multiOptions", "resourceLocator", "resourceMapper", "filter")


def split_setting(option: str, setting: str) -> tuple[str, str]:
    """NAME and VALUE. Raises ConfigurationError when there is no `=` between them."""
    name, separator, value = setting.partition("=")
    if not separator or not name:
        raise ConfigurationError(
            f"{option} {setting} gives no {'value' if name else 'name'}.", hint=f"Write it as {option} NAME=VALUE."
        )
    return name, value


def read_setting_file(name: str, path: str) -> str:
    """The text of FILE in `--set-file NAME=FILE`, without the line break at its end."""
    if not path:
        raise ConfigurationError(f"--set-file {name}= names no file.", hint="Write it as --set-file NAME=FILE.")
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} (for {name}) is not UTF-8 text.", hint="Save it as UTF-8.") from None
    except OSError as fault:
        raise ConfigurationError(
            f"{path} (for {name}) cannot be read: {fault.strerror or fault}.", hint="Check the path."
        ) from None
    return text.removesuffix("\n").removesuffix("\r")


class Settings:
    """Applies settings to parameters; `fields` are the operation's, as `Runtime.describe` gives them."""

    def __init__(self, fields: Sequence[Field], title: str) -> None:
        self._fields = fields
        self._title = title

    def apply(self, parameters: MutableMapping[str, Json], name: str, value: Any) -> None:
        """Set NAME to `value`: text is read by the property's type, anything else is taken as it is.

        Raises UnknownNameError with the nearest property.
        """
        if name.casefold() in (RESOURCE, OPERATION):
            parameters[name.casefold()] = value
            return
        if plain(name) == plain("requestOptions"):
            parameters["requestOptions"] = _parse_structure(name, value, "an object")
            return
        _apply(self._fields, parameters, name, value, self._title)


def _apply(fields: Sequence[Field], into: MutableMapping[str, Json], name: str, value: Any, title: str) -> None:
    """Set a property, or a field inside of it. Raises UnknownNameError, ParameterError or ConfigurationError.

    Args:
        fields: the fields that the operation has, as `describe` gives them.
        into: the parameters, or the group of them that holds the fields.
        name: the name as it was written, with dots for what is in a group.
        value: a text, or a Literal.
        title: what the fields belong to, for messages.
    """
    field = _find(fields, name)
    if field is not None:
        _drop_other_spellings(into, field)
        into[field["name"]] = _to_type(field, value)
        return
    head, rest = _split_nested(fields, name)
    if head is None:
        error = UnknownNameError("property", name, [f["name"] for f in fields], within=title)
        holder = next((f for f in fields if f.get("fields") and _find(f["fields"], name) is not None), None)
        if holder is not None:
            error.hint = f"It is in {holder['label']}: --set {holder['label']}.{name}=VALUE."
        raise error
    _drop_other_spellings(into, head)
    inner = _inner(into, head, title)
    if head.get("groups"):
        _apply_group(head, inner, rest, value)
    else:
        _apply(head["fields"], inner, rest, value, head["label"])


def _split_nested(fields: Sequence[Field], name: str) -> tuple[Field | None, str]:
    """The collection in front of a dot, the longest first (a name may hold dots itself), and what follows it."""
    at = len(name)
    while (at := name.rfind(".", 0, at)) > 0:
        field = _find(fields, name[:at])
        if field is not None and (field.get("fields") or field.get("groups")):
            return field, name[at + 1 :]
    return None, name


def _inner(into: MutableMapping[str, Json], field: Field, title: str) -> JsonObject:
    inner = into.setdefault(field["name"], {})
    if not isinstance(inner, dict):
        raise ParameterError(
            f"{field['label']} of {title} is set already, and not to an object, so nothing in it can be set.",
            property=field["label"],
            value=inner,
            hint="Set it whole, or only what is in it.",
        )
    return inner


def _apply_group(field: Field, into: JsonObject, rest: str, value: Any) -> None:
    """`Headers.parameter=…` is the group's JSON, `Headers.parameter.name=…` one field of it."""
    name, _dot, member = rest.partition(".")
    group = _find(field["groups"], name)
    if group is None:
        raise UnknownNameError("group", name, [g["name"] for g in field["groups"]], within=field["label"])
    if member:
        _apply(group["fields"], _inner(into, group, field["label"]), member, value, group["label"])
    else:
        into[group["name"]] = _parse_structure(rest, value, "an object, or a list of objects")


def _find(fields: Sequence[Field], name: str) -> Field | None:
    """The field that `name` means: its name, else its label, else without case and punctuation."""
    for known in (
        [f for f in fields if f["name"] == name],
        [f for f in fields if f["label"] == name],
        [f for f in fields if plain(name) in (plain(f["name"]), plain(f["label"]))],
    ):
        if known:
            return known[0]
    return None


def _drop_other_spellings(into: MutableMapping[str, Json], field: Field) -> None:
    """A file may call the property by its label or in another case; the setting replaces it."""
    for key in [k for k in into if k != field["name"] and plain(k) in (plain(field["name"]), plain(field["label"]))]:
        into[field["name"]] = into.pop(key)


def _to_type(field: Field, value: Any) -> Json:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if field["type"] == "boolean":
        return {"true": True, "false": False}.get(text.lower(), value)
    if field["type"] == "number":
        return _number(text, value)
    if field["type"] == "options":
        return _choice(field, value)
    if (field["type"] in _STRUCTURED or field.get("multiple")) and text.startswith(("{", "[")) and text[:2] != "{{":
        return _parse_structure(field["name"], value, "JSON")
    if field.get("fields") or field.get("groups"):
        return value if text.startswith(("=", "{{", "<<")) else _parse_structure(field["name"], value, "a JSON object")
    return value


def _number(text: str, value: str) -> Json:
    try:
        number = ANY_JSON.read(text)
    except ValueError:
        return value
    return number if isinstance(number, (int, float)) and not isinstance(number, bool) else value


def _choice(field: Field, value: str) -> Json:
    """The choice that the text stands for: choices may be numbers or true and false."""
    for option in field.get("options", ()):
        choice = option.get("value")
        if not isinstance(choice, str) and json.dumps(choice) == value.strip():
            return choice
    return value


def _parse_structure(name: str, value: Any, wanted: str) -> Json:
    if not isinstance(value, str):
        return value
    try:
        return ANY_JSON.read(value)
    except ValueError as fault:
        at = f" at character {fault.pos + 1}" if isinstance(fault, json.JSONDecodeError) else ""
        raise ParameterError(
            f"{name} takes {wanted}, and this is not JSON: {reason_of(fault)}{at}.",
            property=name,
            value=value,
            hint=f"""Write it as --set '{name}={{"key": "value"}}', or set what is in it: --set {name}.KEY=VALUE.""",
        ) from None
