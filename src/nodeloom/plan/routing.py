"""Compiled routing: what one property, or one option of it, contributes to a request."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from nodeloom.descriptor.models import PropertyDescriptor, Routing, SendRouting
from nodeloom.errors import InvalidValueError, ParameterError
from nodeloom.expression import UNDEFINED, Compiled, Environment, Scope, compile_value
from nodeloom.plan.address import AddressTemplate, is_settled
from nodeloom.plan.constraints import constraint_of
from nodeloom.plan.draft import Draft, Receiving
from nodeloom.plan.encoders import ENCODERS, encode_path, header_text, plain_value
from nodeloom.plan.files import content_of, file_of, files_of, media_type
from nodeloom.plan.merge import copy_json, merge
from nodeloom.plan.missing import is_missing, missing_value
from nodeloom.plan.multipart import Part, Parts
from nodeloom.plan.pagination import Pagination, pagination_of
from nodeloom.plan.parts import PartHeader
from nodeloom.plan.postreceive import compile_step
from nodeloom.plan.styles import Written, structure, write_header, write_path, write_query
from nodeloom.plan.wire import encode_json

#: What a step may touch besides single members of a draft's options (see `Step.touches`).
ANY = "*"
REST = ""

# Encoders whose text is JSON.
_JSON_TEXTS = frozenset({"jsonText", "jsonString"})
_EXTRA_NAMES = frozenset({"$value", "$index", "$parent"})


class CompiledRouting:
    """The routing of a property or option, its templates compiled; applied once per item."""

    __slots__ = (
        "_annotations",
        "_constraint",
        "_echo",
        "_encode",
        "_max_results",
        "_needs_names",
        "_paginate",
        "_part",
        "_post_receive",
        "_reads_names",
        "_request",
        "_send_name",
        "_send_value",
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
        static_parameters: Collection[str],
        value_is_static: bool,
    ) -> None:
        _refuse_hooks(routing)
        self.property = prop
        self.send = routing.send
        self._request: list[tuple[str, AddressTemplate | Compiled]] = []
        for key, value in (routing.request.entries() if routing.request else {}).items():
            if key in ("url", "baseURL") and isinstance(value, str):
                self._request.append(
                    (
                        key,
                        AddressTemplate(value, static_parameters=static_parameters, value_is_static=value_is_static),
                    )
                )
            else:
                self._request.append((key, compile_value(value, dialect="n8n", property=key)))
        send, output = routing.send, routing.output
        self._send_name = _compile(send.property if send else None)
        self._send_value = _compile(send.value if send and send.value not in (None, "") else None)
        self._paginate = _compile(send.paginate if send else None)
        self._max_results = _compile(output.max_results if output else None)
        self._annotations = _compile(output.annotations if output else None)
        self._post_receive = [compile_step(step) for step in (output.post_receive or [])] if output else []
        self._reads_names = any(step.reads_names for step in self._post_receive)
        self._echo = (output.echo or []) if output else []
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
        if self._part is not None:
            yield from self._part.compiled()

    def apply(self, draft: Draft, value: Any, written: Compiled | None, names: Mapping[str, Any]) -> None:
        """Contribute to `draft`. `value` is the property's resolved value, `written` what the author wrote for it.

        `names` are more names in scope: `$index` and `$parent` inside a fixedCollection.
        """
        scope = draft.scope.extend({**names, "$value": value}) if self._needs_names else draft.scope
        if self.pagination is not None:
            draft.pagination = self.pagination
        for key, part in self._request:
            merge(draft.options, {key: part.resolve(scope)})
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
            draft.paginate = bool(self._paginate.resolve(scope))
        if self._send_name is None:
            if send.type == "body" and self._encode is not None:
                self._put_body(draft, value, written)
            return
        name = self._send_name.resolve(scope)
        if name is UNDEFINED or name is None:
            return
        if self._send_value is not None:
            value = self._send_value.resolve(scope)
        if self._encode is not None or send.style is not None or send.type in ("path", "header", "cookie"):
            self._put_encoded(draft, str(name), value, written)
        else:
            self._check_as_it_is(value, written)
            draft.put("qs" if send.type == "query" else "body", str(name), value, dotted=send.property_in_dot_notation)

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
        draft.values[prop.name] = value if isinstance(encoded, (Written, Parts)) else encoded
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
        headers = draft.options["headers"]
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

    def _encoded(self, prop: PropertyDescriptor, value: Any, written: Compiled | None, scope: Scope) -> Any:
        try:
            return self._written_value(prop, value, scope)
        except InvalidValueError as error:
            raise placed(error, prop, written) from None

    def _written_value(self, prop: PropertyDescriptor, value: Any, scope: Scope) -> Any:
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
            checked.check(plain, as_text=kind != "body")
        if kind == "path":
            return encode_path(self._encode or "string", value)
        if kind == "header":
            return header_text(ENCODERS[self._encode](value) if self._encode in _JSON_TEXTS else value)
        # null is a value of any type in a JSON body.
        if kind == "body" and value is None:
            return None
        if self._encode == "jsonString" and self._send_name is None:
            return plain
        encoded = ENCODERS[self._encode or "string"](value)
        return encoded if self._part is None else self._text_parts(encoded, value, scope)

    def _files(self, prop: PropertyDescriptor, value: Any, scope: Scope) -> Any:
        """A file, or several under one name, with what is stated of their parts."""
        files = files_of(value, scope) if prop.multiple else [file_of(value, scope)]
        return (self._part or PartHeader(None, {})).files(files, scope)

    def _text_parts(self, encoded: Any, value: Any, scope: Scope) -> Any:
        """A value in a part of its own; each entry of a list of objects in one (`explode`)."""
        if self._part is None:
            return encoded
        plain = ENCODERS["json"](value) if self.send is not None and self.send.explode else None
        return self._part.entries(plain, scope) if isinstance(plain, list) else self._part.texts(encoded, scope)

    def _check_as_it_is(self, value: Any, written: Compiled | None) -> None:
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
