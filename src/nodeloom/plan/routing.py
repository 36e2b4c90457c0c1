"""Compiled routing: what one property, or one option of it, contributes to a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodeloom.descriptor.models import PropertyDescriptor, Routing, SendRouting
from nodeloom.errors import InvalidValueError, ParameterError
from nodeloom.expression import UNDEFINED, Compiled, Environment, Scope, compile_value
from nodeloom.plan.address import is_settled
from nodeloom.plan.binaryfiles import content_of, file_of, files_of, media_type
from nodeloom.plan.clause import is_odata, refuse_unread_clause
from nodeloom.plan.constraints import constraint_of
from nodeloom.plan.draft import Draft, Receiving
from nodeloom.plan.encoders import ENCODERS, encode_path, header_text, plain_value
from nodeloom.plan.givenparameters import Parameters, sends_condition
from nodeloom.plan.marks import NOTHING_WITHIN, Marks, Within, joined, marks_of_send
from nodeloom.plan.merge import copy_json, merge
from nodeloom.plan.missingvalues import came_to_nothing, is_missing, missing_value
from nodeloom.plan.multipart import Part, Parts
from nodeloom.plan.pagination import Pagination, pagination_of
from nodeloom.plan.parts import PartHeader
from nodeloom.plan.postreceive import compile_step, count_of
from nodeloom.plan.preconditions import author_of, is_set, may_not_be_nothing
from nodeloom.plan.requestmembers import compile_members, marks_of_members, templates_of
from nodeloom.plan.styles import Written, structure, write_header, write_path, write_query
from nodeloom.plan.wire import encode_json, is_truthy, name_text

#: What a step may touch besides single members of a draft's options (see `Step.touches`).
ANY = "*"
REST = ""

_EXTRA_NAMES = frozenset({"$value", "$index", "$parent"})


class CompiledRouting:
    """The routing of a property or option, its templates compiled; applied once per item.

    `within` says what the names around it were made of, and `marks` what of a request it makes the credential's.
    """

    __slots__ = (
        "_annotations",
        "_answer",
        "_condition",
        "_conditions",
        "_constraint",
        "_echo",
        "_encode",
        "_max_results",
        "_name_is_open",
        "_needs_names",
        "_paginate",
        "_part",
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
        _refuse_hooks(routing)
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
        self._encode = send.encode if send else None
        ours = send is not None and (
            send.encode is not None or send.style is not None or send.type in ("path", "header", "cookie")
        )
        self._constraint = constraint_of(prop, ours=ours) if send is not None else None
        of_part = send is not None and send.type == "body" and self._send_name is not None
        described = send is not None and (send.content_type is not None or bool(send.headers))
        self._part = PartHeader(send.content_type, send.headers or {}) if send and of_part and described else None
        before_sending = list(self._sending())
        self._needs_names = any(c.names & _EXTRA_NAMES for c in before_sending)
        # A file is the item's own, also where its name is the same for all.
        of_item = self._encode in ("binary", "binaryPart")
        self.static = all(c.static for c in before_sending) and not of_item
        self.settled = all(is_settled(c) for c in before_sending) and not of_item
        self.touches = frozenset(self._touched())
        self.marks = joined(self._marked(within))

    def _marked(self, within: Within) -> Iterator[Marks]:
        yield marks_of_members(self.members, within)
        yield marks_of_members(self._request, within)
        send = self.send
        if send is not None and (self._send_name is not None or (send.type == "body" and self._encode is not None)):
            of_value = within.value if self._send_value is None else within.fields(self._send_value)
            around = self._part.compiled() if self._part is not None else ()
            fields = of_value | within.fields(self._send_name, *around)
            yield marks_of_send(
                send.type, self._send_name, self._send_value, fields, dotted=send.property_in_dot_notation
            )

    def compiled(self) -> Iterator[Compiled]:
        """Every compiled template of this routing."""
        yield from templates_of(self.members)
        yield from self._sending()
        for step in self._post_receive:
            yield from step.properties.values()

    def paginates(self, value: Compiled) -> bool | None:
        """Whether a property with this `value` asks for pages: True where the item decides, None where it is silent."""
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
        if self._constraint is not None:
            return None
        return {"odata.string": "'", "string": "", "segment": "", None: ""}.get(self._encode)

    def _touched(self) -> Iterator[str]:
        yield from (key for key, _part in self._request)
        send = self.send
        if send is not None and (self._send_name is not None or self._encode is not None):
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
        if self._part is not None:
            yield from self._part.compiled()

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
            draft.max_results = most if is_truthy(most) else draft.max_results
        if self._annotations is not None:
            wanted = self._annotations.resolve(scope)
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
        send = self.send
        if send is None:
            return
        if self._paginate is not None and draft.paginate is None:
            draft.paginate = self._truth(self._paginate.resolve(scope), written)
        if self._send_name is None:
            if send.type == "body" and self._encode is not None:
                self._put_body(draft, value, written)
            return
        found = self._send_name.resolve(scope)
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
        if self._encode is not None or send.style is not None or send.type in ("path", "header", "cookie"):
            self._put_encoded(draft, name, value, written)
        else:
            self._check_as_it_is(value, written)
            draft.put("qs" if send.type == "query" else "body", name, value, dotted=send.property_in_dot_notation)

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

    def _put_encoded(self, draft: Draft, name: str, value: object, written: Compiled | None) -> None:
        send, prop = self.send, self.property
        if send is None or prop is None:
            return
        if send.type == "path":
            # A key the operation addresses: without it another thing, or all of them, would be addressed. An
            # argument that may be null addresses nothing; only what came to nothing by itself is a mistake there.
            if value is UNDEFINED if send.nullable else is_missing(value):
                raise missing_value(prop.label, written, draft.scope)
            draft.path[name] = str(self._encoded(prop, value, written, draft.scope))
            draft.values[prop.name] = value
            return
        if value is UNDEFINED or (send.type != "body" and is_missing(value)):
            return
        encoded = self._encoded(prop, value, written, draft.scope)
        draft.values[prop.name] = value if isinstance(encoded, (Written, Parts)) else encoded
        if send.type == "header":
            draft.header_fields()[name] = encoded
        elif send.type == "cookie":
            _add_cookie(draft, encoded if isinstance(encoded, Written) else Written(((name, (encoded,), ""),)))
        else:
            where = "qs" if send.type == "query" else "body"
            if send.combine == "least":
                encoded = _least(draft.options.get(where), name, encoded)
            draft.put(where, name, encoded, dotted=send.property_in_dot_notation)

    def _put_body(self, draft: Draft, value: object, written: Compiled | None) -> None:
        """Make the value the body itself; an object adds to the fields that are there already."""
        if self.property is None or value is UNDEFINED:
            return
        encoded = self._encoded(self.property, value, written, draft.scope)
        headers = draft.header_fields()
        if isinstance(encoded, Part):
            if encoded.kind is not None and not any(name.lower() == "content-type" for name in headers):
                headers["Content-Type"] = encoded.kind
            draft.options["body"] = encoded.content
        elif isinstance(encoded, dict):
            merge(draft.options, {"body": copy_json(encoded)})
        elif self._encode in ("json", "jsonString") and not isinstance(encoded, list):
            # Text would be taken for a body that is written already.
            headers.setdefault("Content-Type", "application/json")
            draft.options["body"] = encode_json(encoded)
        else:
            draft.options["body"] = encoded

    def _encoded(self, prop: PropertyDescriptor, value: object, written: Compiled | None, scope: Scope) -> object:
        try:
            return self._written_value(prop, value, scope)
        except InvalidValueError as error:
            raise placed(error, prop, written) from None

    def _written_value(self, prop: PropertyDescriptor, value: object, scope: Scope) -> object:
        """The value as its place in the request has it, checked."""
        send, checked = self.send, self._constraint
        kind = send.type if send else "body"
        if send is not None and (send.style is not None or send.allow_reserved):
            if checked is not None:
                checked.check(structure(value), as_text=True)
            styled = _styled(send, send.property or prop.name, value)
            return styled if self._part is None else self._part.texts(styled, scope)
        if self._encode == "binary":
            file = file_of(value, scope)
            stated = None if send is None else send.content_type
            return Part(content_of(file), None if stated is None else media_type(stated, file))
        if self._encode == "binaryPart":
            return self._files(prop, value, scope)
        plain = plain_value(self._encode, value) if checked is not None or self._encode == "jsonString" else None
        if checked is not None:
            checked.check(plain, as_text=kind != "body" or self._encode == "string")
        if kind == "path":
            return encode_path(self._encode or "string", value)
        if kind == "header":
            return header_text(value if self._encode in (None, "string") else ENCODERS[self._encode](value))
        # null is a value of any type in a JSON body.
        if kind == "body" and value is None:
            return None
        if self._encode == "jsonString" and self._send_name is None:
            return plain
        encoded = ENCODERS[self._encode or "string"](value)
        return encoded if self._part is None else self._text_parts(encoded, value, scope)

    def _files(self, prop: PropertyDescriptor, value: object, scope: Scope) -> object:
        """A file, or several under one name, with what is stated of their parts."""
        files = files_of(value, scope) if prop.multiple else [file_of(value, scope)]
        return (self._part or PartHeader(None, {})).files(files, scope)

    def _text_parts(self, encoded: object, value: object, scope: Scope) -> object:
        """A value in a part of its own; each entry of a list of objects in one (`explode`)."""
        if self._part is None:
            return encoded
        plain = ENCODERS["json"](value) if self.send is not None and self.send.explode else None
        return self._part.entries(plain, scope) if isinstance(plain, list) else self._part.texts(encoded, scope)

    def _check_as_it_is(self, value: object, written: Compiled | None) -> None:
        """Check a value that is put into the request as n8n does it."""
        if self._constraint is not None and self.property is not None and value is not UNDEFINED and value is not None:
            try:
                self._constraint.check(value, as_text=False)
            except InvalidValueError as error:
                raise placed(error, self.property, written) from None


def placed(error: InvalidValueError, prop: PropertyDescriptor, written: Compiled | None) -> InvalidValueError:
    """`error` with the property, and the expression that its value came from."""
    error.property = prop.label
    if written is not None and not written.static:
        error.expression = str(written.source)
    return error


def _least(held: object, name: str, value: object) -> object:
    """The smaller of `value` and the number that is held under `name`."""
    other = held.get(name) if isinstance(held, dict) else None
    if isinstance(other, int) and isinstance(value, int) and not isinstance(other, bool):
        return min(other, value)
    return value


def _styled(send: SendRouting, name: str, value: object) -> object:
    """A value in the style that its `send` asks for."""
    explode = bool(send.explode)
    if send.type == "path":
        return write_path(send.style or "simple", explode, name, value)
    if send.type == "header":
        return header_text(write_header(send.style or "simple", explode, value))
    return write_query(send.style or "form", explode, name, value, reserved=bool(send.allow_reserved))


def _add_cookie(draft: Draft, cookie: Written) -> None:
    """Add to the one `Cookie` header a request has (RFC 6265 section 5.4)."""
    headers = draft.header_fields()
    texts = list(cookie.query(""))
    headers["Cookie"] = "; ".join([*([str(headers["Cookie"])] if headers.get("Cookie") else []), *texts])


def _refuse_hooks(routing: Routing) -> None:
    """Raise ParameterError when the routing carries JavaScript, which n8n's dumps mark as `{"__function__": name}`."""
    found = list(routing.send.pre_send or () if routing.send else ())
    found += [step for step in (routing.output.post_receive or [] if routing.output else []) if not _is_step(step)]
    _refuse([*found, *_pagination_hooks(routing.operations)])


def refuse_operations_hooks(operations: Mapping[str, object] | None) -> None:
    """Raise ParameterError when the document's `requestOperations` carry JavaScript."""
    _refuse(_pagination_hooks(operations))


def _pagination_hooks(operations: Mapping[str, object] | None) -> list[object]:
    pagination = (operations or {}).get("pagination")
    return [pagination] if isinstance(pagination, Mapping) and "__function__" in pagination else []


def _refuse(found: list[object]) -> None:
    """Raise ParameterError that names the hooks, when there are any."""
    if found:
        names = [str(h.get("__function__", "unnamed") if isinstance(h, Mapping) else h) for h in found]
        raise ParameterError(
            f"The operation needs JavaScript that its package brings ({', '.join(names)}); Nodeloom does not run it.",
            hint="Choose an operation of the node that needs none.",
            hooks=names,
        )


def _is_step(step: object) -> bool:
    return isinstance(getattr(step, "type", None), str)


def _compile(value: object) -> Compiled | None:
    return None if value is None else compile_value(value, dialect="n8n")
