"""Compiled routing: what one property, or one option of it, contributes to a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nodeloom.descriptor.models import PropertyDescriptor, Routing, SendRouting
from nodeloom.errors import InvalidValueError, ParameterError
from nodeloom.expression import UNDEFINED, Compiled, Environment, Scope, compile_value
from nodeloom.plan.address import AddressTemplate, is_settled
from nodeloom.plan.draft import Draft, Receiving
from nodeloom.plan.encoders import ENCODERS, encode_path, header_text
from nodeloom.plan.files import bytes_of, file_of
from nodeloom.plan.given import Parameters, compile_request, sends_condition
from nodeloom.plan.merge import copy_json, merge
from nodeloom.plan.missing import is_missing, missing_value
from nodeloom.plan.pagination import Pagination, pagination_of
from nodeloom.plan.postreceive import compile_step
from nodeloom.plan.styles import Written, write_header, write_path, write_query
from nodeloom.plan.wire import encode_json

#: What a step may touch besides single members of a draft's options (see `Step.touches`).
ANY = "*"
REST = ""

_EXTRA_NAMES = frozenset({"$value", "$index", "$parent"})


class CompiledRouting:
    """The routing of a property or option, its templates compiled; applied once per item."""

    __slots__ = (
        "_annotations",
        "_condition",
        "_conditions",
        "_echo",
        "_encode",
        "_max_results",
        "_needs_names",
        "_paginate",
        "_post_receive",
        "_reads_names",
        "_request",
        "_send_name",
        "_send_value",
        "_strict",
        "_validator",
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
        value_is_set: bool,
    ) -> None:
        _refuse_hooks(routing)
        self.property = prop
        self.send = routing.send
        entries = routing.request.entries() if routing.request else {}
        self._request = compile_request(entries, parameters, value_is_static=value_is_static, value_is_set=value_is_set)
        self._strict = parameters.strict
        self._conditions = parameters.conditions(entries, value_is_set=value_is_set)
        send, output = routing.send, routing.output
        self._send_name = _compile(send.property if send else None)
        self._send_value = parameters.compile_sent(send, value_is_set=value_is_set) if send else None
        self._condition = send is not None and parameters.strict and sends_condition(send)
        self._paginate = _compile(send.paginate if send else None)
        self._max_results = _compile(output.max_results if output else None)
        self._annotations = _compile(output.annotations if output else None)
        self._post_receive = [compile_step(step) for step in (output.post_receive or [])] if output else []
        self._reads_names = any(step.reads_names for step in self._post_receive)
        self._echo = (output.echo or []) if output else []
        self.pagination: Pagination | None = pagination_of(routing.operations)
        self._encode = send.encode if send else None
        self._validator = _validator(prop.value_schema) if prop and prop.value_schema else None
        before_sending = list(self._sending())
        self._needs_names = any(c.names & _EXTRA_NAMES for c in before_sending)
        # A file is the item's own, also where its name is the same for all.
        of_item = self._encode in ("binary", "binaryPart")
        self.static = all(c.static for c in before_sending) and not of_item
        self.settled = all(is_settled(c) for c in before_sending) and not of_item
        self.touches = frozenset(self._touched())

    def compiled(self) -> Iterator[Compiled]:
        """Every compiled template of this routing."""
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
        return bool(paginate.resolve(Scope(Environment(), [], 0, item={"json": {}}, names={"$value": value.value})))

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
        """What stands around a text in the path; None when its encoder checks or changes texts."""
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
        if self._echo:
            yield REST

    def _sending(self) -> Iterator[Compiled]:
        """The templates that are resolved before a request is sent."""
        for _key, part in self._request:
            if isinstance(part, AddressTemplate):
                yield from part.compiled()
            else:
                yield part
        for maybe in (self._send_name, self._send_value, self._paginate, self._max_results, self._annotations):
            if maybe is not None:
                yield maybe

    def apply(self, draft: Draft, value: Any, written: Compiled | None, names: Mapping[str, Any]) -> None:
        """Contribute to `draft`. `value` is the property's resolved value, `written` what the author wrote for it.

        `names` are more names in scope: `$index` and `$parent` inside a fixedCollection.
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
            draft.max_results = self._max_results.resolve(scope) or draft.max_results
        if self._annotations is not None:
            wanted = self._annotations.resolve(scope)
            if wanted is True or (isinstance(wanted, list) and draft.annotations is False):
                draft.annotations = wanted
        if self._post_receive:
            draft.receiving.append(Receiving(self._post_receive, value, dict(names), self._reads_names))
        if self._echo:
            draft.echo = [*draft.echo, *self._echo]

    def _apply_send(self, draft: Draft, scope: Scope, value: Any, written: Compiled | None) -> None:
        send = self.send
        if send is None:
            return
        if self._paginate is not None and draft.paginate is None:
            draft.paginate = self._truth(self._paginate.resolve(scope), written)
        if self._send_name is None:
            if send.type == "body" and self._encode is not None:
                self._put_body(draft, value, written)
            return
        name = self._send_name.resolve(scope)
        if name is UNDEFINED or name is None:
            return
        if self._send_value is not None:
            value = self._send_value.resolve(scope)
        if self._condition and is_missing(value) and written is not None and not written.static:
            raise missing_value(self.property.label if self.property else str(name), written, scope)
        if self._encode is not None or send.style is not None or send.type in ("path", "header", "cookie"):
            self._put_encoded(draft, str(name), value, written)
        else:
            draft.put("qs" if send.type == "query" else "body", str(name), value, dotted=send.property_in_dot_notation)

    def _truth(self, value: Any, written: Compiled | None) -> bool:
        """Whether pages are asked for. Raises InvalidValueError for text that is neither true nor false (strict)."""
        if not self._strict or not isinstance(value, str) or not value.strip():
            return bool(value)
        if value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
        raise InvalidValueError(
            "The value is not true or false.",
            property=self.property.label if self.property else "paginate",
            value=value,
            expression=None if written is None or written.static else str(written.source),
            hint="Give true or false.",
        )

    def _put_encoded(self, draft: Draft, name: str, value: Any, written: Compiled | None) -> None:
        send, prop = self.send, self.property
        if send is None or prop is None:
            return
        if send.type == "path":
            # A key the operation addresses: without it another thing, or all of them, would be addressed. An
            # argument that may be null addresses nothing; only what came to nothing by itself is a mistake there.
            if value is UNDEFINED if send.nullable else is_missing(value):
                raise missing_value(prop.label, written, draft.scope)
            draft.path[name] = self._encoded(prop, value, written, draft.scope)
            draft.values[prop.name] = value
            return
        if value is UNDEFINED or (send.type != "body" and is_missing(value)):
            return
        encoded = self._encoded(prop, value, written, draft.scope)
        draft.values[prop.name] = value if isinstance(encoded, Written) else encoded
        if send.type == "header":
            draft.options["headers"][name] = encoded
        elif send.type == "cookie":
            _add_cookie(draft, encoded if isinstance(encoded, Written) else Written(((name, (encoded,), ""),)))
        else:
            draft.put("qs" if send.type == "query" else "body", name, encoded, dotted=send.property_in_dot_notation)

    def _put_body(self, draft: Draft, value: Any, written: Compiled | None) -> None:
        """Make the value the body itself; an object adds to the fields that are there already."""
        if self.property is None or value is UNDEFINED:
            return
        encoded = self._encoded(self.property, value, written, draft.scope)
        if isinstance(encoded, dict):
            merge(draft.options, {"body": copy_json(encoded)})
        elif self._encode == "json" and not isinstance(encoded, list):
            # Text would be taken for a body that is written already.
            draft.options["headers"].setdefault("Content-Type", "application/json")
            draft.options["body"] = encode_json(encoded)
        else:
            draft.options["body"] = encoded

    def _encoded(self, prop: PropertyDescriptor, value: Any, written: Compiled | None, scope: Scope) -> Any:
        send = self.send
        kind = send.type if send else "body"
        try:
            if send is not None and (send.style is not None or send.allow_reserved):
                return _styled(send, send.property or prop.name, value)
            if self._encode in ("binary", "binaryPart"):
                return bytes_of(value, scope) if self._encode == "binary" else file_of(value, scope)
            if kind == "path":
                return encode_path(self._encode or "string", value)
            if kind == "header":
                return header_text(value)
            # null is a value of any type in a JSON body.
            if value is None and kind == "body":
                self._check(None)
                return None
            encoded = ENCODERS[self._encode or "string"](value)
            # JSON that is sent as text is checked as what it says.
            self._check(ENCODERS["json"](value) if self._encode == "jsonText" else encoded)
        except InvalidValueError as error:
            error.property = prop.label
            if written is not None and not written.static:
                error.expression = str(written.source)
            raise
        return encoded

    def _check(self, value: Any) -> None:
        if self._validator is None:
            return
        from nodeloom.descriptor.validation import json_path

        fault = next(iter(sorted(self._validator.iter_errors(value), key=lambda e: len(e.absolute_path))), None)
        if fault is not None:
            inside = f" at {json_path(list(fault.absolute_path))}" if fault.absolute_path else ""
            raise InvalidValueError(
                f"The value does not fit{inside}: {_plain_reason(fault)}.",
                value=value,
                hint=f"It must be {describe_schema(fault.schema)}.",
            )


def _styled(send: SendRouting, name: str, value: Any) -> Any:
    """A value in the style that its `send` asks for."""
    explode = bool(send.explode)
    if send.type == "path":
        return write_path(send.style or "simple", explode, name, value)
    if send.type == "header":
        return header_text(write_header(explode, value))
    return write_query(send.style or "form", explode, name, value, reserved=bool(send.allow_reserved))


def _add_cookie(draft: Draft, cookie: Written) -> None:
    """Add to the one `Cookie` header a request has (RFC 6265 section 5.4)."""
    headers = draft.options["headers"]
    texts = list(cookie.query(""))
    headers["Cookie"] = "; ".join([*([headers["Cookie"]] if headers.get("Cookie") else []), *texts])


def _refuse_hooks(routing: Routing) -> None:
    """Raise ParameterError when the routing carries JavaScript, which n8n's dumps mark as `{"__function__": name}`."""
    found = list(routing.send.pre_send or () if routing.send else ())
    found += [step for step in (routing.output.post_receive or [] if routing.output else []) if not _is_step(step)]
    _refuse([*found, *_pagination_hooks(routing.operations)])


def refuse_operations_hooks(operations: Mapping[str, Any] | None) -> None:
    """Raise ParameterError when the document's `requestOperations` carry JavaScript."""
    _refuse(_pagination_hooks(operations))


def _pagination_hooks(operations: Mapping[str, Any] | None) -> list[Any]:
    pagination = (operations or {}).get("pagination")
    return [pagination] if isinstance(pagination, Mapping) and "__function__" in pagination else []


def _refuse(found: list[Any]) -> None:
    """Raise ParameterError that names the hooks, when there are any."""
    if found:
        names = [str(h.get("__function__", "unnamed") if isinstance(h, Mapping) else h) for h in found]
        raise ParameterError(
            f"The operation needs JavaScript that its package brings ({', '.join(names)}); Nodeloom does not run it.",
            hint="Choose an operation of the node that needs none.",
            hooks=names,
        )


def _is_step(step: Any) -> bool:
    return isinstance(getattr(step, "type", None), str)


def _compile(value: Any) -> Compiled | None:
    return None if value is None else compile_value(value, dialect="n8n")


def _validator(schema: Mapping[str, Any]) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(dict(schema))


def _plain_reason(fault: Any) -> str:
    """jsonschema's own reason, without the value, which stands in the error already."""
    wanted = fault.validator_value
    match fault.validator:
        case "type":
            return f"{_type_word(fault.instance)} is not {_words(wanted)}"
        case "minItems":
            return "the list is empty" if wanted == 1 else f"the list has fewer than {wanted} entries"
        case "minLength":
            return "the text is empty" if wanted == 1 else f"the text is shorter than {wanted}"
        case "required":
            return "a key is missing"
        case _:
            return str(fault.message)


_TYPE_WORDS = {
    "array": "a list",
    "object": "an object",
    "string": "a text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
}


def _words(types: Any) -> str:
    return " or ".join(_TYPE_WORDS.get(t, str(t)) for t in (types if isinstance(types, list) else [types]))


def _type_word(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    for kind, word in ((dict, "an object"), (list, "a list"), (str, "a text")):
        if isinstance(value, kind):
            return word
    return "a number"


def describe_schema(schema: Any) -> str:
    """A small JSON Schema in words, such as "a list of a text"."""
    if not isinstance(schema, Mapping):
        return "what the service's description says"
    if schema.get("type") == "array" and isinstance(schema.get("items"), Mapping):
        least = " with at least one entry" if schema.get("minItems") else ""
        return f"a list of {describe_schema(schema['items']).removeprefix('an ').removeprefix('a ')}s{least}"
    if "type" in schema:
        return "a non-empty text" if schema.get("minLength") and schema["type"] == "string" else _words(schema["type"])
    if "enum" in schema:
        return "one of " + ", ".join(map(repr, schema["enum"]))
    return "what the service's description says"
