"""The one way a request to the service fails, with the error body 3CX gives."""

from __future__ import annotations

import json

from nodeloom.values import JsonObject


class ODataError(Exception):
    """A request the service refuses. It is caught in `service` and becomes an answer; users never see it raised.

    3CX leaves `code` empty and puts its own code, such as WARNINGS.XAPI.ALREADY_IN_USE, into `details[].message`.

    Args:
        status: of the answer.
        message: what the body says.
        target: the field at fault.
        details: pairs of message and target.
        headers: further header fields of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        target: str | None = None,
        details: tuple[tuple[str, str], ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.target = target
        self.details = details
        self.headers = headers

    @classmethod
    def warning(cls, status: int, code: str, field: str) -> ODataError:
        """The shape 3CX gives its own codes: the field's name, a line break, WARNINGS.XAPI.`code`."""
        text = f"WARNINGS.XAPI.{code}"
        return cls(status, f"{field}:\n{text}", target=field, details=((text, field),))

    def body(self) -> bytes:
        """The error as OData's JSON (OData JSON Format 4.01, section 21.1)."""
        error: JsonObject = {
            "code": "",
            "message": self.message,
            "target": self.target,
            "details": [{"code": "", "message": m, "target": t} for m, t in self.details],
            "innerError": {},
        }
        return json.dumps({"error": error}, ensure_ascii=False, separators=(",", ":")).encode()


def bad_request(message: str, *, target: str | None = None) -> ODataError:
    """400 with `message`."""
    return ODataError(400, message, target=target)
