"""What a competent person writes by hand, with one client each.

Workers share one iterator of the links, each with one request in flight; connections stay open. The OData key is
quoted, the answer is read whole and parsed, and every item gets a result, also a failed one.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

HEADERS = {"Accept": "application/json", "Authorization": "Bearer t"}
Result = dict[str, Any]


def path(link: str) -> str:
    """The path of a website link, its key as OData writes strings."""
    key = link.replace("'", "''")
    return "/xapi/v1/WebsiteLinks(" + quote(f"'{key}'", safe="") + ")"


def result(index: int, status: int, body: Any) -> Result:
    """One item's result."""
    if status >= 400:
        return failed(index, f"HTTP {status}")
    return {"json": body, "pairedItem": {"item": index}}


def failed(index: int, message: str) -> Result:
    """The result of an item whose request came to nothing."""
    return {"json": {"error": message}, "error": message, "pairedItem": {"item": index}}
