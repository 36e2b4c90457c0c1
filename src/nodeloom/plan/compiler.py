"""From a node and an author's parameters to a plan. Everything that does not depend on an item happens here."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nodeloom.descriptor.catalogue import OPERATION, RESOURCE, Node, PropertyNames
from nodeloom.descriptor.conditions import same
from nodeloom.descriptor.models import NodeDescriptor, PropertyDescriptor, Routing
from nodeloom.descriptor.visibility import edition_of
from nodeloom.errors import InvalidValueError, MissingValueError, ParameterError, UnknownNameError
from nodeloom.expression import Compiled, Dialect, Environment, Scope, compile_value
from nodeloom.expression.splitting import is_template
from nodeloom.plan.address import UrlValues
from nodeloom.plan.body_fields import BodyFields, PatchStep, body_fields, parameters_read_by, sends_body
from nodeloom.plan.draft import Draft
from nodeloom.plan.filling import Filling
from nodeloom.plan.givenparameters import Parameters, sends_condition
from nodeloom.plan.locator import is_locator
from nodeloom.plan.marks import NO_MARKS, Marks, Within, join_marks, parameter_fields
from nodeloom.plan.merge import copy_json, merge
from nodeloom.plan.missingvalues import is_missing
from nodeloom.plan.operation import OperationPlan
from nodeloom.plan.pagination import Pagination, pagination_of
from nodeloom.plan.preconditions import WrittenConditions
from nodeloom.plan.requestmembers import Member, compile_members, marks_of_members, templates_of
from nodeloom.plan.routing import REST
from nodeloom.plan.routinghooks import refuse_operations_hooks
from nodeloom.plan.selection import Selection, select
from nodeloom.plan.stepbuilder import StepBuilder, pagination_in
from nodeloom.plan.steps import KeyStep, RequiredStep, Step, UntoldStep, constant, takes_null
from nodeloom.plan.transfer import REQUEST_OPTIONS, Transfer, transfer_of
from nodeloom.plan.uses import Name, Use, compiler_for, known_texts, routings_in, uses_in


def compile_plan(
    node: Node,
    parameters: Mapping[str, object],
    *,
    dialect: Dialect = "author",
    url_values: UrlValues = "strict",
    version: int | float | None = None,
    untold: Container[str] = (),
) -> OperationPlan:
    """Compile one operation of a node with an author's parameters.

    Raises UnknownNameError, ParameterError, or ExpressionSyntaxError with a caret.

    Args:
        node: whose operation it is.
        parameters: flat, `resource` and `operation` among them.
        dialect: "n8n" for parameters of a node instance of n8n: only `=…` is a template, and parameters of other
            operations are ignored.
        url_values: how values get into addresses.
        version: of the node; None for the newest.
        untold: the names of properties whose values are secret.
    """
    return _compiler(node, parameters, dialect, url_values, version).plan(untold=untold)


def compile_loader(
    node: Node,
    property_name: str,
    parameters: Mapping[str, object],
    routing_of: Callable[[PropertyDescriptor], Routing],
    *,
    dialect: Dialect,
    url_values: UrlValues,
    untold: Container[str] = (),
) -> OperationPlan:
    """The plan of a request that serves a visible property, such as loading its choices.

    The property's own parameters are in scope, their routing is not used. Raises UnknownNameError if the operation does
    not show the property.

    Args:
        node: whose property it is.
        property_name: its name or label.
        parameters: those that are filled in so far.
        routing_of: gives the routing of the request for the property.
        dialect: that of the parameters.
        url_values: how values get into addresses.
        untold: the names of properties whose values are secret.
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
    parameters: Mapping[str, object],
    dialect: Dialect,
    url_values: UrlValues,
    version: int | float | None,
    *,
    partial: bool = False,
) -> _Compiler:
    """What compiles a plan of the operation that the parameters are for, its form filled in. Raises as `compile_plan`.

    Args:
        node: whose operation it is.
        parameters: flat, `resource` and `operation` among them.
        dialect: in which they are written.
        url_values: how values get into addresses.
        version: of the node; None for the newest.
        partial: whether the form is still being filled in.
    """
    if version is not None:
        node = node.at_version(version)
    chosen = select(node, parameters, dialect=dialect, url_values=url_values, partial=partial)
    if dialect == "author":
        if chosen.unknown is not None:
            visible = [p for p in chosen.descriptor.properties if p.name not in (RESOURCE, OPERATION)]
            raise _unknown_property(chosen.unknown, visible, chosen.title)
        if not partial:
            _refuse_invisible(node, chosen, strict=url_values == "strict")
    _fill(chosen, dialect, as_n8n=url_values == "raw")
    return _Compiler(node, chosen, dialect, url_values, transfer_of(parameters.get(REQUEST_OPTIONS)))


def _unknown_property(name: str, visible: Sequence[PropertyDescriptor], within: str) -> UnknownNameError:
    """The error for a parameter that is not a visible property. If a collection has it, the hint says so."""
    error = UnknownNameError("property", name, PropertyNames(visible).labels(), within=within)
    for prop in visible:
        members = [p for p in prop.options or () if isinstance(p, PropertyDescriptor)]
        if prop.type == "collection" and PropertyNames(members).find(name) is not None:
            error.hint = f'It is in {prop.label}: {{"{prop.label}": {{"{name}": …}}}}.'
            break
    return error


def _fill(chosen: Selection, dialect: Dialect, *, as_n8n: bool) -> None:
    """Give the form what n8n's form holds beside what was written: defaults in entries of collections."""

    def is_written_template(value: object) -> bool:
        return isinstance(value, str) and is_template(value, dialect)

    form = chosen.form
    filling = Filling(form.values, edition_of(chosen.descriptor), dialect, is_written_template, as_n8n)
    written = dict(form.values)
    for prop in form.properties:
        if prop.name in written:
            filled = filling.value(prop, written[prop.name])
            before = form.values[prop.name]
            if (
                not as_n8n
                and isinstance(before, dict)
                and isinstance(filled, dict)
                and before is not written[prop.name]
            ):
                # Of two visible collections with one name n8n's form holds the members of the last; here those of both.
                filled = {**before, **filled}
            form.values[prop.name] = filled


def _refuse_invisible(node: Node, chosen: Selection, *, strict: bool) -> None:
    """An author who sets what this operation does not have is told so; n8n ignores it silently.

    So it is in nodes that are split by their resources. In others only a condition is held to it: the operation would
    act without it (strict).
    """
    shown = {p.name for p in chosen.form.properties}
    split = node.document.resources is not None
    for name in chosen.given:
        if name not in shown and name != RESOURCE and (split or (strict and _is_hidden_condition(chosen, name))):
            owners = [
                o.name
                for o in node.operations(chosen.resource)
                if any(
                    p.name == name
                    and o.value in ((p.display_options.show or {}) if p.display_options else {}).get(OPERATION, [])
                    for p in chosen.descriptor.properties
                )
            ]
            labels = [p.label for p in chosen.form.properties if p.name not in (RESOURCE, OPERATION)]
            belongs = f"It belongs to {', '.join(owners)}. " if owners else ""
            raise ParameterError(
                f"{chosen.title} has no property {name!r}.",
                property=name,
                hint=f"{belongs}{chosen.title} has: {', '.join(labels) or 'no properties'}.",
            )


def _is_hidden_condition(chosen: Selection, name: str) -> bool:
    """Whether the property `name` would be sent as a condition if it were shown, and has a value of its own."""
    properties = [prop for prop in chosen.descriptor.properties if prop.name == name]
    if is_missing(chosen.given[name]) or any(same(chosen.given[name], p.default) for p in properties if p.has_default):
        return False
    sends = [prop.routing.send for prop in properties if prop.routing is not None]
    return any(send is not None and sends_condition(send) for send in sends)


class _Compiler:
    """Compiles the parts of one plan; lives as long as `compile_plan` runs.

    Args:
        node: whose operation it is.
        chosen: the operation, and the form that is filled in for it.
        dialect: that of the parameters.
        url_values: how values get into addresses.
        transfer: how the requests travel.
    """

    def __init__(
        self,
        node: Node,
        chosen: Selection,
        dialect: Dialect,
        url_values: UrlValues,
        transfer: Transfer,
    ) -> None:
        self._node = node
        self._choice = chosen
        self._given = chosen.given
        self.form = chosen.form
        self._transfer = transfer
        self._dialect: Dialect = dialect
        self._url_values: UrlValues = url_values

    def plan(self, *, only: Routing | None = None, untold: Container[str] = ()) -> OperationPlan:
        """The finished plan; with `only`, of that routing alone."""
        parameters = self._parameters(only)
        known = Parameters(
            static=frozenset(name for name, compiled in parameters.items() if compiled.static),
            given=frozenset(prop.name for prop in self.form.properties if self._is_given(prop)),
            strict=self._url_values == "strict",
        )
        made_of = parameter_fields(parameters)
        builder = StepBuilder(
            dialect=self._dialect,
            root=self.form.values,
            edition=edition_of(self._choice.descriptor),
            parameters=known,
            made_of=made_of,
            untold=untold,
        )
        descriptor = self._choice.descriptor
        refuse_operations_hooks(descriptor.request_operations)
        defaults = list(_defaults(descriptor, known, Within(made_of)))
        steps: list[Step] = [*defaults]
        if only is not None:
            steps.extend(builder.routing_steps(only))
            hidden = (prop for prop in self.form.properties if builder.is_untold(prop) and prop.name in parameters)
            steps.extend(UntoldStep(parameters[prop.name]) for prop in hidden)
        else:
            for prop in self.form.properties:
                steps.extend(self._steps_of(prop, parameters, builder))
            # Only an operation that has fields for a body: a PATCH without any is meant without a body.
            if known.strict and any(map(sends_body, self.form.properties)):
                steps.append(PatchStep())
        _try_constants(steps)
        pagination = pagination_in(steps, pagination_of(descriptor.request_operations))
        own = [*parameters.values(), *(pagination.all_templates() if pagination else ())]
        own += [template for step in defaults for template in templates_of(step.members)]
        return OperationPlan(
            node=self._node,
            descriptor=self._choice.descriptor,
            resource=self._choice.resource,
            operation=self._choice.operation,
            parameters={name: _as_shown(compiled, known.strict) for name, compiled in parameters.items()},
            values=self.form.values,
            steps=steps,
            needs_all_items=builder.needs_all_items or any(c.needs_all_items for c in own),
            url_values=self._url_values,
            transfer=self._transfer,
            pages_choose_method=pagination is not None and pagination.chooses_method,
            marks=join_marks(step.marks for step in steps),
            made_of=made_of,
            body_fields=self._body_fields(parameters, builder) if only is None and known.strict else None,
        )

    def _body_fields(self, parameters: Mapping[str, Compiled], builder: StepBuilder) -> BodyFields | None:
        """What the author set for the body, whether it is sent by a property's own routing or by the name of one."""
        names = {*builder.body_parameters, *parameters_read_by(self._choice.descriptor.request_defaults)}
        by_name = [
            (prop, parameters[prop.name])
            for prop in self.form.properties
            if prop.name in names and prop.name in parameters and self._is_given(prop)
        ]
        return body_fields([*builder.body_values, *by_name])

    def _steps_of(
        self, prop: PropertyDescriptor, parameters: Mapping[str, Compiled], builder: StepBuilder
    ) -> Iterator[Step]:
        if prop.name not in self.form.values:
            self._check_required(prop)
            return
        compiled = parameters[prop.name]
        if prop.required and prop.name not in (RESOURCE, OPERATION):
            self._check_constant(prop, compiled)
            steps = list(builder.steps(prop, self.form.values[prop.name], compiled, {}, given=self._is_given(prop)))
            # The step that puts a key into the path says itself that the key is missing.
            keyed = any(isinstance(step, KeyStep) for step in steps)
            if self._url_values == "strict" and not compiled.static and not keyed:
                yield RequiredStep(prop, compiled)
            yield from steps
            return
        yield from builder.steps(prop, self.form.values[prop.name], compiled, {}, given=self._is_given(prop))

    def _is_given(self, prop: PropertyDescriptor) -> bool:
        """Whether the author gave the property a value of its own: a form may give its default back."""
        return prop.name in self._given and not (
            prop.has_default and same(self.form.values.get(prop.name), prop.default)
        )

    def _parameters(self, only: Routing | None) -> dict[str, Compiled]:
        compiled: dict[str, Compiled] = {}
        strict = self._url_values == "strict"
        known = known_texts("$parameter", self.form.values, self._dialect) if strict else {}
        uses = self._uses(only, known) if strict else {}
        for prop in self.form.properties:
            if prop.name in self.form.values and prop.name not in compiled:
                dialect: Dialect = self._dialect if prop.name in self._given else "n8n"
                own = uses_in([prop.routing], known=known).get(("$value",)) if strict else None
                template = compiler_for(own or uses.get(("$parameter", prop.name)))
                compiled[prop.name] = compile_value(
                    self._written(prop), dialect=dialect, property=prop.label, template=template
                )
        return compiled

    def _uses(self, only: Routing | None, known: Mapping[Name, str]) -> dict[Name, Use]:
        """What the descriptor's templates put the parameters into; `known` as in `uses_in`."""
        routings: list[Routing | None] = [only]
        for prop in self.form.properties if only is None else ():
            if prop.choices():
                value = self.form.values.get(prop.name)
                routings += [prop.routing, *(o.routing for o in prop.choices() if same(o.value, value))]
            else:
                routings += routings_in(prop)
        return uses_in(routings, self._choice.descriptor.request_defaults, known)

    def _written(self, prop: PropertyDescriptor) -> object:
        """The value as written; a resourceLocator's default is marked as one, as n8n marks what a form holds.

        So is what an author wrote, for whom the mark would be noise.
        """
        value = self.form.values[prop.name]
        if self._dialect == "n8n" and prop.name in self._given:
            return value
        if prop.type == "resourceLocator" and is_locator(prop, value):
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
        if compiled.value is None and takes_null(prop):
            return
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
                # No item is to blame: the author's own parameter is wrong, and the run does not begin.
                refused = ParameterError(error.message, hint=error.hint, property=error.property)
                refused.value = error.value
                raise refused from None


def _as_shown(compiled: Compiled, strict: bool) -> Compiled:
    """What `$parameter` shows: templates resolved. In n8n only those at the top and in a resourceLocator are."""
    source = compiled.source
    is_shown = strict or compiled.static or isinstance(source, str) or is_locator(None, source)
    return compiled if is_shown else constant(source)


@dataclass(frozen=True, slots=True)
class _DefaultsStep:
    """Members of `requestDefaults`, and `requestOperations`: the ground every request stands on.

    Args:
        members: compiled.
        settled: whether they are the same for every item as long as the credential is.
        pagination: that of `requestOperations`.
        adds: whether other members of the same keys stand there already.
        conditions: the conditions among the members, by the part they stand in.
        marks: the parts that are the credential's.
    """

    members: Sequence[Member]
    settled: bool
    pagination: Pagination | None
    adds: bool = False
    conditions: Mapping[str, WrittenConditions] = field(default_factory=dict)
    marks: Marks = NO_MARKS

    @property
    def static(self) -> bool:
        """Whether it is the same for every item and credential."""
        return all(template.static for template in templates_of(self.members))

    @property
    def touches(self) -> frozenset[str]:
        """The keys of the members; the first step also says how pages are fetched."""
        return frozenset({*(key for key, _part in self.members), *(() if self.adds else (REST,))})

    def apply(self, draft: Draft) -> None:
        """Lay the ground of `draft`."""
        for key, part in self.members:
            value = part.resolve(draft.scope)
            if key in self.conditions:
                self.conditions[key].check(value, draft.scope, None)
            if self.adds and isinstance(value, dict):
                merge(draft.options, {key: value})
            else:
                draft.options[key] = copy_json(value)
        if not self.adds:
            draft.pagination = self.pagination


def _defaults(descriptor: NodeDescriptor, parameters: Parameters, within: Within) -> Iterator[_DefaultsStep]:
    """The ground of every request: what is the same for every item, then what is not."""
    entries = descriptor.request_defaults.entries() if descriptor.request_defaults else {}
    conditions = parameters.conditions(entries, value_is_set=False)
    settled, own = compile_members(entries, parameters, within=within, checked=conditions, prefix="requestDefaults.")
    pagination = pagination_of(descriptor.request_operations)
    yield _DefaultsStep(settled, settled=True, pagination=pagination, marks=marks_of_members(settled, within))
    if own:
        marks = marks_of_members(own, within)
        yield _DefaultsStep(own, settled=False, pagination=None, adds=True, conditions=conditions, marks=marks)
