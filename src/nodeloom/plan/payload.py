"""The body of a request as bytes, and the content type that goes with it (axios, as n8n uses it)."""

from __future__ import annotations

from collections.abc import Mapping

from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED
from nodeloom.headerfields import media_type
from nodeloom.jsonreading import ANY_JSON
from nodeloom.plan.multipart import MULTIPART, encode_multipart, new_boundary
from nodeloom.plan.wire import encode_form, encode_json, encode_text

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

# If nothing else is said of a text, axios calls it a form, with these methods only.
_FORM_METHODS = frozenset({"POST", "PUT", "PATCH"})


def is_sent(body: object, *, as_n8n: bool) -> bool:
    """Whether there is anything in a body that is sent: an object whose members are undefined is, an empty one is not.

    n8n sends no number, true or false as a body (`as_n8n`).
    """
    if body is None or body is UNDEFINED:
        return False
    if isinstance(body, (bool, int, float)):
        return not as_n8n
    return not isinstance(body, (dict, list, str)) or bool(body)


def write_payload(body: object, headers: dict[str, str], *, method: str, json_wanted: bool) -> bytes:
    """The bytes of `body`; its content type is added to `headers` if they do not have one.

    `json_wanted` says that a text is JSON. Raises InvalidValueError for what the content type cannot hold.
    """
    name = next((name for name in headers if name.lower() == "content-type"), "content-type")
    written = headers.get(name, "")
    kind = media_type(written)
    # A file is sent as it is; its type was set with it.
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        if kind == JSON:
            return _json_of(body)
        if not kind and (json_wanted or method in _FORM_METHODS):
            headers[name] = JSON if json_wanted else FORM
        return encode_text(body)
    if kind in (FORM, MULTIPART):
        fields = _fields(body, kind, named=written == FORM)
        if kind == FORM:
            return encode_form(fields)
        # A boundary that the author wrote is replaced, since it would have to fit the body.
        boundary = new_boundary()
        headers[name] = f"{MULTIPART}; boundary={boundary}"
        return encode_multipart(fields, boundary)
    if not kind:
        headers[name] = JSON
    return encode_json(body)


def _json_of(text: str) -> bytes:
    """JSON that is written already goes as it is; any other text as a JSON text."""
    try:
        ANY_JSON.read(text)
    except ValueError:
        return encode_json(text)
    return encode_text(text.strip())


def _fields(body: object, kind: str, *, named: bool) -> Mapping[str, object]:
    """The fields of a body by their names; an entry of a list has its index for one.

    Where a form is asked for in so many words (`named`), n8n takes a list of pairs only.
    """
    if isinstance(body, list) and (not named or all(isinstance(entry, list) and len(entry) == 2 for entry in body)):
        return {str(index): value for index, value in enumerate(body)}
    if isinstance(body, dict):
        return body
    raise InvalidValueError(f"A body of type {kind} has fields with names.", value=body, hint="Send an object.")
