"""What a descriptor says a property's value may be, beside its type: its choices, its range, and its schema.

n8n checks none of these when a node runs, so the descriptors written for it are left alone: choices and ranges count
where a property is sent as only Nodeloom sends it (`encode`, `style`, to path, header or cookie), a `schema`, which is
Nodeloom's, wherever it stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from nodeloom.descriptor.boundedschema import BoundedSchema
from nodeloom.descriptor.models import PropertyDescriptor
from nodeloom.descriptor.schemareasons import allowed_hint
from nodeloom.descriptor.shapes import choice_values, is_closed
from nodeloom.errors import DescriptorError, InvalidValueError
from nodeloom.plan.encoders import ENCODERS

_NUMBERS = ("minValue", "minimum"), ("maxValue", "maximum")
# What text may stand for where a service only gets text.
_READ = ("integer", "number", "boolean")


class Constraint:
    """The choices, range and schema of one property, compiled. Made by `constraint_of`."""

    __slots__ = ("_allowed", "_choices", "_range", "_schema", "_written", "several")

    def __init__(self, prop: PropertyDescriptor, *, ours: bool) -> None:
        self._written = prop.value_schema
        self._schema = None if self._written is None else BoundedSchema(self._written, ("schema",))
        bounds = {word: (prop.type_options or {}).get(name) for name, word in _NUMBERS}
        known = {word: value for word, value in bounds.items() if _is_number(value)}
        self._range = BoundedSchema(known) if ours and known and prop.type == "number" else None
        closed = ours and prop.type in ("options", "multiOptions") and is_closed(prop)
        self._choices = list(choice_values(prop)) if closed else []
        self._allowed = {_key(value) for value in self._choices}
        self.several = prop.type == "multiOptions" or prop.multiple

    @property
    def says_nothing(self) -> bool:
        """Whether any value will do."""
        return not (self._schema or self._range or self._choices)

    def check(self, value: object, *, as_text: bool) -> None:
        """Raise InvalidValueError, with the nearest value, unless `value` is one that the descriptor allows.

        `as_text`: it is sent as text, so that the text `5` is the number 5.
        """
        entries = value if self.several and isinstance(value, list) else [value]
        if self.several:
            value = entries
        if self._choices:
            for entry in entries:
                self._check_choice(entry, as_text=as_text)
        if self._range is not None:
            for entry in entries:
                self._range.check(fit_texts(entry, {"type": "number"}) if as_text else entry)
        if self._schema is not None:
            self._schema.check(fit_texts(value, self._written) if as_text else value)

    def _check_choice(self, value: object, *, as_text: bool) -> None:
        key = _key(value)
        if key in self._allowed or value is None:
            return
        # In a query or path the number 5 and the text `5` are sent alike.
        if as_text and any(_text(value) == _text(choice) for choice in self._choices):
            return
        raise InvalidValueError(
            "The value is not one of the choices.", value=value, hint=allowed_hint(value, self._choices)
        )


def constraint_of(prop: PropertyDescriptor | None, *, ours: bool) -> Constraint | None:
    """What the descriptor says of the property's value; None if it says nothing.

    `ours`: the property is sent as only Nodeloom sends it. Raises DescriptorError, which names the property, for a
    schema that cannot be used.
    """
    if prop is None:
        return None
    try:
        found = Constraint(prop, ours=ours)
    except DescriptorError as fault:
        fault.property = prop.label
        raise
    return None if found.says_nothing else found


def fit_texts(value: object, schema: object) -> object:
    """`value` with texts read as what `schema` says they are, at any depth; other texts stay as they are."""
    if not isinstance(schema, Mapping):
        return value
    if isinstance(value, list):
        return [fit_texts(entry, schema.get("items")) for entry in value]
    if isinstance(value, Mapping):
        members = schema.get("properties")
        known = members if isinstance(members, Mapping) else {}
        return {name: fit_texts(member, known.get(name)) for name, member in value.items()}
    wanted = schema.get("type")
    if not isinstance(value, str) or wanted == "string" or (isinstance(wanted, list) and "string" in wanted):
        return value
    for kind in _READ:
        if kind == wanted or (isinstance(wanted, list) and kind in wanted):
            try:
                return ENCODERS[kind](value)
            except InvalidValueError:
                continue
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _key(value: object) -> object:
    """What tells values apart in a set: true is not 1."""
    try:
        hash(value)
    except TypeError:
        return (type(value).__name__, repr(value))
    return (isinstance(value, bool), value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
