"""From a node and an author's parameters to a plan. Everything that does not depend on an item happens here."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nodeloom.descriptor.catalogue import OPERATION, RESOURCE, Node, PropertyNames
from nodeloom.descriptor.models import NodeDescriptor, OptionDescriptor, PropertyDescriptor, Routing
from nodeloom.descriptor.visibility import Surroundings, VisibleForm, visible_form
from nodeloom.errors import InvalidValueError, MissingValueError, ParameterError, UnknownNameError
from nodeloom.expression import Compiled, Dialect, Environment, Scope, compile_value
from nodeloom.expression.split import is_template
from nodeloom.plan.address import AddressTemplate, UrlValues, is_settled
from nodeloom.plan.draft import Draft
from nodeloom.plan.marks import Marks, Within, joined, marks_of_part, parameter_fields
from nodeloom.plan.merge import copy_json
from nodeloom.plan.missing import is_missing
from nodeloom.plan.operation import OperationPlan
from nodeloom.plan.pagination import pagination_of
from nodeloom.plan.routing import REST, refuse_operations_hooks
from nodeloom.plan.spelling import respell
from nodeloom.plan.steps import KeyStep, RequiredStep, Step, StepBuilder, UntoldStep, constant, pagination_in
from nodeloom.plan.transfer import REQUEST_OPTIONS, Transfer, transfer_of


def compile_plan(
    node: Node,
    parameters: Mapping[str, Any],
    *,
    dialect: Dialect = "author",
    url_values: UrlValues = "strict",
    version: int | float | None = None,
    untold: Container[str] = (),
) -> OperationPlan:
    """Compile one operation of `node` with an author's `parameters` (flat, `resource` and `operation` among them).

    With `dialect="n8n"` the parameters come from a node instance of n8n: only `=…` is a template, and parameters of
    other operations are ignored. `untold` are the names of properties whose values are secret. Raises UnknownNameError,
    ParameterError, or ExpressionSyntaxError with a caret.
    """
    return _compiler(node, parameters, dialect, url_values, version).plan(untold=untold)


def compile_loader(
    node: Node,
    property_name: str,
    parameters: Mapping[str, Any],
    routing_of: Callable[[PropertyDescriptor], Routing],
    *,
    dialect: Dialect,
    url_values: UrlValues,
    untold: Container[str] = (),
) -> OperationPlan:
    """The plan of a request that serves a visible property, such as loading its choices.

    `routing_of` gives that request's routing. The property's own parameters are in scope, their routing is not used.
    Raises UnknownNameError when the operation does not show the property.
    """
    compiler = _compiler(node, parameters, dialect, url_values, None, partial=True)
    names = PropertyNames(compiler.form.properties)
    found = names.find(property_name)
    if found is None:
        raise UnknownNameError("property", property_name, names.labels(), within=node.label)
    prop = next(p for p in compiler.form.properties if p.name == found)
    return compiler.plan(only=routing_of(prop), untold=untold)


def _compiler(
    node: Node,
    parameters: Mapping[str, Any],
    dialect: Dialect,
    url_values: UrlValues,
    version: int | float | None,
    *,
    partial: bool = False,
) -> _Compiler:
    if version is not None:
        node = node.at_version(version)
    choice = _choose(node, parameters, as_n8n=url_values == "raw")
    given = _named(choice, parameters, lenient=dialect == "n8n")
    if choice.resource is not None:
        given[RESOURCE] = choice.resource
    if choice.operation is not None:
        given[OPERATION] = choice.operation.value
    form = visible_form(
        choice.descriptor.properties,
        given,
        version=choice.descriptor.type_version,
        is_template=lambda value: isinstance(value, str) and is_template(value, dialect),
    )
    if dialect == "author":
        for prop in form.properties:
            if prop.name in given:
                form.values[prop.name] = respell(prop, form.values[prop.name])
        if not partial:
            _refuse_invisible(node, choice, given, form)
    return _Compiler(node, choice, given, form, dialect, url_values, transfer_of(parameters.get(REQUEST_OPTIONS)))


@dataclass(frozen=True, slots=True)
class _Choice:
    descriptor: NodeDescriptor
    resource: str | None
    operation: OptionDescriptor | None

    @property
    def title(self) -> str:
        """The operation as a person names it."""
        return self.operation.name if self.operation else self.descriptor.display_name


def _written_value(parameters: Mapping[str, Any], name: str) -> Any:
    if name in parameters:
        return parameters[name]
    return next((v for k, v in parameters.items() if k.casefold() == name), None)


def _choose(node: Node, parameters: Mapping[str, Any], *, as_n8n: bool) -> _Choice:
    """The resource and operation meant. `as_n8n` lets an operation pass that is hidden here; it contributes nothing."""
    resource_property = _property(node.document.properties, RESOURCE)
    resource = None
    if node.document.resources is not None or resource_property is not None:
        resource = _chosen_name(
            node, RESOURCE, _written_value(parameters, RESOURCE), resource_property, node.resources()
        )
        resource = node.match_resource(resource)
    descriptor = node.descriptor(resource)
    operations = node.operations(resource)
    if not operations:
        return _Choice(descriptor, resource, None)
    around = {RESOURCE: resource}
    operation_property = _property(
        descriptor.properties, OPERATION, Surroundings(around, around, descriptor.type_version).visible
    )
    name = _chosen_name(
        node, OPERATION, _written_value(parameters, OPERATION), operation_property, [o.name for o in operations]
    )
    hidden = [o for p in descriptor.properties if p.name == OPERATION for o in p.choices() if o.value == name]
    if as_n8n and hidden and all(o.value != name for o in operations):
        return _Choice(descriptor, resource, hidden[0].model_copy(update={"routing": None}))
    return _Choice(descriptor, resource, node.match_operation(resource, name))


def _property(
    properties: Iterable[PropertyDescriptor], name: str, visible: Callable[[Any], bool] = lambda _options: True
) -> PropertyDescriptor | None:
    return next((p for p in properties if p.name == name and visible(p.display_options)), None)


def _chosen_name(node: Node, kind: str, written: Any, prop: PropertyDescriptor | None, known: list[str]) -> Any:
    if written is None and prop is not None and prop.has_default:
        written = prop.default
    if written is None or written == "":
        if len(known) == 1:
            return known[0]
        shown = ", ".join(map(repr, known[:12])) + (", …" if len(known) > 12 else "")
        raise ParameterError(f"{node.label}: which {kind}?", property=kind, hint=f"Choose one of: {shown}.")
    if isinstance(written, str) and is_template(written, "author"):
        raise ParameterError(
            f"{node.label}: the {kind} cannot be an expression.",
            property=kind,
            value=written,
            hint=f"Name the {kind}; run once for each {kind} that you need.",
        )
    return written


def _named(choice: _Choice, parameters: Mapping[str, Any], *, lenient: bool) -> dict[str, Any]:
    """The parameters under their properties' names. Raises UnknownNameError for a name nobody knows."""
    names = PropertyNames(choice.descriptor.properties)
    given: dict[str, Any] = {}
    for key, value in parameters.items():
        if key == REQUEST_OPTIONS or key.casefold() in (RESOURCE, OPERATION):
            continue
        name = names.find(key)
        if name is None:
            if lenient:
                continue
            visible = [p for p in choice.descriptor.properties if p.name not in (RESOURCE, OPERATION)]
            raise UnknownNameError("property", key, PropertyNames(visible).labels(), within=choice.title)
        if name in given:
            raise ParameterError(f"{name} is given twice.", property=name, hint="Leave one of them out.")
        given[name] = value
    return given


def _refuse_invisible(node: Node, choice: _Choice, given: Mapping[str, Any], form: VisibleForm) -> None:
    """An author who sets what this operation does not have is told so; n8n ignores it silently."""
    shown = {p.name for p in form.properties}
    for name in given:
        if name not in shown and node.document.resources is not None:
            owners = [
                o.name
                for o in node.operations(choice.resource)
                if any(
                    p.name == name
                    and o.value in ((p.display_options.show or {}) if p.display_options else {}).get(OPERATION, [])
                    for p in choice.descriptor.properties
                )
            ]
            labels = [p.label for p in form.properties if p.name not in (RESOURCE, OPERATION)]
            raise ParameterError(
                f"{choice.title} has no property {name!r}.",
                property=name,
                hint=f"It belongs to {', '.join(owners)}. {choice.title} has: {', '.join(labels) or 'no properties'}.",
            )


class _Compiler:
    """Compiles the parts of one plan; lives as long as `compile_plan` runs."""

    def __init__(
        self,
        node: Node,
        choice: _Choice,
        given: Mapping[str, Any],
        form: VisibleForm,
        dialect: Dialect,
        url_values: UrlValues,
        transfer: Transfer,
    ) -> None:
        self._node = node
        self._choice = choice
        self._given = given
        self.form = form
        self._transfer = transfer
        self._dialect: Dialect = dialect
        self._url_values: UrlValues = url_values

    def plan(self, *, only: Routing | None = None, untold: Container[str] = ()) -> OperationPlan:
        """The finished plan; with `only`, of that routing alone."""
        parameters = self._parameters()
        static = [name for name, compiled in parameters.items() if compiled.static]
        made_of = parameter_fields(parameters)
        builder = StepBuilder(
            dialect=self._dialect,
            root=self.form.values,
            version=self._choice.descriptor.type_version,
            static_parameters=static,
            parameters=made_of,
            untold=untold,
        )
        defaults = _DefaultsStep(self._choice.descriptor, static, Within(made_of))
        steps: list[Step] = [defaults]
        if only is not None:
            steps.append(builder.routing_step(only))
            hidden = (prop for prop in self.form.properties if builder.is_untold(prop) and prop.name in parameters)
            steps.extend(UntoldStep(parameters[prop.name]) for prop in hidden)
        else:
            for prop in self.form.properties:
                steps.extend(self._steps_of(prop, parameters, builder))
        _try_constants(steps)
        pagination = pagination_in(steps, defaults.pagination)
        own = [*parameters.values(), *defaults.compiled(), *(pagination.compiled() if pagination else ())]
        return OperationPlan(
            node=self._node,
            descriptor=self._choice.descriptor,
            resource=self._choice.resource,
            operation=self._choice.operation,
            parameters={name: _as_shown(compiled) for name, compiled in parameters.items()},
            values=self.form.values,
            steps=steps,
            needs_all_items=builder.needs_all_items or any(c.needs_all_items for c in own),
            url_values=self._url_values,
            transfer=self._transfer,
            marks=joined(step.marks for step in steps),
            made_of=made_of,
        )

    def _steps_of(
        self, prop: PropertyDescriptor, parameters: Mapping[str, Compiled], builder: StepBuilder
    ) -> Iterator[Step]:
        if prop.name not in self.form.values:
            self._check_required(prop)
            return
        compiled = parameters[prop.name]
        if prop.required and prop.name not in (RESOURCE, OPERATION):
            self._check_constant(prop, compiled)
            steps = list(builder.steps(prop, self.form.values[prop.name], compiled, {}))
            # A key that is missing is said where it is put into the path.
            if not compiled.static and not (steps and isinstance(steps[0], KeyStep)):
                yield RequiredStep(prop, compiled)
            yield from steps
            return
        yield from builder.steps(prop, self.form.values[prop.name], compiled, {})

    def _parameters(self) -> dict[str, Compiled]:
        compiled: dict[str, Compiled] = {}
        for prop in self.form.properties:
            if prop.name in self.form.values and prop.name not in compiled:
                dialect: Dialect = self._dialect if prop.name in self._given else "n8n"
                compiled[prop.name] = compile_value(self._written(prop), dialect=dialect, property=prop.label)
        return compiled

    def _written(self, prop: PropertyDescriptor) -> Any:
        """The value as written; a resourceLocator's default is marked as one, as n8n marks what a form holds."""
        value = self.form.values[prop.name]
        if prop.type == "resourceLocator" and isinstance(value, Mapping) and "mode" in value:
            return {"__rl": True, **value}
        return value

    def _check_required(self, prop: PropertyDescriptor) -> None:
        if prop.required:
            raise ParameterError(
                f"{prop.label} is missing.",
                property=prop.label,
                hint=f"{self._choice.title} needs it: set the parameter {prop.label!r}.",
            )

    def _check_constant(self, prop: PropertyDescriptor, compiled: Compiled) -> None:
        if compiled.static and is_missing(compiled.value) and self._url_values == "strict":
            raise ParameterError(
                f"{prop.label} is empty.", property=prop.label, hint=f"{self._choice.title} needs a value for it."
            )


def _try_constants(steps: list[Step]) -> None:
    """Apply the steps that are the same for every item, so that what cannot be sent is said before the run."""
    draft = Draft(Scope(Environment(), [], 0, item={"json": {}}))
    for step in steps:
        if step.static:
            try:
                step.apply(draft)
            except (InvalidValueError, MissingValueError) as error:
                refused = ParameterError(error.message, hint=error.hint, property=error.property)
                refused.value = error.value
                raise refused from None


def _as_shown(compiled: Compiled) -> Compiled:
    """What `$parameter` shows: templates at the top and in a resourceLocator resolved, others as written (n8n)."""
    source = compiled.source
    located = isinstance(source, Mapping) and "__rl" in source
    return compiled if located or isinstance(source, str) or compiled.static else constant(source)


class _DefaultsStep:
    """`requestDefaults` and `requestOperations`: the ground every request stands on."""

    def __init__(self, descriptor: NodeDescriptor, static_parameters: list[str], within: Within) -> None:
        entries = descriptor.request_defaults.entries() if descriptor.request_defaults else {}
        self._parts: dict[str, AddressTemplate | Compiled] = {
            key: AddressTemplate(value, static_parameters=static_parameters, within=within)
            if key in ("url", "baseURL") and isinstance(value, str)
            else compile_value(value, dialect="n8n", property=f"requestDefaults.{key}")
            for key, value in entries.items()
        }
        refuse_operations_hooks(descriptor.request_operations)
        self.pagination = pagination_of(descriptor.request_operations)
        self.static = all(part.static for part in self._parts.values())
        self.settled = all(
            part.settled if isinstance(part, AddressTemplate) else is_settled(part) for part in self._parts.values()
        )
        self.touches = frozenset({*self._parts, REST})
        self.marks = joined(
            Marks(address=part.made_of) if isinstance(part, AddressTemplate) else marks_of_part(key, part, within)
            for key, part in self._parts.items()
        )

    def compiled(self) -> list[Compiled]:
        """Every compiled template of the defaults."""
        found: list[Compiled] = []
        for part in self._parts.values():
            found.extend(part.compiled() if isinstance(part, AddressTemplate) else [part])
        return found

    def apply(self, draft: Draft) -> None:
        """Lay the ground of `draft`."""
        for key, part in self._parts.items():
            draft.options[key] = copy_json(part.resolve(draft.scope))
        draft.pagination = self.pagination
