"""What the service answers: status, headers, and a body that is OData's JSON in most cases."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote

from nodeloom.testing.odata.declarations import File
from nodeloom.testing.odata.refusal import ODataError
from nodeloom.values import Json

_JSON = "application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8"


@dataclass(slots=True)
class Answer:
    """What the service answers."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)


def refusal(error: ODataError) -> Answer:
    """The answer a refused request gets."""
    return Answer(error.status, error.body(), [("Content-Type", _JSON), ("OData-Version", "4.0"), *error.headers])


def json_answer(status: int, document: Json) -> Answer:
    """`document` as OData's JSON."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, [("Content-Type", _JSON), ("OData-Version", "4.0")])


def file_answer(file: File) -> Answer:
    """A file to be saved under its name (RFC 6266)."""
    # RFC 8187: the form for names that are not ASCII, which takes those that are as well.
    disposition = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
    return Answer(200, file.content, [("Content-Type", file.content_type), ("Content-Disposition", disposition)])


def method_not_allowed(method: str, allowed: Iterable[str]) -> ODataError:
    """405, with what is allowed."""
    return ODataError(
        405,
        f"The requested resource does not support http method '{method}'.",
        headers=(("Allow", ", ".join(allowed)),),
    )
