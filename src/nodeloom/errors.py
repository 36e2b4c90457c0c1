"""Every exception Nodeloom raises.

NodeloomError
├── ConfigurationError            nothing was sent; the caller can mend it (exit code 2)
│   ├── UnknownNameError          a node, resource, operation, property … of that name does not exist
│   ├── ParameterError            the parameters do not fit the operation
│   ├── DescriptorError           a descriptor, schema or item file is broken
│   ├── PluginError               a plugin raised; it is named
│   ├── JournalError              a run's journal cannot be used, or belongs to another run
│   └── CredentialError           a credential is missing, incomplete or unreadable
│       ├── CredentialNotFoundError
│       └── CredentialStoreError  the place a credential is kept in cannot be used
└── ItemError                     one item failed; the others keep their results (exit code 1)
    ├── ExpressionError           a template could not be evaluated
    │   ├── ExpressionSyntaxError     (reported when the plan is compiled)
    │   ├── ExpressionTimeoutError
    │   ├── ExpressionMemoryError
    │   └── JavaScriptDisabledError
    ├── MissingValueError         a required value resolved to undefined, null or empty
    ├── InvalidValueError         a value cannot be encoded for its place
    ├── InvalidItemError          the item itself cannot be read
    ├── PolicyError               the host's policy does not allow the request; nothing was sent
    ├── LimitError                the item's answers hold more pages or items than are taken
    ├── RequestError              no answer came
    │   ├── NetworkError
    │   │   └── TLSError
    │   ├── RequestTimeoutError
    │   ├── TooManyOpenFilesError the process may open no further connection; nothing was sent
    │   ├── UnknownOutcomeError   an earlier run was broken off while the item was in flight
    │   └── AnswerTooLargeError   an answer came, and is larger than is read
    ├── ResponseError             an answer came, and it is not a success
    │   ├── BadRequestError           400 and other 4xx
    │   ├── AuthenticationError       401
    │   ├── PermissionDeniedError     403
    │   ├── NotFoundError             404, or 400 whose code says so
    │   ├── ConflictError             409
    │   ├── PreconditionFailedError   412
    │   ├── RateLimitedError          429
    │   ├── ServerError               5xx
    │   ├── UnexpectedRedirectError   3xx that is not followed
    │   └── UnreadableAnswerError     the body is not what its content type says
    ├── HookError                 a plugin's hook raised while this item was worked on
    └── NotRunError               the run ended before this item's turn

An error is data as well as text: `to_dict()` is what a failed item's result holds under `json.error`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

# Most code that raises an error shows a value or the nearest name in it, and takes both from here.
from nodeloom.nearestname import nearest as nearest
from nodeloom.printable import escaped_lines
from nodeloom.printable import preview as preview
from nodeloom.printable import said as said

# So many known names fit into a hint of two lines.
_MOST_NAMES = 12


class NodeloomError(Exception):
    """Base of all errors.

    `message` says what failed, `hint` what to do. `item` is the zero-based position of the item, as in
    `pairedItem`; `property` the property's display name; `path` a JSON path into a document; `value` the
    offending piece; `expression` the template it came from. `details` holds what a subclass adds; all of it
    must be JSON.
    """

    code: ClassVar[str] = "nodeloom_error"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        item: int | None = None,
        property: str | None = None,  # noqa: A002 - the descriptor's own word
        path: str | None = None,
        value: object = None,
        expression: str | None = None,
        **details: object,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.item = item
        self.property = property
        self.path = path
        self.value = None if value is None else preview(value)
        self.expression = expression
        self.details: dict[str, Any] = {k: v for k, v in details.items() if v is not None}
        # The whole RunResult, on the error that a run with on_error="stop" ends with.
        self.result: Any = None

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword arguments do not survive Exception's own pickling; a worker process must be able to send errors.
        return (_rebuild, (type(self), self.__dict__.copy()))

    def __str__(self) -> str:
        lines = [self.message]
        where = [
            *([f"item {self.item}"] if self.item is not None else []),
            *([f"property {self.property}"] if self.property else []),
            *([f"path {self.path}"] if self.path else []),
        ]
        if where:
            lines.append(f"  where:      {', '.join(where)}")
        if self.expression is not None:
            lines.append(f"  expression: {preview(self.expression)}")
        if self.value is not None:
            lines.append(f"  value:      {self.value}")
        if self.hint:
            lines.append(f"  hint:       {self.hint}")
        # Logs and tracebacks print this, and what a service or a package called something is in it.
        return escaped_lines("\n".join(lines))

    def to_dict(self) -> dict[str, Any]:
        """The error as JSON: `code`, `type`, `message`, and everything else that is known."""
        known = {
            "code": self.code,
            "type": type(self).__name__,
            "message": self.message,
            "hint": self.hint,
            "item": self.item,
            "property": self.property,
            "path": self.path,
            "value": self.value,
            "expression": self.expression,
            **self.details,
        }
        return {k: v for k, v in known.items() if v is not None}

    def mask(self, mask: Callable[[str], str]) -> None:
        """Pass every text of this error through `mask`, which takes secrets out of it."""
        self.message = mask(self.message)
        self.args = (self.message,)
        for name in ("hint", "property", "path", "value", "expression"):
            text = getattr(self, name)
            if text is not None:
                setattr(self, name, mask(text))
        self.details = {k: _mask_texts(v, mask) for k, v in self.details.items()}


def _mask_texts(value: object, mask: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {k: _mask_texts(v, mask) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mask_texts(v, mask) for v in value]
    return value


def restored(document: Mapping[str, object]) -> NodeloomError:
    """The error that `to_dict()` gave as `document`; one of a class that is not in this module is an ItemError.

    `to_dict()` of the result is `document` again.
    """
    own = _class_named(document)
    fields = ("message", "hint", "item", "property", "path", "value", "expression")
    # What names a class that is not here stays among the details, which `to_dict()` puts over the class's own names.
    described = (*fields, "code", "type") if own else fields
    details = {name: value for name, value in document.items() if name not in described}
    state = {**{name: document.get(name) for name in fields}, "details": details, "result": None}
    return _rebuild(own or ItemError, state)


def _class_named(document: Mapping[str, object]) -> type[NodeloomError] | None:
    """The class in this module whose `to_dict()` gave `document`."""
    found = globals().get(str(document.get("type")))
    if isinstance(found, type) and issubclass(found, NodeloomError) and found.code == document.get("code"):
        return found
    return None


def _rebuild(kind: type[NodeloomError], state: dict[str, object]) -> NodeloomError:
    error = kind.__new__(kind, state["message"])
    error.__dict__.update(state)
    return error


class Effect(enum.IntEnum):
    """What a request, or all requests of an item together, may have done at the service; the greatest counts."""

    NONE = 0
    """Nothing was done."""
    UNKNOWN = 1
    """It may have been done."""
    DONE = 2
    """It was done."""


class ConfigurationError(NodeloomError):
    """Something the caller wrote cannot be used; nothing was sent."""

    code = "configuration"


class UnknownNameError(ConfigurationError):
    """A node, resource, operation, property, credential … of that name does not exist."""

    code = "unknown_name"

    def __init__(
        self, kind: str, name: str, known: Iterable[str], *, within: str = "", advice: str = "", **more: Any
    ) -> None:
        known = list(known)
        close = nearest(name, known)
        if advice:
            hint = advice
        elif close is not None:
            hint = f"Did you mean {close!r}?"
        elif known:
            shown = ", ".join(repr(k) for k in known[:_MOST_NAMES])
            hint = f"Known: {shown}{', …' if len(known) > _MOST_NAMES else ''}."
        else:
            hint = f"There is no {kind} to choose from."
        where = f" in {within}" if within else ""
        super().__init__(f"There is no {kind} {preview(name)!r}{where}.", hint=hint, nearest=close, **more)


class ParameterError(ConfigurationError):
    """The parameters do not fit the operation."""

    code = "parameter"


class DescriptorError(ConfigurationError):
    """A descriptor (or another document) is broken; `path` leads to the piece."""

    code = "descriptor"


class PluginError(ConfigurationError):
    """A plugin raised or returned what its hook may not; `details["plugin"]` names it."""

    code = "plugin"


class JournalError(ConfigurationError):
    """A run's journal cannot be read or written, is in use, or belongs to another run (`details["differences"]`)."""

    code = "journal"


class CredentialError(ConfigurationError):
    """A credential is missing, incomplete, refused or unreadable."""

    code = "credential"


class CredentialNotFoundError(CredentialError):
    """No provider has a credential of that name or type."""

    code = "credential_not_found"


class CredentialStoreError(CredentialError):
    """The place a credential is kept in cannot be read or written, or is readable by others."""

    code = "credential_store"


class ItemError(NodeloomError):
    """One item failed. The other items keep their results."""

    code = "item"

    @property
    def redirect(self) -> int | None:
        """The status of the redirect that the request was answered by, if this came from behind it."""
        status = self.details.get("redirect")
        return status if isinstance(status, int) else None

    def taken_by(self, redirect: int) -> None:
        """Say that the request itself was answered by `redirect`, a status: the service took it."""
        self.details["redirect"] = redirect


class ExpressionError(ItemError):
    """A template could not be evaluated."""

    code = "expression"


class ExpressionSyntaxError(ExpressionError):
    """A template is broken; the message holds a caret under the place."""

    code = "expression_syntax"


class ExpressionTimeoutError(ExpressionError):
    """An expression ran longer than its time limit."""

    code = "expression_timeout"


class ExpressionMemoryError(ExpressionError):
    """An expression wanted more memory than its limit."""

    code = "expression_memory"


class JavaScriptDisabledError(ExpressionError):
    """A template needs JavaScript, and the host has switched it off, or its engine is not installed."""

    code = "javascript_disabled"


class MissingValueError(ItemError):
    """A required value resolved to undefined, null or empty; no request was sent."""

    code = "missing_value"


class InvalidValueError(ItemError):
    """A value cannot be encoded for its place; no request was sent."""

    code = "invalid_value"


class InvalidItemError(ItemError):
    """The item is not a JSON object, or its line cannot be read."""

    code = "invalid_item"


class PolicyError(ItemError):
    """The host's `Policy` does not allow the request; nothing was sent, and nothing is repeated.

    `details["rule"]` is the policy's field that refuses it.
    """

    code = "policy"


class LimitError(ItemError):
    """The answers to one item hold more than is taken: too many pages, or too many items."""

    code = "limit"


# What `details["sent"]` says in words. An answer that began to come and was lost ("yes") does not say what was done.
_EFFECTS = {"no": Effect.NONE, "unknown": Effect.UNKNOWN, "yes": Effect.UNKNOWN}


class RequestError(ItemError):
    """No answer came, or none that was read.

    `details` holds `sent`, which is for people what `effect` is for programs: "no" if the request cannot have reached
    the service, "yes" if an answer began to come, else "unknown".
    """

    code = "request"

    @property
    def effect(self) -> Effect:
        """What the request may have done: nothing if it certainly was not sent."""
        return _EFFECTS.get(str(self.details.get("sent")), Effect.UNKNOWN)

    @property
    def is_answered(self) -> bool:
        """Whether an answer came that was not read to its end."""
        return self.details.get("sent") == "yes"

    def taken_by(self, redirect: int) -> None:
        """Say that the request itself was answered by `redirect`, a status: the service took it."""
        super().taken_by(redirect)
        if self.effect is Effect.NONE:
            self.details["sent"] = "unknown"

    def unsent(self) -> None:
        """Say that nothing of the item was sent: this request was for a token."""
        self.details["sent"] = "no"


class NetworkError(RequestError):
    """The connection could not be made, or broke."""

    code = "network"


class TLSError(NetworkError):
    """The server's certificate or the TLS handshake was refused."""

    code = "tls"


class RequestTimeoutError(RequestError):
    """No answer within the time allowed."""

    code = "timeout"


class TooManyOpenFilesError(RequestError):
    """The process has as many files and connections open as it may, so that the request could not be sent."""

    code = "too_many_open_files"


class UnknownOutcomeError(RequestError):
    """An earlier run was broken off while this item was in flight, and what may have happened may not happen twice."""

    code = "unknown"


class AnswerTooLargeError(RequestError):
    """An answer came, and more of it than is read (`max_answer_bytes`, `max_answer_values`)."""

    code = "answer_too_large"


class ResponseError(ItemError):
    """An answer came, and it is not a success.

    `details` holds `status` (int), `method`, `url` (secrets masked), and where the service gave them
    `serviceCode` and `serviceMessage`; `redirect` (int) where the request was answered by that redirect, and this came
    from behind it.
    """

    code = "response"

    @property
    def status(self) -> int:
        """The HTTP status code of the answer."""
        return int(self.details["status"])


class BadRequestError(ResponseError):
    """400, or a 4xx without a class of its own."""

    code = "bad_request"


class AuthenticationError(ResponseError):
    """401: the credential is missing, wrong or expired."""

    code = "authentication"


class PermissionDeniedError(ResponseError):
    """403: the credential may not do this."""

    code = "permission_denied"


class NotFoundError(ResponseError):
    """404, or a 400 whose code says that nothing was found."""

    code = "not_found"


class ConflictError(ResponseError):
    """409: the service's state does not allow this."""

    code = "conflict"


class PreconditionFailedError(ResponseError):
    """412: the ETag given in If-Match is stale."""

    code = "precondition_failed"


class RateLimitedError(ResponseError):
    """429: too many requests."""

    code = "rate_limited"


class ServerError(ResponseError):
    """5xx: the service failed."""

    code = "server"


class UnexpectedRedirectError(ResponseError):
    """3xx that is not followed."""

    code = "redirect"


class UnreadableAnswerError(ResponseError):
    """The body is not what its content type says (for example not JSON)."""

    code = "unreadable_answer"


class HookError(ItemError):
    """A plugin's hook raised while this item was worked on; `details` names `plugin` and `hook`."""

    code = "hook"


class NotRunError(ItemError):
    """The run ended (stopped, cancelled) before this item's turn."""

    code = "not_run"
