"""Compiled routing: what one property, or one option of it, contributes to a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nodeloom.descriptor.models import PropertyDescriptor, Routing
from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED, Compiled, Environment, Scope, compile_value
from nodeloom.plan.clause import is_odata, refuse_unread_clause
from nodeloom.plan.constancy import is_settled
from nodeloom.plan.draft import Draft, Receiving
from nodeloom.plan.givenparameters import Parameters, sends_condition
from nodeloom.plan.marks import NOTHING_WITHIN, Marks, Within, join_marks, marks_of_send
from nodeloom.plan.merge import merge
from nodeloom.plan.missingvalues import came_to_nothing, missing_value
from nodeloom.plan.pagination import Pagination, pagination_of
from nodeloom.plan.placement import Placement
from nodeloom.plan.postreceive import compile_step, count_of
from nodeloom.plan.preconditions import author_of, is_set, may_not_be_nothing
from nodeloom.plan.requestmembers import compile_members, marks_of_members, templates_of
from nodeloom.plan.routinghooks import refuse_hooks
from nodeloom.plan.wire import is_truthy, name_text

#: What a step may touch besides single members of a draft's options (see `Step.touches`).
ANY = "*"
REST = ""

_EXTRA_NAMES = frozenset({"$value", "$index", "$parent"})


class CompiledRouting:
    """The routing of a property or option, its templates compiled; applied once per item.

    `marks` says what of a request it makes the credential's.

    Args:
        routing: as the descriptor has it.
        prop: the property it belongs to; None for that of a choice.
        parameters: what is known of the author's parameters.
        value_is_static: whether `$value` is a constant.
        value_is_settled: whether `$value` is the same for every item as long as the credential is.
        value_is_set: whether the author gave `$value`.
        within: what the names around it were made of.
    """

    __slots__ = (
        "_annotations",
        "_answer",
        "_condition",
        "_conditions",
        "_echo",
        "_max_results",
        "_name_is_open",
        "_needs_names",
        "_paginate",
        "_placement",
        "_post_receive",
        "_reads_names",
        "_request",
        "_send_name",
        "_send_value",
        "_sends_given",
        "_strict",
        "marks",
        "members",
        "pagination",
        "property",
        "send",
        "settled",
        "static",
        "touches",
    )

    def __init__(
        self,
        routing: Routing,
        prop: PropertyDescriptor | None,
        *,
        parameters: Parameters,
        value_is_static: bool,
        value_is_settled: bool = False,
        value_is_set: bool,
        within: Within = NOTHING_WITHIN,
    ) -> None:
        refuse_hooks(routing)
        self.property = prop
        self.send = routing.send
        entries = routing.request.entries() if routing.request else {}
        self._strict = parameters.strict
        self._conditions = parameters.conditions(entries, value_is_set=value_is_set)
        #: What of the request is the same for every item stands apart: see `MembersStep`.
        self.members, self._request = compile_members(
            entries,
            parameters,
            value_is_static=value_is_static,
            value_is_settled=value_is_settled,
            value_is_set=value_is_set,
            within=within,
            checked=self._conditions,
        )
        send, output = routing.send, routing.output
        self._send_name = _compile(send.property if send else None)
        self._send_value = parameters.compile_sent(send, value_is_set=value_is_set) if send else None
        self._condition = send is not None and parameters.strict and sends_condition(send)
        # Whether an author's entry gives the name, so that what is sent may turn out to be a condition.
        self._name_is_open = self._send_name is not None and parameters.strict and not self._send_name.static
        sent = self._send_value
        self._sends_given = sent is not None and is_set(sent, parameters.given, value_is_set=value_is_set)
        self._paginate = _compile(send.paginate if send else None)
        self._max_results = _compile(output.max_results if output else None)
        self._annotations = _compile(output.annotations if output else None)
        self._post_receive = (
            [compile_step(s, as_n8n=not self._strict) for s in (output.post_receive or [])] if output else []
        )
        self._reads_names = any(step.reads_names for step in self._post_receive)
        self._echo = (output.echo or []) if output else []
        self._answer = output.answer if output else None
        self.pagination: Pagination | None = pagination_of(routing.operations)
        self._placement = None if send is None else Placement(send, prop, is_named=self._send_name is not None)
        encode = send.encode if send is not None else None
        before_sending = list(self._sending())
        self._needs_names = any(c.names & _EXTRA_NAMES for c in before_sending)
        # A file is the item's own, also where its name is the same for all.
        of_item = encode in ("binary", "binaryPart")
        self.static = all(c.static for c in before_sending) and not of_item
        self.settled = all(is_settled(c) for c in before_sending) and not of_item
        self.touches = frozenset(self._collect_touches())
        self.marks = join_marks(self._collect_marks(within))

    def _collect_marks(self, within: Within) -> Iterator[Marks]:
        yield marks_of_members(self.members, within)
        yield marks_of_members(self._request, within)
        send = self.send
        if send is not None and (self._send_name is not None or (send.type == "body" and send.encode is not None)):
            of_value = within.value if self._send_value is None else within.fields(self._send_value)
            around = self._of_part()
            fields = of_value | within.fields(self._send_name, *around)
            yield marks_of_send(
                send.type, self._send_name, self._send_value, fields, dotted=send.property_in_dot_notation
            )

    def all_templates(self) -> Iterator[Compiled]:
        """Every compiled template of this routing."""
        yield from templates_of(self.members)
        yield from self._sending()
        for step in self._post_receive:
            yield from step.properties.values()

    def paginates(self, value: Compiled) -> bool | None:
        """Whether a property with this `value` asks for pages: True if the item decides, None if it does not say."""
        paginate = self._paginate
        if paginate is None:
            return None
        if paginate.needs_javascript or not (paginate.static or (value.static and paginate.names <= {"$value"})):
            return True
        return is_truthy(
            paginate.resolve(Scope(Environment(), [], 0, item={"json": {}}, names={"$value": value.value}))
        )

    @property
    def is_condition(self) -> bool:
        """Whether the property is sent as a condition such as If-Match, which may not come to nothing."""
        return self._condition

    @property
    def key_name(self) -> str | None:
        """The placeholder that is all this routing fills; None when it does anything else."""
        send, name = self.send, self._send_name
        alone = not (self._request or self.touches or self._needs_names or self._send_value)
        plain = send is not None and send.type == "path" and send.style is None and not send.allow_reserved
        return str(name.value) if alone and plain and name is not None and name.static else None

    @property
    def key_quote(self) -> str | None:
        """What stands around a text in the path; None when its encoder, or its constraint, checks or changes texts."""
        placement = self._placement
        if placement is None or placement.constraint is not None:
            return None
        return {"odata.string": "'", "string": "", "segment": "", None: ""}.get(placement.encode)

    def _collect_touches(self) -> Iterator[str]:
        yield from (key for key, _part in self._request)
        send = self.send
        if send is not None and (self._send_name is not None or send.encode is not None):
            match send.type:
                case "query":
                    yield "qs"
                case "header" | "cookie":
                    yield "headers"
                case "path":
                    pass
                case _:
                    yield from ("body", "headers")
        if self.pagination or self._paginate or self._max_results or self._annotations or self._post_receive:
            yield REST
        if self._echo or self._answer:
            yield REST

    def _sending(self) -> Iterator[Compiled]:
        """The templates that are resolved before a request is sent."""
        yield from templates_of(self._request)
        enabled = [step.enabled for step in self._post_receive]
        for maybe in (
            self._send_name,
            self._send_value,
            self._paginate,
            self._max_results,
            self._annotations,
            *enabled,
        ):
            if maybe is not None:
                yield maybe
        yield from self._of_part()

    def _of_part(self) -> Iterable[Compiled]:
        """The templates of what goes with a part of a multipart body."""
        placement = self._placement
        return () if placement is None or placement.part is None else placement.part.all_templates()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to contribute besides `members`."""
        return not (self._request or self.send or self.touches)

    def apply(self, draft: Draft, value: object, written: Compiled | None, names: Mapping[str, object]) -> None:
        """Contribute to `draft` what `members` do not.

        `value` is the property's resolved value, `written` what the author wrote for it. `names` are more names in
        scope: `$index` and `$parent` inside a fixedCollection.
        """
        scope = draft.scope.extend({**names, "$value": value}) if self._needs_names else draft.scope
        if self.pagination is not None:
            draft.pagination = self.pagination
        for key, part in self._request:
            resolved = part.resolve(scope)
            if key in self._conditions:
                self._conditions[key].check(resolved, scope, written)
            merge(draft.options, {key: resolved})
        if self.send is not None:
            self._apply_send(draft, scope, value, written)
        if self._max_results is not None:
            most = self._max_results.resolve(scope)
            if self._strict:
                count_of(most)
            # An empty limit leaves that of an earlier property (n8n).
            draft.max_results = most if is_truthy(most) else draft.max_results
        if self._annotations is not None:
            wanted = self._annotations.resolve(scope)
            # All annotations outrank a list of some.
            if wanted is True or (isinstance(wanted, list) and draft.annotations is False):
                draft.annotations = wanted
        steps = [step for step in self._post_receive if step.applies(scope)]
        if steps:
            draft.receiving.append(Receiving(steps, value, dict(names), self._reads_names))
        if self._echo:
            draft.echo = [*draft.echo, *self._echo]
        if self._answer is not None:
            draft.answer = self._answer

    def _apply_send(self, draft: Draft, scope: Scope, value: object, written: Compiled | None) -> None:
        send, placement = self.send, self._placement
        if send is None or placement is None:
            return
        # The first property that says whether pages are asked for decides (n8n).
        if self._paginate is not None and draft.paginate is None:
            draft.paginate = self._truth(self._paginate.resolve(scope), written)
        if self._send_name is None:
            if send.type == "body" and send.encode is not None:
                placement.put_body(draft, value, written)
            return
        found = self._send_name.resolve(scope)
        # n8n would send the value under the name `undefined`.
        if self._strict and (found is UNDEFINED or found is None):
            return
        name = name_text(found, scope.environment.timezone, as_n8n=not self._strict)
        own = value
        if self._send_value is not None:
            value = self._send_value.resolve(scope)
        if self._condition or (self._name_is_open and may_not_be_nothing(name, header=send.type == "header")):
            self._check_condition(name, own, value, written, scope)
        if self._name_is_open and send.type == "query" and is_odata(name):
            refuse_unread_clause(name, written)
        placement.put(draft, name, value, written)

    def _check_condition(self, name: str, own: object, value: object, written: Compiled | None, scope: Scope) -> None:
        """Raise MissingValueError for a condition that the author set and that came to nothing.

        Args:
            name: the name under which it is sent.
            own: the property's value.
            value: what is sent for it.
            written: what the author wrote for the property, for the error.
            scope: the item's.
        """
        sent = self._send_value
        reads_own = sent is not None and "$value" in sent.names
        if not came_to_nothing(value) and not (reads_own and came_to_nothing(own)):
            return
        label = self.property.label if self.property else name
        if sent is not None and self._sends_given:
            raise missing_value(label, author_of(sent, scope, written), scope)
        if sent is None and written is not None and (self._name_is_open or not written.static):
            raise missing_value(name if self._name_is_open else label, written, scope)

    def _truth(self, value: object, written: Compiled | None) -> bool:
        """Whether pages are asked for. Raises InvalidValueError for text that is neither true nor false (strict)."""
        if not self._strict or not isinstance(value, str) or not value.strip():
            return is_truthy(value)
        if value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
        raise InvalidValueError(
            "The value is not true or false.",
            property=self.property.label if self.property else "paginate",
            value=value,
            expression=None if written is None or written.static else str(written.source),
            hint="Give true or false.",
        )


def _compile(value: object) -> Compiled | None:
    return None if value is None else compile_value(value, dialect="n8n")
