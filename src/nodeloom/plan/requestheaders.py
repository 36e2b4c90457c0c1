"""The header fields of a request as text (RFC 9110 section 5), each name once, in any case."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED
from nodeloom.expression.fieldreads import EVERY
from nodeloom.headerfields import is_not_sent
from nodeloom.plan.encoders import header_text
from nodeloom.plan.wire import scalar_text
from nodeloom.redaction import MASK, MaskedValues

# Where a message ends, how long its connection lives and whom it is for is HTTP's own to say (RFC 9110 sections 7.2,
# 7.6.1 and 8.6): one that says it twice is read as two by some servers.
OWN_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def fields_of(value: object, name: str, *, lenient: bool = False) -> dict[str, object]:
    """The object that a request has under `name`, empty if there is none. If `lenient`, a text counts as none (n8n).

    Raises InvalidValueError if the value is anything else.
    """
    if isinstance(value, dict):
        return value
    if value is UNDEFINED or not value or (lenient and isinstance(value, str)):
        return {}
    raise InvalidValueError(
        f"{name} is not an object.", property=name, value=value, hint='Write it like {"name": "value"}.'
    )


def header_lines(values: object, made: Collection[str], *, as_n8n: bool) -> dict[str, str]:
    """The headers as text; `made` are those that are the credential's, by name in lower case."""
    headers: dict[str, str] = MaskedValues()
    for name, value in fields_of(values, "headers").items():
        # One that is not sent takes the earlier one of its name away. What is undefined does so in n8n alone.
        if value is UNDEFINED or is_not_sent(value):
            if as_n8n or value is not UNDEFINED:
                _drop_header(headers, name)
            continue
        try:
            set_header(headers, name, header_text(scalar_text(value, objects=as_n8n)))
        # The value alone does not say which field it was for. If it is a secret it is not shown.
        except InvalidValueError as error:
            error.property = error.property or name
            if EVERY in made or name.lower() in made:
                error.value = MASK
            raise
    return headers


def beside_cookies(headers: Mapping[str, str], cookies: str) -> str:
    """A credential's cookies behind those of the request, in the one header there is (RFC 6265 section 5.4).

    Of two cookies of one name the credential's stays.
    """
    # A request may have one Cookie header only, so that the two are joined.
    own = next((value for name, value in headers.items() if name.lower() == "cookie"), "")
    names = {pair.partition("=")[0].strip() for pair in cookies.split(";")}
    kept = [pair.strip() for pair in own.split(";") if pair.strip() and pair.partition("=")[0].strip() not in names]
    return "; ".join([*kept, cookies])


def _drop_header(headers: dict[str, str], name: str) -> None:
    folded = name.lower()
    for known in [known for known in headers if known.lower() == folded]:
        del headers[known]


def set_header(headers: dict[str, str], name: str, value: str) -> None:
    """Give the header of that name, in any case, this value; a spelling that is there already stays.

    Raises InvalidValueError for a name that cannot be sent, or that is the connection's own.
    """
    # Blanks around a value are not part of it (RFC 9110 section 5.5).
    value = value.strip(" \t")
    folded = name.lower()
    for known in headers:
        if known.lower() == folded:
            headers[known] = value
            return
    if not name.isascii() or not name or any(c <= " " or c in '()<>@,;:\\"/[]?={}\x7f' for c in name):
        raise InvalidValueError(
            "The header's name cannot be sent.", value=name, hint="A header name is letters, digits and dashes."
        )
    if folded in OWN_HEADERS:
        raise InvalidValueError(
            f"The header {name} is the connection's own.", value=name, hint="Leave it out; it is sent as it must be."
        )
    headers[name] = value
