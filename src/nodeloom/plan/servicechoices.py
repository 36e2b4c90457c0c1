"""Choices a service fills in: a property whose options come from a request (n8n's declarative `loadOptions`)."""

from __future__ import annotations

from collections.abc import Container, Mapping

from nodeloom.descriptor.catalogue import Node
from nodeloom.descriptor.models import PropertyDescriptor, Routing
from nodeloom.errors import ParameterError
from nodeloom.expression import Dialect
from nodeloom.plan.address import UrlValues
from nodeloom.plan.compiler import compile_loader
from nodeloom.plan.operation import OperationPlan


def loading_routing(prop: PropertyDescriptor) -> Mapping[str, object] | None:
    """The routing that loads the property's choices; None when they are fixed, or loaded by JavaScript."""
    load = (prop.type_options or {}).get("loadOptions")
    # `loadOptionsMethod` names JavaScript of the package, which Nodeloom does not run.
    routing = load.get("routing") if isinstance(load, Mapping) else None
    return routing if isinstance(routing, Mapping) else None


def compile_choices(
    node: Node,
    property_name: str,
    parameters: Mapping[str, object],
    *,
    dialect: Dialect = "author",
    url_values: UrlValues = "strict",
    untold: Container[str] = (),
) -> OperationPlan:
    """The plan that loads the choices of a visible property; each item it gives has `name` and `value`.

    Raises UnknownNameError for a property that the operation does not show, ParameterError if its choices do not come
    from a declarative request.

    Args:
        node: whose property it is.
        property_name: its name or label.
        parameters: those that are filled in so far.
        dialect: that of the parameters.
        url_values: how values get into addresses.
        untold: the names of properties whose values are secret.
    """

    def routing_of(prop: PropertyDescriptor) -> Routing:
        routing = loading_routing(prop)
        if routing is None:
            method = (prop.type_options or {}).get("loadOptionsMethod")
            raise ParameterError(
                f"The choices of {prop.label} are not loaded by a declarative request.",
                property=prop.label,
                hint=f"They need the JavaScript method {method!r}; give the value itself."
                if method
                else "Its choices, if it has any, are in its description.",
            )
        return Routing.model_validate(routing)

    return compile_loader(
        node, property_name, parameters, routing_of, dialect=dialect, url_values=url_values, untold=untold
    )


def as_choices(items: list[dict[str, object]]) -> list[dict[str, object]]:
    """Loaded items as choices: `name` (text) and `value`; an item without a value is not a choice."""
    found = []
    for item in items:
        data = item["json"]
        if isinstance(data, Mapping) and "value" in data:
            found.append({"name": str(data.get("name", data["value"])), "value": data["value"]})
    return found
