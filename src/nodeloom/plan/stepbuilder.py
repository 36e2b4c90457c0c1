"""Which steps a plan has: made from properties and what is written for them.

What the author left to an expression (which option is chosen, what a whole collection holds) is settled per item, by
steps made from the resolved data; that data is never read as a template again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from nodeloom import javascript
from nodeloom.descriptor.conditions import same
from nodeloom.descriptor.models import GroupDescriptor, OptionDescriptor, PropertyDescriptor, Routing
from nodeloom.descriptor.visibility import Edition, Surroundings, visible_form
from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED, Compiled, Dialect, compile_value
from nodeloom.expression.fieldreads import NO_FIELDS, Fields
from nodeloom.expression.splitting import is_template
from nodeloom.plan.body_fields import parameters_read, reads_value, sends_body
from nodeloom.plan.coercion import coercion_of
from nodeloom.plan.constancy import is_settled
from nodeloom.plan.constraints import constraint_of
from nodeloom.plan.draft import Draft
from nodeloom.plan.entrysteps import EntryStep, EntryTemplate, check_entries, has_templates, in_entry
from nodeloom.plan.givenparameters import Parameters
from nodeloom.plan.marks import NO_MARKS, Within
from nodeloom.plan.missingvalues import is_missing
from nodeloom.plan.pagination import Pagination
from nodeloom.plan.preconditions import empty_condition
from nodeloom.plan.routing import ANY, REST, CompiledRouting
from nodeloom.plan.steps import ConstraintStep, RoutingStep, Step, UntoldStep, constant, steps_of_routing
from nodeloom.plan.uses import Use, compiler_for, known_texts, uses_in


@dataclass(slots=True)
class DynamicStep:
    """A property whose value decides which parts contribute, and is an expression.

    What it marks is known once it has its value.

    Args:
        prop: the property.
        value: its expression.
        builder: makes the steps of the parts.
        names: further names for their templates.
        made_of: the credential's fields that the expression reads.
    """

    prop: PropertyDescriptor
    value: Compiled
    builder: StepBuilder
    names: Mapping[str, object]
    made_of: Fields = NO_FIELDS

    static = False
    settled = False
    touches = frozenset({ANY, REST})
    marks = NO_MARKS

    def apply(self, draft: Draft) -> None:
        """Resolve the value, and let the parts that it selects contribute."""
        value = self.value.resolve(draft.scope)
        if value is UNDEFINED:
            return
        self.builder.check_resolved(self.prop, value, self.value)
        with javascript.allowed(draft.scope.environment.javascript):
            for step in self.builder.children(self.prop, value, self.names, literal=True, made_of=self.made_of):
                step.apply(draft)
                draft.marks = draft.marks.plus(step.marks)


class StepBuilder:
    """Makes steps from properties and written values; each routing is compiled once per builder.

    Args:
        dialect: in which the author's templates are written.
        root: the values at the top of the form, by which conditions are judged.
        edition: of the node.
        parameters: the node's own, as templates know them.
        made_of: the credential's fields that a parameter reads, by its name.
        untold: names of the parameters whose values are not told.
    """

    def __init__(
        self,
        *,
        dialect: Dialect,
        root: Mapping[str, object],
        edition: Edition,
        parameters: Parameters,
        made_of: Mapping[str, Fields] | None = None,
        untold: Container[str] = (),
    ) -> None:
        self._dialect: Dialect = dialect
        self._root = root
        self._edition = edition
        self._parameters = parameters
        self._as_n8n = not parameters.strict
        self._within = Within(made_of or {})
        self._untold = untold
        self._routings: dict[tuple[int, bool, bool, bool, Fields, Fields], CompiledRouting] = {}
        #: What the author set for the body, with its properties, and parameters that are put into it by their names.
        self.body_values: list[tuple[PropertyDescriptor, Compiled]] = []
        self.body_parameters: list[str] = []

    @property
    def _around_root(self) -> Surroundings:
        return Surroundings(self._root, self._root, self._edition)

    @property
    def needs_all_items(self) -> bool:
        """Whether a template of a routing compiled so far reads other items than its own."""
        return any(c.needs_all_items for routing in self._routings.values() for c in routing.all_templates())

    def compile(
        self, prop: PropertyDescriptor, value: object, *, given: bool, literal: bool = False, use: Use | None = None
    ) -> Compiled:
        """A written value, compiled.

        Args:
            prop: the property.
            value: what is written.
            given: whether it is the author's, in the author's dialect; a default is in n8n's.
            literal: whether it came out of an expression, so that it is not read as one.
            use: what it is put into.
        """
        if literal:
            return constant(value)
        dialect: Dialect = self._dialect if given else "n8n"
        return compile_value(value, dialect=dialect, property=prop.label, template=compiler_for(use))

    def steps(
        self,
        prop: PropertyDescriptor,
        value: object,
        compiled: Compiled,
        names: Mapping[str, object],
        *,
        given: bool,
        literal: bool = False,
        nested: bool = False,
        made_of: Fields = NO_FIELDS,
    ) -> Iterator[Step]:
        """The steps of one visible property: its own routing, then its selected parts.

        Args:
            prop: the property.
            value: what is written for it.
            compiled: the same, compiled.
            names: further names in scope.
            given: whether the author, or the data of an item, gave it a value of its own.
            literal: whether the value came out of an expression.
            nested: whether the property is one of a collection.
            made_of: the credential's fields that the expression behind a literal was made of.
        """
        within = self._around(names, made_of)
        if not literal:
            made_of = within.fields(compiled)
        untold = self.is_untold(prop)
        if prop.value_schema is not None and (prop.routing is None or prop.routing.send is None):
            constraint = constraint_of(prop, ours=False)
            if constraint is not None:
                yield ConstraintStep(prop, compiled, constraint)
        if prop.routing is not None:
            around = replace(within, value=made_of) if made_of else within
            constant_value = compiled.static and not literal
            if given and not literal and reads_value(prop.routing):
                self.body_values.append((prop, compiled))
            if not literal:
                self.body_parameters += parameters_read(prop.routing)
            routing = self._routing(
                prop.routing, prop, compiled, value_is_static=constant_value, given=given, within=around
            )
            if routing.is_condition and given and compiled.static and is_missing(compiled.value):
                raise empty_condition(prop.label, literal=literal)
            # n8n brings only properties of the form itself to their type.
            coercion = None if nested else coercion_of(prop)
            yield from steps_of_routing(routing, prop, compiled, names, coercion, untold=untold)
        elif untold:
            yield UntoldStep(compiled)
        if not prop.options or prop.type not in ("options", "collection", "fixedCollection"):
            return
        if prop.type == "options" and not any(o.routing for o in prop.choices()):
            return
        if not compiled.static and (isinstance(value, str) or has_templates(prop, value)):
            # In n8n an expression selects nothing: its result is neither a choice nor a collection.
            if not self._as_n8n:
                if given and isinstance(value, str) and sends_body(prop):
                    self.body_values.append((prop, compiled))
                yield DynamicStep(prop, compiled, self, names, made_of)
        else:
            written = compiled.value if compiled.static else value
            yield from self.children(prop, written, names, literal=literal, made_of=made_of if literal else NO_FIELDS)

    def is_untold(self, prop: PropertyDescriptor) -> bool:
        """Whether a property's name says that its value is secret."""
        return prop.name in self._untold or (prop.display_name is not None and prop.display_name in self._untold)

    def _around(self, names: Mapping[str, object], made_of: Fields) -> Within:
        """What the names around a template were made of; a literal's were made of what it was."""
        parent = names.get("$parent")
        of_parent = parent.made_of if isinstance(parent, EntryTemplate) else made_of
        return replace(self._within, parent=of_parent) if of_parent else self._within

    def children(
        self,
        prop: PropertyDescriptor,
        value: object,
        names: Mapping[str, object],
        *,
        literal: bool,
        made_of: Fields = NO_FIELDS,
    ) -> Iterator[Step]:
        """The steps of the parts of `prop` that `value` selects.

        Args:
            prop: the property.
            value: what is written, or what its expression gave.
            names: further names for the templates of the parts.
            literal: whether the value came out of an expression.
            made_of: the credential's fields that the value was made of.
        """
        if prop.type == "options":
            yield from self._steps_of_choices(prop.choices(), value, names, made_of, literal=literal)
        elif not isinstance(value, Mapping):
            return
        elif prop.type == "collection":
            present = [child for child in prop.children() if child.name in value]
            yield from self._steps_of_members(present, value, names, defaults=False, literal=literal, made_of=made_of)
        else:
            for group in prop.groups():
                yield from self._steps_of_group(prop, group, value, names, literal=literal, made_of=made_of)

    def check_resolved(self, prop: PropertyDescriptor, value: object, written: Compiled) -> None:
        """Raise InvalidValueError if an expression gives a collection something that is not an object (strict)."""
        given = isinstance(value, Mapping) or value is None or (prop.multiple and isinstance(value, list))
        if self._parameters.strict and prop.type != "options" and not given:
            raise InvalidValueError(
                f"{prop.label} takes an object, and its expression gives something else.",
                property=prop.label,
                value=value,
                expression=str(written.source),
                hint="Set its members one by one, or let the expression give an object.",
            )

    def routing_steps(self, routing: Routing) -> Iterator[Step]:
        """The steps of a routing that belongs to no property's value."""
        nothing = constant(None)
        compiled = self._routing(routing, None, nothing, value_is_static=True, given=False, within=self._within)
        yield from steps_of_routing(compiled, None, nothing, {})

    def _steps_of_choices(
        self,
        options: Sequence[OptionDescriptor],
        value: object,
        names: Mapping[str, object],
        made_of: Fields,
        *,
        literal: bool,
    ) -> Iterator[Step]:
        """The steps of the choices that have `value`.

        Args:
            options: the property's choices.
            value: what was chosen.
            names: further names for the templates of the choices.
            made_of: the credential's fields that `value` was made of.
            literal: whether the value came out of an expression.
        """
        chosen = [option for option in options if same(option.value, value)]
        # In n8n an option has no `$value`, and of several with one value only the first is looked at.
        around = self._around(names, made_of)
        own = constant(UNDEFINED if self._as_n8n else value)
        for option in chosen[:1] if self._as_n8n else chosen:
            if option.routing is not None and self._around_root.visible(option.display_options):
                if not literal:
                    self.body_parameters += parameters_read(option.routing)
                routing = self._routing(option.routing, None, own, value_is_static=True, given=True, within=around)
                yield from steps_of_routing(routing, None, own, names)

    def _steps_of_group(
        self,
        prop: PropertyDescriptor,
        group: GroupDescriptor,
        value: Mapping[str, object],
        names: Mapping[str, object],
        *,
        literal: bool,
        made_of: Fields,
    ) -> Iterator[Step]:
        """The steps of the entries that a fixedCollection holds of one group.

        Args:
            prop: the fixedCollection.
            group: the group.
            value: what is written for the fixedCollection.
            names: further names for the templates of the members.
            literal: whether the value came out of an expression.
            made_of: the credential's fields that the value was made of.
        """
        entries = value.get(group.name)
        if entries is None or entries is UNDEFINED:
            return
        if not self._as_n8n:
            check_entries(prop, group, entries)
        if prop.multiple:
            for index, entry in enumerate(entries if isinstance(entries, list) else [entries]):
                if isinstance(entry, Mapping):
                    inner = {**names, "$index": index, "$parent": entry}
                    yield from self._steps_of_members(
                        group.values, entry, inner, defaults=True, literal=literal, made_of=made_of
                    )
        elif isinstance(entries, Mapping):
            inner = {**names, "$index": 0, "$parent": entries}
            yield from self._steps_of_members(
                group.values, entries, inner, defaults=True, literal=literal, made_of=made_of
            )

    def _steps_of_members(
        self,
        properties: Sequence[PropertyDescriptor],
        given: Mapping[str, object],
        names: Mapping[str, object],
        *,
        defaults: bool,
        literal: bool,
        made_of: Fields,
    ) -> Iterator[Step]:
        """The steps of the members of a collection, or of an entry of a fixedCollection.

        Args:
            properties: what the members may be.
            given: what is written for them.
            names: further names for their templates.
            defaults: whether a member that is not given has its default.
            literal: whether the members came out of an expression.
            made_of: the credential's fields that they were made of.
        """
        form = visible_form(
            properties,
            given,
            version=self._edition,
            root=self._root,
            defaults=defaults,
            is_template=lambda held: not literal and isinstance(held, str) and is_template(held, self._dialect),
        )
        strict = self._parameters.strict and not literal
        known = known_texts("$parent", form.values, self._dialect) if strict else {}
        uses = uses_in((p.routing for p in form.properties), known=known) if strict else {}
        parent = names.get("$parent")
        if isinstance(parent, Mapping) and not literal and given is parent:
            names = {**names, "$parent": EntryTemplate({**form.values}, self._dialect, given, uses, self._within)}
        for prop in form.properties:
            # n8n decides by the parameters at the root whether a member is sent, also if its form did not show it.
            if prop.name in form.values and not (self._as_n8n and not self._around_root.visible(prop.display_options)):
                value = form.values[prop.name]
                own = uses_in([prop.routing], known=known).get(("$value",)) if uses else None
                compiled = self.compile(
                    prop,
                    value,
                    given=prop.name in given,
                    literal=literal,
                    use=own or uses.get(("$parent", prop.name)),
                )
                # A form gives defaults back; who adds a member to a collection, or computes it, means its value.
                is_default = defaults and not literal and prop.has_default and same(value, prop.default)
                is_given = prop.name in given and not is_default
                steps = self.steps(
                    prop, value, compiled, names, given=is_given, literal=literal, nested=True, made_of=made_of
                )
                for step in steps:
                    yield in_entry(step)

    def _routing(
        self,
        routing: Routing,
        prop: PropertyDescriptor | None,
        value: Compiled,
        *,
        value_is_static: bool,
        given: bool,
        within: Within,
    ) -> CompiledRouting:
        """The compiled routing of a property, or of what is chosen.

        Args:
            routing: as the descriptor has it.
            prop: the property it belongs to; None for one that belongs to no property's value.
            value: what the author wrote.
            value_is_static: whether `$value` is a constant.
            given: whether the author gave a value of their own.
            within: what the names around it were made of.
        """
        # By all that compiling depends on; entries of a collection share a routing, and most share all of this.
        key = (id(routing), value_is_static, value_is_settled := is_settled(value), given, within.value, within.parent)
        compiled = self._routings.get(key)
        if compiled is None:
            compiled = self._routings[key] = CompiledRouting(
                routing,
                prop,
                parameters=self._parameters,
                value_is_static=value_is_static,
                value_is_settled=value_is_settled,
                value_is_set=given,
                within=within,
            )
        return compiled


def pagination_in(steps: Iterable[Step], ground: Pagination | None) -> Pagination | None:
    """The pagination that items may use, as far as it shows before an item: the last one, `ground` without any.

    None when no item takes pages. The first property that says whether pages are asked for decides (n8n).
    """
    asked: bool | None = None
    pagination = ground
    for step in steps:
        inner = step.step if isinstance(step, EntryStep) else step
        if isinstance(inner, RoutingStep):
            pagination = inner.routing.pagination or pagination
            if asked is None:
                asked = inner.routing.paginates(inner.value)
    return pagination if asked else None
