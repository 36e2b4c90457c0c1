"""If-Match and If-None-Match (RFC 9110, sections 13.1.1 and 13.1.2).

OData gives weak tags and has them used in If-Match all the same, so tags are compared weakly: `W/` does not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from nodeloom.testing.odata.refusal import ODataError

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def check_conditions(header: Callable[[str], str | None], etag: str) -> None:
    """Compare a request's conditions with the `etag` of the entity it changes; raises ODataError (412).

    A tag that is not written as one (without its quotes, say) does not match.
    """
    wanted = header("if-match")
    if wanted is not None and not _names(wanted, etag):
        raise ODataError(412, "The ETag in If-Match is not that of the entity: it has changed since it was read.")
    unwanted = header("if-none-match")
    if unwanted is not None and _names(unwanted, etag):
        raise ODataError(412, "The ETag in If-None-Match is that of the entity.")


def is_unmodified(header: Callable[[str], str | None], etag: str) -> bool:
    """Whether a read may be answered 304: If-None-Match names the entity's tag."""
    known = header("if-none-match")
    return known is not None and _names(known, etag)


def _names(value: str, etag: str) -> bool:
    # RFC 9110, 13.1.1: any representation that exists; that it does was checked before.
    if value.strip() == "*":
        return True
    return etag.removeprefix("W/") in _TAG.findall(value)
