"""Resource locators: which objects are one, and the value that such an object stands for.

n8n marks a locator with `__rl`. Who writes one in Python or JSON may leave the mark out; then the property's type says
what it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from nodeloom.descriptor.models import PropertyDescriptor
from nodeloom.descriptor.patterns import search
from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED


def is_locator(prop: PropertyDescriptor | None, value: object) -> bool:
    """Whether `value` is a locator; only by its mark if the property is not known."""
    if not isinstance(value, Mapping):
        return False
    return "__rl" in value or (prop is not None and prop.type == "resourceLocator" and "mode" in value)


def resolve_locator(prop: PropertyDescriptor, value: object) -> object:
    """The value a resourceLocator stands for: its `value`, through the mode's `extractValue` regex (n8n)."""
    if not isinstance(value, Mapping) or not is_locator(prop, value):
        return value if prop.extract_value is None else _extract(prop, prop.extract_value, value)
    # A mode's own rule goes before that of the property (n8n).
    mode = next((m for m in prop.modes or () if m.name == value.get("mode")), None)
    held = value.get("value", UNDEFINED)
    rule = (mode.extract_value if mode else None) or prop.extract_value
    return held if rule is None else _extract(prop, rule, held)


def _extract(prop: PropertyDescriptor, rule: object, value: object) -> object:
    """The group that the rule's pattern finds. Raises InvalidValueError for what it does not match, as n8n does."""
    if not isinstance(rule, Mapping) or rule.get("type") != "regex":
        return value
    if not isinstance(value, str):
        raise InvalidValueError(
            f"{prop.label} is not a text, so no part of it can be taken.",
            property=prop.label,
            value=None if value is UNDEFINED else value,
            hint=f"Give a text that matches {rule['regex']}.",
        )
    found = search(str(rule["regex"]), value)
    if found is None:
        raise InvalidValueError(
            f"{prop.label} is not what its mode expects.",
            property=prop.label,
            value=value,
            hint=f"It must match {rule['regex']}.",
        )
    return found[1] if len(found) > 1 else found[0]
