"""`displayOptions` as JSON Schema: a schema of the parameters that holds when a property is visible.

JSON Schema cannot say everything (patterns of JavaScript, paths into a value). Of the rest the schema asks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nodeloom.descriptor.conditions import ABSENT, is_condition, matches
from nodeloom.descriptor.models import PropertyDescriptor
from nodeloom.descriptor.shapes import TEMPLATE, any_of
from nodeloom.values import Json, JsonObject

Conditions = Mapping[str, Mapping[str, Json]]


class Rules:
    """Makes schemas of conditions on the parameters that `properties` describe."""

    def __init__(self, properties: Sequence[PropertyDescriptor], conditions: Mapping[int, Conditions]) -> None:
        """`conditions` are those that are still open, by the id of the property that has them."""
        self._properties = properties
        self._conditions = conditions

    def visible(self, prop: PropertyDescriptor, within: tuple[str, ...] = ()) -> JsonObject | None:
        """The parameters with which `prop` is visible: `{}` for all of them, None if no schema can tell."""
        conditions = self._conditions.get(id(prop), {})
        parts: list[JsonObject] = []
        for word in ("show", "hide"):
            for key, wanted in conditions.get(word, {}).items():
                several = wanted if isinstance(wanted, list) else [wanted]
                held = self._met(key.removeprefix("/"), several, within, template=word == "show")
                if held is None:
                    return None
                if held != {}:
                    parts.append(held if word == "show" else {"not": held})
                elif word == "hide":
                    parts.append({"not": {}})
        return {} if not parts else parts[0] if len(parts) == 1 else {"allOf": parts}

    def _met(self, name: str, wanted: list[Json], within: tuple[str, ...], *, template: bool) -> JsonObject | None:
        """The parameters with which `name` meets one of `wanted`."""
        definitions = [prop for prop in self._properties if prop.name == name]
        accepted = _accepting_schema(wanted, template=template)
        # Two properties that decide about each other have no schema: it would have no end.
        if not definitions or name in within or accepted is None:
            return None
        absent = {"not": {"required": [name]}}
        branches: list[JsonObject] = []
        invisible: list[JsonObject] = []
        for prop in definitions:
            visible = self.visible(prop, (*within, name))
            if visible is None:
                return None
            invisible.append({"not": visible})
            given: JsonObject = {"required": [name], "properties": {name: accepted}}
            default = prop.initial if prop.has_default else ABSENT
            met = any(matches(condition, _values(default)) for condition in wanted)
            held = {"anyOf": [absent, given]} if met else given
            branches.append(held if visible == {} else {"allOf": [visible, held]})
        if any(matches(condition, [ABSENT]) for condition in wanted) and {"not": {}} not in invisible:
            branches.append({"allOf": invisible})
        return any_of(branches)


def _values(default: Json) -> list[Json]:
    return list(default) if isinstance(default, list) else [default]


def _accepting_schema(wanted: list[Json], *, template: bool) -> JsonObject | None:
    """The values that meet one of these conditions; `template` says whether an expression does (n8n `show`)."""
    literals = [w for w in wanted if not is_condition(w)]
    single: list[JsonObject] = [{"enum": literals}] if literals else []
    listed: list[JsonObject] = [{"contains": {"enum": literals}}] if literals else []
    for condition in wanted:
        if is_condition(condition):
            held = _condition(condition["_cnd"])
            if held is None:
                return None
            single.append(held)
            # Of an empty list only `not` holds.
            listed.append({"items": held, **({} if "not" in condition["_cnd"] else {"minItems": 1})})
    one, several = (any_of(s) if s else {"not": {}} for s in (single, listed))
    located: JsonObject = {"required": ["__rl", "value"], "properties": {"value": one}}
    by_type = {
        "if": {"type": "array"},
        # An empty list hides nothing (n8n).
        "then": several if template else {"minItems": 1, **several},
        "else": {"if": {"type": "object", "required": ["__rl"]}, "then": located, "else": one},
    }
    return any_of([by_type, TEMPLATE]) if template else by_type


def _condition(rule: Json) -> JsonObject | None:
    """The values that meet one `_cnd`; None where JSON Schema cannot say which."""
    if not isinstance(rule, Mapping) or not rule:
        return None
    kind, wanted = next(iter(rule.items()))
    number = isinstance(wanted, (int, float)) and not isinstance(wanted, bool)
    match kind:
        case "eq":
            return {"const": wanted}
        case "not":
            return {"not": {"const": wanted}}
        case "exists":
            return {"not": {"enum": [None, ""]}}
        case "gt" | "gte" | "lt" | "lte" if number:
            return {"type": "number", _BOUNDS[kind]: wanted}
        case "between" if isinstance(wanted, Mapping) and {"from", "to"} <= wanted.keys():
            if all(isinstance(wanted[end], (int, float)) for end in ("from", "to")):
                return {"type": "number", "minimum": wanted["from"], "maximum": wanted["to"]}
            return None
        case "startsWith" | "endsWith" | "includes" if isinstance(wanted, str):
            before, after = ("^" if kind == "startsWith" else ""), ("$" if kind == "endsWith" else "")
            return {"type": "string", "pattern": before + _SYNTAX.sub(r"\\\g<0>", wanted) + after}
        case _:
            return None


# What ECMA-262 lets a pattern escape; anything more is an error in its Unicode mode.
_SYNTAX = re.compile(r"[\^$\\.*+?()\[\]{}|/]")
_BOUNDS = {"gt": "exclusiveMinimum", "gte": "minimum", "lt": "exclusiveMaximum", "lte": "maximum"}
