"""The address of a next page, as a service or a pagination's template gives it."""

from __future__ import annotations

from nodeloom.errors import InvalidValueError
from nodeloom.expression.fieldreads import NO_FIELDS, Fields
from nodeloom.messages import origin_of
from nodeloom.plan.address import finish, join
from nodeloom.plan.call import Call
from nodeloom.plan.pieces import Address, Origin, Piece


def follow_link(first: Call, key: str, value: str, made_of: Fields = NO_FIELDS) -> Address:
    """The address `value` as the option `key` (`url` or `baseURL`) of the call after `first`.

    It was `made_of` these fields of the credential. A link of the service may not lead to another origin (strict); with
    `"raw"` no credential goes there.
    """
    address = Address((Piece(value, Origin.SERVICE, None, made_of),))
    base = first.options.get("baseURL")
    target = join(base if isinstance(base, Address) and key == "url" else None, address)
    url = finish(target, first.path, "raw")
    if origin_of(url) == origin_of(first.url()):
        return address
    if first.url_values == "strict":
        raise InvalidValueError(
            "The next page is on another host than the first.", value=url, hint="Nodeloom does not follow it."
        )
    return Address((Piece(value, Origin.VALUE, None, made_of),))
