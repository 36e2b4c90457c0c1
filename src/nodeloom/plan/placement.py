"""Where a property's value stands in a request, and how it is written there (`routing.send`).

A descriptor of n8n puts a value into query or body as it is. With `encode`, `style`, or a place in path, header or
cookie, which are Nodeloom's, it is encoded for that place, and checked before.
"""

from __future__ import annotations

from nodeloom.descriptor.models import PropertyDescriptor, SendRouting
from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED, Compiled, Scope
from nodeloom.plan.binaryfiles import content_of, file_of, files_of, media_type
from nodeloom.plan.constraints import constraint_of
from nodeloom.plan.draft import Draft
from nodeloom.plan.encoders import ENCODERS, encode_path, header_text, plain_value
from nodeloom.plan.merge import copy_json, merge
from nodeloom.plan.missingvalues import is_missing, missing_value
from nodeloom.plan.multipart import Part, Parts
from nodeloom.plan.parts import PartHeader
from nodeloom.plan.styles import Written, structure, write_header, write_path, write_query
from nodeloom.plan.wire import encode_json


class Placement:
    """Puts the values of a property into a request, as its `send` says.

    `is_named` says that a value is sent under a name; without one an encoded value is the body itself. `part` is what
    goes with a part of a multipart body, None if nothing is stated of it.
    """

    __slots__ = ("_is_encoded", "_is_named", "_property", "_send", "constraint", "encode", "part")

    def __init__(self, send: SendRouting, prop: PropertyDescriptor | None, *, is_named: bool) -> None:
        self._send = send
        self._property = prop
        self._is_named = is_named
        self.encode = send.encode
        # n8n knows none of these, so what uses them was written for Nodeloom and its rules.
        self._is_encoded = (
            send.encode is not None or send.style is not None or send.type in ("path", "header", "cookie")
        )
        self.constraint = constraint_of(prop, ours=self._is_encoded)
        described = send.content_type is not None or bool(send.headers)
        of_part = send.type == "body" and is_named
        self.part = PartHeader(send.content_type, send.headers or {}) if of_part and described else None

    def put(self, draft: Draft, name: str, value: object, written: Compiled | None) -> None:
        """Put `value` into the request under `name`; `written` is what the author wrote for it, for the error.

        Raises InvalidValueError for a value that does not fit, MissingValueError for a key that is missing.
        """
        if self._is_encoded:
            self._put_encoded(draft, name, value, written)
            return
        self._check_plain(value, written)
        where = "qs" if self._send.type == "query" else "body"
        draft.put(where, name, value, dotted=self._send.property_in_dot_notation)

    def _put_encoded(self, draft: Draft, name: str, value: object, written: Compiled | None) -> None:
        send, prop = self._send, self._property
        if prop is None:
            return
        if send.type == "path":
            # A key the operation addresses: without it another thing, or all of them, would be addressed. An
            # argument that may be null addresses nothing; only what came to nothing by itself is a mistake there.
            if value is UNDEFINED if send.nullable else is_missing(value):
                raise missing_value(prop.label, written, draft.scope)
            draft.path[name] = str(self._encode_value(prop, value, written, draft.scope))
            draft.values[prop.name] = value
            return
        if value is UNDEFINED or (send.type != "body" and is_missing(value)):
            return
        encoded = self._encode_value(prop, value, written, draft.scope)
        draft.values[prop.name] = value if isinstance(encoded, (Written, Parts)) else encoded
        if send.type == "header":
            draft.header_fields()[name] = encoded
        elif send.type == "cookie":
            _add_cookie(draft, encoded if isinstance(encoded, Written) else Written(((name, (encoded,), ""),)))
        else:
            where = "qs" if send.type == "query" else "body"
            # A page's size and a limit may be sent under one name: the smaller one holds.
            if send.combine == "least":
                encoded = _least(draft.options.get(where), name, encoded)
            draft.put(where, name, encoded, dotted=send.property_in_dot_notation)

    def put_body(self, draft: Draft, value: object, written: Compiled | None) -> None:
        """Make the value the body itself; an object adds to the fields that are there already."""
        if self._property is None or value is UNDEFINED:
            return
        encoded = self._encode_value(self._property, value, written, draft.scope)
        headers = draft.header_fields()
        if isinstance(encoded, Part):
            # The descriptor's own content type goes before the file's.
            if encoded.kind is not None and not any(name.lower() == "content-type" for name in headers):
                headers["Content-Type"] = encoded.kind
            draft.options["body"] = encoded.content
        elif isinstance(encoded, dict):
            merge(draft.options, {"body": copy_json(encoded)})
        elif self.encode in ("json", "jsonString") and not isinstance(encoded, list):
            # Text would be taken for a body that is written already.
            headers.setdefault("Content-Type", "application/json")
            draft.options["body"] = encode_json(encoded)
        else:
            draft.options["body"] = encoded

    def _encode_value(self, prop: PropertyDescriptor, value: object, written: Compiled | None, scope: Scope) -> object:
        try:
            return self._written_value(prop, value, scope)
        except InvalidValueError as error:
            raise name_property(error, prop, written) from None

    def _written_value(self, prop: PropertyDescriptor, value: object, scope: Scope) -> object:
        """The value as its place in the request has it, checked."""
        send, checked = self._send, self.constraint
        kind = send.type
        if send.style is not None or send.allow_reserved:
            if checked is not None:
                # A style writes all values as text, so the text `5` is as good as the number.
                checked.check(structure(value), as_text=True)
            styled = _write_styled(send, send.property or prop.name, value)
            return styled if self.part is None else self.part.texts(styled, scope)
        if self.encode == "binary":
            file = file_of(value, scope)
            stated = send.content_type
            return Part(content_of(file), None if stated is None else media_type(stated, file))
        if self.encode == "binaryPart":
            return self._files(prop, value, scope)
        plain = plain_value(self.encode, value) if checked is not None or self.encode == "jsonString" else None
        if checked is not None:
            checked.check(plain, as_text=kind != "body" or self.encode == "string")
        if kind == "path":
            return encode_path(self.encode or "string", value)
        if kind == "header":
            return header_text(value if self.encode in (None, "string") else ENCODERS[self.encode](value))
        # null is a value of any type in a JSON body.
        if kind == "body" and value is None:
            return None
        if self.encode == "jsonString" and not self._is_named:
            return plain
        encoded = ENCODERS[self.encode or "string"](value)
        return encoded if self.part is None else self._text_parts(encoded, value, scope)

    def _files(self, prop: PropertyDescriptor, value: object, scope: Scope) -> object:
        """A file, or several under one name, with what is stated of their parts."""
        files = files_of(value, scope) if prop.multiple else [file_of(value, scope)]
        return (self.part or PartHeader(None, {})).files(files, scope)

    def _text_parts(self, encoded: object, value: object, scope: Scope) -> object:
        """A value in a part of its own; each entry of a list of objects in one (`explode`)."""
        if self.part is None:
            return encoded
        plain = ENCODERS["json"](value) if self._send.explode else None
        return self.part.entries(plain, scope) if isinstance(plain, list) else self.part.texts(encoded, scope)

    def _check_plain(self, value: object, written: Compiled | None) -> None:
        """Check a value that is put into the request as n8n does it."""
        if self.constraint is not None and self._property is not None and value is not UNDEFINED and value is not None:
            try:
                self.constraint.check(value, as_text=False)
            except InvalidValueError as error:
                raise name_property(error, self._property, written) from None


def name_property(error: InvalidValueError, prop: PropertyDescriptor, written: Compiled | None) -> InvalidValueError:
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


def _write_styled(send: SendRouting, name: str, value: object) -> object:
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
