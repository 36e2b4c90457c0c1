"""If-Match and If-None-Match (RFC 9110, sections 13.1.1 and 13.1.2).

OData gives weak tags and has them used in If-Match all the same, so tags are compared weakly: `W/` does not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from .errors import ODataError

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def check_conditions(header: Callable[[str], str | None], etag: str) -> Literal["go on", "not modified"]:
    """Compare the request's conditions with the entity's `etag`. Raises ODataError (412) when If-Match is stale.

    "not modified" is If-None-Match naming the tag, which a GET answers with 304. A tag that is none (without its
    quotes, say) matches nothing.
    """
    wanted = header("if-match")
    if wanted is not None and not _names(wanted, etag):
        raise ODataError(412, "The ETag in If-Match is not that of the entity: it has changed since it was read.")
    unwanted = header("if-none-match")
    return "not modified" if unwanted is not None and _names(unwanted, etag) else "go on"


def _names(value: str, etag: str) -> bool:
    if value.strip() == "*":
        return True
    return etag.removeprefix("W/") in _TAG.findall(value)
