"""Which resource and operation an author means, settled together with all else that a form shows (n8n).

Whether a choice is offered may depend on any parameter, given or by default. A name that cannot be placed is an error
with the nearest name; a default never stands in for it. With `url_values="raw"` such a name stays as it is and brings
no routing, as in n8n.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from nodeloom.descriptor.catalogue import OPERATION, RESOURCE, Node, PropertyNames, plain
from nodeloom.descriptor.conditions import ABSENT, matches, same
from nodeloom.descriptor.models import DisplayOptions, NodeDescriptor, OptionDescriptor, PropertyDescriptor
from nodeloom.descriptor.visibility import Surroundings, VisibleForm, as_written, edition_of, visible_form
from nodeloom.errors import ParameterError, UnknownNameError, preview
from nodeloom.expression import Dialect
from nodeloom.expression.splitting import is_template
from nodeloom.plan.address import UrlValues
from nodeloom.plan.filling import given_values
from nodeloom.plan.transfer import REQUEST_OPTIONS
from nodeloom.plan.valuespelling import check_choice, respell

_CHOOSERS = (RESOURCE, OPERATION)


@dataclass(frozen=True, slots=True)
class Selection:
    """One operation of a node, and the form that an author's parameters fill in.

    Args:
        descriptor: the part of the node that describes the resource.
        resource: the chosen one; None if the node has none.
        operation: the chosen one; None if the node has none.
        form: the visible properties, and their values.
        given: the parameters under their properties' names.
        unknown: the first parameter that is not a property's.
    """

    descriptor: NodeDescriptor
    resource: str | None
    operation: OptionDescriptor | None
    form: VisibleForm
    given: Mapping[str, object]
    unknown: str | None

    @property
    def title(self) -> str:
        """The operation as a person names it."""
        return self.operation.name if self.operation else self.descriptor.display_name


def select(
    node: Node,
    parameters: Mapping[str, object],
    *,
    dialect: Dialect,
    url_values: UrlValues,
    partial: bool = False,
) -> Selection:
    """The operation that an author's parameters are for.

    Raises UnknownNameError for a resource, operation or choice that is not offered, ParameterError if one is
    missing, is an expression, or depends on one.

    Args:
        node: the node.
        parameters: flat, `resource` and `operation` among them.
        dialect: in which they are written.
        url_values: "strict", or n8n's rules ("raw").
        partial: whether the form is still being filled in, so that it need not say yet what is called.
    """
    if url_values == "strict":
        _refuse_empty(node, parameters)
    wanted = {name: value for name in _CHOOSERS if not _is_blank(value := _written_value(parameters, name))}
    for name, value in wanted.items():
        if isinstance(value, (Mapping, list, tuple, set)):
            raise ParameterError(
                f"{node.label}: the {name} is a name.", property=name, value=value, hint=f"Give one {name} as text."
            )
    resource = _indexed_resource(node, wanted.get(RESOURCE, ABSENT)) if node.document.resources is not None else None
    descriptor = node.descriptor(resource)
    given, unknown = _name_parameters(descriptor, parameters)
    given = given_values(descriptor.properties, given, dialect, as_n8n=url_values == "raw")
    given |= wanted if resource is None else {**wanted, RESOURCE: resource}
    selector = _Selector(node, descriptor, resource, dialect, strict=url_values == "strict")
    form = visible_form(
        descriptor.properties,
        given,
        version=edition_of(descriptor),
        is_template=selector.is_template,
        place=selector.place,
    )
    if resource is None and RESOURCE in form.values and not _is_blank(form.values[RESOURCE]):
        resource = str(form.values[RESOURCE])
    selector.refuse_unplaced({k: v for k, v in wanted.items() if k not in form.values}, form)
    selector.refuse_hidden_choices(given, form)
    operation = selector.operation(form, written=OPERATION in wanted)
    if operation is None and not partial:
        selector.refuse_silence(form)
    return Selection(descriptor, resource, operation, form, given, unknown)


def _refuse_empty(node: Node, parameters: Mapping[str, object]) -> None:
    """Raise ParameterError for a resource or operation that is an empty text: that does not ask for the default."""
    for name in _CHOOSERS:
        written = _written_value(parameters, name)
        if isinstance(written, str) and not written.strip():
            hint = f"Name the {name}, or leave it out if there is a default or only one: nodeloom describe {node.name}"
            raise ParameterError(f"{node.label}: the {name} is empty.", property=name, value=written, hint=hint)


def _written_value(parameters: Mapping[str, object], name: str) -> object:
    if name in parameters:
        return parameters[name]
    return next((v for k, v in parameters.items() if k.casefold() == name), None)


def _is_blank(value: object) -> bool:
    return value is ABSENT or value is None or value == ""


def _indexed_resource(node: Node, written: object) -> str:
    """The resource of a split node, which is known before its properties are."""
    prop = next((p for p in node.document.properties if p.name == RESOURCE), None)
    if _is_blank(written) and prop is not None and not _is_blank(prop.default):
        written = prop.default
    known = node.resources()
    if _is_blank(written):
        return known[0] if len(known) == 1 else _refuse_open(node, RESOURCE, known)
    _refuse_template(node, RESOURCE, written)
    return str(node.match_resource(written))


def _refuse_open(node: Node, kind: str, known: Sequence[str]) -> NoReturn:
    shown = ", ".join(map(repr, known[:12])) + (", …" if len(known) > 12 else "")
    hint = f"Choose one of: {shown}." if known else "None is offered with these parameters."
    raise ParameterError(f"{node.label}: which {kind}?", property=kind, hint=hint)


def _refuse_template(node: Node, kind: str, written: object) -> None:
    if isinstance(written, str) and is_template(written, "author"):
        raise ParameterError(
            f"{node.label}: the {kind} cannot be an expression.",
            property=kind,
            value=written,
            hint=f"Name the {kind}; run once for each {kind} that you need.",
        )


def _name_parameters(
    descriptor: NodeDescriptor, parameters: Mapping[str, object]
) -> tuple[dict[str, object], str | None]:
    """The parameters under their properties' names, and the first that no property has."""
    names = PropertyNames(descriptor.properties)
    given: dict[str, object] = {}
    unknown: str | None = None
    for key, value in parameters.items():
        # These are read apart, in any case of their letters.
        if key == REQUEST_OPTIONS or key.casefold() in _CHOOSERS:
            continue
        name = names.find(key)
        if name is None:
            unknown = unknown or key
        elif name in given:
            raise ParameterError(f"{name} is given twice.", property=name, hint="Leave one of them out.")
        else:
            given[name] = value
    return given, unknown


class _Selector:
    """Places what is written for one node.

    Args:
        node: the node.
        descriptor: the part of it that describes the resource.
        resource: that of a split node, matched already.
        dialect: that of the parameters.
        strict: whether a name that cannot be placed is an error.
    """

    def __init__(
        self, node: Node, descriptor: NodeDescriptor, resource: str | None, dialect: Dialect, *, strict: bool
    ) -> None:
        self._node = node
        self._descriptor = descriptor
        self._resource = resource
        self._dialect: Dialect = dialect
        self._strict = strict

    def is_template(self, value: object) -> bool:
        """Whether a parameter's value is an expression."""
        return isinstance(value, str) and is_template(value, self._dialect)

    def place(self, shown: Sequence[PropertyDescriptor], written: object, around: Surroundings) -> object:
        """The value of a name, from its visible properties (see `visible_form`)."""
        name = shown[0].name
        if name in _CHOOSERS and any(prop.choices() for prop in shown):
            return self._choose(name, shown, written, around)
        if written is not ABSENT and self._dialect == "author":
            for prop in shown:
                written = respell(prop, written, strict=self._strict and len(shown) == 1)
        if written is not ABSENT and self._strict:
            check_choice(shown, written, around.offered(shown), self._descriptor.properties, self._dialect)
        return as_written(shown, written, around)

    def _choose(self, name: str, shown: Sequence[PropertyDescriptor], written: object, around: Surroundings) -> object:
        if name == RESOURCE and self._resource is not None:
            return self._resource
        offered = around.offered(shown)
        if _is_blank(written):
            return self._default(name, shown, offered, around)
        if self._strict:
            _refuse_template(self._node, name, written)
            return self._match(name, written, offered, around)
        if isinstance(written, str) and is_template(written, "author"):
            # An expression chooses nothing in n8n, whether or not it comes to a name.
            return written
        try:
            return self._match(name, written, offered, around)
        except UnknownNameError:
            return written

    def _default(
        self,
        name: str,
        shown: Sequence[PropertyDescriptor],
        offered: Sequence[OptionDescriptor],
        around: Surroundings,
    ) -> object:
        default = as_written(shown, ABSENT, around)
        if _is_blank(default):
            values = {str(option.value): option.value for option in offered}
            names = list(dict.fromkeys(option.name for option in offered))
            return next(iter(values.values())) if len(values) == 1 else _refuse_open(self._node, name, names)
        # n8n would run without the routing of any operation, and call the base address.
        if self._strict and not any(same(option.value, default) for option in offered):
            raise ParameterError(
                f"{self._node.label}: which {name}? The default is not one that there is.",
                property=name,
                value=default,
                hint=f"Choose one of: {', '.join(repr(option.name) for option in offered[:12])}.",
            )
        return default

    def _match(self, name: str, written: object, offered: Sequence[OptionDescriptor], around: Surroundings) -> object:
        try:
            if name == RESOURCE:
                return self._node.match_resource(written, among=offered)
            resource = self._resource or around.siblings.get(RESOURCE)
            return self._node.match_operation(None if resource is None else str(resource), written, offered).value
        except UnknownNameError as unknown:
            advice = self._where_offered(name, written, around)
            if advice is not None:
                unknown.hint = advice
            raise

    def refuse_unplaced(self, unplaced: Mapping[str, object], form: VisibleForm) -> None:
        """Raise UnknownNameError for a resource or operation that is written and that nothing visible takes."""
        if not self._strict:
            return
        around = self._around(form)
        for name, written in unplaced.items():
            definitions = [p for p in self._descriptor.properties if p.name == name]
            if definitions or self._dialect == "author":
                raise UnknownNameError(
                    name,
                    str(written),
                    [option.name for prop in definitions for option in prop.choices()],
                    within=self._node.label,
                    advice=self._where_offered(name, written, around)
                    or (_conditions_of(definitions, around) if definitions else f"It has no {name}s; leave it out."),
                )

    def refuse_hidden_choices(self, given: Mapping[str, object], form: VisibleForm) -> None:
        """Raise ParameterError for a choice that says what is called, is written by an author, and is not visible."""
        shown = {prop.name for prop in form}
        for name in given if self._strict and self._dialect == "author" else ():
            hidden = [prop for prop in self._descriptor.properties if prop.name == name and _offers_requests(prop)]
            if hidden and name not in shown and name not in _CHOOSERS:
                raise ParameterError(
                    f"{self._node.label}: {hidden[0].label} is not offered with these parameters.",
                    property=hidden[0].label,
                    value=given[name],
                    hint=_conditions_of(hidden, self._around(form)),
                )

    def operation(self, form: VisibleForm, *, written: bool) -> OptionDescriptor | None:
        """The operation of a settled form; `written` says whether the author named it.

        Raises ParameterError where an expression decides which of several it is.
        """
        shown = [prop for prop in form.properties if prop.name == OPERATION and prop.choices()]
        if not shown:
            return None
        value = form.values.get(OPERATION)
        found = [o for o in self._around(form).offered(shown) if same(o.value, value)]
        if self._strict and len(found if written else shown) > 1:
            # Judged as if no value were an expression: what stays visible is visible for each item.
            certain = Surroundings(form.values, form.values, edition_of(self._descriptor), lambda _value: False)
            open_ones = [prop for prop in shown if not certain.visible(prop.display_options)]
            if open_ones:
                raise ParameterError(
                    f"{self._node.label}: an expression decides which operation {preview(value)!r} is.",
                    property=OPERATION,
                    hint=f"{_conditions_of(open_ones, certain)} Write that out, and run once for each.",
                )
        if found:
            return found[-1]
        return OptionDescriptor.model_validate({"name": str(value), "value": value})

    def refuse_silence(self, form: VisibleForm) -> None:
        """Raise ParameterError where operations are all hidden and nothing visible says what is called instead."""
        properties = self._descriptor.properties
        hidden = [prop for prop in properties if prop.name == OPERATION and prop.choices()]
        shown = {id(prop) for prop in form}
        hidden = hidden or [prop for prop in properties if id(prop) not in shown and _offers_requests(prop)]
        if self._strict and hidden and not any(_makes_request(prop, form.values.get(prop.name)) for prop in form):
            raise ParameterError(
                f"{self._node.label}: no operation is offered with these parameters.",
                property=hidden[0].name,
                hint=_conditions_of(hidden, self._around(form)),
            )

    def _around(self, form: VisibleForm) -> Surroundings:
        return Surroundings(form.values, form.values, edition_of(self._descriptor), self.is_template)

    def _where_offered(self, name: str, written: object, around: Surroundings) -> str | None:
        """With which parameters the choice that `written` names would be offered; None if there is no such choice."""
        for prop in self._descriptor.properties:
            if prop.name == name:
                for option in prop.choices():
                    if plain(written) in map(plain, (option.value, option.name, option.action or "")):
                        needs = [*_unmet(prop.display_options, around), *_unmet(option.display_options, around)]
                        if needs:
                            return f"{option.name} is offered when {' and '.join(needs)}."
        return None


def _offers_requests(prop: PropertyDescriptor) -> bool:
    """Whether a choice of the property says what is called: an address or a method."""
    requests = [option.routing.request for option in prop.choices() if option.routing is not None]
    return any(request is not None and (request.url or request.method) for request in requests)


def _makes_request(prop: PropertyDescriptor, value: object) -> bool:
    """Whether the property, or the choice it holds, says what is called."""
    routings = [prop.routing, *(option.routing for option in prop.choices() if same(option.value, value))]
    return any(routing is not None and routing.request is not None for routing in routings)


def _conditions_of(properties: Iterable[PropertyDescriptor], around: Surroundings) -> str:
    """What would have to hold for these properties to be visible."""
    needs = list(dict.fromkeys(" and ".join(_unmet(prop.display_options, around)) for prop in properties))
    shown = ", or when ".join(needs[:5]) + (", …" if len(needs) > 5 else "")
    return f"It is offered when {shown}."


def _unmet(options: DisplayOptions | None, around: Surroundings) -> Iterator[str]:
    if options is None:
        return
    for key, conditions in (options.show or {}).items():
        several = conditions if isinstance(conditions, list) else [conditions]
        if not any(matches(condition, around.values(key)) for condition in several):
            yield f"{key.removeprefix('/')} is {' or '.join(map(preview, several))}"
    for key, conditions in (options.hide or {}).items():
        several = conditions if isinstance(conditions, list) else [conditions]
        values = around.values(key)
        if values and any(matches(condition, values) for condition in several):
            yield f"{key.removeprefix('/')} is not {' or '.join(map(preview, several))}"
